"""The success waterfall: from what was asked for to what stayed, and each booking that was lost on the way."""

from datetime import datetime
from enum import StrEnum

import msgspec

from engine.model.house_optimum import HouseOptimum


class Loss(StrEnum):
    """Between which two steps of the waterfall a booking went missing."""

    INVENTORY = "inventory"
    """The house has no room: not even the best assignment seats it."""
    ALLOCATOR = "allocator"
    """It could be seated, and with one worker the allocator, or the platform's check of covers, leaves it out."""
    CONTENTION = "contention"
    """One worker seats it, and several at once did not."""
    COMMIT = "commit"
    """Its tables were confirmed, and the COMMIT, or what came after, was not acknowledged."""
    AFTER = "after acknowledgement"
    """The platform said success, and the database does not have it so."""
    UNTOLD = "inventory or allocator"
    """One worker leaves it out, too, and there is no bound that would tell whether it could be seated."""
    EARLY = "before COMMIT"
    """How one worker fares is not known, so nothing tells whether the house, the allocator or contention lost it."""


STEPS = (Loss.INVENTORY, Loss.ALLOCATOR, Loss.CONTENTION, Loss.COMMIT, Loss.AFTER)
"""The losses between each step and the next, in order."""


class LostBooking(msgspec.Struct, frozen=True):
    """A booking that was lost, and where."""

    booking: str
    party: int
    start: datetime | None
    """UTC; null at times when the house serves nobody."""
    loss: Loss
    why: str


class HouseFall(msgspec.Struct, frozen=True):
    """One restaurant's waterfall, in bookings."""

    restaurant: str
    demand: int
    alone: int | None
    """The run's own allocator, one booking after the other in the plan's order, nobody beside it; null if unknown."""
    placed: int
    """All steps up to COMMIT were accepted for them, once at least."""
    acknowledged: int
    persisted: int | None
    """Null where the database was not read."""
    optimum: HouseOptimum | None
    """The bound with its efficiency, waste and regrets; null where no solver was there."""
    lost: tuple[LostBooking, ...] = ()

    @property
    def bound(self) -> int | None:
        """No assignment seats more; None where it is withheld or unknown."""
        return None if self.optimum is None else self.optimum.bound


class Waterfall(msgspec.Struct, frozen=True):
    """All restaurants of one repeat of a run."""

    repeat: int
    workers: int
    rules: str
    """The rules that the bound is over, in words."""
    demand: int
    bound: int | None
    alone: int | None
    placed: int
    acknowledged: int
    persisted: int | None
    efficiency: float | None
    """Persisted by bound."""
    losses: dict[str, int] = {}
    """Bookings lost at each step whose two ends are known, net: below 0 where the later step has more.

    Without a bound what one worker leaves out is one number, `inventory or allocator`.
    """
    houses: tuple[HouseFall, ...] = ()
    missing: tuple[str, ...] = ()
    """Which numbers are not known, why, and how to get them."""
    over: str = ""
    """What of the run it is about, where that is not all of it."""
