"""The floor over the evening: slots down, tables across; each cell says who has it and how often it was fought for."""

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from engine.model.detail import DetailKind
from engine.model.ids import worker_name
from engine.model.map_face import CellState, MapCell, MapFace, MapRow
from engine.model.snapshot import RunSnapshot
from tui.age import look_age
from tui.format import tally
from tui.lines import Area, Ink, Line, Span, line
from tui.map_cells import cell_of, figure, merged
from tui.map_columns import TOTALS, Seen, columns_of, groups_of, heads_of, seen_of
from tui.panel import Panel, Want
from tui.table import first_row
from tui.view import View

_WORDS = {
    CellState.OPEN: "free",
    CellState.WANTED: "asked for by",
    CellState.HELD: "held by",
    CellState.CONFIRMED: "given by",
    CellState.TAKEN: "still taken, given by",
    CellState.BLOCKED: "blocked by what is not this run's",
}
_LEGEND = ". free  ? asked for  ~ held  # given  = still taken  x blocked  ! fought for"
_BETWEEN_PAGES = 1


class MapPanel(Panel):
    """Where on the floor it is full, and where it fights."""

    NAME: ClassVar[str] = "map"
    TITLE: ClassVar[str] = "map"
    KEY: ClassVar[str] = "f"
    FROM_LOOK: ClassVar[bool] = True
    HELP: ClassVar[str] = (
        f"A row a slot, a column a table, zones side by side. Signs: {_LEGEND}. A figure behind a sign is how often "
        "that table was fought for in that slot; where there is room, a held table names its worker. Blocked is what a "
        "stale hold lies on, or what somebody refused us who is none of our workers. With the keys (tab): up, down, "
        "left and right go from cell to cell, enter opens the slot."
    )

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """A row a slot, under three lines of zones and table numbers."""
        face = snapshot.map if snapshot else MapFace()
        if not face.rows:
            return Want(2, 2, 3)
        rows = max(4, len(face.rows) + 3 * (len(face.pages) - 1))
        # Beside other panels the title has room for the legend, and there is a line less.
        return Want(4 + min(5, rows), 5 + min(14, rows), 5 + min(26, rows), beside=4 + min(14, rows))

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """Which house and day, what is left out, and the legend where there is room."""
        face = snapshot.map
        words = cls.TITLE
        if len(face.pages) == 1:
            words += f"   {face.restaurants[face.pages[0].house]} {face.pages[0].day}"
        elif face.pages:
            words += f"   {len(face.pages)} evenings"
        if face.left_out:
            words += f"   {tally(face.left_out)} more not shown !"
        age = look_age(snapshot)
        taken = len(words) + len(_LEGEND) + 8 + (len(age) + 3 if age else 0)
        return f"{words}   {_LEGEND}" if area.width >= taken else words

    @classmethod
    def rows(cls, snapshot: RunSnapshot, view: View) -> tuple[str, ...]:
        """A name a slot, with the table that the cursor is on behind it, so that up and down stay in its column."""
        face = snapshot.map
        _, _, wanted = view.cursor.partition("|")
        first: dict[int, str] = {}
        has: set[int] = set()
        for table in face.tables:
            first.setdefault(table.house, table.number)
            if table.number == wanted:
                has.add(table.house)
        named = []
        for row in face.rows:
            house = face.pages[row.page].house
            named.append(f"{_key(face, row)}|{wanted if house in has else first.get(house, '')}")
        return tuple(named)

    @classmethod
    def room(cls, snapshot: RunSnapshot, area: Area, view: View) -> int:
        """Slots below the lines of zones and numbers."""
        return max(1, area.height - 5)

    @classmethod
    def asks(cls, snapshot: RunSnapshot, row: str) -> tuple[DetailKind, str] | None:
        """The slot of the cell."""
        found = _row_of(snapshot.map, row)
        return None if found is None else (DetailKind.TURN, str(snapshot.map.rows[found].turn))

    def _keep_cursor(self) -> None:
        """The cursor comes to where the work is."""
        face = self.snapshot.map if self.snapshot is not None else MapFace()
        if self.snapshot is not None and face.rows and self.view.focused and not self.view.cursor:
            cursor = self.rows(self.snapshot, self.view)[_begin(self.snapshot, _by_row(face))]
            self.view = msgspec.structs.replace(self.view, cursor=cursor)
            self._chosen = True
        super()._keep_cursor()

    def move_across(self, by: int) -> None:
        """Put the cursor that many tables further."""
        if self.snapshot is None or not (names := self.rows(self.snapshot, self.view)):
            return
        face = self.snapshot.map
        cursor = self.view.cursor if self.view.cursor in names else names[0]
        slot, _, number = cursor.partition("|")
        found = _row_of(face, cursor)
        house = face.pages[face.rows[found or 0].page].house
        numbers = [table.number for table in face.tables if table.house == house]
        if numbers:
            at = numbers.index(number) if number in numbers else 0
            number = numbers[max(0, min(len(numbers) - 1, at + by))]
        self.view = msgspec.structs.replace(self.view, cursor=f"{slot}|{number}")
        self.redraw()

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """Page below page; where not all fit, those from the one with the cursor, or with the work in hand, on."""
        face = snapshot.map
        if not face.rows or not face.tables:
            return [line(("  no table has been asked for yet", Ink.MUTED))]
        cells = _by_row(face)
        cursor = view.cursor if view.focused else ""
        at = _row_of(face, cursor) if cursor else None
        foot = _told(face, cells, cursor, at) if at is not None else None
        height = area.height - (1 if foot is not None or not _has_legend(cls.heading(snapshot, area, view)) else 0)
        begin = at if at is not None else _begin(snapshot, cells)
        lines = _pages(face, cells, Area(area.width, height), cursor, begin)[:height]
        if len(face.pages) == 1 and len(lines) < height:
            lines.append(_fights(face, area.width, cursor))
        if height < area.height:
            lines += [line("")] * (height - len(lines)) if foot is not None else []
            lines.append(foot or line((f"  {_LEGEND}", Ink.MUTED)))
        return lines


def _has_legend(heading: str) -> bool:
    return heading.endswith(_LEGEND)


def _key(face: MapFace, row: MapRow) -> str:
    page = face.pages[row.page]
    return f"{face.restaurants[page.house]} {page.day} {row.slot}"


def _row_of(face: MapFace, cursor: str) -> int | None:
    slot, _, _ = cursor.partition("|")
    return next((place for place, row in enumerate(face.rows) if _key(face, row) == slot), None)


def _by_row(face: MapFace) -> dict[int, dict[int, MapCell]]:
    """By the place of its row, and of its table."""
    places = {row.number: place for place, row in enumerate(face.rows)}
    found: dict[int, dict[int, MapCell]] = {}
    for cell in face.cells:
        found.setdefault(places[cell.row], {})[cell.table] = cell
    return found


def _begin(snapshot: RunSnapshot, cells: Mapping[int, Mapping[int, MapCell]]) -> int:
    """The first slot that still takes bookings, so that the map moves on as the plan does; else where work is."""
    face = snapshot.map
    still_open = next((slot for slot in snapshot.slots if slot.end is None), None)
    if still_open is not None:
        found = _row_of(face, f"{still_open.restaurant} {still_open.day} {still_open.slot}")
        if found is not None:
            return found
    in_hand = (CellState.HELD, CellState.WANTED)
    busy = (place for place, mine in sorted(cells.items()) if any(cell.state in in_hand for cell in mine.values()))
    return next(busy, max(cells, default=0))


def _pages(
    face: MapFace, cells: Mapping[int, Mapping[int, MapCell]], area: Area, cursor: str, begin: int
) -> list[Line]:
    """The pages that fit, from the one of the slot to begin with on; of one that does not, the part around it."""
    rows: dict[int, list[int]] = {}
    for place, row in enumerate(face.rows):
        rows.setdefault(row.page, []).append(place)
    number = cursor.partition("|")[2]
    single = len(face.pages) == 1
    # Evenings of one house have the same lines above them.
    above: dict[tuple[int, str], tuple[list[Line], Seen]] = {}
    drawn: dict[int, tuple[list[Line], Seen]] = {}
    for page, mine in rows.items():
        key = face.pages[page].house, number if begin in mine else ""
        if key not in above:
            above[key] = heads_of(face, page, area.width, key[1])
        drawn[page] = above[key]
    whole = sum(len(heads) + len(rows[page]) + _BETWEEN_PAGES for page, (heads, _) in drawn.items()) - _BETWEEN_PAGES
    first = 0 if whole <= area.height else face.rows[begin].page
    lines: list[Line] = []
    for page, mine in rows.items():
        if page < first:
            continue
        heads, seen = drawn[page]
        if lines:
            lines.append(line(""))
        if not single:
            where = face.pages[page]
            lines.append(line(("  ", Ink.TEXT), (f"{face.restaurants[where.house]} {where.day}", Ink.STRONG)))
        lines += heads
        left = max(1, area.height - len(lines))
        top = first_row(0, mine.index(begin), len(mine), left) if begin in mine else 0
        lines += [_row(face, place, cells.get(place, {}), seen, cursor, area.width) for place in mine[top : top + left]]
        if len(lines) >= area.height:
            break
    return lines


def _row(face: MapFace, place: int, cells: Mapping[int, MapCell], seen: Seen, cursor: str, width: int) -> Line:
    """A slot: its cells, what was given in it, and how often it was fought for."""
    row = face.rows[place]
    slot, _, number = cursor.partition("|")
    key = _key(face, row)
    here = bool(cursor) and key == slot
    spans: list[Span] = [
        Span("> " if here else "  ", Ink.ACCENT),
        Span(f"{row.slot:<5} ", Ink.TEXT if cells else Ink.MUTED),
    ]
    for _, group in groups_of(seen.columns):
        for column in group:
            spans += cell_of(cells.get(column.place), seen.wide, lit=here and column.number == number)
        spans.append(Span(" "))
    given = sum(cell.state is CellState.CONFIRMED for cell in cells.values())
    fights = sum(cell.conflicts for cell in cells.values())
    used = sum(len(span.text) for span in spans)
    if used + TOTALS <= width + 1:
        spans.append(Span(f"{given:>4}#" if given else " " * 5, Ink.MUTED))
        spans.append(Span(f"{tally(fights):>4}!" if fights else "", Ink.CONTENTION))
    return Line(tuple(merged(spans)), f"{key}|{number}" if here else f"{key}|{_first(seen)}")


def _fights(face: MapFace, width: int, cursor: str) -> Line:
    """Below the only page: how often each table was fought for in all of its slots."""
    seen = seen_of(columns_of(face, face.pages[0].house), width, cursor.partition("|")[2])
    counts: dict[int, int] = {}
    for cell in face.cells:
        counts[cell.table] = counts.get(cell.table, 0) + cell.conflicts
    spans = [Span("  all!  ", Ink.MUTED)]
    for _, group in groups_of(seen.columns):
        for column in group:
            spans.append(Span(f"{figure(counts.get(column.place, 0), seen.wide):<{seen.wide}}", Ink.CONTENTION))
        spans.append(Span(" "))
    return Line(tuple(merged(spans)))


def _first(seen: Seen) -> str:
    return seen.columns[0].number if seen.columns else ""


def _told(face: MapFace, cells: Mapping[int, Mapping[int, MapCell]], cursor: str, at: int) -> Line:
    """The cell under the cursor in words."""
    row = face.rows[at]
    house = face.pages[row.page].house
    number = cursor.partition("|")[2]
    place = next(
        (place for place, table in enumerate(face.tables) if (table.house, table.number) == (house, number)), None
    )
    if place is None:
        return line(("> ", Ink.ACCENT), (f"{row.slot}", Ink.STRONG), ("   enter opens it", Ink.MUTED))
    zone = face.zones[face.tables[place].zone]
    cell = cells.get(at, {}).get(place)
    state = cell.state if cell is not None else CellState.OPEN
    words = _WORDS[state]
    if cell is not None and cell.worker is not None and state not in (CellState.OPEN, CellState.BLOCKED):
        words += f" {worker_name(cell.worker)}"
    fights = f", fought for {cell.conflicts} times" if cell is not None and cell.conflicts else ""
    return line(
        ("> ", Ink.ACCENT),
        (f"{row.slot} {number} {zone}".strip(), Ink.STRONG),
        (f"  {words}", Ink.TEXT),
        (fights, Ink.CONTENTION),
        ("   enter opens the slot", Ink.MUTED),
    )
