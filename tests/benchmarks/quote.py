"""How long a quote takes: `python -m tests.benchmarks.quote`. Prints a name, its figure, unit and n; judges nothing.

In processor time of its thread: a quote waits for nothing, and what else the machine does is not its doing.
"""

import random
import sys
import time as clock
from datetime import UTC, datetime, time, timedelta

from engine.allocator.planner import Planner
from engine.allocator.strategies import OPTIMAL
from engine.model.floor import Busy, Floor, Upcoming
from tests.allocator.floors import MONDAY, at, large, table, white_horse
from tests.allocator.floors import floor as floor_of

QUOTES = 3_000
PARTIES = range(1, 13)


def _bookings(floor: Floor, count: int, rng: random.Random) -> list[Busy]:
    """Random sittings over the day, as a filling evening leaves them."""
    found = []
    for _ in range(count):
        start = at(MONDAY, 12) + timedelta(minutes=15 * rng.randrange(40))
        found.append(Busy(rng.choice(floor.tables).id, start, start + timedelta(minutes=rng.choice((70, 85, 95)))))
    return found


def _full(floor: Floor) -> list[Busy]:
    start = datetime.combine(MONDAY, time(0), UTC)
    return [Busy(one.id, start, start + timedelta(days=1)) for one in floor.tables]


def _pending(planner: Planner, count: int, rng: random.Random) -> list[Upcoming]:
    """Bookings without tables over the same day."""
    some = [planner.upcoming(MONDAY, _slot(rng), rng.choice(PARTIES)) for _ in range(count)]
    return [one for one in some if one is not None]


def _slot(rng: random.Random) -> time:
    return time(12 + rng.randrange(9), 15 * rng.randrange(4))


def _measure(name: str, planner: Planner, busy: list[list[Busy]], pending: int = 0) -> None:
    rng = random.Random(2)
    upcoming = [_pending(planner, pending, rng) for _ in range(20)]
    took = []
    for number in range(QUOTES):
        party, slot = rng.choice(PARTIES), _slot(rng)
        taken, coming = busy[number % len(busy)], upcoming[number % len(upcoming)]
        began = clock.thread_time_ns()
        planner.quote(MONDAY, slot, party, taken, upcoming=coming)
        took.append(clock.thread_time_ns() - began)
    took.sort()
    for label, share in (("p50", 0.5), ("p99", 0.99), ("max", 1)):
        print(f"{name + ' ' + label:<52} {took[min(QUOTES - 1, round(QUOTES * share))] / 1e3:10.0f} us  n={QUOTES}")


def _floor(name: str, floor: Floor, busy: int, pending: int) -> None:
    planner = Planner(floor)
    began = clock.thread_time_ns()
    planner.prepare(PARTIES)
    print(f"{name + ': prepared for parties 1 to 12':<52} {(clock.thread_time_ns() - began) / 1e6:10.1f} ms  n=1")
    rng = random.Random(1)
    some = [_bookings(floor, busy, rng) for _ in range(50)]
    _measure(f"{name}, nothing busy", planner, [[]])
    _measure(f"{name}, {busy} busy", planner, some)
    _measure(f"{name}, {busy} busy, {pending} pending", planner, some, pending)
    _measure(f"{name}, all busy", planner, [_full(floor)])


def _stress() -> Floor:
    """A restaurant like those of the stress set: 18 tables in three zones, three pairs in ten adjacent."""
    rng = random.Random(3)
    tables = [
        table(f"T{place:03d}", rng.choices((2, 4, 6, 8), (4, 3, 2, 1))[0], f"Z{place // 6}", movable=rng.random() < 0.7)
        for place in range(18)
    ]
    pairs = [
        (one.number, other.number)
        for place, one in enumerate(tables)
        for other in tables[place + 1 :]
        if one.zone_id == other.zone_id and rng.random() < 0.3
    ]
    return floor_of(tables, pairs)


def main() -> int:
    """Quotes at four sizes of floor, empty, busy, with bookings to come, and full; all slots of a Monday."""
    print(f"combinations up to {OPTIMAL.weights.max_tables} tables")
    _floor("18 tables, 3 zones", _stress(), 25, 21)
    _floor("40 tables, 5 zones", white_horse(), 150, 40)
    _floor("200 tables, 10 zones", large(), 150, 100)
    _floor("200 tables, 5 zones", large(200, 5), 150, 100)
    _floor("1000 tables, 20 zones", large(1000, 20), 1_000, 200)
    return 0


if __name__ == "__main__":
    sys.exit(main())
