"""The rota of a plan: who works on which turn, how many attempts it takes, and how it ends.

Every plan keeps its books here, and says only which turns there are. A rota awaits nothing and knows no clock: every
answer is true the moment it is given, and the workers' interleaving decides only who takes which turn, never what the
turn asks for.
"""

from collections import deque
from collections.abc import Iterable, Sequence

from engine.model.ids import TurnId, WorkerId
from engine.model.turn import PendingBooking, Turn, TurnEnd
from engine.plan import TurnProgress


class Page:
    """One turn's page: its attempts, its workers and its end."""

    __slots__ = ("before", "begun", "cap", "end", "ended", "filled", "turn", "workers")

    def __init__(self, turn: Turn, cap: int = 1, before: int = 0) -> None:
        self.turn = turn
        self.cap = cap
        self.before = before
        """Attempts that an earlier run began in it: ordinals go on from there."""
        self.begun = self.ended = self.filled = 0
        self.workers: set[WorkerId] = set()
        self.end: TurnEnd | None = None

    @property
    def takes_attempts(self) -> bool:
        """Whether another attempt may begin in it."""
        return self.end is None and self.begun < self.cap

    @property
    def is_untouched(self) -> bool:
        """Nobody has it and no attempt ever began in it."""
        return not self.before and not self.begun and not self.workers

    @property
    def is_full(self) -> bool:
        """It has had its share and nothing of it is in flight."""
        return self.begun >= self.cap and self.ended == self.begun


class Rota:
    """The books of one pass after another; by itself, of a plan with one pass, one attempt a turn and no settings."""

    noun = "slot"
    """What a turn of this plan is called in a sentence."""

    def __init__(self, pages: Iterable[Page], *, shares_turns: bool = False, by_day: bool = False) -> None:
        """`by_day` opens a day when nothing of an earlier one takes attempts any more; only where turns are shared."""
        self.leg = 0
        self._shares_turns = shares_turns
        self._by_day = by_day and shares_turns
        self._pages: dict[TurnId, Page] = {}
        """Of every pass: a worker may still hold a turn of the last one when the next one has begun."""
        self._at: dict[WorkerId, TurnId] = {}
        self._lay_out(pages)

    def _lay_out(self, pages: Iterable[Page]) -> None:
        """Begin a pass with these."""
        self._in_hand = tuple(pages)
        self._pages |= {page.turn.id: page for page in self._in_hand}
        self._fresh = deque(self._in_hand)
        self._given_back: deque[Page] = deque()
        self._open = len(self._in_hand)
        self._count_caps()

    # What there is

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns of the pass in hand, in the order they are taken."""
        return tuple(page.turn for page in self._in_hand)

    @property
    def most_attempts(self) -> int:
        """Attempts the pass in hand allows altogether; it may end with fewer."""
        return self._most_attempts

    @property
    def is_done(self) -> bool:
        """Whether every turn has ended. True at once for a plan without turns."""
        return not self._open

    @property
    def pass_is_over(self) -> bool:
        """Whether another pass could follow now: never, with one pass."""
        return False

    def progress(self, turn_id: TurnId) -> TurnProgress:
        """How far that turn has come, of whichever pass it is."""
        page = self._pages[turn_id]
        return TurnProgress(page.begun, page.ended, page.filled, page.cap, tuple(sorted(page.workers)), page.end)

    # What workers do

    def take(self, worker: WorkerId) -> Turn | None:
        """A turn for the worker, or None while there is none (`idle_reason` says why).

        One that was given back, else the next that nobody works on. Where turns are shared, when all are worked on,
        the one with the fewest workers that can still begin an attempt. A worker has one turn: another gives it back.
        """
        if worker in self._at:
            self.leave(worker, self._at[worker])
        page = self._next_free(remove=True) or self._shared()
        if page is None:
            return None
        page.workers.add(worker)
        self._at[worker] = page.turn.id
        return page.turn

    def begin(self, turn_id: TurnId) -> int | None:
        """Which attempt of its turn the next one is, from 1; None when the turn has ended or has had its share.

        Every attempt that began must come to `ended`, a cancelled one too.
        """
        page = self._pages[turn_id]
        if not page.takes_attempts:
            return None
        page.begun += 1
        return page.before + page.begun

    def ended(self, turn_id: TurnId, filled: bool) -> TurnEnd | None:
        """Enter an attempt's end. The turn's own end, when this was what ended it: given once for each turn.

        The first attempt that was not filled ends it for all its workers; those still in flight are only counted.
        """
        page = self._pages[turn_id]
        if page.ended >= page.begun:
            raise ValueError(f"turn {turn_id}: {page.ended} attempts ended already and {page.begun} began")
        page.ended += 1
        page.filled += filled
        if page.end is not None:
            return None
        if not filled:
            return self._close(page, TurnEnd.EXHAUSTED)
        return self._close(page, TurnEnd.CAPPED) if page.is_full else None

    def leave(self, worker: WorkerId, turn_id: TurnId) -> None:
        """The worker works on that turn no more; while it is open and nobody else does, it is taken next."""
        page = self._pages[turn_id]
        if worker not in page.workers:
            return  # it has ended, and its end let everybody go
        page.workers.discard(worker)
        del self._at[worker]
        if not page.workers:
            self._given_back.append(page)

    # What operators do, where a plan has it

    def next_pass(self, pending: Sequence[PendingBooking], *, changed: bool = False) -> bool:
        """No pass follows."""
        return False

    def end_pass(self) -> tuple[TurnId, ...]:
        """There is no next pass to go on to, so nothing is skipped."""
        return ()

    def cap(
        self, *, stress_max: int | None = None, min_party: int | None = None, max_party: int | None = None
    ) -> tuple[TurnId, ...]:
        """Refuses with ValueError what has no meaning here; nothing asked is nothing changed."""
        asked = {"stress_max": stress_max, "min_party": min_party, "max_party": max_party}
        named = [f"{key} = {value}" for key, value in asked.items() if value is not None]
        if named:
            raise ValueError(
                f"{', '.join(named)} changes nothing now: each {self.noun} has one attempt, and its party is fixed"
            )
        return ()

    @property
    def idle_reason(self) -> str:
        """Why `take` would give None now; empty when it would give a turn."""
        if self._next_free(remove=False) or self._shared():
            return ""
        if not self._open:
            return f"every {self.noun} has ended"
        if any(page.takes_attempts for page in self._in_hand):
            return f"each open {self.noun} has its worker ({self._open} open)"
        return f"the last attempts of {self._open} open {self.noun}s are in flight"

    # The books

    def _next_free(self, *, remove: bool) -> Page | None:
        """The page that is taken next, of those nobody works on."""
        days = (page.turn.on for page in self._in_hand if page.takes_attempts) if self._by_day else ()
        open_day = min(days, default=None)
        for queue in (self._given_back, self._fresh):
            for page in queue:
                if page.takes_attempts and (open_day is None or page.turn.on <= open_day):
                    if remove:
                        queue.remove(page)
                    return page
        return None

    def _shared(self) -> Page | None:
        if not self._shares_turns:
            return None
        worked_on = [self._pages[turn_id] for turn_id in dict.fromkeys(self._at.values())]
        able = [page for page in worked_on if page.takes_attempts]
        return min(able, key=lambda page: (len(page.workers), page.turn.id), default=None)

    def _count_caps(self) -> None:
        """Once a change: every snapshot asks for the sum, and a year has many turns."""
        self._most_attempts = sum(page.cap for page in self._in_hand)

    def _close(self, page: Page, end: TurnEnd) -> TurnEnd:
        page.end = end
        self._open -= 1
        for worker in page.workers:
            del self._at[worker]
        page.workers.clear()
        if page in self._given_back:
            self._given_back.remove(page)
        return end
