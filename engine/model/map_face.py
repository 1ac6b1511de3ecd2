"""The floor over the evening: what became of each table in each slot, as the map shows it."""

from enum import StrEnum

import msgspec


class CellState(StrEnum):
    """What a table is in a slot. One letter each: a picture has hundreds of them."""

    OPEN = "o"
    """Nothing of it is known but that it was fought for."""
    WANTED = "w"
    """A worker asks for it at this moment."""
    HELD = "h"
    """A worker holds it."""
    CONFIRMED = "c"
    """A booking of this run begins there."""
    TAKEN = "t"
    """A booking of this run that began earlier still sits there."""
    BLOCKED = "b"
    """By what is not this run's: a stale hold, or whoever the last refusal was for and none of our workers was."""


class MapPage(msgspec.Struct, frozen=True, array_like=True):
    """One restaurant on one day."""

    house: int
    """Place of its restaurant."""
    day: str


class MapTable(msgspec.Struct, frozen=True, array_like=True):
    """A column."""

    house: int
    """Place of its restaurant."""
    number: str
    zone: int
    """Place of its zone."""


class MapRow(msgspec.Struct, frozen=True, array_like=True):
    """A slot of a page."""

    page: int
    """Place of its page."""
    slot: str
    """`19:15`."""
    turn: int
    """The turn that is asked about when it is opened: the last one to do something there."""
    number: int
    """Its own, for as long as the run goes on: a place would change with every slot that comes before it."""


class MapCell(msgspec.Struct, frozen=True, array_like=True):
    """One table in one slot, where there is anything to say of it."""

    row: int
    """Number of its row."""
    table: int
    """Place of its column."""
    state: CellState
    conflicts: int = 0
    """Tries that were refused there, as another one had it."""
    worker: int | None = None
    """Who holds, wants or filled it; None where nobody of ours does."""


class MapFace(msgspec.Struct, frozen=True, omit_defaults=True):
    """The map of the repeat in hand. Sparse: a cell of which nothing is known is not in it."""

    restaurants: tuple[str, ...] = ()
    """Slugs."""
    zones: tuple[str, ...] = ()
    """Names; an empty one where nothing told it."""
    pages: tuple[MapPage, ...] = ()
    tables: tuple[MapTable, ...] = ()
    """By restaurant, in the order of the floor, zones together."""
    rows: tuple[MapRow, ...] = ()
    """By page and time."""
    cells: tuple[MapCell, ...] = ()
    left_out: int = 0
    """Cells, tables and slots that a picture has no room for; those that were touched last are in it."""
