"""What a plan is: which booking next, and when it is done. Plans are pure and know no workers but by number."""

from typing import Protocol

from engine.model.ids import TurnId, WorkerId
from engine.model.turn import Turn, TurnEnd


class Plan(Protocol):
    """The ledger of turns. Every call returns at once and between two calls nothing changes by itself."""

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Every turn, in the order they are taken."""
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
