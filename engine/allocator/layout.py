"""A floor with places instead of ids: what every quote on it needs and no booking changes."""

from uuid import UUID
from zoneinfo import ZoneInfo

from engine.allocator.score import shortest_turn
from engine.model.floor import Floor


class Layout:
    """A floor's tables in order of their numbers, each known by its place; neighbours and sets are bit masks of places.

    Raises ZoneInfoNotFoundError when the machine does not know the restaurant's time zone.
    """

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.timezone = ZoneInfo(floor.timezone)
        self.tables = tuple(sorted(floor.tables, key=lambda table: (table.number, table.id)))
        self.places: dict[UUID, int] = {table.id: place for place, table in enumerate(self.tables)}
        self.capacities = tuple(table.capacity for table in self.tables)
        self.seats = sum(self.capacities)
        zones = {zone: place for place, zone in enumerate(dict.fromkeys(table.zone_id for table in self.tables))}
        self.zone_of = tuple(zones[table.zone_id] for table in self.tables)
        self.zone_members = tuple(
            tuple(place for place, zone in enumerate(self.zone_of) if zone == one) for one in range(len(zones))
        )
        self.zone_seats = tuple(sum(self.capacities[place] for place in members) for members in self.zone_members)
        self.neighbours = self._neighbours()
        self.shortest_turn = shortest_turn(floor.policy.clean_buffer_minutes)

    def _neighbours(self) -> tuple[int, ...]:
        """Neighbours that a table may be combined with: pairs read both ways, of one zone, both movable."""
        masks = [0] * len(self.tables)
        for one, other in self.floor.adjacency:
            a, b = self.places.get(one), self.places.get(other)
            if a is None or b is None or a == b or self.zone_of[a] != self.zone_of[b]:
                continue
            if self.tables[a].movable and self.tables[b].movable:
                masks[a] |= 1 << b
                masks[b] |= 1 << a
        return tuple(masks)
