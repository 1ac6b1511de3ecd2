"""Which way bookings came to their end, the platform's planner, and in flight, waste and backlog on one time axis."""

from itertools import pairwise
from typing import ClassVar

from engine.model.paths_face import PathsFace, PlannerFace, WasteOutlier
from engine.model.snapshot import RunSnapshot
from engine.model.step import Step
from tui.format import ratio, tally, took
from tui.lines import Area, Ink, Line, Part, Span, beside, line, part, squeeze, width_of
from tui.panel import Panel, Want
from tui.spark import bar, spark, window
from tui.view import View
from tui.ways import WAYS, counts, note_of

OURS = "quote, hold and confirm are ours on this target: see steps"
_OURS = frozenset({Step.QUOTE, Step.HOLD, Step.CONFIRM})
_SECOND = 1_000_000_000
_NAME = 13
_WAY = 32
_FIGURES = 20
_BESIDE = 116
"""From this width on the planner stands beside the ways."""
_TALL = 13
"""Lines from which each way has a line of its own."""


class PathsPanel(Panel):
    """Inline, background, late and timed out; planner; queue."""

    NAME: ClassVar[str] = "paths"
    TITLE: ClassVar[str] = "inline / background"
    KEY: ClassVar[str] = "i"
    HELP: ClassVar[str] = (
        "How bookings made through the API came to their end: # inline, b by the background job, L late (the platform"
        " noted an inline timeout and confirmed all the same), ? undecided when the window closed, x failed for "
        "certain, u unknown. Planner: what the platform says it took in the request, as a histogram on a logarithmic "
        "axis. Below, second by second and aligned: attempts in flight, the greatest seat waste, bookings submitted "
        "and not yet decided. `!` marks seat waste that stands out: above Q3 + 1.5 IQR and three seats at least."
    )

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """Steady, whatever comes up; little where the target shows no paths."""
        if snapshot is not None and _is_ours(snapshot):
            return Want(4, 5, 8)
        return Want(6, 10, 18, 15)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """How many, and what is still open."""
        face = snapshot.paths
        if not face.paths:
            return cls.TITLE
        undecided = f", {tally(face.undecided)} left undecided" if face.undecided else ""
        return f"{cls.TITLE}: {tally(face.total)} ended, {tally(face.late)} late   backlog {face.backlog}{undecided}"

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """Ways, planner, series, outliers; what there is no room for goes, the last first."""
        face = snapshot.paths
        series = _series(snapshot, area, view)
        if not face.paths:
            words = OURS if _is_ours(snapshot) else "no booking has come to its end yet"
            return [line((f"  {words}", Ink.MUTED)), *series, *_outliers(face), *_flags(snapshot, area, view)]
        found = counts(face)
        planner = _planner(face.planner, area.width, view)
        lines = [_stacked(found, area.width)]
        if area.height >= _TALL and area.width >= _BESIDE:
            half = area.width * 58 // 100
            right = _planner(face.planner, area.width - half, view)
            lines += beside(_ways(face, found, half), [*right, line(""), _now(snapshot)], area.width, half)
        elif area.height >= _TALL:
            lines += [*_ways(face, found, area.width), *planner, _now(snapshot)]
        else:
            lines += [_legend(found, area.width), *planner[: 1 if area.height < 8 else 2]]
        lines += series[: max(0, area.height - len(lines))]
        return [*lines, *_outliers(face), *_flags(snapshot, area, view)]


def _is_ours(snapshot: RunSnapshot) -> bool:
    return any(step.step in _OURS for step in snapshot.steps)


def _stacked(found: tuple[int, ...], width: int) -> Line:
    """All bookings as one bar of signs, a way after the other; none that there is goes unseen."""
    room = max(1, width - 4)
    total = max(1, sum(found))
    cells = [max(1, count * room // total) if count else 0 for count in found]
    # What rounding leaves or takes goes to the longest.
    cells[cells.index(max(cells))] += room - sum(cells)
    return Line((Span("  "), *(Span(way.sign * size, way.ink) for way, size in zip(WAYS, cells, strict=True))))


def _legend(found: tuple[int, ...], width: int) -> Line:
    """Signs with their counts; the shares only where there is room for all of them, as no count may be missing."""
    total = sum(found)
    kept = [(way, count) for way, count in zip(WAYS, found, strict=True) if count]
    with_shares = (
        sum(len(f"{way.sign} {way.word} {tally(count)} {ratio(count, total)}  ") for way, count in kept) < width
    )
    parts = []
    for way, count in kept:
        share = (f" {ratio(count, total)}" if with_shares else "", Ink.MUTED)
        parts.append(part(0, (f"{way.sign} {way.word} ", way.ink), (tally(count), Ink.STRONG), share))
    return _indented(parts, width)


def _indented(parts: list[Part], width: int) -> Line:
    return Line((Span(" "), *squeeze(parts, width - 1, "  ").spans))


def _ways(face: PathsFace, found: tuple[int, ...], width: int) -> list[Line]:
    total = sum(found)
    lines = []
    for way, count in zip(WAYS, found, strict=True):
        wide = min(20, width - _WAY - 50)
        drawn = f"{bar(count / max(1, total), wide):<{wide}}  " if wide >= 6 else ""
        lines.append(
            line(
                (f"  {way.sign} {way.word:<11}", way.ink if count else Ink.MUTED),
                (f"{tally(count):>6}", Ink.STRONG if count else Ink.MUTED),
                (f"{ratio(count, total):>8}  ", Ink.MUTED),
                (drawn, way.ink),
                (note_of(way, face) if count else "", Ink.MUTED),
            )
        )
    return lines


def _planner(planner: PlannerFace, width: int, view: View) -> list[Line]:
    """The sentence, and the histogram with its ends."""
    if not planner.count:
        return [line(("  planner  ", Ink.MUTED), ("the platform says nothing of its planner", Ink.MUTED))]
    p99 = "" if planner.p99_ns is None else f"  p99 {took(planner.p99_ns)}"
    figures = f"n {tally(planner.count)}  p50 {took(planner.p50_ns)}  p95 {took(planner.p95_ns)}{p99}"
    words = [part(0, ("planner  ", Ink.MUTED), (planner.words, Ink.STRONG)), part(1, (figures, Ink.MUTED))]
    low, high = took(planner.min_ns), took(planner.max_ns)
    room = max(1, width - len(low) - len(high) - 6)
    bars = _widened(planner.bars, room)
    drawn = spark([count or None for count in bars], max(bars, default=0), ascii_only=view.ascii)
    return [_indented(words, width), line((f"  {low} ", Ink.MUTED), (drawn, Ink.BAR), (f" {high}", Ink.MUTED))]


def _widened(bars: tuple[int, ...], room: int) -> list[int]:
    """The bars in the room there is: each some columns wide, or several in one column, added up."""
    if len(bars) <= room:
        each = min(6, room // max(1, len(bars)))
        return [count for count in bars for _ in range(each)]
    edges = [place * len(bars) // room for place in range(room + 1)]
    return [sum(bars[low:high]) for low, high in pairwise(edges)]


def _now(snapshot: RunSnapshot) -> Line:
    """Where the bookings in hand are at this moment."""
    at = [
        sum(one.step is step for one in snapshot.workers)
        for step in (Step.SUBMIT, Step.INLINE_WAIT, Step.BACKGROUND_WAIT)
    ]
    words = f"{at[0]} in the request, {at[1]} inline, {at[2]} background"
    return line(("  now      ", Ink.MUTED), (words, Ink.TEXT))


def _series(snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
    """Three rows on one time axis, each on its own scale; outliers are marked under the second they ended in."""
    face = snapshot.paths
    columns = max(1, area.width - _NAME - _FIGURES)
    filled = sum(count for _, count in face.waste)
    mean = f"{sum(seats * count for seats, count in face.waste) / filled:.1f}" if filled else "-"
    flying = face.in_flight_series[-1] if face.in_flight_series else 0
    lines = [
        _row("in flight", _loud(face.in_flight_series, columns, view), f"now {flying:>4}", view, Ink.BAR),
        _row("seat waste", _shown(face.waste_series, columns, view), f"mean{mean:>4}", view, Ink.CONTENTION),
    ]
    marks = _marks(snapshot, columns, view)
    if marks.strip():
        lines.append(
            line((f"{'':<{_NAME}}", Ink.TEXT), (marks, Ink.FAULT), (f"  {face.outlying} stand out", Ink.FAULT))
        )
    if face.paths:
        lines.append(
            _row("backlog", _loud(face.backlog_series, columns, view), f"now {face.backlog:>4}", view, Ink.ACCENT)
        )
    return lines


def _shown(series: tuple[int | None, ...], columns: int, view: View) -> list[int | None]:
    return window(series, columns, view.seconds, whole=view.full)


def _loud(series: tuple[int, ...], columns: int, view: View) -> list[int | None]:
    """With a blank and not the lowest bar where there is nothing: what is there stands out."""
    return [value or None for value in _shown(series, columns, view)]


def _row(name: str, values: list[int | None], figure: str, view: View, ink: Ink) -> Line:
    top = max((value for value in values if value is not None), default=0)
    drawn = spark(values, top, ascii_only=view.ascii)
    return line(
        (f"  {name:<{_NAME - 2}}", Ink.TEXT), (drawn, ink), (f"  {figure} ", Ink.STRONG), (f"max {top:>4}", Ink.MUTED)
    )


def _marks(snapshot: RunSnapshot, columns: int, view: View) -> str:
    """`!` in the columns whose seconds have an outlier."""
    length = len(snapshot.paths.waste_series)
    last = snapshot.run.elapsed_ns // _SECOND
    marks: list[int | None] = [None] * length
    for one in snapshot.paths.outliers:
        place = length - 1 - (last - one.at_ns // _SECOND)
        if 0 <= place < length:
            marks[place] = 1
    return "".join("!" if there else " " for there in window(marks, columns, view.seconds, whole=view.full))


def _outliers(face: PathsFace) -> list[Line]:
    return [_outlier(one) for one in face.outliers]


def _outlier(one: WasteOutlier) -> Line:
    return line(
        ("  ! ", Ink.FAULT),
        (one.booking, Ink.STRONG),
        (f" {one.slot} " if one.slot else " ", Ink.TEXT),
        (f"party {one.party}: {one.seats} seats at {'+'.join(one.tables)}, ", Ink.TEXT),
        (f"{one.waste} too many", Ink.FAULT),
    )


def _flags(snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
    """The platform's flags that differ from its own defaults; on the whole screen all of them."""
    shown = [(name, value) for name, value in snapshot.run.flags.items() if view.full or "(platform: " in value]
    lines: list[Line] = []
    spans: list[Span] = [Span("  flags  ", Ink.MUTED)]
    for name, value in shown:
        if (
            len(spans) > 1
            and sum(width_of(span.text) for span in spans) + width_of(name) + width_of(value) + 4 > area.width
        ):
            lines.append(Line(tuple(spans)))
            spans = [Span("         ", Ink.MUTED)]
        spans += [Span(f"{name.replace('_', ' ')} ", Ink.MUTED), Span(f"{value}   ", Ink.TEXT)]
    return [*lines, Line(tuple(spans))] if shown else []
