"""What a run made goes, what it changed is put back, and every other row of every table stays as it was."""

from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from engine.model.event import AttemptEnded, Event, Intended, RunPlanned
from engine.model.turn import Before
from tests.platform import house
from tests.repair.prints import differences, fingerprint
from tests.repair.runs import cleaned, listed, mine, played, switched_on
from tests.scratch import ScratchDatabase


def bookings(events: list[Event]) -> list[UUID]:
    return [one.booking_id for one in events if isinstance(one, AttemptEnded) and one.tables]


async def test_after_each_plan_every_table_is_again_as_it_was(database: ScratchDatabase) -> None:
    await played(database.dsn, "fill", "before")
    first = await fingerprint(database.dsn)
    for number, plan in enumerate(("fill", "create", "burst")):
        before = await fingerprint(database.dsn)
        events = await played(database.dsn, plan, f"run{number}", seed=number)
        assert bookings(events)
        made = await fingerprint(database.dsn)
        assert differences(before, made)
        told = await listed(database.dsn, mine(f"run{number}", events))
        assert await fingerprint(database.dsn) == made, "a list changes nothing"
        done = await cleaned(database.dsn, mine(f"run{number}", events))
        assert differences(before, await fingerprint(database.dsn)) == {}, plan
        assert [(one.table, one.rows, one.ids) for one in told.tables] == [
            (one.table, one.rows, one.ids) for one in done.tables
        ]
        assert {one.table: (one.before, one.after) for one in done.tables} == {
            one.table: (made[one.table][0], before[one.table][0]) for one in done.tables
        }
        assert not done.left
        again = await cleaned(database.dsn, mine(f"run{number}", events))
        assert again.is_nothing
    assert await fingerprint(database.dsn) == first


async def test_bookings_that_an_assign_changed_are_put_back_with_the_zones_they_were_locked_to(
    stress: ScratchDatabase,
) -> None:
    c = await stress.connect()
    locked = await c.fetchval(
        "UPDATE bookings b SET assigned_zone_id = z.id FROM zones z "
        "WHERE b.id = (SELECT id FROM bookings ORDER BY start_time, id LIMIT 1) "
        "AND z.id = (SELECT t.zone_id FROM table_inventory t WHERE t.restaurant_id = b.restaurant_id "
        "AND t.capacity BETWEEN b.party_size AND b.party_size + 4 ORDER BY t.id LIMIT 1) RETURNING b.id"
    )
    await c.close()
    before = await fingerprint(stress.dsn)
    events = await played(stress.dsn, "assign", "ab12")
    assert len(bookings(events)) > 90
    done = await cleaned(stress.dsn, mine("ab12", events))
    assert differences(before, await fingerprint(stress.dsn)) == {}
    assert done.restored_count == len(bookings(events))
    assert {one.becomes for one in done.restored} == {"pending"}
    if locked in bookings(events):
        (kept,) = (one for one in done.restored if one.booking_id == locked)
        assert kept.zone_becomes == kept.zone_id is not None
    assert (await cleaned(stress.dsn, mine("ab12", events))).is_nothing


@pytest.mark.parametrize("fault", ["late-undo", "ledger-replay"])
async def test_with_a_fault_on_too(stress: ScratchDatabase, fault: str) -> None:
    await switched_on(stress.dsn, fault)
    before = await fingerprint(stress.dsn)
    for number, plan in enumerate(("assign", "fill")):
        events = await played(stress.dsn, plan, f"run{number}", faults=(fault,))
        assert (await cleaned(stress.dsn, mine(f"run{number}", events))).done
        assert differences(before, await fingerprint(stress.dsn)) == {}, plan


async def test_of_two_runs_on_the_same_bookings_the_later_one_goes_first(stress: ScratchDatabase) -> None:
    await switched_on(stress.dsn, "late-undo")
    empty = await fingerprint(stress.dsn)
    first = await played(stress.dsn, "assign", "aaaa")
    between = await fingerprint(stress.dsn)
    second = await played(stress.dsn, "assign", "bbbb")
    both = set(bookings(first)) & set(bookings(second))
    assert both
    left = await cleaned(stress.dsn, mine("aaaa", first))
    # What the later run sits on is not the earlier one's any more.
    assert {one.id for one in left.left} <= {str(one) for one in both}
    assert all("under sf-bbbb-" in one.reason for one in left.left)
    await cleaned(stress.dsn, mine("bbbb", second))
    await cleaned(stress.dsn, mine("aaaa", first))
    assert differences(empty, await fingerprint(stress.dsn)) == {}
    assert differences(empty, between)


async def test_of_an_engine_that_died_everything_it_had_begun_goes(database: ScratchDatabase) -> None:
    before = await fingerprint(database.dsn)
    events = await played(database.dsn, "fill", "dead")
    # All that a journal may lack: last words, and whole attempts whose rows only their tag names.
    intents: list[Event] = [one for one in events if not isinstance(one, AttemptEnded)]
    c = await database.connect()
    booking = bookings(events)[0]
    await c.execute("UPDATE bookings SET status = 'cancelled' WHERE id = $1", booking)
    await house.hold(c, booking, ["MD-01"], at="12:00")
    await c.execute("""UPDATE table_holds SET metadata = '{"slotfill": {"run": "dead", "attempt": 99}}'""")
    made = await fingerprint(database.dsn)
    torn: list[Event] = [one for one in intents if not (isinstance(one, Intended) and one.ids.attempt in (1, 2))]
    for journal in (intents, torn):
        told = await listed(database.dsn, mine("dead", journal))
        assert {one.table: one.rows for one in told.tables}["bookings"] == made["bookings"][0] - before["bookings"][0]
    await c.close()
    await cleaned(database.dsn, mine("dead", intents))
    assert differences(before, await fingerprint(database.dsn)) == {}


async def test_a_guest_who_booked_something_else_meanwhile_stays(database: ScratchDatabase) -> None:
    events = await played(database.dsn, "fill", "guests")
    c = await database.connect()
    own = bookings(events)[0]
    other = await house.booking(c, at="15:00", until="16:00")
    await c.execute(
        "UPDATE bookings SET customer_id = (SELECT customer_id FROM bookings WHERE id = $2) WHERE id = $1", other, own
    )
    guest = await c.fetchval("SELECT customer_id FROM bookings WHERE id = $1", other)
    done = await cleaned(database.dsn, mine("guests", events))
    assert [(one.table, one.id) for one in done.left] == [("customers", str(guest))]
    assert await c.fetchval("SELECT array_agg(id) FROM bookings") == [other]
    assert await c.fetchval("SELECT count(*) FROM customers WHERE id = $1", guest) == 1
    await c.close()


async def _checked_in(c: Any, booking: UUID) -> None:
    await c.execute("UPDATE bookings SET status = 'checked_in', checked_in_at = now() WHERE id = $1", booking)


async def _moved(c: Any, booking: UUID) -> None:
    await c.execute(
        "WITH new AS (INSERT INTO table_inventory (restaurant_id, table_number, capacity, zone_id, category) "
        "SELECT restaurant_id, 'NEW', capacity, zone_id, category FROM table_inventory LIMIT 1 RETURNING id) "
        "UPDATE booking_table_assignments SET table_id = (SELECT id FROM new) "
        "WHERE id = (SELECT id FROM booking_table_assignments WHERE booking_id = $1 LIMIT 1)",
        booking,
    )


async def _under_another_key(c: Any, booking: UUID) -> None:
    await c.execute("UPDATE booking_table_assignments SET idempotency_key = 'staff' WHERE booking_id = $1", booking)


async def _held(c: Any, booking: UUID) -> None:
    await house.hold(c, booking, ["MD-01"], at="09:00")


async def _rekeyed(c: Any, booking: UUID) -> None:
    await c.execute("UPDATE bookings SET idempotency_key = 'theirs' WHERE id = $1", booking)


async def _chosen(c: Any, booking: UUID) -> None:
    await c.execute(
        "INSERT INTO manual_assignment_sessions (restaurant_id, booking_id, state) "
        "SELECT restaurant_id, id, 'proposed' FROM bookings WHERE id = $1",
        booking,
    )


CHANGES = (
    (_checked_in, "it is checked_in now"),
    (_moved, "for which this run never asked"),
    (_under_another_key, "given under staff"),
    (_held, "lies on it"),
    (_rekeyed, "its key is theirs now"),
    (_chosen, "by hand"),
)


async def test_what_somebody_changed_since_is_left_alone_and_named(database: ScratchDatabase) -> None:
    events = await played(database.dsn, "fill", "theirs")
    c = await database.connect()
    changed = dict(zip(bookings(events), CHANGES, strict=False))
    assert len(changed) == len(CHANGES)
    for booking, (change, _) in changed.items():
        await change(c, booking)
    rows = "SELECT to_jsonb(b) FROM bookings b WHERE b.id = ANY ($1) ORDER BY b.id"
    tables = "SELECT to_jsonb(a) FROM booking_table_assignments a WHERE a.booking_id = ANY ($1) ORDER BY a.id"
    before = [await c.fetch(text, list(changed)) for text in (rows, tables)]
    done = await cleaned(database.dsn, mine("theirs", events))
    told = {one.id: one.reason for one in done.left if one.table == "bookings"}
    assert told.keys() == {str(one) for one in changed}
    for booking, (_, reason) in changed.items():
        assert reason in told[str(booking)]
    assert [await c.fetch(text, list(changed)) for text in (rows, tables)] == before
    assert {row["id"] for row in await c.fetch("SELECT id FROM bookings")} == set(changed)
    await c.close()


async def test_a_booking_from_before_that_is_cancelled_since_is_left_alone(stress: ScratchDatabase) -> None:
    events = await played(stress.dsn, "assign", "ab12")
    c = await stress.connect()
    booking = bookings(events)[0]
    await c.execute("UPDATE bookings SET status = 'cancelled' WHERE id = $1", booking)
    done = await cleaned(stress.dsn, mine("ab12", events))
    assert [(one.id, one.reason) for one in done.left] == [
        (str(booking), "it was pending before the run and is cancelled now")
    ]
    assert await c.fetchval("SELECT count(*) FROM booking_table_assignments WHERE booking_id = $1", booking)
    await c.close()


async def test_of_a_journal_that_does_not_tell_how_bookings_stood_none_is_put_back(stress: ScratchDatabase) -> None:
    events = await played(stress.dsn, "assign", "old1")
    planned = events[0]
    assert isinstance(planned, RunPlanned)
    assert all(turn.before == Before() for turn in planned.turns)
    turns = tuple(msgspec.structs.replace(turn, before=None) for turn in planned.turns)
    before = await fingerprint(stress.dsn)
    done = await cleaned(stress.dsn, mine("old1", [msgspec.structs.replace(planned, turns=turns), *events[1:]]))
    assert done.is_nothing
    assert done.left_count == len(bookings(events))
    assert "of an earlier version" in done.left[0].reason
    assert await fingerprint(stress.dsn) == before


async def test_everything_that_tells_of_a_booking_goes_with_it(database: ScratchDatabase) -> None:
    events = await played(database.dsn, "create", "told")
    booking = bookings(events)[0]
    c = await database.connect()
    row = await c.fetchrow("SELECT restaurant_id, customer_id FROM bookings WHERE id = $1", booking)
    await c.execute(
        "INSERT INTO booking_versions (booking_id, restaurant_id, version_number, change_type) "
        "VALUES ($1, $2, 1, 'created')",
        booking, row["restaurant_id"],
    )  # fmt: skip
    await c.execute(
        "INSERT INTO booking_assignment_attempts (booking_id, attempt_no, strategy, result) VALUES ($1, 1, 's', 'r')",
        booking,
    )
    await c.execute(
        "INSERT INTO booking_assignment_state_history (booking_id, to_state) VALUES ($1, 'assigned')", booking
    )
    await c.execute(
        "INSERT INTO analytics_events (event_type, customer_id) VALUES ('seen', $1), ('seen', NULL)", row["customer_id"]
    )
    await c.execute(
        "INSERT INTO observability_events (source, event_type, context, booking_id) "
        "VALUES ('x', 'a', '{}', $1), ('x', 'b', jsonb_build_object('bookingId', $1::uuid), NULL), "
        "('x', 'c', '{}', $2)",
        booking, uuid4(),
    )  # fmt: skip
    done = await cleaned(database.dsn, mine("told", events))
    rows = {one.table: one.rows for one in done.tables}
    assert [rows.get(one) for one in ("booking_versions", "booking_assignment_attempts")] == [1, 1]
    assert [rows.get(one) for one in ("analytics_events", "observability_events")] == [1, 2]
    assert await c.fetchval("SELECT count(*) FROM observability_events") == 1
    await c.close()


async def test_nothing_is_put_back_over_what_came_after_a_cleaning(stress: ScratchDatabase) -> None:
    events = await played(stress.dsn, "assign", "once")
    await cleaned(stress.dsn, mine("once", events))
    c = await stress.connect()
    await c.execute(
        "UPDATE bookings b SET assigned_zone_id = "
        "(SELECT z.id FROM zones z WHERE z.restaurant_id = b.restaurant_id LIMIT 1)"
    )
    before = await fingerprint(stress.dsn)
    assert (await cleaned(stress.dsn, mine("once", events))).is_nothing
    assert await fingerprint(stress.dsn) == before
    await c.close()
