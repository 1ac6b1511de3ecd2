"""All there is to say about the row that was under the cursor."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from engine.model.snapshot import RunSnapshot
from tui.lines import Area, Ink, Line, line
from tui.panel import Panel
from tui.screens.rows import folded, trail
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
        """Where it was opened, and what it is."""
        return f" {trail(self)}   esc back "

    @property
    def crumb(self) -> str:
        """The panel it came from, and what it is."""
        return f"{self.kind.TITLE} > {self._now()[0]}"

    def draw(self, area: Area) -> list[Line]:
        """The detail, long texts wrapped."""
        return [part for one in self._now()[1] for part in folded(one, area.width)]
