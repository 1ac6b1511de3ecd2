"""The floor over the evening, folded from events: which table was held, given, taken or fought for in which slot."""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import date, time
from itertools import chain
from typing import NamedTuple, TypeVar

from engine.metrics.map_floors import Column, MapFloors
from engine.model.event import AttemptEnded, Intended, Refused
from engine.model.floor import Floor
from engine.model.ids import TurnId, WorkerId
from engine.model.map_face import CellState, MapCell, MapFace, MapPage, MapRow, MapTable
from engine.model.sample import StaleHold
from engine.model.step import Step
from engine.model.turn import Turn

EASY = 300
"""Of more cells than this a picture of the run may be as old as LASTS_NS: drawing a thousand takes a millisecond."""
LASTS_NS = 1_000_000_000
KEPT = 20_000
"""So many cells are remembered at most; the slot that was left alone longest is forgotten first."""
SHOWN = 2_000
"""So many cells a picture holds at most: a floor of 1,000 tables and 100 slots must not make every picture slow."""
SHOWN_ROWS = 200
REMEMBERED = 4_000
"""Of so many slots it is known which was left alone longest; of those that have cells, of all."""
ORDERED = 256
"""So many days' slots are kept in order."""

_Drawn = tuple[CellState, int, WorkerId | None]
_Thing = TypeVar("_Thing", bound=Hashable)


class _Cell:
    """What stays of a table in a slot once nobody has it in hand."""

    __slots__ = ("conflicts", "state", "worker")

    def __init__(self) -> None:
        self.state = CellState.OPEN
        self.conflicts = 0
        self.worker: WorkerId | None = None


class _Row:
    """A slot of a page, with the cells that there is anything to say of."""

    __slots__ = ("at", "cells", "minute", "number", "page", "turn")

    def __init__(self, number: int, page: "_Key", at: time, turn: TurnId) -> None:
        self.number = number
        self.page = page
        self.at = at
        self.minute = at.hour * 60 + at.minute
        self.turn = turn
        self.cells: dict[str, _Cell] = {}


class _Key(NamedTuple):
    """A page: one restaurant on one day."""

    restaurant: str
    on: date


class _Hand(NamedTuple):
    """What a worker asks for or has at this moment."""

    row: _Row
    tables: tuple[str, ...]
    state: CellState


class Map:
    """Memory is bounded by `KEPT` cells and the slots of the plan; an event costs a microsecond or two."""

    def __init__(self) -> None:
        self._pages: dict[_Key, dict[time, _Row]] = {}
        self._ordered: dict[_Key, list[_Row]] = {}
        """Each page's slots by their time, as far as one was asked for."""
        self._of_turn: dict[TurnId, _Row] = {}
        self._floors = MapFloors()
        self._hands: dict[WorkerId, _Hand] = {}
        self._repeat = 0
        self._numbered = 0
        self._planned = 0
        """Slots of the repeat in hand."""
        self._count = 0
        self._touched: dict[_Row, None] = {}
        """Slots that anything happened in, the one that was left alone longest first."""
        self._filled: dict[_Row, None] = {}
        """Of them those that have cells."""
        self._beside: dict[_Row, None] = {}
        """Slots that have cells only as another one's tables are taken for so long."""
        self._forgotten = 0
        self._last: tuple[int, Iterable[StaleHold], MapFace] | None = None
        """The last picture, with its moment and what it was drawn with."""

    def know(self, floors: Mapping[str, Floor]) -> None:
        """The tables there are and their zones; without it the map learns of both from what was filled."""
        self._floors.know(floors)

    def zone_of(self, restaurant: str, table: str) -> str:
        """The zone's name; empty where nothing told it."""
        return self._floors.zone_of(restaurant, table)

    def plan(self, turns: Iterable[Turn], repeat: int) -> None:
        """A leg's turns. A repeat begins with a floor as it was; a pass goes on with what the one before it left."""
        if repeat != self._repeat:
            self._repeat = repeat
            self._pages, self._of_turn, self._hands, self._touched = {}, {}, {}, {}
            self._filled, self._beside, self._ordered = {}, {}, {}
            self._count = self._forgotten = self._planned = 0
            self._last = None
        for turn in turns:
            page = _Key(turn.restaurant, turn.on)
            rows = self._pages.setdefault(page, {})
            row = rows.get(turn.at)
            if row is None:
                self._ordered.pop(page, None)
                row = rows[turn.at] = _Row(self._numbered, page, turn.at, turn.id)
                self._numbered += 1
                self._planned += 1
            self._of_turn[turn.id] = row

    def intended(self, event: Intended) -> None:
        """A worker is about to ask for tables, or to confirm those that it holds."""
        worker, turn = event.ids.worker, event.ids.turn
        row = self._of_turn.get(turn) if turn is not None else None
        if row is None or worker is None or not event.tables:
            return
        state = CellState.WANTED if event.ids.step is Step.HOLD else CellState.HELD
        self._touch(row, turn)
        self._hands[worker] = _Hand(row, event.tables, state)

    def refused(self, event: Refused, *, fought: bool) -> None:
        """A step was told no; `fought`: as another one had the table."""
        worker, turn = event.ids.worker, event.ids.turn
        if worker is not None:
            self._hands.pop(worker, None)
        row = self._of_turn.get(turn) if turn is not None else None
        if row is None or not fought:
            return
        self._touch(row, turn)
        for table in event.refusal.tables:
            cell = self._cell(row, table)
            cell.conflicts += 1
            if cell.state in (CellState.OPEN, CellState.BLOCKED):
                # One of ours has it in hand or gave it back by now; where it was none of ours, it still stands.
                cell.state = CellState.OPEN if event.refusal.held_by else CellState.BLOCKED

    def ended(self, event: AttemptEnded) -> None:
        """An attempt ended; when it was filled its tables are taken for as long as its window lasts."""
        worker, turn = event.ids.worker, event.ids.turn
        if worker is not None:
            self._hands.pop(worker, None)
        row = self._of_turn.get(turn) if turn is not None else None
        if row is None or not event.tables:
            return
        self._touch(row, turn)
        if event.zone:
            self._floors.learn(row.page.restaurant, event.tables, event.zone)
        for table in event.tables:
            cell = row.cells.get(table) or self._cell(row, table)
            if cell.state is not CellState.CONFIRMED:
                cell.state, cell.worker = CellState.CONFIRMED, worker
        window = event.window
        if window is not None:
            self._take_beside(row, event.tables, int((window.end - window.start).total_seconds()) // 60, worker)

    def _take_beside(self, row: _Row, tables: tuple[str, ...], lasts: int, worker: WorkerId | None) -> None:
        """The tables are taken in the slots that begin before so many minutes are over, too."""
        ordered = self._ordered.get(row.page)
        if ordered is None:
            if len(self._ordered) >= ORDERED:
                self._ordered.clear()
            ordered = self._ordered[row.page] = sorted(self._pages[row.page].values(), key=_by_minute)
        ends = row.minute + lasts
        for place in range(bisect_right(ordered, row.minute, key=_by_minute), len(ordered)):
            other = ordered[place]
            if other.minute >= ends:
                break
            cells = other.cells
            for table in tables:
                cell = cells.get(table)
                if cell is None:
                    cell = self._cell(other, table)
                    cells = other.cells
                if cell.state is not CellState.CONFIRMED:
                    cell.state, cell.worker = CellState.TAKEN, worker

    def _touch(self, row: _Row, turn: TurnId | None) -> None:
        # What is put in again comes last, so that the first one is always the one that was left alone longest.
        touched = self._touched
        touched.pop(row, None)
        touched[row] = None
        if len(touched) > REMEMBERED and not (oldest := next(iter(touched))).cells:
            del touched[oldest]
        if row.cells:
            self._beside.pop(row, None)
            self._filled.pop(row, None)
            self._filled[row] = None
        if turn is not None:
            row.turn = turn

    def _cell(self, row: _Row, table: str) -> _Cell:
        cell = row.cells.get(table)
        if cell is None:
            if self._count >= KEPT:
                self._forget(row)
            if not row.cells:
                (self._filled if row in self._touched else self._beside)[row] = None
            cell = row.cells[table] = _Cell()
            self._count += 1
        return cell

    def _forget(self, spared: _Row) -> None:
        """Forget the cells of the slot that was left alone longest."""
        oldest = next((row for row in chain(self._beside, self._filled) if row is not spared), spared)
        self._beside.pop(oldest, None)
        self._filled.pop(oldest, None)
        self._count -= len(oldest.cells)
        self._forgotten += len(oldest.cells)
        oldest.cells = {}

    def _rows(self) -> Iterator[_Row]:
        for rows in self._pages.values():
            yield from rows.values()

    # -- the face ----------------------------------------------------------------------------------------------------

    def face_at(self, now_ns: int, stale_holds: Iterable[StaleHold] = ()) -> MapFace:
        """The map for a screen that runs on: of many cells it is drawn anew no more than once in LASTS_NS."""
        last = self._last
        if last is not None and last[1] is stale_holds and self._count > EASY and now_ns - last[0] < LASTS_NS:
            return last[2]
        face = self.face(stale_holds)
        self._last = now_ns, stale_holds, face
        return face

    def face(self, stale_holds: Iterable[StaleHold] = ()) -> MapFace:
        """The map at this moment; the stale holds are those of the last look at the server."""
        rows, left_out = self._chosen()
        cells = {row: _cells_of(row) for row in rows}
        for hold in stale_holds:
            for row in rows:
                if hold.covers(row.page.restaurant, row.page.on.isoformat(), row.at.strftime("%H:%M")):
                    for table in hold.tables:
                        state, conflicts, worker = cells[row].get(table, (CellState.OPEN, 0, None))
                        if state is CellState.OPEN:
                            cells[row][table] = (CellState.BLOCKED, conflicts, worker)
        for worker, hand in self._hands.items():
            mine = cells.get(hand.row)
            if mine is None:
                continue
            for table in hand.tables:
                state, conflicts, _ = mine.get(table, (CellState.OPEN, 0, None))
                # Whoever asks for a table that was given shows when it is told no.
                if state in (CellState.OPEN, CellState.WANTED, CellState.BLOCKED):
                    mine[table] = (hand.state, conflicts, worker)
        used = {(row.page.restaurant, table) for row, mine in cells.items() for table in mine}
        tables, more = self._floors.columns({row.page.restaurant for row in rows}, used)
        return _drawn(rows, cells, tables, left_out + more + self._forgotten)

    def _chosen(self) -> tuple[list[_Row], int]:
        """Slots that a picture has room for, those touched last first choice; then in the order of pages and times."""
        if self._planned <= SHOWN_ROWS and self._count <= SHOWN:
            return sorted(self._rows(), key=lambda row: (row.page, row.at)), 0
        chosen: list[_Row] = []
        cells = empty = 0
        untouched = (row for row in self._rows() if row not in self._touched)
        for row in chain(reversed(self._touched), untouched):
            if len(chosen) >= SHOWN_ROWS:
                break
            if cells + len(row.cells) <= SHOWN or not chosen:
                chosen.append(row)
                cells += len(row.cells)
                empty += not row.cells
        left_out = self._count - cells + self._planned - len(self._filled) - len(self._beside) - empty
        return sorted(chosen, key=lambda row: (row.page, row.at)), left_out


def _by_minute(row: _Row) -> int:
    return row.minute


def _cells_of(row: _Row) -> dict[str, _Drawn]:
    return {table: (cell.state, cell.conflicts, cell.worker) for table, cell in row.cells.items()}


def _drawn(
    rows: list[_Row], cells: Mapping[_Row, Mapping[str, _Drawn]], tables: list[Column], left_out: int
) -> MapFace:
    places = {(table.restaurant, table.number): place for place, table in enumerate(tables)}
    pages = _placed(row.page for row in rows)
    houses = _placed([*(page.restaurant for page in pages), *(table.restaurant for table in tables)])
    zones = _placed(table.zone for table in tables)
    given: list[MapCell] = []
    for row in rows:
        slug = row.page.restaurant
        for table, (state, conflicts, worker) in cells[row].items():
            column = places.get((slug, table))
            if column is not None and len(given) < SHOWN:
                given.append(MapCell(row.number, column, state, conflicts, worker))
            else:
                left_out += 1
    return MapFace(
        restaurants=tuple(houses),
        zones=tuple(zones),
        pages=tuple(MapPage(houses[page.restaurant], page.on.isoformat()) for page in pages),
        tables=tuple(MapTable(houses[table.restaurant], table.number, zones[table.zone]) for table in tables),
        rows=tuple(MapRow(pages[row.page], row.at.isoformat("minutes"), row.turn, row.number) for row in rows),
        cells=tuple(given),
        left_out=left_out,
    )


def _placed(things: Iterable[_Thing]) -> dict[_Thing, int]:
    """Each thing once, with its place."""
    return {thing: place for place, thing in enumerate(dict.fromkeys(things))}
