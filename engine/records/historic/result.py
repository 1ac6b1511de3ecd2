"""The result of an import: the figures of every run, with what reports have more and what they cannot have. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from engine.exit_code import ExitCode
from engine.metrics.samples import latency_of
from engine.metrics.tally import Tally
from engine.model.figures import Latency, SeatWaste
from engine.model.ledger import Ledger
from engine.model.levels import Level
from engine.model.outcome import Outcome
from engine.model.report import Pass, RestaurantFigures, Result
from engine.model.run_state import RunState
from engine.model.step import Step
from engine.records.archive import Manifest
from engine.records.historic import report
from engine.records.historic.events import Leg, there
from engine.records.historic.ledger import ledger_of, verdict
from engine.records.historic.passes import Reports
from engine.records.historic.told import Attempt, since
from engine.records.result import Ending, build_result

REPORT = "report"
NEXT_PASS = "next pass's pending set"
PLAN = "import"
_UNKNOWN = Outcome.UNKNOWN.word
_EVIDENCE = (
    *("attempts", "acknowledged", "outcomes", "refusals", "success_rate", "by_restaurant", "passes", "levels"),
    *("latency_ms", "ledger", "persisted", "with_tables", "settings"),
)


class Imported(msgspec.Struct, frozen=True):
    """What an import has made of the reports, before it is a result."""

    reports: Reports
    attempts: Sequence[Attempt]
    legs: tuple[Leg, ...]
    ledger: Ledger
    code: ExitCode
    sentences: tuple[str, ...]
    """Why."""

    @property
    def reason(self) -> str:
        """The same in one."""
        return "; ".join(self.sentences)


def imported(reports: Reports, attempts: Sequence[Attempt], legs: tuple[Leg, ...]) -> Imported:
    """What the reports come to."""
    levels = levels_of(reports)
    single = ledger_of(reports, attempts)
    means = sum(one.attempts for one in levels)
    # Of these not even the end is told.
    kept = msgspec.structs.replace(single, attempts=single.attempts + means, unverified=single.unverified + means)
    code, sentences = verdict(kept, legs)
    return Imported(reports, attempts, legs, kept, code, sentences)


def result_of(manifest: Manifest, told: Imported, tally: Tally, samples: Mapping[str, Sequence[int]]) -> Result:
    """The result; the tally and the samples are those of its journal."""
    levels = levels_of(told.reports)
    means = sum(one.attempts for one in levels)
    ending = Ending(
        state=RunState.FINISHED,
        reason=told.reason,
        ended_at=told.reports.ended.isoformat(timespec="milliseconds"),
        ended_ns=since(told.reports.began, told.reports.ended),
        exit_code=int(told.code),
        alerts=told.reports.doubts,
        ledger=told.ledger,
    )
    result = build_result(manifest, ending, tally, samples)
    outcomes = dict(result.outcomes)
    if means:
        outcomes[_UNKNOWN] = outcomes.get(_UNKNOWN, 0) + means
    return msgspec.structs.replace(
        result,
        evidence=dict.fromkeys(_EVIDENCE, REPORT),
        attempts=result.attempts + means,
        outcomes=outcomes,
        by_restaurant={
            slug: _share(figures, [one for one in told.attempts if one.sitting.slug == slug], persisted=None)
            for slug, figures in result.by_restaurant.items()
        },
        passes=[_pass(one, leg) for one, leg in zip(result.passes, told.legs, strict=True)],
        # Seats are not in the reports.
        seat_waste=SeatWaste(mean=None, total=0),
        with_tables=_with_tables(told.attempts) if told.legs else None,
        levels=levels,
    )


def _pass(one: Pass, leg: Leg) -> Pass:
    restaurants = {}
    for slug, figures in one.by_restaurant.items():
        mine = tuple(attempt for attempt in leg.attempts if attempt.sitting.slug == slug)
        is_known = all(sitting.is_followed for sitting in leg.sittings if sitting.slug == slug)
        restaurants[slug] = _share(figures, mine, persisted=there(mine) if is_known else None)
    return msgspec.structs.replace(
        one,
        persisted=leg.persisted,
        by_restaurant=restaurants,
        with_tables=_with_tables(leg.attempts),
        processed_ms=_lengths(leg.attempts),
        evidence="" if leg.persisted is None else NEXT_PASS,
    )


def _share(figures: RestaurantFigures, mine: Sequence[Attempt], *, persisted: int | None) -> RestaurantFigures:
    outcomes: dict[str, int] = {}
    for one in mine:
        outcomes[one.outcome.word] = outcomes.get(one.outcome.word, 0) + 1
    return msgspec.structs.replace(
        figures, persisted=persisted, with_tables=_with_tables(mine), outcomes=outcomes, processed_ms=_lengths(mine)
    )


def _with_tables(attempts: Iterable[Attempt]) -> int:
    return sum(one.outcome is Outcome.FILLED for one in attempts)


def _lengths(attempts: Iterable[Attempt]) -> Latency:
    return latency_of([one.told.took_ns for one in attempts])


def levels_of(reports: Reports) -> list[Level]:
    """The concurrencies of slot-fill metrics, in the order of their files."""
    seen: dict[int, int] = {}
    levels = []
    for _, metrics in reports.metrics:
        for one in metrics.metrics:
            seen[one.concurrency] = repeat = seen.get(one.concurrency, 0) + 1
            levels.append(_level(one, repeat))
    return levels


def _level(one: report.Level, repeat: int) -> Level:
    greatest = {Step.SUBMIT: one.max_submit_ms, Step.INLINE_WAIT: one.max_inline_ms, Step.TOTAL: one.max_total_ms}
    averages = {
        "submit_ms": one.avg_submit_ms,
        "inline_wait_ms": one.avg_inline_ms,
        "total_ms": one.avg_total_ms,
        "seat_waste": one.avg_seat_waste,
        "tables_per_booking": one.avg_tables_per_booking,
        "inline_poll_rate": one.inline_poll_rate,
        "background_rate": one.background_rate,
    }
    return Level(
        concurrency=one.concurrency,
        repeat=repeat,
        attempts=one.count,
        # A mean and a maximum tell no percentile.
        latency_ms={
            step.value: Latency(one.count, None, None, None, None, None, longest)
            for step, longest in greatest.items()
            if longest is not None
        },
        averages={name: value for name, value in averages.items() if value is not None},
        label=one.label,
    )
