"""Answers that no booking API gives: each is one clear refusal with its certainty, and costs no more than it may."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from unicodedata import category
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.api_answers import found, looked, submitted
from engine.api_problems import refused as refusal_of_answer
from engine.api_problems import told_to_wait_s
from engine.api_schedule import floor_of, schedule
from engine.api_seat import ApiTerms
from engine.base_url import look_at_api
from engine.http import HTTP_ERRORS, HttpClient
from engine.model.http import Answer
from engine.model.ids import RunId
from engine.model.outcome import Certainty, Phase, Refusal, certainty_of
from engine.model.step import Step
from engine.target import Heard, Submitted
from engine.targets.api import ApiTarget
from tests.raw_server import Cut, Request, answer, serving
from tests.targets.test_api import MONDAY, order

ID = str(UUID(int=7)).encode()
DEEP = b"[" * 10_000 + b"]" * 10_000
MADE = b'{"booking":{"id":"' + ID + b'","status":"confirmed"%b}}'
BOMB = gzip.compress(bytes(64 * 1024 * 1024), 9, mtime=0)
GZIP = "content-encoding: gzip\r\n"

IN_DOUBT = {
    "no json": answer(201, b"\x00\x01<html>"),
    "no text": answer(201, MADE % b',"status":"\xff"'),
    "an id that is none": answer(201, b'{"booking":{"id":"one"}}'),
    "no number": answer(201, MADE % b',"status":NaN'),
    "nested 10,000 deep": answer(201, MADE % (b',"x":' + DEEP)),
    "a note nested 10,000 deep": answer(201, MADE % (b',"auto_assign_last_result":' + DEEP)),
    "a status of a megabyte": answer(201, b'{"booking":{"id":"%b","status":"%b"}}' % (ID, b"x" * 2**20)),
    "half a surrogate": answer(201, b'{"booking":{"id":"%b","status":"\\ud800"}}' % ID),
    "a bomb": answer(201, BOMB, GZIP),
    "packed": answer(201, gzip.compress(MADE % b"", mtime=0), GZIP),
    "a coding with an escape sequence": answer(201, b"x", "content-encoding: \x9b2J\r\n"),
    "too short a length": answer(201, MADE % b"").replace(b"content-length: 7", b"content-length: 1"),
    "two lengths": b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    "a length below nothing": b"HTTP/1.1 201 Created\r\ncontent-length: -2\r\n\r\n{}",
    "a length beyond all": b"HTTP/1.1 201 Created\r\ncontent-length: " + b"9" * 40 + b"\r\n\r\n{}",
    "a chunk of no size": b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n\x1b[2J\r\n",
    "a chunk of all sizes": b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n",
    "chunks of one byte": b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 50_000,
    "heads without end": b"HTTP/1.1 103 Hints\r\n\r\n" * 1_000,
    "headers without end": b"HTTP/1.1 201 Created\r\n" + b"x: y\r\n" * 100_000,
    "a header of a megabyte": b"HTTP/1.1 201 Created\r\nx: " + b"y" * 2**20,
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
    "http/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64",
    "a 204 with a body": b"HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\n{}",
    "a 304 with a body": b"HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\n{}",
    "a redirect to another host": answer(307, b"", "location: http://127.0.0.2:1/api/bookings\r\n"),
    "a 500 with escape sequences": answer(500, b'{"error":"\\u001b[2J\\u0000\\n\\u009b5n"}'),
    "a 500 of a megabyte": answer(500, json.dumps({"error": "x" * 2**20}).encode()),
}
PROVEN = {
    "a 409 with escape sequences": answer(409, b'{"error":"\\u001b[2J\\u0000\\nfull","code":"\\u009b5n"}'),
    "a 400 nested 10,000 deep": answer(400, b'{"error":"no","details":' + DEEP + b"}"),
    "a 400 that is no text": answer(400, b'{"error":"\xff"}'),
    "a 409 that is packed": answer(409, BOMB, GZIP),
    "a 422 of a megabyte": answer(422, json.dumps({"error": "x" * 2**20}).encode()),
}


@asynccontextmanager
async def seated(told: bytes, *, hangs_up: bool = True) -> AsyncIterator[tuple[ApiTarget, list[Request]]]:
    """A target whose server gives every request that answer."""

    async def rule(request: Request) -> bytes:
        if hangs_up:
            raise Cut(told)
        return told

    async with serving(rule) as server:
        target = ApiTarget("api", server.base_url, RunId("test"), {}, ApiTerms(timeout_s=5, concurrency=1))
        yield target, server.requests
        await target.close()


def is_clear(refusal: Refusal) -> bool:
    """One line that a terminal can take, and that a reader can."""
    return is_shown(refusal.message) and 0 < len(refusal.message) < 500


def is_shown(text: str) -> bool:
    """Nothing in it steers a terminal or begins another line."""
    return not any(category(one) in ("Cc", "Cs", "Zl", "Zp") or one in "\u200e\u200f\u202e\u2066" for one in text)


async def test_the_checks_see_an_answer_that_is_in_order() -> None:
    async with seated(answer(201, MADE % b',"id":"%b","x":1e999' % ID)) as (target, _):
        said = await (await target.seat("w01")).submit(order())
    # Of a key that comes twice the last one counts, as it does for the platform's own clients.
    assert isinstance(said, Submitted)
    assert said.booking_id == UUID(int=7)
    assert not is_clear(Refusal(step=Step.SUBMIT, phase=Phase.ANSWERED, message="\x1b[2J"))


@pytest.mark.parametrize("name", [*IN_DOUBT, *PROVEN])
async def test_a_hostile_answer_is_one_refusal(name: str) -> None:
    proven = name in PROVEN
    async with seated((PROVEN if proven else IN_DOUBT)[name]) as (target, requests):
        seat = await target.seat("w01")
        said = await seat.submit(order())
        assert isinstance(said, Refusal)
        assert certainty_of(said) is (Certainty.FAIL if proven else Certainty.INFO)
        assert is_clear(said)
        assert len(requests) == 1, "nothing in doubt is sent twice, and no redirect is followed"
        assert isinstance(await seat.look(order(), UUID(int=7)), Refusal)


async def test_a_bomb_is_never_unpacked() -> None:
    async with serving(lambda _: _given(answer(200, BOMB, GZIP))) as server:
        client = HttpClient(server.base_url, timeout_s=5, connections=1)
        told = await client.get("/")
        await client.close()
    assert told.body == BOMB
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("head", [b"content-length: 100000000", b"x: y"])
async def test_a_stream_without_end_is_left(head: bytes) -> None:
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
        try:
            while True:
                writer.write(bytes(65536))
                sent += 65536
                await writer.drain()
        except ConnectionError:
            writer.close()

    async with pouring(pour) as client:
        with pytest.raises(HTTP_ERRORS, match="more than 8388608 bytes"):
            await client.get("/")
    assert sent < 64 * 1024 * 1024


async def test_hints_that_drip_without_end_are_bounded_by_the_deadline() -> None:
    async def hint(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while not writer.is_closing():
            for piece in (b"HTTP/1.1 103 H", b"ints\r\n", b"\r\n"):
                writer.write(piece)
                await asyncio.sleep(0.01)

    async with pouring(hint, timeout_s=0.1) as client:
        with pytest.raises(HTTP_ERRORS, match=r"no answer within 0\.1 s"):
            await client.get("/")


JSON: st.SearchStrategy[object] = st.one_of(
    st.sampled_from([None, True, [], {}, [["x"]], {"x": {}}, 0, -1, 2**70, 0.5, -1e300]),
    st.sampled_from([str(UUID(int=8)), "confirmed", "pending", "inline", "\x1b[2J", "exhausted: \x00\n"]),
    st.text(max_size=4),
)
NOTE = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("success", "reason", "durationMs", "source"), JSON),
)
BOOKING = st.fixed_dictionaries(
    {"id": st.just(str(UUID(int=7))) | JSON},
    optional={
        "status": JSON,
        "tables": st.lists(st.text(max_size=4), max_size=3) | JSON,
        "seats": st.integers() | JSON,
        "zone": JSON,
        "isFinal": JSON,
        "auto_assign_last_result": NOTE | JSON,
        "autoAssignLastResult": NOTE | JSON,
    },
)
PROBLEM = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("error", "message", "code", "details", "issues"), JSON) | {"duplicate": JSON}
)
BODIES = (
    st.binary(max_size=40)
    | (JSON | BOOKING | PROBLEM).map(lambda told: json.dumps(told).encode())
    | st.tuples(BOOKING, PROBLEM).map(lambda both: json.dumps({"booking": both[0], **both[1]}).encode())
    | st.lists(BOOKING, max_size=2).map(lambda some: json.dumps({"bookings": some}).encode())
)


@settings(max_examples=60)
@given(st.sampled_from([200, 200, 201, 202, 204, 301, 400, 404, 408, 409, 429, 500]), BODIES)
def test_no_body_is_more_than_words(status: int, body: bytes) -> None:
    told = Answer(status, {}, body)
    said = (
        submitted(told, order()),
        looked(told, order()),
        found(told, order()),
        refusal_of_answer(told, Step.SUBMIT, order()),
    )
    for one in said:
        heard = one.heard if isinstance(one, Submitted) else one
        if isinstance(heard, Refusal):
            assert is_clear(heard)
        elif isinstance(heard, Heard):
            words = [heard.status, heard.zone or "", heard.reason or "", *heard.tables]
            assert all(is_shown(word) and len(word) <= 300 for word in words)
            assert heard.planner_ns is None or 0 <= heard.planner_ns < 2**63
            assert msgspec.json.decode(msgspec.json.encode(heard), type=Heard) == heard
    assert is_shown(why_no_day(told))


@pytest.mark.parametrize("body", [DEEP, b"\xff", b"\x00", BOMB])
async def test_an_address_is_looked_at_whatever_it_says(body: bytes) -> None:
    async with serving(lambda _: _given(answer(200, body))) as server:
        found_there = await look_at_api(server.base_url, "here", timeout_s=5)
    assert (found_there.status, found_there.is_alive) == (200, False)
    assert is_shown(found_there.note)


@pytest.mark.parametrize("host", ["booking..example", f"{'b' * 64}.example"])
async def test_a_host_that_is_none_is_told_with_its_cure(host: str) -> None:
    found_there = await look_at_api(f"http://{host}:3000", "here", timeout_s=1)
    assert found_there.trouble == "does not resolve: its host has a part between dots that is empty or too long"


async def test_a_redirect_is_told_as_one_where_the_address_is_looked_at_and_where_a_day_is_read() -> None:
    moved = answer(308, b"", "location: https://127.0.0.1/\r\n")
    async with serving(lambda _: _given(moved)) as server:
        found_there = await look_at_api(server.base_url, "here", timeout_s=5)
    assert (found_there.status, found_there.is_alive) == (308, False)
    assert found_there.note == "status 308 is a redirect, which is not followed; give the address it leads to"
    assert why_no_day(Answer(308, {}, b"")).startswith("HTTP 308: a redirect, which is not followed")


def why_no_day(told: Answer) -> str:
    """Why an answer is no day; empty when it is one."""
    try:
        floor_of("x", [(MONDAY, schedule(told))])
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "changed",
    [
        {"timezone": "../../etc/passwd"},
        {"timezone": "Nowhere/\x1b[2J"},
        {"timezone": "Europe"},
        {"timezone": "x" * 5000},
        {"timezone": ""},
        {"intervalMinutes": 0},
        {"intervalMinutes": -15},
        {"window": {"opensAt": "noon", "closesAt": "22:00"}},
        {"window": {"opensAt": "12:00\n", "closesAt": "22:00"}},
        {"window": {"opensAt": "12:00", "closesAt": "25:00"}},
    ],
)
def test_a_day_that_cannot_be_is_one_sentence(changed: dict[str, object]) -> None:
    day = {"restaurantId": str(UUID(int=7)), "timezone": "Europe/London", "intervalMinutes": 15, "isClosed": False}
    window = {"window": {"opensAt": "12:00", "closesAt": "22:00"}}
    assert not why_no_day(Answer(200, {}, json.dumps(day | window).encode()))
    why = why_no_day(Answer(200, {}, json.dumps(day | window | changed).encode()))
    assert why
    assert is_shown(why)


@settings(max_examples=60)
@given(st.text("0123456789.:-+ MonJaGT,\u0663", max_size=40) | st.datetimes().map(format_datetime))
def test_whatever_a_server_says_of_waiting_is_a_time_or_nothing(told: str) -> None:
    wait_s = told_to_wait_s(Answer(429, {"retry-after": told}, b""), datetime(2027, 3, 1, tzinfo=UTC))
    assert wait_s is None or 0 <= wait_s <= 7 * 24 * 3600


@pytest.mark.parametrize("told", ["9" * 400, "Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359"])
def test_a_wait_without_end_is_not_believed(told: str) -> None:
    assert not told_to_wait_s(Answer(429, {"retry-after": told}, b""), datetime(2027, 3, 1, tzinfo=UTC))


async def _given(told: bytes) -> bytes:
    return told


@asynccontextmanager
async def pouring(
    pour: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], timeout_s: float = 20
) -> AsyncIterator[HttpClient]:
    """A client of a server that writes as it likes; both are gone when the block is left."""
    ended = asyncio.Event()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await pour(reader, writer)
        finally:
            writer.close()
            ended.set()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    client = HttpClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout_s=timeout_s, connections=1)
    try:
        yield client
    finally:
        await client.close()
        await asyncio.wait_for(ended.wait(), 20)
        server.close()
        await server.wait_closed()
