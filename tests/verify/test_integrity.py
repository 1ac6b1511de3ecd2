"""Each check finds its planted row, and none says anything of an honest house."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from engine.database import Connection
from engine.model.integrity import Grade, Integrity
from engine.verify.integrity import CHECKS, check, grew, restaurants_of
from tests.platform import house
from tests.scratch import ScratchDatabase
from tests.verify.planting import ALONGSIDE, PLANTINGS, honest, other_house, seat

TTL = timedelta(seconds=180)


@asynccontextmanager
async def session(database: ScratchDatabase) -> AsyncIterator[Any]:
    connection = await database.connect()
    try:
        yield connection
    finally:
        await connection.close()


async def look(database: ScratchDatabase, *slugs: str, **more: Any) -> Integrity:
    connection = await Connection.open(
        database.dsn, application_name="test", timeout_s=10, settings=more.get("settings")
    )
    try:
        ids = more.get("ids") or [place.id for place in await restaurants_of(connection, slugs)]
        return await check(connection, ids, TTL, more.get("limit_s", 8.0))
    finally:
        await connection.close()


def found(integrity: Integrity) -> dict[str, int]:
    assert not integrity.failed
    assert set(integrity.counts) == {one.name for one in CHECKS}
    return {name: count for name, count in integrity.counts.items() if count}


def test_every_check_has_a_planted_row() -> None:
    assert {one.name for one in CHECKS} == set(PLANTINGS)
    assert all(one.title and one.why for one in CHECKS)


async def test_a_clean_clone_has_nothing(database: ScratchDatabase) -> None:
    assert found(await look(database)) == {}


async def test_an_honest_house_has_nothing(database: ScratchDatabase) -> None:
    async with session(database) as c:
        await honest(c)
    assert found(await look(database)) == {}


@pytest.mark.parametrize("name", PLANTINGS)
async def test_a_planted_row_is_found_and_named(name: str, database: ScratchDatabase) -> None:
    async with session(database) as c:
        await honest(c)
        booking = await PLANTINGS[name](c)
    seen = await look(database)
    assert found(seen) == ALONGSIDE.get(name, {name: 1})
    for finding in seen.findings[name]:
        assert finding.booking_id == booking
        assert finding.subject
        assert finding.detail


async def test_holds_and_windows_taken_apart_are_each_found(database: ScratchDatabase) -> None:
    async with session(database) as c:
        held = await house.hold(c, await house.booking(c), ["BA-01"])
        await c.execute("DELETE FROM table_hold_members WHERE hold_id = $1", held)
        orphan = await house.hold(c, await house.booking(c), ["BA-02"])
        await c.execute("SET session_replication_role = replica")
        await c.execute("DELETE FROM table_holds WHERE id = $1", orphan)
    details = sorted(one.detail for one in (await look(database)).findings["orphaned_holds"])
    assert details == ["holds no table", "its hold is gone"]


@pytest.mark.parametrize("status", ["confirmed", "cancelled", None])
async def test_a_fresh_hold_is_leaked_when_its_booking_waits_no_more(
    status: str | None, database: ScratchDatabase
) -> None:
    async with session(database) as c:
        made = await house.booking(c, status=status or "pending")
        await house.hold(c, made, ["BA-01"])
        if status is None:
            await c.execute("DELETE FROM bookings WHERE id = $1", made)
    seen = await look(database)
    assert seen.counts["leaked_holds"] == 1
    assert seen.counts["expired_holds"] == 0


async def test_every_kind_of_bad_window_is_found(database: ScratchDatabase) -> None:
    async with session(database) as c:
        made = await seat(c, ["MD-05"])
        await c.execute("ALTER TABLE bookings DISABLE TRIGGER USER")
        await c.execute("UPDATE bookings SET start_at = NULL WHERE id = $1", made)
        await c.execute("UPDATE booking_table_assignments SET end_at = NULL WHERE booking_id = $1", made)
        await c.execute("UPDATE allocations SET \"window\" = 'empty' WHERE booking_id = $1", made)
    subjects = {one.subject.partition(" of ")[0] for one in (await look(database)).findings["windows_null_or_reversed"]}
    assert subjects == {"allocation", "assignment", "times"}


async def test_a_slot_with_more_reserved_than_available_is_overbooked(database: ScratchDatabase) -> None:
    async with session(database) as c:
        await seat(c, ["MD-05"])
        await c.execute("UPDATE booking_slots SET available_capacity = 4, reserved_count = 5")
    (finding,) = (await look(database)).findings["overbooked_slots"]
    assert finding.subject == "white-horse-pub-waterbeach at 2027-03-01 12:00 UTC"
    assert finding.detail == "5 reserved, 4 available"


async def test_guests_who_leave_make_room_for_those_who_come_at_that_moment(database: ScratchDatabase) -> None:
    async with session(database) as c:
        for at, until in (("12:00", "13:30"), ("13:30", "15:00")):
            made = await seat(c, ["MD-05"], at=at, until=until)
            await c.execute("UPDATE bookings SET party_size = 210 WHERE id = $1", made)
    assert (await look(database)).counts["overbooked_slots"] == 0


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ("shadow = true", "its allocation is a shadow"),
        ("\"window\" = tstzrange('2027-03-01 10:00Z', '2027-03-01 11:00Z')", "allocated for"),
    ],
)
async def test_an_allocation_that_protects_nothing_is_found(
    change: str, detail: str, database: ScratchDatabase
) -> None:
    async with session(database) as c:
        made = await seat(c, ["MD-05"])
        await c.execute(f"UPDATE allocations SET {change} WHERE booking_id = $1", made)
    (finding,) = (await look(database)).findings["assignments_without_allocation"]
    assert finding.detail.startswith(detail)


async def test_a_merge_group_that_nobody_belongs_to_is_stale(database: ScratchDatabase) -> None:
    async with session(database) as c:
        made = await seat(c, ["MD-05", "MD-06"], party=7)
        # As the platform's own unassign leaves it.
        await c.execute("DELETE FROM booking_table_assignments WHERE booking_id = $1", made)
        await c.execute("DELETE FROM allocations WHERE booking_id = $1 AND resource_type = 'table'", made)
    (finding,) = (await look(database)).findings["stale_allocations"]
    assert finding.detail == "a merge group that no assignment belongs to"


async def test_maintenance_is_no_stale_allocation(database: ScratchDatabase) -> None:
    async with session(database) as c:
        await c.execute(
            'INSERT INTO allocations (resource_type, resource_id, restaurant_id, "window", is_maintenance)'
            " SELECT 'table', t.id, t.restaurant_id, tstzrange(now(), NULL), true FROM table_inventory t LIMIT 1"
        )
    assert found(await look(database)) == {}


async def test_only_the_restaurants_asked_for_are_looked_at(database: ScratchDatabase) -> None:
    async with session(database) as c:
        await other_house(c)
        await PLANTINGS["zone_locks_on_pending"](c)
    assert found(await look(database, "other-house")) == {}
    assert found(await look(database, "white-horse-pub-waterbeach")) == {"zone_locks_on_pending": 1}
    assert found(await look(database, "all")) == {"zone_locks_on_pending": 1}


async def test_a_thousand_rows_come_back_and_all_are_counted(database: ScratchDatabase) -> None:
    async with session(database) as c:
        made = await house.booking(c)
        await c.execute(
            "INSERT INTO booking_assignment_idempotency (booking_id, idempotency_key, table_ids, assignment_window)"
            " SELECT b.id, 'k' || n, '{}', tstzrange(b.start_at, b.end_at)"
            " FROM bookings b, generate_series(1, 1234) AS n WHERE b.id = $1",
            made,
        )
    seen = await look(database)
    assert seen.counts["ledger_without_tables"] == 1234
    assert len(seen.findings["ledger_without_tables"]) == 1000


async def test_a_check_that_cannot_run_is_named_and_the_others_go_on(database: ScratchDatabase) -> None:
    async with session(database) as c:
        await PLANTINGS["zone_locks_on_pending"](c)
        await c.execute("DROP TABLE booking_slots CASCADE")
    seen = await look(database)
    assert set(seen.failed) == {"overbooked_slots"}
    assert "booking_slots" in seen.failed["overbooked_slots"]
    assert "overbooked_slots" not in seen.counts
    assert seen.counts["zone_locks_on_pending"] == 1


async def test_a_role_that_policies_hide_rows_from_passes_nothing(database: ScratchDatabase) -> None:
    role = f"{database.name}_narrow"
    async with session(database) as c:
        await PLANTINGS["zone_locks_on_pending"](c)
        ids = await c.fetchval("SELECT array_agg(id) FROM restaurants")
        await c.execute(f"CREATE ROLE {role}")
        await c.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
        await c.execute("ALTER TABLE bookings ENABLE ROW LEVEL SECURITY")
        try:
            seen = await look(database, ids=ids, settings={"role": role})
        finally:
            await c.execute(f"DROP OWNED BY {role}")
            await c.execute(f"DROP ROLE {role}")
    assert "row-level security" in seen.failed["zone_locks_on_pending"]
    assert "zone_locks_on_pending" not in seen.counts


async def test_a_check_that_takes_too_long_has_not_passed(database: ScratchDatabase) -> None:
    async with session(database) as c:
        await c.execute("BEGIN")
        await c.execute("LOCK TABLE allocations")
        seen = await look(database, limit_s=0.3)
    assert "stale_allocations" in seen.failed
    assert "57014" in seen.failed["stale_allocations"]
    assert seen.counts["confirmed_without_tables"] == 0


async def test_what_grew_is_what_is_broken_now_and_was_not_before(database: ScratchDatabase) -> None:
    async with session(database) as c:
        await PLANTINGS["confirmed_without_tables"](c)
        before = await look(database)
        await PLANTINGS["confirmed_without_tables"](c)
        await PLANTINGS["zone_locks_on_pending"](c)
    after = await look(database)
    assert grew(before, after) == {"confirmed_without_tables": 1}
    assert grew(after, before) == {}
    assert grew(before, before) == {}
    unknown = msgspec.structs.replace(before, counts={}, failed={"confirmed_without_tables": "42P01"})
    assert grew(unknown, after) == {}


async def test_a_check_writes_nothing_and_leaves_the_connection_as_it_was(database: ScratchDatabase) -> None:
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=10)
    try:
        seen = await check(connection, [], TTL)
        assert seen.took_ns > 0
        assert await connection.value("platform/admin/marked")
        async with session(database) as c:
            state = await c.fetchrow("SELECT state FROM pg_stat_activity WHERE pid = $1", connection.pid)
            assert state["state"] == "idle"
    finally:
        await connection.close()


def test_integrity_reads_back_as_it_was_written() -> None:
    text = b'{"at":"2027-03-01T12:00:00Z","took_ns":1,"counts":{"a":1},"findings":{"a":[]},"failed":{}}'
    assert msgspec.json.encode(msgspec.json.decode(text, type=Integrity)) == text
    assert {one.grade for one in CHECKS} == set(Grade)
