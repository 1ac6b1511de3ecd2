"""slotfill's Postgres target adapts to the owners' database and works there."""

import asyncio
import datetime as dt
from collections import Counter
from uuid import uuid4

import msgspec
import pytest

from engine.clock import RunningClock
from engine.contract import Contract
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.model.event import AttemptEnded, Event, Refused
from engine.model.floor import Quote
from engine.model.ids import RunId
from engine.model.outcome import Certainty, Refusal, classify
from engine.model.strategy import Rules
from engine.plans.fill import FillPlan
from engine.target import Committed, Confirmed, Held, Seat, Submitted
from engine.targets.postgres import PostgresTarget
from tests.owners.at_target import MONDAY, STRATEGY, candidate, order, submitted
from tests.owners.build import VARIANTS
from tests.owners.guest import Conn


def said(contract: Contract) -> str:
    """How it adapts, as one text."""
    return "\n".join(f"{one.does}: {one.reason}" for one in contract.adaptations)


async def test_it_says_how_it_adapts(target: PostgresTarget) -> None:
    contract = target.contract
    assert (contract.submits_by_function, contract.holds_outlast_window, contract.needs_context) == (False, True, False)
    assert "plain pending insert" in said(contract)
    assert "42P01" in said(contract)
    assert "end of its window plus its time to live" in said(contract)
    assert any("locks the restaurant's row" in note for note in contract.notes)
    assert any("42725" in note for note in contract.notes)


@pytest.mark.parametrize("role", [None, "service_role"])
@pytest.mark.parametrize("variant", ["plain", "live"])
async def test_an_attempt_goes_through_every_step(
    target: PostgresTarget, c: Conn, variant: str, role: str | None
) -> None:
    assert target.contract.needs_context == (role is not None)
    seat = await target.seat("owners w00")
    wanted = order(1, party=4)
    made = await seat.submit(wanted)
    assert isinstance(made, Submitted), made
    by_function = variant == "live"
    assert target.contract.submits_by_function == by_function
    status = await c.fetchval("SELECT status::text FROM bookings WHERE id = $1", made.booking_id)
    assert status == ("confirmed" if by_function else "pending")
    assert (made.booking_id == wanted.booking_id) == (not by_function)
    # The function draws the booking's id; whoever attempts goes on with that one.
    wanted = msgspec.structs.replace(wanted, booking_id=made.booking_id)
    quote = await seat.quote(wanted, STRATEGY)
    assert isinstance(quote, Quote)
    held = uuid4()
    assert isinstance(await seat.hold(wanted, quote.candidates[0], held), Held)
    ttl = await c.fetchval("SELECT expires_at - end_at FROM table_holds WHERE id = $1", held)
    assert ttl == dt.timedelta(seconds=180)
    confirmed = await seat.confirm(wanted, quote.candidates[0], held)
    assert isinstance(confirmed, Confirmed), confirmed
    assert confirmed.tables == quote.candidates[0].numbers
    assert isinstance(await seat.commit(wanted, quote.candidates[0]), Committed)
    assert await target.persisted([made.booking_id]) == {made.booking_id: len(confirmed.tables)}
    await seat.close()


async def test_a_hold_is_given_back_members_first_and_leaves_no_shadow(target: PostgresTarget, c: Conn) -> None:
    seat = await target.seat("owners w00")
    wanted = order(1)
    await submitted(seat, wanted)
    held = uuid4()
    assert isinstance(await seat.hold(wanted, candidate(target, "MD-01", "MD-02"), held), Held)
    assert await c.fetchval("SELECT count(*) FROM allocations WHERE shadow") == 2
    assert await seat.release(held) is None
    for table in ("table_holds", "table_hold_members", "table_hold_windows", "allocations"):
        assert await c.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    await seat.close()


async def test_the_adaptations_are_needed(target: PostgresTarget) -> None:
    """Shown to fail without: a hold by its time to live alone is refused here."""
    unadapted = PostgresTarget("owners", target.dsn, RunId("bare"), target.floors)
    seat = await unadapted.seat("owners w00")
    wanted = order(1)
    await submitted(seat, wanted)
    told = await seat.hold(wanted, candidate(target, "MD-01"), uuid4())
    assert isinstance(told, Refusal)
    assert (told.sqlstate, told.constraint) == ("23514", "table_holds_window_check")
    await seat.close()


async def crowd(target: PostgresTarget) -> Counter[str]:
    """What eight seats, each in a zone and hour of its own, are told when they confirm at once, three times over."""
    places = [(f"{zone}-0{n}", hour) for hour, n in ((12, 1), (14, 2)) for zone in ("MD", "BA", "PT", "PR", "OG")][:8]
    seats = [await target.seat(f"owners w{number:02d}") for number in range(len(places))]
    barrier = asyncio.Barrier(len(places))
    told: Counter[str] = Counter()

    async def client(number: int, seat: Seat, table: str, hour: int) -> None:
        for turn in range(3):
            # Three parties of half an hour's distance would overlap: each is on a Monday of its own.
            wanted = order(turn * 10 + number, at=dt.time(hour, 0), on=MONDAY + dt.timedelta(days=7 * turn))
            await submitted(seat, wanted)
            chosen, held = candidate(target, table), uuid4()
            assert isinstance(await seat.hold(wanted, chosen, held), Held)
            await barrier.wait()
            answer = await seat.confirm(wanted, chosen, held)
            if isinstance(answer, Confirmed):
                assert isinstance(await seat.commit(wanted, chosen), Committed)
            told["confirmed" if isinstance(answer, Confirmed) else classify(answer).word] += 1

    await asyncio.gather(*(client(n, seat, *place) for n, (seat, place) in enumerate(zip(seats, places, strict=True))))
    for seat in seats:
        await seat.close()
    return told


async def test_confirming_at_once_in_different_zones_deadlocks(
    target: PostgresTarget,
) -> None:
    target.adopt({"deadlock_timeout": "50ms"}, Rules())
    told = await crowd(target)
    assert told["deadlock"] > 0
    assert told.keys() <= {"confirmed", "deadlock"}


async def test_with_the_check_after_the_assignment_off_all_are_confirmed(target: PostgresTarget) -> None:
    target.adopt({"app.capacity.post_assignment.enabled": "off"}, Rules())
    assert await crowd(target) == {"confirmed": 24}


@pytest.mark.parametrize("variant", VARIANTS)
async def test_a_crew_claims_what_is_there_and_knows_every_refusal(target: PostgresTarget, variant: str) -> None:
    target.adopt({"deadlock_timeout": "50ms"}, Rules())
    plan = FillPlan.of(
        target.floors,
        seed=7,
        first=MONDAY,
        days=1,
        start=dt.time(17, 0),
        end=dt.time(18, 0),
        interval_min=30,
        stress_max=4,
        min_party=1,
        max_party=8,
        share_slots=True,
    )
    events: list[Event] = []
    desk = Desk(RunningClock(), events.append, Holders(), {})
    await Crew(RunId("test"), Task(plan, (STRATEGY,), 4), target, Pace(None), desk).run()
    ended = [event for event in events if isinstance(event, AttemptEnded)]
    filled = {event.booking_id for event in ended if event.outcome == "filled"}
    assert filled == set(await target.persisted(()))
    assert filled
    assert {event.certainty for event in ended} <= {Certainty.OK, Certainty.FAIL}
    unknown = [event.refusal for event in events if isinstance(event, Refused) and event.outcome == "unknown"]
    assert not unknown


@pytest.mark.parametrize("role", ["service_role"])
@pytest.mark.parametrize("leaves", ["release", "close", "next attempt"])
async def test_behind_row_security_a_hold_is_given_back_over_another_connection_too(
    target: PostgresTarget, c: Conn, role: str, leaves: str
) -> None:
    assert target.contract.needs_context
    seat = await target.seat("owners w00")
    wanted = order(1)
    await submitted(seat, wanted)
    held = uuid4()
    assert isinstance(await seat.hold(wanted, candidate(target, "MD-01", "MD-02"), held), Held)
    await c.execute("SELECT pg_terminate_backend($1, 5000)", seat.pid)
    dsn = target.dsn
    if leaves != "release":
        target.move_to("postgresql://x@/x?host=/nowhere", "")
    told = await seat.release(held)
    assert (told is None) == (leaves == "release"), told
    # For want of a connection it is owed.
    target.move_to(dsn, "")
    if leaves == "next attempt":
        assert isinstance(await seat.submit(order(2)), Submitted)
    elif leaves == "close":
        await seat.close()
    for table in ("table_holds", "table_hold_members", "table_hold_windows", "allocations"):
        assert await c.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    await seat.close()
