"""One cell of the map: a sign, and behind it what there is room for."""

from collections.abc import Sequence

from engine.model.ids import worker_name
from engine.model.map_face import CellState, MapCell
from tui.lines import Ink, Span

SIGNS = {
    CellState.OPEN: (".", Ink.MUTED),
    CellState.WANTED: ("?", Ink.ACCENT),
    CellState.HELD: ("~", Ink.ACCENT),
    CellState.CONFIRMED: ("#", Ink.FILLED),
    CellState.TAKEN: ("=", Ink.MUTED),
    CellState.BLOCKED: ("x", Ink.FAULT),
}


def cell_of(cell: MapCell | None, wide: int, *, lit: bool) -> list[Span]:
    """A sign, and behind it what there is room for: who holds it, or how often it was fought for."""
    sign, ink = SIGNS[cell.state] if cell is not None else (".", Ink.MUTED)
    fights = cell.conflicts if cell is not None else 0
    if fights and sign == ".":
        sign, ink = "!", Ink.CONTENTION
    if lit:
        return [Span(">", Ink.ACCENT), Span(f"{sign:<{wide - 1}}", ink)] if wide > 1 else [Span(">", Ink.ACCENT)]
    if wide == 1:
        return [Span(sign, ink)]
    in_hand = cell is not None and cell.state in (CellState.HELD, CellState.WANTED)
    if cell is not None and in_hand and cell.worker is not None and wide > len(name := worker_name(cell.worker)):
        return [Span(f"{sign}{name:<{wide - 1}}", ink)]
    if not fights:
        return [Span(f"{sign:<{wide}}", ink)]
    return [Span(sign, ink), Span(f"{figure(fights, wide):<{wide - 1}}", Ink.CONTENTION)]


def figure(count: int, room: int) -> str:
    """The count in fewer cells than there are, `+` where it has more; nothing for none."""
    if not count:
        return ""
    width = max(1, room - 1)
    return str(count) if len(str(count)) <= width else "9" * (width - 1) + "+"


def merged(spans: Sequence[Span]) -> list[Span]:
    """Neighbours of one ink as one span: a terminal is told a colour once."""
    found: list[Span] = []
    for span in spans:
        if found and found[-1].ink is span.ink:
            found[-1] = Span(found[-1].text + span.text, span.ink)
        elif span.text:
            found.append(span)
    return found
