"""What the journal costs a run on Postgres, in pairs: the same evening with it and without. Judges nothing.

`python -m tests.benchmarks.journal [pairs] [workers]`. Everything else that a run keeps is kept on both sides; with the
journal goes its batched sync. A pair is one evening each, close together and in turn the one or the other first, so
that a slow minute hits both.
"""

import asyncio
import datetime as dt
import math
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from engine.allocator.strategies import OPTIMAL
from engine.clock import RunningClock
from engine.config import EmbeddedSettings
from engine.database import Connection
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.metrics.tally import Tally
from engine.model.event import AttemptEnded, Event
from engine.model.floor import Floor
from engine.model.ids import RunId
from engine.plans.fill import FillPlan
from engine.platform import databases
from engine.platform.cluster import Cluster, stop
from engine.records.journal import Journal
from engine.records.samples import Samples
from engine.redact import mask_event
from engine.restaurants import read_floors
from engine.targets.postgres import PostgresTarget

PAIRS, WORKERS = 24, 8


async def evening(cluster: Cluster, floors: dict[str, Floor], workers: int, folder: Path, *, journalled: bool) -> float:
    """Fills a second of one evening."""
    database = f"sf_bench_{time.monotonic_ns()}"
    await databases.clone(cluster, database)
    clock = RunningClock()
    tally, samples = Tally(), Samples(folder)
    journal = Journal(folder, "bench", clock) if journalled else None
    filled = 0

    def log(event: Event) -> None:
        nonlocal filled
        event = mask_event(event)
        if journal is not None:
            journal.write(event)
        tally.apply(event)
        if isinstance(event, AttemptEnded):
            samples.take(event)
            filled += event.outcome == "filled"

    plan = FillPlan.of(
        floors, seed=7, first=dt.date(2027, 3, 1), days=5, start=dt.time(17, 0), end=dt.time(20, 0), interval_min=15,
        stress_max=6, min_party=1, max_party=8, share_slots=True,
    )  # fmt: skip
    target = PostgresTarget("bench", cluster.dsn(database), RunId("bench"), floors)
    crew = Crew(RunId("bench"), Task(plan, (OPTIMAL,), workers), target, Pace(None), Desk(clock, log, Holders(), {}))
    syncing = asyncio.create_task(journal.keep_synced()) if journal is not None else None
    began = time.perf_counter()
    await crew.run()
    took = time.perf_counter() - began
    if journal is not None and syncing is not None:
        syncing.cancel()
        await asyncio.gather(syncing, return_exceptions=True)
        journal.close()
    await databases.drop(cluster, database)
    return filled / took


async def main(pairs: int = PAIRS, workers: int = WORKERS) -> None:
    """Print `name value unit n` lines."""
    with tempfile.TemporaryDirectory(prefix="sfb-") as name:
        os.chmod(name, 0o711)  # noqa: PTH101 - root's server runs as another user, who must walk in
        settings = EmbeddedSettings(data=f"{name}/pg", idle_s=20)
        cluster = await Cluster.open(settings, "benchmark")
        try:
            await databases.ensure_template(cluster)
            await databases.clone(cluster, "sf_bench")
            connection = await Connection.open(cluster.dsn("sf_bench"), application_name="bench", timeout_s=5)
            floors = await read_floors(connection, ("all",))
            await connection.close()
            told(await measured(cluster, floors, Path(name), pairs, workers), workers)
        finally:
            await cluster.close()
            await stop(settings)


async def measured(
    cluster: Cluster, floors: dict[str, Floor], root: Path, pairs: int, workers: int
) -> list[tuple[float, float]]:
    """Fills a second without and with the journal, pair by pair; one pair before them warms everything up."""
    found: list[tuple[float, float]] = []
    for pair in range(-1, pairs):
        rates: dict[bool, float] = {}
        for journalled in (False, True) if pair % 2 else (True, False):
            folder = root / f"run{pair}-{journalled}"
            folder.mkdir()
            rates[journalled] = await evening(cluster, floors, workers, folder, journalled=journalled)
        if pair >= 0:
            found.append((rates[False], rates[True]))
    return found


def told(rates: list[tuple[float, float]], workers: int) -> None:
    """The ratio with its spread: quartiles of the pairs, and the 95 % interval of their geometric mean."""
    logs = [math.log(kept / bare) for bare, kept in rates]
    mean = statistics.mean(logs)
    half = 1.96 * statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan
    low, middle, high = statistics.quantiles([math.exp(one) for one in logs], n=4)
    n = len(rates)
    print(f"fills_per_s_c{workers}_bare {statistics.median(bare for bare, _ in rates):.1f} 1/s {n}")
    print(f"fills_per_s_c{workers}_journal {statistics.median(kept for _, kept in rates):.1f} 1/s {n}")
    print(f"journal_ratio_c{workers} {middle:.4f} - {n} (quartiles {low:.4f} to {high:.4f})")
    print(f"journal_ratio_mean_c{workers} {math.exp(mean):.4f} - {n} (95 %: {math.exp(mean - half):.4f} to "
          f"{math.exp(mean + half):.4f})")  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(*(int(word) for word in sys.argv[1:])))
