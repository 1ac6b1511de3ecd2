"""assign_tables_atomic_v2 as the owners have it: every refusal by SQLSTATE and words, replay, locks, what it leaves."""

import datetime as dt
from uuid import uuid4

import pytest

from tests.owners.build import OwnersDatabase
from tests.owners.guest import Conn, assign, booking, hold, refused, tables

SEVEN = "SELECT * FROM assign_tables_atomic_v2($1, $2, $3, false, NULL, $4, $5)"


async def test_an_assignment_leaves_rows_allocations_slot_and_ledger(c: Conn) -> None:
    b = await booking(c)
    wanted = await tables(c, "MD-01", "MD-02")
    assert sorted(await assign(c, b, "MD-01", "MD-02", key="k", adjacent=True)) == sorted(wanted)
    kinds = await c.fetch("SELECT resource_type AS kind, shadow FROM allocations WHERE booking_id = $1 ORDER BY 1", b)
    assert [(row["kind"], row["shadow"]) for row in kinds] == [
        ("merge_group", False),
        ("table", False),
        ("table", False),
    ]
    assert await c.fetchval("SELECT count(*) FROM booking_assignment_idempotency WHERE booking_id = $1", b) == 1
    slot = await c.fetchrow("SELECT available_capacity, reserved_count FROM booking_slots")
    assert tuple(slot or ()) == (999, 0)
    zone = await c.fetchval("SELECT zone_id FROM table_inventory WHERE id = $1", wanted[0])
    assert await c.fetchval("SELECT assigned_zone_id FROM bookings WHERE id = $1", b) == zone
    assert await c.fetchval("SELECT count(*) FROM audit_logs") == 2


async def test_seats_that_do_not_cover_the_party_are_given_all_the_same(c: Conn) -> None:
    assert len(await assign(c, await booking(c, party=12), "MD-01", key="k")) == 1


async def test_every_shorter_call_is_ambiguous(c: Conn) -> None:
    b, wanted = await booking(c), await tables(c, "MD-01")
    for more in ("", ", 'k'", ", 'k', false", ", 'k', false, NULL"):
        await refused(
            c.fetch(f"SELECT * FROM assign_tables_atomic_v2($1::uuid, $2::uuid[]{more})", b, wanted),
            "42725",
            "is not unique",
        )
    await refused(c.fetch("SELECT * FROM assign_single_table($1, $2)", b, wanted[0]), "42725", "is not unique")


async def test_what_the_inventory_forbids(c: Conn) -> None:
    b = await booking(c)
    await refused(assign(c, b), "23514", "assign_tables_atomic_v2 requires at least one table id")
    await refused(assign(c, b, "MD-01", "BA-01"), "23514", "All tables must belong to the same zone (found ")
    await c.execute("UPDATE table_inventory SET mobility = 'fixed' WHERE table_number = 'MD-02'")
    await refused(assign(c, b, "MD-01", "MD-02"), "23514", "Merged assignments require movable tables (")
    await c.execute("UPDATE table_inventory SET active = false WHERE table_number = 'MD-03'")
    await refused(assign(c, b, "MD-03"), "23514", "is inactive")
    await refused(c.fetch(SEVEN, b, [uuid4()], None, None, None), "P0002", "Unable to load all requested tables for")
    await refused(assign(c, uuid4(), "MD-01"), "P0002", "not found")
    await c.execute(
        "INSERT INTO restaurants (id, name, slug) VALUES (md5('other')::uuid, 'Other', 'other');"
        "UPDATE table_inventory SET restaurant_id = md5('other')::uuid, capacity = 2 WHERE false;"
        "INSERT INTO allowed_capacities (restaurant_id, capacity) VALUES (md5('other')::uuid, 2);"
        "UPDATE table_inventory SET restaurant_id = md5('other')::uuid WHERE table_number = 'MD-01'"
    )
    await refused(assign(c, b, "MD-01"), "23503", "belongs to a different restaurant")


async def test_windows_that_are_none(c: Conn) -> None:
    b, wanted = await booking(c), await tables(c, "MD-01")
    noon = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)
    await refused(c.fetch(SEVEN, b, wanted, None, noon, None), "22023", "requires both start and end")
    await refused(c.fetch(SEVEN, b, wanted, None, noon, noon), "22000", "invalid time window")


async def test_adjacency_asks_that_each_touches_one_other_and_no_more(c: Conn) -> None:
    b = await booking(c)
    await refused(assign(c, b, "MD-01", "MD-12", adjacent=True), "23514", "is not adjacent to the selected set")
    # Two pairs that do not touch each other.
    assert len(await assign(c, b, "MD-01", "MD-02", "MD-11", "MD-12", adjacent=True)) == 4


async def test_the_zone_lock_outlives_unassign(c: Conn) -> None:
    b = await booking(c)
    await assign(c, b, "MD-01", key="k")
    await refused(assign(c, b, "BA-01"), "23514", "already has assignments in a different zone")
    await c.execute("SELECT unassign_tables_atomic($1)", b)
    await refused(assign(c, b, "BA-01"), "23514", f"Booking {b} locked to zone ")
    failed = await booking(c)
    await refused(assign(c, failed, "MD-01", "MD-12", adjacent=True), "23514", "is not adjacent")
    assert await c.fetchval("SELECT assigned_zone_id FROM bookings WHERE id = $1", failed) is None


async def test_a_replay_gives_what_is_left_and_no_error(c: Conn) -> None:
    b = await booking(c)
    first = await assign(c, b, "MD-01", key="k")
    assert await assign(c, b, "MD-01", key="k") == first
    await c.execute("UPDATE booking_assignment_idempotency SET expires_at = now() - interval '1 day'")
    await c.execute("SELECT unassign_tables_atomic($1)", b)
    assert await assign(c, b, "MD-01", key="k") == []
    await refused(
        assign(c, b, "MD-02", key="k"),
        "P0003",
        f"assign_tables_atomic_v2 idempotency mismatch for booking {b}",
        "key reuse with a different table set",
    )
    await refused(assign(c, b, "MD-01", key="k2"), "23505", "booking_assignment_idempotency_booking_hash_key")


async def test_another_s_hold_is_told_as_a_bad_format_string(c: Conn) -> None:
    await hold(c, await booking(c), "MD-01")
    await refused(assign(c, await booking(c), "MD-01"), "22023", "unrecognized format() type specifier")


async def test_overlaps_are_told_by_the_allocation_first_and_else_as_they_are(c: Conn) -> None:
    one, other, third = [await booking(c) for _ in range(3)]
    await assign(c, one, "MD-01")
    await refused(assign(c, one, "MD-01"), "P0001", "assign_tables_atomic_v2 assignment duplicate for table ")
    await refused(assign(c, other, "MD-01"), "P0001", "allocations_no_overlap", "Resource ")
    await c.execute("UPDATE allocations SET shadow = true WHERE booking_id = $1", one)
    await c.execute("UPDATE booking_table_assignments SET slot_id = NULL")
    await refused(assign(c, third, "MD-01"), "23P01", "no_overlapping_table_assignments")


async def test_the_advisory_lock_names_zone_and_hour(c: Conn) -> None:
    b = await booking(c, at="13:30")
    async with c.transaction():
        await assign(c, b, "MD-01")
        row = await c.fetchrow(
            "SELECT classid::bigint, objid::bigint, objsubid, hashtext(t.zone_id::text)::bigint AS hash "
            "FROM pg_locks, table_inventory t WHERE locktype = 'advisory' AND pid = pg_backend_pid() "
            "AND table_number = 'MD-01'"
        )
    assert row is not None
    hour = dt.datetime(2027, 3, 1, 13, tzinfo=dt.UTC)
    assert (row["classid"], row["objid"], row["objsubid"]) == (row["hash"] % 2**32, hour.timestamp() // 60, 2)


@pytest.mark.parametrize(
    ("zone", "alive"), [("UTC", False), ("America/New_York", False), ("Asia/Tokyo", True), ("UTC+9", False)]
)
async def test_now_is_off_by_the_session_s_zone(owners: OwnersDatabase, c: Conn, zone: str, alive: bool) -> None:
    """A hold that expired an hour ago is still alive for a session east of Greenwich."""
    await hold(c, await booking(c), "MD-01")
    await c.execute("UPDATE table_hold_windows SET expires_at = now() - interval '1 hour'")
    session = await owners.connect(TimeZone=zone)
    b = await booking(session)
    if alive:
        await refused(assign(session, b, "MD-01"), "22023", "unrecognized format() type specifier")
    else:
        assert len(await assign(session, b, "MD-01")) == 1
    await session.close()


async def test_a_hold_looks_expired_early_west_of_greenwich(owners: OwnersDatabase, c: Conn) -> None:
    await hold(c, await booking(c), "MD-01")
    await c.execute("UPDATE table_hold_windows SET expires_at = now() + interval '1 hour'")
    session = await owners.connect(TimeZone="America/New_York")
    assert len(await assign(session, await booking(session), "MD-01")) == 1
    await session.close()


@pytest.mark.parametrize("variant", ["live"])
async def test_capacity_is_looked_at_only_where_rules_are(c: Conn) -> None:
    b = await booking(c, party=8)
    await assign(c, b, "MD-09")
    await c.execute("INSERT INTO restaurant_capacity_rules (restaurant_id, max_covers) SELECT id, 9 FROM restaurants")
    other = await booking(c, party=2)
    await refused(assign(c, other, "MD-01"), "P0001", "capacity_exceeded_post_assignment")
    await c.execute("SET app.capacity.post_assignment.enabled = 'off'")
    assert len(await assign(c, other, "MD-01")) == 1
