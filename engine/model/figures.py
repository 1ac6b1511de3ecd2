"""Figures that a run, a pass and a level have alike: latencies of a step, seat waste."""

import msgspec


class Latency(msgspec.Struct, frozen=True):
    """One step's latencies in milliseconds, exact, over steps that succeeded. Null where the count cannot carry it."""

    count: int
    min: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    """Null below 500 samples."""
    max: float | None


class WasteOutlier(msgspec.Struct, frozen=True):
    """A booking that was given far more seats than its party needs."""

    booking: str
    """First eight characters of its id."""
    attempt: int
    slot: str
    party: int
    seats: int
    tables: tuple[str, ...]


class SeatWaste(msgspec.Struct, frozen=True):
    """Seats given beyond the party."""

    mean: float | None
    total: int
    distribution: dict[str, int] = {}
    """Seats beyond the party, and of how many bookings."""
    fence: float | None = None
    """Q3 + 1.5 IQR; what is above, and three seats at least, stands out."""
    outlying: int = 0
    """Bookings that stand out."""
    outliers: list[WasteOutlier] = []
    """The last 20 of them, newest first."""
