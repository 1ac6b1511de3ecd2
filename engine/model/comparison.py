"""What `compare` finds: runs against the first of them, figure by figure, and what may be concluded."""

from enum import StrEnum

import msgspec

from engine.model.ids import SCHEMA_VERSION
from engine.model.levels import Recommended
from engine.model.production import ProductionFit


class Reading(StrEnum):
    """What counts as a success."""

    PERSISTED = "persisted"
    """The database held it at the end, as it was acknowledged."""
    TABLES = "with tables"
    """Success was said with tables, and nothing proves that they did not stay."""
    CLAIMED = "acknowledged"
    """Success was said, with tables or without."""


class Word(StrEnum):
    """What a pair of runs comes to."""

    WORSE = "worse"
    BETTER = "better"
    EVEN = "no difference found"
    """Too small to tell, if there is one."""
    UNSURE = "cannot be told"
    """Steps took longer, or less long; but one repeat a side does not tell whether runs differ so by themselves (two
    equal ones on a busy machine do, by a factor of five), or the client itself was late."""
    REFUSED = "not comparable"


class Share(msgspec.Struct, frozen=True):
    """So many of so many bookings; of a run with repeats, each repeat counts."""

    count: int
    of: int

    @property
    def rate(self) -> float | None:
        """The ratio; None of nothing."""
        return self.count / self.of if self.of else None


class Ends(msgspec.Struct, frozen=True):
    """Where a figure lies with 95 % certainty; ratios of rates, milliseconds of lengths."""

    low: float
    high: float


class Difference(msgspec.Struct, frozen=True):
    """Something in which two runs are not alike."""

    name: str
    first: str
    other: str


class Side(msgspec.Struct, frozen=True):
    """One of the runs."""

    run_id: str
    name: str
    plan: str
    started_at: str
    concurrency: str
    repeats: int
    bookings: int
    """Different bookings that it was asked for."""
    success: Share
    """By the primary metric of its pair with the first; of the first itself, by that of the whole."""
    interval: Ends
    """Wilson's, of that rate."""
    claimed: Share
    with_tables: Share
    persisted: Share | None
    """None where that is not known booking by booking."""
    fills_per_s: float | None = None
    """Filled by first send to last answer; null for none."""
    refusals: tuple[str, ...] = ()
    """Why nothing may be concluded from it, whatever it is compared with."""
    alerts: tuple[str, ...] = ()


class RateRow(msgspec.Struct, frozen=True):
    """A rate in both runs; `difference` and `interval` are the other's less the first's."""

    what: str
    """`success`, or the word of an outcome that an attempt at a booking ended with."""
    restaurant: str
    """Slug; empty for all of them."""
    first: Share
    other: Share
    difference: float
    interval: Ends
    p: float
    test: str
    pairs: int | None = None
    """Bookings in both runs; null when they are not paired."""
    gained: int = 0
    """Of the pairs: more often so in the other run."""
    lost: int = 0
    """Of the pairs: more often so in the first run."""
    reading: Reading | None = None
    """What counted as a success; null for an outcome."""
    p_holm: float | None = None
    """With all tests of its family taken in; null for what is shown beside, and decides nothing."""


class Lengths(msgspec.Struct, frozen=True):
    """A step in one run, exact; null where the count cannot carry it."""

    count: int
    p50_ms: float | None
    p95_ms: float | None


class LatencyRow(msgspec.Struct, frozen=True):
    """A step in both runs, of bookings that succeeded; `total` also of those that failed."""

    step: str
    restaurant: str
    """Slug; empty for all of them."""
    population: str
    first: Lengths
    other: Lengths
    p: float
    test: str
    delta: float
    """Cliff's: how often longer in the other run, less how often shorter; -1 to 1."""
    shift_ms: float | None = None
    """Hodges and Lehmann's, of pairs: by how much longer in the other run."""
    shift: Ends | None = None
    p50_ms: float | None = None
    """Difference of the medians."""
    p50: Ends | None = None
    """By bootstrap; null where it was not asked, or the counts cannot carry it."""
    p95_ms: float | None = None
    p95: Ends | None = None
    p_holm: float | None = None
    word: Word = Word.EVEN


class Pair(msgspec.Struct, frozen=True):
    """One run against the first."""

    first: str
    other: str
    word: Word
    paired: bool
    """By booking: seed, data, day and plan agree, and the same bookings were asked for."""
    in_both: int
    only_first: int
    only_other: int
    differences: tuple[Difference, ...]
    """Everything recorded in which they are not alike; one is the factor, none makes them repeats of one another."""
    unrecorded: tuple[str, ...]
    """What is not recorded of one or both, so that it may differ."""
    refusals: tuple[str, ...]
    """Why no cause is named and no regression said; empty when both may be."""
    reading: Reading
    detectable: float | None
    """Smallest difference of the primary rate that so many bookings tell, 80 % power at 5 %; null for none."""
    primary: RateRow
    beside: tuple[RateRow, ...]
    """The primary metric by other readings of success and by the other test; they decide nothing."""
    restaurants: tuple[RateRow, ...]
    outcomes: tuple[RateRow, ...]
    latencies: tuple[LatencyRow, ...]
    regressions: tuple[str, ...]
    says: tuple[str, ...]
    """What there is to say, in sentences; the first is the conclusion."""


class Spread(msgspec.Struct, frozen=True):
    """How far rates lie apart, each measure by its own name; ratios."""

    of: str
    """Restaurant, run, or `all runs`."""
    over: str
    """What it is over: `runs` or `restaurants`."""
    count: int
    least: float
    most: float
    range: float
    """Most less least: what was called variance in 2025."""
    mean: float
    """Of the rates, whatever their weights."""
    deviation: float | None
    """Sample standard deviation, divided by n - 1: what further ones would do; null of one."""
    deviation_of_these: float
    """Standard deviation of just these, divided by n."""
    worst: str
    """Which has the least."""
    best: str


class PassShare(msgspec.Struct, frozen=True):
    """A restaurant in one pass, or all of it."""

    run_id: str
    repeat: int
    number: int
    restaurant: str
    """Slug; empty for all."""
    attempted: int
    claimed: int
    with_tables: int | None
    persisted: int | None


class Column(msgspec.Struct, frozen=True):
    """One run in the tables of all."""

    run_id: str
    name: str
    setting: str
    """Workers and passes."""
    success: Share
    claimed: Share
    violations: int | None
    """New rows of broken promises; null where nobody checked."""
    restaurants: dict[str, Share]
    outcomes: dict[str, int]
    """Bookings that an attempt ended so for, by the outcome's word."""
    steps: dict[str, Lengths]
    passes: tuple[PassShare, ...]
    """None where there was one only."""
    spread: Spread | None
    """Of its restaurants' rates."""
    claims: tuple[Spread, ...] = ()
    """The same of each of several passes, by what was claimed in it."""


class Overview(msgspec.Struct, frozen=True):
    """All runs side by side."""

    reading: Reading
    """What counts as a success."""
    columns: tuple[Column, ...]
    restaurants: tuple[Spread, ...]
    """Of each over the runs."""
    runs: Spread | None
    """Of the runs' success rates; null of one."""


class Comparison(msgspec.Struct, frozen=True):
    """Runs held against the first of them."""

    metric: str
    """The primary metric, declared before anything is looked at."""
    runs: tuple[Side, ...]
    pairs: tuple[Pair, ...]
    tests: int
    """In the family that Holm's correction takes in."""
    says: tuple[str, ...]
    """Of all of them together."""
    exit_code: int
    schema: int = SCHEMA_VERSION
    overview: Overview | None = None
    recommended: Recommended | None = None
    """How many workers; null where the runs do not differ in that."""
    production: tuple[ProductionFit, ...] = ()
    """How each run stands to what production wants."""
