"""What a plan is: which booking next, and when it is done. Plans are pure and know no workers but by number."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from engine.model.ids import TurnId, WorkerId
from engine.model.turn import PendingBooking, Turn, TurnEnd


class TurnProgress(msgspec.Struct, frozen=True):
    """How far a turn has come."""

    begun: int
    ended: int
    filled: int
    cap: int
    """Attempts it may begin; stays as it was when the turn ended."""
    workers: tuple[WorkerId, ...]
    end: TurnEnd | None


class Done(msgspec.Struct, frozen=True):
    """What earlier runs did in a slot, for a run that goes on where they stopped."""

    begun: int
    """Attempts that began, those that nobody saw the end of too."""
    filled: int
    ended_turn: bool
    """Whether the turn had ended: then it is not planned again."""
    party: int | None = None
    """The party size they asked for, which the slot keeps; None for what the seed draws."""


class Plan(Protocol):
    """The ledger of turns. Every call returns at once and between two calls nothing changes by itself."""

    @property
    def leg(self) -> int:
        """The pass in hand, counted from 0; a plan with one pass stays at 0."""
        ...

    @property
    def pass_is_over(self) -> bool:
        """Whether every turn of the pass in hand has ended and another pass could follow: `next_pass` decides."""
        ...

    def next_pass(self, pending: Sequence[PendingBooking], *, changed: bool = False) -> bool:
        """Begin another pass with what is still pending, once `pass_is_over`. False when the plan ends here.

        changed: whether what was refused may go otherwise now: something was swept or cleared since, other rules or
        faults are set, or a refusal of the pass was contention or a fault. A pass that filled nothing ends a loop else.
        """
        ...

    def end_pass(self) -> tuple[TurnId, ...]:
        """End the pass in hand: turns in which no attempt began are skipped, and whoever has one is let go.

        Those turns; none where there are no passes. Attempts in flight end first.
        """
        ...

    def cap(self, *, stress_max: int | None, min_party: int | None, max_party: int | None) -> tuple[TurnId, ...]:
        """Other settings for what has not begun; the turns that this ended. Raises ValueError for what does not go."""
        ...

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Every turn of the pass in hand, in the order they are taken."""
        ...

    @property
    def most_attempts(self) -> int:
        """How many attempts it allows; it may end with fewer."""
        ...

    @property
    def is_done(self) -> bool:
        """Whether no attempt will ever begin again."""
        ...

    def take(self, worker: WorkerId) -> Turn | None:
        """A turn for the worker, or None when there is none for it now."""
        ...

    def begin(self, turn: TurnId) -> int | None:
        """The ordinal of the turn's next attempt, from 1; None when it takes no more."""
        ...

    def ended(self, turn: TurnId, filled: bool) -> TurnEnd | None:
        """An attempt of the turn ended; the turn's end when this was it, given once."""
        ...

    def leave(self, worker: WorkerId, turn: TurnId) -> None:
        """The worker gives the turn back."""
        ...

    @property
    def idle_reason(self) -> str:
        """Why `take` would give None now, in a sentence's words; empty when it would give a turn."""
        ...

    def progress(self, turn: TurnId) -> TurnProgress:
        """How far that turn has come; turns of earlier passes too."""
        ...
