"""How long a quote takes: `python -m tests.benchmarks.quote`. Prints; judges nothing."""

import random
import sys
import time as clock
from datetime import UTC, datetime, time, timedelta

from engine.allocator.planner import Planner
from engine.model.floor import Busy, Floor, Weights
from tests.allocator.floors import MONDAY, at, large, white_horse

QUOTES = 4_000
BUSY = 150
WEIGHTS = Weights()


def _bookings(floor: Floor, count: int, rng: random.Random) -> list[Busy]:
    """Random sittings over the day, as a filling evening leaves them."""
    found = []
    for _ in range(count):
        start = at(MONDAY, 12) + timedelta(minutes=15 * rng.randrange(40))
        found.append(Busy(rng.choice(floor.tables).id, start, start + timedelta(minutes=rng.choice((70, 85, 95)))))
    return found


def _full(floor: Floor) -> list[Busy]:
    start = datetime.combine(MONDAY, time(0), UTC)
    return [Busy(table.id, start, start + timedelta(days=1)) for table in floor.tables]


def _measure(title: str, floor: Floor, busy: list[list[Busy]], largest: int) -> None:
    planner = Planner(floor)
    began = clock.perf_counter_ns()
    planner.prepare(range(1, largest + 1), WEIGHTS)
    prepared = clock.perf_counter_ns() - began
    rng = random.Random(2)
    took, candidates = [], 0
    for number in range(QUOTES):
        party, slot = rng.randint(1, largest), time(12 + rng.randrange(9), 15 * rng.randrange(4))
        taken = busy[number % len(busy)]
        began = clock.perf_counter_ns()
        quote = planner.quote(MONDAY, slot, party, taken, WEIGHTS)
        took.append(clock.perf_counter_ns() - began)
        candidates += len(quote.candidates)
    took.sort()
    p50, p99, longest = (took[min(QUOTES - 1, round(QUOTES * share))] / 1e3 for share in (0.5, 0.99, 1))
    print(
        f"{title:<34} prepared in {prepared / 1e6:7.1f} ms   quote p50 {p50:6.0f} us  p99 {p99:6.0f} us  "
        f"max {longest:6.0f} us   {candidates / QUOTES:5.1f} candidates"
    )


def main() -> int:
    """Quotes at two sizes of floor, empty, busy and full; party sizes 1 to 12, all slots of a Monday."""
    rng = random.Random(1)
    for floor, name in ((white_horse(), "40 tables"), (large(), "200 tables"), (large(200, 5), "200 tables, 5 zones")):
        _measure(f"{name}, nothing busy", floor, [[]], 12)
        _measure(f"{name}, {BUSY} busy", floor, [_bookings(floor, BUSY, rng) for _ in range(50)], 12)
        _measure(f"{name}, all busy", floor, [_full(floor)], 12)
    return 0


if __name__ == "__main__":
    sys.exit(main())
