"""An attempt on a real Postgres: what is claimed is there, and every refusal carries its proof."""

import asyncio
import datetime as dt
from collections import Counter
from typing import cast
from uuid import uuid4

import msgspec
import pytest

from engine.clock import RunningClock
from engine.contract import REFERENCE, Terms
from engine.database import Connection, DatabaseFailed
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.model.event import AttemptEnded, Event, Intended, Refused
from engine.model.floor import Floor, Quote
from engine.model.ids import AttemptId, RunId, TurnId
from engine.model.outcome import Certainty, Outcome, Phase, Refusal, certainty_of, classify
from engine.model.step import Step
from engine.model.strategy import Rules, Strategy
from engine.model.turn import Order, Turn
from engine.plans.fill import FillPlan
from engine.restaurants import read_floors
from engine.seat import PostgresSeat, _day
from engine.target import Committed, Confirmed, Held, Seat, Submitted
from engine.targets.postgres import PostgresTarget
from tests.platform import house
from tests.scratch import ScratchDatabase

SLUG = "white-horse-pub-waterbeach"
MONDAY = dt.date(2027, 3, 1)
TERMS = Terms(step_timeout_s=5, hold_ttl_s=180)
STRATEGY = Strategy("test")


async def floors_of(database: ScratchDatabase) -> dict[str, Floor]:
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=5)
    try:
        return await read_floors(connection, ("all",))
    finally:
        await connection.close()


@pytest.fixture
async def target(database: ScratchDatabase) -> PostgresTarget:
    floors = await floors_of(database)
    return PostgresTarget("embedded", database.dsn, RunId("test"), floors, REFERENCE, TERMS)


def _pid(seat: Seat) -> int | None:
    """The backend now: it changes from one await to the next."""
    return seat.pid


def order(attempt: int, *, party: int = 2, at: dt.time = dt.time(19, 0)) -> Order:
    turn = Turn(TurnId(1), SLUG, MONDAY, at, party)
    key = f"sf-test-{attempt}"
    return Order(
        AttemptId(attempt),
        turn,
        attempt,
        uuid4(),
        key,
        "Guest",
        f"{key}@example.invalid",
        f"+447000{attempt:09d}",
        (STRATEGY,),
    )


async def test_the_floor_is_read_whole(target: PostgresTarget) -> None:
    floor = target.floors[SLUG]
    assert (len(floor.tables), len(floor.zones), len(floor.adjacency), len(floor.hours)) == (40, 5, 79, 7)


async def test_a_house_in_a_time_zone_that_nobody_knows_is_named_with_it(database: ScratchDatabase) -> None:
    connection = await database.connect()
    for zone in ("GMT Standard Time", "", "../etc/passwd", "Europe"):
        await connection.execute("UPDATE restaurants SET timezone = $1", zone)
        with pytest.raises(DatabaseFailed, match=f"{SLUG} is in the time zone '{zone}', which this machine does not"):
            await floors_of(database)
    await connection.close()


def test_a_day_on_which_the_clocks_change_is_read_to_its_end() -> None:
    hours = {
        on: (until - since) / dt.timedelta(hours=1)
        for on in (dt.date(2027, 3, 28), MONDAY, dt.date(2027, 10, 31))
        for since, until in [_day(on, "Europe/London")]
    }
    assert list(hours.values()) == [23, 24, 25]


async def test_a_house_that_is_open_until_midnight_takes_late_bookings(database: ScratchDatabase) -> None:
    connection = await database.connect()
    await connection.execute("UPDATE restaurant_operating_hours SET closes_at = '24:00' WHERE NOT is_closed")
    await connection.execute("UPDATE service_policy SET dinner_end = '24:00'")
    await connection.close()
    late = PostgresTarget("embedded", database.dsn, RunId("test"), await floors_of(database), REFERENCE, TERMS)
    seat = await late.seat("slotfill test w00")
    quote = await seat.quote(order(1, at=dt.time(23, 15)), STRATEGY)
    assert isinstance(quote, Quote)
    assert quote.candidates, quote.reason
    assert quote.window is not None
    assert quote.window.end == dt.datetime(2027, 3, 2, 0, 9, tzinfo=dt.UTC), "ten minutes are for cleaning"
    await seat.close()


async def test_an_attempt_leaves_a_confirmed_booking_with_its_tables(target: PostgresTarget) -> None:
    seat = await target.seat("slotfill test w00")
    one = order(1, party=4)
    assert isinstance(await seat.submit(one), Submitted)
    quote = await seat.quote(one, STRATEGY)
    assert isinstance(quote, Quote)
    candidate = quote.candidates[0]
    hold = uuid4()
    assert isinstance(await seat.hold(one, candidate, hold), Held)
    confirmed = await seat.confirm(one, candidate, hold)
    assert isinstance(confirmed, Confirmed)
    assert confirmed.tables == candidate.numbers
    assert confirmed.xid
    assert await target.persisted(()) == {}, "nothing is true before COMMIT"
    assert isinstance(await seat.commit(one, candidate), Committed)
    assert await target.persisted(()) == {one.booking_id: len(candidate.tables)}
    await seat.close()


@pytest.mark.parametrize("by_function", [True, False])
async def test_a_request_that_was_made_before_is_a_duplicate_and_makes_no_row(
    target: PostgresTarget, database: ScratchDatabase, by_function: bool
) -> None:
    told = msgspec.structs.replace(REFERENCE, submits_by_function=by_function)
    twins = PostgresTarget("embedded", database.dsn, RunId("test"), target.floors, told, TERMS)
    seats = [await twins.seat(f"slotfill test w{number:02d}") for number in range(4)]
    answers = await asyncio.gather(*(seat.submit(order(1)) for seat in seats))
    made = [answer for answer in answers if isinstance(answer, Submitted)]
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    if by_function:
        assert len(made) == 1, "the platform's function lets one of them in, however many ask at once"
    assert {classify(refusal) for refusal in refused} <= {Outcome.DUPLICATE}
    later = await seats[0].submit(order(1))
    assert isinstance(later, Refusal)
    assert later.message.startswith("duplicate of booking")
    assert str(made[0].booking_id) in later.message or len(made) > 1
    connection = await database.connect()
    assert await connection.fetchval("SELECT count(*) FROM bookings") == len(made)
    assert await connection.fetchval("SELECT count(*) FROM customers") == 1
    await connection.close()
    for seat in seats:
        await seat.close()


async def test_the_platform_s_function_makes_the_booking_with_our_tag_and_says_why_not(
    target: PostgresTarget, database: ScratchDatabase
) -> None:
    told = msgspec.structs.replace(REFERENCE, submits_by_function=True)
    asking = PostgresTarget("embedded", database.dsn, RunId("test"), target.floors, told, TERMS)
    seat = await asking.seat("slotfill test w00")
    made = await seat.submit(order(1))
    assert isinstance(made, Submitted)
    connection = await database.connect()
    row = await connection.fetchrow("SELECT id, status::text, details #>> '{slotfill,run}' AS run FROM bookings")
    assert row is not None
    assert tuple(row) == (made.booking_id, "pending", "test")
    closed = await seat.submit(order(2, at=dt.time(4, 0)))
    assert isinstance(closed, Refusal)
    assert classify(closed) is Outcome.OUTSIDE_HOURS
    assert certainty_of(closed) is Certainty.FAIL
    full = await seat.submit(order(3, party=5000))
    assert isinstance(full, Refusal)
    assert classify(full) is Outcome.CAPACITY
    # Found not to work after all: from then on bookings are made plainly.
    await connection.execute("DROP FUNCTION booking_refusal")
    plain = order(4)
    told_plainly = await seat.submit(plain)
    assert isinstance(told_plainly, Submitted)
    assert told_plainly.booking_id == plain.booking_id
    await connection.close()
    await seat.close()


async def test_what_is_pending_is_listed_by_start_and_taken_without_a_submit(
    target: PostgresTarget, database: ScratchDatabase
) -> None:
    connection = await database.connect()
    late, early = await house.booking(connection, at="13:00", until="14:30"), await house.booking(connection)
    await house.booking(connection, status="cancelled")
    pending = await target.pending([SLUG], MONDAY)
    assert [one.booking_id for one in pending] == [early, late]
    assert await target.pending([SLUG], dt.date(2027, 3, 2)) == ()
    first = pending[0]
    turn = Turn(TurnId(1), first.restaurant, first.on, first.at, first.party, first.booking_id)
    one = msgspec.structs.replace(order(1), turn=turn, booking_id=first.booking_id)
    seat = await target.seat("slotfill test w00")
    quote = cast("Quote", await seat.quote(one, STRATEGY))
    hold = uuid4()
    assert isinstance(await seat.hold(one, quote.candidates[0], hold), Held)
    assert isinstance(await seat.confirm(one, quote.candidates[0], hold), Confirmed)
    assert isinstance(await seat.commit(one, quote.candidates[0]), Committed)
    assert [one.booking_id for one in await target.pending([SLUG], MONDAY)] == [late]
    assert await target.persisted([first.booking_id]) == {first.booking_id: len(quote.candidates[0].tables)}
    await connection.close()
    await seat.close()


async def test_session_settings_hold_from_the_next_attempt_on_and_go_back_when_dropped(target: PostgresTarget) -> None:
    seat = await target.seat("slotfill test w00")
    spy = cast("PostgresSeat", seat)._session.connection
    target.adopt({"app.capacity.post_assignment.enabled": "off", "TimeZone": "America/New_York"}, Rules())
    assert await zone(spy) == "UTC", "not before the next attempt"
    await seat.submit(order(1))
    assert await zone(spy) == "America/New_York"
    target.adopt({}, Rules(fails_hard=True))
    await seat.submit(order(2))
    assert await zone(spy) == "UTC"
    await seat.close()


async def zone(connection: Connection) -> str:
    return cast("str", await connection._connection.fetchval("SHOW TimeZone"))


async def test_two_seats_on_one_table_have_one_winner_and_one_refusal_with_the_constraint_s_name(
    target: PostgresTarget,
) -> None:
    seats = [await target.seat(f"slotfill test w{number:02d}") for number in range(2)]
    orders = [order(1), order(2)]
    quotes = []
    for seat, one in zip(seats, orders, strict=True):
        assert isinstance(await seat.submit(one), Submitted)
        quotes.append(cast("Quote", await seat.quote(one, STRATEGY)))
    assert quotes[0].candidates[0] == quotes[1].candidates[0]
    barrier = asyncio.Barrier(2)

    async def race(number: int) -> Held | Refusal:
        await barrier.wait()
        return await seats[number].hold(orders[number], quotes[number].candidates[0], uuid4())

    answers = await asyncio.gather(race(0), race(1))
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(refusals) == 1
    assert refusals[0].sqlstate == "23P01"
    assert refusals[0].constraint in ("thw_no_overlap", "table_hold_windows_no_overlap")
    assert refusals[0].message == 'conflicting key value violates exclusion constraint "thw_no_overlap"'
    assert "Key (table_id, hold_window)" in (refusals[0].detail or "")
    assert refusals[0].tables == quotes[0].candidates[0].numbers
    assert classify(refusals[0]) is Outcome.HOLD_CONFLICT
    assert certainty_of(refusals[0]) is Certainty.FAIL
    for seat in seats:
        await seat.close()


async def test_an_expired_hold_is_released_by_the_next_one_that_wants_its_tables(
    target: PostgresTarget, database: ScratchDatabase
) -> None:
    quick = PostgresTarget(
        "embedded", database.dsn, RunId("old"), target.floors, REFERENCE, Terms(step_timeout_s=5, hold_ttl_s=0.001)
    )
    old_seat, seat = await quick.seat("old"), await target.seat("new")
    old, new = order(1), order(2)
    await old_seat.submit(old)
    candidate = cast("Quote", await old_seat.quote(old, STRATEGY)).candidates[0]
    old_hold = uuid4()
    assert isinstance(await old_seat.hold(old, candidate, old_hold), Held)
    await seat.submit(new)
    quote = cast("Quote", await seat.quote(new, STRATEGY))
    assert quote.candidates[0] == candidate, "an expired hold does not keep a table"
    hold = uuid4()
    assert isinstance(await seat.hold(new, candidate, hold), Held)
    late = await old_seat.confirm(old, candidate, old_hold)
    assert isinstance(late, Refusal)
    assert late.sqlstate == "P0002"
    assert isinstance(await seat.confirm(new, candidate, hold), Confirmed)
    assert isinstance(await seat.commit(new, candidate), Committed)
    await old_seat.close()
    await seat.close()


async def test_a_released_hold_leaves_no_row_behind(target: PostgresTarget, database: ScratchDatabase) -> None:
    seat = await target.seat("slotfill test w00")
    one = order(1, party=10)
    await seat.submit(one)
    candidate = cast("Quote", await seat.quote(one, STRATEGY)).candidates[0]
    hold = uuid4()
    await seat.hold(one, candidate, hold)
    assert await seat.release(hold) is None
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=5)
    counts = await connection.script(
        "DO $$ BEGIN IF EXISTS (SELECT FROM table_holds) OR EXISTS (SELECT FROM table_hold_windows) "
        "OR EXISTS (SELECT FROM allocations) THEN RAISE 'something is left'; END IF; END $$"
    )
    assert counts == "DO"
    await connection.close()
    await seat.close()


@pytest.mark.parametrize("refused", [1, 2])
async def test_a_hold_whose_release_was_refused_is_given_back_all_the_same(
    target: PostgresTarget, database: ScratchDatabase, refused: int
) -> None:
    """A storm of serialization failures left a hold behind, as its release was one of them."""
    connection = await database.connect()
    await connection.execute(
        "CREATE SEQUENCE releases; CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$BEGIN IF nextval('releases') <= {refused} THEN RAISE EXCEPTION 'could not serialize access' "
        "USING ERRCODE = '40001'; END IF; RETURN OLD; END$$; "
        "CREATE TRIGGER conflict BEFORE DELETE ON table_holds FOR EACH ROW EXECUTE FUNCTION conflict()"
    )
    seat = await target.seat("slotfill test w00")
    one = order(1, party=10)
    await seat.submit(one)
    candidate = cast("Quote", await seat.quote(one, STRATEGY)).candidates[0]
    hold = uuid4()
    await seat.hold(one, candidate, hold)
    told = await seat.release(hold)
    assert told is not None
    assert told.sqlstate == "40001"
    await seat.close()
    assert await connection.fetchval("SELECT count(*) FROM table_holds") == 0
    await connection.close()


async def test_a_cancel_while_a_hold_that_is_owed_is_given_back_leaves_it_owed(
    target: PostgresTarget, database: ScratchDatabase
) -> None:
    seat = await target.seat("slotfill test w00")
    one = order(1)
    await seat.submit(one)
    candidate = cast("Quote", await seat.quote(one, STRATEGY)).candidates[0]
    hold = uuid4()
    await seat.hold(one, candidate, hold)
    connection = await database.connect()
    await connection.execute(
        "CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'not now'; END$$; "
        "CREATE TRIGGER never BEFORE DELETE ON table_holds FOR EACH ROW EXECUTE FUNCTION never()"
    )
    assert await seat.release(hold) is not None
    await connection.execute("DROP TRIGGER never ON table_holds")
    async with connection.transaction():
        await connection.execute("LOCK TABLE table_hold_members IN SHARE MODE")
        paying = asyncio.create_task(seat.submit(order(2)))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'table_hold_members'::regclass"
        while not (await connection.fetchval(waiting) or paying.done()):  # noqa: ASYNC110 - a real server
            await asyncio.sleep(0)
        paying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await paying
    await seat.close()
    assert await connection.fetchval("SELECT count(*) FROM table_holds") == 0
    await connection.close()


async def test_a_connection_lost_before_commit_was_sent_is_a_fail_and_the_seat_recovers(
    target: PostgresTarget, database: ScratchDatabase
) -> None:
    seat = await target.seat("slotfill test w00")
    one = order(1)
    await seat.submit(one)
    candidate = cast("Quote", await seat.quote(one, STRATEGY)).candidates[0]
    hold = uuid4()
    await seat.hold(one, candidate, hold)
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=5)
    await connection.script(f"SELECT pg_terminate_backend({seat.pid}, 5000)")
    refused = await seat.confirm(one, candidate, hold)
    assert isinstance(refused, Refusal)
    assert refused.phase is Phase.UNCOMMITTED
    assert certainty_of(refused) is Certainty.FAIL
    assert classify(refused) is Outcome.CONNECTION
    assert isinstance(await seat.submit(order(2)), Submitted)
    await connection.close()
    await seat.close()


async def test_a_connection_lost_at_commit_is_unknown_unless_it_was_known_to_be_lost_before(
    target: PostgresTarget, database: ScratchDatabase
) -> None:
    seat = await target.seat("slotfill test w00")
    one = order(1)
    await seat.submit(one)
    candidate = cast("Quote", await seat.quote(one, STRATEGY)).candidates[0]
    hold = uuid4()
    await seat.hold(one, candidate, hold)
    await seat.confirm(one, candidate, hold)
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=5)
    await connection.script(f"SELECT pg_terminate_backend({seat.pid}, 5000)")
    known = _pid(seat) is None
    refused = await seat.commit(one, candidate)
    assert isinstance(refused, Refusal)
    assert certainty_of(refused) is (Certainty.FAIL if known else Certainty.INFO)
    assert (await target.held([one.booking_id])).rows[one.booking_id].status == "pending"
    await connection.close()
    await seat.close()


async def test_a_step_that_times_out_drops_its_connection_and_says_who_set_the_timer(
    target: PostgresTarget, database: ScratchDatabase
) -> None:
    hasty = PostgresTarget(
        "embedded", database.dsn, RunId("hasty"), target.floors, REFERENCE, Terms(step_timeout_s=0.3)
    )
    seat = await hasty.seat("slotfill test w00")
    pid = seat.pid
    blocker = await Connection.open(database.dsn, application_name="blocker", timeout_s=5)
    await blocker.begin()
    await blocker.script("LOCK TABLE bookings IN ACCESS EXCLUSIVE MODE")
    refused = await seat.submit(order(1))
    assert isinstance(refused, Refusal)
    assert refused.timer == "client step"
    assert classify(refused) is Outcome.TIMEOUT
    assert certainty_of(refused) is Certainty.INFO, "a write that commits by itself was sent and not answered"
    assert _pid(seat) is None
    await blocker.rollback()
    assert isinstance(await seat.submit(order(2)), Submitted)
    assert _pid(seat) not in (None, pid)
    await blocker.close()
    await seat.close()


@pytest.mark.parametrize("share_slots", [True, False])
async def test_a_crew_on_postgres_claims_exactly_what_is_there_and_no_two_assignments_overlap(
    target: PostgresTarget, database: ScratchDatabase, share_slots: bool
) -> None:
    plan = FillPlan.of(
        target.floors,
        seed=7,
        first=MONDAY,
        days=1,
        start=dt.time(17, 0),
        end=dt.time(20, 0),
        interval_min=15,
        stress_max=6,
        min_party=1,
        max_party=12,
        share_slots=share_slots,
    )
    events: list[Event] = []
    desk = Desk(RunningClock(), events.append, Holders(), {})
    crew = Crew(RunId("test"), Task(plan, (STRATEGY,), 8), target, Pace(None), desk)
    await crew.run()
    ended = [event for event in events if isinstance(event, AttemptEnded)]
    assert {event.booking_id for event in ended if event.outcome == "filled"} == set(await target.persisted(()))
    assert all(event.certainty in (Certainty.OK, Certainty.FAIL) for event in ended)
    refused = Counter(
        (event.refusal.sqlstate, event.refusal.constraint)
        for event in events
        if isinstance(event, Refused) and event.refusal.step is Step.HOLD
    )
    assert refused[("23P01", "thw_no_overlap")] + refused[("23P01", "table_hold_windows_no_overlap")] > 0
    assert len({event.key for event in events if isinstance(event, Intended)}) == len(ended)
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=5)
    await connection.script(
        "DO $$ BEGIN IF EXISTS (SELECT FROM booking_table_assignments a JOIN booking_table_assignments b "
        "ON a.table_id = b.table_id AND a.id < b.id AND a.assignment_window && b.assignment_window) "
        "THEN RAISE 'two assignments overlap'; END IF; "
        "IF EXISTS (SELECT FROM table_holds) THEN RAISE 'a hold is left'; END IF; END $$"
    )
    await connection.close()
