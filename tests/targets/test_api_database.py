"""With a DSN the API's bookings are read in the database: over one connection, together, and never too early."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from engine.api_seat import ApiSeat, ApiTerms
from engine.booking_looks import DatabaseLooks, Together
from engine.contract import Contract
from engine.database import Connection, DatabaseUnreachable
from engine.model.floor import Floor
from engine.model.ids import AttemptId, RunId, TurnId
from engine.model.outcome import Phase, Refusal
from engine.model.turn import Order, Turn
from engine.restaurants import read_floors
from engine.target import Capability, Heard
from engine.targets.api import ApiTarget
from tests.clocks import StillClock
from tests.platform import house
from tests.scratch import ScratchDatabase

SLUG = "white-horse-pub-waterbeach"
MONDAY = dt.date(2027, 3, 1)


def order(attempt: int, key: str = "") -> Order:
    turn = Turn(TurnId(1), SLUG, MONDAY, dt.time(12), 2)
    return Order(AttemptId(attempt), turn, 1, uuid4(), key or f"sf-test-{attempt}", "N", "e", "p", ())


@pytest.fixture
async def admin(database: ScratchDatabase) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await database.connect()
    yield connection
    await connection.close()


async def floors_of(database: ScratchDatabase) -> dict[str, Floor]:
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=5)
    try:
        return await read_floors(connection, ("all",))
    finally:
        await connection.close()


@pytest.fixture
async def target(database: ScratchDatabase) -> AsyncIterator[ApiTarget]:
    terms = ApiTerms(timeout_s=5, dsn=database.dsn, settle_s=2)
    found = ApiTarget("api", "http://127.0.0.1:1", RunId("test"), await floors_of(database), terms, StillClock())
    yield found
    await found.close()


async def seat_of(target: ApiTarget) -> ApiSeat:
    seat = await target.seat("w01")
    assert isinstance(seat, ApiSeat)
    return seat


async def note(c: "asyncpg.Connection[Any]", booking: UUID, result: str) -> None:
    await c.execute("UPDATE bookings SET auto_assign_last_result = $2::text::jsonb WHERE id = $1", booking, result)


async def test_a_pending_booking_is_told_as_it_is(admin: "asyncpg.Connection[Any]", target: ApiTarget) -> None:
    booking = await house.booking(admin)
    seat = await seat_of(target)
    assert await seat.look(order(1), booking) == Heard("pending")
    await note(admin, booking, '{"success": false, "source": "inline", "reason": "INLINE_TIMEOUT", "durationMs": 50.5}')
    timed_out = Heard("pending", reason="INLINE_TIMEOUT", planner_ns=50_500_000, source="inline")
    assert await seat.look(order(1), booking) == timed_out


async def test_tables_seats_and_zone_are_read_and_a_job_s_success_has_no_reason(
    admin: "asyncpg.Connection[Any]", target: ApiTarget
) -> None:
    booking = await house.booking(admin, party=2)
    numbers = [row["table_number"] for row in await admin.fetch("SELECT table_number FROM table_inventory LIMIT 1")]
    await house.assign(admin, booking, numbers)
    await admin.execute("UPDATE bookings SET status = 'confirmed' WHERE id = $1", booking)
    await note(admin, booking, '{"success": true, "source": "job", "reason": "old", "durationMs": 700}')
    seats, zone = await admin.fetchrow(
        "SELECT capacity, z.name FROM table_inventory t JOIN zones z ON z.id = zone_id WHERE table_number = $1",
        *numbers,
    )
    heard = await (await seat_of(target)).look(order(1), booking)
    assert heard == Heard("confirmed", tuple(numbers), seats, zone, source="job", is_final=True)
    assert await target.persisted([booking, uuid4()]) == {booking: 1}


@pytest.mark.parametrize(
    ("status", "result", "is_final"),
    [
        ("pending", '{"success": false, "reason": "exhausted: No tables available", "source": "job"}', True),
        ("pending", '{"success": false, "reason": "No tables available", "source": "inline"}', False),
        ("cancelled", "null", True),
        ("pending", '"a word"', False),
        ("pending", '{"durationMs": "n/a", "source": ["x"], "success": 1}', False),
    ],
)
async def test_an_end_is_one_when_nobody_will_assign_it_any_more(
    admin: "asyncpg.Connection[Any]", target: ApiTarget, status: str, result: str, is_final: bool
) -> None:
    booking = await house.booking(admin, status=status)
    await note(admin, booking, result)
    heard = await (await seat_of(target)).look(order(1), booking)
    assert isinstance(heard, Heard)
    assert (heard.is_final, heard.planner_ns) == (is_final, None)


async def test_a_booking_that_is_not_there_is_said_to_be_absent(target: ApiTarget) -> None:
    booking = uuid4()
    told = await (await seat_of(target)).look(order(1), booking)
    assert isinstance(told, Refusal)
    assert (told.phase, told.message) == (Phase.ANSWERED, f"booking {booking} is not in the database")


async def test_a_key_finds_the_oldest_booking_and_not_that_of_another_sender(
    admin: "asyncpg.Connection[Any]", target: ApiTarget
) -> None:
    older, younger, twin = [await house.booking(admin) for _ in range(3)]
    await admin.execute("UPDATE bookings SET idempotency_key = 'k1' WHERE id = ANY ($1)", [older, younger])
    await admin.execute("UPDATE bookings SET created_at = created_at - interval '1 hour' WHERE id = $1", older)
    tag = '{"slotfill": {"correlation": "test-8"}}'
    await admin.execute(
        "UPDATE bookings SET idempotency_key = 'k2', details = $2::text::jsonb WHERE id = $1", twin, tag
    )
    seat = await seat_of(target)
    assert await seat.find(order(1, "k1")) == older
    assert await seat.find(order(8, "k2")) == twin
    looks = target._work.looks
    assert await looks.find(order(9, "k2"), "test-9") is None


async def test_all_looks_go_over_one_connection_and_wait_together(
    admin: "asyncpg.Connection[Any]", target: ApiTarget, database: ScratchDatabase
) -> None:
    bookings = [await house.booking(admin) for _ in range(12)]
    seats = [await seat_of(target) for _ in bookings]
    heard = await asyncio.gather(
        *(seat.look(order(1), booking) for seat, booking in zip(seats, bookings, strict=True)),
        *(seat.look(order(1), uuid4()) for seat in seats),
    )
    assert heard[:12] == [Heard("pending")] * 12
    assert all(isinstance(one, Refusal) for one in heard[12:])
    asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'slotfill test looks'"
    assert await admin.fetchval(asked) == 1


async def test_a_connection_that_was_lost_is_opened_again_by_the_next_look(
    admin: "asyncpg.Connection[Any]", target: ApiTarget
) -> None:
    booking = await house.booking(admin)
    seat = await seat_of(target)
    await seat.look(order(1), booking)
    await admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'slotfill test looks'"
    )
    first = await seat.look(order(1), booking)
    assert isinstance(first, Heard) or first.phase is Phase.IN_DOUBT
    assert await seat.look(order(1), booking) == Heard("pending")


async def test_a_database_that_is_not_there_leaves_all_unknown(target: ApiTarget) -> None:
    async def none() -> Connection:
        raise DatabaseUnreachable("Postgres did not take a connection: it is off")

    looks = DatabaseLooks(none)
    told = [await looks.look(order(1), uuid4(), "c"), await looks.find(order(1), "c")]
    assert [isinstance(one, Refusal) and one.phase for one in told] == [Phase.IN_DOUBT] * 2
    await looks.close()


async def test_under_row_security_each_restaurant_is_read_in_its_own_context(
    admin: "asyncpg.Connection[Any]", database: ScratchDatabase
) -> None:
    floors = await floors_of(database)
    terms = ApiTerms(timeout_s=5, dsn=database.dsn, contract=Contract(needs_context=True))
    target = ApiTarget("api", "http://127.0.0.1:1", RunId("test"), floors, terms)
    booking = await house.booking(admin)
    assert await (await seat_of(target)).look(order(1), booking) == Heard("pending")
    looks = target._work.looks
    assert isinstance(looks, DatabaseLooks)
    assert looks._session is not None
    setting = await looks._session.connection._connection.fetchval("SELECT current_setting('app.restaurant_id')")
    assert setting == str(floors[SLUG].restaurant_id)
    assert await target.persisted([booking]) == {}
    await target.close()


async def test_what_it_can_do_with_a_dsn(target: ApiTarget) -> None:
    assert target.capabilities == {Capability.SAMPLE, Capability.VERIFY}


async def test_questions_that_come_during_an_answer_are_answered_by_the_next_and_never_by_that_one() -> None:
    asked: list[list[str]] = []
    go = asyncio.Event()

    async def answer(questions: Sequence[str]) -> dict[str, str]:
        asked.append(list(questions))
        await go.wait()
        return {one: one.upper() for one in questions}

    together: Together[str, str] = Together(answer, lambda question: question[0], asyncio.Lock())
    first = asyncio.create_task(together.ask("a1"))
    await asyncio.sleep(0)
    rest = [asyncio.create_task(together.ask(one)) for one in ("a1", "a2", "a2", "b1")]
    cancelled = asyncio.create_task(together.ask("a3"))
    await asyncio.sleep(0)
    cancelled.cancel()
    go.set()
    assert await first == "A1"
    assert [await one for one in rest] == ["A1", "A2", "A2", "B1"]
    assert asked == [["a1"], ["a1", "a2"], ["b1"]]
    assert together._open == []


async def test_whoever_asks_for_all_may_be_cancelled_and_the_others_are_answered() -> None:
    hang, asked = asyncio.Event(), 0

    async def answer(questions: Sequence[str]) -> dict[str, str]:
        nonlocal asked
        asked += 1
        if asked == 2:
            hang.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return dict.fromkeys(questions, "yes")

    together: Together[str, str] = Together(answer, lambda _: "", asyncio.Lock())
    tasks = [asyncio.create_task(together.ask(str(n))) for n in range(4)]
    await hang.wait()
    tasks[1].cancel()
    assert await asyncio.gather(*tasks, return_exceptions=True) != []
    assert [task.cancelled() for task in tasks] == [False, True, False, False]
