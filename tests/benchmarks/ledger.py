"""The ledger during a run: what its looks cost in fills a second, a look at many bookings, and the memory they take."""

import asyncio
import datetime as dt
import os
import statistics
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

from engine.allocator.strategies import OPTIMAL
from engine.clock import RunningClock
from engine.config import EmbeddedSettings
from engine.database import Connection
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.metrics.tally import Tally
from engine.model.event import AttemptEnded, Event, Missed, Reconciled
from engine.model.floor import Floor, Window
from engine.model.ids import AttemptId, Ids, RunId, TurnId, WorkerId
from engine.model.outcome import Certainty
from engine.plans.fill import FillPlan
from engine.platform import databases
from engine.platform.cluster import Cluster, stop
from engine.reconciler import Reconciler
from engine.restaurants import read_floors
from engine.target import Standing
from engine.targets.postgres import PostgresTarget
from tests.clocks import StillClock

RUN = RunId("bench")
WORKERS = 8
ROUNDS = 7
"""Interleaved, each round beginning with the other side; the median of the rounds' ratios is printed."""
MANY = 10_000
CLAIMS = 100_000
_BOOKINGS = """
WITH guest AS (
    INSERT INTO customers (restaurant_id, full_name, email, phone)
    SELECT r.id, 'Guest', 'guest@example.com', '+440000000000' FROM restaurants r LIMIT 1 RETURNING id, restaurant_id
), made AS (
    INSERT INTO bookings (restaurant_id, customer_id, booking_date, start_time, end_time, party_size, booking_type,
                          status, customer_name, customer_email, customer_phone, reference, details)
    SELECT g.restaurant_id, g.id, DATE '2028-01-01' + n, '12:00', '13:30', 2, 'lunch', 'confirmed', 'Guest',
           'guest@example.com', '+440000000000', '', '{"slotfill": {"run": "bench", "attempt": 1}}'
      FROM guest g, generate_series(1, $1::int) AS n
    RETURNING id, restaurant_id, start_at, end_at
)
INSERT INTO booking_table_assignments (booking_id, table_id, start_at, end_at)
SELECT m.id, (SELECT t.id FROM table_inventory t WHERE t.restaurant_id = m.restaurant_id LIMIT 1), m.start_at, m.end_at
  FROM made m
RETURNING booking_id
"""


class Evenings(NamedTuple):
    """What one side of a round came to."""

    fills_per_s: float
    cpu_per_fill: float
    """The engine's own, in seconds; a busy machine does not change it as much as the rate."""
    said: list[Reconciled]
    missed: int


async def _once(cluster: Cluster, floors: dict[str, Floor], *, looks: bool) -> Evenings:
    database = f"sf_bench_{time.monotonic_ns()}"
    await databases.clone(cluster, database)
    clock = RunningClock()
    tally, events = Tally(), list[Event]()
    plan = FillPlan.of(
        floors, seed=7, first=dt.date(2027, 3, 1), days=10, start=dt.time(17, 0), end=dt.time(20, 0), interval_min=15,
        stress_max=6, min_party=1, max_party=8, share_slots=True,
    )  # fmt: skip
    target = PostgresTarget("bench", cluster.dsn(database), RUN, floors)

    def log(event: Event) -> None:
        tally.apply(event)
        events.append(event)
        if isinstance(event, AttemptEnded):
            reconciler.take(event)

    reconciler = Reconciler(RUN, target.standing(), clock, log)
    looking = asyncio.create_task(reconciler.run()) if looks else None
    began, worked = time.perf_counter(), time.process_time()
    await Crew(RUN, Task(plan, (OPTIMAL,), WORKERS), target, Pace(None), Desk(clock, log, Holders(), {})).run()
    took, worked = time.perf_counter() - began, time.process_time() - worked
    if looking is not None:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    await databases.drop(cluster, database)
    filled = sum(isinstance(event, AttemptEnded) and event.outcome == "filled" for event in events)
    said = [event for event in events if isinstance(event, Reconciled)]
    missed = sum(isinstance(event, Missed) for event in events)
    return Evenings(filled / took, worked / filled, said, missed)


async def _ratio(cluster: Cluster, floors: dict[str, Floor]) -> None:
    ratios, works, costs, missed = [], [], [], 0
    for number in range(ROUNDS):
        sides = {}
        for looks in (True, False) if number % 2 else (False, True):
            sides[looks] = await _once(cluster, floors, looks=looks)
            costs += [one.took_ns for one in sides[looks].said]
            missed += sides[looks].missed
        ratios.append(sides[True].fills_per_s / sides[False].fills_per_s)
        works.append(sides[True].cpu_per_fill / sides[False].cpu_per_fill)
    print(f"reconciler_cpu_ratio_c{WORKERS} {statistics.median(works):.3f} - {ROUNDS}")
    print(f"reconciler_ratio_c{WORKERS} {statistics.median(ratios):.3f} - {ROUNDS}")
    print(f"reconciler_ratio_c{WORKERS}_spread {min(ratios):.3f}..{max(ratios):.3f} - {ROUNDS}")
    print(f"reconciler_look_p50 {statistics.median(costs) / 1e6:.1f} ms {len(costs)}")
    print(f"reconciler_missed {missed} bookings {ROUNDS}")


async def _readings(cluster: Cluster, floors: dict[str, Floor]) -> None:
    """A look at its most bookings among many, and what a whole reading of the run costs beside it."""
    connection = await cluster_connection(cluster)
    made = await connection._connection.fetch(_BOOKINGS, MANY)
    await connection.script("ANALYZE")
    bookings: list[UUID] = [row["booking_id"] for row in made]
    target = PostgresTarget("bench", cluster.dsn("sf_bench"), RUN, floors)
    standing = target.standing()
    for count in (100, 2_000):
        took = [await _timed(standing, bookings[begin : begin + count]) for begin in range(0, MANY, max(count, 500))]
        print(f"standing_of_{count}_among_{MANY} {statistics.median(took):.1f} ms {len(took)}")
    whole = []
    for _ in range(5):
        began = time.perf_counter()
        await target.held([], ())
        whole.append((time.perf_counter() - began) * 1e3)
    print(f"held_of_{MANY} {statistics.median(whole):.1f} ms {len(whole)}")
    await standing.close()
    await connection.close()


async def cluster_connection(cluster: Cluster) -> Connection:
    """A connection to the benchmark's database."""
    return await Connection.open(cluster.dsn("sf_bench"), application_name="bench", timeout_s=60)


async def _timed(standing: Standing, bookings: list[UUID]) -> float:
    began = time.perf_counter()
    reading = await standing.read(bookings, [])
    took_ms = (time.perf_counter() - began) * 1e3
    assert len(reading.rows) == len(bookings)
    return took_ms


def _memory(floors: dict[str, Floor], folder: Path) -> None:
    """What a reconciler keeps in memory of a hundred thousand acknowledged bookings, their events gone."""
    numbers = [table.number for floor in floors.values() for table in floor.tables]
    clock = StillClock()
    target = PostgresTarget("bench", "", RUN, floors)
    tracemalloc.start()
    reconciler = Reconciler(RUN, target.standing(), clock, lambda _: None, folder)
    for number in range(CLAIMS):
        start = dt.datetime(2027, 3, 1, 12, 0, tzinfo=dt.UTC) + dt.timedelta(minutes=15 * (number % 400))
        reconciler.take(
            AttemptEnded(
                at_ns=number * 1_000_000,
                ids=Ids(RUN, 0, WorkerId(number % 8), TurnId(number // 10), AttemptId(number)),
                due_ns=0, started_ns=0, ended_ns=number * 1_000_000, outcome="filled", certainty=Certainty.OK,
                booking_id=uuid4(), ordinal=1, tries=1, steps=(), tables=(numbers[number % len(numbers)],), party=2,
                xid=10**6 + number, window=Window("dinner", start, start + dt.timedelta(minutes=95)),
            )
        )  # fmt: skip
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"reconciler_memory_of_{CLAIMS} {kept / 1e6:.1f} MB 1")


async def main() -> None:
    """Print `name value unit n` lines."""
    with tempfile.TemporaryDirectory(prefix="sfb-") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101 - root's server runs as another user, who must walk in
        settings = EmbeddedSettings(data=f"{folder}/pg", idle_s=20)
        cluster = await Cluster.open(settings, "benchmark")
        try:
            await databases.ensure_template(cluster)
            await databases.clone(cluster, "sf_bench")
            connection = await cluster_connection(cluster)
            floors = await read_floors(connection, ("all",))
            await connection.close()
            _memory(floors, Path(folder))
            await _readings(cluster, floors)
            await _ratio(cluster, floors)
        finally:
            await cluster.close()
            await stop(settings)


if __name__ == "__main__":
    asyncio.run(main())
