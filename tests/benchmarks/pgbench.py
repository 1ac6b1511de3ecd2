"""Fills a second against pgbench's, on the same server: `python -m tests.benchmarks.pgbench [--quick]`. Judges nothing.

pgbench sends the statements of a fill, generated from `queries/fill`, over as many connections. Ours is the engine's
own process with journal, tally, sampler, samples, recording and a console in a terminal attached, and at one level also
once with the platform's own table of events, which are statements besides those of a fill; its fills are planned
beforehand as pgbench's are, or found by the planner. Beside them asyncpg by itself sends the same statements: what of
the distance is Python's. Every leg and every run of the others has a fresh clone of the template, and they take turns.
While one is measured, the others stand still.
"""

import argparse
import asyncio
import contextlib
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import asyncpg
import msgspec

from engine.allocator.planner import Planner
from engine.config import EmbeddedSettings, FillSettings, ObservabilitySettings, RecordSettings, RunSettings, Settings
from engine.database import Connection
from engine.metrics.tally import Tally
from engine.model.event import AttemptEnded, Event
from engine.model.floor import Busy, Floor
from engine.model.ids import RunId
from engine.model.turn import Turn
from engine.planning import plan_of
from engine.platform import databases
from engine.platform.cluster import Cluster, stop
from engine.platform.seed import SEEDED_DAY
from engine.records.journal import Journal, read
from engine.records.samples import Samples
from engine.redact import mask_event
from engine.restaurants import read_floors
from engine.spec import NotReady, Ready, Spec
from engine.submitting import OCCASION_MINUTES, later
from engine.targets.postgres import PostgresTarget
from engine.wanted import rules, strategies
from tests.benchmarks.bare import Bare, Evenings
from tests.benchmarks.figures import Figure, as_json
from tests.benchmarks.pgbench_script import FILL, script
from tests.benchmarks.preplanned import PLANNED, PLANNER, ROOM, Planned, Took
from tests.benchmarks.processes import cpu_of_tree
from tests.scratch import FOLDER
from tests.shell import Shell, wait_until
from tests.tui.ptys import Terminal

LEVELS = (1, 4, 8, 15, 32)
QUICK_LEVELS = (1, 8)
EVENTS_LEVEL = 8
"""Where it is measured, too, with the platform's table of events written: statements that are none of a fill."""
PAIRS, QUICK_PAIRS = 5, 2
PARTY = 2
A_DAY = 5
"""Fills a day, each at a table of its own: what the planner would give to so many parties one after the other."""
OPEN_DAYS = 5
"""Of a week."""
FILLS = {1: 500}
MOST_FILLS = 1_000
"""Of one leg: about two seconds."""
PGBENCH_S = 4
_PGBENCH_RATE = re.compile(r"^progress: [0-9.]+ s, ([0-9.]+) tps", re.M)
_PGBENCH_DONE = re.compile(r"number of transactions actually processed: (\d+)")
_CONSOLE = (120, 40)
ENGINE = "tests.benchmarks.preplanned"
"""The module that is run as the engine's process."""


class Leg(NamedTuple):
    """One side of a pair."""

    rate: float
    """Fills a second."""
    fills: int
    client_us: float
    """Processor of the client per fill."""
    server_us: float
    """Processor of the server per fill."""


class Bench:
    """A cluster of its own and what is measured on it."""

    def __init__(self, folder: Path, cluster: Cluster, *, pairs: int, fills: int) -> None:
        self.folder = folder
        self.cluster = cluster
        self.pairs = pairs
        self.fills = fills
        home = folder / "home"
        home.mkdir()
        self.shell = Shell(home)
        self.figures: list[Figure] = []
        self.idle: list[float] = []

    def tell(self, name: str, value: float, unit: str, n: int) -> None:
        """Print a figure and keep it."""
        self.figures.append(Figure(name, value, unit, n))
        print(self.figures[-1].line(), flush=True)

    async def level(self, clients: int, *, events: bool = False) -> None:
        """All pairs of one number of clients; with `events` ours writes the platform's table of events, too."""
        floors = await self._floors()
        settings = self._settings(clients, events=events)
        plan, turn = await self._planned(floors, settings)
        floor = floors[turn.restaurant]
        room = Path(tempfile.mkdtemp(dir=self.folder, prefix="room"))
        (room / "plan.json").write_bytes(msgspec.json.encode(plan))
        (room / "fill.sql").write_text(script(plan, turn, floor, clients))
        (room / "bare.json").write_bytes(msgspec.json.encode(_evenings(plan, turn, floor)))
        with self._engine(settings, room) as (said, process):
            theirs, bare, ours, calls = await self._measured(clients, room, Path(said.folder), process)
        if events:
            self.tell(f"pgbench_ratio_events_c{clients}", _ratio(theirs, ours[PLANNED]), "x", len(theirs))
            return
        self._tell_level(clients, theirs, ours)
        asyncpg_ratio = statistics.median(own.rate / their.rate for own, their in zip(bare, theirs, strict=True))
        self.tell(f"asyncpg_ratio_c{clients}", asyncpg_ratio, "x", len(bare))
        client_us = statistics.median(one.client_us for one in bare)
        self.tell(f"asyncpg_client_cpu_c{clients}", client_us, "us/fill", len(bare))
        if clients == 8:
            self.tell("fill_round_trips", statistics.median(calls), "-", len(calls))
            self._tell_shares(Path(said.folder))

    async def _measured(
        self, clients: int, room: Path, records: Path, process: "subprocess.Popen[bytes]"
    ) -> tuple[list[Leg], list[Bare], dict[str, list[Leg]], list[float]]:
        theirs: list[Leg] = []
        bare: list[Bare] = []
        ours: dict[str, list[Leg]] = {PLANNED: [], PLANNER: []}
        calls = []
        with self._console(records) as terminal:
            both = (process.pid, terminal.process.pid)
            for number in range(2 * self.pairs):
                if number % 2 == 0:
                    # Stood still while it asks the server something, it would take that for no answer.
                    wait_until((room / f"at-{number + 1}").exists, f"leg {number + 1} to be at the gate", within_s=60.0)
                    with _still(*both):
                        theirs.append(await self._pgbench(room / "fill.sql", clients))
                        bare.append(await self._bare(room, clients))
                mode = (PLANNED, PLANNER)[number % 2]
                (room / f"go-{number + 1}.new").write_text(mode)
                (room / f"go-{number + 1}.new").rename(room / f"go-{number + 1}")
                left = room / f"took-{number + 1}"
                wait_until(left.exists, f"leg {number + 1} to end", within_s=120.0)
                took = msgspec.json.decode(left.read_bytes(), type=Took)
                calls.append(await self._calls(records, number + 1))
                ours[mode].append(await self._leg(records, number + 1, clients, took))
                if took.idle_s > 1.0:
                    self.idle.append(took.idle_cpu_s / took.idle_s)
        process.wait(timeout=60)
        return theirs, bare, ours, calls

    def _tell_level(self, clients: int, theirs: list[Leg], ours: dict[str, list[Leg]]) -> None:
        n = len(theirs)
        self.tell(f"pgbench_ratio_c{clients}", _ratio(theirs, ours[PLANNED]), "x", n)
        self.tell(f"pgbench_ratio_planner_c{clients}", _ratio(theirs, ours[PLANNER]), "x", n)
        for name, legs in (("pgbench", theirs), ("preplanned", ours[PLANNED]), ("planner", ours[PLANNER])):
            self.tell(f"{name}_fills_c{clients}", statistics.median(one.rate for one in legs), "/s", n)
            self.tell(f"{name}_client_cpu_c{clients}", statistics.median(one.client_us for one in legs), "us/fill", n)
            self.tell(f"{name}_server_cpu_c{clients}", statistics.median(one.server_us for one in legs), "us/fill", n)

    # -- pgbench ---------------------------------------------------------------------------------------------

    async def _pgbench(self, script_file: Path, clients: int) -> Leg:
        database = f"sf_bench_{time.monotonic_ns()}"
        await databases.clone(self.cluster, database, "white-horse", SEEDED_DAY)
        socket = re.search(r"host=([^&]+)", self.cluster.dsn(database))
        user = re.search(r"//([^@]+)@", self.cluster.dsn(database))
        if socket is None or user is None:
            raise SystemExit(f"the cluster's address has no socket: {self.cluster.dsn(database)}")
        command = [
            f"{self.cluster.bin}/pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "1",
            "-T", str(PGBENCH_S), "-P", "1", "-D", "i=0", "-f", str(script_file),
            "-h", unquote(socket[1]), "-p", "5432", "-U", user[1], database,
        ]  # fmt: skip
        used, served = resource.getrusage(resource.RUSAGE_CHILDREN), cpu_of_tree(self.cluster.pid)
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, timeout=60, check=False,
            env=os.environ | {"PGTZ": "UTC"},
        )  # fmt: skip
        now, served_now = resource.getrusage(resource.RUSAGE_CHILDREN), cpu_of_tree(self.cluster.pid)
        # The first second is left out on both sides: each backend reads functions and plans their statements in it.
        rates, count = list(map(float, _PGBENCH_RATE.findall(done.stderr)))[1:], _PGBENCH_DONE.search(done.stdout)
        if done.returncode or not rates or count is None:
            raise SystemExit(f"pgbench ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        fills = int(count[1])
        there = await self._there(database)
        if there != fills:
            raise SystemExit(f"pgbench claims {fills} fills, and {there} bookings are confirmed and have tables")
        await databases.drop(self.cluster, database)
        used_s = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
        return Leg(statistics.mean(rates), fills, used_s / fills * 1e6, (served_now - served) / fills * 1e6)

    async def _bare(self, room: Path, clients: int) -> Bare:
        database = f"sf_bench_{time.monotonic_ns()}"
        await databases.clone(self.cluster, database, "white-horse", SEEDED_DAY)
        words = (self.cluster.dsn(database), str(clients), str(self._fills(clients)), str(room))
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-P", "-m", "tests.benchmarks.bare", *words],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"asyncpg by itself ended with {done.returncode}:\n{done.stderr}")
        told = msgspec.json.decode(done.stdout, type=Bare)
        there = await self._there(database)
        if there != told.fills:
            raise SystemExit(f"asyncpg claims {told.fills} fills, and {there} bookings are confirmed and have tables")
        await databases.drop(self.cluster, database)
        return told

    # -- ours ------------------------------------------------------------------------------------------------

    def _fills(self, clients: int) -> int:
        return self.fills or FILLS.get(clients, MOST_FILLS)

    def _settings(self, clients: int, *, events: bool) -> Settings:
        fills = self._fills(clients)
        return Settings(
            run=RunSettings(concurrency=clients, repeat=2 * self.pairs, data="white-horse", date=SEEDED_DAY),
            fill=FillSettings(
                days=fills // A_DAY * 7 // OPEN_DAYS,
                start=time_of_day(19, 0),
                end=time_of_day(19, 0),
                stress_max=A_DAY,
                min_party=PARTY,
                max_party=PARTY,
            ),
            embedded=EmbeddedSettings(
                data=self.shell.environ["SLOTFILL_EMBEDDED_DATA"], idle_s=20.0, max_connections=150
            ),
            observability=ObservabilitySettings(events=events),
            records=RecordSettings(runs=str(self.shell.home / ".local/state/slotfill/runs")),
        )

    async def _floors(self) -> dict[str, Floor]:
        await databases.clone(self.cluster, "sf_bench_floors", "white-horse", SEEDED_DAY)
        connection = await Connection.open(self.cluster.dsn("sf_bench_floors"), application_name="bench", timeout_s=10)
        try:
            return await read_floors(connection, ("all",))
        finally:
            await connection.close()
            await databases.drop(self.cluster, "sf_bench_floors")

    async def _planned(self, floors: dict[str, Floor], settings: Settings) -> tuple[Planned, Turn]:
        """The run's own days, and the tables that its planner gives on an empty floor, one after the other."""
        target = PostgresTarget("bench", "", RunId("bench"), floors)
        plan = await plan_of("fill", target, settings, SEEDED_DAY)
        turns = plan.turns
        planner = Planner(floors[turns[0].restaurant], rules(settings))
        (strategy,) = strategies("fill", settings)
        busy: list[Busy] = []
        tables = []
        for _ in range(A_DAY):
            quote = planner.quote(turns[0].on, turns[0].at, PARTY, busy, strategy=strategy)
            window, (table,) = quote.window, quote.candidates[0].tables
            if window is None:
                raise SystemExit(f"nobody is seated at {turns[0].at} of {turns[0].on}")
            busy.append(Busy(table.id, window.start, window.end))
            tables.append(table.id)
        windows = []
        for turn in turns:
            window = planner.quote(turn.on, turn.at, PARTY, (), strategy=strategy).window
            if window is None:
                raise SystemExit(f"nobody is seated at {turn.at} of {turn.on}")
            windows.append(window)
        days = tuple(turn.on for turn in turns)
        return Planned(days, tuple(windows), tuple(tables), self.cluster.pid), turns[0]

    @contextlib.contextmanager
    def _engine(self, settings: Settings, room: Path) -> "Iterator[tuple[Ready, subprocess.Popen[bytes]]]":
        reading, writing = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", ENGINE, str(writing)],
            stdin=subprocess.PIPE,
            pass_fds=(writing,),
            cwd=self.shell.home,
            env=self.shell.environ | {ROOM: str(room)},
            start_new_session=True,
        )
        os.close(writing)
        try:
            if process.stdin is None:
                raise AssertionError("stdin was asked for as a pipe")
            process.stdin.write(msgspec.json.encode(Spec(settings=settings, plan="fill", who="bench")))
            process.stdin.close()
            with os.fdopen(reading, "rb") as pipe:
                body = pipe.read()
            if not body:
                raise SystemExit("the engine died before it stood")
            said: Ready | NotReady = msgspec.json.decode(body, type=Ready | NotReady)
            if isinstance(said, NotReady):
                raise SystemExit(said.text)
            yield said, process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()

    @contextlib.contextmanager
    def _console(self, records: Path) -> Iterator[Terminal]:
        wait_until((records / "run.json").exists, "the run's folder")
        terminal = Terminal(self.shell.command("attach"), self.shell.environ, self.shell.home, _CONSOLE)
        try:
            if not terminal.shows("view ", within_s=60.0):
                raise SystemExit(f"the console never showed the run:\n{terminal.text}")
            yield terminal
        finally:
            terminal.close()

    async def _leg(self, records: Path, number: int, clients: int, took: Took) -> Leg:
        """Fills a second once all backends are warm and until the first worker had none left, from the journal."""
        words = await asyncio.to_thread(_words, records, number - 1)
        filled = [one for one in words if one.outcome == "filled"]
        if took.mode == PLANNED and len(filled) != len(words):
            refused = next(one.refusal for one in words if one.outcome != "filled")
            print(f"# {len(words) - len(filled)} of {len(words)} planned fills were refused: {refused}")
        database = _database(records, number)
        there = await self._there(database)
        if there != len(filled):
            raise SystemExit(f"{len(filled)} fills were told, and {there} bookings are confirmed and have tables")
        ended = sorted(one.ended_ns for one in filled)
        whole = len(ended) - clients * A_DAY
        warm = max(2 * clients, whole // 4)
        if whole <= warm:
            raise SystemExit(f"{len(ended)} fills are too few for {clients} workers")
        rate = (whole - warm) / (ended[whole - 1] - ended[warm - 1]) * 1e9
        return Leg(rate, len(filled), took.engine_cpu_s / len(filled) * 1e6, took.server_cpu_s / len(filled) * 1e6)

    async def _calls(self, records: Path, number: int) -> float:
        """Statements of a fill that the server counted, for each booking that is confirmed and has tables."""
        database = _database(records, number)
        connection = await asyncpg.connect(self.cluster.dsn(database))
        try:
            names = [name for name in FILL if "/" in name]
            calls = await connection.fetchval(
                "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid"
                " WHERE d.datname = current_database()"
                " AND (query LIKE ANY ($1::text[]) OR query IN ('BEGIN', 'COMMIT'))",
                [f"%{_telling(name)}%" for name in names],
            )
        except asyncpg.PostgresError:
            return float("nan")
        finally:
            await connection.close()
        return int(calls) / max(1, await self._there(database))

    async def _there(self, database: str) -> int:
        connection = await asyncpg.connect(self.cluster.dsn(database))
        try:
            return int(
                await connection.fetchval(
                    "SELECT count(*) FROM bookings b WHERE b.status = 'confirmed' AND b.source = 'slotfill'"
                    " AND EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)"
                )
            )
        finally:
            await connection.close()

    def _tell_shares(self, records: Path) -> None:
        """What each thing that is kept of a fill costs by itself: the events of the run once more, without a server."""
        events = list(read(records))
        fills = sum(isinstance(event, AttemptEnded) for event in events)
        rounds: dict[str, list[float]] = defaultdict(list)
        for _ in range(5):
            with tempfile.TemporaryDirectory(dir=self.folder) as name:
                for what, took_s in _kept(events, Path(name)).items():
                    rounds[what].append(took_s / fills * 1e6)
        for what, took_us in rounds.items():
            self.tell(f"{what}_cpu", statistics.median(took_us), "us/fill", len(took_us))


def _ratio(theirs: list[Leg], ours: list[Leg]) -> float:
    return statistics.median(our.rate / their.rate for our, their in zip(ours, theirs, strict=True))


def _evenings(plan: Planned, turn: Turn, floor: Floor) -> Evenings:
    zones = {one.id: one.zone_id for one in floor.tables}
    window = plan.windows[0]
    return Evenings(
        restaurant=floor.restaurant_id,
        timezone=floor.timezone,
        days=plan.days,
        at=turn.at,
        until=later(turn.at, OCCASION_MINUTES["dinner"]),
        window=window.end - window.start,
        party=turn.party,
        tables=tuple((table, zones[table]) for table in plan.tables),
    )


def _kept(events: list[Event], folder: Path) -> dict[str, float]:
    """Seconds of processor that masking, journal, tally and samples take for these events."""
    took: dict[str, float] = {}
    clock = _Still()
    began_s = time.process_time()
    masked = [mask_event(event) for event in events]
    took["mask"] = time.process_time() - began_s
    journal, tally, samples = Journal(folder, "bench", clock), Tally(), Samples(folder)
    began_s = time.process_time()
    for event in masked:
        journal.write(event)
    took["journal"] = time.process_time() - began_s
    journal.close()
    began_s = time.process_time()
    for event in masked:
        tally.apply(event)
    took["tally"] = time.process_time() - began_s
    began_s = time.process_time()
    for event in masked:
        if isinstance(event, AttemptEnded):
            samples.take(event)
    took["samples"] = time.process_time() - began_s
    return took


class _Still:
    """A clock that nobody waits for."""

    def now_ns(self) -> int:
        return 0

    async def sleep_until(self, at_ns: int) -> None:
        raise AssertionError("nobody sleeps here")

    async def wait_for(self, event: asyncio.Event, at_ns: int) -> bool:
        raise AssertionError("nobody waits here")

    def wall(self) -> datetime:
        return datetime.now(UTC)


def _words(records: Path, leg: int) -> list[AttemptEnded]:
    return [event for event in read(records) if isinstance(event, AttemptEnded) and event.ids.leg == leg]


def _database(records: Path, repeat: int) -> str:
    own: str = msgspec.json.decode((records / "run.json").read_bytes())["database"]
    return own if repeat == 1 else f"{own}_r{repeat}"


def _telling(name: str) -> str:
    return {
        "fill/submit_checked": "create_booking_with_capacity_check(",
        "fill/busy": "w.expires_at <= clock_timestamp()",
        "fill/hold": "INSERT INTO table_hold_members (hold_id, table_id)",
        "fill/confirm": "confirm_hold_assignment_tx(",
    }[name]


@contextlib.contextmanager
def _still(*pids: int) -> Iterator[None]:
    """These processes stand still meanwhile: what they do beside their work must not slow the other side."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def main(*words: str) -> list[Figure]:
    """Measure every level: about four minutes, with --quick about half a minute."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pgbench")
    parser.add_argument("--quick", action="store_true", help="two pairs, at 1 and 8 clients")
    parser.add_argument("--levels", type=lambda text: tuple(map(int, text.split(","))), help="clients, as 1,8")
    parser.add_argument("--pairs", type=int, help="pairs of each level")
    parser.add_argument("--fills", type=int, default=0, help="fills of one leg (default 500 at 1 client, else 1000)")
    args = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="sfb-"))
    # Root's server runs as another user, who must be able to walk in.
    folder.chmod(0o711)
    os.environ[FOLDER] = str(folder)
    settings = EmbeddedSettings(data=f"{folder}/pg", idle_s=20, max_connections=150)
    cluster = await Cluster.open(settings, "benchmark")
    pairs = args.pairs or (QUICK_PAIRS if args.quick else PAIRS)
    bench = Bench(folder, cluster, pairs=pairs, fills=args.fills)
    try:
        await databases.ensure_template(cluster)
        for clients in args.levels or (QUICK_LEVELS if args.quick else LEVELS):
            await bench.level(clients)
            if clients == EVENTS_LEVEL:
                await bench.level(clients, events=True)
        if bench.idle:
            bench.tell("engine_idle_cpu", 100 * statistics.median(bench.idle), "%", len(bench.idle))
    finally:
        await asyncio.to_thread(bench.shell.clean)
        await cluster.close()
        await stop(settings)
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.pop(FOLDER, None)
    print(as_json(bench.figures))
    return bench.figures


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
