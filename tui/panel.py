"""The base of every panel: what a kind of it gives, and its cursor, scrolling and mouse, which are the same in all."""

from typing import ClassVar, NamedTuple

import msgspec
from textual import events
from textual.message import Message

from engine.model.detail import DetailKind
from engine.model.sample import Backend
from engine.model.snapshot import RunSnapshot
from tui.age import look_age
from tui.inked import Flat
from tui.lines import Area, Ink, Line, cut, fill, line, rule
from tui.table import first_row
from tui.view import View
from tui.watching import no_run


class Want(NamedTuple):
    """Lines a panel needs at least, lines it is well read in, and lines it would fill; the title included."""

    least: int
    good: int
    most: int
    beside: int = 0
    """Lines it is well read in where panels stand side by side; 0 for no other than `good`."""


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
        if rows and not self._chosen and self.view.focused:
            # Not carried away with a row that nobody chose: what stands first, the newest or the worst, stays in sight.
            cursor = rows[0]
        elif rows and cursor not in rows and self.view.focused:
            # The row is gone: the cursor goes to the row that was beside it, not back to the top.
            cursor = rows[min(self._cursor_was_at, len(rows) - 1)]
        at = rows.index(cursor) if cursor in rows else None
        if at is not None:
            self._cursor_was_at = at
        top = first_row(self.view.top, at if self.view.focused else None, len(rows), self.page)
        self.view = msgspec.structs.replace(self.view, cursor=cursor, top=top)

    _cursor_was_at = 0
    _chosen = False
    """Somebody has put the cursor on its row; until then, and after `home`, it is on whichever is the first."""

    def move_cursor(self, by: int) -> None:
        """Put the cursor that many rows further."""
        if self.snapshot is None or not (rows := self.rows(self.snapshot, self.view)):
            return
        at = rows.index(self.view.cursor) if self.view.cursor in rows else self._cursor_was_at
        self._cursor_was_at = max(0, min(len(rows) - 1, at + by))
        self._chosen = by > -len(rows)
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
            self._chosen = True
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
