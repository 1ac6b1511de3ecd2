"""Ways to the end, planner times, seat waste and queue at one moment; part of a snapshot."""

import msgspec

from engine.model.path import Path


class PathFigures(msgspec.Struct, frozen=True):
    """Bookings that came to their end one way."""

    path: Path
    count: int
    late: int
    """Of them, those confirmed although the platform had noted an inline timeout."""


class Hump(msgspec.Struct, frozen=True):
    """One hump of a distribution of lengths."""

    from_ns: int
    """Edges leave out 2 % of the hump at either end."""
    to_ns: int
    count: int
    share: float
    """Of all lengths."""


class PlannerFace(msgspec.Struct, frozen=True):
    """In-request planner times as the platform says them, of attempts confirmed and not."""

    count: int = 0
    min_ns: int | None = None
    p50_ns: int | None = None
    p95_ns: int | None = None
    p99_ns: int | None = None
    """None below 500: it would say nothing."""
    max_ns: int | None = None
    series: tuple[int | None, ...] = ()
    """Greatest in each second, oldest first, up to 600; None where none was told."""
    humps: tuple[Hump, ...] = ()
    """In ascending order; none below 20 lengths."""
    words: str = ""
    """The humps in one sentence."""
    bars: tuple[int, ...] = ()
    """How many from the least to the greatest, on a logarithmic axis, eight to a doubling."""


class WasteOutlier(msgspec.Struct, frozen=True):
    """A booking that was given far more seats than its party needs."""

    at_ns: int
    booking: str
    """First eight characters of the booking's id."""
    attempt: int
    slot: str
    party: int
    seats: int
    tables: tuple[str, ...]

    @property
    def waste(self) -> int:
        """Seats beyond the party."""
        return self.seats - self.party


class PathsFace(msgspec.Struct, frozen=True):
    """Ways to the end, planner, seat waste and queue. Its series are aligned: one value a second, up to 600."""

    paths: tuple[PathFigures, ...] = ()
    """Those that were seen, in the order of `Path`; none where quote, hold and confirm are ours."""
    planner: PlannerFace = PlannerFace()
    waste: tuple[tuple[int, int], ...] = ()
    """Seats beyond the party, and of how many filled bookings."""
    waste_fence: float | None = None
    """Q3 + 1.5 IQR of it: what is above, and three seats at least, stands out. None before anything was filled."""
    outlying: int = 0
    """Bookings that stand out."""
    outliers: tuple[WasteOutlier, ...] = ()
    """The last 20 of them, newest first."""
    backlog: int = 0
    """Bookings submitted and not yet decided, the undecided ones included."""
    backlog_peak: int = 0
    undecided: int = 0
    """Attempts that ended without the platform having decided: such a booking may be confirmed yet."""
    in_flight_series: tuple[int, ...] = ()
    """Attempts in flight, the greatest number in each second."""
    waste_series: tuple[int | None, ...] = ()
    """Greatest seat waste in each second; None where nothing was filled."""
    backlog_series: tuple[int, ...] = ()
    """The greatest backlog in each second."""

    @property
    def total(self) -> int:
        """Bookings of which the way is known."""
        return sum(one.count for one in self.paths)

    @property
    def late(self) -> int:
        """Late confirmations."""
        return sum(one.late for one in self.paths)
