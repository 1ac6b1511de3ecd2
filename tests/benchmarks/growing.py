"""What a long run is made of in the benchmarks of growth: a rehearsal whose books are on disk, and a run around it."""

import asyncio
import datetime as dt
import os
import sqlite3
import tempfile
from collections.abc import Collection, Iterator, MutableMapping
from pathlib import Path
from uuid import UUID

import msgspec

from engine.allocator.strategies import strategy_of
from engine.backends import Backends
from engine.checks import Checks
from engine.clock import RunningClock
from engine.config import RunSettings, Settings
from engine.database import Connection, DatabaseUnreachable
from engine.model.floor import Floor
from engine.model.ids import RunId
from engine.model.ledger import HeldRow
from engine.model.strategy import Strategy
from engine.opening import Opened
from engine.plan import Plan
from engine.plans.fill import FillPlan
from engine.portrait import RunFacts
from engine.records.archive import Manifest, write_manifest
from engine.records.journal import Journal
from engine.records.recording import Recording
from engine.records.samples import Samples
from engine.run import Run
from engine.run_parts import RunParts
from engine.target import Target
from engine.targets.rehearsal import RehearsalTarget
from tests.allocator.floors import EVERY_DAY, floor, table

FIRST = dt.date(2027, 3, 1)
TABLES = 24
A_SLOT = 20
ALONE = strategy_of("optimal-fit", "off", max_tables=1, max_overage=2, lookahead=False)


def evenings(attempts: int, floors: dict[str, Floor], first_turn: int = 1) -> FillPlan:
    """A fill of so many attempts: two slots a day, twenty bookings each."""
    return FillPlan.of(
        floors, seed=7, first=FIRST, days=max(1, attempts // (2 * A_SLOT)), start=dt.time(12, 0), end=dt.time(18, 0),
        interval_min=360, stress_max=A_SLOT, min_party=1, max_party=2, share_slots=True, first_turn=first_turn,
    )  # fmt: skip


def house() -> Floor:
    """Twenty-four tables of two, open day and night: what is measured is the engine, and not the planner."""
    return floor([table(f"T{number:02d}", 2) for number in range(TABLES)], hours=EVERY_DAY)


class Shelf(MutableMapping[UUID, HeldRow]):
    """Bookings as a database has them: on disk, and none of this process's memory."""

    def __init__(self, folder: Path) -> None:
        self._books = sqlite3.connect(folder / "books.sqlite", isolation_level=None, check_same_thread=False)
        for word in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-2000"):
            self._books.execute(f"PRAGMA {word}")
        self._books.execute("CREATE TABLE rows (id BLOB PRIMARY KEY, row BLOB) WITHOUT ROWID")
        self._open = 0

    def __setitem__(self, booking: UUID, row: HeldRow) -> None:
        if not self._open:
            self._books.execute("BEGIN")
        self._books.execute("INSERT OR REPLACE INTO rows VALUES (?, ?)", (booking.bytes, msgspec.msgpack.encode(row)))
        self._open += 1
        if self._open >= 1_000:
            self._books.execute("COMMIT")
            self._open = 0

    def __getitem__(self, booking: UUID) -> HeldRow:
        found = self._books.execute("SELECT row FROM rows WHERE id = ?", (booking.bytes,)).fetchone()
        if found is None:
            raise KeyError(booking)
        return _ROWS.decode(found[0])

    def __delitem__(self, booking: UUID) -> None:
        self._books.execute("DELETE FROM rows WHERE id = ?", (booking.bytes,))

    def __iter__(self) -> Iterator[UUID]:
        for (one,) in self._books.execute("SELECT id FROM rows"):
            yield UUID(bytes=one)

    def __len__(self) -> int:
        found: int = self._books.execute("SELECT count(*) FROM rows").fetchone()[0]
        return found

    def all_rows(self) -> Iterator[HeldRow]:
        """Every row there is, one after the other."""
        for (row,) in self._books.execute("SELECT row FROM rows"):
            yield _ROWS.decode(row)


_ROWS: "msgspec.msgpack.Decoder[HeldRow]" = msgspec.msgpack.Decoder(HeldRow)


class _Given(MutableMapping[UUID, tuple[str, ...]]):
    """What was confirmed stands in the rows."""

    def __init__(self, rows: Shelf) -> None:
        self._rows = rows

    def __setitem__(self, booking: UUID, tables: tuple[str, ...]) -> None:
        pass

    def __getitem__(self, booking: UUID) -> tuple[str, ...]:
        row = self._rows[booking]
        if row.status != "confirmed":
            raise KeyError(booking)
        return tuple(row.tables)

    def __delitem__(self, booking: UUID) -> None:
        raise NotImplementedError

    def __iter__(self) -> Iterator[UUID]:
        return (row.booking_id for row in self._rows.all_rows() if row.status == "confirmed")

    def __len__(self) -> int:
        return sum(1 for _ in self)


class LongRehearsal(RehearsalTarget):
    """A rehearsal that may go on for a million bookings: its rows are on disk, and past evenings are forgotten."""

    def __init__(self, floors: dict[str, Floor], folder: Path) -> None:
        super().__init__(floors, RunningClock(), step_ns=0)
        shelf = Shelf(folder)
        self.rows = shelf
        self.confirmed = _Given(shelf)

    async def persisted(self, bookings: Collection[UUID]) -> dict[UUID, int]:
        return {booking: len(self.confirmed[booking]) for booking in bookings if booking in self.confirmed}


async def nowhere(_name: str) -> Connection:
    """There is no server to look at."""
    raise DatabaseUnreachable("a rehearsal has no server")


def stand(plan: Plan, target: Target, folder: Path, workers: int, strategy: Strategy = ALONE) -> Opened:
    """A run that stands, as the engine's process would have it, but for a server."""
    clock = RunningClock()
    run_id = RunId("growth")
    settings = Settings(run=RunSettings(concurrency=workers))
    manifest = Manifest(run_id=run_id, plan="fill", target=target.name, started_at=clock.wall().isoformat())
    write_manifest(folder, manifest)
    if isinstance(target, RehearsalTarget):
        target.clock = clock
    connect = getattr(target, "connect", nowhere)
    parts = RunParts(
        facts=RunFacts(run_id, "", "fill", target.name, "", 1, manifest.started_at),
        settings=settings,
        plan=plan,
        ladder=(strategy,),
        target=target,
        connect=connect,
        faults=None,
        limits=None,
        clock=clock,
        folder=folder,
        journal=Journal(folder, run_id, clock),
        recording=Recording(folder, run_id),
        samples=Samples(folder),
        backends=Backends(connect),
    )
    run = Run(parts)
    run.passes.on = FIRST
    checks = Checks(connect, target, settings.run.hold_ttl_s, folder)

    async def renew() -> None:
        raise AssertionError("it is run once")

    return Opened(run, manifest, folder, folder / "socket", connect, checks, renew)


def resident() -> float:
    """Megabytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def scratch() -> "tempfile.TemporaryDirectory[str]":
    """A folder that any user's server may walk into."""
    folder = tempfile.TemporaryDirectory(prefix="sfb-")
    Path(folder.name).chmod(0o711)
    return folder


async def go(stands: Opened) -> None:
    """Work to the crew's end with all that runs beside it."""
    run = stands.run
    async with asyncio.TaskGroup() as beside:
        tasks = [
            beside.create_task(one)
            for one in (
                run.lag.run(),
                run.journal.keep_synced(),
                run.record(),
                run.reconciler.run(),
                run.alerting.run(),
            )
        ]
        await run.crew.run()
        await run.reconciler.last_look()
        for task in tasks:
            task.cancel()
