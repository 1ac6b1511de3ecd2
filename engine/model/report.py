"""`result.json`: the keys others rely on."""

import msgspec

from engine.model.alert import AlertFace
from engine.model.continued import Continued
from engine.model.ledger import Ledger
from engine.model.threshold import Held
from engine.model.verdict import Experiment, House, Verdict
from engine.model.waits import Waits
from engine.model.waterfall import Waterfall


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


class Steady(msgspec.Struct, frozen=True):
    """The part of a round in which every worker was warm and none had run out of turns."""

    seconds: float
    """From the moment every worker had ended its first attempt, after a quarter of the round at the latest, to the end
    of the first worker's last one."""
    attempts: int
    """Those that ended in it."""
    filled: int
    attempts_per_s: float
    fills_per_s: float
    little: float
    """Attempts in flight by workers, on the mean: 1 where all the client's time is measured (Little's law)."""


class Level(msgspec.Struct, frozen=True):
    """One round of a sweep; or, of an import, one concurrency of which only means are known."""

    concurrency: int
    repeat: int
    """The how manyth of this concurrency it is, from 1."""
    attempts: int
    latency_ms: dict[str, Latency]
    """Of steps that succeeded; null where only means are known."""
    averages: dict[str, float] = {}
    """Of an import: means, by what they are of; `_ms` for milliseconds."""
    label: str = ""
    round: int = 0
    """The how manyth round of the run it was; 0 of an import."""
    legs: list[int] = []
    """Its legs, by their numbers in the journal."""
    outcomes: dict[str, int] = {}
    refusals: dict[str, dict[str, int]] = {}
    """By step and outcome, overcome or not."""
    success_rate: float | None = None
    """Filled by attempts."""
    success_interval: tuple[float, float] | None = None
    """Where the rate lies with 95 % certainty (Wilson)."""
    filled: int = 0
    persisted: int | None = None
    fills_per_s: float | None = None
    """Filled by the time from first send to last answer."""
    attempts_per_s: float | None = None
    persisted_per_s: float | None = None
    effective_concurrency: float | None = None
    """Mean number of attempts in flight from first send to last answer."""
    steady: Steady | None = None
    """Null where there were fewer turns than workers, or none of them for long enough."""
    latency_failed_ms: dict[str, Latency] = {}
    """Of steps that were refused; `total` of attempts that were not filled."""
    seat_waste: SeatWaste | None = None
    tables_per_booking: float | None = None
    ledger: Ledger | None = None
    """Null where rounds share a database: the run's ledger holds them together."""
    state: dict[str, int] = {}
    """Rows by kind, of the run's restaurants, before it began."""
    cut: bool = False
    """Its time (`sweep.seconds`) was over before its plan was done: rates of it are of fewer bookings."""
    marks: list[str] = []
    """Why its figures are in no fit; none when they are."""
    floor_ms: float | None = None
    """What an empty answer costs this client at this concurrency, p50."""
    lag_p99_ms: float | None = None
    """How late the engine's own loop was meanwhile."""
    tainted: int = 0
    """Attempts that a lateness fell into which is longer than 5 ms and a tenth of them."""
    cpu_share: float | None = None
    """Of one core, by the engine itself."""
    kind: str = ""
    """`counted` for a level; `warm-up` and `delayed` rounds are not among the levels. Empty of an import."""


class Fit(msgspec.Struct, frozen=True):
    """The universal scalability law fitted to the levels: X(N) = rate N / (1 + sigma (N - 1) + kappa N (N - 1))."""

    of: str
    """`attempts` or `persisted`, a second."""
    rate: float
    """Of one worker alone, per second."""
    sigma: float
    """The share of the work that only one can do at a time."""
    sigma_interval: tuple[float, float]
    """95 %, by drawing repeats again."""
    kappa: float
    """What each pair of workers costs beside."""
    kappa_interval: tuple[float, float]
    residual: float
    """Root of the mean squared relative error."""
    peak: float | None
    """Workers at which throughput is highest, where that is no more than 1.5 times what was tried."""
    levels: int
    repeats: int


class Recommended(msgspec.Struct, frozen=True):
    """How many workers, and why."""

    concurrency: int | None
    """Null where none can be recommended."""
    grade: str
    """`supported` where repeats tell it from fewer workers, `suggestive` where they do not; empty for none."""
    reason: str


class Sweep(msgspec.Struct, frozen=True):
    """What the levels of a sweep come to together."""

    order: list[str]
    """Every round in the order in which they were run."""
    rule: str
    """What counts and what is warm-up."""
    basis: str
    """What the throughput of fits is of: `steady` parts, or `whole` rounds where not all have a steady part."""
    detectable: str
    """What differences between two levels the plan could have shown."""
    fits: list[Fit] = []
    refusals: list[str] = []
    """Why there is no fit, or why it is not to be believed."""
    generator_limited: list[str] = []
    """Levels of which the engine itself was the limit, fewest workers first, and by what that shows."""
    limited_at_most: bool = False
    """It was so at the largest level, where the limit is looked for."""
    recommended: Recommended | None = None
    """Null of sweeps before there was such a thing."""


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


class IntegrityCounts(msgspec.Struct, frozen=True):
    """Offending rows by check, before the first attempt and after the last.

    Of repeats that had a database each the promises that were broken are counted in all of them.
    """

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
