"""Faults: what each of them shows, that it shows only while it is on, and that nothing is left of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, time
from typing import Any

import pytest

from engine.database import Connection, DatabaseFailed
from engine.model.fault import FAULTS, Takes, Where
from engine.platform.faults import switch_off, switch_on, switched
from engine.platform.seed import SEEDED_DAY
from tests.platform.evening import Evening
from tests.platform.house import assign, booking, confirm, hold
from tests.scratch import ScratchDatabase

NEXT_DAY = date(2027, 3, 2)
LATE = {"slow-step": "confirm:40", "late-undo": "1"}
"""Values that make a short evening enough; shares are all there is, other faults are as they come."""


@pytest.fixture
async def switch(database: ScratchDatabase) -> AsyncIterator[Connection]:
    connection = await Connection.open(database.dsn, application_name="switch", timeout_s=20)
    yield connection
    await connection.close()


def strong(name: str) -> str:
    fault = FAULTS[name]
    return "1" if fault.takes is Takes.SHARE else LATE.get(name, fault.default)


async def picture(database: ScratchDatabase) -> dict[str, Any]:
    """Everything a fault may change: functions, triggers, constraints, indexes, tables, and how many rows there are."""
    c = await database.connect()
    found: dict[str, Any] = {}
    for what, text in {
        "functions": "SELECT pg_get_functiondef(oid) FROM pg_proc "
        "WHERE pronamespace = 'public'::regnamespace AND prokind = 'f' ORDER BY proname, oid",
        "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
        "constraints": "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1, 2",
        "relations": "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
        "adjacency": "SELECT table_a, table_b, created_at FROM table_adjacencies ORDER BY 1, 2",
    }.items():
        found[what] = [tuple(row) for row in await c.fetch(text)]
    for name, kind in found["relations"]:
        # The audit log tells of what was planted and taken back, as it should.
        if kind == b"r" and name != "audit_logs":
            found[name] = await c.fetchval(f"SELECT count(*) FROM {name}")
    await c.close()
    return found


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_shows_where_it_says_and_only_while_it_is_on(
    name: str, database: ScratchDatabase, switch: Connection
) -> None:
    fault = FAULTS[name]
    assert fault.shows
    fresh = await picture(database)

    # On and off again at once leaves nothing, and then nothing shows.
    await switch_on(switch, fault, strong(name), seed=7, on=SEEDED_DAY)
    assert await switched(switch) == {name: strong(name)}
    await switch_off(switch, fault)
    assert await switched(switch) == {}
    assert await picture(database) == fresh
    healthy = Evening(database, fault, on=SEEDED_DAY, at=time(12), is_on=False)
    assert await healthy.spend() | await healthy.integrity() == set()

    # On, it shows.
    await switch_on(switch, fault, strong(name), seed=7, on=NEXT_DAY)
    sick = Evening(database, fault, on=NEXT_DAY, at=time(12), is_on=True)
    assert await sick.spend() >= {shown for shown in fault.shows if shown.where is not Where.INTEGRITY}
    assert await sick.integrity() == {shown for shown in fault.shows if shown.where is Where.INTEGRITY}

    # Off, the next fills meet it no more; what it did to bookings meanwhile is not made good.
    await switch_off(switch, fault)
    healed = Evening(database, fault, on=NEXT_DAY, at=time(17), is_on=False)
    assert await healed.spend() == set()
    after = await picture(database)
    for what in ("functions", "triggers", "constraints", "relations", "adjacency", "slotfill_planted"):
        assert after[what] == fresh[what]


async def test_all_faults_at_once_go_in_any_order(database: ScratchDatabase, switch: Connection) -> None:
    """Several change the same functions; none takes back what another did."""
    fresh = await picture(database)
    for name, fault in FAULTS.items():
        await switch_on(switch, fault, fault.default, seed=1, on=SEEDED_DAY)
        assert name in await switched(switch)
    assert list(await switched(switch)) == sorted(FAULTS)
    for fault in FAULTS.values():
        await switch_off(switch, fault)
    assert await picture(database) == fresh


async def test_on_twice_is_on_once_and_another_value_replaces_the_first(
    database: ScratchDatabase, switch: Connection
) -> None:
    fault = FAULTS["immortal-holds"]
    c = await database.connect()

    async def lost() -> set[Any]:
        return {row[0] for row in await c.fetch("SELECT table_id FROM table_hold_windows")}

    await switch_on(switch, fault, "0.3", seed=1, on=SEEDED_DAY)
    first = await lost()
    assert len(first) == 12  # 0.3 of 40
    await switch_on(switch, fault, "0.3", seed=1, on=SEEDED_DAY)
    assert await lost() == first
    await switch_on(switch, fault, "0.3", seed=2, on=SEEDED_DAY)
    assert len(await lost()) == 12
    assert await lost() != first
    await switch_on(switch, fault, "0.01", seed=1, on=SEEDED_DAY)
    assert len(await lost()) == 1  # of every restaurant one at least
    await switch_on(switch, fault, "0.3", seed=1, on=SEEDED_DAY)
    assert await lost() == first
    await switch_off(switch, fault)
    await switch_off(switch, fault)
    assert await lost() == set()
    await c.close()


async def test_the_share_of_the_bookings_depends_on_their_ids_and_the_seed_alone(
    database: ScratchDatabase, switch: Connection
) -> None:
    c = await database.connect()
    ids = [await booking(c) for _ in range(100)]
    fault = FAULTS["sticky-zone-lock"]
    locked = "SELECT id FROM bookings WHERE assigned_zone_id IS NOT NULL"
    await switch_on(switch, fault, "0.3", seed=5, on=SEEDED_DAY)
    before = {row[0] for row in await c.fetch(locked)}
    assert 10 < len(before) < 55
    new = [await booking(c) for _ in range(20)]
    drawn = await c.fetch("SELECT slotfill_chosen('sticky-zone-lock', id) AS chosen, id FROM bookings")
    chosen = {row["id"] for row in drawn if row["chosen"]}
    assert {row[0] for row in await c.fetch(locked)} == chosen
    assert chosen & set(ids) == before
    assert chosen & set(new)
    await switch_off(switch, fault)
    assert await c.fetch(locked) == []
    await c.close()


async def test_existing_pending_bookings_have_their_keys_in_the_ledger(
    database: ScratchDatabase, switch: Connection
) -> None:
    c = await database.connect()
    b, done = await booking(c), await booking(c, status="confirmed")
    await switch_on(switch, FAULTS["ledger-replay"], "1", seed=1, on=SEEDED_DAY)
    keys = await c.fetch("SELECT booking_id, idempotency_key FROM booking_assignment_idempotency")
    assert [tuple(row) for row in keys] == [(b, f"ultra-fast-{b}")]
    h = await hold(c, b, ["MD-01"])
    assert await confirm(c, h, b, f"ultra-fast-{b}") == []
    assert await c.fetchval("SELECT status FROM bookings WHERE id = $1", b) == "pending"
    assert await c.fetchval("SELECT count(*) FROM table_holds") == 0
    # Another key is none of the ledger's, and a booking that was confirmed before is none of the fault's.
    assert await confirm(c, await hold(c, b, ["MD-01"]), b, "fresh")
    assert await c.fetchval("SELECT count(*) FROM booking_assignment_idempotency WHERE booking_id = $1", done) == 0
    await c.close()


async def test_taking_tables_back_leaves_the_zone_lock_while_it_is_sticky(
    database: ScratchDatabase, switch: Connection
) -> None:
    c = await database.connect()
    b = await booking(c)
    await assign(c, b, ["MD-01"])
    await switch_on(switch, FAULTS["sticky-zone-lock"], "0.0001", seed=1, on=SEEDED_DAY)
    await c.execute("SELECT unassign_tables_atomic($1)", b)
    assert await c.fetchval("SELECT assigned_zone_id FROM bookings WHERE id = $1", b) is not None
    await c.close()


@pytest.mark.parametrize("name", ["submit", "hold", "confirm", "commit"])
async def test_any_step_can_be_slow(name: str, database: ScratchDatabase, switch: Connection) -> None:
    await switch_on(switch, FAULTS["slow-step"], f"{name}:30", seed=1, on=SEEDED_DAY)
    evening = Evening(database, FAULTS["slow-step"], on=SEEDED_DAY, at=time(12), is_on=True)
    assert "Timeout:PgSleep" in {shown.what for shown in await evening.spend()}


async def test_a_switch_waits_for_a_fill_that_is_on_its_way_and_does_not_hurt_it(
    database: ScratchDatabase, switch: Connection
) -> None:
    """The switch wants a table's lock while a fill has it and goes on to others: it is the switch that steps back."""
    c = await database.connect()
    b = await booking(c)
    h = await hold(c, b, ["MD-01"])
    transaction = c.transaction()
    await transaction.start()
    await confirm(c, h, b)
    other = await booking(c)
    switching = asyncio.create_task(switch_on(switch, FAULTS["confirmed-without-tables"], "1", seed=1, on=SEEDED_DAY))
    look = await database.connect()
    while not await look.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
        assert not switching.done()
    await c.execute("UPDATE bookings SET notes = 'late' WHERE id = $1", other)
    await transaction.commit()
    await switching
    assert await switched(switch) == {"confirmed-without-tables": "1"}
    assert await c.fetchval("SELECT count(*) FROM booking_table_assignments WHERE booking_id = $1", b) == 1
    await look.close()
    await c.close()


async def test_a_switch_that_fails_has_changed_nothing(
    database: ScratchDatabase, switch: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    c = await database.connect()
    await c.execute("ALTER TABLE table_holds ADD CONSTRAINT nobody CHECK (booking_id IS NOT NULL)")
    fresh = await picture(database)
    with pytest.raises(DatabaseFailed, match=r"immortal-holds on: the database refused: 23514 .*nobody"):
        await switch_on(switch, FAULTS["immortal-holds"], "0.3", seed=1, on=SEEDED_DAY)
    assert await picture(database) == fresh
    # A lock that never comes is given up.
    monkeypatch.setattr("engine.platform.faults._PATIENCE_MS", (20, 20))
    async with c.transaction():
        await c.execute("LOCK TABLE booking_table_assignments IN ROW EXCLUSIVE MODE")
        with pytest.raises(DatabaseFailed, match="silent-drop on: the database refused after 2 tries: 55P03"):
            await switch_on(switch, FAULTS["silent-drop"], "0.3", seed=1, on=SEEDED_DAY)
    assert await switched(switch) == {}
    await c.close()


async def test_a_function_of_another_version_is_not_taken_for_changed(
    database: ScratchDatabase, switch: Connection
) -> None:
    c = await database.connect()
    await c.execute(
        "CREATE OR REPLACE FUNCTION table_holds_gone() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'"
    )
    with pytest.raises(DatabaseFailed, match="table_holds_gone has the text to be replaced 0 times, not once"):
        await switch_on(switch, FAULTS["shadow-allocations"], "0.3", seed=1, on=SEEDED_DAY)
    await c.close()
