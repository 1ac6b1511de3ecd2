"""Databases of somebody else's making: the owners', one behind row security, one behind a transaction pooler."""

import datetime as dt
from collections import Counter
from typing import cast
from uuid import UUID

import asyncpg
import msgspec
import pytest

from engine.clock import RunningClock
from engine.contract import Contract, Terms
from engine.database import Connection
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.model.event import AttemptEnded, Event, Refused
from engine.model.floor import Quote
from engine.model.ids import RunId
from engine.model.outcome import Outcome
from engine.model.strategy import Strategy
from engine.plans.fill import FillPlan
from engine.probe import probe
from engine.restaurants import read_floors
from engine.target import Confirmed, Held, Submitted
from engine.targets.postgres import PostgresTarget
from tests.owners.build import OwnersDatabase
from tests.scratch import ScratchDatabase
from tests.targets.pooler import pooler
from tests.targets.test_postgres import MONDAY, order

STRATEGY = Strategy("test")


async def opened(dsn: str) -> tuple[PostgresTarget, Contract]:
    connection = await Connection.open(dsn, application_name="probe", timeout_s=10, pooled=True)
    try:
        contract = await probe(connection)
        assert contract.unfit == ()
        floors = await read_floors(connection, ("all",), contract)
    finally:
        await connection.close()
    return PostgresTarget("theirs", dsn, RunId("test"), floors, contract, Terms(step_timeout_s=10)), contract


async def filled(target: PostgresTarget, workers: int, stress_max: int = 3) -> tuple[list[AttemptEnded], list[Refused]]:
    plan = FillPlan.of(
        target.floors,
        seed=7,
        first=MONDAY,
        days=1,
        start=dt.time(17, 0),
        end=dt.time(19, 0),
        interval_min=60,
        stress_max=stress_max,
        min_party=2,
        max_party=6,
        share_slots=True,
    )
    events: list[Event] = []
    desk = Desk(RunningClock(), events.append, Holders(), {})
    await Crew(RunId("test"), Task(plan, (STRATEGY,), workers), target, Pace(None), desk).run()
    return (
        [one for one in events if isinstance(one, AttemptEnded)],
        [one for one in events if isinstance(one, Refused)],
    )


@pytest.mark.parametrize("variant", ["plain", "live"])
async def test_a_fill_in_the_owners_database_claims_exactly_what_is_there(owners: OwnersDatabase, variant: str) -> None:
    target, contract = await opened(owners.dsn)
    assert contract.submits_by_function is (variant == "live")
    ended, refused = await filled(target, workers=1)
    assert Counter(one.outcome for one in ended) == {"filled": len(ended)}, [one.refusal for one in refused]
    assert len(ended) >= 6
    assert {one.booking_id for one in ended} == set(await target.persisted(()))
    connection = await owners.connect()
    assert await connection.fetchval("SELECT count(*) FROM table_holds") == 0
    assert await connection.fetchval(
        "SELECT count(*) FROM bookings WHERE details #>> '{slotfill,run}' = 'test'"
    ) == len(ended)
    await connection.close()


async def test_the_owners_restaurant_row_lock_shows_as_deadlocks(owners: OwnersDatabase) -> None:
    target, _ = await opened(owners.dsn)
    ended, refused = await filled(target, workers=6, stress_max=6)
    words = Counter(one.outcome for one in refused)
    assert words["deadlock"] > 0, words
    assert words["unknown"] == 0, [one.refusal for one in refused if one.outcome == "unknown"]
    assert {one.booking_id for one in ended if one.outcome == "filled"} == set(await target.persisted(()))


@pytest.mark.parametrize("variant", ["extensions"])
async def test_where_digest_is_out_of_reach_tables_are_confirmed_instead_and_no_hold_is_left(
    owners: OwnersDatabase, variant: str
) -> None:
    target, _ = await opened(owners.dsn)
    ended, refused = await filled(target, workers=1)
    assert {one.outcome for one in ended} == {Outcome.FILLED.word}, refused
    assert {one.booking_id for one in ended} == set(await target.persisted(()))
    connection = await owners.connect()
    assert await connection.fetchval("SELECT count(*) FROM table_holds") == 0
    await connection.close()


async def test_behind_row_security_every_attempt_sets_its_restaurant(owners: OwnersDatabase) -> None:
    target, contract = await opened(owners.dsn_as("service_role"))
    assert contract.needs_context
    ended, refused = await filled(target, workers=2, stress_max=1)
    assert {one.outcome for one in ended} <= {"filled", "deadlock"}, [one.refusal for one in refused]
    done = {one.booking_id for one in ended if one.outcome == "filled"}
    assert done
    assert done == set(await target.persisted(()))
    assert {one.booking_id for one in await target.pending(target.floors, MONDAY)} == {
        one.booking_id for one in ended if one.outcome != "filled"
    }
    # Without it nothing is seen: the context is what makes the difference.
    blind = PostgresTarget(
        "blind", target.dsn, RunId("test"), target.floors, msgspec.structs.replace(contract, needs_context=False)
    )
    seat = await blind.seat("blind")
    assert not isinstance(await seat.submit(order(99)), Submitted)
    await seat.close()


async def test_a_ledger_replay_is_confirmed_with_no_tables_and_committed(owners: OwnersDatabase) -> None:
    target, _ = await opened(owners.dsn)
    seat = await target.seat("slotfill test w00")
    one = order(1)
    made = await seat.submit(one)
    assert isinstance(made, Submitted)
    one = msgspec.structs.replace(one, booking_id=made.booking_id)
    quote = cast("Quote", await seat.quote(one, STRATEGY))
    candidate = quote.candidates[0]
    connection = await owners.connect()
    # What an earlier run's reset left behind: the ledger knows the key, and the tables are gone.
    await connection.execute(
        "SELECT assign_tables_atomic_v2($1, $2, $3, false, NULL, $4, $5)",
        one.booking_id,
        [table.id for table in candidate.tables],
        one.key,
        quote.window.start if quote.window else None,
        quote.window.end if quote.window else None,
    )
    await connection.execute("SELECT unassign_tables_atomic($1)", one.booking_id)
    hold = UUID(int=7)
    assert isinstance(await seat.hold(one, candidate, hold), Held)
    answer = await seat.confirm(one, candidate, hold)
    told = answer if isinstance(answer, Confirmed) else answer.message
    assert isinstance(answer, Confirmed) or "no assignments" in str(told).lower(), told
    if isinstance(answer, Confirmed):
        assert answer.tables == ()
    await connection.close()
    await seat.close()


async def test_behind_a_transaction_pooler_nothing_is_kept_prepared_and_every_session_is_in_utc(
    database: ScratchDatabase,
) -> None:
    async with pooler(database.dsn) as dsn:
        target, contract = await opened(dsn)
        assert contract.pooled
        assert any("pooler" in one.reason for one in contract.adaptations)
        target.adopt({"app.slotfill": "here"}, target._work._rules)
        ended, refused = await filled(target, workers=3)
        assert {one.outcome for one in ended} == {"filled"}, [one.refusal for one in refused]
        assert {one.booking_id for one in ended} == set(await target.persisted(()))
        seat = await target.seat("pooled")
        assert seat.pid is None, "which backend it is changes with every transaction"
        await seat.close()


async def test_statements_kept_prepared_break_behind_a_pooler(database: ScratchDatabase) -> None:
    async with pooler(database.dsn) as dsn:
        connection = await Connection.open(dsn, application_name="naive", timeout_s=5)

        async def look() -> None:
            for _ in range(4):
                await connection.value("platform/admin/marked")

        with pytest.raises(asyncpg.PostgresError):
            await look()
        await connection.close()
