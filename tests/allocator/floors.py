"""Floors for tests: a small factory, the White Horse by its facts, and a floor of any size."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid5

from engine.model.floor import Busy, Floor, Hours, Policy, Table, Zone

_NAMESPACE = UUID("5f0a3c1e-0000-4000-8000-000000000000")

MONDAY = date(2026, 3, 2)
"""Before the clocks change: London is on UTC."""
SUMMER_MONDAY = date(2026, 7, 6)
"""London is an hour ahead of UTC."""
SATURDAY = date(2026, 3, 7)

POLICY = Policy(time(12), time(15, 30), time(17), time(22, 30), clean_buffer_minutes=10)
WEEKDAYS = tuple(
    Hours(day, None, None, is_closed=True) if day in (0, 6) else Hours(day, time(12), time(22), is_closed=False)
    for day in range(7)
)
EVERY_DAY = tuple(Hours(day, time(0), time(23, 59), is_closed=False) for day in range(7))

WHITE_HORSE = {
    "MD": ("Main Dining", "2 2 4 4 4 4 6 6 8 8 10 10"),
    "BA": ("Bar Area", "2 2 4 4 4l 4l 6 6"),
    "PT": ("Patio", "2 2 4 4 6 6 8 8"),
    "PR": ("Private Room", "4+2 4+2 6+2 6+2 10 10"),
    "OG": ("Outdoor Garden", "2 4 4 6 6 8"),
}
"""Tables of each zone: seats, `l` for a lounge table in the bar, `+2` for a largest party beyond the seats."""


def uid(name: str) -> UUID:
    """The same id for the same name, in every process."""
    return uuid5(_NAMESPACE, name)


def table(
    number: str,
    capacity: int,
    zone: str = "Hall",
    *,
    min_party: int = 1,
    max_party: int | None = None,
    movable: bool = True,
    category: str = "dining",
) -> Table:
    """A table whose id follows from its number."""
    return Table(uid(number), number, uid(zone), capacity, min_party, max_party, category, "standard", movable)


def floor(
    tables: Sequence[Table],
    adjacent: Iterable[tuple[str, str]] = (),
    *,
    hours: tuple[Hours, ...] = WEEKDAYS,
    policy: Policy = POLICY,
    timezone: str = "Europe/London",
) -> Floor:
    """A floor of those tables; pairs of numbers are adjacent."""
    zones = tuple(
        Zone(zone, f"zone {place}", place) for place, zone in enumerate(dict.fromkeys(t.zone_id for t in tables))
    )
    pairs = tuple((uid(a), uid(b)) for a, b in adjacent)
    return Floor(uid("restaurant"), "hall", "Hall", timezone, 15, zones, tuple(tables), pairs, hours, policy)


def by_rule(tables: Sequence[Table]) -> list[tuple[str, str]]:
    """The White Horse's rule: one zone, one category, at most two seats apart."""
    return [
        (one.number, other.number)
        for place, one in enumerate(tables)
        for other in tables[place + 1 :]
        if one.zone_id == other.zone_id and one.category == other.category and abs(one.capacity - other.capacity) <= 2
    ]


def white_horse() -> Floor:
    """40 tables in 5 zones, 210 seats, 79 adjacent pairs; closed at the weekend."""
    tables = []
    for code, (zone, seats) in WHITE_HORSE.items():
        for place, word in enumerate(seats.split(), start=1):
            capacity = int(word.rstrip("l").removesuffix("+2"))
            tables.append(
                table(
                    f"{code}-{place:02d}",
                    capacity,
                    zone,
                    min_party=capacity // 2,
                    max_party=capacity + 2 if word.endswith("+2") else capacity,
                    category="lounge" if word.endswith("l") else "dining",
                )
            )
    return floor(tables, by_rule(tables))


def large(count: int = 200, zones: int = 10) -> Floor:
    """`count` tables over `zones` zones, adjacent by the same rule: many more combinations than a pub has."""
    tables = [
        table(f"T{place:03d}", (2, 4, 4, 6, 8)[place % 5], f"Z{place * zones // count}", min_party=1 + place % 2)
        for place in range(count)
    ]
    return floor(tables, by_rule(tables))


def at(on: date, hour: int, minute: int = 0) -> datetime:
    """That moment, UTC."""
    return datetime.combine(on, time(hour, minute), UTC)


def busy(number: str, start: datetime, minutes: int = 70, *, hold: str | None = None, expired: bool = False) -> Busy:
    """That table is taken from then on for so many minutes, by a hold when one is named."""
    return Busy(uid(number), start, start + timedelta(minutes=minutes), uid(hold) if hold else None, expired)
