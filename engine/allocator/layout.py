"""A floor with places instead of ids: what every quote on it needs and no booking changes."""

from datetime import date, datetime, time
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.allocator.occupancy import SLOT, bits
from engine.allocator.scarcity import scarcities
from engine.allocator.score import shortest_turn
from engine.allocator.window import hours_on, instant
from engine.model.floor import Floor
from engine.model.strategy import Rules

PLAIN = Rules()
"""Every rule as the platform meant it."""
_DAYS_KEPT = 64


class Day(NamedTuple):
    """One date of a floor."""

    origin: datetime
    """Its midnight, UTC: slots are counted from it."""
    closed: int
    """Slots in which the house is closed; the one of its closing time stands for all after."""


class Layout:
    """A floor's tables in order of their numbers, each known by its place; neighbours and sets are bit masks of places.

    Raises ZoneInfoNotFoundError when the machine does not know the restaurant's time zone.
    """

    def __init__(self, floor: Floor, rules: Rules = PLAIN) -> None:
        self.floor = floor
        self.rules = rules
        self.timezone = ZoneInfo(floor.timezone)
        self.tables = tuple(sorted(floor.tables, key=lambda table: (table.number, table.id)))
        self.places: dict[UUID, int] = {table.id: place for place, table in enumerate(self.tables)}
        self.capacities = tuple(table.capacity for table in self.tables)
        self.scarcities = scarcities(self.tables)
        self.seats = sum(self.capacities)
        zones = {zone: place for place, zone in enumerate(dict.fromkeys(table.zone_id for table in self.tables))}
        self.zone_of = tuple(zones[table.zone_id] for table in self.tables)
        self.zone_members = tuple(
            tuple(place for place, zone in enumerate(self.zone_of) if zone == one) for one in range(len(zones))
        )
        self.zone_seats = tuple(sum(self.capacities[place] for place in members) for members in self.zone_members)
        in_order = sorted(floor.zones, key=lambda zone: (zone.sort_order, zone.name, zone.id))
        rank = {zone.id: place for place, zone in enumerate(in_order)}
        self.zone_ranks = tuple(rank.get(zone, len(rank)) for zone in zones)
        """Each zone's place in the floor's own order."""
        self.zone_rows = 0
        """Adjacency rows between tables of two zones."""
        self.lone = (1 << len(self.tables)) - 1
        """Tables that no adjacency row names, as a mask; read in one direction, those with no row of their own."""
        self.neighbours = self._neighbours()
        """For each table those it may be combined with: of its zone, both movable."""
        self.shortest_turn = shortest_turn(floor.policy.clean_buffer_minutes)
        self._days: dict[date, Day] = {}

    def day(self, on: date) -> Day:
        """That date's midnight and the slots in which the house is closed."""
        known = self._days.get(on)
        if known is None:
            if len(self._days) >= _DAYS_KEPT:
                self._days.clear()
            origin, closed = instant(self.timezone, on, time(0)), 0
            hours = hours_on(self.floor, on)
            if hours is not None:
                opens, closes = ((instant(self.timezone, on, at) - origin) // SLOT for at in hours)
                closed = bits(0, opens) | 1 << closes
            known = self._days[on] = Day(origin, closed)
        return known

    def _neighbours(self) -> tuple[int, ...]:
        masks = [0] * len(self.tables)
        for one, other in self.floor.adjacency:
            a, b = self.places.get(one), self.places.get(other)
            if a is None or b is None or a == b:
                continue
            self.lone &= ~(1 << a)
            if self.rules.directed:
                if (-self.capacities[b], b) < (-self.capacities[a], a):
                    continue
            else:
                self.lone &= ~(1 << b)
            if self.zone_of[a] != self.zone_of[b]:
                self.zone_rows += 1
            elif self.tables[a].movable and self.tables[b].movable:
                masks[a] |= 1 << b
                masks[b] |= 1 << a
        return tuple(masks)
