"""Row security shows one restaurant at a time: what is read and tidied beside attempts is so all the same."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import uuid4

import msgspec

from engine.beginning import alone_seats
from engine.clock import RunningClock
from engine.config import AssignSettings, Settings
from engine.fill.desk import Desk, Holders
from engine.model.ids import RunId
from engine.model.outcome import Refusal
from engine.opening import Opened
from engine.passes import Passes
from engine.plans.burst import BurstPlan
from engine.run_waterfall import taken_before
from engine.target import Held
from tests.owners.at_target import MONDAY, candidate, opened, order, submitted
from tests.owners.build import OwnersDatabase


async def test_behind_row_security_old_holds_are_swept_and_zone_locks_cleared(
    owners: OwnersDatabase, tmp_path: Path
) -> None:
    target = await opened(owners.dsn_as("service_role"))
    assert target.contract.needs_context
    seat = await target.seat("slotfill test w00")
    wanted = order(1)
    wanted = msgspec.structs.replace(wanted, booking_id=await submitted(seat, wanted))
    assert isinstance(await seat.hold(wanted, candidate(target, "MD-01"), uuid4()), Held)
    await seat.close()
    c = await owners.connect()
    try:
        await c.execute("UPDATE table_holds SET created_at = created_at - interval '1 hour'")
        await c.execute("UPDATE bookings SET assigned_zone_id = (SELECT min(id::text)::uuid FROM zones)")
        settings = Settings(assign=AssignSettings(sweep_holds=True, clear_zone_locks=True))
        desk = Desk(RunningClock(), lambda event: None, Holders(), {})
        passes = Passes(target, target.connect, desk, tmp_path, lambda: settings)
        passes.on, passes.apart = MONDAY, target.contract.needs_context
        assert await passes._tidied() == (1, 1)
        assert await c.fetchval("SELECT count(*) FROM table_holds") == 0
    finally:
        await c.close()


async def test_behind_row_security_what_is_taken_is_read_before_a_burst_and_after_a_run(owners: OwnersDatabase) -> None:
    target = await opened(owners.dsn_as("service_role"))
    seat = await target.seat("slotfill test w00")
    wanted = order(1, at=dt.time(18, 0))
    wanted = msgspec.structs.replace(wanted, booking_id=await submitted(seat, wanted))
    tables = candidate(target, "MD-01")
    hold = uuid4()
    assert isinstance(await seat.hold(wanted, tables, hold), Held)
    assert not isinstance(await seat.confirm(wanted, tables, hold), Refusal)
    assert not isinstance(await seat.commit(wanted, tables), Refusal)
    await seat.close()
    by_owner = await opened(owners.dsn)
    plan = BurstPlan.of(
        target.floors, seed=1, on=MONDAY, at=dt.time(18, 0), requests=60, duplicates=0, min_party=2, max_party=2
    )
    seats = await alone_seats(plan, target, Settings())
    assert seats == await alone_seats(plan, by_owner, Settings())
    run = SimpleNamespace(
        facts=SimpleNamespace(run_id=RunId("another")), target=target, passes=SimpleNamespace(apart=True)
    )
    (row,) = await taken_before(cast("Opened", SimpleNamespace(run=run, connect=target.connect)))
    assert (row.booking_id, row.table) == (wanted.booking_id, "MD-01")
