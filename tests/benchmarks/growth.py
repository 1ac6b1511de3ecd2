"""What grows with a run: memory, pictures, the journal's rate and the disk after 10^4 to 10^6 fills; and workers.

`python -m tests.benchmarks.growth [--quick] [rehearsal] [postgres] [workers]`. On the rehearsal target, whose books are
on disk, everything that a run keeps is kept: journal, tally, samples, recording, reconciler, ledger, result. A million
fills take a quarter of an hour of one core; `--quick` goes to a tenth everywhere. Judges nothing.
"""

import asyncio
import gc
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

from engine.config import EmbeddedSettings
from engine.database import Connection
from engine.ending import conclude
from engine.exit_code import ExitCode
from engine.model.event import AttemptEnded, Event
from engine.model.ids import RunId
from engine.model.run_state import RunState
from engine.opening import Opened
from engine.platform import databases
from engine.platform.cluster import Cluster, stop
from engine.restaurants import read_floors
from engine.run import Run
from engine.target import Target
from engine.targets.postgres import PostgresTarget
from tests.benchmarks.figures import Figure, as_json
from tests.benchmarks.growing import LongRehearsal, evenings, go, house, resident, scratch, stand

MANY = 1_000_000
MANY_ON_POSTGRES = 100_000
LEVELS = (1, 16, 64, 128, 256)
AT_A_LEVEL = 4_000
PICTURES = 15
MB = 1e6


class Mark(NamedTuple):
    """A run as it was after so many fills."""

    fills: int
    resident_mb: float
    picture_ms: float
    """Processor time of one picture; the median of `PICTURES`."""
    events_per_s: float
    """Events the journal took a second of its own processor time, since the mark before."""
    disk_bytes: int
    """What was written so far: journal, recording and samples, before anything of it was compressed."""
    kept_bytes: int
    """What the folder takes, full segments compressed."""
    cpu_us: float
    """Processor time an attempt since the mark before, all that runs beside it counted in."""


class Marks:
    """Takes a mark when a run has come so far; it listens at the run's own log."""

    def __init__(self, run: Run, at: list[int]) -> None:
        self.found: list[Mark] = []
        self._run = run
        self._at = at
        self._fills = self._events = self._before = 0
        self._journal_ns = 0
        self._cpu_s = time.process_time()
        write, log = run.journal.write, run.log

        def timed(event: Event) -> None:
            began_ns = time.thread_time_ns()
            write(event)
            self._journal_ns += time.thread_time_ns() - began_ns
            self._events += 1

        run.journal.write = timed  # type: ignore[method-assign]
        self._log = log

    async def watch(self) -> None:
        """Look now and then until cancelled."""
        while True:
            await asyncio.sleep(0.05)
            fills = self._run.tally.attempts
            if self._at and fills >= self._at[0]:
                self._at.pop(0)
                self.found.append(self.mark(fills))

    def mark(self, fills: int) -> Mark:
        """As it is now."""
        run = self._run
        cpu_s = time.process_time()
        gc.collect()
        took = []
        for _ in range(PICTURES):
            began_ns = time.thread_time_ns()
            run.portrait(run.clock.now_ns())
            took.append((time.thread_time_ns() - began_ns) / 1e6)
        samples = sum(one.stat().st_size for one in run.folder.glob("samples.*"))
        kept = sum(one.stat().st_size for one in run.folder.iterdir())
        mark = Mark(
            fills=fills,
            resident_mb=resident(),
            picture_ms=statistics.median(took),
            events_per_s=self._events * 1e9 / max(1, self._journal_ns),
            disk_bytes=run.journal.bytes_written + run.recording.bytes_written + samples,
            kept_bytes=kept,
            cpu_us=(cpu_s - self._cpu_s) * 1e6 / max(1, fills - self._before),
        )
        self._events = self._journal_ns = 0
        self._before, self._cpu_s = fills, time.process_time()
        return mark


async def _forget_evenings(stands: Opened, target: LongRehearsal) -> None:
    """The rehearsal's floor of evenings that are over is no part of the engine."""
    while True:
        await asyncio.sleep(0.2)
        turns = [row.turn for row in stands.run.crew.rows.values() if row.turn is not None]
        if turns:
            target.busy.forget(min(turn.on for turn in turns))


async def _ended(stands: Opened) -> tuple[float, float]:
    """The end of a run, from the last answer to its result: processor seconds, and megabytes at its highest."""
    began_s = time.process_time()
    code = await conclude(stands, RunState.FINISHED, ExitCode.PASSED, "")
    assert code == ExitCode.PASSED, stands.run.reason
    return time.process_time() - began_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB


async def grown(target: Target, folder: Path, fills: int, name: str, workers: int) -> list[Figure]:
    """One run of so many fills, marked at each power of ten."""
    stands = stand(evenings(fills, target.floors), target, folder, workers)
    at = [10**power for power in range(4, 8) if 10**power < fills]
    marks = Marks(stands.run, list(at))
    await stands.begin()
    beside = [asyncio.create_task(marks.watch())]
    if isinstance(target, LongRehearsal):
        beside.append(asyncio.create_task(_forget_evenings(stands, target)))
    await go(stands)
    for one in beside:
        one.cancel()
    # A house with other tables may have been full before its slots had their share: the last mark is at the end.
    marks.found.append(marks.mark(stands.run.tally.attempts))
    cpu_s, peak_mb = await _ended(stands)
    stands.run.journal.close()
    figures: list[Figure] = []
    for nominal, mark in zip([*at, fills], marks.found, strict=False):
        power = f"{name}_1e{len(str(nominal)) - 1}"
        figures += [
            Figure(f"growth_rss{power}", mark.resident_mb, "MB", 1),
            Figure(f"growth_snapshot{power}", mark.picture_ms, "ms", PICTURES),
            Figure(f"growth_journal{power}", mark.events_per_s, "1/s", 1),
            Figure(f"growth_disk_per_fill{power}", mark.disk_bytes / mark.fills, "B", 1),
            Figure(f"growth_kept_per_fill{power}", mark.kept_bytes / mark.fills, "B", 1),
            Figure(f"growth_cpu_per_fill{power}", mark.cpu_us, "us", 1),
        ]
    if len(marks.found) > 1:
        between = marks.found[-1].resident_mb - marks.found[-2].resident_mb
        figures.append(Figure(f"growth_rss_difference{name}", between, "MB", 1))
    figures += [
        Figure(f"growth_end_cpu{name}", cpu_s, "s", 1),
        Figure(f"growth_end_peak{name}", peak_mb, "MB", 1),
    ]
    return _told(figures)


async def peopled(target: Target, folder: Path, workers: int, name: str) -> list[Figure]:
    """One short run with so many workers: what an attempt costs, how late the loop is, what a picture costs."""
    stands = stand(evenings(AT_A_LEVEL, target.floors), target, folder, workers)
    run = stands.run
    filled = 0
    log = run.reconciler.take

    def take(event: AttemptEnded) -> None:
        nonlocal filled
        filled += event.outcome == "filled"
        log(event)

    run.reconciler.take = take  # type: ignore[method-assign]
    took: list[float] = []

    async def look() -> None:
        while True:
            await asyncio.sleep(0.3)
            began_ns = time.thread_time_ns()
            run.portrait(run.clock.now_ns())
            took.append((time.thread_time_ns() - began_ns) / 1e6)

    await stands.begin()
    looking = asyncio.create_task(look())
    began_s = time.process_time()
    await go(stands)
    cpu_s = time.process_time() - began_s
    looking.cancel()
    run.journal.close()
    return _told(
        [
            Figure(f"growth_workers{name}_{workers}_fills_per_cpu_s", filled / cpu_s, "1/s", filled),
            Figure(f"growth_workers{name}_{workers}_lag_p99", run.lag.p99_ns() / 1e6, "ms", 1),
            Figure(f"growth_workers{name}_{workers}_snapshot", statistics.median(took or [0.0]), "ms", len(took)),
        ]
    )


def _told(figures: list[Figure]) -> list[Figure]:
    for figure in figures:
        print(figure.line(), flush=True)
    return figures


async def _on_rehearsal(root: Path, fills: int) -> list[Figure]:
    folder = root / "run"
    folder.mkdir()
    return await grown(LongRehearsal({"house": house()}, root), folder, fills, "", 4)


async def _workers_on_rehearsal(root: Path) -> list[Figure]:
    figures: list[Figure] = []
    for workers in LEVELS:
        books = root / f"books{workers}"
        folder = books / "run"
        folder.mkdir(parents=True)
        figures += await peopled(LongRehearsal({"house": house()}, books), folder, workers, "")
    return figures


async def _on_postgres(root: Path, fills: int, parts: list[str]) -> list[Figure]:
    settings = EmbeddedSettings(data=f"{root}/pg", idle_s=20)
    cluster = await Cluster.open(settings, "benchmark")
    figures: list[Figure] = []
    try:
        await databases.ensure_template(cluster)
        if "postgres" in parts:
            figures += await grown(await _target(cluster), _new(root / "pgrun"), fills, "_postgres", 8)
        if "workers" in parts:
            room = await _room(cluster)
            for workers in [level for level in LEVELS if level <= room]:
                target = await _target(cluster)
                figures += await peopled(target, _new(root / f"pgrun{workers}"), workers, "_postgres")
            figures += _told([Figure("growth_workers_postgres_room", room, "workers", 1)])
    finally:
        await cluster.close()
        await stop(settings)
    return figures


async def _room(cluster: Cluster) -> int:
    """How many workers a run may have there, beside its own looks."""
    connection = await Connection.open(cluster.dsn("postgres"), application_name="bench", timeout_s=5)
    most = int(await connection._connection.fetchval("SHOW max_connections"))
    kept = int(await connection._connection.fetchval("SHOW superuser_reserved_connections"))
    await connection.close()
    return most - kept - BESIDE


BESIDE = 6
"""Sampler, waits, reconciler, detail, checks, and one to spare."""


async def _target(cluster: Cluster) -> PostgresTarget:
    name = f"sf_bench_{time.monotonic_ns()}"
    await databases.clone(cluster, name)
    connection = await Connection.open(cluster.dsn(name), application_name="bench", timeout_s=5)
    floors = await read_floors(connection, ("all",))
    await connection.close()
    return PostgresTarget("bench", cluster.dsn(name), RunId("growth"), floors)


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def main(*words: str) -> list[Figure]:
    """Print `name value unit n` lines, and all of them as JSON."""
    part = 10 if "--quick" in words else 1
    parts = [word for word in words if not word.startswith("-")] or ["rehearsal", "workers", "postgres"]
    figures: list[Figure] = []
    if "rehearsal" in parts:
        with scratch() as name:
            figures += asyncio.run(_on_rehearsal(Path(name), MANY // part))
    if "workers" in parts:
        with scratch() as name:
            figures += asyncio.run(_workers_on_rehearsal(Path(name)))
    if "postgres" in parts or "workers" in parts:
        with scratch() as name:
            figures += asyncio.run(_on_postgres(Path(name), MANY_ON_POSTGRES // part, parts))
    print(as_json(figures))
    return figures


if __name__ == "__main__":
    main(*sys.argv[1:])
