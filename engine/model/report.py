"""`result.json`: the keys others rely on."""

import msgspec

from engine.model.alert import AlertFace
from engine.model.continued import Continued
from engine.model.figures import Latency, SeatWaste
from engine.model.ledger import Ledger
from engine.model.levels import Level, Sweep
from engine.model.threshold import Held
from engine.model.verdict import Experiment, House, Verdict
from engine.model.waits import Waits
from engine.model.waterfall import Waterfall


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
    with_tables: int | None = None
    """Of an import: those of the confirmed that name tables."""
    outcomes: dict[str, int] = {}
    """Of an import, in its passes."""
    processed_ms: Latency | None = None
    """Of an import, in its passes: all that were processed, whatever came of them, as the reports count them."""


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
    with_tables: int | None = None
    """Of an import: those of the confirmed that name tables."""
    processed_ms: Latency | None = None
    """Of an import: all that were processed, whatever came of them, as the reports count them."""
    evidence: str = ""
    """Of an import: what shows how many persisted; empty where nothing does."""


class Retry(msgspec.Struct, frozen=True):
    """Retries after one class of refusal."""

    tried: int
    exhausted: int


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
    restaurant: str = ""
    """Slug."""


class IntegrityCounts(msgspec.Struct, frozen=True):
    """Offending rows by check, before the first attempt and after the last.

    Of repeats that had a database each the promises that were broken are counted in all of them.
    """

    before: dict[str, int]
    after: dict[str, int]


class Burst(msgspec.Struct, frozen=True):
    """Requests at once against the capacity there was; of several repeats, all of them together."""

    requests: int
    distinct: int
    """Idempotency keys among them."""
    capacity: int
    """Distinct requests that the planner finds tables for one after the other in the same house, with nobody else.

    By tables alone: the platform's check of covers may turn away some of them. In another order others fit, so several
    workers may fill more.
    """
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
    with_tables: int | None = None
    """Of an import: those of the acknowledged that name tables."""
    levels: list[Level] = []
    """Concurrencies of which only means are known."""
    waits: list[Waits] = []
    """What our backends waited for, leg by leg; none where no database was sampled."""
    sweep: Sweep | None = None
    """Null for a run that is none."""
    experiment: dict[str, Experiment] = {}
    """By step: what throughput made of a delay in it, at the largest level of a sweep."""
    verdict: Verdict | None = None
    """Null where the records could not be read for it."""
    houses: dict[str, House] = {}
    """By restaurant: its floor as the planner had it."""
    continued: Continued | None = None
    """The run that this one goes on with, and what that one had in flight; null for a run of its own."""
    alerts_raised: list[AlertFace] = []
    """Alerts that rules raised, the last 60; `alerts` has a line of each."""
    waterfall: Waterfall | None = None
    """From what was asked for to what stayed; null of sweeps, bursts, imports, and where nothing could be read."""
    thresholds: list[Held] = []
    """Bounds that the user set, and how the run stood to each."""
