"""The columns of the map: the tables of each house with their zones, from the floors or from what was filled."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from engine.model.floor import Floor

SHOWN_TABLES = 400
"""So many columns a picture holds at most."""


class Column(NamedTuple):
    """A table of a house."""

    restaurant: str
    number: str
    zone: str
    """Empty where nothing told it."""


class MapFloors:
    """What is known of the tables there are."""

    def __init__(self) -> None:
        self._floors: dict[str, tuple[Column, ...]] = {}
        self._zones: dict[tuple[str, str], str] = {}

    def know(self, floors: Mapping[str, Floor]) -> None:
        """All tables in the order of the floor, zones together."""
        for slug, floor in floors.items():
            zones = {zone.id: zone for zone in floor.zones}
            placed = sorted(
                (zone.sort_order, zone.name, _natural(table.number), table.number)
                for table in floor.tables
                if (zone := zones.get(table.zone_id)) is not None
            )
            self._floors[slug] = tuple(Column(slug, number, zone) for _, zone, _, number in placed)
            self._zones |= {(slug, number): zone for _, zone, _, number in placed}

    def learn(self, restaurant: str, tables: Iterable[str], zone: str) -> None:
        """Where a fill said that these tables are."""
        for table in tables:
            self._zones.setdefault((restaurant, table), zone)

    def zone_of(self, restaurant: str, table: str) -> str:
        """The zone's name; empty where nothing told it."""
        return self._zones.get((restaurant, table), "")

    def columns(self, restaurants: Iterable[str], used: set[tuple[str, str]]) -> tuple[list[Column], int]:
        """The tables of these houses, and how many there was no room for; those that are used come first then."""
        found: list[Column] = []
        for slug in sorted(restaurants):
            floor = self._floors.get(slug, ())
            known = {table.number for table in floor}
            more = [
                Column(slug, table, self.zone_of(slug, table))
                for house, table in used
                if house == slug and table not in known
            ]
            # What only a fill told of stands last, and whatever nothing told the zone of behind it.
            found += [*floor, *sorted(more, key=lambda table: (not table.zone, table.zone, _natural(table.number)))]
        if len(found) <= SHOWN_TABLES:
            return found, 0
        kept = [table for table in found if (table.restaurant, table.number) in used][:SHOWN_TABLES]
        return kept, len(found) - len(kept)


def _natural(number: str) -> tuple[tuple[int, str], ...]:
    """Sorts `T2` before `T10`."""
    parts: list[tuple[int, str]] = []
    text = ""
    for sign in number:
        if text and sign.isdigit() is not text[-1].isdigit():
            parts.append(_part(text))
            text = ""
        text += sign
    return (*parts, _part(text))


def _part(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdecimal() else (-1, text)
