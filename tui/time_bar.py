"""The line on which a run lies from its begin to now: `[=====|==R==A==>]`."""

from itertools import groupby

from tui.format import elapsed
from tui.lines import Ink, Line, Span, fit, line, width_of
from tui.timeline import Timeline

_INKS = {"R": Ink.ACCENT, "A": Ink.FAULT, "M": Ink.CONTENTION, "|": Ink.STRONG, ">": Ink.FILLED, "]": Ink.MUTED}
_LEGEND = "  | here  R act  A alert  M mark  [ ] step  { } jump  g go"
_LEAST_LEGEND = 100
_LONGEST_NAME = 16


def _name(cells: list[str], at: int, name: str) -> None:
    """Write a mark's name behind its sign, where nothing else would be hidden by it."""
    text = name.encode("ascii", "replace").decode("ascii")[:_LONGEST_NAME]
    behind = range(at + 1, at + 1 + len(text))
    if cells[at] == "M" and behind.stop < len(cells) and all(cells[place] == "=" for place in (*behind, behind.stop)):
        cells[at + 1 : behind.stop] = text


def time_line(timeline: Timeline, width: int) -> Line:
    """One line of ASCII in every alphabet; what matters most stands where several fall on one cell."""
    here = timeline.ends_ns if timeline.at_ns is None else timeline.at_ns
    left, right = f" {elapsed(here)} [", f"] {elapsed(timeline.ends_ns)}"
    legend = _LEGEND if width >= _LEAST_LEGEND else ""
    room = width - width_of(left) - width_of(right) - len(legend) - 1
    if room < 3:
        return fit(line((left.strip(" ["), Ink.STRONG)), width)
    cells = ["="] * room
    if timeline.grows:
        cells[-1] = ">"
    whole = max(1, timeline.ends_ns - timeline.begins_ns)

    def cell(at_ns: int) -> int:
        return max(0, min(room - 1, (at_ns - timeline.begins_ns) * room // whole))

    for mark in timeline.marks:
        if timeline.begins_ns <= mark.at_ns <= timeline.ends_ns:
            cells[cell(mark.at_ns)] = mark.sign
    if timeline.at_ns is not None:
        cells[cell(timeline.at_ns)] = "|"
    for mark in timeline.marks:
        if mark.name and timeline.begins_ns <= mark.at_ns <= timeline.ends_ns:
            _name(cells, cell(mark.at_ns), mark.name)
    spans = [Span("".join(group), _INKS.get(sign, Ink.MUTED)) for sign, group in groupby(cells)]
    return fit(Line((Span(left, Ink.STRONG), *spans, Span(right, Ink.MUTED), Span(legend, Ink.MUTED))), width)
