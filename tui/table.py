"""Columns that give way whole: a narrow screen drops a column rather than cutting it."""

from collections.abc import Sequence
from typing import NamedTuple

from tui.lines import Ink, Line, Span, cut, width_of


class Column(NamedTuple):
    """One column. Priority 0 always stays; the highest number goes first."""

    head: str
    width: int
    priority: int = 0
    right: bool = False
    grow: bool = False
    """Takes the room that is left; several share it."""


class Fitted(NamedTuple):
    """Where a column of the table went: its place in the row, and its width here."""

    place: int
    width: int
    right: bool
    head: str


def choose(columns: Sequence[Column], width: int) -> tuple[Fitted, ...]:
    """The columns that fit into the width with a blank between them and two cells before them for the cursor."""
    kept = list(enumerate(columns))
    room = width - 2

    def size() -> int:
        return sum(column.width + 1 for _, column in kept) - 1

    while len(kept) > 1 and size() > room:
        droppable = [pair for pair in kept if pair[1].priority > 0]
        if not droppable:
            break
        kept.remove(max(reversed(droppable), key=lambda pair: pair[1].priority))
    spare = max(0, room - size())
    growing = [index for index, column in kept if column.grow]
    share, rest = divmod(spare, len(growing)) if growing else (0, 0)
    extra = {index: share + (rest if index == growing[-1] else 0) for index in growing}
    return tuple(Fitted(index, column.width + extra.get(index, 0), column.right, column.head) for index, column in kept)


def _cell(text: str, fitted: Fitted) -> str:
    text = cut(text, fitted.width)
    blanks = " " * (fitted.width - width_of(text))
    return blanks + text if fitted.right else text + blanks


def head(chosen: Sequence[Fitted]) -> Line:
    """The line of the columns' names."""
    return Line((Span("  "), Span(" ".join(_cell(one.head, one) for one in chosen), Ink.MUTED)))


def row(chosen: Sequence[Fitted], cells: Sequence[Span], key: str = "", cursor: str = "") -> Line:
    """One row; `>` stands before the one the cursor is on."""
    spans = [Span("> ", Ink.ACCENT) if key and key == cursor else Span("  ")]
    for place, one in enumerate(chosen):
        span = cells[one.place]
        gap = " " if place < len(chosen) - 1 else ""
        spans.append(Span(_cell(span.text, one) + gap, span.ink))
    return Line(tuple(spans), key)


def first_row(top: int, cursor_at: int | None, count: int, height: int) -> int:
    """The row to begin with, so that the cursor is seen and no room is wasted below the last row."""
    top = max(0, min(top, count - height))
    if cursor_at is None:
        return top
    return max(min(top, cursor_at), cursor_at - max(1, height) + 1, 0)


def follow(lines: Sequence[Line], cursor: str, height: int) -> list[Line]:
    """The lines from where the cursor's line is seen; for blocks in which a row is not a line."""
    at = next((place for place, one in enumerate(lines) if cursor and one.row == cursor), None)
    return list(lines[first_row(0, at, len(lines), height) :])
