"""What the platform's functions do, and each of their refusals by SQLSTATE and words."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.platform.house import assign, booking, confirm, hold, table, tables
from tests.scratch import ScratchDatabase


@pytest.fixture
async def c(database: ScratchDatabase) -> Any:
    connection = await database.connect()
    yield connection
    await connection.close()


async def refused(call: Any, sqlstate: str, words: str) -> asyncpg.PostgresError:
    with pytest.raises(asyncpg.PostgresError, match=words) as told:
        await call
    assert told.value.sqlstate == sqlstate
    return told.value


async def numbers(c: Any, booking_id: UUID) -> list[str]:
    """Table numbers a booking has."""
    rows = await c.fetch(
        "SELECT t.table_number FROM booking_table_assignments a JOIN table_inventory t ON t.id = a.table_id "
        "WHERE a.booking_id = $1 ORDER BY 1",
        booking_id,
    )
    return [row[0] for row in rows]


async def allocations(c: Any) -> list[tuple[str, bool]]:
    rows = await c.fetch("SELECT resource_type, shadow FROM allocations ORDER BY 1, 2")
    return [(row[0], row[1]) for row in rows]


async def zone_lock(c: Any, booking_id: UUID) -> UUID | None:
    found: UUID | None = await c.fetchval("SELECT assigned_zone_id FROM bookings WHERE id = $1", booking_id)
    return found


# assign_tables_atomic_v2


async def test_assign_gives_tables_locks_the_zone_and_writes_the_ledger(c: Any) -> None:
    b = await booking(c, party=7)
    rows = await assign(c, b, ["MD-03", "MD-04"], "k", adjacent=True)
    assert await numbers(c, b) == ["MD-03", "MD-04"]
    assert {row["table_id"] for row in rows} == set(await tables(c, "MD-03", "MD-04"))
    assert len({row["merge_group_id"] for row in rows}) == 1
    assert await allocations(c) == [("merge_group", False), ("table", False), ("table", False)]
    assert await zone_lock(c, b) is not None
    assert await c.fetchval("SELECT count(*) FROM booking_assignment_idempotency WHERE booking_id = $1", b) == 1
    assert await c.fetchval("SELECT available_capacity FROM booking_slots") == 999


async def test_assign_has_one_version_with_seven_arguments(c: Any) -> None:
    counts = await c.fetch("SELECT pronargs FROM pg_proc WHERE proname = 'assign_tables_atomic_v2'")
    assert [row[0] for row in counts] == [7]
    b = await booking(c)
    assert await c.fetch("SELECT * FROM assign_tables_atomic_v2($1, $2)", b, await tables(c, "MD-01"))


async def test_a_replay_gives_the_same_rows(c: Any) -> None:
    b = await booking(c, party=7)
    first = await assign(c, b, ["MD-03", "MD-04"], "k")
    assert await assign(c, b, ["MD-04", "MD-03"], "k") == first


async def test_a_replay_whose_rows_are_gone_is_refused(c: Any) -> None:
    b = await booking(c)
    await assign(c, b, ["MD-01"], "k")
    await c.execute("SELECT unassign_tables_atomic($1)", b)
    await refused(
        assign(c, b, ["MD-01"], "k"), "P0003", f"assign_tables_atomic_v2 returned no assignments for booking {b}"
    )


async def test_a_key_is_good_for_one_set_of_tables(c: Any) -> None:
    b = await booking(c)
    await assign(c, b, ["MD-01"], "k")
    await refused(
        assign(c, b, ["MD-02"], "k"), "P0003", f"assign_tables_atomic_v2 idempotency mismatch for booking {b}"
    )


async def test_a_set_of_tables_is_good_for_one_key(c: Any) -> None:
    b = await booking(c)
    await assign(c, b, ["MD-01"], "k")
    await c.execute("SELECT unassign_tables_atomic($1)", b)
    told = await refused(assign(c, b, ["MD-01"], "other"), "23505", "booking_assignment_idempotency_booking_hash_key")
    assert told.constraint_name == "booking_assignment_idempotency_booking_hash_key"


async def test_assign_wants_tables_and_a_booking(c: Any) -> None:
    b = await booking(c)
    await refused(assign(c, b, []), "23514", "assign_tables_atomic_v2 requires at least one table id")
    await refused(assign(c, uuid4(), ["MD-01"]), "P0002", "Booking .* not found")
    call = c.fetch("SELECT * FROM assign_tables_atomic_v2($1, $2)", b, [uuid4()])
    await refused(call, "P0002", f"Unable to load all requested tables for booking {b}")


async def test_assign_wants_a_whole_window(c: Any) -> None:
    b = await booking(c)
    one = "SELECT * FROM assign_tables_atomic_v2($1, $2, NULL, false, NULL, now(), NULL)"
    await refused(c.fetch(one, b, await tables(c, "MD-01")), "22023", "requires both start and end")
    none = "SELECT * FROM assign_tables_atomic_v2($1, $2, NULL, false, NULL, now(), now())"
    await refused(c.fetch(none, b, await tables(c, "MD-01")), "22000", "invalid time window")


async def test_an_inactive_table_is_refused(c: Any) -> None:
    await c.execute("UPDATE table_inventory SET active = false WHERE table_number = 'MD-01'")
    await refused(assign(c, await booking(c), ["MD-01"]), "23514", "Table MD-01 is inactive")


async def test_tables_of_two_zones_are_refused(c: Any) -> None:
    await refused(
        assign(c, await booking(c), ["MD-01", "PT-01"]),
        "23514",
        "All tables must belong to the same zone .*found .*expected",
    )


async def test_a_fixed_table_is_not_merged(c: Any) -> None:
    await c.execute("UPDATE table_inventory SET mobility = 'fixed' WHERE table_number = 'MD-01'")
    b = await booking(c)
    await refused(
        assign(c, b, ["MD-01", "MD-02"]), "23514", r"Merged assignments require movable tables \(MD-01 is fixed\)"
    )
    await assign(c, b, ["MD-01"])


async def test_a_table_of_another_restaurant_is_refused(c: Any) -> None:
    b = await booking(c)
    await c.execute(
        "WITH r AS (INSERT INTO restaurants (name, slug) VALUES ('Other', 'other') RETURNING id) "
        "INSERT INTO allowed_capacities (restaurant_id, capacity) SELECT id, 2 FROM r"
    )
    other = await c.fetchval("SELECT id FROM restaurants WHERE slug = 'other'")
    zone = await c.fetchval("INSERT INTO zones (restaurant_id, name) VALUES ($1, 'A') RETURNING id", other)
    far = await c.fetchval(
        "INSERT INTO table_inventory (restaurant_id, table_number, capacity, zone_id, category) "
        "VALUES ($1, 'X-1', 2, $2, 'bar') RETURNING id",
        other,
        zone,
    )
    call = c.fetch("SELECT * FROM assign_tables_atomic_v2($1, $2)", b, [far])
    await refused(call, "23503", "Table X-1 belongs to a different restaurant")


async def test_the_zone_lock_refuses_another_zone(c: Any) -> None:
    b = await booking(c)
    locked, asked = await c.fetchval("SELECT zone_id FROM table_inventory WHERE table_number = 'PT-01'"), "MD-01"
    await c.execute("UPDATE bookings SET assigned_zone_id = $2 WHERE id = $1", b, locked)
    await refused(assign(c, b, [asked]), "23514", f"Booking {b} locked to zone {locked}, cannot assign zone")


async def test_tables_already_assigned_in_another_zone_are_refused(c: Any) -> None:
    b = await booking(c)
    await assign(c, b, ["MD-01"])
    await c.execute("UPDATE bookings SET assigned_zone_id = NULL WHERE id = $1", b)
    await refused(assign(c, b, ["PT-01"]), "23514", f"Booking {b} already has assignments in a different zone")


async def test_tables_must_touch_when_that_is_asked_for(c: Any) -> None:
    b = await booking(c)
    await refused(
        assign(c, b, ["MD-01", "MD-12"], adjacent=True), "23514", "Table MD-.. is not adjacent to the selected set"
    )
    await assign(c, b, ["MD-01", "MD-12"])


async def test_a_refused_call_leaves_no_zone_lock(c: Any) -> None:
    b = await booking(c)
    await refused(assign(c, b, ["MD-01", "MD-12"], adjacent=True), "23514", "adjacent")
    assert await zone_lock(c, b) is None


async def test_a_hold_of_somebody_else_really_says_so(c: Any) -> None:
    await hold(c, await booking(c), ["MD-01"])
    b = await booking(c)
    await refused(assign(c, b, ["MD-01"]), "P0001", f"Hold conflict prevents assignment for booking {b}")


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
async def test_expiry_does_not_depend_on_the_sessions_time_zone(c: Any, zone: str) -> None:
    await c.execute(f"SET TimeZone = '{zone}'")
    await hold(c, await booking(c), ["MD-01"], ttl_s=60)
    await hold(c, await booking(c), ["MD-02"], ttl_s=-60)
    await refused(assign(c, await booking(c), ["MD-01"]), "P0001", "Hold conflict")
    await assign(c, await booking(c), ["MD-02"])


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu"])
async def test_the_zone_lock_is_the_hours_whatever_the_session(c: Any, zone: str) -> None:
    await c.execute(f"SET TimeZone = '{zone}'")
    b = await booking(c, at="12:45", until="14:00")
    async with c.transaction():
        await assign(c, b, ["MD-01"])
        row = await c.fetchrow(
            "SELECT classid::bigint, objid::bigint, objsubid FROM pg_locks "
            "WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        own = await c.fetchval("SELECT hashtext(zone_id::text) FROM table_inventory WHERE table_number = 'MD-01'")
    assert row["classid"] == own % 2**32
    assert row["objid"] == 1803902400 // 60
    assert row["objsubid"] == 2


async def test_a_taken_table_is_refused_by_its_allocation(c: Any) -> None:
    await assign(c, await booking(c), ["MD-01"])
    told = await refused(
        assign(c, await booking(c, at="13:00", until="14:00"), ["MD-01"]), "P0001", "allocations_no_overlap"
    )
    assert told.detail.startswith("Resource taken")


async def test_a_taken_table_without_an_allocation_is_refused_by_the_assignments(c: Any) -> None:
    await assign(c, await booking(c), ["MD-01"])
    await c.execute("DELETE FROM allocations")
    told = await refused(
        assign(c, await booking(c, at="13:00", until="14:00"), ["MD-01"]), "23P01", "no_overlapping_table_assignments"
    )
    assert told.constraint_name == "no_overlapping_table_assignments"


async def test_one_sitting_may_follow_another(c: Any) -> None:
    await assign(c, await booking(c), ["MD-01"])
    await assign(c, await booking(c, at="13:30", until="15:00"), ["MD-01"])


async def test_a_table_is_assigned_to_a_booking_once(c: Any) -> None:
    b = await booking(c)
    await assign(c, b, ["MD-01"], "one")
    call = assign(c, b, ["MD-01", "MD-02"], "two")
    await refused(call, "P0001", "assign_tables_atomic_v2 assignment duplicate for table MD-01")


async def test_tables_that_do_not_seat_the_party_are_refused_unless_the_check_is_off(c: Any) -> None:
    b = await booking(c, party=5)
    await refused(assign(c, b, ["MD-03"]), "P0001", "capacity_exceeded_post_assignment")
    await c.execute("SET app.capacity.post_assignment.enabled = 'off'")
    await assign(c, b, ["MD-03"])


# holds


async def test_a_hold_writes_windows_and_shadows_and_takes_them_along(c: Any) -> None:
    h = await hold(c, await booking(c), ["MD-03", "MD-04"])
    assert await c.fetchval("SELECT count(*) FROM table_hold_windows") == 2
    assert await allocations(c) == [("table", True), ("table", True)]
    await c.execute("UPDATE table_holds SET end_at = end_at + interval '1 hour', expires_at = now() WHERE id = $1", h)
    assert await c.fetchval(
        'SELECT bool_and(w.end_at = h.end_at AND w.expires_at = h.expires_at AND a."window" = w.hold_window) '
        "FROM table_hold_windows w JOIN table_holds h ON h.id = w.hold_id "
        "JOIN allocations a ON a.resource_id = w.table_id"
    )
    await c.execute("DELETE FROM table_holds WHERE id = $1", h)
    assert await allocations(c) == []
    assert await c.fetchval("SELECT count(*) FROM table_hold_windows") == 0


async def test_members_may_go_before_their_hold(c: Any) -> None:
    h = await hold(c, await booking(c), ["MD-03", "MD-04"])
    await c.execute("DELETE FROM table_hold_members WHERE table_id = $1", await table(c, "MD-03"))
    assert await allocations(c) == [("table", True)]
    await c.execute("DELETE FROM table_hold_members WHERE hold_id = $1", h)
    assert await allocations(c) == []
    assert await c.fetchval("SELECT count(*) FROM table_hold_windows") == 0


async def test_a_hold_without_a_booking_leaves_nothing_either(c: Any) -> None:
    h = await hold(c, None, ["MD-01"])
    assert await allocations(c) == [("table", True)]
    await c.execute("DELETE FROM table_holds WHERE id = $1", h)
    assert await allocations(c) == []


async def test_a_held_table_is_not_held_again_and_the_older_constraint_says_so(c: Any) -> None:
    await hold(c, await booking(c), ["MD-01"])
    told = await refused(hold(c, await booking(c), ["MD-01"], at="13:00"), "23P01", "thw_no_overlap")
    assert told.constraint_name == "thw_no_overlap"
    assert str(await table(c, "MD-01")) in (told.detail or "")


async def test_an_expired_hold_blocks_until_it_is_removed(c: Any) -> None:
    h = await hold(c, await booking(c), ["MD-01"], ttl_s=-1)
    b = await booking(c)
    await refused(hold(c, b, ["MD-01"]), "23P01", "thw_no_overlap")
    assert await c.fetchval("SELECT release_hold_and_emit($1)", h)
    await hold(c, b, ["MD-01"])


async def test_releasing_says_so_once(c: Any) -> None:
    h = await hold(c, await booking(c), ["MD-01", "MD-02"])
    assert await c.fetchval("SELECT release_hold_and_emit($1, $2)", h, uuid4()) is True
    assert await c.fetchval("SELECT release_hold_and_emit($1, $2)", h, uuid4()) is False
    assert [row[0] for row in await c.fetch("SELECT event_type FROM capacity_outbox")] == ["capacity.hold.released"]
    assert await allocations(c) == []


# confirm_hold_assignment_tx


async def test_confirm_turns_the_hold_into_assignments_and_leaves_nothing_of_it(c: Any) -> None:
    b = await booking(c, party=7)
    h = await hold(c, b, ["MD-03", "MD-04"])
    rows = await confirm(c, h, b)
    assert {row["table_id"] for row in rows} == set(await tables(c, "MD-03", "MD-04"))
    assert await c.fetchval("SELECT status FROM bookings WHERE id = $1", b) == "confirmed"
    assert await allocations(c) == [("merge_group", False), ("table", False), ("table", False)]
    for gone in ("table_holds", "table_hold_members", "table_hold_windows"):
        assert await c.fetchval(f"SELECT count(*) FROM {gone}") == 0
    events = await c.fetch("SELECT event_type FROM capacity_outbox ORDER BY 1")
    assert [row[0] for row in events] == ["capacity.assignment.sync", "capacity.hold.confirmed"]
    result = await c.fetchrow("SELECT * FROM booking_confirmation_results")
    assert (result["hold_id"], result["metadata"]) == (h, '{"policyVersion": "p1"}')
    history = await c.fetchrow("SELECT from_status, to_status, reason FROM booking_state_history")
    assert tuple(history) == ("pending", "confirmed", "auto_assign_confirm")
    assert len(await c.fetchval("SELECT payload_checksum FROM booking_assignment_idempotency")) == 64


async def test_confirm_without_a_target_leaves_the_status(c: Any) -> None:
    b = await booking(c)
    await confirm(c, await hold(c, b, ["MD-01"]), b, status=None)
    assert await c.fetchval("SELECT status FROM bookings WHERE id = $1", b) == "pending"


async def test_a_confirm_that_is_refused_leaves_the_hold_as_it_was(c: Any) -> None:
    b = await booking(c, party=5)
    h = await hold(c, b, ["MD-01"])
    await refused(confirm(c, h, b), "P0001", "capacity_exceeded_post_assignment")
    assert await allocations(c) == [("table", True)]
    assert await c.fetchval("SELECT count(*) FROM table_hold_windows WHERE hold_id = $1", h) == 1


async def test_confirm_refuses_a_hold_that_is_not_good(c: Any) -> None:
    b, other = await booking(c), await booking(c)
    await refused(confirm(c, uuid4(), b), "P0002", "Hold .* not found")
    h = await hold(c, b, ["MD-01"])
    await refused(confirm(c, h, other), "P0001", f"Hold {h} belongs to booking {b} .expected {other}.")
    await refused(confirm(c, h, b, policy="p2"), "P0003", "Policy version changed")
    await c.execute(
        "UPDATE table_holds SET metadata = $2 WHERE id = $1", h, '{"selection":{"snapshot":{"adjacency":{"hash":"x"}}}}'
    )
    await refused(confirm(c, h, b, adjacency="y"), "P0003", f"Adjacency snapshot changed for hold {h}")
    await c.execute("UPDATE table_holds SET expires_at = now() - interval '1 s' WHERE id = $1", h)
    await refused(confirm(c, h, b), "P0001", f"Hold {h} expired at ")
    empty = await hold(c, b, ["MD-02"])
    await c.execute("DELETE FROM table_hold_members WHERE hold_id = $1", empty)
    await refused(confirm(c, empty, b), "P0001", f"Hold {empty} has no table members")


async def test_a_second_confirm_is_told_that_the_hold_is_gone(c: Any) -> None:
    b = await booking(c)
    h = await hold(c, b, ["MD-01"])
    await confirm(c, h, b)
    await refused(confirm(c, h, b), "P0002", f"Hold {h} not found")


async def test_a_hold_without_metadata_can_be_confirmed(c: Any) -> None:
    b = await booking(c)
    h = await hold(c, b, ["MD-01"])
    await c.execute("UPDATE table_holds SET metadata = NULL WHERE id = $1", h)
    assert await confirm(c, h, b)


async def test_confirming_makes_no_temporary_table(c: Any) -> None:
    b = await booking(c)
    h = await hold(c, b, ["MD-01"])
    before = await c.fetchval("SELECT count(*) FROM pg_class")
    async with c.transaction():
        await confirm(c, h, b)
        assert await c.fetchval("SELECT count(*) FROM pg_class") == before


# transition, unassign, status


TRANSITION = (
    "SELECT * FROM apply_booking_state_transition($1, $2, NULL, NULL, now(), $3, $2, NULL, now(), 'because', NULL)"
)


async def test_a_transition_moves_on_only_from_what_was_seen(c: Any) -> None:
    b = await booking(c)
    row = await c.fetchrow(TRANSITION, b, "cancelled", "pending")
    assert row["status"] == "cancelled"
    told = await refused(c.fetch(TRANSITION, b, "cancelled", "pending"), "P0004", "booking_state_conflict")
    assert "is cancelled, not pending" in (told.detail or "")
    await refused(c.fetch(TRANSITION, uuid4(), "cancelled", "pending"), "P0002", "not found")
    assert await c.fetchval("SELECT count(*) FROM booking_state_history") == 1


async def test_unassign_takes_everything_back_and_clears_the_zone_lock(c: Any) -> None:
    b = await booking(c, party=7)
    await assign(c, b, ["MD-03", "MD-04"])
    gone = await c.fetch("SELECT * FROM unassign_tables_atomic($1)", b)
    assert {row["table_id"] for row in gone} == set(await tables(c, "MD-03", "MD-04"))
    assert (await numbers(c, b), await allocations(c), await zone_lock(c, b)) == ([], [], None)


async def test_unassign_of_some_keeps_the_zone_lock_and_ends_the_merge(c: Any) -> None:
    b = await booking(c)
    await assign(c, b, ["MD-03", "MD-04"])
    await c.execute("SELECT unassign_tables_atomic($1, $2)", b, await tables(c, "MD-03"))
    assert (await numbers(c, b), await allocations(c)) == (["MD-04"], [("table", False)])
    assert await zone_lock(c, b) is not None


async def test_unassign_heals_a_lock_without_tables(c: Any) -> None:
    b = await booking(c)
    await c.execute("UPDATE bookings SET assigned_zone_id = (SELECT id FROM zones LIMIT 1) WHERE id = $1", b)
    assert await c.fetch("SELECT * FROM unassign_tables_atomic($1)", b) == []
    assert await zone_lock(c, b) is None


async def test_what_its_own_hold_still_claims_becomes_its_shadow_again(c: Any) -> None:
    b = await booking(c)
    await hold(c, b, ["MD-01"])
    await assign(c, b, ["MD-01"])
    assert await allocations(c) == [("table", False)]
    await c.execute("SELECT unassign_tables_atomic($1)", b)
    assert await allocations(c) == [("table", True)]


async def test_a_hold_on_a_table_it_already_has_leaves_it_really_allocated(c: Any) -> None:
    b = await booking(c)
    await assign(c, b, ["MD-01"])
    h = await hold(c, b, ["MD-01"])
    assert await allocations(c) == [("table", False)]
    await c.execute("DELETE FROM table_holds WHERE id = $1", h)
    assert await allocations(c) == [("table", False)]


async def test_a_tables_status_follows_what_takes_it_now(c: Any) -> None:
    b = await booking(c)
    await c.fetch(
        "SELECT * FROM assign_tables_atomic_v2("
        "$1, $2, NULL, false, NULL, now() - interval '1 min', now() + interval '1 h')",
        b,
        await tables(c, "MD-01"),
    )
    status = "SELECT status FROM table_inventory WHERE table_number = 'MD-01'"
    assert await c.fetchval(status) == "reserved"
    await c.execute("UPDATE bookings SET status = 'checked_in', checked_in_at = now() WHERE id = $1", b)
    assert await c.fetchval(status) == "occupied"
    await c.execute("SELECT unassign_tables_atomic($1)", b)
    assert await c.fetchval(status) == "available"
    await c.execute("UPDATE table_inventory SET status = 'out_of_service' WHERE table_number = 'MD-01'")
    await c.execute("SELECT refresh_table_status(id) FROM table_inventory")
    assert await c.fetchval(status) == "out_of_service"
