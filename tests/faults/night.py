"""A night behind a faulty network: a crew, its journal, the ledger, and a second look at each doubt."""

import asyncio
import datetime as dt
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from engine.clock import RunningClock
from engine.config import RunSettings, Settings
from engine.contract import REFERENCE, Terms
from engine.database import Connection
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.metrics.ledger import ledger
from engine.metrics.words import Words
from engine.model.event import AttemptEnded, Event, Refused
from engine.model.ids import RunId
from engine.model.ledger import Ledger
from engine.model.outcome import Certainty
from engine.model.strategy import Strategy
from engine.passes import Passes
from engine.plan import Plan
from engine.plans.fill import FillPlan
from engine.records.journal import Journal, read
from engine.restaurants import read_floors
from engine.targets.postgres import PostgresTarget
from tests.faults.criteria import criteria, nothing_left, of_ledger
from tests.scratch import ScratchDatabase

MONDAY = dt.date(2027, 3, 1)
STRATEGY = Strategy("test")
DEADLINE_S = 60.0


class Plans(msgspec.Struct, frozen=True):
    """What is tried in a night."""

    seed: int = 1
    workers: int = 4
    slots: int = 12
    """Start times, five minutes apart; a slot ends with its first attempt that is not filled."""
    stress_max: int = 3
    max_party: int = 3
    retries: int = 0
    step_timeout_s: float = 5.0
    hold_ttl_s: float = 180.0
    session: dict[str, str] = {}
    """Settings that every session has."""
    share_slots: bool = True
    apart: bool = False
    """Each worker begins at another table, so that none refuses another."""


class Night(NamedTuple):
    """What came of it."""

    events: list[Event]
    kept: Ledger
    fates: dict[int, str]
    took_s: float

    @property
    def ended(self) -> list[AttemptEnded]:
        return [event for event in self.events if isinstance(event, AttemptEnded)]

    @property
    def info(self) -> list[AttemptEnded]:
        return [event for event in self.ended if event.certainty is Certainty.INFO]

    @property
    def in_doubt(self) -> set[UUID]:
        return {event.booking_id for event in self.info}

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(event.outcome for event in self.ended)

    @property
    def refusals(self) -> Counter[str]:
        """Every refusal that was told, also those that were overcome."""
        return Counter(event.outcome for event in self.events if isinstance(event, Refused))


async def play(database: ScratchDatabase, through: str, folder: Path, plans: Plans) -> Night:
    """A night whose every connection goes by the dsn `through`, and whose ledger is the engine's own.

    The common criteria are demanded of it, and that what became of each commit in doubt is what a direct look finds.
    """
    target = await target_of(database, through, plans)
    night, crew_ended = await _play(target, folder, plans)
    assert crew_ended, f"the crew did not end within {DEADLINE_S:g} s"
    criteria(of_ledger(night.kept))
    await nothing_left(database.dsn, night.in_doubt)
    assert await agree(database.dsn, night.info) == night.fates
    return night


async def target_of(database: ScratchDatabase, through: str, plans: Plans) -> PostgresTarget:
    """The house as a target whose connections go by `through`."""
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=10)
    try:
        floors = await read_floors(connection, ("all",))
    finally:
        await connection.close()
    terms = Terms(step_timeout_s=plans.step_timeout_s, hold_ttl_s=plans.hold_ttl_s, spread=plans.apart)
    target = PostgresTarget("behind", through, RunId(f"night-{plans.seed}"), floors, REFERENCE, terms)
    if plans.session:
        target.adopt(plans.session, terms.rules)
    return target


async def agree(dsn: str, info: Sequence[AttemptEnded]) -> dict[int, str]:
    """What became of each commit in doubt, by its transaction; it is what the rows say: not one may differ."""
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=20)
    found: dict[int, str] = {}
    try:
        for one in info:
            if one.xid is None:
                continue
            found[one.xid] = await connection.fetchval("SELECT pg_xact_status($1::bigint::text::xid8)", one.xid)
            there = await connection.fetchval(
                "SELECT b.status = 'confirmed' AND EXISTS (SELECT FROM booking_table_assignments a "
                "WHERE a.booking_id = b.id) FROM bookings b WHERE b.id = $1",
                one.booking_id,
            )
            assert (found[one.xid] == "committed") == bool(there), f"{one.booking_id}: {found[one.xid]}, rows: {there}"
    finally:
        await connection.close()
    return found


async def _play(target: PostgresTarget, folder: Path, plans: Plans) -> tuple[Night, bool]:
    first = dt.datetime.combine(MONDAY, dt.time(12, 0))
    plan = FillPlan.of(
        target.floors,
        seed=plans.seed,
        first=MONDAY,
        days=1,
        start=first.time(),
        end=(first + dt.timedelta(minutes=5 * (plans.slots - 1))).time(),
        interval_min=5,
        stress_max=plans.stress_max,
        min_party=1,
        max_party=plans.max_party,
        share_slots=plans.share_slots,
    )
    return await play_plan(target, folder, plans, plan)


async def play_plan(target: PostgresTarget, folder: Path, plans: Plans, plan: Plan) -> tuple[Night, bool]:
    """What came of a plan at a target, and whether the crew ended by itself. Nothing is demanded of it yet."""
    clock = RunningClock()
    journal = Journal(folder, target.run, clock)
    events: list[Event] = []

    def log(event: Event) -> None:
        journal.write(event)
        events.append(event)

    desk = Desk(clock, log, Holders(), {}, lambda: plans.retries)
    settings = Settings(run=RunSettings(hold_ttl_s=plans.hold_ttl_s, step_timeout_s=plans.step_timeout_s))
    passes = Passes(target, target.connect, desk, folder, lambda: settings)
    passes.on = MONDAY
    task = Task(plan, (STRATEGY,), plans.workers, between=lambda: passes.between(plan, crew))
    crew = Crew(target.run, task, target, Pace(None), desk)
    passes.begin(plan, crew)
    began = time.monotonic()
    ended = False
    try:
        async with asyncio.timeout(DEADLINE_S):
            await crew.run()
            ended = True
            took_s = time.monotonic() - began
            await passes.finish(plan, crew)
            await passes.settle(crew)
    except TimeoutError:
        took_s = time.monotonic() - began
    finally:
        journal.close()
    kept = ledger(
        Words(read(folder)), passes.settlement.held, passes.settlement.fates, read_ns=passes.settlement.read_ns
    )
    return Night(events, kept, passes.settlement.fates, took_s), ended
