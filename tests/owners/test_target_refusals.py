"""What is refused on the owners' database, by the name that slotfill gives it."""

from uuid import uuid4

import msgspec
import pytest

from engine.model.outcome import Outcome, Refusal, classify
from engine.target import Held
from engine.targets.postgres import PostgresTarget
from tests.owners.at_target import SUNDAY, candidate, confirm_refused, order, submitted
from tests.owners.guest import Conn, booking, tables


async def test_a_table_that_another_holds_is_a_hold_conflict(target: PostgresTarget) -> None:
    seat = await target.seat("owners w00")
    one, other = order(1), order(2)
    await submitted(seat, one)
    assert isinstance(await seat.hold(one, candidate(target, "MD-01"), uuid4()), Held)
    await submitted(seat, other)
    told = await seat.hold(other, candidate(target, "MD-01"), uuid4())
    assert isinstance(told, Refusal)
    assert (told.sqlstate, told.tables, classify(told)) == ("23P01", ("MD-01",), Outcome.HOLD_CONFLICT)
    await seat.close()


async def test_the_masked_hold_conflict_is_one_too(target: PostgresTarget, c: Conn) -> None:
    seat = await target.seat("owners w00")
    wanted = order(1)
    await submitted(seat, wanted)
    await c.execute(
        "ALTER TABLE table_hold_windows DROP CONSTRAINT thw_no_overlap, DROP CONSTRAINT table_hold_windows_no_overlap"
    )
    stranger = await target.seat("owners w01")
    late = order(2)
    await submitted(stranger, late)
    assert isinstance(await stranger.hold(late, candidate(target, "MD-01"), uuid4()), Held)
    told = await confirm_refused(seat, wanted, candidate(target, "MD-01"))
    assert (told.sqlstate, classify(told)) == ("22023", Outcome.HOLD_CONFLICT)
    for one in (seat, stranger):
        await one.close()


async def test_a_stale_zone_lock_is_a_zone_lock(target: PostgresTarget, c: Conn) -> None:
    seat = await target.seat("owners w00")
    wanted = order(1)
    b = await submitted(seat, wanted)
    await c.execute(
        "UPDATE bookings SET assigned_zone_id = (SELECT id FROM zones WHERE name = 'Patio') WHERE id = $1", b
    )
    told = await confirm_refused(seat, wanted, candidate(target, "MD-01"))
    assert (told.sqlstate, classify(told)) == ("23514", Outcome.ZONE_LOCK)
    await seat.close()


async def test_a_used_key_without_rows_is_a_replay_and_with_other_tables_a_mismatch(
    target: PostgresTarget, c: Conn
) -> None:
    seat = await target.seat("owners w00")
    for number, ledger, outcome in (
        ("MD-01", "MD-01", Outcome.REPLAY),
        ("MD-02", "MD-03", Outcome.IDEMPOTENCY_MISMATCH),
    ):
        wanted = order(int(number[-1]))
        b = await submitted(seat, wanted)
        await c.execute(
            "INSERT INTO booking_assignment_idempotency (booking_id, idempotency_key, table_ids, assignment_window) "
            "VALUES ($1, $2, $3, 'empty')",
            b,
            wanted.key,
            await tables(c, ledger),
        )
        told = await confirm_refused(seat, wanted, candidate(target, number))
        assert (told.sqlstate, classify(told)) == ("P0003", outcome)
    await seat.close()


async def test_adjacency_and_mobility_are_told_apart(target: PostgresTarget, c: Conn) -> None:
    seat = await target.seat("owners w00")
    apart, fixed = order(1), order(2)
    await submitted(seat, apart)
    told = await confirm_refused(seat, apart, candidate(target, "MD-01", "MD-12"))
    assert classify(told) is Outcome.ADJACENCY
    await c.execute("UPDATE table_inventory SET mobility = 'fixed' WHERE table_number = 'BA-01'")
    await submitted(seat, fixed)
    told = await confirm_refused(seat, fixed, candidate(target, "BA-01", "BA-02"))
    assert classify(told) is Outcome.NOT_MOVABLE
    await seat.close()


async def test_a_stale_allocation_is_an_overlap_and_so_is_an_assignment_without_a_real_one(
    target: PostgresTarget, c: Conn
) -> None:
    seat = await target.seat("owners w00")
    stale, bare = order(1), order(2)
    other = await booking(c, at="13:00")
    await c.execute(
        'INSERT INTO allocations (booking_id, resource_type, resource_id, restaurant_id, "window") '
        "SELECT b.id, 'table', t.id, b.restaurant_id, tstzrange(b.start_at, b.end_at) "
        "FROM bookings b, table_inventory t WHERE b.id = $1 AND t.table_number = 'MD-01'",
        other,
    )
    await submitted(seat, stale)
    told = await confirm_refused(seat, stale, candidate(target, "MD-01"))
    assert (told.sqlstate, classify(told)) == ("P0001", Outcome.OVERLAP)
    await c.execute(
        "INSERT INTO booking_table_assignments (booking_id, table_id, start_at, end_at) "
        "SELECT b.id, t.id, b.start_at, b.end_at "
        "FROM bookings b, table_inventory t WHERE b.id = $1 AND t.table_number = 'MD-02'",
        other,
    )
    await submitted(seat, bare)
    told = await confirm_refused(seat, bare, candidate(target, "MD-02"))
    assert (told.sqlstate, classify(told)) == ("23P01", Outcome.OVERLAP)
    await seat.close()


@pytest.mark.parametrize("variant", ["extensions"])
async def test_a_digest_that_is_not_found_is_the_platform_s_fault_and_is_gone_round(target: PostgresTarget) -> None:
    assert any("42883" in one.reason for one in target.contract.adaptations)
    stubborn = msgspec.structs.replace(target.contract, confirms_by_tables=False)
    seat = await PostgresTarget(target.name, target.dsn, target.run, target.floors, stubborn).seat("owners w00")
    wanted = order(1)
    await submitted(seat, wanted)
    told = await confirm_refused(seat, wanted, candidate(target, "MD-01"))
    assert (told.sqlstate, classify(told)) == ("42883", Outcome.PERSISTENCE)
    await seat.close()


@pytest.mark.parametrize("variant", ["live"])
async def test_the_function_that_never_opens_on_sundays_says_outside_hours(target: PostgresTarget, c: Conn) -> None:
    await c.execute("UPDATE restaurant_operating_hours SET is_closed = false, opens_at = '12:00', closes_at = '22:00'")
    seat = await target.seat("owners w00")
    told = await seat.submit(order(1, on=SUNDAY))
    assert isinstance(told, Refusal)
    assert classify(told) is Outcome.OUTSIDE_HOURS
    await seat.close()
