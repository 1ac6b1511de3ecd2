"""The base of every panel: lines in, and only what differs from the last lines goes to the terminal."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import msgspec
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.filter import LineFilter
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from engine.model.detail import DetailKind
from engine.model.sample import Backend
from engine.model.snapshot import RunSnapshot
from tui.age import look_age
from tui.lines import BLANK, Area, Ink, Line, Span, cut, fill, fit, line, rule
from tui.table import first_row
from tui.view import View
from tui.watching import no_run

_TO_ASCII = str.maketrans({"─": "-", "│": "|"})


class Want(NamedTuple):
    """Lines a panel needs at least, lines it is well read in, and lines it would fill; the title included."""

    least: int
    good: int
    most: int
    beside: int = 0
    """Lines it is well read in where panels stand side by side; 0 for no other than `good`."""


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


class Panel(Flat, can_focus=True):
    """One panel. A kind of panel gives `TITLE`, `KEY`, and pure functions from the snapshot to lines."""

    DEFAULT_CSS = ""
    NAME: ClassVar[str] = ""
    TITLE: ClassVar[str] = ""
    KEY: ClassVar[str] = ""
    """The digit that shows and hides it."""
    HELP: ClassVar[str] = ""
    """What is to be read in it, for the help of the focused panel."""
    ABOVE: ClassVar[int] = 1
    """Lines of `draw` above its rows."""
    FROM_LOOK: ClassVar[bool] = False
    """It draws what a look at the server told: its title says how old that is when it is not of now."""

    class Opened(Message):
        """A row was clicked twice."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__(ascii_only=ascii_only, id=self.NAME)
        self.snapshot: RunSnapshot | None = None
        self.view = View(ascii=ascii_only)

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """Its lines below the title. Pure: no clock, no query, no app."""
        raise NotImplementedError

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """The words of its title line."""
        return cls.TITLE

    @classmethod
    def rows(cls, snapshot: RunSnapshot, view: View) -> tuple[str, ...]:
        """The names of the rows a cursor can be on, in the order they are drawn."""
        return ()

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """Lines it needs and lines it would fill. Steady: what changes each second must not move the layout."""
        return Want(4, 6, 8)

    @classmethod
    def room(cls, snapshot: RunSnapshot, area: Area, view: View) -> int:
        """Rows that are seen at once."""
        return max(1, area.height - 1 - cls.ABOVE)

    @classmethod
    def detail(cls, snapshot: RunSnapshot, row: str) -> tuple[str, list[Line]] | None:
        """Title and lines of all there is to say about a row; None where there is no more than the row."""
        return None

    @classmethod
    def asks(cls, snapshot: RunSnapshot, row: str) -> tuple[DetailKind, str] | None:
        """What the engine is asked about when a row is opened; None where the picture tells all there is."""
        return None

    @classmethod
    def backend(cls, snapshot: RunSnapshot, row: str) -> Backend | None:
        """The backend behind a row, if there is one."""
        return None

    def show(self, snapshot: RunSnapshot | None, view: View) -> None:
        """Draw this snapshot this way; cursor and scrolling are the panel's own."""
        self.snapshot = snapshot
        self.view = msgspec.structs.replace(view, cursor=self.view.cursor, top=self.view.top, focused=self.has_focus)
        self.redraw()

    def redraw(self) -> None:
        """Draw the last snapshot again."""
        area = Area(self.size.width, self.size.height)
        if not self.display or not area.width or not area.height:
            return
        if self.snapshot is None:
            self.put(paint_waiting(type(self), area, self.view))
            return
        self._keep_cursor()
        self.put(paint(type(self), self.snapshot, area, self.view), self.view.cursor if self.view.focused else "")

    def _keep_cursor(self) -> None:
        """Keep the cursor on its row while rows move, and on the screen."""
        if self.snapshot is None:
            return
        cursor = self.view.cursor
        if not cursor and not self.view.top and not self.view.focused:
            return  # nobody has been here: there is nothing to keep, and naming every row of every panel costs
        rows = self.rows(self.snapshot, self.view)
        if rows and cursor not in rows and self.view.focused:
            # The row is gone: the cursor goes to the row that was beside it, not back to the top.
            cursor = rows[min(self._cursor_was_at, len(rows) - 1)]
        at = rows.index(cursor) if cursor in rows else None
        if at is not None:
            self._cursor_was_at = at
        top = first_row(self.view.top, at if self.view.focused else None, len(rows), self.page)
        self.view = msgspec.structs.replace(self.view, cursor=cursor, top=top)

    _cursor_was_at = 0

    def move_cursor(self, by: int) -> None:
        """Put the cursor that many rows further."""
        if self.snapshot is None or not (rows := self.rows(self.snapshot, self.view)):
            return
        at = rows.index(self.view.cursor) if self.view.cursor in rows else self._cursor_was_at
        self._cursor_was_at = max(0, min(len(rows) - 1, at + by))
        self.view = msgspec.structs.replace(self.view, cursor=rows[self._cursor_was_at])
        self.redraw()

    def move_across(self, by: int) -> None:
        """Put the cursor that many columns further, where there are columns."""

    @property
    def page(self) -> int:
        """Rows that are seen at once."""
        area = Area(self.size.width, self.size.height)
        return self.room(self.snapshot, area, self.view) if self.snapshot else 1

    def row_text(self) -> str:
        """The row under the cursor as it is drawn; empty when there is none."""
        return next(
            (one.text.removeprefix(">").strip() for one in self._lines if one.row and one.row == self.view.cursor), ""
        )

    def on_resize(self) -> None:
        """Draw for the new size."""
        super().on_resize()
        self._lines = []
        self.redraw()
        self.refresh()

    def on_focus(self) -> None:
        """The title and the cursor light up."""
        self.view = msgspec.structs.replace(self.view, focused=True)
        self.redraw()

    def on_blur(self) -> None:
        """The title and the cursor go out."""
        self.view = msgspec.structs.replace(self.view, focused=False)
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor on the row, a second one opens it."""
        if 0 <= event.y < len(self._lines) and (row := self._lines[event.y].row):
            self.view = msgspec.structs.replace(self.view, cursor=row)
            self.redraw()
            if event.chain == 2:
                self.post_message(self.Opened())

    def on_mouse_scroll_down(self) -> None:
        """The wheel moves the cursor of the panel below it."""
        self.move_cursor(3)

    def on_mouse_scroll_up(self) -> None:
        """The wheel moves the cursor of the panel below it."""
        self.move_cursor(-3)


def paint(kind: type[Panel], snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
    """Exactly the lines a panel of this kind shows: its title and what it draws."""
    inner = Area(area.width, area.height - 1)
    # What has the whole screen says where it belongs; escape goes back there.
    heading = f"{'run > ' * view.full}{kind.heading(snapshot, area, view)}"
    if kind.FROM_LOOK and (age := look_age(snapshot)):
        # Never cut off: figures that are not of now must not look as if they were.
        heading = f"{cut(heading, max(0, area.width - len(age) - 8))}   {age}"
    title = rule(heading, area.width, view.focused)
    body = (no_run(snapshot, kind.NAME) or kind.draw(snapshot, inner, view)) if inner.height > 0 else []
    return fill((title, *body), area)


def paint_waiting(kind: type[Panel], area: Area, view: View) -> list[Line]:
    """The panel before the engine has said anything."""
    title = rule(kind.TITLE, area.width, view.focused)
    return fill((title, line(("  waiting for the engine's first picture", Ink.MUTED))), area)
