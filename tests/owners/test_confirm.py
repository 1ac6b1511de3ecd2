"""confirm_hold_assignment_tx as the owners have it, with its traps."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.owners.guest import Conn, assign, booking, confirm, hold, refused, tables

POLICY = "SELECT * FROM confirm_hold_assignment_tx($1, $2, 'k', p_expected_policy_version => $3)"
HASH = "SELECT * FROM confirm_hold_assignment_tx($1, $2, 'k', p_expected_adjacency_hash => $3)"


async def test_a_hold_is_confirmed_and_gone(c: Conn) -> None:
    b = await booking(c)
    held = await hold(c, b, "MD-01", "MD-02")
    assert sorted(await confirm(c, held, b)) == sorted(await tables(c, "MD-01", "MD-02"))
    assert await c.fetchval("SELECT status::text FROM bookings WHERE id = $1", b) == "confirmed"
    assert await c.fetchval("SELECT count(*) FROM table_holds") == 0
    assert await c.fetchval("SELECT count(*) FROM table_hold_windows") == 0
    assert await c.fetchval("SELECT count(*) FROM allocations WHERE shadow") == 0
    events = await c.fetch("SELECT event_type FROM capacity_outbox ORDER BY event_type")
    assert [row["event_type"] for row in events] == ["capacity.assignment.sync", "capacity.hold.confirmed"]
    assert await c.fetchval("SELECT length(payload_checksum) FROM booking_assignment_idempotency") == 64
    assert await c.fetchval("SELECT to_status::text FROM booking_state_history") == "confirmed"
    await refused(confirm(c, held, b), "P0002", f"Hold {held} not found")


async def test_two_confirms_in_one_transaction_do_not_meet_in_their_temporary_table(c: Conn) -> None:
    one, other = await booking(c), await booking(c)
    holds = await hold(c, one, "MD-01"), await hold(c, other, "MD-02")
    async with c.transaction():
        assert await confirm(c, holds[0], one)
        assert await confirm(c, holds[1], other)


async def test_holds_that_are_not_as_expected(c: Conn) -> None:
    b, other = await booking(c), await booking(c)
    held = await hold(c, b, "MD-01")
    await refused(confirm(c, held, other), "P0001", f"Hold {held} belongs to booking {b} (expected {other})")
    await refused(c.fetch(POLICY, held, b, "p2"), "P0003", "Policy version changed (")
    await refused(c.fetch(HASH, held, b, "h"), "P0003", f"Adjacency snapshot changed for hold {held}")
    await refused(confirm(c, uuid4(), b), "P0002", "not found")
    await c.execute("DELETE FROM table_hold_members WHERE hold_id = $1", held)
    await refused(confirm(c, held, b), "P0001", f"Hold {held} has no table members")
    await c.execute(
        "UPDATE table_holds SET start_at = start_at - interval '1 year', end_at = end_at - interval '1 year'"
    )
    await c.execute("ALTER TABLE table_holds DISABLE TRIGGER ALL")
    await c.execute("UPDATE table_holds SET start_at = now() - interval '2 h', end_at = now() - interval '1 h'")
    await c.execute("UPDATE table_holds SET expires_at = end_at")
    await refused(confirm(c, held, b), "P0001", f"Hold {held} expired at ")


async def test_a_replay_is_refused_here(c: Conn) -> None:
    b = await booking(c)
    await assign(c, b, "MD-01", key="k")
    await c.execute("SELECT unassign_tables_atomic($1)", b)
    held = await hold(c, b, "MD-01")
    await refused(confirm(c, held, b, "k"), "P0003", f"assign_tables_atomic_v2 returned no assignments for booking {b}")


async def test_a_hold_without_metadata_fails_on_its_result(c: Conn) -> None:
    b = await booking(c)
    held = await hold(c, b, "MD-01", metadata=None)
    await refused(
        confirm(c, held, b), "23502", 'null value in column "metadata" of relation "booking_confirmation_results"'
    )


@pytest.mark.parametrize("variant", ["extensions"])
async def test_digest_in_another_schema_is_not_found(c: Conn) -> None:
    b = await booking(c)
    held = await hold(c, b, "MD-01")
    await c.execute("SET search_path = public, extensions")
    await refused(confirm(c, held, b), "42883", "function digest(text, unknown) does not exist")
    older = await c.fetch(
        "SELECT * FROM confirm_hold_assignment_with_transition($1, $2, 'k')", b, await tables(c, "MD-01")
    )
    assert len(older) == 1


async def test_a_hold_may_not_expire_before_its_dinner_ends(c: Conn) -> None:
    b = await booking(c)
    await refused(
        hold(c, b, "MD-01", expires=timedelta(seconds=-1)), "23514", 'check constraint "table_holds_window_check"'
    )
    await c.execute("ALTER TABLE table_holds DROP CONSTRAINT table_holds_window_check")
    await refused(hold(c, b, "MD-01", expires=timedelta(seconds=-1)), "23514", 'check constraint "th_times_consistent"')
