"""An evening on a real Postgres, in this process: a journal and a manifest in a folder, as an engine leaves them."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from engine.clock import RunningClock
from engine.config import Settings
from engine.contract import REFERENCE, Terms
from engine.database import Connection
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.metrics.ledger import ledger
from engine.metrics.words import Words
from engine.model.event import AttemptEnded, Event
from engine.model.ids import RunId
from engine.model.integrity import Integrity
from engine.model.ledger import Ledger
from engine.model.strategy import Strategy
from engine.plan import Plan
from engine.plans.fill import FillPlan
from engine.records.archive import Manifest, write_manifest
from engine.records.journal import Journal, read
from engine.records.writer import write_json
from engine.restaurants import read_floors
from engine.settings_shown import flat
from engine.targets.postgres import PostgresTarget
from engine.verify.integrity import CHECKS, check
from engine.verify.ledger import fates

MONDAY = dt.date(2027, 3, 1)
TERMS = Terms(step_timeout_s=5, hold_ttl_s=180)
STRATEGY = Strategy("controls")


@dataclass
class Evening:
    """A run that is over, and what is known of it."""

    folder: Path
    target: PostgresTarget
    events: list[Event] = field(default_factory=list)

    @property
    def ended(self) -> list[AttemptEnded]:
        return [event for event in self.events if isinstance(event, AttemptEnded)]

    @property
    def acknowledged(self) -> list[AttemptEnded]:
        return [event for event in self.ended if event.acknowledged]

    async def kept(self) -> Ledger:
        """The ledger as an engine keeps it when its run ends, from the journal alone."""
        words = Words(read(self.folder))
        reading = await self.target.held(words.bookings, words.acknowledged)
        async with self.looking() as connection:
            told = await fates(connection, words.doubtful)
        return ledger(words, reading, told)

    async def broken(self) -> dict[str, int]:
        """Integrity checks that find rows now."""
        found = await checked(self.target)
        return {one: count for one, count in found.counts.items() if count}

    def looking(self) -> "Looking":
        return Looking(self.target.dsn)


class Looking:
    """A connection for a while."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def __aenter__(self) -> Connection:
        self._connection = await Connection.open(self._dsn, application_name="controls", timeout_s=10)
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()


async def checked(target: PostgresTarget) -> Integrity:
    """All integrity checks, as they are made before and after a run."""
    ids = [floor.restaurant_id for floor in target.floors.values()]
    async with Looking(target.dsn) as connection:
        found = await check(connection, ids, dt.timedelta(seconds=TERMS.hold_ttl_s))
    assert len(found.counts) == len(CHECKS), f"a check could not run: {found.failed}"
    return found


async def target_in(dsn: str, run: str) -> PostgresTarget:
    """The White Horse in that database."""
    async with Looking(dsn) as connection:
        floors = await read_floors(connection, ("all",))
    return PostgresTarget("embedded", dsn, RunId(run), floors, REFERENCE, TERMS)


def plan_for(target: PostgresTarget, *, seed: int = 7, bookings: int = 12, on: dt.date = MONDAY) -> Plan:
    """Four dinner slots, a quarter of the bookings each."""
    return FillPlan.of(
        target.floors,
        seed=seed,
        first=on,
        days=1,
        start=dt.time(18, 0),
        end=dt.time(18, 45),
        interval_min=15,
        stress_max=bookings // 4,
        min_party=2,
        max_party=7,
        share_slots=True,
    )


async def evening(folder: Path, target: PostgresTarget, plan: Plan | None = None, *, concurrency: int = 2) -> Evening:
    """Play an evening to its end: what is acknowledged is in the journal first, as in an engine."""
    folder.mkdir(parents=True)
    clock = RunningClock()
    made = Evening(folder, target)
    write_manifest(
        folder,
        Manifest(
            run_id=target.run,
            plan="fill",
            target="embedded",
            started_at=clock.wall().isoformat(),
            database=target.dsn.partition("@/")[2].partition("?")[0],
            settings=flat(Settings()),
            data="white-horse",
            day=MONDAY.isoformat(),
        ),
    )
    write_json(folder / "integrity-before.json", await checked(target))
    journal = Journal(folder, target.run, clock)

    def log(event: Event) -> None:
        journal.write(event)
        made.events.append(event)

    try:
        desk = Desk(clock, log, Holders(), {})
        task = Task(plan or plan_for(target), (STRATEGY,), concurrency)
        await Crew(target.run, task, target, Pace(None), desk).run()
    finally:
        journal.close()
    assert made.ended
    return made
