"""The charts of the report: over time, by step, and over concurrency. Pure; each is one SVG."""

from collections.abc import Mapping, Sequence
from math import log10

from engine.judge.scaling import Scaling
from engine.judge.sweep import basis, means, usable
from engine.metrics.samples import interval, latency_of
from engine.model.figures import Latency
from engine.model.levels import Fit, Level
from engine.model.outcome import OUTCOMES, Kind
from engine.model.report import Result
from engine.model.step import Step
from engine.records import drawing
from engine.records.drawing import DASHES, LEFT, RIGHT, WIDTH, Plot, box, dot, line, path, square, svg, text
from engine.records.levels import RoundSamples
from engine.records.over_time import OverTime

SHOWN = 6
"""Outcomes that a chart tells apart; the rest are one."""
_ROW = 34.0
_FILLED = "filled"
PATTERNS = "".join(
    f'<pattern id="k{number}" width="6" height="6" patternUnits="userSpaceOnUse">'
    f'<rect width="6" height="6" class="k{number} ground"/><path d="{path_}" class="k{number}"/></pattern>'
    for number, path_ in enumerate(("M0 0", "M0 6L6 0", "M0 0L6 6", "M3 0V6", "M0 3H6", "M0 6L6 0M0 0L6 6", "M2 3H4"))
)
"""Fills that differ by their pattern too; the first is plain."""


def throughput(seen: OverTime) -> str:
    """Attempts and fills a second over the time of the run."""
    plot = Plot()
    every, filled = seen.per_second(), seen.per_second(_FILLED)
    most = drawing.ceiling(max(every))
    length = len(every) * seen.width_s
    across, up = plot.across(length), plot.up(most)
    parts = [drawing.upright(plot, up, most), drawing.flat(plot, across, drawing.moments(length), "seconds of the run")]
    for values, kind, dash, name in ((every, "second", DASHES[1], "attempts"), (filled, "first", "", "filled")):
        steps = [(across(place * seen.width_s), up(value)) for at, value in enumerate(values) for place in (at, at + 1)]
        parts.append(path(steps, f"line {kind}", dash))
        top = max(range(len(values)), key=values.__getitem__)
        said = f"{name}, at most {values[top]:.1f}/s"
        parts.append(text(WIDTH - RIGHT - (250 if kind == "first" else 0), 16, said, "right value"))
        x = WIDTH - RIGHT - (430 if kind == "first" else 195)
        parts.append(line((x, 12), (x + 24, 12), f"line {kind}", dash))
    told = (
        f"Attempts that ended (dashed) and those of them that were filled (solid), a second, in stretches of "
        f"{seen.width_s:g} s."
    )
    return svg("Throughput over time (1/s)", told, plot.height, parts)


def outcomes(seen: OverTime) -> str:
    """How attempts ended over the time of the run, stacked."""
    words = seen.outcomes()
    # Filled lies at the bottom, where its height can be read.
    words.sort(key=lambda word: word != _FILLED)
    shown = words if len(words) <= SHOWN else words[: SHOWN - 1]
    rest = words[len(shown) :]
    groups = [(_label(word), (word,)) for word in shown] + ([("all others", tuple(rest))] if rest else [])
    below = 18.0 * ((len(groups) + 2) // 3)
    plot = Plot(height=266.0 + below, bottom=48.0 + below)
    most = drawing.ceiling(max(seen.per_second()))
    length = len(seen.stretches) * seen.width_s
    across, up = plot.across(length), plot.up(most)
    parts = [drawing.upright(plot, up, most), drawing.flat(plot, across, drawing.moments(length), "seconds of the run")]
    heights = [0.0] * len(seen.stretches)
    wide = across(seen.width_s) - across(0)
    for number, (name, members) in enumerate(groups):
        for at, value in enumerate(seen.per_second(*members)):
            if value:
                top = up(heights[at] + value)
                corner = across(at * seen.width_s) + wide * 0.05, top
                parts.append(box(corner, (wide * 0.9, up(heights[at]) - top), f"url(#k{number})"))
                heights[at] += value
        count = sum(one[word] for one in seen.stretches for word in members)
        x, y = LEFT + 215 * (number % 3), plot.low + 52 + 18 * (number // 3)
        parts += [box((x, y - 10), (12, 12), f"url(#k{number})"), text(x + 18, y, f"{name} {count}")]
    told = f"Attempts by how they ended, a second, in stretches of {seen.width_s:g} s, from the bottom up as named."
    return svg("Outcomes over time (attempts/s)", told, plot.height, parts)


def latency(latencies: Mapping[str, Latency], model: str) -> str:
    """Percentiles of each step on a logarithmic scale; empty where no step has any."""
    steps = [(step, took) for step, took in latencies.items() if took.p50 is not None and took.min is not None]
    if not steps:
        return ""
    least = min(max(took.min or 0.0, 1e-3) for _, took in steps)
    scale = drawing.decades(least, max(max(took.max or 0.0, 1e-3) for _, took in steps))
    left, right = LEFT + 46, WIDTH - RIGHT - 150
    plot = Plot(height=TOP_ROWS + _ROW * len(steps) + 44)

    def across(ms: float) -> float:
        share = (log10(max(ms, 1e-3)) - log10(scale[0])) / (log10(scale[-1]) - log10(scale[0]))
        return left + (right - left) * share

    parts = []
    for value in scale:
        parts.append(line((across(value), TOP_ROWS - 8), (across(value), plot.low), "grid"))
        parts.append(text(across(value), plot.low + 16, drawing.short(value), "middle"))
    parts.append(text((left + right) / 2, plot.low + 36, "milliseconds, logarithmic", "middle"))
    for at, (step, took) in enumerate(steps):
        parts.append(_row(TOP_ROWS + _ROW * at + 10, step, took, across))
    told = (
        f"Of steps that succeeded ({model}): a thin line from min to max, a box from p50 to p95, uprights at p50, p90 "
        "and p95, a circle at p99 where 500 samples carry it. The values are those of the table."
    )
    return svg("Latency by step (ms)", told, plot.height, parts)


TOP_ROWS = 42.0


def _row(y: float, step: str, took: Latency, across: drawing.Scale) -> str:
    parts = [text(0, y + 4, f"{step} ({took.count})")]
    if took.min is not None and took.max is not None:
        parts.append(line((across(took.min), y), (across(took.max), y), "line first"))
    if took.p50 is not None and took.p95 is not None:
        parts.append(box((across(took.p50), y - 7), (max(1.0, across(took.p95) - across(took.p50)), 14), "url(#k1)"))
    parts += [
        line((across(value), y - 10), (across(value), y + 10), "line first")
        for value in (took.p50, took.p90, took.p95)
        if value is not None
    ]
    if took.p99 is not None:
        parts.append(dot(across(took.p99), y, "mark second"))
    p95 = "-" if took.p95 is None else f"{took.p95:.1f}"
    parts.append(text(WIDTH - RIGHT, y + 4, f"p50 {took.p50:.1f}  p95 {p95}", "right value"))
    return "".join(parts)


def scaling(result: Result) -> str:
    """Throughput over workers, with each repeat and the fitted curves; empty where the run is no sweep."""
    if result.sweep is None or not result.levels:
        return ""
    how = result.sweep.basis or basis(usable(result.levels))
    found = {of: means(result.levels, of, how) for of in ("attempts", "persisted")}
    highest = max((x for values in found.values() for xs in values.values() for x in xs), default=0.0)
    if not highest:
        return ""
    plot = Plot(height=290.0)
    workers = sorted({one.concurrency for one in result.levels})
    across, up, most = _over(workers, plot, highest)
    parts = [drawing.upright(plot, up, most), drawing.flat(plot, across, workers, "workers")]
    fits = {one.of: one for one in result.sweep.fits}
    for place, (of, mark, kind, dash) in enumerate(
        (("attempts", square, "second", DASHES[1]), ("persisted", dot, "first", ""))
    ):
        if of in fits:
            parts.append(path([(across(n), up(x)) for n, x in _curve(fits[of], workers)], f"line {kind}", dash))
        for n, xs in found[of].items():
            parts.append(line((across(n), up(min(xs))), (across(n), up(max(xs))), f"line {kind}"))
            parts += [mark(across(n), up(x), f"mark {kind} faint") for x in xs]
            mean = sum(xs) / len(xs)
            parts.append(mark(across(n), up(mean), f"mark {kind}"))
            said, above = f"{mean:.1f}", of == "attempts"
            parts.append(text(across(n) + 6, up(mean) + (-6 if above else 14), said, "value small"))
        x = WIDTH - RIGHT - 300 + 160 * place
        parts += [mark(x, 12, f"mark {kind}"), text(x + 8, 16, f"{of}/s")]
    drawn = "curves are the fitted scalability law" if fits else "no law could be fitted"
    told = (
        f"Attempts (squares) and bookings that persisted (circles) a second by workers: every repeat, their mean with "
        f"its value, a line from the least to the greatest repeat; {drawn}."
    )
    return svg("Throughput over concurrency (1/s)", told, plot.height, parts)


def _over(workers: Sequence[int], plot: Plot, highest: float) -> tuple[drawing.Scale, drawing.Scale, float]:
    most = drawing.ceiling(highest)
    return plot.across(max(workers) * 1.06), plot.up(most), most


def _curve(one: Fit, workers: Sequence[int]) -> list[tuple[float, float]]:
    law = Scaling(one.rate, one.sigma, one.kappa)
    first, last = min(workers), max(workers)
    return [(n, law.at(n)) for n in (first + (last - first) * step / 60 for step in range(61))]


def level_latency(levels: Sequence[Level], samples: RoundSamples) -> str:
    """p95 of filled attempts over workers with its interval; empty where no samples are there."""
    rows: list[tuple[int, float, float | None, float | None]] = []
    for workers in sorted({one.concurrency for one in levels}):
        mine = [one for one in levels if one.concurrency == workers]
        total = sorted(took for one in mine for took in samples.get(one.round, {}).get(Step.TOTAL.value, ()))
        p95 = latency_of(total).p95
        if p95 is not None:
            low, high = interval(total, 95)
            rows.append((workers, p95, None if low is None else low / 1e6, None if high is None else high / 1e6))
    if not rows:
        return ""
    plot = Plot()
    most = drawing.ceiling(max(high or p95 for _, p95, _, high in rows))
    across, up = plot.across(rows[-1][0] * 1.06), plot.up(most)
    parts = [drawing.upright(plot, up, most), drawing.flat(plot, across, [row[0] for row in rows], "workers")]
    parts.append(path([(across(n), up(p95)) for n, p95, _, _ in rows], "line first"))
    for n, p95, least, greatest in rows:
        if least is not None:
            top = up(most if greatest is None else greatest)
            parts.append(line((across(n), up(least)), (across(n), top), "line first", "" if greatest else DASHES[2]))
        parts += [dot(across(n), up(p95), "mark first"), text(across(n) + 6, up(p95) - 6, f"{p95:.1f}", "value small")]
    told = (
        "p95 of filled attempts, all repeats of a level together, with the interval that holds it with 95 % certainty; "
        "dotted to the top where so few samples bound it on one side only."
    )
    return svg("p95 of a filled attempt over concurrency (ms)", told, plot.height, parts)


def _label(word: str) -> str:
    known = OUTCOMES.get(word)
    if known is None:
        return word
    return known.label if known.kind is not Kind.FAULT else f"{known.label} (fault)"
