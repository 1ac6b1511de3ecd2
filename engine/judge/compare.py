"""Runs held against the first of them: rates and lengths, paired where they may be, and what follows. Pure.

One metric decides and is declared before anything is looked at: the rate of bookings that succeeded. All other tests,
of all pairs of runs together, are one family, and Holm's correction takes every one of them in.
"""

from collections.abc import Iterator, Sequence

import msgspec

from engine.exit_code import ExitCode
from engine.judge import telling
from engine.judge.draft import FAILURES, Draft
from engine.judge.shifts import holm
from engine.judge.spread import RESAMPLES
from engine.judge.subject import Subject
from engine.model.comparison import Comparison, LatencyRow, Pair, RateRow, Reading, Word

METRIC = (
    "success rate: bookings that persisted, of those that were asked for, whatever their number of attempts; bookings "
    "with tables where persistence is not known of every run"
)


def compare(subjects: Sequence[Subject], *, resamples: int = RESAMPLES) -> Comparison:
    """Each run against the first; two at least."""
    reading = Reading.PERSISTED if all(one.knows_persisted for one in subjects) else Reading.TABLES
    drafts = [Draft.of(subjects[0], other, reading, resamples) for other in subjects[1:]]
    for draft, p_holm in zip(drafts, holm([draft.primary.p for draft in drafts]), strict=True):
        draft.primary = msgspec.structs.replace(draft.primary, p_holm=p_holm)
    tests = _adjust(drafts)
    pairs = tuple(draft.pair() for draft in drafts)
    return Comparison(
        metric=METRIC,
        runs=tuple(one.side(reading) for one in subjects),
        pairs=pairs,
        tests=tests,
        says=tuple(_together(subjects, reading)),
        exit_code=_code(pairs),
    )


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
    return ExitCode.INCONCLUSIVE if words & {Word.REFUSED, Word.UNSURE} else ExitCode.PASSED


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
        yield (
            f"best is {one.label} with {telling.of(best)}, worst {two.label} with {telling.of(worst)}: a range of "
            f"{100 * (high - low):.1f} points over {len(subjects)} runs, {reading.value}"
        )
