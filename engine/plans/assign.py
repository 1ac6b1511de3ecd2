"""The plan `assign`: every pending booking is tried once a pass, pass after pass, until none is pending.

The order is by start time, as on the platform and as an operator reads a day; bookings that start together are
shuffled by the seed and the pass. Tables are given out along the day, so workers that overtake one another swap only
neighbours, and the number of workers hardly moves the result. On the stress set twice over (210 bookings, planner
only, two floors, five seeds), 1, 5 and 15 workers came to 189.5, 188.4 and 188.3 confirmed; fully shuffled to 186.7,
186.7 and 187.1; larger parties first to 184.4, 183.6 and 183.6. What one pass loses to neighbours asking for the same
tables (18 bookings at 15 workers), the next brings back.
"""

from collections.abc import Sequence

from engine.draws import draw
from engine.model.ids import TurnId
from engine.model.turn import PendingBooking, Turn, TurnEnd
from engine.rota import Page, Rota


class AssignPlan(Rota):
    """The pending bookings of a day, one turn with one attempt each in every pass. Make it with `of`."""

    noun = "booking"

    def __init__(self, seed: int, most_passes: int, *, loops: bool, first_leg: int, first_turn: int) -> None:
        super().__init__(())
        self.leg = first_leg
        self._seed = seed
        self._most_passes = most_passes
        self._loops = loops
        self._passes = 0
        self._next_turn = first_turn
        self._why_over = ""

    @classmethod
    def of(
        cls,
        pending: Sequence[PendingBooking],
        *,
        seed: int,
        max_iterations: int,
        passes: int,
        first_leg: int = 0,
        first_turn: int = 1,
    ) -> "AssignPlan":
        """The first pass, with what is pending now; no turn at all when nothing is.

        passes > 0: so many are made, whatever they come to, unless nothing is pending. passes = 0: a loop of at most
        max_iterations. The order follows from seed, pass, start and booking id, and not from the order of `pending`.
        Raises ValueError.
        """
        if passes < 0:
            raise ValueError(f"passes = {passes} cannot be made; give 1 or more, or 0 for as many as it takes")
        if max_iterations < 1:
            raise ValueError(f"max_iterations = {max_iterations} tries nothing; give 1 or more")
        plan = cls(seed, passes or max_iterations, loops=not passes, first_leg=first_leg, first_turn=first_turn)
        if pending:
            plan._begin_pass(pending)
        else:
            plan._why_over = "no booking is pending"
        return plan

    @property
    def pass_is_over(self) -> bool:
        """Whether every turn of the pass has ended and `next_pass` is to be asked."""
        return not self._open and self._may_go_on

    @property
    def is_done(self) -> bool:
        """Whether the last pass there may be has ended, or `next_pass` found that none should follow."""
        return not self._open and not self._may_go_on

    def next_pass(self, pending: Sequence[PendingBooking], *, changed: bool = False) -> bool:
        """Begin another pass with what is pending now, as the next leg. False when the plan ends here.

        A loop ends early when a pass filled nothing and nothing changed: the tables are as they were, so every
        booking would be told the same. Not so a booking that the pass skipped or did not know, nor a counted pass.
        """
        if self._open:
            raise ValueError(f"pass {self._passes} has {self._open} open turns; the next begins when they have ended")
        if self.is_done:
            return False
        tried = {page.turn.booking_id for page in self._in_hand if page.begun}
        filled = any(page.filled for page in self._in_hand)
        if not pending:
            self._why_over = "no booking is pending any more"
        elif self._loops and not changed and not filled and tried.issuperset(one.booking_id for one in pending):
            self._why_over = f"the last pass confirmed none of the {len(pending)} pending bookings, and nothing changed"
        else:
            self.leg += 1
            self._begin_pass(pending)
        return not self._why_over

    def end_pass(self) -> tuple[TurnId, ...]:
        """End the pass in hand: what has not begun is skipped, and a worker that has it is let go.

        Attempts in flight go on; with the last of them the pass is over.
        """
        skipped = [page for page in self._in_hand if page.end is None and not page.begun]
        for page in skipped:
            self._close(page, TurnEnd.SKIPPED)
        return tuple(page.turn.id for page in skipped)

    @property
    def idle_reason(self) -> str:
        """Why `take` would give None now; empty when it would give a turn."""
        if self.pass_is_over:
            return f"every booking of pass {self._passes} has ended"
        if self._why_over:
            return self._why_over
        if self.is_done:
            return f"all {self._passes} passes have been made"
        return super().idle_reason

    @property
    def _may_go_on(self) -> bool:
        return not self._why_over and self._passes < self._most_passes

    def _begin_pass(self, pending: Sequence[PendingBooking]) -> None:
        self._passes += 1
        ordered = sorted(
            pending, key=lambda one: (one.on, one.at, draw(self._seed, self._passes, one.booking_id), one.booking_id)
        )
        self._lay_out(Page(_turn(TurnId(self._next_turn + place), one)) for place, one in enumerate(ordered))
        self._next_turn += len(ordered)


def _turn(turn_id: TurnId, pending: PendingBooking) -> Turn:
    return Turn(
        turn_id,
        pending.restaurant,
        pending.on,
        pending.at,
        pending.party,
        booking_id=pending.booking_id,
        before=pending.before,
    )
