"""Sheets with a cursor: up and down go from row to row where there are rows, and scroll where there are none."""

from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from tui.lines import Area, Line
from tui.screens.sheet import Sheet


def trail(sheet: Sheet[Any]) -> str:
    """Where this sheet was come to from: `run > worker w05 > booking 3adbd467`."""
    stack: list[Any] = list(sheet.app.screen_stack)
    below = stack[: stack.index(sheet)] if sheet in stack else stack
    crumbs = [str(getattr(screen, "crumb", "")) for screen in below]
    return " > ".join([*filter(None, crumbs), str(getattr(sheet, "crumb", ""))])


class RowSheet(Sheet[None]):
    """Takes the screen. A kind of it gives `crumb`, `draw`, and `opened` for the row that enter is pressed on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", show=False),
        Binding("home", "scroll_by(-100000)", "begin", show=False),
        Binding("end", "scroll_by(100000)", "end", show=False),
    ]
    MOST_WIDTH: ClassVar[int] = 200
    crumb = ""

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__(None, ascii_only=ascii_only)
        self.cursor = ""

    def title_words(self) -> str:
        """The way here, and the way back."""
        return f" {trail(self)}   esc back "

    def lit(self) -> str:
        """The row under the cursor."""
        return self.cursor

    def opened(self, row: str) -> None:
        """Enter was pressed on that row."""

    def action_open(self) -> None:
        """Open the row under the cursor; where there are no rows, enter leads back as it led here."""
        places = list(self._places())
        if places:
            self.opened(self.cursor if self.cursor in places else places[0])
        else:
            self.action_leave()

    def action_scroll_by(self, by: int) -> None:
        """The next row, when it is seen; else other lines come into sight, and the cursor with them."""
        places = self._places()
        if not places:
            super().action_scroll_by(by)
            return
        rows = list(places)
        at = rows.index(self.cursor) if self.cursor in places else -1 if by > 0 else 0
        cursor = rows[max(0, min(len(rows) - 1, at + by))]
        shown = max(1, self.app.size.height - 4)
        place = places[cursor]
        last = cursor in (rows[0], rows[-1])
        if self.top <= place < self.top + shown:
            stays = cursor == self.cursor and last
            self.cursor = cursor
            self.top += by if stays else 0
        elif abs(by) > 1 or abs(place - self.top) <= shown:
            self.cursor = cursor
            self.top = place - shown + 1 if place >= self.top + shown else place
        else:
            self.top += by
        self.top = max(0, self.top)
        self.redraw()

    def _places(self) -> dict[str, int]:
        """The line of every row."""
        width = min(self.MOST_WIDTH, self.app.size.width - 4)
        found: dict[str, int] = {}
        for place, one in enumerate(self.draw(Area(width - 4, 0))):
            if one.row:
                found.setdefault(one.row, place)
        return found


def folded(given: Line, width: int) -> list[Line]:
    """The line, its last span going on below where it is too long."""
    if len(given.text) <= width or not given.spans:
        return [given]
    *before, last = given.spans
    indent = sum(len(span.text) for span in before) or len(last.text) - len(last.text.lstrip())
    room = max(10, width - indent)
    text = last.text if before else last.text.strip()
    pieces = _pieces(text, room)
    spans = (*before, last._replace(text=pieces[0])) if before else (last._replace(text=" " * indent + pieces[0]),)
    return [
        Line(spans, given.row),
        *(Line((last._replace(text=" " * indent + piece),), given.row) for piece in pieces[1:]),
    ]


def _pieces(text: str, room: int) -> list[str]:
    """Cut at a blank where one stands in the second half of the room; ids and bars are cut where they must be."""
    pieces = []
    while len(text) > room:
        at = text.rfind(" ", room // 2, room + 1)
        cut = at + 1 if at > 0 else room
        pieces.append(text[:cut].rstrip() if at > 0 else text[:cut])
        text = text[cut:]
    return [*pieces, text]
