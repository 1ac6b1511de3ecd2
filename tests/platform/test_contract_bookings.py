"""Making and changing bookings by the platform's own functions: every answer they give."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.platform.house import booking
from tests.scratch import ScratchDatabase

KEYS = {
    "success", "duplicate", "booking", "capacity", "error", "message", "details", "retryable", "sqlstate", "sqlerrm",
}  # fmt: skip
CREATE = [
    "p_restaurant_id",
    "p_customer_id",
    "p_booking_date",
    "p_start_time",
    "p_end_time",
    "p_party_size",
    "p_booking_type",
    "p_customer_name",
    "p_customer_email",
    "p_customer_phone",
    "p_seating_preference",
    "p_notes",
    "p_marketing_opt_in",
    "p_idempotency_key",
    "p_source",
    "p_auth_user_id",
    "p_client_request_id",
    "p_details",
    "p_loyalty_points_awarded",
]


@pytest.fixture
async def c(database: ScratchDatabase) -> Any:
    connection = await database.connect()
    yield connection
    await connection.close()


async def house(c: Any) -> UUID:
    found: UUID = await c.fetchval("SELECT id FROM restaurants")
    return found


async def guest(c: Any) -> UUID:
    who = uuid4()
    found: UUID = await c.fetchval(
        "INSERT INTO customers (restaurant_id, full_name, email, phone) "
        "SELECT id, 'Guest', $1::text, $2::text FROM restaurants RETURNING id",
        f"{who.hex}@example.com",
        f"+44{who.int % 10**15:015d}",
    )
    return found


async def asked(
    c: Any,
    *,
    day: str = "2027-03-01",
    at: str = "12:00",
    until: str = "13:30",
    party: int = 2,
    key: str | None = None,
    who: UUID | None = None,
    **more: Any,
) -> dict[str, Any]:
    """What create_booking_with_capacity_check answers."""
    extra = "".join(f", {name} => ${n}" for n, name in enumerate(more, 8))
    told = await c.fetchval(
        "SELECT create_booking_with_capacity_check($1, $2, $3::text::date, $4::text::time, $5::text::time, $6, "
        f"'lunch', 'Guest', 'g@example.com', '07000000000', 'window', p_idempotency_key => $7{extra})",
        await house(c),
        who or await guest(c),
        day,
        at,
        until,
        party,
        key,
        *more.values(),
    )
    answer: dict[str, Any] = json.loads(told)
    assert set(answer) == KEYS
    return answer


async def count(c: Any) -> int:
    found: int = await c.fetchval("SELECT count(*) FROM bookings")
    return found


async def test_its_arguments_have_the_platforms_names_in_the_platforms_order(c: Any) -> None:
    row = await c.fetchrow(
        "SELECT proargnames, pronargdefaults, prosecdef FROM pg_proc "
        "WHERE proname = 'create_booking_with_capacity_check'"
    )
    assert (list(row["proargnames"]), row["pronargdefaults"], row["prosecdef"]) == (CREATE, 8, True)


async def test_a_booking_is_made_pending_with_what_was_given(c: Any) -> None:
    told = await asked(c, party=5, key="k", p_details='{"why": "because"}', p_client_request_id="r-1")
    row = await c.fetchrow("SELECT * FROM bookings")
    assert (told["success"], told["duplicate"], told["error"]) == (True, False, None)
    assert told["booking"]["id"] == str(row["id"])
    assert (row["status"], row["source"], row["party_size"], row["seating_preference"]) == (
        "pending",
        "api",
        5,
        "window",
    )
    assert (json.loads(row["details"]), row["client_request_id"]) == ({"why": "because"}, "r-1")
    assert len(row["reference"]) == 10
    assert told["capacity"] == {"max_covers": 180, "booked_covers": 5}


async def test_the_same_key_gives_the_same_booking(c: Any) -> None:
    first = await asked(c, key="k")
    again = await asked(c, key="k", party=4)
    assert (again["success"], again["duplicate"]) == (True, True)
    assert again["booking"] == first["booking"]
    assert not (await asked(c, key="other"))["duplicate"]
    assert await count(c) == 2


async def test_a_key_is_one_restaurants_own(c: Any) -> None:
    await asked(c, key="k")
    other = await c.fetchval("INSERT INTO restaurants (name, slug, capacity) VALUES ('B', 'b', 9) RETURNING id")
    told = await c.fetchval(
        "SELECT create_booking_with_capacity_check($1, $2, '2027-03-01', '12:00', '13:00', 2, 'lunch', 'G', 'g@e.uk', "
        "'07000000000', 'any', p_idempotency_key => 'k')",
        other,
        await c.fetchval(
            "INSERT INTO customers (restaurant_id, full_name, email, phone) "
            "VALUES ($1, 'G', 'g@e.uk', '07000000000') RETURNING id",
            other,
        ),
    )
    assert not json.loads(told)["duplicate"]


async def test_a_key_sent_twenty_times_at_once_makes_one_booking(database: ScratchDatabase) -> None:
    connections = [await database.connect() for _ in range(20)]
    who = await guest(connections[0])
    told = await asyncio.gather(*(asked(c, key="k", who=who) for c in connections))
    assert sorted(each["duplicate"] for each in told) == [False] + [True] * 19
    assert len({each["booking"]["id"] for each in told}) == 1
    assert await count(connections[0]) == 1
    for c in connections:
        await c.close()


async def test_covers_that_are_not_there_are_refused_and_nothing_is_made(c: Any) -> None:
    await c.execute("UPDATE restaurants SET capacity = 10")
    assert (await asked(c, party=6))["success"]
    told = await asked(c, party=5, at="13:00", until="14:30")
    assert (told["success"], told["error"], told["retryable"]) == (False, "CAPACITY_EXCEEDED", False)
    assert told["capacity"] == {"max_covers": 10, "booked_covers": 6}
    assert await count(c) == 1
    assert (await asked(c, party=10, at="13:30", until="15:00"))["success"], "one sitting may follow another"


async def test_without_a_capacity_the_seats_of_active_tables_count(c: Any) -> None:
    await c.execute("UPDATE restaurants SET capacity = NULL")
    await c.execute("UPDATE table_inventory SET active = table_number = 'MD-03'")
    assert (await asked(c, party=5))["error"] == "CAPACITY_EXCEEDED"
    assert (await asked(c, party=4))["success"]


@pytest.mark.parametrize(
    ("status", "counts"), [("pending_allocation", True), ("confirmed", True), ("cancelled", False), ("no_show", False)]
)
async def test_only_bookings_that_still_stand_take_covers(c: Any, status: str, counts: bool) -> None:
    await c.execute("UPDATE restaurants SET capacity = 10")
    await booking(c, party=8, status=status)
    assert (await asked(c, party=4))["success"] is not counts


async def test_guests_who_are_there_take_covers(c: Any) -> None:
    await c.execute("UPDATE restaurants SET capacity = 10")
    there = await booking(c, party=8)
    await c.execute("UPDATE bookings SET status = 'checked_in', checked_in_at = now() WHERE id = $1", there)
    assert (await asked(c, party=4))["error"] == "CAPACITY_EXCEEDED"


async def test_parallel_requests_never_take_more_than_there_is(database: ScratchDatabase) -> None:
    connections = [await database.connect() for _ in range(8)]
    await connections[0].execute("UPDATE restaurants SET capacity = 20")
    guests = [await guest(connections[0]) for _ in connections]

    async def client(c: Any, who: UUID) -> list[str | None]:
        return [(await asked(c, party=2, who=who))["error"] for _ in range(5)]

    told = [
        e for each in await asyncio.gather(*(client(*p) for p in zip(connections, guests, strict=True))) for e in each
    ]
    assert (told.count(None), told.count("CAPACITY_EXCEEDED")) == (10, 30)
    assert await connections[0].fetchval("SELECT sum(party_size) FROM bookings") == 20
    for c in connections:
        await c.close()


async def test_a_closed_day_is_refused_and_sunday_is_day_zero(c: Any) -> None:
    told = await asked(c, day="2027-02-28")
    assert (told["error"], told["message"]) == (
        "BOOKING_OUTSIDE_OPERATING_HOURS",
        "The restaurant is closed on 2027-02-28.",
    )
    await c.execute(
        "UPDATE restaurant_operating_hours SET is_closed = false, opens_at = '12:00', closes_at = '22:00' "
        "WHERE day_of_week = 0"
    )
    assert (await asked(c, day="2027-02-28"))["success"]


@pytest.mark.parametrize(("at", "until"), [("11:45", "13:00"), ("21:00", "22:30")])
async def test_a_time_outside_the_hours_is_refused(c: Any, at: str, until: str) -> None:
    told = await asked(c, at=at, until=until)
    assert (told["error"], told["message"]) == (
        "BOOKING_OUTSIDE_OPERATING_HOURS",
        "The requested time is outside configured operating hours.",
    )
    assert await count(c) == 0


async def test_what_is_said_for_a_date_overrides_its_weekday(c: Any) -> None:
    await c.execute(
        "INSERT INTO restaurant_operating_hours (restaurant_id, effective_date, is_closed) "
        "SELECT id, '2027-03-01', true FROM restaurants"
    )
    assert (await asked(c))["message"] == "The restaurant is closed on 2027-03-01."
    assert (await asked(c, day="2027-03-08"))["success"]


async def test_a_restaurant_without_hours_is_always_open(c: Any) -> None:
    await c.execute("DELETE FROM restaurant_operating_hours")
    assert (await asked(c, day="2027-02-28", at="03:00", until="04:00"))["success"]


async def test_a_lock_that_cannot_be_had_is_a_conflict_worth_another_try(database: ScratchDatabase) -> None:
    first, second = await database.connect(), await database.connect()
    await second.execute("SET lock_timeout = '50ms'")
    async with first.transaction():
        assert (await asked(first))["success"]
        told = await asked(second)
        assert (told["error"], told["retryable"], told["sqlstate"]) == ("BOOKING_CONFLICT", True, "55P03")
    assert await count(second) == 1
    await first.close()
    await second.close()


async def test_any_other_error_is_told_with_its_state_and_words(c: Any) -> None:
    told = await asked(c, who=uuid4())
    assert (told["error"], told["retryable"], told["sqlstate"]) == ("INTERNAL_ERROR", False, "23503")
    assert "violates foreign key constraint" in told["sqlerrm"]
    assert (await asked(c, party=0))["sqlstate"] == "23514"
    assert await count(c) == 0


async def test_its_locks_are_not_taken_for_a_zones(c: Any) -> None:
    async with c.transaction():
        await asked(c, key="k")
        kinds = await c.fetch("SELECT objsubid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
    assert [row[0] for row in kinds] == [1, 1]


# update_booking_with_capacity_check


async def changed(
    c: Any, booking_id: UUID, *, party: int = 2, at: str = "12:00", until: str = "13:30"
) -> dict[str, Any]:
    told = await c.fetchval(
        "SELECT update_booking_with_capacity_check($1, b.restaurant_id, b.customer_id, b.booking_date, $2::text::time, "
        "$3::text::time, $4, 'lunch', 'New name', b.customer_email, b.customer_phone, 'bar') "
        "FROM bookings b WHERE id = $1",
        booking_id,
        at,
        until,
        party,
    )
    answer: dict[str, Any] = json.loads(told)
    assert set(answer) == KEYS
    return answer


async def test_a_change_keeps_what_was_not_given(c: Any) -> None:
    made = UUID((await asked(c, key="k", p_details='{"a": 1}'))["booking"]["id"])
    told = await changed(c, made, party=4, at="18:00", until="20:00")
    row = await c.fetchrow("SELECT * FROM bookings")
    assert told["success"]
    assert (row["customer_name"], row["party_size"], row["status"]) == ("New name", 4, "pending")
    assert (row["start_at"].isoformat(), row["details"]) == ("2027-03-01T18:00:00+00:00", '{"a": 1}')
    assert row["idempotency_key"] == "k"


async def test_a_change_does_not_count_the_booking_itself(c: Any) -> None:
    await c.execute("UPDATE restaurants SET capacity = 10")
    made = UUID((await asked(c, party=8))["booking"]["id"])
    assert (await changed(c, made, party=10))["success"]
    told = await changed(c, made, party=11)
    assert (told["error"], told["capacity"]) == ("CAPACITY_EXCEEDED", {"max_covers": 10, "booked_covers": 0})
    assert await c.fetchval("SELECT party_size FROM bookings") == 10


async def test_a_change_is_refused_like_a_new_booking(c: Any) -> None:
    made = UUID((await asked(c))["booking"]["id"])
    assert (await changed(c, made, at="23:00", until="23:30"))["error"] == "BOOKING_OUTSIDE_OPERATING_HOURS"
    assert (await changed(c, made, party=0))["sqlstate"] == "23514"
    nobody = await c.fetchval(
        "SELECT update_booking_with_capacity_check($1, $1, $1, '2027-03-01', '12:00', '13:00', 2, 'lunch', 'x', "
        "'x', 'x', 'any')",
        uuid4(),
    )
    assert json.loads(nobody)["sqlstate"] == "P0002"


async def test_a_change_that_finds_the_booking_locked_is_worth_another_try(database: ScratchDatabase) -> None:
    first, second = await database.connect(), await database.connect()
    made = await booking(first)
    await second.execute("SET lock_timeout = '50ms'")
    async with first.transaction():
        await first.execute("SELECT FROM bookings WHERE id = $1 FOR UPDATE", made)
        assert (await changed(second, made))["error"] == "BOOKING_CONFLICT"
    assert (await changed(second, made))["success"]
    await first.close()
    await second.close()
