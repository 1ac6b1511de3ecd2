"""The target against the reference API in its own process: what the API says and what the database holds agree."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from engine.api_schedule import read_schedules
from engine.api_seat import ApiSeat, ApiTerms
from engine.booking_api.launch import start
from engine.booking_api.spec import ApiSpec
from engine.config import FlagSettings
from engine.http import HttpClient
from engine.model.ids import AttemptId, RunId, TurnId
from engine.model.outcome import Phase, Refusal
from engine.model.turn import Order, Turn
from engine.target import Heard, Submitted
from engine.targets.api import ApiTarget
from tests.scratch import ScratchDatabase

SLUG = "white-horse-pub-waterbeach"
MONDAY = dt.date(2027, 3, 1)
RUN = RunId("test")


def order(attempt: int, key: str = "", at: dt.time = dt.time(12)) -> Order:
    booking_id = UUID(int=attempt)
    return Order(
        attempt=AttemptId(attempt),
        turn=Turn(TurnId(1), SLUG, MONDAY, at, 2),
        ordinal=1,
        booking_id=booking_id,
        key=key or f"sf-test-{attempt}",
        name=f"Slotfill {attempt}",
        email=f"sf-{booking_id}@example.invalid",
        phone=f"+447000{attempt:012d}",
        ladder=(),
    )


@pytest.fixture
async def base_url(database: ScratchDatabase) -> AsyncIterator[str]:
    flags = FlagSettings(rate_limit_per_minute=0, auto_assign_retry_delays_ms=(20, 20, 20))
    api = await start(ApiSpec(database.dsn, flags, run=RUN))
    yield api.base_url
    await api.stop()


async def test_api_and_database_tell_the_same_of_every_booking(base_url: str, database: ScratchDatabase) -> None:
    client = HttpClient(base_url, timeout_s=10, connections=1)
    floors = await read_schedules(client, [SLUG], [MONDAY])
    await client.close()
    assert floors[SLUG].timezone == "Europe/London"
    by_api = ApiTarget("api", base_url, RUN, floors, ApiTerms(timeout_s=10))
    by_database = ApiTarget("api", base_url, RUN, floors, ApiTerms(timeout_s=10, dsn=database.dsn))
    seats = [await target.seat("w01") for target in (by_api, by_database)]
    assert all(isinstance(seat, ApiSeat) for seat in seats)
    orders = [order(n) for n in range(1, 7)]
    said = await asyncio.gather(*(seats[0].submit(one) for one in orders))
    for one, submitted in zip(orders, said, strict=True):
        assert isinstance(submitted, Submitted)
        assert submitted.heard is not None
        looks = [await seat.look(one, submitted.booking_id) for seat in seats]
        assert isinstance(looks[0], Heard)
        assert looks[0] == looks[1]
        assert looks[0].status == submitted.heard.status == "confirmed"
        assert looks[0].source == "inline"
        assert looks[0].planner_ns == submitted.heard.planner_ns is not None
        assert looks[0].tables
        assert looks[0].seats >= 2
        for seat in seats:
            assert await seat.find(one) == submitted.booking_id
    persisted = await by_api.persisted([])
    assert len(persisted) == len(orders)
    assert persisted == await by_database.persisted([])
    for target in (by_api, by_database):
        async with target.moment() as moment:
            rows = [row async for page in moment.tagged() for row in page]
        assert {row.booking_id: row for row in rows} == (await target.held([])).rows
        assert len(rows) == len(orders)
    await by_api.close()
    await by_database.close()


async def test_refusals_are_the_contract_s(base_url: str) -> None:
    target = ApiTarget("api", base_url, RUN, {}, ApiTerms(timeout_s=10))
    seat = await target.seat("w01")
    assert isinstance(seat, ApiSeat)
    first = await seat.submit(order(1, "sf-test-t1"))
    second = await seat.submit(order(2, "sf-test-t1"))
    closed = await seat.submit(order(3, at=dt.time(3)))
    assert isinstance(first, Submitted)
    assert isinstance(second, Refusal)
    assert f"duplicate of booking {first.booking_id}" in second.message
    assert isinstance(closed, Refusal)
    assert (closed.phase, "outside operating hours" in closed.message) == (Phase.ANSWERED, True)
    await target.close()
