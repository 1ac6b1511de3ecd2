"""The question before a repair: every row it would change, and why."""

import textwrap
from typing import ClassVar

from textual.binding import Binding, BindingType

from engine.model.command import Answer
from engine.model.snapshot import RunSnapshot
from tui.format import plain
from tui.lines import Area, Ink, Line, line
from tui.screens.sheet import Sheet


class RepairScreen(Sheet[bool]):
    """Answers whether to do it. What is there by then is looked at again before anything is changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "yes", show=False),
        Binding("n", "leave", "no", show=False),
    ]

    def __init__(self, kind: str, found: Answer, snapshot: RunSnapshot | None, *, ascii_only: bool = False) -> None:
        super().__init__(snapshot, ascii_only=ascii_only)
        self.kind = kind
        self.found = found

    def title_words(self) -> str:
        """What would be done, to how many."""
        return f" repair {self.kind}: {self.found.text}? "

    def draw(self, area: Area) -> list[Line]:
        """How to answer, and the rows."""
        rows = [
            line(part)
            for text in self.found.lines
            for part in textwrap.wrap(plain(text), max(20, area.width), subsequent_indent="    ", initial_indent="  ")
        ]
        return [
            # First, as the rows may be more than the screen is high.
            line(
                ("  y", Ink.ACCENT), " does it in one transaction   ", ("n", Ink.ACCENT), " or ", ("esc", Ink.ACCENT),
                " leaves it alone",
            ),
            line(""),
            *rows,
        ]  # fmt: skip

    def action_yes(self) -> None:
        """Do it."""
        self.dismiss(True)
