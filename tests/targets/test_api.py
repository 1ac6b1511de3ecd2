"""The booking API as a target: what each answer proves, what is waited out, and what is found again."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID, uuid5

import pytest

from engine.api_ground import ForeignApiGround
from engine.api_schedule import ScheduleUnread, read_schedules
from engine.api_seat import ApiSeat, ApiTerms
from engine.at_api import target_at
from engine.config import ApiSettings, Settings
from engine.contract import REFERENCE
from engine.database import DatabaseFailed, DatabaseLost
from engine.draws import open_at
from engine.http import HttpClient
from engine.model.ids import AttemptId, RunId, TurnId
from engine.model.ledger import Reading
from engine.model.outcome import Certainty, Phase, Refusal, certainty_of
from engine.model.step import Step
from engine.model.turn import Order, Turn
from engine.plans.fill import FillPlan
from engine.safety import Clearance
from engine.target import Capability, Heard, Submitted
from engine.targets import api
from engine.targets.api import ApiTarget
from tests.clocks import StillClock
from tests.raw_server import Cut, RawServer, Request, serving
from tests.targets.fake_api import CORRELATION, FakeApi, Trick, raises, says, silent

MONDAY = dt.date(2027, 3, 1)
NS = 1_000_000_000
TRUNCATED = b'HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{"booking":{'


def order(attempt: int = 1, *, key: str = "", party: int = 2, at: dt.time = dt.time(12, 0)) -> Order:
    key = key or f"sf-test-{attempt}"
    booking_id = uuid5(UUID(int=0), f"{key} {attempt}")
    return Order(
        attempt=AttemptId(attempt),
        turn=Turn(TurnId(1), "the-mill", MONDAY, at, party),
        ordinal=1,
        booking_id=booking_id,
        key=key,
        name="Zoltan Example",
        email="zoltan@example.invalid",
        phone="+447000123456",
        ladder=(),
    )


class House:
    """A fake API, its server, and a target that goes there."""

    def __init__(self, api: FakeApi, server: RawServer, target: ApiTarget, clock: StillClock) -> None:
        self.api, self.server, self.target, self.clock = api, server, target, clock

    async def seat(self) -> ApiSeat:
        seat = await self.target.seat("slotfill test w01")
        assert isinstance(seat, ApiSeat)
        return seat

    async def moving(self, work: Awaitable[object], by_ns: int = NS // 4) -> object:
        """The result of something that waits on the clock now and then, and on the server."""
        task = asyncio.ensure_future(work)
        for _ in range(20_000):
            if task.done():
                break
            # Only what waits for the clock is moved on; what waits for the server is left the time it takes.
            await self.clock.advance(by_ns if self.clock._waits else 0)
            await asyncio.sleep(0.001)
        return await task


@asynccontextmanager
async def house(
    *tricks: Trick, timeout_s: float = 5.0, concurrency: int = 4, settle_s: float = 30, patience_s: float = 130
) -> AsyncIterator[House]:
    api, clock = FakeApi(*tricks), StillClock()
    async with serving(api.rule) as server:
        told = ApiTerms(timeout_s, concurrency, settle_s=settle_s, patience_s=patience_s)
        target = ApiTarget("api", server.base_url, RunId("test"), {}, told, clock)
        yield House(api, server, target, clock)
        await target.close()


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what a real server does; bounded."""
    for _ in range(5_000):
        if is_so():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not come about")


async def refused(*tricks: Trick, timeout_s: float = 5.0) -> Refusal:
    """What the submit of one order came to; it never has anything of the guest in it."""
    async with house(*tricks, timeout_s=timeout_s) as at:
        said = await (await at.seat()).submit(order())
        assert len(at.api.submits) <= 1, "nothing but a 429 is sent twice"
    assert isinstance(said, Refusal)
    for secret in ("zoltan", "example.invalid", "447000"):
        assert secret not in str(said).lower()
    return said


async def test_a_submit_sends_what_the_contract_wants() -> None:
    async with house() as at:
        seat = await at.seat()
        said = await seat.submit(order(at=dt.time(12, 0)))
        assert isinstance(await seat.submit(order(2, at=dt.time(17, 0))), Submitted)
        first, second = at.api.submits
    assert isinstance(said, Submitted)
    assert json.loads(first.body) == {
        "restaurantSlug": "the-mill",
        "date": "2027-03-01",
        "time": "12:00",
        "party": 2,
        "bookingType": "lunch",
        "seating": "any",
        "name": "Zoltan Example",
        "email": "zoltan@example.invalid",
        "phone": "+447000123456",
        "marketingOptIn": False,
    }
    assert first.headers["idempotency-key"] == "sf-test-1"
    assert first.headers[CORRELATION] == "test-1"
    assert json.loads(second.body)["bookingType"] == "dinner"


async def test_the_id_is_the_platform_s_and_the_answer_tells_of_the_planner_in_the_request() -> None:
    async def confirmed(api: FakeApi, request: object) -> bytes:
        api.make(request)  # type: ignore[arg-type]
        api.note("sf-test-1", tables=["7"], source="inline", durationMs=412, reason=None)
        api.bookings["sf-test-1"]["unknown_column"] = [1, {"2": 3}]
        return api._made("sf-test-1", duplicate=False).join([_HEAD % len(api._made("sf-test-1", duplicate=False)), b""])

    async with house(confirmed) as at:
        said = await (await at.seat()).submit(order())
    assert isinstance(said, Submitted)
    assert said.booking_id == UUID(str(at.api.bookings["sf-test-1"]["id"]))
    assert said.booking_id != order().booking_id
    assert said.heard == Heard(status="confirmed", planner_ns=412_000_000, source="inline", is_final=True)


_HEAD = b"HTTP/1.1 201 Created\r\ncontent-length: %d\r\n\r\n"


async def test_a_pending_answer_with_an_inline_timeout_says_so_and_is_not_final() -> None:
    async with house() as at:
        seat = await at.seat()
        said = await seat.submit(order())
        assert isinstance(said, Submitted)
        at.api.note("sf-test-1", source="inline", durationMs=12000, reason="INLINE_TIMEOUT")
        heard = await seat.look(order(), said.booking_id)
    assert heard == Heard("pending", reason="INLINE_TIMEOUT", planner_ns=12_000_000_000, source="inline")


async def test_a_job_s_time_is_no_time_of_the_request_s_planner() -> None:
    async with house() as at:
        seat = await at.seat()
        said = await seat.submit(order())
        assert isinstance(said, Submitted)
        at.api.note("sf-test-1", tables=["4", "5"], source="job", durationMs=300, reason=None)
        heard = await seat.look(order(), said.booking_id)
    assert heard == Heard("confirmed", ("4", "5"), 4, "Main", source="job", is_final=True)


@pytest.mark.parametrize("note", ["a word", 7, [1], {"durationMs": "long"}, {"reason": {"a": 1}}])
async def test_a_note_of_another_shape_decides_nothing(note: object) -> None:
    async with house() as at:
        seat = await at.seat()
        said = await seat.submit(order())
        assert isinstance(said, Submitted)
        at.api.bookings["sf-test-1"]["auto_assign_last_result"] = note
        assert await seat.look(order(), said.booking_id) == Heard("pending")


async def test_the_second_order_of_one_key_is_a_duplicate_and_no_booking() -> None:
    async with house() as at:
        seat = await at.seat()
        first = await seat.submit(order(1, key="sf-test-t1"))
        second = await seat.submit(order(2, key="sf-test-t1"))
        assert isinstance(first, Submitted)
        assert isinstance(second, Refusal)
        assert f"duplicate of booking {first.booking_id}" in second.message
        assert certainty_of(second) is Certainty.FAIL
        assert len(at.api.bookings) == 1
        assert await at.moving(seat.find(order(1, key="sf-test-t1"))) == first.booking_id
        assert await at.moving(seat.find(order(2, key="sf-test-t1"))) is None, "a twin's booking is not its own"


CLOSED = {
    "error": "Selected time is outside operating hours.",
    "code": "OPERATING_HOURS_CLOSED",
    "details": {"reason": "OUTSIDE_WINDOW", "requestedTime": "11:00", "opensAt": "12:00", "closesAt": "22:00"},
}
UNIFIED = {"issues": [{"code": "CAPACITY_EXCEEDED", "message": "No table for zoltan@example.invalid."}]}


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (
            400,
            CLOSED,
            f"HTTP 400: OPERATING_HOURS_CLOSED: {CLOSED['error']}: OUTSIDE_WINDOW at 11:00, open from 12:00 to 22:00",
        ),
        (400, {"error": "Invalid payload", "details": {"fieldErrors": {"phone": ["+447000123456 is none"]}}}, None),
        (400, {"error": "Invalid JSON payload"}, "HTTP 400: Invalid JSON payload"),
        (404, {"error": "Restaurant not found", "code": "RESTAURANT_NOT_FOUND"}, None),
        (409, UNIFIED, "HTTP 409: CAPACITY_EXCEEDED No table for …."),
        (403, {"issues": "odd"}, "HTTP 403"),
        (422, {"error": "Booking time is in the past", "code": "BOOKING_IN_PAST"}, None),
        (404, b"<html>zoltan@example.invalid</html>", "HTTP 404: no problem as JSON"),
    ],
)
async def test_a_rejection_of_the_contract_proves_that_nothing_was_booked(
    status: int, body: object, message: str | None
) -> None:
    refusal = await refused(says(status, body))
    assert refusal.phase is Phase.ANSWERED
    assert refusal.message.startswith(f"HTTP {status}")
    assert message is None or refusal.message == message


@pytest.mark.parametrize(
    "trick",
    [
        says(500, {"error": "for zoltan@example.invalid"}),
        says(500, b"<html>"),
        says(503),
        says(302, b"", "location: http://127.0.0.1:1/login?next=zoltan\r\n"),
        says(408),
        says(201, b"garbage"),
        says(201, b"{}"),
        says(201, {"booking": {"id": "zoltan@example.invalid"}}),
        raises(Cut(), makes=False),
        raises(Cut(), makes=True),
        raises(Cut(reset=True), makes=True),
        raises(Cut(TRUNCATED), makes=True),
        raises(Cut(b"zoltan@example.invalid\r\n\r\n"), makes=True),
    ],
)
async def test_what_is_not_understood_is_unknown_and_never_a_failure(trick: Trick) -> None:
    refusal = await refused(trick)
    assert certainty_of(refusal) is Certainty.INFO
    assert refusal.step is Step.SUBMIT


async def test_a_timeout_is_unknown_and_says_whose_timer_fired() -> None:
    refusal = await refused(silent(makes=True), timeout_s=0.1)
    assert (refusal.phase, refusal.exception, refusal.timer) == (Phase.IN_DOUBT, "ReadTimeout", "api.timeout_s")
    assert refusal.message == "POST /api/bookings: no answer within 0.1 s"


async def test_a_server_that_is_not_there_proves_that_nothing_was_sent() -> None:
    async with house() as at:
        base_url = at.target.base_url
    target = ApiTarget("api", base_url, RunId("test"), {}, ApiTerms())
    said = await (await target.seat("w01")).submit(order())
    await target.close()
    assert isinstance(said, Refusal)
    assert (said.phase, said.exception) == (Phase.BEFORE_SEND, "ConnectError")


async def test_a_429_is_waited_out_as_told_with_the_same_key_and_counted() -> None:
    async with house(says(429, {"code": "RATE_LIMITED"}, "retry-after: 40\r\n"), says(429)) as at:
        seat = await at.seat()
        said = await at.moving(seat.submit(order()))
        assert isinstance(said, Submitted)
        assert [one.headers["idempotency-key"] for one in at.api.submits] == ["sf-test-1"] * 3
        assert len(at.api.bookings) == 1
        assert [one.message for one in seat.overcome] == ["HTTP 429: RATE_LIMITED", "HTTP 429"]
        assert {one.phase for one in seat.overcome} == {Phase.ANSWERED}
        # 40 s as told, and 2 s where nothing was told for the second time.
        assert seat.rested_ns == pytest.approx(42 * NS, abs=NS)
        assert await at.moving(seat.submit(order(2)))
        assert (seat.overcome, seat.rested_ns) == ((), 0)


async def test_a_rate_limit_holds_for_every_seat_of_the_restaurant() -> None:
    async with house(says(429, {}, "retry-after: 5\r\n")) as at:
        one, other = await at.seat(), await at.seat()
        first = asyncio.ensure_future(one.submit(order(1)))
        await until(lambda: bool(at.target._work.quiet_until_ns))
        second = asyncio.ensure_future(other.submit(order(2)))
        await at.clock.advance(4 * NS)
        assert len(at.api.submits) == 1, "the other seat sends nothing while it is to be quiet"
        await at.moving(asyncio.gather(first, second))
        assert len(at.api.bookings) == 2
        assert (len(one.overcome), len(other.overcome)) == (1, 0)
        assert other.rested_ns == pytest.approx(5 * NS, abs=NS)


async def test_a_wait_that_is_too_long_is_not_begun() -> None:
    async with house(says(429, {"code": "RATE_LIMITED"}, "retry-after: 3600\r\n"), patience_s=60) as at:
        one, other = await at.seat(), await at.seat()
        said = await one.submit(order(1))
        assert isinstance(said, Refusal)
        assert (said.phase, said.message, one.overcome) == (Phase.ANSWERED, "HTTP 429: RATE_LIMITED", ())
        unsent = await other.submit(order(2))
        assert isinstance(unsent, Refusal)
        assert (unsent.phase, len(at.api.submits)) == (Phase.BEFORE_SEND, 1)


@pytest.mark.parametrize("told", ["0", "0.01", "Mon, 01 Mar 2027 11:59:00 GMT"])
async def test_a_wait_that_is_over_already_is_none_and_patience_ends_all_the_same(told: str) -> None:
    always = [says(429, {"code": "RATE_LIMITED"}, f"retry-after: {told}\r\n")] * 500
    async with house(*always, patience_s=60) as at:
        seat = await at.seat()
        said = await at.moving(seat.submit(order()))
        assert isinstance(said, Refusal)
        assert (said.phase, said.message) == (Phase.ANSWERED, "HTTP 429: RATE_LIMITED")
        # After 1, 2, 4, 8 and 16 s; 32 more would be too long.
        assert len(at.api.submits) == 6
        assert seat.rested_ns == pytest.approx(31 * NS, abs=NS)


async def test_a_date_may_say_how_long_to_wait() -> None:
    # The still clock's wall says 12:00:00.
    async with house(says(429, {}, "retry-after: Mon, 01 Mar 2027 12:00:30 GMT\r\n")) as at:
        seat = await at.seat()
        assert isinstance(await at.moving(seat.submit(order())), Submitted)
        assert seat.rested_ns == pytest.approx(30 * NS, abs=NS)


@pytest.mark.parametrize("lost", [raises(Cut(), makes=True), raises(Cut(TRUNCATED), makes=True)])
async def test_a_booking_whose_answer_was_lost_is_found_by_its_key_at_once(lost: Trick) -> None:
    async with house(lost) as at:
        seat = await at.seat()
        assert isinstance(await seat.submit(order()), Refusal)
        assert await seat.find(order()) == UUID(str(at.api.bookings["sf-test-1"]["id"]))
        assert at.clock.now_ns() == 0


async def test_absence_is_proven_only_when_the_server_s_longest_timeout_has_passed() -> None:
    async with house(raises(Cut(), makes=False), settle_s=30) as at:
        seat = await at.seat()
        assert isinstance(await seat.submit(order()), Refusal)
        assert await at.moving(seat.find(order())) is None
        assert 30 * NS <= at.clock.now_ns() <= 31 * NS


async def test_what_proves_absence_is_the_platform_s_longest_request_and_not_our_own_timeout() -> None:
    ground = ForeignApiGround("http://127.0.0.1:1", "", MONDAY, Clearance(local=True, name=""))
    settings = Settings(api=ApiSettings(timeout_s=2, longest_request_s=40))
    target = target_at(ground, settings, RunId("test"), {}, REFERENCE)
    assert (target.terms.timeout_s, target.terms.settle_s) == (2, 40)
    await target.close()


async def test_a_booking_that_the_server_makes_late_is_found() -> None:
    async with house(raises(Cut(), makes=False), settle_s=30) as at:
        seat = await at.seat()
        assert isinstance(await seat.submit(order()), Refusal)
        finding = asyncio.ensure_future(seat.find(order()))
        await until(lambda: bool(at.clock._waits))
        at.api.make(at.api.submits[0])
        assert isinstance(await at.moving(finding), UUID)


async def test_what_can_be_neither_found_nor_excluded_stays_unknown() -> None:
    async with house(raises(Cut(), makes=True), settle_s=1) as at:
        at.api.reads.extend([says(500)] * 100)
        seat = await at.seat()
        assert isinstance(await seat.submit(order()), Refusal)
        told = await at.moving(seat.find(order()))
        assert isinstance(told, Refusal)
        assert certainty_of(told) is Certainty.INFO


@pytest.mark.parametrize("trick", [says(500), says(200, b"no"), raises(Cut(), makes=False)])
async def test_a_look_that_fails_is_a_refusal_and_the_next_one_works(trick: Trick) -> None:
    async with house() as at:
        seat = await at.seat()
        said = await seat.submit(order())
        assert isinstance(said, Submitted)
        at.api.reads.append(trick)
        assert isinstance(await seat.look(order(), said.booking_id), Refusal)
        assert await seat.look(order(), said.booking_id) == Heard("pending")


async def test_all_seats_share_kept_connections_and_never_more_than_the_concurrency() -> None:
    async with house(concurrency=3) as at:

        async def work(worker: int) -> None:
            seat = await at.seat()
            for n in range(10):
                said = await seat.submit(order(worker * 100 + n))
                assert isinstance(said, Submitted)
                await seat.look(order(worker * 100 + n), said.booking_id)

        await asyncio.gather(*(work(worker) for worker in range(3)))
        assert len(at.api.bookings) == 30
        assert at.server.connections == 3


async def test_more_seats_than_at_the_beginning_have_connections_of_their_own() -> None:
    arrived, go = 0, asyncio.Event()

    async def late(api: FakeApi, request: Request) -> bytes:
        nonlocal arrived
        arrived += 1
        await go.wait()
        return api.make(request)

    async with house(late, late, late, concurrency=1) as at:
        first = await at.seat()
        submits = [asyncio.ensure_future(first.submit(order(1)))]
        await until(lambda: arrived == 1)
        submits += [asyncio.ensure_future((await at.seat()).submit(order(n))) for n in (2, 3)]
        await until(lambda: arrived == 3)
        go.set()
        assert all(isinstance(one, Submitted) for one in await asyncio.gather(*submits))
        await first.close()
        assert at.target._work.seats == 2


async def test_without_a_dsn_the_api_tells_what_persists() -> None:
    async with house() as at:
        seat = await at.seat()
        made = [await seat.submit(order(n)) for n in range(1, 8)]
        ids = [one.booking_id for one in made if isinstance(one, Submitted)]
        at.api.note("sf-test-1", tables=["1", "2"], source="inline")
        del at.api.bookings["sf-test-2"]
        assert await at.target.persisted([*ids, UUID(int=7)]) == {ids[0]: 2}
        at.api.reads.extend([says(500)] * 100)
        with pytest.raises(DatabaseFailed, match="HTTP 500"):
            await at.moving(at.target.persisted(ids))


@pytest.mark.parametrize(
    "trick", [raises(Cut(), makes=False), says(503), says(429, {}, "retry-after: 20\r\n"), says(200, b"{")]
)
async def test_one_reading_that_fails_costs_a_run_nothing_of_its_ledger(trick: Trick) -> None:
    async with house() as at:
        seat = await at.seat()
        assert isinstance(await seat.submit(order()), Submitted)
        at.api.note("sf-test-1", tables=["1", "2"], source="inline")
        at.api.reads.append(trick)
        reading = await at.moving(at.target.held([]))
        assert isinstance(reading, Reading)
        assert [row.tables for row in reading.rows.values()] == [["1", "2"]]


async def test_an_api_that_is_away_when_it_is_read_may_be_waited_for() -> None:
    async with house() as at:
        seat = await at.seat()
        assert isinstance(await seat.submit(order()), Submitted)
        at.api.reads.extend([raises(Cut(), makes=False)] * 100)
        with pytest.raises(DatabaseLost, match="could not be asked after"):
            await at.moving(at.target.held([]))


async def test_a_404_of_somebody_else_s_proves_no_loss() -> None:
    async with house() as at:
        seat = await at.seat()
        assert isinstance(await seat.submit(order()), Submitted)
        at.api.reads.extend([says(404, b"<html>404 Not Found</html>", "content-type: text/html\r\n")] * 100)
        with pytest.raises(DatabaseFailed, match="HTTP 404: no problem as JSON"):
            await at.moving(at.target.held([]))
        at.api.reads.clear()
        at.api.bookings.clear()
        assert await at.target.held([]) == Reading({}), "the platform's own word is believed"


async def test_what_the_api_tells_can_be_read_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "PAGE", 3)
    async with house() as at:
        seat = await at.seat()
        for n in range(1, 8):
            assert isinstance(await seat.submit(order(n)), Submitted)
        at.api.note("sf-test-1", tables=["1", "2"], source="inline")
        del at.api.bookings["sf-test-2"]
        whole = await at.target.held([])
        async with at.target.moment() as moment:
            pages = [page async for page in moment.tagged()]
            some = await moment.rows([pages[0][0].booking_id, UUID(int=7)])
            assert await moment.unseen([7]) == frozenset()
        assert some == pages[0][:1]
        assert [len(page) for page in pages] == [2, 3, 1]
        assert {row.booking_id: row for page in pages for row in page} == whole.rows
        at.api.reads.extend([says(500)] * 100)
        async with at.target.moment() as moment:
            with pytest.raises(DatabaseFailed, match="HTTP 500"):
                await at.moving(anext(aiter(moment.tagged())))


async def test_what_it_can_do_depends_on_a_dsn() -> None:
    async with house() as at:
        assert at.target.capabilities == frozenset()
        assert await at.target.pending(["the-mill"], MONDAY) == ()
    target = ApiTarget("api", "http://127.0.0.1:1", RunId("test"), {}, ApiTerms(dsn="postgresql://localhost/x"))
    assert target.capabilities == {Capability.SAMPLE, Capability.VERIFY}
    await target.close()


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with serving(FakeApi().rule) as server:
        made = HttpClient(server.base_url, timeout_s=5, connections=1)
        yield made
        await made.close()


async def test_the_schedule_is_a_floor_that_a_fill_can_be_planned_with(client: HttpClient) -> None:
    floors = await read_schedules(client, ["the-mill", "nowhere"], [MONDAY, MONDAY + dt.timedelta(days=1)])
    assert list(floors) == ["the-mill"]
    floor = floors["the-mill"]
    assert (floor.timezone, floor.reservation_interval_minutes, floor.tables) == ("Europe/London", 15, ())
    assert open_at(floors, MONDAY, dt.time(21, 45)) == ("the-mill",)
    assert open_at(floors, MONDAY, dt.time(22, 0)) == ()
    assert open_at(floors, MONDAY + dt.timedelta(days=1), dt.time(13, 0)) == ()
    plan = FillPlan.of(
        floors,
        seed=1,
        first=MONDAY,
        days=2,
        start=dt.time(12, 0),
        end=dt.time(13, 0),
        interval_min=15,
        stress_max=1,
        min_party=2,
        max_party=2,
        share_slots=False,
    )
    assert len(plan.turns) == 5


async def test_all_restaurants_cannot_be_asked_for_without_a_dsn(client: HttpClient) -> None:
    with pytest.raises(ScheduleUnread, match="give their slugs"):
        await read_schedules(client, ["all"], [MONDAY])


@pytest.mark.parametrize(
    "trick", [says(500), says(200, b"no"), raises(Cut(), makes=False), says(404, b"<html>no such page</html>")]
)
async def test_a_schedule_that_cannot_be_read_is_one_sentence(trick: Trick) -> None:
    api = FakeApi()
    api.reads.append(trick)
    async with serving(api.rule) as server:
        client = HttpClient(server.base_url, timeout_s=5, connections=1)
        with pytest.raises(ScheduleUnread, match="/api/restaurants/the-mill/schedule"):
            await read_schedules(client, ["the-mill"], [MONDAY])
        await client.close()
