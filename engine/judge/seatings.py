"""Which sets of tables may seat a party, by the rules that a database enforces and no planner's taste. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import combinations
from uuid import UUID

import msgspec

from engine.model.floor import Floor, Table


class HouseRules(msgspec.Struct, frozen=True):
    """What a set of several tables must be. Each can be relaxed, to tell what it costs."""

    same_zone: bool = True
    adjacency: bool = True
    """Each table touches another one of the set, as the platform's function asks."""
    movable: bool = True
    max_tables: int = 3


class Taken(msgspec.Struct, frozen=True):
    """A table that somebody else has for [start, end), UTC."""

    table: str
    """Its number."""
    start: datetime
    end: datetime


class Seating(msgspec.Struct, frozen=True):
    """One set of tables for a party."""

    tables: tuple[int, ...]
    """Places of its tables in the house, ascending."""
    seats: int


class House:
    """A floor's tables by place, and the seatings of each party size, found once."""

    def __init__(self, floor: Floor, rules: HouseRules = HouseRules(), taken: Iterable[Taken] = ()) -> None:  # noqa: B008 - frozen
        """`taken` is what others had of its tables before: no solution may touch it."""
        self.rules = rules
        self.tables: tuple[Table, ...] = tuple(sorted(floor.tables, key=lambda table: (table.number, table.id)))
        self.places = {table.number: place for place, table in enumerate(self.tables)}
        self._touching = _touching(self.tables, floor.adjacency)
        self._found: dict[int, tuple[Seating, ...]] = {}
        self._taken: dict[int, list[Taken]] = {}
        for one in taken:
            if one.table in self.places:
                self._taken.setdefault(self.places[one.table], []).append(one)

    def seatings(self, party: int) -> tuple[Seating, ...]:
        """Every set that seats the party and has no part that does, smallest sets first.

        A set with a part that would do takes more tables for the same guests: leaving it out lowers no optimum.
        """
        known = self._found.get(party)
        if known is None:
            known = self._found[party] = tuple(self._minimal(party))
        return known

    def free(self, party: int, start: datetime, end: datetime) -> tuple[Seating, ...]:
        """The seatings whose tables nobody else has in that window."""
        found = self.seatings(party)
        if not self._taken:
            return found
        return tuple(one for one in found if not self.blocked(one.tables, start, end))

    def blocked(self, tables: Iterable[int], start: datetime, end: datetime) -> bool:
        """Whether others have one of these tables in that window."""
        return any(one.start < end and one.end > start for place in tables for one in self._taken.get(place, ()))

    def allows(self, tables: Sequence[int], party: int) -> str:
        """Why a set may not seat the party; empty when it may. Sets with a table too many may."""
        seats = sum(self.tables[place].capacity for place in tables)
        if seats < party:
            return f"{seats} seats for a party of {party}"
        if len(tables) > self.rules.max_tables:
            return f"{len(tables)} tables, at most {self.rules.max_tables} may be combined"
        return "" if len(tables) == 1 else self._apart(tables)

    def _apart(self, tables: Sequence[int]) -> str:
        if self.rules.same_zone and len({self.tables[place].zone_id for place in tables}) > 1:
            return "tables of two zones"
        fixed = [self.tables[place].number for place in tables if not self.tables[place].movable]
        if self.rules.movable and fixed:
            return f"{fixed[0]} cannot be moved"
        mask = sum(1 << place for place in tables)
        if self.rules.adjacency:
            for place in tables:
                if not self._touching[place] & mask:
                    return f"{self.tables[place].number} touches none of the others"
        return ""

    def _minimal(self, party: int) -> Iterable[Seating]:
        large = [place for place, table in enumerate(self.tables) if table.capacity >= party]
        yield from (Seating((place,), self.tables[place].capacity) for place in large)
        # A table that seats the party alone is a part that would do: it is in no larger set.
        small = [place for place, table in enumerate(self.tables) if table.capacity < party]
        found: list[int] = []
        for size in range(2, self.rules.max_tables + 1):
            fresh: list[int] = []
            for group in self._groups(small):
                for places in combinations(group, size):
                    seats = sum(self.tables[place].capacity for place in places)
                    mask = sum(1 << place for place in places)
                    if seats < party or any(mask & part == part for part in found) or self._apart(places):
                        continue
                    fresh.append(mask)
                    yield Seating(places, seats)
            found += fresh

    def _groups(self, places: Sequence[int]) -> list[list[int]]:
        """Places that a set may draw from together."""
        movable = [place for place in places if self.tables[place].movable or not self.rules.movable]
        if not self.rules.same_zone:
            return [movable]
        zones: dict[UUID, list[int]] = {}
        for place in movable:
            zones.setdefault(self.tables[place].zone_id, []).append(place)
        return list(zones.values())


def _touching(tables: Sequence[Table], pairs: Iterable[tuple[UUID, UUID]]) -> list[int]:
    places = {table.id: place for place, table in enumerate(tables)}
    found = [0] * len(tables)
    for one, other in pairs:
        if one in places and other in places and one != other:
            found[places[one]] |= 1 << places[other]
            found[places[other]] |= 1 << places[one]
    return found
