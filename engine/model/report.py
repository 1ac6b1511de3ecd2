"""`result.json`: the keys others rely on."""

import msgspec

from engine.model.ledger import Ledger


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


class RestaurantFigures(msgspec.Struct, frozen=True):
    """One restaurant's share of a run."""

    attempts: int
    confirmed: int
    """Attempts of which the platform said success, by its own contract, with rows behind it or without."""
    persisted: int | None
    """What the database held at the end; null when it could not be read."""
    success_rate: float | None
    """Filled by attempts."""
    paths: dict[str, int] = {}
    """Attempts by the way they came to their end; none where quote, hold and confirm are ours."""
    late: int = 0
    """Confirmed although the platform had noted an inline timeout."""


class Pass(msgspec.Struct, frozen=True, rename={"number": "pass"}):
    """One pass of a run."""

    number: int
    repeat: int
    """Which repeat of the plan it belongs to, from 1."""
    attempts: int
    confirmed: int
    """Attempts of which the platform said success, by its own contract, with rows behind it or without."""
    persisted: int | None
    by_restaurant: dict[str, RestaurantFigures]
    outcomes: dict[str, int]
    pending: int | None = None
    """Bookings that waited for tables when it was over; null where the plan makes its own."""
    swept_holds: int | None = None
    """Holds swept before the next pass; null when that was not asked for."""
    cleared_zone_locks: int | None = None
    """Zone locks cleared before the next pass; null when that was not asked for."""


class Retry(msgspec.Struct, frozen=True):
    """Retries after one class of refusal."""

    tried: int
    exhausted: int


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


class HumpFound(msgspec.Struct, frozen=True):
    """One hump of the planner's times; its edges leave out 2 % of it at either end."""

    from_ms: float
    to_ms: float
    count: int
    share: float


class Planner(msgspec.Struct, frozen=True):
    """In-request planner times in milliseconds, as the platform says them: neither submit nor waiting."""

    count: int
    min: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    """Null below 500 samples."""
    max: float | None
    humps: list[HumpFound]
    """In ascending order; none below 20 samples."""
    words: str
    """The humps in one sentence."""


class Backlog(msgspec.Struct, frozen=True):
    """Bookings submitted and not yet decided."""

    peak: int
    undecided: int
    """Of attempts that ended without the platform having decided: such a booking may have been confirmed later."""


class SlotEnd(msgspec.Struct, frozen=True):
    """How one slot ended."""

    date: str
    slot: str
    party: int
    attempts: int
    filled: int
    end: str | None
    """`exhausted`, `capped`, or null when the run stopped before."""


class IntegrityCounts(msgspec.Struct, frozen=True):
    """Offending rows by check, before the first attempt and after the last."""

    before: dict[str, int]
    after: dict[str, int]


class Burst(msgspec.Struct, frozen=True):
    """Requests at once against the capacity there was."""

    requests: int
    distinct: int
    """Idempotency keys among them."""
    capacity: int
    """Distinct requests that the planner seats one after the other in the same house, with nobody else there."""
    filled: int
    duplicates: int
    """Requests that were told they repeat another one."""


class Result(msgspec.Struct, frozen=True):
    """What a run came to."""

    schema: int
    run_id: str
    plan: str
    target: str
    database: str
    state: str
    reason: str
    started_at: str
    ended_at: str
    exit_code: int
    settings: dict[str, str]
    fingerprint: dict[str, str]
    """Versions of slotfill, Python, server and schema, and the checksum of the seed."""
    evidence: dict[str, str]
    """Where in the run's folder each part of this is proven."""
    attempts: int
    acknowledged: int
    """Attempts of which the platform said success, by its own contract, with rows behind it or without."""
    outcomes: dict[str, int]
    certainties: dict[str, int]
    refusals: dict[str, dict[str, int]]
    retries: dict[str, Retry]
    success_rate: float | None
    by_restaurant: dict[str, RestaurantFigures]
    passes: list[Pass]
    latency_ms: dict[str, Latency]
    fills_per_s: float | None
    effective_concurrency: float
    seat_waste: SeatWaste
    tables_per_booking: float | None
    slots: list[SlotEnd]
    ledger: Ledger
    persisted: int | None
    """This run's confirmed bookings that have tables, read from the database at the end; null when it could not be."""
    integrity: IntegrityCounts | None
    """Null when the checks could not be run."""
    faults: list[str]
    """Known pathologies that were on at its end, NAME=VALUE."""
    burst: Burst | None
    alerts: list[str]
    paths: dict[str, int] = {}
    """Attempts by the way they came to their end; none where quote, hold and confirm are ours."""
    late: int = 0
    """Confirmed although the platform had noted an inline timeout."""
    planner: Planner | None = None
    """Null where the platform says nothing of it."""
    backlog: Backlog | None = None
    """Null where no booking went through the platform's own queue."""
