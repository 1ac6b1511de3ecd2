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
    persisted: int | None
    """What the database held at the end; null when it could not be read."""
    success_rate: float | None


class Pass(msgspec.Struct, frozen=True, rename={"number": "pass"}):
    """One pass of a run."""

    number: int
    attempts: int
    confirmed: int
    persisted: int | None
    by_restaurant: dict[str, RestaurantFigures]
    outcomes: dict[str, int]


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
    alerts: list[str]
