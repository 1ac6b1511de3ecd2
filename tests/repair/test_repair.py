"""What was left behind is taken away, no more, and what it had blocked is told."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from engine.database import Connection, DatabaseFailed
from engine.model.repair import Cleared, Swept
from engine.repair import transaction
from engine.repair.holds import sweep_holds
from engine.repair.zone_locks import clear_zone_locks
from engine.verify.integrity import check, restaurants_of
from tests.platform import house
from tests.scratch import ScratchDatabase
from tests.verify.planting import seat

TTL = timedelta(seconds=180)
MONDAY = date(2027, 3, 1)


@pytest.fixture
async def c(database: ScratchDatabase) -> AsyncIterator[Any]:
    connection = await database.connect()
    yield connection
    await connection.close()


@asynccontextmanager
async def engine_side(database: ScratchDatabase) -> AsyncIterator[tuple[Connection, list[UUID]]]:
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=10)
    try:
        yield connection, [place.id for place in await restaurants_of(connection)]
    finally:
        await connection.close()


async def sweep(database: ScratchDatabase) -> Swept:
    async with engine_side(database) as (connection, restaurants):
        return await sweep_holds(connection, restaurants, TTL)


async def clear(database: ScratchDatabase) -> Cleared:
    async with engine_side(database) as (connection, restaurants):
        return await clear_zone_locks(connection, restaurants, MONDAY)


async def dirt(database: ScratchDatabase) -> set[str]:
    """Checks that found something."""
    async with engine_side(database) as (connection, restaurants):
        return set((await check(connection, restaurants, TTL)).findings)


async def leak(c: Any, booking: UUID | None, numbers: list[str], *, ttl_s: float = 86_400, at: str = "12:00") -> UUID:
    """A hold of ten minutes ago."""
    held = await house.hold(c, booking, numbers, ttl_s=ttl_s, at=at)
    await c.execute("UPDATE table_holds SET created_at = now() - interval '10 minutes' WHERE id = $1", held)
    return held


async def lock_to(c: Any, booking: UUID, zone: str = "Patio") -> None:
    await c.execute(
        "UPDATE bookings SET assigned_zone_id = (SELECT id FROM zones WHERE name = $2) WHERE id = $1", booking, zone
    )


async def test_old_holds_go_whatever_their_expiry_says_and_young_ones_stay(c: Any, database: ScratchDatabase) -> None:
    immortal = await leak(c, await house.booking(c), ["MD-01"])
    expired = await leak(c, await house.booking(c), ["MD-03", "MD-04"], ttl_s=-1)
    young = await house.hold(c, await house.booking(c), ["MD-05"])
    just_expired = await house.hold(c, await house.booking(c), ["MD-06"], ttl_s=-1)
    swept = await sweep(database)
    assert {(one.hold_id, tuple(one.tables), one.expired) for one in swept.holds} == {
        (immortal, ("MD-01",), False),
        (expired, ("MD-03", "MD-04"), True),
    }
    assert all(600e9 <= one.age_ns < 700e9 and one.restaurant == "white-horse-pub-waterbeach" for one in swept.holds)
    assert swept.left == 0
    assert {row["id"] for row in await c.fetch("SELECT id FROM table_holds")} == {young, just_expired}
    assert await c.fetchval("SELECT count(*) FROM allocations WHERE shadow") == 2
    assert await dirt(database) == {"expired_holds"}


async def test_it_tells_which_bookings_a_hold_stood_in_the_way_of(c: Any, database: ScratchDatabase) -> None:
    await seat(c, ["MD-07"])
    await house.booking(c, at="18:00", until="19:00")
    first = await house.booking(c, at="13:00", until="14:30")
    await leak(c, first, ["MD-01"])
    await leak(c, await house.booking(c, at="12:00", until="13:00"), ["MD-03"], at="12:45")
    swept = await sweep(database)
    # Both holds overlap both bookings; the confirmed one and the evening are not theirs.
    assert [one.blocked for one in swept.holds] == [2, 2]
    assert swept.blocked == 2


async def test_on_the_platform_itself_members_go_before_their_hold(c: Any, database: ScratchDatabase) -> None:
    await leak(c, await house.booking(c), ["MD-01"])
    # There a hold that goes takes its members along by the cascade alone, and its shadow allocation stays.
    await c.execute("DROP TRIGGER table_holds_gone ON table_holds")
    await sweep(database)
    assert await c.fetchval("SELECT count(*) FROM allocations") == 0
    assert await c.fetchval("SELECT count(*) FROM table_hold_windows") == 0


async def test_a_hold_that_is_just_being_confirmed_is_left_and_counted(c: Any, database: ScratchDatabase) -> None:
    held = await leak(c, await house.booking(c), ["MD-01"])
    async with c.transaction():
        await c.execute("SELECT FROM table_holds WHERE id = $1 FOR UPDATE", held)
        swept = await sweep(database)
    assert swept == Swept(holds=(), blocked=0, left=1)


async def test_one_sweep_is_bounded(c: Any, database: ScratchDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in ("MD-01", "MD-02", "MD-03"):
        await leak(c, await house.booking(c), [number])
    monkeypatch.setattr("engine.repair.holds.AT_MOST", 2)
    assert [(len(swept.holds), swept.left) for swept in (await sweep(database), await sweep(database))] == [
        (2, 1),
        (1, 0),
    ]


async def test_a_sweep_that_fails_is_undone_and_leaves_a_clean_connection(c: Any, database: ScratchDatabase) -> None:
    await leak(c, await house.booking(c), ["MD-01"])
    async with engine_side(database) as (connection, restaurants), c.transaction():
        await c.execute("LOCK TABLE table_hold_members IN SHARE MODE")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(transaction, "_LOCK_S", 0.1)
            with pytest.raises(DatabaseFailed, match="sweeping holds failed and nothing was changed: 55P03"):
                await sweep_holds(connection, restaurants, TTL)
        await c.execute("SELECT 1")
        assert connection.is_open
        assert await connection.value("platform/admin/marked")
    assert await c.fetchval("SELECT count(*) FROM table_holds") == 1


async def test_a_commit_whose_answer_was_cut_off_is_not_told_as_nothing_changed(
    c: Any, database: ScratchDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    await leak(c, await house.booking(c), ["MD-01"])
    commit = Connection.commit

    async def cut(connection: Connection) -> str:
        await commit(connection)
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    monkeypatch.setattr(Connection, "commit", cut)
    with pytest.raises(DatabaseFailed, match=r"whether it was done is not known.*08003"):
        await sweep(database)
    assert await c.fetchval("SELECT count(*) FROM table_holds") == 0


async def test_zone_locks_of_pending_bookings_without_tables_are_cleared(c: Any, database: ScratchDatabase) -> None:
    seated = await seat(c, ["MD-07"])
    stuck = await house.booking(c, party=4)
    await lock_to(c, stuck)
    half = await house.booking(c)
    await house.assign(c, half, ["MD-08"], "k")
    cleared = await clear(database)
    (one,) = cleared.bookings
    assert (one.booking_id, one.zone, one.party, one.on) == (stuck, "Patio", 4, MONDAY)
    assert one.reference
    assert cleared.left == 0
    locked = {row["id"] for row in await c.fetch("SELECT id FROM bookings WHERE assigned_zone_id IS NOT NULL")}
    assert locked == {seated, half}
    assert "zone_locks_on_pending" not in await dirt(database)
    # And now it may sit anywhere.
    assert await house.assign(c, stuck, ["MD-09"], "k2")


async def test_locks_of_another_day_stay(c: Any, database: ScratchDatabase) -> None:
    stuck = await house.booking(c)
    await lock_to(c, stuck)
    await c.execute("UPDATE bookings SET booking_date = DATE '2027-03-02' WHERE id = $1", stuck)
    assert await clear(database) == Cleared(bookings=(), left=0)
    assert "zone_locks_on_pending" in await dirt(database)


async def test_a_booking_that_is_just_being_assigned_is_left_and_counted(c: Any, database: ScratchDatabase) -> None:
    stuck = await house.booking(c)
    await lock_to(c, stuck)
    async with c.transaction():
        await c.execute("SELECT FROM bookings WHERE id = $1 FOR UPDATE", stuck)
        assert await clear(database) == Cleared(bookings=(), left=1)


async def test_each_repair_tells_the_platform_once(c: Any, database: ScratchDatabase) -> None:
    await leak(c, await house.booking(c), ["MD-01"])
    stuck = await house.booking(c)
    await lock_to(c, stuck)
    await sweep(database)
    await clear(database)
    rows = await c.fetch("SELECT source, event_type, severity, context FROM observability_events ORDER BY created_at")
    assert [(row["source"], row["event_type"], row["severity"]) for row in rows] == [
        ("slotfill", "holds.sweeper.run", "info"),
        ("slotfill", "zone_locks.cleared", "info"),
    ]
    told = [json.loads(row["context"]) for row in rows]
    assert told[0] == {"swept": 1, "blocked": 2, "left": 0, "tables": ["MD-01"], "ttlSeconds": 180.0}
    assert told[1] == {"cleared": 1, "left": 0, "zones": ["Patio"], "date": "2027-03-01"}


async def test_without_a_table_of_events_repairs_go_on(c: Any, database: ScratchDatabase) -> None:
    await c.execute("DROP TABLE observability_events CASCADE")
    await leak(c, await house.booking(c), ["MD-01"])
    assert len((await sweep(database)).holds) == 1
    assert (await clear(database)).bookings == ()
