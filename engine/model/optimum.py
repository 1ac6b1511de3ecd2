"""What a run's houses could have seated, beside what they did: the one JSON document of `slotfill optimum --json`."""

import msgspec

from engine.model.house_optimum import HouseOptimum
from engine.model.waterfall import Waterfall


class RunOptimum(msgspec.Struct, frozen=True):
    """A run's houses, and all of them together."""

    run_id: str
    rules: str
    """The rules that the bound is over, in words."""
    data: str
    """Hash of floors, bookings and rules: an optimum over other data is another one."""
    took_ms: float
    houses: tuple[HouseOptimum, ...]
    bookings: int
    achieved: int
    bound: int | None
    efficiency: float | None
    waterfall: Waterfall | None = None
    """From what was asked for to what stayed; null of runs that kept no inventory to compute it over."""
