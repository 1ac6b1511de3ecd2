"""Widgets whose content is lines: only what differs from the last lines goes to the terminal."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.filter import LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.lines import BLANK, Ink, Line, Span, fit

_TO_ASCII = str.maketrans({"─": "-", "│": "|"})
INKS = {f"ink--{ink.value}" for ink in Ink} | {"ink--cursor"}
"""Component classes of whatever gives inks to what is drawn on it."""


class Inked(Widget):
    """A widget whose content is lines. It draws nothing by itself: whoever owns it puts lines in."""

    ALLOW_SELECT = False

    def __init__(self, *, ascii_only: bool = False, name: str | None = None, id: str | None = None) -> None:  # noqa: A002
        super().__init__(name=name, id=id)
        self.ascii_only = ascii_only
        self._lines: list[Line] = []
        self._strips: dict[int, Strip] = {}
        self._styles_of: dict[tuple[str, bool], Style] = {}
        self._lit = ""

    @property
    def text(self) -> str:
        """What is drawn, without colours."""
        return "\n".join(one.text for one in self._lines)

    @property
    def drawn(self) -> list[Line]:
        """The lines as they stand."""
        return self._lines

    def put(self, lines: list[Line], lit: str = "") -> None:
        """Show these lines, `lit` being the row to light up; only spans that differ are painted again."""
        old, self._lines = self._lines, lines
        was_lit, self._lit = self._lit, lit
        width = self.size.width
        regions = []
        for y, new in enumerate(lines):
            before = old[y] if y < len(old) else BLANK
            lighting = (before.row == was_lit != "") is not (new.row == lit != "")
            if before == new and not lighting:
                continue
            self._strips.pop(y, None)
            if lighting or len(old) != len(lines):
                regions.append(Region(0, y, width, 1))
            elif (changed := _difference(before.spans, new.spans, width)) is not None:
                regions.append(Region(changed[0], y, changed[1] - changed[0], 1))
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """One line, from what was put last."""
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self._strip(self._lines[y] if y < len(self._lines) else BLANK)
        return strip

    def _strip(self, given: Line) -> Strip:
        width = self.size.width
        lit = bool(self._lit) and given.row == self._lit
        segments = []
        for span in fit(given, width).spans:
            text = span.text
            if self.ascii_only:
                text = text.translate(_TO_ASCII).encode("ascii", "replace").decode("ascii")
            # Every segment has a style: under NO_COLOR a filter adds to it and fails on None.
            segments.append(Segment(text, self._ink(span.ink.value, lit=lit)))
        return Strip(segments, width)

    def _ink(self, name: str, *, lit: bool) -> Style:
        style = self._styles_of.get((name, lit))
        if style is None:
            inks = self._inks()
            style = inks.get_component_rich_style(f"ink--{name}")
            if lit:
                style += inks.get_component_rich_style("ink--cursor", partial=True)
            style = self._styles_of[name, lit] = self._filtered(style)
        return style

    def _inks(self) -> Widget:
        """Whose inks it draws with: the screen's, as inks for each widget would be a quarter of what a start costs."""
        return self.screen

    def _filtered(self, style: Style) -> Style:
        """The style as it is sent; Textual filters what a widget with borders draws by itself."""
        return style

    def notify_style_update(self) -> None:
        """Colours may be others now."""
        super().notify_style_update()
        # Textual calls this while the widget is being made, too.
        if hasattr(self, "_strips"):
            self._strips.clear()
            self._styles_of.clear()

    def on_resize(self) -> None:
        """The strips were cut for another width."""
        self._strips.clear()


def _difference(old: tuple[Span, ...], new: tuple[Span, ...], width: int) -> tuple[int, int] | None:
    """Cells between which two lines of equal width differ; None when they do not."""
    start, shared = 0, min(len(old), len(new))
    first = 0
    while first < shared and old[first] == new[first]:
        start += _cells(new[first])
        first += 1
    end, last = width, 0
    while last < shared - first and old[-1 - last] == new[-1 - last]:
        end -= _cells(new[-1 - last])
        last += 1
    return (start, end) if end > start else None


def _cells(span: Span) -> int:
    return len(span.text) if span.text.isascii() else Segment(span.text).cell_length


class Flat(Inked):
    """Lines with neither border nor padding around them."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines as they are: there is nothing around them, and Textual's way there costs as much again.

        Colours are filtered once an ink, not once a line.
        """
        filters = self.get_line_filters()
        if filters != self._filters:
            self._filters = filters
            self._strips.clear()
            self._styles_of.clear()
        strips = [self.render_line(y) for y in range(crop.y, crop.bottom)]
        if crop.column_span == (0, self.size.width):
            return strips
        return [strip.crop(crop.x, crop.right) for strip in strips]

    _filters: Sequence[LineFilter] = ()

    def _filtered(self, style: Style) -> Style:
        background = self.background_colors[1]
        for one in self._filters:
            style = one.apply([Segment(" ", style)], background)[0].style or style
        return style


class Raised(Inked):
    """Lines on a ground that is not the screen's, with inks for that ground."""

    COMPONENT_CLASSES: ClassVar[set[str]] = INKS

    def _inks(self) -> Widget:
        return self
