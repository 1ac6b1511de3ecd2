"""Screens that lie over the main one: a box of lines that follows the run while it is open."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from engine.model.snapshot import RunSnapshot
from tui.answered import Answer, Answered
from tui.inked import Raised
from tui.lines import Area, Line, fill, line


class Sheet(Answered[Answer]):
    """A box of lines in the middle of the screen. A kind of sheet gives `title` and `draw`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "back", show=False),
        Binding("up", "scroll_by(-1)", "up", show=False),
        Binding("down", "scroll_by(1)", "down", show=False),
        Binding("pageup", "scroll_by(-10)", "page up", show=False),
        Binding("pagedown", "scroll_by(10)", "page down", show=False),
    ]
    MOST_WIDTH: ClassVar[int] = 110

    def __init__(self, snapshot: RunSnapshot | None, *, ascii_only: bool = False) -> None:
        super().__init__()
        self.snapshot = snapshot
        self.top = 0
        self.sheet = Raised(ascii_only=ascii_only)

    def title_words(self) -> str:
        """The words in the frame."""
        return ""

    def draw(self, area: Area) -> list[Line]:
        """The lines in the box."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """One widget of lines."""
        yield self.sheet

    def show(self, snapshot: RunSnapshot) -> None:
        """The run has moved on."""
        self.snapshot = snapshot
        self.redraw()

    def redraw(self) -> None:
        """Draw again, in a box as large as its lines ask for and the screen allows."""
        width = min(self.MOST_WIDTH, self.app.size.width - 4)
        lines = self.draw(Area(width - 4, 0))
        height = min(len(lines), max(1, self.app.size.height - 4))
        self.top = max(0, min(self.top, len(lines) - height))
        self.sheet.styles.width = width
        # Frames count: two cells across and two lines, and a cell of padding at either side.
        self.sheet.styles.height = height + 2
        more = "  up and down show more " if len(lines) > height else ""
        # Markup is read in border titles; what comes from the server is not markup.
        self.sheet.border_title = (line(self.title_words()).text + more).replace("[", "\\[")
        self.sheet.put(fill(lines[self.top :], Area(width - 4, height)), self.lit())

    def lit(self) -> str:
        """The row that is lit up."""
        return ""

    def on_mount(self) -> None:
        """Draw for the first time."""
        self.redraw()

    def on_resize(self, _: events.Resize) -> None:
        """The terminal has another size."""
        self.redraw()

    def action_scroll_by(self, by: int) -> None:
        """Show other lines."""
        self.top = max(0, self.top + by)
        self.redraw()

    def action_leave(self) -> None:
        """Back, with nothing chosen."""
        self.dismiss(None)
