"""`report.md`: a run's result on one page, what matters most first."""

from collections.abc import Iterator, Mapping, Sequence

from engine.exit_code import MEANING
from engine.metrics.samples import interval
from engine.model.continued import Continued
from engine.model.ledger import Entry, Ledger
from engine.model.outcome import OUTCOMES, Outcome
from engine.model.report import RestaurantFigures, Result
from engine.records.historic.page import import_parts
from engine.records.levels import RoundSamples, level_parts
from engine.records.result_paths import path_parts
from engine.records.run_parts import run_parts
from engine.records.setting_parts import setting_parts
from engine.records.tables import markdown
from engine.records.thresholds import threshold_parts
from engine.records.verdict import verdict_parts
from engine.records.waterfall import waterfall_parts

_FILLED = Outcome.FILLED.word
_LENGTHS = (
    "Milliseconds, exact, of steps that succeeded ({model}); `total` is of attempts that were filled, from the moment "
    "each was due. p99 is left out below 500 samples.\n"
)


def report_md(
    result: Result, samples: Mapping[str, Sequence[int]] | None = None, rounds: RoundSamples | None = None
) -> str:
    """The result as a page of Markdown; with the raw samples, of rounds too, percentiles come with their intervals."""
    reason = f": {result.reason}" if result.reason else ""
    unread = "no report proves persistence" if result.plan == "import" else "the database could not be read"
    persisted = unread if result.persisted is None else f"{result.persisted} persisted"
    pace = result.settings.get("run.rate")
    model = f"open model at {pace} a second" if pace and pace != "None" else "service time, closed model"
    workers = result.settings.get("run.concurrency")
    model = f"{model}, {workers} workers" if workers else model
    confirmed = result.outcomes.get(_FILLED, 0)
    fills = "" if result.fills_per_s is None else f", {result.fills_per_s:.1f} filled a second"
    means = MEANING.get(result.exit_code)
    parts = [
        f"# Run {result.run_id}\n",
        f"{result.plan} on {result.target}, {result.started_at} to {result.ended_at}.\n",
        f"{result.state}{reason}; exit code {result.exit_code}{f' ({means})' if means else ''}.\n",
        f"{confirmed} filled of {result.attempts} attempts{_share(result.success_rate)}, {persisted}{fills}.\n",
        *_first_words(result),
        *threshold_parts(result.thresholds),
        "## Outcomes\n",
        markdown(("outcome", "attempts"), ((_label(word), count) for word, count in result.outcomes.items())),
        "## Ledger\n",
        f"{result.ledger.equation}; {result.ledger.acknowledged} acknowledged.\n",
        *_stories(result.ledger),
        *_continued(result.continued),
        *run_parts(result),
        *import_parts(result),
        *waterfall_parts(result),
        *level_parts(result, rounds or {}),
        "## Restaurants\n",
        markdown(
            ("restaurant", "attempts", "confirmed", "persisted"),
            ((slug, figures.attempts, figures.confirmed, figures.persisted) for slug, figures in _each(result)),
        ),
        "## Latency\n",
        _LENGTHS.format(model=model),
        markdown(
            ("step", "count", "min", "p50", "p90", "p95", "p95 lies between", "p99", "max"),
            (
                (step, took.count, took.min, took.p50, took.p90, took.p95, _interval(step, samples), took.p99, took.max)
                for step, took in result.latency_ms.items()
            ),
        ),
        *path_parts(result),
        "## Refusals on the way\n",
        markdown(
            ("step", "outcome", "count"),
            ((step, _label(word), n) for step, words in result.refusals.items() for word, n in words.items()),
        ),
        "## Slots\n",
        markdown(
            ("restaurant", "date", "slot", "party", "attempts", "filled", "end"),
            (
                (one.restaurant or "-", one.date, one.slot, one.party, one.attempts, one.filled, one.end or "open")
                for one in result.slots
            ),
        ),
    ]
    parts += setting_parts(result.settings, result.plan, sweeps=result.sweep is not None)
    if result.alerts:
        parts += ["## Alerts\n", "\n".join(f"- {alert}" for alert in result.alerts) + "\n"]
    parts += verdict_parts(result)
    return "\n".join(parts)


def _first_words(result: Result) -> Iterator[str]:
    """The verdict in a few sentences, for who reads no further, and what was switched on."""
    if result.verdict is not None:
        told = "".join(f" {claim.claim.partition(': ')[0]}." for claim in result.verdict.claims)
        yield f"Verdict: {result.verdict.summary}.{told.replace('..', '.')} Evidence and doubts stand under Verdict.\n"
    if result.faults:
        yield f"Known pathologies that were switched on at its end: {', '.join(result.faults)}.\n"


def _stories(kept: Ledger) -> list[str]:
    if not kept.stories:
        return []
    rows = (
        (
            str(one.booking_id),
            one.entry.value,
            one.attempt,
            "+".join(one.claimed),
            one.status,
            "+".join(one.tables),
            one.cause,
        )
        for one in kept.stories
    )
    return [markdown(("booking", "is", "attempt", "claimed", "status", "tables", "likeliest cause"), rows)]


def _continued(continued: Continued | None) -> list[str]:
    """The run that was gone on with: its ledger, and what it had in flight, attempt by attempt."""
    if continued is None:
        return []
    rows = (
        (one.attempt, one.slot, str(one.booking_id), _end(one.entry), "+".join(one.tables), one.why)
        for one in continued.in_flight
    )
    said = (
        f"It goes on with run {continued.run}: {continued.ledger.equation}; {continued.ledger.acknowledged} "
        f"acknowledged. {len(continued.in_flight)} of them were in flight; {len(continued.cancelled)} bookings were "
        f"cancelled and {continued.released} holds released.\n"
    )
    return [
        said,
        *([markdown(("attempt", "slot", "booking", "is", "tables", "proof"), rows)] if continued.in_flight else []),
    ]


def _end(entry: Entry) -> str:
    return "given up" if entry is Entry.VOID else entry.value


def _interval(step: str, samples: Mapping[str, Sequence[int]] | None) -> str:
    low, high = interval(sorted((samples or {}).get(step, ())), 95)
    return f"{_ms(low)} and {_ms(high)}"


def _ms(ns: int | None) -> str:
    return "unknown" if ns is None else f"{ns / 1e6:.1f}"


def _each(result: Result) -> list[tuple[str, RestaurantFigures]]:
    return [(slug or "unknown", figures) for slug, figures in result.by_restaurant.items()]


def _label(word: str) -> str:
    return OUTCOMES[word].label if word in OUTCOMES else word


def _share(rate: float | None) -> str:
    return "" if rate is None else f" ({rate:.1%})"
