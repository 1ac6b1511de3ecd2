"""The platform's smaller functions, as it meant them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.platform.house import assign, booking, confirm, hold, table, tables
from tests.scratch import ScratchDatabase

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


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


async def status(c: Any, booking_id: UUID) -> str:
    found: str = await c.fetchval("SELECT status FROM bookings WHERE id = $1", booking_id)
    return found


# confirm_hold_assignment_with_transition

WITH_TRANSITION = "SELECT * FROM confirm_hold_assignment_with_transition($1, $2, $3)"


async def test_tables_and_status_come_together(c: Any) -> None:
    b = await booking(c, party=7)
    rows = await c.fetch(WITH_TRANSITION, b, await tables(c, "MD-03", "MD-04"), "k")
    assert {row["table_id"] for row in rows} == set(await tables(c, "MD-03", "MD-04"))
    assert await status(c, b) == "confirmed"
    history = await c.fetchrow("SELECT from_status, to_status, reason FROM booking_state_history")
    assert tuple(history) == ("pending", "confirmed", "auto_assign_atomic_confirm")
    again = await c.fetch(WITH_TRANSITION, b, await tables(c, "MD-03", "MD-04"), "k")
    assert again == rows
    assert await c.fetchval("SELECT count(*) FROM booking_state_history") == 1


async def test_tables_whose_status_is_refused_do_not_stay(c: Any) -> None:
    b = await booking(c)
    call = c.fetch(f"{WITH_TRANSITION[:-1]}, p_target_status => 'completed')", b, await tables(c, "MD-01"), "k")
    await refused(call, "23514", "bookings_lifecycle_timestamp_consistency")
    assert await c.fetchval("SELECT count(*) FROM booking_table_assignments") == 0


# sync_confirmed_assignment_windows

SYNC = "SELECT * FROM sync_confirmed_assignment_windows($1, $2, $3, $4, 'k', $5)"


async def confirmed(c: Any, *numbers: str, party: int = 2) -> UUID:
    b = await booking(c, party=party)
    await confirm(c, await hold(c, b, list(numbers)), b)
    return b


async def test_a_window_moves_with_everything_that_keeps_it(c: Any) -> None:
    b = await confirmed(c, "MD-03", "MD-04", party=7)
    await c.execute("UPDATE capacity_outbox SET status = 'done'")
    group = await c.fetchval("SELECT id FROM allocations WHERE resource_type = 'merge_group'")
    ids = await tables(c, "MD-03", "MD-04")
    rows = await c.fetch(SYNC, b, ids, NOON, NOON + timedelta(minutes=60), group)
    assert {(r["table_id"], r["start_at"], r["end_at"], r["merge_group_id"]) for r in rows} == {
        (one, NOON, NOON + timedelta(minutes=60), group) for one in ids
    }
    for where, window in (
        ("allocations", '"window"'),
        ("booking_table_assignments", "assignment_window"),
        ("booking_assignment_idempotency", "assignment_window"),
        ("booking_confirmation_results", "assignment_window"),
    ):
        ends = await c.fetch(f"SELECT DISTINCT upper({window}) FROM {where}")
        assert [row[0] for row in ends] == [NOON + timedelta(minutes=60)], where
    waiting = await c.fetch("SELECT event_type FROM capacity_outbox WHERE status = 'pending'")
    assert [row[0] for row in waiting] == ["capacity.assignment.sync"]


async def test_a_window_does_not_move_onto_somebody_else(c: Any) -> None:
    b = await confirmed(c, "MD-01")
    await assign(c, await booking(c, at="13:30", until="15:00"), ["MD-01"])
    call = c.fetch(SYNC, b, await tables(c, "MD-01"), NOON, NOON + timedelta(minutes=120), None)
    await refused(call, "23P01", "allocations_no_overlap")
    assert await c.fetchval("SELECT end_at FROM booking_table_assignments WHERE booking_id = $1", b) == (
        NOON + timedelta(minutes=90)
    )


async def test_only_a_real_window_of_tables_it_has_is_moved(c: Any) -> None:
    b = await confirmed(c, "MD-01")
    one, other = await tables(c, "MD-01"), await tables(c, "MD-02")
    await refused(c.fetch(SYNC, b, one, NOON, NOON, None), "22000", "invalid time window")
    await refused(c.fetch(SYNC, b, other, NOON, NOON + timedelta(hours=1), None), "P0002", "has none of these tables")
    await refused(c.fetch(SYNC, uuid4(), one, NOON, NOON + timedelta(hours=1), None), "P0002", "Booking .* not found")


async def test_it_takes_nine_arguments(c: Any) -> None:
    assert await c.fetchval("SELECT pronargs FROM pg_proc WHERE proname = 'sync_confirmed_assignment_windows'") == 9


# strict conflicts


async def test_strict_conflicts_are_a_wish_of_the_session(c: Any) -> None:
    asked = "SELECT is_holds_strict_conflicts_enabled()"
    assert await c.fetchval(asked) is False
    assert await c.fetchval("SELECT set_hold_conflict_enforcement(enabled => true)") is True
    assert await c.fetchval(asked) is True
    assert await c.fetchval("SELECT set_hold_conflict_enforcement(false)") is False
    assert await c.fetchval(asked) is False


async def test_the_constraint_decides_whatever_was_wished_for(c: Any) -> None:
    await hold(c, await booking(c), ["MD-01"])
    await c.execute("SELECT set_hold_conflict_enforcement(false)")
    await refused(hold(c, await booking(c), ["MD-01"]), "23P01", "thw_no_overlap")


# prune_allocations_history


async def prune(c: Any, cutoff: datetime, limit: int = 500) -> tuple[int, int]:
    row = await c.fetchrow("SELECT * FROM prune_allocations_history($1, $2)", cutoff, limit)
    assert list(row.keys()) == ["archived_count", "deleted_count"]
    return row["archived_count"], row["deleted_count"]


async def test_old_allocations_move_to_the_archive_a_few_at_a_time(c: Any) -> None:
    for at, until in (("12:00", "13:00"), ("13:00", "14:00"), ("14:00", "15:00")):
        await assign(c, await booking(c, at=at, until=until), ["MD-01"])
    before = await c.fetch('SELECT id, "window", created_at FROM allocations ORDER BY "window"')
    cutoff = NOON + timedelta(hours=2, minutes=30)
    assert await prune(c, cutoff, 1) == (1, 1)
    assert await c.fetchval("SELECT id FROM allocations_archive") == before[0]["id"]
    assert await prune(c, cutoff) == (1, 1)
    assert await prune(c, cutoff) == (0, 0)
    kept = await c.fetch('SELECT id, "window", created_at FROM allocations_archive ORDER BY "window"')
    assert kept == before[:2]
    assert await c.fetchval("SELECT count(*) FROM booking_table_assignments") == 3


async def test_what_is_in_the_archive_already_is_only_deleted(c: Any) -> None:
    await assign(c, await booking(c), ["MD-01"])
    await c.execute("INSERT INTO allocations_archive SELECT a.*, now() FROM allocations a")
    assert await prune(c, NOON + timedelta(days=1)) == (0, 1)


async def test_what_somebody_works_on_is_left(database: ScratchDatabase) -> None:
    first, second = await database.connect(), await database.connect()
    await assign(first, await booking(first), ["MD-01"])
    async with first.transaction():
        await first.execute("SELECT FROM allocations FOR UPDATE")
        assert await prune(second, NOON + timedelta(days=1)) == (0, 0)
    assert await prune(second, NOON + timedelta(days=1)) == (1, 1)
    await first.close()
    await second.close()


async def test_the_archive_has_the_columns_of_allocations_and_when(c: Any) -> None:
    columns = (
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position"
    )
    live, kept = await c.fetch(columns, "allocations"), await c.fetch(columns, "allocations_archive")
    assert kept[:-1] == live
    assert kept[-1]["column_name"] == "archived_at"


# process_late_arrivals


async def due(c: Any, minutes: int, number: str) -> UUID:
    """A confirmed booking whose guests were to come so many minutes ago."""
    b = await booking(c)
    await confirm(c, await hold(c, b, [number]), b)
    await c.execute("ALTER TABLE bookings DISABLE TRIGGER bookings_set_instants")
    await c.execute(
        "UPDATE bookings SET start_at = now() - $2::interval, end_at = now() + interval '1 h' WHERE id = $1",
        b,
        timedelta(minutes=minutes),
    )
    await c.execute("ALTER TABLE bookings ENABLE TRIGGER bookings_set_instants")
    return b


async def test_who_is_fifteen_minutes_late_loses_the_table(c: Any) -> None:
    late, soon = await due(c, 16, "MD-01"), await due(c, 14, "MD-02")
    assert await c.fetchval("SELECT process_late_arrivals()") == 1
    assert (await status(c, late), await status(c, soon)) == ("no_show", "confirmed")
    left = await c.fetch("SELECT booking_id FROM booking_table_assignments")
    assert [row[0] for row in left] == [soon]
    row = await c.fetchrow("SELECT from_status, to_status, reason FROM booking_state_history WHERE reason LIKE 'late%'")
    assert tuple(row) == ("confirmed", "no_show", "late_arrival")
    assert await c.fetchval("SELECT assigned_zone_id FROM bookings WHERE id = $1", late) is None
    assert await c.fetchval("SELECT process_late_arrivals()") == 0


async def test_who_is_just_being_seated_is_not_late(database: ScratchDatabase) -> None:
    first, second = await database.connect(), await database.connect()
    b = await due(first, 20, "MD-01")
    async with first.transaction():
        await first.execute("UPDATE bookings SET status = 'checked_in', checked_in_at = now() WHERE id = $1", b)
        assert await second.fetchval("SELECT process_late_arrivals()") == 0
    assert await second.fetchval("SELECT process_late_arrivals()") == 0
    assert await status(second, b) == "checked_in"
    await first.close()
    await second.close()


# is_table_available_v2


async def free(c: Any, number: str, *, hours: float = 1, without: UUID | None = None) -> bool:
    found: bool = await c.fetchval(
        "SELECT is_table_available_v2($1, $2, $3, $4)",
        await table(c, number),
        NOON,
        NOON + timedelta(hours=hours),
        without,
    )
    return found


async def test_a_table_is_free_until_somebody_has_it(c: Any) -> None:
    assert await free(c, "MD-01")
    b = await booking(c, at="12:30")
    await assign(c, b, ["MD-01"])
    assert not await free(c, "MD-01")
    assert await free(c, "MD-01", hours=0.5), "until the other one comes"
    assert await free(c, "MD-01", without=b)
    await c.execute("DELETE FROM booking_table_assignments")
    assert not await free(c, "MD-01"), "its allocation still takes it"


async def test_a_table_that_is_held_is_free_for_the_holder_alone(c: Any) -> None:
    b = await booking(c)
    await hold(c, b, ["MD-01"])
    assert not await free(c, "MD-01")
    assert await free(c, "MD-01", without=b)
    await c.execute("UPDATE table_holds SET expires_at = now() - interval '1 s'")
    assert await free(c, "MD-01")


@pytest.mark.parametrize("now", ["active = false", "status = 'out_of_service'"])
async def test_a_table_that_is_not_in_use_is_not_free(c: Any, now: str) -> None:
    await c.execute(f"UPDATE table_inventory SET {now} WHERE table_number = 'MD-01'")
    assert not await free(c, "MD-01")


async def test_a_table_that_does_not_exist_is_not_free(c: Any) -> None:
    assert await c.fetchval("SELECT is_table_available_v2($1, now(), now() + interval '1 h')", uuid4()) is False


# booking_status_summary


async def test_the_summary_counts_statuses_of_some_days(c: Any) -> None:
    for each in ("pending", "pending", "cancelled"):
        await booking(c, status=each)
    ask = (
        "SELECT status, total FROM booking_status_summary((SELECT id FROM restaurants), $1::text::date, $2::text::date"
    )
    rows = await c.fetch(f"{ask})", "2027-03-01", "2027-03-01")
    assert [tuple(row) for row in rows] == [("pending", 2), ("cancelled", 1)]
    some = await c.fetch(f"{ask}, '{{cancelled}}')", "2027-03-01", "2027-03-02")
    assert [tuple(row) for row in some] == [("cancelled", 1)]
    assert await c.fetch(f"{ask})", "2027-03-02", "2027-03-03") == []


# the wrappers


async def test_one_table_needs_no_list(c: Any) -> None:
    b = await booking(c)
    rows = await c.fetch("SELECT * FROM assign_single_table($1, $2, 'k')", b, await table(c, "MD-01"))
    assert [row["table_id"] for row in rows] == [await table(c, "MD-01")]
    assert await c.fetch("SELECT * FROM assign_single_table($1, $2, 'k')", b, await table(c, "MD-01")) == rows


async def test_merged_tables_stand_together_unless_told_otherwise(c: Any) -> None:
    b = await booking(c, party=7)
    apart = await tables(c, "MD-01", "MD-12")
    call = c.fetch("SELECT * FROM assign_merged_tables($1, $2)", b, apart)
    await refused(call, "23514", "is not adjacent to the selected set")
    rows = await c.fetch("SELECT * FROM assign_merged_tables($1, $2, 'k', false)", b, apart)
    assert {row["table_id"] for row in rows} == set(apart)


# the audit


async def test_every_table_given_or_taken_is_written_down(c: Any) -> None:
    b = await booking(c, party=7)
    who = uuid4()
    await c.fetch(
        "SELECT * FROM assign_tables_atomic_v2($1, $2, NULL, false, $3, NULL, NULL)",
        b,
        await tables(c, "MD-03", "MD-04"),
        who,
    )
    await c.execute("SELECT unassign_tables_atomic($1, $2)", b, await tables(c, "MD-03"))
    rows = await c.fetch(
        "SELECT action, actor, entity, metadata ->> 'bookingId' AS booking, metadata ->> 'tableId' AS table_id "
        "FROM audit_logs ORDER BY id"
    )
    assert [row["action"] for row in rows] == ["table.assigned", "table.assigned", "table.unassigned"]
    assert {(row["actor"], row["entity"], row["booking"]) for row in rows} == {
        (str(who), "booking_table_assignment", str(b))
    }
    assert rows[2]["table_id"] == str(await table(c, "MD-03"))


async def test_a_refused_assignment_is_not_written_down(c: Any) -> None:
    await refused(assign(c, await booking(c, party=9), ["MD-01"]), "P0001", "capacity_exceeded_post_assignment")
    assert await c.fetchval("SELECT count(*) FROM audit_logs") == 0


async def test_a_booking_that_is_deleted_leaves_its_tables_in_the_audit(c: Any) -> None:
    await assign(c, b := await booking(c), ["MD-01"])
    await c.execute("DELETE FROM bookings WHERE id = $1", b)
    actions = await c.fetch("SELECT action FROM audit_logs ORDER BY id")
    assert [row[0] for row in actions] == ["table.assigned", "table.unassigned"]
