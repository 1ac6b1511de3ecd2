"""A short list to choose from."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.lines import Area, Ink, Line, line
from tui.screens.sheet import Sheet
from tui.table import first_row


class MenuScreen(Sheet[str]):
    """Answers the word that was chosen, or None."""

    MOST_WIDTH = 40
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", "up", show=False),
        Binding("down,s", "choose(1)", "down", show=False),
        Binding("enter", "take", "take", show=False),
    ]

    def __init__(self, title: str, words: Sequence[str], chosen: str, *, ascii_only: bool = False) -> None:
        super().__init__(None, ascii_only=ascii_only)
        self.words = list(words)
        self.at = self.words.index(chosen) if chosen in self.words else 0
        self._title = title

    def title_words(self) -> str:
        """What is chosen here."""
        return f" {self._title} "

    def draw(self, area: Area) -> list[Line]:
        """A line a word."""
        lines = [
            line(("> " if place == self.at else "  ", Ink.ACCENT), word, row=word)
            for place, word in enumerate(self.words)
        ]
        return [*lines, line(("enter takes, esc leaves", Ink.MUTED))]

    def lit(self) -> str:
        """The word the cursor is on."""
        return self.words[self.at]

    def action_choose(self, by: int) -> None:
        """Another word."""
        self.at = (self.at + by) % len(self.words)
        # A list may be longer than the screen is high.
        self.top = first_row(self.top, self.at, len(self.words) + 1, max(1, self.app.size.height - 4))
        self.redraw()

    def action_take(self) -> None:
        """This one."""
        self.dismiss(self.words[self.at])
