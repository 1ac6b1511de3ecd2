"""Whatever comes over the socket, the run answers its own console, goes on, and keeps no more in memory than it may."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import msgspec
import pytest

from engine import link_protocol
from engine.front import LinkLost
from engine.link_door import LinkDoor
from engine.link_protocol import AskAct, AskEvents, AskSnapshot
from engine.link_server import MOST_ASKED_BYTES, MOST_CLIENTS, LinkServer
from engine.model.command import Command, Verb
from engine.sockets import SocketUnfit, socket_path
from tests.engine.test_link import StandingDoor
from tests.hostile.damage import DEEP, damaged

SEEDS = 60 if not os.environ.get("SLOTFILL_SEARCH") else 3000
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[Path, StandingDoor, LinkServer]]:
    path = socket_path(f"ill{os.getpid()}")
    door = StandingDoor()
    server = LinkServer(door)
    await server.open(path)
    yield path, door, server
    await server.close()
    path.unlink(missing_ok=True)


Served = tuple[Path, StandingDoor, LinkServer]


async def is_served(path: Path) -> bool:
    """Whether a console of ours gets its picture."""
    door = await LinkDoor.open(path)
    found = await door.snapshot()
    await door.close()
    return bool(found.run.run_id)


def frame(body: bytes, length: int | None = None) -> bytes:
    return (len(body) if length is None else length).to_bytes(4, "big") + body


async def sent(path: Path, content: bytes) -> bytes:
    """Everything that comes back for it, when nothing follows it."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        writer.write(content)
        writer.write_eof()
        async with asyncio.timeout(20):
            return await reader.read()
    except OSError:
        # Shut before it was sent: a Unix socket says then that it is not connected, which is no ConnectionError.
        return b""
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_damaged_requests_get_a_sentence_or_the_door(served: Served) -> None:
    path, standing, _ = served
    asks = [AskSnapshot(), AskEvents(3), AskAct(Command(Verb.MARK, ("here",)), "ana")]
    bodies = [msgspec.msgpack.encode(ask) for ask in asks]
    for seed in range(SEEDS):
        draws = Random(seed)
        body = damaged(draws.choice(bodies), draws)
        answer = await sent(path, frame(body) * draws.randrange(1, 4))
        while answer:
            size = int.from_bytes(answer[:4], "big")
            msgspec.msgpack.decode(answer[4 : 4 + size])
            answer = answer[4 + size :]
    assert await is_served(path)
    assert all(command.verb is Verb.MARK for command, _ in standing.acts)


@pytest.mark.parametrize("deep", DEEP[2:], ids=["lists", "maps"])
async def test_a_request_nested_without_end_gets_a_sentence(served: Served, deep: bytes) -> None:
    answer = await sent(served[0], frame(deep[:MOST_ASKED_BYTES]))
    assert b"could not be read" in answer
    assert await is_served(served[0])


@pytest.mark.parametrize("length", [MOST_ASKED_BYTES + 1, 2**31, 2**32 - 1])
async def test_a_request_of_any_length_is_not_waited_for(served: Served, length: int) -> None:
    assert await sent(served[0], frame(b"x" * 100, length)) == b""
    assert await is_served(served[0])


async def test_half_a_request_and_silence_is_let_go(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_protocol, "HALF_S", 0.0)
    reader, writer = await asyncio.open_unix_connection(str(served[0]))
    writer.write(frame(b"x" * 50)[:20])
    async with asyncio.timeout(20):
        assert await reader.read() == b""
    writer.close()
    monkeypatch.undo()
    assert await is_served(served[0])


async def test_of_thousands_who_only_hold_the_line_none_keeps_a_console_out(served: Served) -> None:
    path, _, server = served
    console = await LinkDoor.open(path, who="ana")
    held: list[Streams] = []
    for number in range(MOST_CLIENTS + 40):
        held.append(await asyncio.open_unix_connection(str(path)))
        assert server.clients <= MOST_CLIENTS
        if number % 50 == 0:
            # One that asks stays, however many come: it is never the one that asked longest ago.
            assert (await console.snapshot()).run.run_id
    assert await is_served(path)
    assert len(server.attached) == 1
    await console.close()
    for _, writer in held:
        writer.close()


async def test_one_who_asks_without_reading_holds_nobody_up_and_fills_no_memory(served: Served) -> None:
    path, _, server = served
    _, writer = await asyncio.open_unix_connection(str(path), limit=1024)
    writer.write(frame(msgspec.msgpack.encode(AskSnapshot())) * 4_000)
    door = await LinkDoor.open(path)
    for _ in range(20):
        assert (await door.snapshot()).run.run_id
    (_, theirs), *_ = server._clients.items()
    assert theirs.transport.get_write_buffer_size() < 4 * 1024 * 1024
    await door.close()
    writer.transport.abort()


async def test_many_requests_at_once_are_answered_in_order_and_others_between_them(served: Served) -> None:
    path, _, _ = served
    door = await LinkDoor.open(path)
    many = asyncio.create_task(
        sent(path, b"".join(frame(msgspec.msgpack.encode(AskEvents(number))) for number in range(400)))
    )
    async with asyncio.timeout(30):
        assert (await door.snapshot()).run.run_id
    answers, numbers = await many, []
    while answers:
        size = int.from_bytes(answers[:4], "big")
        numbers.append(msgspec.msgpack.decode(answers[4 : 4 + size])["next"])
        answers = answers[4 + size :]
    assert numbers == list(range(400))
    await door.close()


async def test_whoever_acts_is_named_in_a_line_that_fits(served: Served) -> None:
    path, standing, _ = served
    door = await LinkDoor.open(path)
    await door.act(Command(Verb.MARK, ("x",)), "\x1b[2J" + "w" * 5000)
    ((_, who),) = standing.acts
    assert len(who) <= 80
    assert "\x1b" not in who
    await door.close()


@pytest.mark.parametrize(
    "said",
    [b"", frame(b"\xc1"), frame(DEEP[2]), frame(b"\x80"), frame(b"x", 2**32 - 1), frame(b"\xa3abc") * 2],
    ids=["nothing", "no msgpack", "deep", "an empty map", "too long", "a text"],
)
async def test_an_engine_that_is_none_is_told_in_a_sentence(tmp_path: Path, said: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(said)
        await writer.drain()
        writer.close()

    path = socket_path(f"not{os.getpid()}")
    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(answer, path=str(path))
    with pytest.raises(LinkLost) as lost:
        await LinkDoor.open(path)
    assert "\n" not in str(lost.value)
    server.close()
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("path", ["/nowhere/x", "\0", "x" * 500, "/", "/dev/null"])
async def test_a_socket_that_is_none_is_told_in_a_sentence(path: str) -> None:
    with pytest.raises(LinkLost, match="nobody answers"):
        await LinkDoor.open(Path(path))


@pytest.mark.parametrize("planted", ["file", "nowhere"])
def test_what_was_planted_where_our_sockets_go_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / f"slotfill-{os.getuid()}"
    if planted == "file":
        folder.write_text("")
    else:
        folder.symlink_to(tmp_path / "nowhere")
    with pytest.raises(SocketUnfit, match="private folder"):
        socket_path("abc")
