"""Figures of a comparison in sentences. Pure.

No figure has a plus before it: with one, a long figure looks like a phone number and is masked as such.
"""

from collections.abc import Iterator

from engine.judge.latencies import ALPHA, SMALL
from engine.judge.subject import Subject
from engine.model.comparison import Difference, Ends, LatencyRow, RateRow, Reading, Share
from engine.model.outcome import OUTCOMES

READINGS = {
    Reading.PERSISTED: "by what persisted",
    Reading.TABLES: "by tables",
    Reading.CLAIMED: "by what was claimed",
}


def of(share: Share) -> str:
    """`53 of 92 (57.6 %)`."""
    rate = share.rate
    return f"{share.count} of {share.of}" + ("" if rate is None else f" ({100 * rate:.1f} %)")


def points(difference: float) -> str:
    """A difference of rates: `-23.3 points`."""
    return f"{100 * difference:.1f} points"


def between(ends: Ends, factor: float = 1.0, unit: str = "") -> str:
    """An interval: `-36.2 to -9.3`."""
    return f"{factor * ends.low:.1f} to {factor * ends.high:.1f}{unit}"


def chance(p: float) -> str:
    """A p-value with two digits that count: `p = 0.0015`."""
    if p < 0.0001:
        return "p < 0.0001"
    return f"p = {p:.2g}" if p < 0.995 else "p = 1"


def differ(found: tuple[Difference, ...]) -> str:
    """What is not alike: `run.concurrency 1 to 8`."""
    return ", ".join(f"{one.name} {one.first or 'none'} to {one.other or 'none'}" for one in found)


def rate(row: RateRow) -> str:
    """A row of rates in one sentence, without its end."""
    how = f"{chance(row.p)} ({row.test}"
    if row.pairs is not None:
        how += f": of {row.pairs} pairs {row.gained} in the other only, {row.lost} in the first only"
    return f"{of(row.first)} to {of(row.other)}, {points(row.difference)} ({between(row.interval, 100)}), {how})"


def latency(row: LatencyRow, also: tuple[str, ...] = ()) -> str:
    """A step that is not what it was, in one sentence."""
    where = f" at {row.restaurant}" if row.restaurant else ""
    parts = [
        f"{name} {one:.1f} to {two:.1f} ms ({between(ends)})"
        for name, one, two, ends in (
            ("p50", row.first.p50_ms, row.other.p50_ms, row.p50),
            ("p95", row.first.p95_ms, row.other.p95_ms, row.p95),
        )
        if one is not None and two is not None and ends is not None
    ]
    places = f"; by itself at {', '.join(also)} too" if also else ""
    adjusted = row.p if row.p_holm is None else row.p_holm
    return f"{row.step}{where} of bookings {row.population}: {', '.join(parts)}, {chance(adjusted)} after Holm{places}"


def label(word: str) -> str:
    """An outcome as people read it."""
    return OUTCOMES[word].label if word in OUTCOMES else word


def methods(tests: int) -> Iterator[str]:
    """How figures of a comparison were got, with so many tests beside the primary ones."""
    yield "differences are the other run less the first, with 95 % intervals; a primary row's Holm is over all pairs"
    yield (
        f"a step is worse or better when p after Holm, over all {tests} other tests, is below {ALPHA}, the interval of "
        f"its p50 or p95 leaves out zero, and its delta is {SMALL} or more"
    )


def missing(mine: Subject, theirs: Subject, absent: dict[str, int]) -> str:
    """Bookings that one run has and the other has not."""
    places = ", ".join(f"{slug} {count}" for slug, count in absent.items())
    lacks = sum(absent.values())
    held = "its files hold" if mine.is_import else "it was asked for"
    return (
        f"run {mine.label}: {held} {mine.bookings} of {mine.bookings + lacks} bookings; run {theirs.label} has the "
        f"others too: {places}"
    )
