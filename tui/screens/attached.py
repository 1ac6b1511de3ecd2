"""Who looks at this run: each console with its number, and what it may do."""

from engine.model.snapshot import RunSnapshot
from tui.lines import Area, Ink, Line, line
from tui.screens.rows import folded
from tui.screens.sheet import Sheet


class AttachedScreen(Sheet[None]):
    """Follows who comes and goes."""

    MOST_WIDTH = 90

    def __init__(self, snapshot: RunSnapshot | None, number: int, *, ascii_only: bool = False) -> None:
        """`number` is that of this console; 0 for one that has none."""
        super().__init__(snapshot, ascii_only=ascii_only)
        self.number = number

    def title_words(self) -> str:
        """What it is, and the way back."""
        return " consoles on this run   esc back "

    def draw(self, area: Area) -> list[Line]:
        """A line a console, then what else is connected."""
        if self.snapshot is None:
            return [line(("  waiting for the engine", Ink.MUTED))]
        run = self.snapshot.run
        lines = [
            line(
                (f" {one.number:>3}  ", Ink.ACCENT),
                one.who,
                ("  only watches" if one.watches else "  steers", Ink.MUTED),
                ("  this one" if one.number == self.number else "", Ink.STRONG),
            )
            for one in run.attached
        ]
        others = run.consoles - len(run.attached)
        if others > 0:
            lines.append(line((f"      and {others} without a screen: progress lines, a command", Ink.MUTED)))
        if not lines:
            lines.append(line(("  nobody has said who it is", Ink.MUTED)))
        words = "  who came, left and did what is among the events: v, or slotfill events"
        return [*lines, line(""), *folded(line((words, Ink.MUTED)), area.width)]
