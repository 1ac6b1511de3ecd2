"""A comparison as a page of Markdown: the tables that three runs of November 2025 were written up in, and the tests."""

from collections.abc import Iterator, Sequence

from engine.judge import telling
from engine.model.comparison import Column, Comparison, Ends, LatencyRow, Overview, Pair, RateRow, Share, Spread
from engine.model.production import ProductionFit
from engine.records.tables import Cell, markdown

_PASS = ("run", "restaurant", "attempted", "confirmed", "success rate", "with tables", "persisted")
_SPREADS = (
    "Range is most less least (in 2025 it was called variance). The standard deviation of these is divided by n and "
    "tells of just these; the sample standard deviation is divided by n - 1 and tells of further ones. Both count each "
    "rate once, whatever it is of; intervals of rates stand under the runs.\n"
)


def comparison_md(found: Comparison) -> str:
    """The whole page."""
    parts = [f"# {' against '.join(one.run_id for one in found.runs)}\n"]
    parts += [f"- {text}\n" if at == len(found.says) - 1 else f"- {text}" for at, text in enumerate(found.says)]
    parts.append(f"Primary metric, declared: {found.metric}.\n")
    parts += [_runs(found)]
    if found.overview is not None:
        parts += _overview(found.overview)
    parts += _production(found.production)
    for pair in found.pairs:
        parts += _pair(pair)
    parts += ["## How\n", "\n".join(f"- {text}" for text in telling.methods(found.tests)) + "\n"]
    return "\n".join(parts)


def _runs(found: Comparison) -> str:
    rows = (
        (
            one.run_id,
            one.name,
            one.plan,
            one.concurrency,
            one.started_at[:19],
            telling.of(one.success),
            telling.between(Ends(one.interval.low, one.interval.high), 100, " %"),
            telling.of(one.claimed),
        )
        for one in found.runs
    )
    head = ("run", "name", "plan", "workers", "began", "success", "lies between", "claimed")
    return f"## Runs\n\n{markdown(head, rows)}"


def _overview(seen: Overview) -> Iterator[str]:
    names = list(_names(seen.columns).values())
    yield f"## Overall\n\nSuccess is {seen.reading.value}.\n"
    yield markdown(("metric", *names, "best", "worst"), _overall(seen))
    yield "## By restaurant\n"
    yield markdown(("restaurant", *names, "best", "worst", "range"), _by_restaurant(seen))
    for number in sorted({one.number for column in seen.columns for one in column.passes}):
        yield f"## Pass {number}\n"
        yield markdown(_PASS, _passes(seen.columns, number))
    yield "## How far apart\n"
    yield _SPREADS
    head = ("of", "over", "n", "mean", "least", "most", "range", "of these", "sample")
    yield markdown(head, map(_spread, _spreads(seen)))
    yield "## By class\n\nBookings that an attempt ended so for; one may stand in several.\n"
    words = dict.fromkeys(word for one in seen.columns for word in one.outcomes)
    yield markdown(("outcome", *names), (_class(word, seen.columns) for word in words))
    yield "## By step\n\np50 and p95 in milliseconds, of bookings that succeeded.\n"
    steps = dict.fromkeys(step for one in seen.columns for step in one.steps)
    yield markdown(("step", *names), ((step, *(_lengths(one, step) for one in seen.columns)) for step in steps))


def _overall(seen: Overview) -> Iterator[tuple[Cell, ...]]:
    shares = [one.success for one in seen.columns]
    rates = [share.rate for share in shares if share.rate is not None]
    best, worst = (_percent(max(rates)), _percent(min(rates))) if rates else ("-", "-")
    yield "success rate", *(_percent(share.rate) for share in shares), best, worst
    counts = [share.count for share in shares]
    yield "confirmed", *(f"{share.count}/{share.of}" for share in shares), str(max(counts)), str(min(counts))
    claims = [one.claimed for one in seen.columns]
    most, least = max(share.count for share in claims), min(share.count for share in claims)
    yield "claimed", *(f"{share.count}/{share.of}" for share in claims), str(most), str(least)
    known = [one.violations for one in seen.columns if one.violations is not None]
    cells = ("not checked" if one.violations is None else str(one.violations) for one in seen.columns)
    ends = (str(min(known)), str(max(known))) if known else ("-", "-")
    yield "broken promises", *cells, *ends


def _by_restaurant(seen: Overview) -> Iterator[tuple[Cell, ...]]:
    labels = _names(seen.columns)
    for one in seen.restaurants:
        cells = [_of(column.restaurants.get(one.of)) for column in seen.columns]
        asked = max(share.of for column in seen.columns if (share := column.restaurants.get(one.of)) is not None)
        ends = (labels[one.best], labels[one.worst]) if one.range else ("-", "-")
        row = (*ends, f"{100 * one.range:.1f}")
        yield f"{one.of} ({asked})", *cells, *row


def _passes(columns: Sequence[Column], number: int) -> Iterator[tuple[Cell, ...]]:
    labels = _names(columns)
    for column in columns:
        several = len({one.repeat for one in column.passes}) > 1
        for one in column.passes:
            if one.number == number:
                rate = _percent(one.claimed / one.attempted) if one.attempted else "-"
                told = f"{one.restaurant or 'total'}{f', repeat {one.repeat}' if several else ''}"
                yield labels[column.run_id], told, one.attempted, one.claimed, rate, one.with_tables, one.persisted


def _spreads(seen: Overview) -> Iterator[Spread]:
    for column in seen.columns:
        if column.spread is not None and column.spread.count > 1:
            yield column.spread
            yield from column.claims
    yield from seen.restaurants if len(seen.columns) > 1 else ()
    if seen.runs is not None:
        yield seen.runs


def _spread(one: Spread) -> tuple[Cell, ...]:
    deviation = "-" if one.deviation is None else f"{100 * one.deviation:.1f}"
    rates = (f"{100 * value:.1f}" for value in (one.mean, one.least, one.most, one.range, one.deviation_of_these))
    return one.of, one.over, one.count, *rates, deviation


def _class(word: str, columns: Sequence[Column]) -> tuple[Cell, ...]:
    return telling.label(word), *(one.outcomes.get(word, 0) for one in columns)


def _lengths(column: Column, step: str) -> str:
    took = column.steps.get(step)
    if took is None:
        return "-"
    p50, p95 = ("n too small" if value is None else f"{value:.1f}" for value in (took.p50_ms, took.p95_ms))
    return f"{p50} / {p95} (n {took.count})"


def _production(found: Sequence[ProductionFit]) -> Iterator[str]:
    if not found:
        return
    yield "## Fit for production\n"
    rows = (
        (
            one.run_id,
            each.name,
            each.wanted,
            each.shown,
            each.between or "-",
            {True: "kept", False: "broken", None: "cannot be said"}[each.met],
            each.why,
        )
        for one in found
        for each in one.requirements
    )
    yield markdown(("run", "target", "wanted", "is", "lies between", "stands", "why"), rows)


def _pair(pair: Pair) -> Iterator[str]:
    yield f"## {pair.first} to {pair.other}\n"
    yield "\n".join(f"- {text}" for text in (*pair.says, *(f"because {text}" for text in pair.refusals))) + "\n"
    if pair.regressions:
        yield "\n".join(f"- regression: {text}" for text in pair.regressions) + "\n"
    rows = [_rate("success", pair.primary), *(_rate("beside", row) for row in pair.beside)]
    rows += [_rate(row.restaurant, row) for row in pair.restaurants]
    rows += [_rate(telling.label(row.what), row) for row in pair.outcomes]
    yield markdown(("bookings", "", "first", "other", "points", "lies between", "p", "after Holm", "test"), rows)
    whole = [_latency(row) for row in pair.latencies]
    if whole:
        head = (
            "step",
            "of",
            "n",
            "p50 ms",
            "p95 ms",
            "p50 differs between",
            "p95 differs between",
            "delta",
            "after Holm",
        )
        yield markdown(head, whole)


def _rate(about: str, row: RateRow) -> tuple[Cell, ...]:
    return (
        about,
        row.reading.value if row.reading and not row.restaurant else "",
        f"{row.first.count}/{row.first.of}",
        f"{row.other.count}/{row.other.of}",
        f"{100 * row.difference:.1f}",
        telling.between(row.interval, 100),
        _p(row.p),
        _p(row.p_holm),
        row.test if row.pairs is None else f"{row.test} {row.gained}:{row.lost} of {row.pairs}",
    )


def _latency(row: LatencyRow) -> tuple[Cell, ...]:
    return (
        row.step,
        f"{row.restaurant or 'all'}, {row.population}",
        f"{row.first.count} to {row.other.count}",
        _two(row.first.p50_ms, row.other.p50_ms),
        _two(row.first.p95_ms, row.other.p95_ms),
        "-" if row.p50 is None else telling.between(row.p50),
        "-" if row.p95 is None else telling.between(row.p95),
        f"{row.delta:.2f}",
        _p(row.p_holm),
    )


def _two(one: float | None, two: float | None) -> str:
    if one is None and two is None:
        return "n too small"
    return f"{'-' if one is None else f'{one:.1f}'} to {'-' if two is None else f'{two:.1f}'}"


def _p(value: float | None) -> str:
    if value is None:
        return "-"
    return "<0.0001" if value < 0.0001 else f"{value:.2g}"


def _names(columns: Sequence[Column]) -> dict[str, str]:
    """What each run is called at the head of its column: its name, with its id where several have that name."""
    said = [one.name for one in columns]
    names = {}
    for one in columns:
        name = one.name if said.count(one.name) == 1 and one.name else f"{one.name} {one.run_id}".strip()
        names[one.run_id] = f"{name} ({one.setting})" if one.setting else name
    return names


def _of(share: Share | None) -> str:
    if share is None or share.rate is None:
        return "-"
    return f"{share.count} ({_percent(share.rate)})"


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f} %"
