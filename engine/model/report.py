"""`result.json`: the keys others rely on."""

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


class RestaurantFigures(msgspec.Struct, frozen=True):
    """One restaurant's share of a run."""

    attempts: int
    confirmed: int
    """Attempts of which the platform said success, by its own contract, with rows behind it or without."""
    persisted: int | None
    """What the database held at the end; null when it could not be read."""
    success_rate: float | None
    """Filled by attempts."""


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


class SeatWaste(msgspec.Struct, frozen=True):
    """Seats given beyond the party."""

    mean: float | None
    total: int


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
    persisted: int | None
    """This run's confirmed bookings that have tables, read from the database at the end; null when it could not be."""
    integrity: IntegrityCounts | None
    """Null when the checks could not be run."""
    faults: list[str]
    """Known pathologies that were on at its end, NAME=VALUE."""
    burst: Burst | None
    alerts: list[str]
