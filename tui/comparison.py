"""A comparison as a page for people."""

from collections.abc import Iterator, Sequence

from engine.judge import telling
from engine.model.comparison import Comparison, Ends, LatencyRow, Pair, RateRow, Share, Side, Word
from tui.format import per_second


def lines(found: Comparison) -> Iterator[str]:
    """The whole page."""
    yield from _table(
        ("run", "plan", "workers", "began", "success", "lies between", "claimed", "filled/s"), map(_side, found.runs)
    )
    yield ""
    yield f"primary metric, declared: {found.metric}"
    for one in found.runs:
        yield from (f"note: run {one.run_id}: {alert}" for alert in one.alerts)
    yield from found.says
    for pair in found.pairs:
        yield ""
        yield from _pair(pair)
    yield ""
    yield from telling.methods(found.tests)


def _pair(pair: Pair) -> Iterator[str]:
    yield f"{pair.first} to {pair.other}: {pair.says[0]}"
    yield from (f"    because {text}" for text in pair.refusals)
    yield from (f"  {text}" for text in pair.says[1:])
    yield from (f"  regression: {text}" for text in pair.regressions)
    rows = [_rate("primary", pair.primary)]
    rows += [_rate("beside", row) for row in pair.beside]
    rows += [_rate(row.restaurant, row) for row in pair.restaurants]
    rows += [_rate(telling.label(row.what), row) for row in pair.outcomes]
    yield ""
    yield from _table(("bookings", "", "first", "other", "points", "lies between", "p", "after Holm", "test"), rows)
    if pair.latencies:
        yield ""
        head = ("step", "of", "n", "p50 ms", "differs by", "lies between", "p95 ms", "differs by", "lies between")
        yield from _table((*head, "shift ms", "lies between", "delta", "after Holm", ""), map(_latency, pair.latencies))


def _side(one: Side) -> tuple[str, ...]:
    name = f"{one.run_id} {one.name}".strip()
    ends = f"{100 * one.interval.low:.1f} to {100 * one.interval.high:.1f} %"
    return (
        name,
        one.plan,
        one.concurrency,
        one.started_at[:19],
        telling.of(one.success),
        ends,
        telling.of(one.claimed),
        per_second(one.fills_per_s),
    )


def _rate(about: str, row: RateRow) -> tuple[str, ...]:
    pairs = "" if row.pairs is None else f" {row.gained}:{row.lost} of {row.pairs}"
    return (
        about,
        row.reading.value if row.reading and not row.restaurant else "",
        _share(row.first),
        _share(row.other),
        f"{100 * row.difference:.1f}",
        telling.between(row.interval, 100),
        _p(row.p),
        _p(row.p_holm),
        f"{row.test}{pairs}",
    )


def _latency(row: LatencyRow) -> tuple[str, ...]:
    where = f"{row.restaurant or 'all'}, {row.population}"
    return (
        row.step,
        where,
        _both(str(row.first.count), str(row.other.count)),
        *_percentile(row.first.p50_ms, row.other.p50_ms, row.p50_ms, row.p50),
        *_percentile(row.first.p95_ms, row.other.p95_ms, row.p95_ms, row.p95),
        "-" if row.shift_ms is None else f"{row.shift_ms:.1f}",
        _ends(row.shift),
        f"{row.delta:.2f}",
        _p(row.p_holm),
        row.word.value if row.word in (Word.WORSE, Word.BETTER) else "",
    )


def _percentile(one: float | None, two: float | None, gap: float | None, ends: Ends | None) -> tuple[str, str, str]:
    if one is None and two is None:
        return "n too small", "-", "-"
    return _both(_ms(one), _ms(two)), "-" if gap is None else f"{gap:.1f}", _ends(ends)


def _both(one: str, two: str) -> str:
    return f"{one} to {two}"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _ends(ends: Ends | None) -> str:
    return "-" if ends is None else telling.between(ends)


def _p(value: float | None) -> str:
    if value is None:
        return "-"
    return "<0.0001" if value < 0.0001 else f"{value:.2g}"


def _share(share: Share) -> str:
    return f"{share.count}/{share.of}"


def _table(head: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns under their heads."""
    texts = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[at]) for row in texts) for at in range(len(head))]
    for row in texts:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
