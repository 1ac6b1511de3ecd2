"""Every status of the booking route, and the routes beside it, over real HTTP."""

import asyncio
import json
from typing import Any

from tests.booking_api.counter import CORRELATION, body, flags, serving, told
from tests.scratch import ScratchDatabase

SLUG = "white-horse-pub-waterbeach"
OFF = flags(auto_assign_on_booking=False)
INVALID: tuple[tuple[dict[str, Any], str], ...] = (
    ({"party": 0}, "party"),
    ({"party": "2"}, "party"),
    ({"party": 2.5}, "party"),
    ({"party": 10**30}, "party"),
    ({"date": "2027-02-30"}, "date"),
    ({"date": "2027-03-01\n"}, "date"),
    ({"time": "25:00"}, "time"),
    ({"bookingType": "tea"}, "bookingType"),
    ({"seating": "roof"}, "seating"),
    ({"notes": "x" * 501}, "notes"),
    ({"name": "A"}, "name"),
    ({"name": "A\0B"}, "name"),
    ({"email": "nobody"}, "email"),
    ({"phone": "123456"}, "phone"),
    ({"restaurantId": "1"}, "restaurantId"),
    ({"marketingOptIn": "yes"}, "marketingOptIn"),
)


async def test_a_new_booking_is_201_and_the_same_key_again_is_200(database: ScratchDatabase) -> None:
    async with serving(database, flags=OFF) as counter:
        headers = {"Idempotency-Key": "k1", CORRELATION: "flow-1"}
        first = await counter.client.post("/api/bookings", json=body(notes="by the door"), headers=headers)
        again = await counter.client.post("/api/bookings", json=body(), headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 200)
    made, found = first.json(), again.json()
    assert set(made) == {
        "booking",
        "confirmationToken",
        "loyaltyPointsAwarded",
        "bookings",
        "clientRequestId",
        "idempotencyKey",
        "duplicate",
        "capacity",
    }
    assert made["booking"]["id"] == found["booking"]["id"]
    assert made["booking"]["status"] == "pending"
    assert (made["duplicate"], found["duplicate"], made["idempotencyKey"]) == (False, True, "k1")
    assert made["capacity"] is None
    assert made["confirmationToken"] == found["confirmationToken"]
    assert len(made["confirmationToken"]) == 64
    assert first.cookies["sr_confirm"] == made["confirmationToken"]
    assert first.headers[CORRELATION] == "flow-1"
    assert [one["id"] for one in found["bookings"]] == [made["booking"]["id"]]
    (row,) = await told(database, "SELECT * FROM bookings")
    assert json.loads(row["details"]) == {"slotfill": {"run": "r1", "correlation": "flow-1"}}
    assert (row["notes"], row["source"], row["confirmation_token"]) == ("by the door", "api", made["confirmationToken"])


async def test_a_booking_is_typed_anew_from_the_clock(database: ScratchDatabase) -> None:
    async with serving(database, flags=OFF) as counter:
        asked = [("dinner", "12:30"), ("breakfast", "16:45"), ("lunch", "17:00"), ("drinks", "17:00")]
        answers = [
            (await counter.ask(n, bookingType=kind, time=at)).json()["booking"] for n, (kind, at) in enumerate(asked)
        ]
    assert [(one["booking_type"], one["end_time"]) for one in answers] == [
        ("lunch", "14:00"),
        ("lunch", "18:15"),
        ("dinner", "19:00"),
        ("drinks", "18:00"),
    ]


async def test_an_invalid_payload_is_400_and_names_the_field(database: ScratchDatabase) -> None:
    async with serving(database, flags=OFF) as counter:
        for changed, field in INVALID:
            answer = await counter.ask(**changed)
            assert (answer.status_code, answer.json()["error"]) == (400, "Invalid payload"), changed
            assert list(answer.json()["details"]["fieldErrors"]) == [field]


async def test_what_is_missing_or_no_json_or_too_long_is_400(database: ScratchDatabase) -> None:
    async with serving(database, flags=OFF) as counter:
        for content, error in (
            (b"{", "Invalid JSON payload"),
            (b"\xff", "Invalid JSON payload"),
            (b"", "Invalid JSON payload"),
            (b'{"name": "\\ud800"}', "Invalid JSON payload"),
            (b"[]", "Invalid payload"),
            (b"{}", "Invalid payload"),
            (b" " * 100_000, "Invalid payload"),
        ):
            answer = await counter.client.post("/api/bookings", content=content)
            assert (answer.status_code, answer.json()["error"]) == (400, error), content[:20]
        assert (await counter.ask(key="k" * 1001)).status_code == 400
        assert (await counter.ask(party=2.0)).status_code == 201


async def test_the_slug_wins_over_the_id_and_an_unknown_one_is_404(stress: ScratchDatabase) -> None:
    ids = {row["slug"]: str(row["id"]) for row in await told(stress, "SELECT id, slug FROM restaurants")}
    async with serving(stress, flags=OFF, default_restaurant="pub-2") as counter:

        async def where(n: int, **asked: Any) -> object:
            answer = await counter.ask(n, date="2027-03-02", time="18:00", **asked)
            return answer.json()["booking"]["restaurant_id"] if answer.status_code == 201 else answer.json()["code"]

        assert await where(1) == ids["pub-2"]
        assert await where(2, restaurantId=ids["pub-1"]) == ids["pub-1"]
        assert await where(3, restaurantId=ids["pub-1"], restaurantSlug="cafe-3") == ids["cafe-3"]
        assert await where(4, restaurantId=ids["pub-1"], restaurantSlug="nowhere") == "RESTAURANT_NOT_FOUND"
        answer = await counter.ask(5, restaurantId="00000000-0000-0000-0000-000000000000")
        assert (answer.status_code, answer.json()["code"]) == (404, "RESTAURANT_NOT_FOUND")


async def test_valid_times_are_exactly_the_schedule_s_slots(database: ScratchDatabase) -> None:
    async with serving(database, flags=OFF) as counter:
        day = (await counter.client.get(f"/api/restaurants/{SLUG}/schedule", params={"date": "2027-03-01"})).json()
        slots = {slot["value"] for slot in day["slots"]}
        every = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(0, 24 * 60, 15)]
        answers = await asyncio.gather(*(counter.ask(n, time=at) for n, at in enumerate(every)))
        assert {at for at, answer in zip(every, answers, strict=True) if answer.status_code == 201} == slots
        refused = {
            at: answer.json()["details"]["reason"]
            for at, answer in zip(every, answers, strict=True)
            if answer.status_code == 400
        }
        odd = (await counter.ask(200, time="12:31")).json()
        none = await counter.client.get("/api/restaurants/nowhere/schedule")
        bad = await counter.client.get(f"/api/restaurants/{SLUG}/schedule", params={"date": "20270301"})
    assert day["isClosed"] is False
    assert refused["11:45"] == "OUTSIDE_WINDOW"
    assert refused["22:00"] == "OUTSIDE_WINDOW"
    assert refused["20:15"] == "AFTER_CLOSE"
    assert odd["code"] == "OPERATING_HOURS_CLOSED"
    assert odd["details"] == {
        "reason": "INVALID_TIME",
        "requestedTime": "12:31",
        "opensAt": "12:00",
        "closesAt": "22:00",
        "firstAvailableSlot": "12:00",
        "lastAvailableSlot": "20:00",
        "timezone": "Europe/London",
    }
    assert (none.status_code, bad.status_code) == (404, 400)


async def test_a_closed_day_has_no_slots_and_says_so(database: ScratchDatabase) -> None:
    await told(
        database,
        "INSERT INTO restaurant_operating_hours (restaurant_id, effective_date, is_closed)"
        " SELECT id, '2027-03-02', true FROM restaurants",
    )
    async with serving(database, flags=OFF) as counter:
        day = (await counter.client.get(f"/api/restaurants/{SLUG}/schedule", params={"date": "2027-03-02"})).json()
        answer = await counter.ask(date="2027-03-02")
    assert (day["isClosed"], day["slots"], day["window"]) == (True, [], None)
    assert answer.status_code == 400
    assert answer.json()["details"]["reason"] == "CLOSED"


async def test_a_time_that_has_passed_is_422_only_with_the_flag(database: ScratchDatabase) -> None:
    async with serving(database, flags=OFF) as counter:
        assert (await counter.ask(date="2024-03-04")).status_code == 201
    async with serving(database, flags=flags(booking_past_time_blocking=True)) as counter:
        answer = await counter.ask(1, date="2024-03-04")
    assert (answer.status_code, answer.json()["code"]) == (422, "BOOKING_IN_PAST")


async def test_the_rate_limit_is_per_restaurant_and_counts_requests(stress: ScratchDatabase) -> None:
    limited = flags(auto_assign_on_booking=False, rate_limit_per_minute=3)
    async with serving(stress, flags=limited) as counter:
        answers = [await counter.ask(n, restaurantSlug="pub-1", date="2027-03-02", time="18:00") for n in range(5)]
        other = await counter.ask(9, restaurantSlug="pub-2", date="2027-03-02", time="18:00")
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
    assert answers[3].json()["code"] == "RATE_LIMITED"
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert other.status_code == 201
    assert "Retry-After" not in other.headers


async def test_what_the_database_refuses_is_500_with_a_sentence_and_no_secret(database: ScratchDatabase) -> None:
    await told(database, "ALTER TABLE bookings ADD CONSTRAINT nobody CHECK (customer_name <> 'Ann Other')")
    async with serving(database, flags=OFF) as counter:
        answer = await counter.ask()
        assert answer.status_code == 500
        assert list(answer.json()) == ["error"]
        assert "nobody" in answer.json()["error"]
        assert "guest0@example.com" not in answer.text
        assert (await counter.ask(1, name="Bob")).status_code == 201


async def test_a_full_house_takes_bookings_all_the_same_as_the_platform_does(database: ScratchDatabase) -> None:
    async with serving(database, flags=OFF) as counter:
        answers = await asyncio.gather(*(counter.ask(n, party=100, key=f"k{n % 3}") for n in range(9)))
    assert sorted(answer.status_code for answer in answers) == [200] * 6 + [201] * 3
    (row,) = await told(database, "SELECT count(*) AS n, sum(party_size) AS covers FROM bookings")
    assert (row["n"], row["covers"]) == (3, 300)


async def test_guests_are_found_by_e_mail_and_by_phone(database: ScratchDatabase) -> None:
    async with serving(database, flags=OFF) as counter:
        first = (await counter.ask(1)).json()
        second = (await counter.ask(1, time="13:00")).json()
        third = (await counter.ask(2, phone=first["booking"]["customer_phone"], time="13:30")).json()
        long = await counter.ask(3, phone="+44 7700 900123 extension 12345 after six")
    assert len(second["bookings"]) == 2
    assert len(third["bookings"]) == 3
    assert long.status_code == 201
    (row,) = await told(database, "SELECT count(*) AS n FROM customers")
    assert row["n"] == 2


async def test_a_booking_is_read_by_token_or_correlation_and_by_nobody_else(database: ScratchDatabase) -> None:
    async with serving(database) as counter:
        headers = {"Idempotency-Key": "sf-r1-1", CORRELATION: "c-7f3a"}
        made = (await counter.client.post("/api/bookings", json=body(), headers=headers)).json()
        other = (await counter.ask(1)).json()
        url = f"/api/bookings/{made['booking']['id']}"

        async def read(**sent: str) -> tuple[int, dict[str, object]]:
            answer = await counter.client.get(url, headers=sent)
            return answer.status_code, answer.json()

        await counter.rests()
        assert (await read())[0] == 401
        assert (await read(Authorization=f"Bearer {other['confirmationToken']}"))[0] == 403
        assert (await read(**{CORRELATION: "c-other"}))[0] == 403
        assert (await read(**{CORRELATION: "c-7f3a", "Authorization": "Bearer wrong"}))[0] == 403
        assert (await read(**{CORRELATION: "c" * 201}))[0] == 400
        status, found = await read(Authorization=f"Bearer {made['confirmationToken']}")
        assert (status, (await read(**{CORRELATION: "c-7f3a"}))[1]) == (200, found)
        assert (found["status"], found["isFinal"]) == ("confirmed", True)
        assert len(found["tables"]) == 1  # type: ignore[arg-type]
        assert found["seats"]
        assert found["zone"]
        assert found["autoAssignLastResult"] == made["booking"]["auto_assign_last_result"]
        for wrong in ("00000000-0000-0000-0000-000000000000", "nothing"):
            assert (await counter.client.get(f"/api/bookings/{wrong}", headers={CORRELATION: "c"})).status_code == 404

        async def find(key: str, **sent: str) -> tuple[int, list[str]]:
            answer = await counter.client.get("/api/bookings", params={"idempotencyKey": key}, headers=sent)
            return answer.status_code, [one["id"] for one in answer.json().get("bookings", ())]

        assert await find("sf-r1-1", **{CORRELATION: "c-7f3a"}) == (200, [made["booking"]["id"]])
        assert await find("sf-r1-1", **{CORRELATION: "c-other"}) == (200, [])
        assert await find("sf-r1-2", **{CORRELATION: "c-7f3a"}) == (200, [])
        assert (await find("sf-r1-1"))[0] == 401
        assert (await find("", **{CORRELATION: "c"}))[0] == 400


async def test_other_paths_and_methods_are_refused_in_json(database: ScratchDatabase) -> None:
    async with serving(database, flags=OFF) as counter:
        gone = await counter.client.get("/api/availability")
        put = await counter.client.put("/api/bookings")
    assert (gone.status_code, list(gone.json())) == (404, ["error"])
    assert (put.status_code, list(put.json())) == (405, ["error"])
    assert {"GET", "POST"} <= set(put.headers["Allow"].split(", "))
