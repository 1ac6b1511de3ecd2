"""The levels of a sweep, and what they come to together: fits, doubts, the recommended concurrency."""

import msgspec

from engine.model.figures import Latency, SeatWaste
from engine.model.ledger import Ledger


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
