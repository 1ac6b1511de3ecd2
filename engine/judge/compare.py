"""Runs held against the first of them: rates and lengths, paired where they may be, and what follows. Pure.

One metric decides and is declared before anything is looked at: the rate of bookings that succeeded. All other tests,
of all pairs of runs together, are one family, and Holm's correction takes every one of them in.
"""

from collections.abc import Iterator, Sequence

import msgspec

from engine.exit_code import ExitCode
from engine.judge import telling
from engine.judge.draft import FAILURES, Draft, is_coarse
from engine.judge.overview import overview
from engine.judge.production import fit_for_production
from engine.judge.recommend import Tried, from_levels, recommended
from engine.judge.shifts import holm
from engine.judge.spread import RESAMPLES
from engine.judge.subject import Subject
from engine.model.comparison import Comparison, LatencyRow, Pair, RateRow, Reading, Share, Word
from engine.model.levels import Recommended
from engine.model.production import ProductionTargets

METRIC = (
    "success rate: bookings that persisted, of those that were asked for, whatever their number of attempts; bookings "
    "with tables where persistence is not known of every run"
)


CONCURRENCY = "run.concurrency"
_WHOLE = ProductionTargets()


def compare(
    subjects: Sequence[Subject], *, resamples: int = RESAMPLES, targets: ProductionTargets = _WHOLE
) -> Comparison:
    """Each run against the first, two at least; and each to what production wants."""
    reading = Reading.PERSISTED if all(one.knows_persisted for one in subjects) else Reading.TABLES
    drafts = [Draft.of(subjects[0], other, reading, resamples) for other in subjects[1:]]
    for draft, p_holm in zip(drafts, holm([draft.primary.p for draft in drafts]), strict=True):
        draft.primary = msgspec.structs.replace(draft.primary, p_holm=p_holm)
    tests = _adjust(drafts)
    pairs = tuple(draft.pair() for draft in drafts)
    workers = _recommended(subjects, pairs, reading)
    fits = tuple(fit_for_production(one, targets, reading) for one in subjects)
    return Comparison(
        metric=METRIC,
        runs=tuple(one.side(reading) for one in subjects),
        pairs=pairs,
        tests=tests,
        says=(
            *_together(subjects, reading),
            *((f"recommended concurrency: {workers.reason}{_grade(workers)}",) if workers is not None else ()),
            *(one.says for one in fits),
        ),
        exit_code=_code(pairs),
        overview=overview(subjects, reading),
        recommended=workers,
        production=fits,
    )


def _grade(found: Recommended) -> str:
    return f" ({found.grade})" if found.grade else ""


def _recommended(subjects: Sequence[Subject], pairs: Sequence[Pair], reading: Reading) -> Recommended | None:
    """From arms that differ in their workers, or from the last sweep; None where there is neither."""
    sweeps = [one for one in subjects if one.levels]
    if sweeps:
        found = from_levels(sweeps[-1].levels)
        return msgspec.structs.replace(found, reason=f"from the levels of run {sweeps[-1].label}, {found.reason}")
    tried: dict[int, Tried] = {}
    for one in subjects:
        workers = one.traits.get(CONCURRENCY, "")
        if not workers.isdecimal():
            return None
        before = tried.get(int(workers))
        success = one.side(reading).success
        if before is not None and before.success is not None:
            success = Share(before.success.count + success.count, before.success.of + success.of)
        rates = (*before.rates, *one.fills) if before is not None else one.fills
        tried[int(workers)] = Tried(rates, success, one.is_late or (before is not None and before.limited))
    if len(tried) < 2:
        return None
    if any(pair.refusals for pair in pairs):
        return Recommended(None, "", "none: runs that are not comparable recommend nothing")
    return recommended(tried)


def _adjust(drafts: Sequence[Draft]) -> int:
    """Give every row but the primary ones its p-value after Holm; how many there are."""
    rates: list[list[RateRow]] = [rows for draft in drafts for rows in (draft.restaurants, draft.outcomes)]
    lengths: list[list[LatencyRow]] = [draft.latencies for draft in drafts]
    p_values = [row.p for of_rates in rates for row in of_rates]
    p_values += [row.p for of_lengths in lengths for row in of_lengths if row.population != FAILURES]
    adjusted = iter(holm(p_values))
    for of_rates in rates:
        of_rates[:] = [msgspec.structs.replace(row, p_holm=next(adjusted)) for row in of_rates]
    for of_lengths in lengths:
        of_lengths[:] = [
            row if row.population == FAILURES else msgspec.structs.replace(row, p_holm=next(adjusted))
            for row in of_lengths
        ]
    return len(p_values)


def _code(pairs: Sequence[Pair]) -> ExitCode:
    words = {pair.word for pair in pairs}
    if Word.WORSE in words:
        return ExitCode.THRESHOLD
    if words & {Word.REFUSED, Word.UNSURE}:
        return ExitCode.INCONCLUSIVE
    small = any(pair.word is Word.EVEN and is_coarse(pair.detectable) for pair in pairs)
    return ExitCode.INCONCLUSIVE if small else ExitCode.PASSED


def _together(subjects: Sequence[Subject], reading: Reading) -> Iterator[str]:
    """Best, worst and how far apart, of three runs or more."""
    if len(subjects) < 3:
        return
    shares = [(one.side(reading).success, one) for one in subjects]
    known = sorted(
        ((share.rate, share, one) for share, one in shares if share.rate is not None), key=lambda row: -row[0]
    )
    if known:
        (high, best, one), (low, worst, two) = known[0], known[-1]
        if high == low:
            yield f"all {len(known)} runs succeeded as often, at {high:.1%} {reading.value}: none is best or worst"
            return
        yield (
            f"best is {one.label} with {telling.of(best)}, worst {two.label} with {telling.of(worst)}: a range of "
            f"{100 * (high - low):.1f} points over {len(subjects)} runs, {reading.value}"
        )
