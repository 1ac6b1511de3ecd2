"""Runs without an engine process: a crew on a database, and everything that it said."""

import datetime as dt

from engine.clock import RunningClock
from engine.contract import Terms
from engine.database import Connection
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.model.clean import Cleaned, Footprint
from engine.model.event import Event, RunPlanned
from engine.model.fault import FAULTS, rules_of, session_of
from engine.model.ids import Ids, RunId
from engine.model.strategy import Rules, Strategy
from engine.plan import Plan
from engine.plans.assign import AssignPlan
from engine.plans.burst import BurstPlan
from engine.plans.create import CreatePlan
from engine.plans.fill import FillPlan
from engine.platform.faults import switch_on
from engine.platform.seed import SEEDED_DAY
from engine.probe import probe
from engine.repair.clean import Ground, clean, survey
from engine.repair.footprint import footprint
from engine.restaurants import read_floors
from engine.targets.postgres import PostgresTarget
from engine.verify.integrity import restaurants_of

STRATEGY = Strategy("test")
HARD = {"late-undo": "5", "immortal-holds": "0.5", "deferred-overlap": "30"}


async def switched_on(dsn: str, *faults: str) -> None:
    """Switch faults on, as a run before this one may have done."""
    connection = await Connection.open(dsn, application_name="test", timeout_s=10)
    for name in faults:
        await switch_on(connection, FAULTS[name], HARD.get(name, "0.5"), seed=1, on=SEEDED_DAY)
    await connection.close()


async def played(
    dsn: str, plan: str, run: str, *, seed: int = 7, workers: int = 3, faults: tuple[str, ...] = ()
) -> list[Event]:
    """Everything a run said from its plan to its last attempt."""
    connection = await Connection.open(dsn, application_name="probe", timeout_s=10, pooled=True)
    contract = await probe(connection)
    assert contract.unfit == ()
    floors = await read_floors(connection, ("all",), contract)
    await connection.close()
    terms = Terms(step_timeout_s=10, hold_ttl_s=180)
    target = PostgresTarget("test", dsn, RunId(run), floors, contract, terms)
    on = [FAULTS[name] for name in faults]
    target.adopt(session_of(on), rules_of(on, Rules()))
    made = await _plan(plan, target, seed)
    events: list[Event] = []
    desk = Desk(RunningClock(), events.append, Holders(), {})
    crew = Crew(RunId(run), Task(made, (STRATEGY,), workers), target, Pace(None), desk)
    crew.orders.fixes_keys = "ledger-replay" in faults
    events.append(RunPlanned(0, Ids(RunId(run)), made.turns, made.most_attempts, workers))
    await crew.run()
    return events


async def _plan(word: str, target: PostgresTarget, seed: int) -> Plan:
    start, end = dt.time(18, 0), dt.time(19, 0)
    match word:
        case "fill":
            return FillPlan.of(
                target.floors, seed=seed, first=SEEDED_DAY, days=1, start=start, end=end, interval_min=30,
                stress_max=4, min_party=2, max_party=6, share_slots=True,
            )  # fmt: skip
        case "create":
            return CreatePlan.of(
                target.floors, seed=seed, on=SEEDED_DAY, count=8, start=start, end=end, interval_min=30, min_party=2,
                max_party=9,
            )  # fmt: skip
        case "burst":
            return BurstPlan.of(
                target.floors, seed=seed, on=SEEDED_DAY, at=start, requests=8, duplicates=3, min_party=2, max_party=4
            )
        case _:
            pending = await target.pending(target.floors, SEEDED_DAY)
            return AssignPlan.of(pending, seed=seed, max_iterations=1, passes=1)


def mine(run: str, events: list[Event]) -> Footprint:
    return footprint(run, events)


async def listed(dsn: str, of: Footprint, *, needs_context: bool = False) -> Cleaned:
    connection = await Connection.open(dsn, application_name="test", timeout_s=20)
    try:
        places = await restaurants_of(connection, ())
        return await survey(connection, of, Ground("test", tuple(places), needs_context))
    finally:
        await connection.close()


async def cleaned(dsn: str, of: Footprint, *, needs_context: bool = False) -> Cleaned:
    connection = await Connection.open(dsn, application_name="test", timeout_s=20)
    try:
        places = await restaurants_of(connection, ())
        return await clean(connection, of, Ground("test", tuple(places), needs_context))
    finally:
        assert not connection.in_transaction
        await connection.close()
