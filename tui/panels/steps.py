"""How long each step takes: a row of bars a step, all on one scale, and percentiles beside them."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

from engine.model.paths_face import PlannerFace
from engine.model.snapshot import RunSnapshot, StepFigures
from engine.model.step import Step
from tui.behind import Behind
from tui.format import nice_ceiling, per_second, tally, took
from tui.lines import Area, Ink, Line, Span, line
from tui.panel import Panel, Want
from tui.spark import seconds_shown, spark, window
from tui.view import View

_LABELS = {Step.INLINE_WAIT: "inline", Step.BACKGROUND_WAIT: "backgr."}
_NAME = 9
# A row: name, bars, figures. Figures that do not fit beside at least this many bars go, the least telling first.
_FEWEST_BARS = 24
_FEW = "n<500"
"""In place of a p99 of too few."""
_SECOND = 1_000_000_000
_RECENT_S = 10


class _Row(NamedTuple):
    """What a row shows: a step, or the planner, which is none."""

    name: str
    ink: Ink
    bars: Ink
    figures: StepFigures | PlannerFace


def _rows(snapshot: RunSnapshot, height: int) -> list[_Row]:
    """Rows there is room for; the planner's goes first."""
    rows = []
    for step in ranked_steps(snapshot.steps, height):
        total = step.step is Step.TOTAL
        name = _LABELS.get(step.step, step.step.value)
        rows.append(_Row(name, Ink.STRONG if total else Ink.TEXT, Ink.ACCENT if total else Ink.BAR, step))
    if snapshot.paths.planner.count and len(rows) < height:
        rows.append(_Row("planner", Ink.MUTED, Ink.MUTED, snapshot.paths.planner))
    return rows


def _bars(area: Area, figures: int) -> int:
    return max(0, area.width - _NAME - figures - 3)


def _figures(step: StepFigures | PlannerFace, width: int) -> list[tuple[int, tuple[Span, ...]]]:
    """The figures beside the bars with the cells each takes, as many as leave room for the bars."""

    def pair(name: str, value: str, ink: Ink = Ink.TEXT, cells: int = 6) -> tuple[int, tuple[Span, ...]]:
        return len(name) + cells + 3, (Span(f"  {name} ", Ink.MUTED), Span(f"{value:>{cells}}", ink))

    p99 = took(step.p99_ns) if step.p99_ns is not None or not step.count else _FEW
    # No step, so never refused: the cells say instead where its time was spent.
    last = (
        pair("refused", tally(step.refused), Ink.CONTENTION if step.refused else Ink.MUTED, 5)
        if isinstance(step, StepFigures)
        else (15, (Span("  in the request", Ink.MUTED),))
    )
    ranked = [
        (2, pair("p50", took(step.p50_ns))),
        (1, pair("p95", took(step.p95_ns), Ink.STRONG)),
        (3, pair("p99", p99, Ink.MUTED if p99 == _FEW else Ink.TEXT)),
        (6, pair("max", took(step.max_ns))),
        (4, pair("n", tally(step.count), cells=5)),
        (5, last),
    ]
    kept = list(ranked)
    while len(kept) > 1 and _NAME + 3 + sum(figure[0] for _, figure in kept) + _FEWEST_BARS > width:
        kept.remove(max(kept, key=lambda one: one[0]))
    return [figure for _, figure in kept]


def ranked_steps(steps: tuple[StepFigures, ...], height: int) -> tuple[StepFigures, ...]:
    """The steps there is room for, in their own order; total comes first, then those that take longest."""
    if len(steps) <= height:
        return steps
    weight = {step.step: (step.step is Step.TOTAL, step.p95_ns or 0) for step in steps}
    chosen = sorted(steps, key=lambda step: weight[step.step], reverse=True)[: max(0, height)]
    return tuple(step for step in steps if step in chosen)


class StepsPanel(Panel):
    """Latency of every step."""

    NAME: ClassVar[str] = "steps"
    TITLE: ClassVar[str] = "steps"
    KEY: ClassVar[str] = "1"
    HELP: ClassVar[str] = (
        "One row a step. Bars: the longest of each second, all rows on the scale in the title, a blank where "
        "nothing ended. Percentiles: of the steps that succeeded, over the whole run; p99 needs 500 of them. "
        "planner, in the request: what the platform says its planner took while the submit waited, confirmed or not; "
        "a figure of its own and no step. :zoom 10s, 1m or all shows another stretch. :behind RUN lays another run "
        "behind this one: below each row a `~` row of that run, its first second under our first, on the same scale "
        "and in an alphabet of its own."
    )

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """A row a step; three are enough to be of use."""
        count = len(snapshot.steps) + bool(snapshot.paths.planner.count) if snapshot else 6
        return Want(1 + min(3, max(1, count)), 1 + min(3, max(1, count)), 1 + max(1, count))

    @classmethod
    def want_with_behind(cls, snapshot: RunSnapshot | None) -> Want:
        """The same when another run is laid behind: a row more for each, and two for the fills."""
        alone = cls.want(snapshot)
        return Want(5, min(7, 1 + 2 * alone.most), 1 + 2 * alone.most)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """Which time the bars span, and their scale."""
        if not snapshot.steps:
            return cls.TITLE
        columns = _bars(area, sum(cells for cells, _ in _figures(snapshot.steps[-1], area.width)))
        seconds = max(len(step.series) for step in snapshot.steps)
        span = seconds_shown(seconds, columns, view.seconds, whole=view.full)
        behind = f", ~ behind: {view.behind.name}" if view.behind else ""
        return f"{cls.TITLE}, {span}, one scale 0..{took(_scale(snapshot, columns, view)).replace('.0', '')}{behind}"

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """A row a step."""
        if not snapshot.steps:
            return [line(("  no step has ended yet", Ink.MUTED))]
        if view.behind is not None:
            return _with_behind(snapshot, area, view, view.behind)
        return list(_lines(snapshot, _rows(snapshot, area.height), area, view))


def _lines(snapshot: RunSnapshot, rows: Sequence[_Row], area: Area, view: View) -> Iterator[Line]:
    """The rows, all on one scale: it is asked of every second of every step, so once for all that have as many bars."""
    scales: dict[int, int] = {}
    for shown in rows:
        figures = _figures(shown.figures, area.width)
        columns = _bars(area, sum(cells for cells, _ in figures))
        if columns not in scales:
            scales[columns] = _scale(snapshot, columns, view)
        yield _line(shown, figures, columns, scales[columns], view)


def _line(shown: _Row, figures: Sequence[tuple[int, tuple[Span, ...]]], columns: int, scale: int, view: View) -> Line:
    values = window(shown.figures.series, columns, view.seconds, whole=view.full)
    spans = [
        Span(f" {shown.name:<{_NAME - 1}}", shown.ink),
        Span(spark(values, scale, ascii_only=view.ascii), shown.bars),
    ]
    for _, figure in figures:
        spans.extend(figure)
    return Line(tuple(spans))


# Not the alphabet of the run itself, in Unicode or in ASCII: without colours the two must not be taken for each other.
_BEHIND = ".,:;ijlI"


def _with_behind(snapshot: RunSnapshot, area: Area, view: View, behind: Behind) -> list[Line]:
    """Rows in pairs, throughput first: this run, and below it the one behind it."""
    lines = _fills(snapshot, area, view, behind) if area.height >= 4 else []
    second = snapshot.run.elapsed_ns // _SECOND
    rows = _rows(snapshot, (area.height - len(lines)) // 2)
    for shown, drawn in zip(rows, _lines(snapshot, rows, area, view), strict=True):
        lines.append(drawn)
        cells = sum(cells for cells, _ in _figures(shown.figures, area.width))
        columns = _bars(area, cells)
        series = _series_behind(shown, behind, second)
        values = window(series, columns, view.seconds, whole=view.full)
        lines.append(_behind_line(shown.name, values, _scale(snapshot, columns, view), behind.name))
    return lines


def _series_behind(shown: _Row, behind: Behind, second: int) -> tuple[int | None, ...]:
    name = f"step {shown.figures.step}" if isinstance(shown.figures, StepFigures) else "planner"
    return behind.under(name, second, len(shown.figures.series))


def _behind_line(name: str, values: Sequence[int | None], scale: int, run: str) -> Line:
    return line(
        (f" ~{name:<{_NAME - 2}}", Ink.MUTED),
        (spark(values, scale, alphabet=_BEHIND), Ink.MUTED),
        (f"  {run}", Ink.MUTED),
    )


def _fills(snapshot: RunSnapshot, area: Area, view: View, behind: Behind) -> list[Line]:
    """Fills of each second, both runs on a scale of their own."""
    figures = _figures(snapshot.steps[-1], area.width)
    columns = _bars(area, sum(cells for cells, _ in figures))
    second = snapshot.run.elapsed_ns // _SECOND
    other = behind.under("fills", second, len(snapshot.fills))
    ours, theirs = (window(series, columns, view.seconds, whole=view.full) for series in (snapshot.fills, other))
    top = max((value for value in (*ours, *theirs) if value is not None), default=0)
    counted = [value for value in other[-_RECENT_S:] if value is not None]
    rates = [
        per_second(sum(values) / len(values) if values else None) for values in (snapshot.fills[-_RECENT_S:], counted)
    ]
    return [
        line(
            (f" {'fills':<{_NAME - 1}}", Ink.TEXT),
            (spark(ours, top, ascii_only=view.ascii), Ink.FILLED),
            (f"  {rates[0]}, most {top}", Ink.TEXT),
        ),
        _behind_line("fills", theirs, top, f"{rates[1]} {behind.name}"),
    ]


def _scale(snapshot: RunSnapshot, columns: int, view: View) -> int:
    """One scale for all rows, so that they can be compared: the next round length above all that is shown."""
    every: list[Sequence[int | None]] = [*(step.series for step in snapshot.steps), snapshot.paths.planner.series]
    if view.behind is not None:
        second = snapshot.run.elapsed_ns // _SECOND
        every += [view.behind.under(f"step {step.step}", second, len(step.series)) for step in snapshot.steps]
    most = 0 if view.seconds == 0 or (view.seconds is None and view.full) else view.seconds or columns
    seen = (value for series in every for value in (series[-most:] if most else series if columns else ()))
    return nice_ceiling(max((value for value in seen if value is not None), default=0))
