"""All there is to say about the row that was under the cursor."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from engine.model.snapshot import RunSnapshot
from tui.lines import Area, Ink, Line, line
from tui.panel import Panel
from tui.screens.sheet import Sheet


class DetailScreen(Sheet[None]):
    """Follows its row while the run goes on; says so when the row is gone."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "leave", "back", show=False)]

    def __init__(self, kind: type[Panel], row: str, snapshot: RunSnapshot, *, ascii_only: bool = False) -> None:
        super().__init__(snapshot, ascii_only=ascii_only)
        self.kind = kind
        self.row = row
        self._last: tuple[str, list[Line]] = (row, [])

    def _now(self) -> tuple[str, list[Line]]:
        found = self.kind.detail(self.snapshot, self.row) if self.snapshot else None
        if found is not None:
            self._last = found
            return found
        title, lines = self._last
        return f"{title}, gone", [line(("  it is gone; this was its last picture", Ink.CONTENTION)), *lines]

    def title_words(self) -> str:
        """The panel it came from, and what it is."""
        return f" {self.kind.TITLE} > {self._now()[0]} "

    def draw(self, area: Area) -> list[Line]:
        """The detail, long texts wrapped."""
        return [part for one in self._now()[1] for part in _wrapped(one, area.width)]


def _wrapped(given: Line, width: int) -> list[Line]:
    """The line, its last span going on below where it is too long."""
    if len(given.text) <= width or not given.spans:
        return [given]
    *before, last = given.spans
    indent = sum(len(span.text) for span in before) or len(last.text) - len(last.text.lstrip())
    room = max(10, width - indent)
    text = last.text if before else last.text.strip()
    pieces = [text[start : start + room] for start in range(0, len(text), room)]
    first = line(*before, (pieces[0], last.ink)) if before else line(" " * indent, (pieces[0], last.ink))
    return [first, *(line(" " * indent, (piece, last.ink)) for piece in pieces[1:])]
