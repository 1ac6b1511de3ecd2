"""Fills a second on a real Postgres, bare and with everything a run keeps; what keeping costs is a ratio."""

import asyncio
import datetime as dt
import os
import statistics
import tempfile
import time
from pathlib import Path

from engine.allocator.strategies import OPTIMAL
from engine.clock import RunningClock
from engine.config import EmbeddedSettings
from engine.database import Connection
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders, Log
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
from engine.restaurants import read_floors
from engine.targets.postgres import PostgresTarget

LEVELS = (1, 4, 8)
ROUNDS = 5
"""Interleaved, so that a noisy minute hits both sides; medians are printed."""


async def _once(cluster: Cluster, floors: dict[str, Floor], workers: int, folder: Path | None) -> tuple[float, float]:
    """Fills a second and milliseconds an attempt (median) of one evening, journalled when a folder is given."""
    database = f"sf_bench_{time.monotonic_ns()}"
    await databases.clone(cluster, database)
    clock = RunningClock()
    ended: list[AttemptEnded] = []
    log = _logging(ended, clock, folder)
    plan = FillPlan.of(
        floors, seed=7, first=dt.date(2027, 3, 1), days=5, start=dt.time(17, 0), end=dt.time(20, 0), interval_min=15,
        stress_max=6, min_party=1, max_party=8, share_slots=True,
    )  # fmt: skip
    target = PostgresTarget("bench", cluster.dsn(database), RunId("bench"), floors)
    began = time.perf_counter()
    task = Task(plan, (OPTIMAL,), workers)
    await Crew(RunId("bench"), task, target, Pace(None), Desk(clock, log, Holders(), {})).run()
    took = time.perf_counter() - began
    await databases.drop(cluster, database)
    filled = [event for event in ended if event.outcome == "filled"]
    return len(filled) / took, statistics.median(event.ended_ns - event.started_ns for event in filled) / 1e6


def _logging(ended: list[AttemptEnded], clock: RunningClock, folder: Path | None) -> Log:
    def keep(event: Event) -> None:
        if isinstance(event, AttemptEnded):
            ended.append(event)

    if folder is None:
        return keep
    journal, tally, samples = Journal(folder, "bench", clock), Tally(), Samples(folder)

    def record(event: Event) -> None:
        journal.write(event)
        tally.apply(event)
        keep(event)
        if isinstance(event, AttemptEnded):
            samples.take(event)

    return record


async def main() -> None:
    """Print `name value unit n` lines."""
    with tempfile.TemporaryDirectory(prefix="sfb-") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101 - root's server runs as another user, who must walk in
        settings = EmbeddedSettings(data=f"{folder}/pg", idle_s=20)
        began = time.perf_counter()
        cluster = await Cluster.open(settings, "benchmark")
        print(f"cluster_cold_start {time.perf_counter() - began:.2f} s 1")
        try:
            await databases.ensure_template(cluster)
            await databases.clone(cluster, "sf_bench")
            connection = await Connection.open(cluster.dsn("sf_bench"), application_name="bench", timeout_s=5)
            floors = await read_floors(connection, ("all",))
            await connection.close()
            for workers in LEVELS:
                bare, kept = [], []
                for turn in range(ROUNDS):
                    records = Path(folder) / f"run{workers}-{turn}"
                    records.mkdir()
                    bare.append(await _once(cluster, floors, workers, None))
                    kept.append(await _once(cluster, floors, workers, records))
                rates = statistics.median(rate for rate, _ in kept)
                ratio = statistics.median(k[0] / b[0] for k, b in zip(kept, bare, strict=True))
                print(f"fills_per_s_c{workers} {rates:.1f} 1/s {ROUNDS}")
                print(f"attempt_p50_c{workers} {statistics.median(p50 for _, p50 in kept):.2f} ms {ROUNDS}")
                print(f"records_ratio_c{workers} {ratio:.3f} - {ROUNDS}")
        finally:
            await cluster.close()
            await stop(settings)


if __name__ == "__main__":
    asyncio.run(main())
