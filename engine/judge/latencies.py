"""A step's lengths in two runs, paired by booking or not: shift, percentiles, test. Pure."""

from collections.abc import Mapping, Sequence
from math import log
from statistics import median

import msgspec

from engine.judge.pairing import signed_ranks
from engine.judge.rates import Key
from engine.judge.shifts import cliffs_delta, hodges_lehmann, mann_whitney
from engine.judge.spread import carries, differences, thinned
from engine.judge.welch import welch
from engine.metrics.rank import rank_of
from engine.metrics.samples import percentile
from engine.model.comparison import Ends, LatencyRow, Lengths, Word

ALPHA = 0.05
SMALL = 0.147
"""A Cliff's delta below which a shift is negligible (Romano et al. 2006)."""
PERCENTS = (50.0, 95.0)
_MOST_PAIRS = 800
"""The shift looks at all averages of two: a third of a million of them."""


class Measured(msgspec.Struct, frozen=True):
    """One length, whose it is, and when it began."""

    key: Key
    repeat: int
    began_ns: int
    took_ns: int


class Asking(msgspec.Struct, frozen=True):
    """What a row is about, and how it is to be made."""

    step: str
    restaurant: str
    population: str
    paired: bool
    seed: int = 0
    resamples: int = 0
    """Of the bootstrap; 0 for none."""


def compared(asking: Asking, first: Sequence[Measured], other: Sequence[Measured]) -> LatencyRow:
    """One row; of pairs it takes only the bookings that have the step in both."""
    if asking.paired:
        mine, theirs = _by_booking(first), _by_booking(other)
        both = [key for key in mine if key in theirs]
        kept = set(both)
        first, other = ([one for one in side if one.key in kept] for side in (first, other))
        gaps = [theirs[key] - mine[key] for key in both]
    a, b = ([one.took_ns / 1e6 for one in side] for side in (first, other))
    row = LatencyRow(
        asking.step,
        asking.restaurant,
        asking.population,
        _lengths(first),
        _lengths(other),
        *_test(first, other, gaps if asking.paired else None),
        cliffs_delta(a, b),
    )
    if asking.paired and (shift := hodges_lehmann(thinned(gaps, _MOST_PAIRS))) is not None:
        row = msgspec.structs.replace(row, shift_ms=shift[0], shift=Ends(*shift[1:]))
    found = differences(_groups(first), _groups(other), PERCENTS, asking.seed, asking.resamples)
    return msgspec.structs.replace(
        row,
        p50_ms=_gap(row.first.p50_ms, row.other.p50_ms),
        p50=Ends(*found[50.0]) if 50.0 in found else None,
        p95_ms=_gap(row.first.p95_ms, row.other.p95_ms),
        p95=Ends(*found[95.0]) if 95.0 in found else None,
    )


def judged(row: LatencyRow) -> Word:
    """Whether the step took longer: by the test, by an interval that lies off nothing, and by more than a little."""
    if row.p_holm is None or row.p_holm >= ALPHA or abs(row.delta) < SMALL:
        return Word.EVEN
    ends = [one for one in (row.p50, row.p95) if one is not None]
    if row.delta > 0:
        return Word.WORSE if any(one.low > 0 for one in ends) else Word.EVEN
    return Word.BETTER if any(one.high < 0 for one in ends) else Word.EVEN


def _test(first: Sequence[Measured], other: Sequence[Measured], gaps: Sequence[float] | None) -> tuple[float, str]:
    """The p-value and its test: on whole repeats where both have several, as a busy minute shifts all values of one."""
    mine, theirs = _groups(first), _groups(other)
    if len(mine) > 1 and len(theirs) > 1:
        found = []
        for percent in PERCENTS:
            if percent == PERCENTS[0] or all(carries(percent, len(group)) for group in (*mine, *theirs)):
                a, b = ([log(_at(group, percent)) for group in groups] for groups in (mine, theirs))
                found.append(welch(a, b))
        return min(1.0, len(found) * min(found)), "Welch on repeats"
    if gaps is not None:
        return signed_ranks(gaps), "Wilcoxon, signed ranks"
    return mann_whitney(*([one.took_ns / 1e6 for one in side] for side in (first, other))), "Mann-Whitney"


def _at(values: Sequence[float], percent: float) -> float:
    """The percentile, and at least a nanosecond, for its logarithm."""
    return max(sorted(values)[rank_of(percent, len(values)) - 1], 1e-6)


def _by_booking(measured: Sequence[Measured]) -> Mapping[Key, float]:
    """Milliseconds of each booking; of several repeats their median."""
    found: dict[Key, list[float]] = {}
    for one in measured:
        found.setdefault(one.key, []).append(one.took_ns / 1e6)
    return {key: median(values) for key, values in found.items()}


def _groups(measured: Sequence[Measured]) -> list[list[float]]:
    """Milliseconds by repeat, in order of time."""
    found: dict[int, list[float]] = {}
    for one in sorted(measured, key=lambda one: one.began_ns):
        found.setdefault(one.repeat, []).append(one.took_ns / 1e6)
    return list(found.values())


def _lengths(measured: Sequence[Measured]) -> Lengths:
    ordered = sorted(one.took_ns for one in measured)
    return Lengths(len(ordered), *(_ms(ordered, percent) for percent in PERCENTS))


def _ms(ordered: Sequence[int], percent: float) -> float | None:
    found = percentile(ordered, percent) if carries(percent, len(ordered)) else None
    return None if found is None else found / 1e6


def _gap(one: float | None, two: float | None) -> float | None:
    return None if one is None or two is None else two - one
