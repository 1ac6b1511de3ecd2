"""Help: what is to be read in the focused panel, and every key and command."""

import textwrap

from engine.model.snapshot import RunSnapshot
from tui.commands import COMMANDS, ConsoleCommand, keys_of
from tui.lines import Area, Ink, Line, Span, beside, line
from tui.panel import Panel
from tui.panels.registry import PANELS
from tui.screens.sheet import Sheet

_WIDE = 100


class HelpScreen(Sheet[None]):
    """Made from the commands and the panels themselves."""

    MOST_WIDTH = 132

    def __init__(
        self, kind: type[Panel] | None, snapshot: RunSnapshot | None, *, watch: bool, ascii_only: bool = False
    ) -> None:
        super().__init__(snapshot, ascii_only=ascii_only)
        self.kind = kind
        self.watching = watch

    def title_words(self) -> str:
        """What it is, and the way back."""
        return " help   esc back "

    def draw(self, area: Area) -> list[Line]:
        """The focused panel, then the groups of commands, in two columns where there is room."""
        lines: list[Line] = []
        if self.kind is not None:
            lines.append(line((f"{self.kind.TITLE}  ", Ink.TITLE), (f"key {self.kind.KEY}", Ink.MUTED)))
            lines += [line(f"  {text}") for text in textwrap.wrap(self.kind.HELP, max(20, area.width - 2))]
            lines.append(line(""))
        groups = {command.group: [one for one in COMMANDS if one.group == command.group] for command in COMMANDS}
        width = area.width // 2 if area.width >= _WIDE else area.width
        blocks = {name: _block(name, commands, width - 2, self.watching) for name, commands in groups.items()}
        if area.width >= _WIDE:
            lines += beside(*_columns(list(blocks.values())), area.width, width)
        else:
            lines += [one for block in blocks.values() for one in (*block, line(""))]
        lines.append(
            line(
                ("Every key is a command too: ", Ink.MUTED),
                ":pause",
                ("  Text is selected with shift held.", Ink.MUTED),
            )
        )
        return lines


def _columns(blocks: list[list[Line]]) -> tuple[list[Line], list[Line]]:
    """The blocks in two columns, each one where there is less so far: no group is ever left out."""
    left: list[Line] = []
    right: list[Line] = []
    for block in sorted(blocks, key=len, reverse=True):
        (left if len(left) <= len(right) else right).extend([*block, line("")])
    return left, right


def _block(name: str, commands: list[ConsoleCommand], width: int, watch: bool) -> list[Line]:
    lines = [line((name, Ink.TITLE))]
    for command in commands:
        if (watch and command.acts) or command.name.startswith("panel-"):
            continue
        typed = f":{command.name} {command.takes}".rstrip() if command.takes or not command.keys else ""
        room = max(8, width - 12 - (len(typed) + 2 if typed else 0))
        for place, text in enumerate(textwrap.wrap(command.help, room)):
            keys = keys_of(command) if not place else ""
            spans = [Span(f"  {keys:<9} ", Ink.ACCENT), Span(f"{text:<{room}}")]
            if typed and not place:
                spans.append(Span(f"  {typed}", Ink.MUTED))
            lines.append(Line(tuple(spans)))
    if name == "panels":
        names = ", ".join(f"{panel.KEY} {panel.TITLE}" for panel in PANELS)
        for place, text in enumerate(textwrap.wrap(f"show or hide: {names}", max(8, width - 12))):
            lines.append(line((f"  {'1..9' if not place else '':<9} ", Ink.ACCENT), text))
    return lines
