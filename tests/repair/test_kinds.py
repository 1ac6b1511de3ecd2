"""Every kind of repair: what it lists, what it does to that in one transaction, and what it leaves alone."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.database import Connection, DatabaseFailed
from engine.model.repair import Found, Remedy, Repaired, Scope
from engine.repair import transaction
from engine.repair.kinds import BY_NAME, KINDS, Kind, put_right
from engine.repair.transaction import AT_MOST
from engine.verify.integrity import check, restaurants_of
from tests.owners import guest
from tests.owners.build import OwnersDatabase
from tests.owners.conftest import owners, owners_copied_from, owners_template, variant
from tests.platform import house
from tests.scratch import ScratchDatabase
from tests.verify.planting import cancelled, honest, lone_shadow, seat, stale_allocation, zone_lock
from tui.command_line import parser

__all__ = ["owners", "owners_copied_from", "owners_template", "variant"]

TTL = timedelta(seconds=180)
Planting = Callable[[Any], Awaitable[UUID]]
TOUCHED = (
    "bookings", "booking_table_assignments", "allocations", "table_holds", "table_hold_members", "table_hold_windows",
    "booking_assignment_idempotency", "booking_confirmation_results", "booking_state_history", "customers",
    "table_inventory", "capacity_outbox",
)  # fmt: skip
"""Every table that a repair may change, and some that none may."""


@pytest.fixture
async def c(database: ScratchDatabase) -> AsyncIterator[Any]:
    connection = await database.connect()
    yield connection
    await connection.close()


@asynccontextmanager
async def engine_side(database: ScratchDatabase | OwnersDatabase) -> AsyncIterator[tuple[Connection, Scope]]:
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=10)
    try:
        places = await restaurants_of(connection, ["white-horse-pub-waterbeach"])
        yield connection, Scope(tuple(place.id for place in places), TTL)
    finally:
        await connection.close()


async def listed(database: ScratchDatabase | OwnersDatabase, kind: str) -> Found:
    async with engine_side(database) as (connection, scope):
        return await BY_NAME[kind].lists(connection, scope)


async def do(database: ScratchDatabase | OwnersDatabase, kind: str) -> Repaired:
    async with engine_side(database) as (connection, scope):
        return await put_right(connection, BY_NAME[kind], scope)


async def dirt(database: ScratchDatabase | OwnersDatabase) -> dict[str, int]:
    async with engine_side(database) as (connection, scope):
        seen = await check(connection, scope.restaurants, TTL)
    assert not seen.failed
    return {name: count for name, count in seen.counts.items() if count}


async def fingerprint(c: Any, *, but: UUID | None = None) -> dict[str, str]:
    """Every row of the tables a repair may touch, except those of one booking and its holds."""
    mine = [
        str(but),
        *(str(row["id"]) for row in await c.fetch("SELECT id FROM table_holds WHERE booking_id = $1", but)),
    ]
    return {
        table: await c.fetchval(
            f"SELECT md5(coalesce(string_agg(to_jsonb(t)::text, '|' ORDER BY to_jsonb(t)::text), '')) FROM {table} t"
            " WHERE NOT coalesce(to_jsonb(t) ->> 'booking_id' = ANY ($1) OR to_jsonb(t) ->> 'hold_id' = ANY ($1)"
            "                    OR to_jsonb(t) ->> 'id' = ANY ($1), false)",
            mine,
        )
        for table in TOUCHED
    }


async def leaked(c: Any) -> UUID:
    made = await house.booking(c)
    held = await house.hold(c, made, ["BA-02"], ttl_s=86_400)
    await c.execute("UPDATE table_holds SET created_at = now() - interval '10 minutes' WHERE id = $1", held)
    return made


async def turned_shadow(c: Any) -> UUID:
    made = await seat(c, ["MD-05"])
    await c.execute("UPDATE allocations SET shadow = true WHERE booking_id = $1", made)
    return made


async def confirmed_alone(c: Any) -> UUID:
    """As a late undo leaves one: status, zone lock, used key and all."""
    made = await seat(c, ["MD-05"])
    await c.execute("DELETE FROM booking_table_assignments WHERE booking_id = $1", made)
    await c.execute("DELETE FROM allocations WHERE booking_id = $1", made)
    return made


async def half(c: Any) -> UUID:
    made = await house.booking(c)
    await house.assign(c, made, ["MD-05"], "k")
    return made


async def half_too_small(c: Any) -> UUID:
    made = await house.booking(c)
    await house.assign(c, made, ["MD-05", "MD-06"], "k")
    await c.execute("UPDATE bookings SET party_size = 30 WHERE id = $1", made)
    return made


CASES: dict[str, tuple[str, Planting, str, str]] = {
    "leaked hold": ("holds", leaked, "leaked_holds", Remedy.DELETE),
    "zone lock": ("zone-locks", zone_lock, "zone_locks_on_pending", Remedy.CLEAR),
    "lone shadow": ("allocations", lone_shadow, "shadow_allocations", Remedy.DELETE),
    "turned shadow": ("allocations", turned_shadow, "assignments_without_allocation", Remedy.RESTORE),
    "stale": ("allocations", stale_allocation, "stale_allocations", Remedy.DELETE),
    "finished": ("allocations", cancelled, "finished_bookings_blocking", Remedy.UNASSIGN),
    "confirmed alone": ("torn", confirmed_alone, "confirmed_without_tables", Remedy.REOPEN),
    "half": ("torn", half, "tables_without_confirmation", Remedy.CONFIRM),
    "half, too small": ("torn", half_too_small, "tables_without_confirmation", Remedy.UNASSIGN),
}
"""What is planted, the repair for it, the check that finds it, and what becomes of it."""


def test_the_command_line_knows_every_kind_and_no_other() -> None:
    def below(made: argparse.ArgumentParser, name: str) -> Any:
        return next(one for one in made._actions if one.dest == name)

    choices = below(below(parser(), "verb").choices["repair"], "what").choices
    assert tuple(choices) == tuple(kind.name for kind in KINDS)


@pytest.mark.parametrize("case", CASES)
async def test_it_is_listed_done_once_and_then_there_is_nothing_and_nobody_else_was_touched(
    case: str, c: Any, database: ScratchDatabase
) -> None:
    kind, plant, found_by, remedy = CASES[case]
    await honest(c)
    assert (await listed(database, kind)).rows == ()
    booking = await plant(c)
    assert (await dirt(database))[found_by] == 1
    everything, others = await fingerprint(c), await fingerprint(c, but=booking)
    found = await listed(database, kind)
    (row,) = found.rows
    assert (found.total, row.booking_id, row.remedy, row.restaurant) == (
        1, booking, remedy, "white-horse-pub-waterbeach"
    )  # fmt: skip
    assert row.why
    assert row.what
    assert row.age_ns is None or row.age_ns >= 0
    assert await fingerprint(c) == everything, "looking changes nothing"
    done = await do(database, kind)
    assert ([one.id for one in done.rows], done.left, done.back, done.trouble) == ([row.id], 0, (), "")
    # A cancelled booking's key was really used, and nobody will ask with it again.
    assert await dirt(database) == ({"ledger_without_tables": 1} if case == "finished" else {})
    assert await fingerprint(c, but=booking) == others
    everything = await fingerprint(c)
    assert await do(database, kind) == Repaired((), 0)
    assert await fingerprint(c) == everything


@pytest.mark.parametrize("case", CASES)
async def test_another_restaurant_s_one_in_somebody_s_hands_and_all_of_it_after_an_error_stay_as_they_are(
    case: str, c: Any, database: ScratchDatabase
) -> None:
    kind, plant, found_by, _ = CASES[case]
    booking = await plant(c)
    await c.execute("INSERT INTO restaurants (name, slug, timezone) VALUES ('Other', 'other-house', 'Europe/London')")
    before = await fingerprint(c)
    async with engine_side(database) as (connection, _):
        other = Scope(tuple(place.id for place in await restaurants_of(connection, ["other-house"])), TTL)
        assert (await BY_NAME[kind].lists(connection, other)).total == 0
        assert await put_right(connection, BY_NAME[kind], other) == Repaired((), 0)
    assert await fingerprint(c) == before

    async with c.transaction():
        for table, key in (("bookings", "id"), ("allocations", "booking_id"), ("table_holds", "booking_id")):
            await c.execute(f"SELECT FROM {table} WHERE {key} = $1 FOR UPDATE", booking)
        assert await do(database, kind) == Repaired((), 1)
    assert await fingerprint(c) == before

    await c.execute(
        "CREATE FUNCTION nobody_is_told() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'; END $$;"
        "CREATE TRIGGER nobody_is_told BEFORE INSERT ON observability_events"
        " FOR EACH ROW EXECUTE FUNCTION nobody_is_told()"
    )
    with pytest.raises(DatabaseFailed, match="nothing was changed: 53100 the disk is full"):
        await do(database, kind)
    assert await fingerprint(c) == before
    assert (await dirt(database))[found_by] == 1


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
async def test_the_platform_is_told_of_each_repair(kind: Kind, c: Any, database: ScratchDatabase) -> None:
    plant = next(plant for name, plant, _, _ in CASES.values() if name == kind.name)
    await plant(c)
    await do(database, kind.name)
    rows = await c.fetch("SELECT source, severity FROM observability_events")
    assert [(row["source"], row["severity"]) for row in rows] == [("slotfill", "info")]


async def test_a_reopened_booking_may_have_the_same_tables_again_and_its_history_says_what_was_done(
    c: Any, database: ScratchDatabase
) -> None:
    booking = await confirmed_alone(c)
    await do(database, "torn")
    row = await c.fetchrow("SELECT status::text, assigned_zone_id FROM bookings WHERE id = $1", booking)
    assert (row["status"], row["assigned_zone_id"]) == ("pending", None)
    last = await c.fetchrow("SELECT * FROM booking_state_history WHERE booking_id = $1 ORDER BY id DESC", booking)
    assert (last["from_status"], last["to_status"], last["reason"]) == (
        "confirmed", "pending", "slotfill_repair_torn"
    )  # fmt: skip
    assert '"outsideStateMachine": true' in last["metadata"]
    held = await house.hold(c, booking, ["MD-05"])
    assert await house.confirm(c, held, booking, "another key")


async def test_what_is_whole_but_for_its_status_is_confirmed_by_the_platform_itself(
    c: Any, database: ScratchDatabase
) -> None:
    booking = await half(c)
    await do(database, "torn")
    assert await c.fetchval("SELECT status::text FROM bookings WHERE id = $1", booking) == "confirmed"
    last = await c.fetchrow("SELECT * FROM booking_state_history WHERE booking_id = $1", booking)
    assert (last["from_status"], last["to_status"]) == ("pending", "confirmed")
    assert "outsideStateMachine" not in last["metadata"]


FLAWS = {
    "its tables seat 6 of 9 guests": "UPDATE bookings SET party_size = 9 WHERE id = $1",
    "a table is not in service": "UPDATE table_inventory SET active = false WHERE $1::uuid IS NOT NULL",
    "its tables are taken for another time than its own": "UPDATE bookings SET start_time = '11:00' WHERE id = $1",
    "a table is not allocated to it": "UPDATE allocations SET shadow = true WHERE booking_id = $1",
    "a table has no time": "UPDATE booking_table_assignments SET start_at = NULL WHERE booking_id = $1",
}


@pytest.mark.parametrize("why", FLAWS)
async def test_what_lacks_something_is_not_confirmed_and_the_list_says_what(
    why: str, c: Any, database: ScratchDatabase
) -> None:
    booking = await house.booking(c)
    await house.assign(c, booking, ["MD-07"], "k")
    await c.execute(FLAWS[why], booking)
    (row,) = (await listed(database, "torn")).rows
    assert row.remedy == Remedy.UNASSIGN
    assert why in row.why
    assert (await do(database, "torn")).left == 0
    left = await c.fetchrow("SELECT status::text, assigned_zone_id FROM bookings WHERE id = $1", booking)
    assert (left["status"], left["assigned_zone_id"]) == ("pending", None)
    assert not await c.fetchval("SELECT count(*) FROM booking_table_assignments")


async def test_a_shadow_that_would_overlap_somebody_as_a_real_one_stays_and_the_list_says_whom(
    c: Any, database: ScratchDatabase
) -> None:
    await turned_shadow(c)
    # Its assignment is of an odd kind: it says nothing to the exclusion constraint of assignments.
    await c.execute("ALTER TABLE booking_table_assignments DROP CONSTRAINT no_overlapping_table_assignments")
    await c.execute("ALTER TABLE booking_table_assignments DROP CONSTRAINT bta_no_overlap")
    await c.execute(
        "ALTER TABLE booking_table_assignments DROP CONSTRAINT booking_table_assignments_table_id_slot_id_key"
    )
    other = await seat(c, ["MD-05"])
    reference = await c.fetchval("SELECT reference FROM bookings WHERE id = $1", other)
    before = await fingerprint(c)
    (row,) = (await listed(database, "allocations")).rows
    assert row.remedy == Remedy.NONE
    assert reference in row.why
    assert await do(database, "allocations") == Repaired((), 1)
    assert await fingerprint(c) == before


async def test_a_stale_allocation_in_the_way_of_a_real_one_goes_first(c: Any, database: ScratchDatabase) -> None:
    shadow = await turned_shadow(c)
    stale = await house.booking(c)
    await c.execute(
        'INSERT INTO allocations (booking_id, resource_type, resource_id, restaurant_id, "window")'
        " SELECT $2, 'table', resource_id, restaurant_id, \"window\" FROM allocations WHERE booking_id = $1",
        shadow,
        stale,
    )
    done = await do(database, "allocations")
    assert {(row.booking_id, row.remedy) for row in done.rows} == {(shadow, Remedy.RESTORE), (stale, Remedy.DELETE)}
    assert await dirt(database) == {}


async def test_tables_of_a_dinner_that_is_over_are_its_history_and_stay(c: Any, database: ScratchDatabase) -> None:
    booking = await cancelled(c)
    await c.execute(
        "UPDATE booking_table_assignments SET start_at = start_at - interval '20 years',"
        " end_at = end_at - interval '20 years' WHERE booking_id = $1",
        booking,
    )
    assert (await listed(database, "allocations")).total == 0


async def test_one_repair_is_bounded_and_counts_the_rest(
    c: Any, database: ScratchDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in ("MD-01", "MD-02", "MD-03"):
        await house.assign(c, await house.booking(c), [number], f"k-{number}")
    assert AT_MOST == 1_000
    monkeypatch.setattr("engine.repair.torn.AT_MOST", 2)
    found = await listed(database, "torn")
    assert (len(found.rows), found.total) == (2, 3)
    assert [(len(done.rows), done.left) for done in (await do(database, "torn"), await do(database, "torn"))] == [
        (2, 1), (1, 0)
    ]  # fmt: skip


async def test_what_the_platform_undoes_at_commit_is_told(c: Any, database: ScratchDatabase) -> None:
    booking = await half(c)
    await c.execute(
        "CREATE FUNCTION undone() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN UPDATE bookings SET status = 'pending' WHERE id = NEW.id AND status = 'confirmed';"
        " RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER undone AFTER UPDATE OF status ON bookings DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION undone()"
    )
    done = await do(database, "torn")
    assert [row.id for row in done.rows] == [booking]
    assert [row.id for row in done.back] == [booking]
    assert done.left == 1


async def test_who_waits_for_a_lock_too_long_gives_way(c: Any, database: ScratchDatabase) -> None:
    await half(c)
    before = await fingerprint(c)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "_LOCK_S", 0.1)
        async with c.transaction():
            await c.execute("SELECT FROM table_inventory FOR UPDATE")
            with pytest.raises(DatabaseFailed, match="nothing was changed: 55P03"):
                await do(database, "torn")
    assert await fingerprint(c) == before


async def test_assignments_and_repairs_at_once_end_without_a_torn_or_stale_row(
    c: Any, database: ScratchDatabase
) -> None:
    """Each of these bookings has a stale allocation of the very table it is about to get."""
    bookings = []
    for number in ("MD-01", "MD-02", "MD-03", "MD-04", "MD-05", "MD-06"):
        booking = await house.booking(c)
        held = await house.hold(c, booking, [number])
        await c.execute("UPDATE allocations SET shadow = false WHERE booking_id = $1", booking)
        bookings.append((booking, held))

    async def confirm(booking: UUID, held: UUID) -> None:
        connection = await database.connect()
        try:
            await house.confirm(connection, held, booking, f"k-{booking}")
        finally:
            await connection.close()

    async with engine_side(database) as (connection, scope):
        guests = [asyncio.create_task(confirm(*one)) for one in bookings]
        while not all(task.done() for task in guests):
            await put_right(connection, BY_NAME["allocations"], scope)
        await asyncio.gather(*guests)
        await put_right(connection, BY_NAME["allocations"], scope)
    assert await dirt(database) == {}
    assert await c.fetchval("SELECT count(*) FROM allocations WHERE NOT shadow") == 6


async def test_on_the_owners_platform_what_it_leaves_is_put_right(owners: OwnersDatabase) -> None:
    """One story, as their database takes a second to build."""
    c = await owners.connect()
    try:
        reset = await guest.booking(c, party=7)
        await guest.confirm(c, await guest.hold(c, reset, "MD-03", "MD-04"), reset)
        await c.execute("UPDATE bookings SET status = 'pending' WHERE id = $1", reset)
        await c.execute("SELECT unassign_tables_atomic($1)", reset)
        waiting = await guest.booking(c)
        await c.execute("DELETE FROM table_holds WHERE id = $1", await guest.hold(c, waiting, "MD-02"))
        seated = await guest.booking(c)
        await guest.confirm(c, await guest.hold(c, seated, "MD-09"), seated)
        await guest.hold(c, seated, "MD-09")
        crowd = await guest.booking(c, party=12)
        await guest.assign(c, crowd, "MD-05", "MD-06")
        alone = await guest.booking(c, status="confirmed")
        assert await dirt(owners) == {
            "zone_locks_on_pending": 1, "ledger_without_tables": 1, "stale_allocations": 1, "shadow_allocations": 1,
            "assignments_without_allocation": 1, "tables_without_confirmation": 1, "too_few_seats": 1,
            "confirmed_without_tables": 1, "leaked_holds": 1,
        }  # fmt: skip
        for kind in KINDS:
            assert (await do(owners, kind.name)).left == 0
        assert await dirt(owners) == {"ledger_without_tables": 1, "leaked_holds": 1}, "a young hold has its time"
        rows = await c.fetch("SELECT id FROM bookings WHERE status = 'confirmed'")
        assert [row["id"] for row in rows] == [seated]
        assert await c.fetchval("SELECT count(*) FROM booking_state_history WHERE booking_id = $1", alone) == 1
    finally:
        await c.close()


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
async def test_a_role_that_row_security_shows_nothing_is_told_so(kind: Kind, owners: OwnersDatabase) -> None:
    c = await owners.connect()
    try:
        ids: list[UUID] = await c.fetchval("SELECT array_agg(id) FROM restaurants")
    finally:
        await c.close()
    connection = await Connection.open(owners.dsn_as("service_role"), application_name="test", timeout_s=10)
    try:
        with pytest.raises(DatabaseFailed, match="could not be listed: 42501"):
            await kind.lists(connection, Scope(tuple(ids), TTL))
    finally:
        await connection.close()
