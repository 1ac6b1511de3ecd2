"""How long a quote takes: `python -m tests.benchmarks.quote`. Prints `name value unit n`; judges nothing.

`quote_p99_200` is a floor of 200 tables in ten zones on a full evening: 150 bookings on it, 100 still to come.

In processor time of its thread: a quote waits for nothing, and what else the machine does is not its doing.
"""

import random
import time as clock
from datetime import UTC, datetime, time, timedelta

from engine.allocator.planner import Planner
from engine.allocator.strategies import OPTIMAL
from engine.model.floor import Busy, Floor, Upcoming
from tests.allocator.floors import MONDAY, at, large, table, white_horse
from tests.allocator.floors import floor as floor_of
from tests.benchmarks.figures import Figure, as_json, share

QUOTES = 1_000
PARTIES = range(1, 13)
SHARES = (("p50", 0.5), ("p99", 0.99), ("max", 1.0))


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


def _measure(planner: Planner, busy: list[list[Busy]], pending: int = 0) -> list[float]:
    """Milliseconds of each quote, ascending."""
    rng = random.Random(2)
    upcoming = [_pending(planner, pending, rng) for _ in range(20)]
    took = []
    for number in range(QUOTES):
        party, slot = rng.choice(PARTIES), _slot(rng)
        taken, coming = busy[number % len(busy)], upcoming[number % len(upcoming)]
        began = clock.thread_time_ns()
        planner.quote(MONDAY, slot, party, taken, upcoming=coming)
        took.append((clock.thread_time_ns() - began) / 1e6)
    return sorted(took)


def _floor(name: str, floor: Floor, busy: int, pending: int) -> list[Figure]:
    planner = Planner(floor)
    began = clock.thread_time_ns()
    planner.prepare(PARTIES)
    found = [Figure(f"quote_prepare_{name}", (clock.thread_time_ns() - began) / 1e6, "ms", 1)]
    cold = []
    for party in PARTIES:
        fresh = Planner(floor)
        began = clock.thread_time_ns()
        fresh.quote(MONDAY, time(19), party, _full(floor))
        cold.append((clock.thread_time_ns() - began) / 1e6)
    found.append(Figure(f"quote_cold_max_{name}", max(cold), "ms", len(cold)))
    rng = random.Random(1)
    some = [_bookings(floor, busy, rng) for _ in range(50)]
    for case, took in (
        ("", _measure(planner, some, pending)),
        ("_empty", _measure(planner, [[]])),
        ("_alone", _measure(planner, some)),
        ("_full", _measure(planner, [_full(floor)])),
    ):
        found += [Figure(f"quote_{label}_{name}{case}", share(took, at), "ms", QUOTES) for label, at in SHARES]
    for figure in found:
        print(figure.line(), flush=True)
    return found


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


def main() -> list[Figure]:
    """Quotes at five floors on a full evening, and empty, with nobody still to come, and full; slots of a Monday."""
    print(f"combinations up to {OPTIMAL.weights.max_tables} tables")
    figures = [
        *_floor("18", _stress(), 25, 21),
        *_floor("40", white_horse(), 150, 40),
        *_floor("200", large(), 150, 100),
        *_floor("200_z5", large(200, 5), 150, 100),
        *_floor("1000", large(1000, 20), 1_000, 200),
    ]
    print(as_json(figures))
    return figures


if __name__ == "__main__":
    main()
