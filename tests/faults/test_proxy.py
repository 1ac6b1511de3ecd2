"""The proxy leads everything through unchanged, and does exactly what its rules say, where they say it."""

import asyncio
import struct
import time
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.framing import GSS, SSL, Client, Frames, bare, opening
from tests.faults.proxy import Proxy, proxied
from tests.faults.rules import Act, Rule, Weather
from tests.scratch import ScratchDatabase

GONE = (asyncpg.ConnectionDoesNotExistError, asyncpg.InterfaceError, ConnectionError)


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def simple(sql: str) -> bytes:
    return message(b"Q", sql.encode() + b"\0")


@given(st.lists(st.tuples(st.sampled_from([b"Q", b"D", b"Z"]), st.binary(max_size=40))), st.data())
def test_however_bytes_are_cut_the_same_messages_come_out(sent: list[tuple[bytes, bytes]], data: Any) -> None:
    stream = b"".join(message(kind, body) for kind, body in sent)
    frames = Frames()
    found = []
    while stream:
        at = data.draw(st.integers(1, len(stream)))
        found += list(frames.feed(stream[:at]))
        stream = stream[at:]
    assert [(one.kind, one.raw[5:]) for one in found] == sent


def test_a_commit_is_known_in_a_simple_query_and_in_parse_bind_execute() -> None:
    client = Client()
    assert [bare(one.sql) for one in client.feed(simple("-- why\n /* and */ COMMIT;"))] == ["COMMIT;"]
    parsed = message(b"P", b"s1\0commit\0\0\0") + message(b"P", b"s2\0SELECT 1\0\0\0")
    bound = message(b"B", b"\0s1\0\0\0\0\0\0\0") + message(b"B", b"p2\0s2\0\0\0\0\0\0\0")
    run = message(b"E", b"\0\0\0\0\0") + message(b"E", b"p2\0\0\0\0\0") + message(b"S", b"")
    assert [one.sql for one in client.feed(parsed + bound + run)] == ["", "", "", "", "commit", "SELECT 1", ""]


def test_a_startup_tells_its_application_name_and_a_request_for_encryption_is_none() -> None:
    body = struct.pack("!I", 196608) + b"user\0me\0application_name\0slotfill 1 w03\0\0"
    first = opening(struct.pack("!I", len(body) + 4) + body)
    assert first.is_startup
    assert first.parameters == {"user": "me", "application_name": "slotfill 1 w03"}
    for code in (SSL, GSS):
        assert opening(struct.pack("!II", 8, code)).asks_for_encryption


def test_equal_seeds_choose_equal_messages_of_a_name_and_others_choose_others() -> None:
    rule = Rule(Act.CUT, share=0.3)
    drawn = [[rule.chooses(seed, "w01", number) for number in range(200)] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert 30 < sum(drawn[0]) < 90


async def joined(proxy: Proxy, name: str = "w00") -> "asyncpg.Connection[Any]":
    """A connection through the proxy, with a table of its own to write to."""
    return await asyncpg.connect(proxy.dsn, timeout=10, server_settings={"application_name": name})


async def prepared(database: ScratchDatabase) -> "asyncpg.Connection[Any]":
    direct = await database.connect()
    await direct.execute("CREATE TABLE noted (n int)")
    return direct


async def write(connection: "asyncpg.Connection[Any]", number: int, timeout_s: float = 5.0) -> int:
    """Write a row in a transaction; its id."""
    async with asyncio.timeout(timeout_s):
        await connection.execute("BEGIN")
        xid: int = await connection.fetchval(
            "INSERT INTO noted VALUES ($1) RETURNING pg_current_xact_id()::text::bigint", number
        )
        await connection.execute("COMMIT")
    return xid


async def there(direct: "asyncpg.Connection[Any]", within_s: float = 5.0) -> list[int]:
    """What is there, once no other session has a transaction open."""
    until = time.monotonic() + within_s
    busy = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL "
        "AND pid <> pg_backend_pid()"
    )
    while await direct.fetchval(busy) and time.monotonic() < until:  # noqa: ASYNC110 - a real server
        await asyncio.sleep(0.01)
    return [row["n"] for row in await direct.fetch("SELECT n FROM noted ORDER BY n")]


@pytest.mark.parametrize(
    "weather",
    [Weather(), Weather(slice_bytes=1), Weather(delay_s=0.002, jitter_s=0.003), Weather(bytes_per_s=200_000)],
)
async def test_in_any_weather_the_same_bytes_arrive(database: ScratchDatabase, weather: Weather) -> None:
    async with proxied(database.dsn) as proxy:
        connection = await joined(proxy)
        proxy.weather = weather
        text = "x" * 3000
        assert await connection.fetchval("SELECT $1::text", text) == text
        assert len(await connection.fetch("SELECT generate_series(1, 200)")) == 200
        await connection.close()
        assert proxy.done == []


@pytest.mark.parametrize(
    ("act", "commits"), [(Act.SWALLOW, False), (Act.CUT, True), (Act.CUT_AT_ANSWER, True), (Act.HALF_CLOSE, True)]
)
async def test_a_cut_at_commit_leaves_the_row_there_or_not_as_it_was_forwarded_or_not(
    database: ScratchDatabase, act: Act, commits: bool
) -> None:
    direct = await prepared(database)
    rules = Rule(act, name="w00", nth=2), Rule(act, name="w02", nth=1, reset=True)
    async with proxied(database.dsn, *rules) as proxy:
        connection, other, third = await joined(proxy), await joined(proxy, "w01"), await joined(proxy, "w02")
        await write(connection, 1)
        with pytest.raises(GONE):
            await write(connection, 2)
        await write(other, 3)
        await write(other, 4)
        with pytest.raises(GONE):
            await write(third, 5)
        assert await there(direct) == [1, *[2] * commits, 3, 4, *[5] * commits]
        assert [(one.act, one.name, one.number) for one in proxy.done] == [(act, "w00", 2), (act, "w02", 1)]
        await other.close()
    await direct.close()


@pytest.mark.parametrize(("act", "commits"), [(Act.LOSE, False), (Act.BLACK_HOLE, True)])
async def test_what_stays_open_without_an_answer_is_a_timeout_and_its_cancel_request_is_led_through(
    database: ScratchDatabase, act: Act, commits: bool
) -> None:
    direct = await prepared(database)
    async with proxied(database.dsn, Rule(act)) as proxy:
        connection = await joined(proxy)
        with pytest.raises(TimeoutError):
            await write(connection, 1, timeout_s=0.3)
        connection.terminate()
        assert await there(direct) == [1] * commits
        assert proxy.count(act) == 1
    await direct.close()


async def test_a_cancel_request_comes_by_a_connection_of_its_own_and_reaches_the_server(
    database: ScratchDatabase,
) -> None:
    async with proxied(database.dsn) as proxy:
        connection = await joined(proxy)
        with pytest.raises(TimeoutError):
            await connection.fetchval("SELECT pg_sleep(20)", timeout=0.2)
        assert await connection.fetchval("SELECT 1") == 1
        assert proxy.cancels == 1
        await connection.close()


async def test_a_commit_that_only_gives_something_back_is_not_the_one_meant(database: ScratchDatabase) -> None:
    direct = await prepared(database)
    async with proxied(database.dsn, Rule(Act.SWALLOW, after="INSERT INTO noted")) as proxy:
        connection = await joined(proxy)
        await connection.execute("BEGIN")
        await connection.fetch("DELETE FROM noted WHERE n = $1", 1)
        await connection.execute("COMMIT")
        with pytest.raises(GONE):
            await write(connection, 1)
        assert proxy.done[0].number == 1
    await direct.close()


async def test_a_partition_holds_everything_up_and_afterwards_it_arrives(database: ScratchDatabase) -> None:
    async with proxied(database.dsn) as proxy:
        connection = await joined(proxy)
        async with proxy.partition():
            asked = asyncio.ensure_future(connection.fetchval("SELECT 7"))
            with pytest.raises(TimeoutError):
                await asyncpg.connect(proxy.dsn, timeout=0.2)
            assert not asked.done()
        assert await asked == 7
        await connection.close()


async def test_a_proxy_that_refuses_lets_nobody_in_and_one_that_cuts_sends_all_away(database: ScratchDatabase) -> None:
    async with proxied(database.dsn) as proxy:
        connections = [await joined(proxy) for _ in range(3)]
        proxy.refuses = True
        with pytest.raises((ConnectionError, asyncpg.PostgresError)):
            await joined(proxy)
        assert proxy.cut_all() == 3
        for connection in connections:
            with pytest.raises(GONE):
                await connection.fetchval("SELECT 1")
        assert proxy.refused >= 1


async def test_what_is_encrypted_is_led_through_as_it_is() -> None:
    """A server that says yes to encryption: from then on no byte is looked at."""
    heard = b""

    async def says_yes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        await reader.readexactly(8)
        writer.write(b"S")
        heard = await reader.readexactly(20)
        writer.write(heard[::-1])
        writer.close()

    server = await asyncio.start_server(says_yes, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with proxied(f"postgresql://me@127.0.0.1:{port}/none", Rule(Act.SWALLOW)) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.dsn.rsplit(":", 1)[1].split("/")[0]))
        writer.write(struct.pack("!II", 8, SSL))
        assert await reader.readexactly(1) == b"S"
        writer.write(b"Q\0\0\0\x0bCOMMIT\0" + bytes(8))
        assert await reader.read() == heard[::-1]
        assert proxy.opaque == 1
        assert proxy.done == []
        writer.close()
    server.close()
