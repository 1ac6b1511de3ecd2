"""Functions that cannot work, and what those that work leave behind."""

import json
from typing import Any, cast
from uuid import UUID

import pytest

from tests.owners.guest import Conn, assign, booking, confirm, hold, refused

TRANSITION = (
    "SELECT * FROM apply_booking_state_transition($1, $2::text::booking_status, NULL, NULL, NULL, "
    "$3::text::booking_status, $2::text::booking_status, NULL, NULL, 'test')"
)


async def test_unassign_leaves_zone_lock_ledger_result_group_and_status(c: Conn) -> None:
    b = await booking(c)
    await confirm(c, await hold(c, b, "MD-01", "MD-02"), b)
    assert len(await c.fetch("SELECT table_id FROM unassign_tables_atomic($1)", b)) == 2
    assert await c.fetchval("SELECT count(*) FROM booking_table_assignments") == 0
    left = await c.fetch("SELECT resource_type FROM allocations")
    assert [row["resource_type"] for row in left] == ["merge_group"]
    booked = await c.fetchrow(
        "SELECT status::text, assigned_zone_id IS NOT NULL AS locked FROM bookings WHERE id = $1", b
    )
    assert tuple(booked or ()) == ("confirmed", True)
    assert await c.fetchval("SELECT count(*) FROM booking_assignment_idempotency") == 1
    assert await c.fetchval("SELECT count(*) FROM booking_confirmation_results") == 1
    statuses = await c.fetch("SELECT DISTINCT status::text FROM table_inventory")
    assert [row["status"] for row in statuses] == ["available"]


async def test_releasing_by_function_never_works(c: Conn) -> None:
    held = await hold(c, await booking(c), "MD-01")
    await refused(c.fetch("SELECT release_hold_and_emit($1)", held), "42703", 'column "table_id" does not exist')
    assert await c.fetchval("SELECT count(*) FROM table_holds") == 1


async def test_synchronising_windows_never_works(c: Conn) -> None:
    b = await booking(c)
    await confirm(c, await hold(c, b, "MD-01"), b)
    await refused(
        c.fetch(
            "SELECT * FROM sync_confirmed_assignment_windows($1, "
            "ARRAY(SELECT table_id FROM booking_table_assignments WHERE booking_id = $1), now(), now())",
            b,
        ),
        "42703",
        'column "merge_group_id" of relation "allocations" does not exist',
    )


async def test_a_transition_works_and_its_conflict_fails_on_itself(c: Conn) -> None:
    b = await booking(c)
    row = await c.fetchrow(TRANSITION, b, "cancelled", "pending")
    assert row is not None
    assert row["status"] == "cancelled"
    await refused(c.fetch(TRANSITION, b, "confirmed", "pending"), "42702", 'column reference "status" is ambiguous')


async def test_no_booking_is_confirmed_without_tables_but_one_is_inserted_so(c: Conn) -> None:
    b = await booking(c)
    await refused(
        c.fetch(TRANSITION, b, "confirmed", "pending"),
        "P0001",
        f"Cannot confirm booking {b}: No table assignments exist",
    )
    await booking(c, status="confirmed")


async def test_late_arrivals_fail_whenever_there_is_one(c: Conn) -> None:
    b = await booking(c, status="confirmed")
    await c.fetch("SELECT process_late_arrivals()")
    await c.execute("UPDATE bookings SET booking_date = '2020-03-02' WHERE id = $1", b)
    await refused(c.fetch("SELECT process_late_arrivals()"), "23514", '"bookings_lifecycle_timestamp_consistency"')


async def test_old_allocations_go_to_the_archive(c: Conn) -> None:
    await assign(c, await booking(c), "MD-01")
    row = await c.fetchrow("SELECT * FROM prune_allocations_history('2028-01-01')")
    assert tuple(row or ()) == (1, 1)


async def create(c: Conn, day: str, *, key: str | None = None) -> dict[str, Any]:
    guest: UUID = await c.fetchval(
        "INSERT INTO customers (restaurant_id, full_name, email, phone) "
        "SELECT id, 'G', md5($1) || '@x.invalid', '07000000' || length($1) FROM restaurants "
        "ON CONFLICT DO NOTHING RETURNING id",
        day + (key or ""),
    ) or await c.fetchval("SELECT id FROM customers LIMIT 1")
    answer = await c.fetchval(
        "SELECT create_booking_with_capacity_check(r.id, $1, $2::text::date, '12:00', '13:30', 2, 'lunch', 'G', "
        "'g@x.invalid', '07000000000', 'any', p_idempotency_key => $3) FROM restaurants r",
        guest,
        day,
        key,
    )
    return cast("dict[str, Any]", json.loads(answer))


@pytest.mark.parametrize("day", ["2027-03-01", "2027-03-07"])
async def test_creating_is_an_internal_error_every_time(c: Conn, day: str) -> None:
    answer = await create(c, day)
    assert (answer["success"], answer["error"], answer["sqlstate"]) == (False, "INTERNAL_ERROR", "42P01")
    assert answer["sqlerrm"] == 'relation "restaurant_capacity_rules" does not exist'


@pytest.mark.parametrize("variant", ["live"])
async def test_patched_by_hand_it_creates_confirmed_bookings_and_never_on_a_sunday(c: Conn) -> None:
    made = await create(c, "2027-03-01", key="k")
    assert (made["success"], made["booking"]["status"], made["duplicate"]) == (True, "confirmed", False)
    again = await create(c, "2027-03-01", key="k")
    assert (again["duplicate"], again["booking"]["id"]) == (True, made["booking"]["id"])
    await c.execute("UPDATE restaurant_operating_hours SET is_closed = false, opens_at = '12:00', closes_at = '22:00'")
    assert (await create(c, "2027-03-06"))["success"] is True
    sunday = await create(c, "2027-03-07")
    assert (sunday["success"], sunday["error"]) == (False, "BOOKING_OUTSIDE_OPERATING_HOURS")
    assert sunday["message"].startswith("The restaurant is closed")
