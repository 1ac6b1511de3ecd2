"""The link: a run in this process behind a real socket; nonsense costs its sender the link and nobody else anything."""

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import event_loop
from engine.front import AnswerLost, LinkLost
from engine.link_door import LinkDoor
from engine.link_protocol import AskSnapshot
from engine.link_server import LinkServer
from engine.model.command import Answer, Command, Hello, Verb
from engine.model.detail import Detail
from engine.model.event import Event
from engine.model.snapshot import RunSnapshot
from engine.sockets import SocketUnfit, socket_path, sweep
from tests.tui.stills import full


class StandingDoor:
    """A door that always shows the same picture and remembers what was asked of it."""

    def __init__(self) -> None:
        self.acts: list[tuple[Command, str]] = []
        self.protocol = 1

    async def hello(self) -> Hello:
        return Hello(self.protocol, "0", 1, "abc", "/nowhere")

    async def snapshot(self) -> RunSnapshot:
        return full()

    async def events(self, since: int) -> tuple[int, tuple[Event, ...]]:
        return since, ()

    async def act(self, command: Command, who: str) -> Answer:
        self.acts.append((command, who))
        return Answer(done=True, text=command.verb.value)

    async def detail(self, kind: str, wanted: str) -> Detail:
        return Detail(kind, wanted, 0)

    async def close(self) -> None: ...


@pytest.fixture
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Path, StandingDoor, LinkServer]]:
    path = socket_path(f"test{os.getpid()}")
    door = StandingDoor()
    server = LinkServer(door)
    await server.open(path)
    yield path, door, server
    await server.close()
    path.unlink(missing_ok=True)


Served = tuple[Path, StandingDoor, LinkServer]


async def test_what_is_asked_over_the_socket_is_what_the_door_answers(served: Served) -> None:
    path, standing, _ = served
    door = await LinkDoor.open(path)
    assert await door.snapshot() == full()
    assert await door.act(Command(Verb.MARK, ("here",)), "ana@pts/1") == Answer(done=True, text="mark")
    assert standing.acts == [(Command(Verb.MARK, ("here",)), "ana@pts/1")]
    assert await door.events(7) == (7, ())
    await door.close()


async def test_the_socket_is_its_owner_s_alone(served: Served) -> None:
    mode = served[0].stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert not mode & 0o077
    assert not served[0].parent.stat().st_mode & 0o077


async def test_many_ask_at_once_over_one_door_and_each_gets_its_own_answer(served: Served) -> None:
    door = await LinkDoor.open(served[0])
    answers = await asyncio.gather(*(door.events(number) for number in range(50)))
    assert [number for number, _ in answers] == list(range(50))
    await door.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200), lie=st.integers(0, 2**32 - 1) | st.none())
async def test_nonsense_gets_a_sentence_or_the_door_and_the_next_client_is_served(
    served: Served, body: bytes, lie: int | None
) -> None:
    reader, writer = await asyncio.open_unix_connection(str(served[0]))
    writer.write((len(body) if lie is None else lie).to_bytes(4, "big") + body)
    writer.write_eof()
    async with asyncio.timeout(5):
        answer = await reader.read()
    if answer and lie is None:
        said = msgspec.msgpack.decode(answer[4:])
        assert isinstance(said, dict | str | list)
    writer.close()
    await writer.wait_closed()
    door = await LinkDoor.open(served[0])
    await door.hello()
    await door.close()


async def test_another_protocol_is_told_by_name(served: Served) -> None:
    served[1].protocol = 99
    with pytest.raises(LinkLost, match="protocol 99"):
        await LinkDoor.open(served[0])


async def test_a_link_that_was_lost_is_found_again_when_the_engine_is_back(served: Served) -> None:
    path, standing, server = served
    door = await LinkDoor.open(path)
    await server.close()
    with pytest.raises(LinkLost):
        await door.snapshot()
    with pytest.raises(LinkLost, match="nobody answers"):
        await door.snapshot()
    again = LinkServer(standing)
    await again.open(path)
    assert (await door.snapshot()).run == full().run
    await door.close()
    await again.close()


async def test_a_folder_that_is_not_plainly_ours_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / f"slotfill-{os.getuid()}"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.raises(SocketUnfit, match="private"):
        socket_path("abc")
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(SocketUnfit, match="private"):
        socket_path("abc")


async def test_a_folder_beside_the_sockets_is_left_alone_however_old(served: Served) -> None:
    # For anybody but root the server's own sockets lie there, in a folder.
    folder = served[0].parent / f"pg-{os.getpid()}"
    folder.mkdir()
    old = served[0].stat().st_mtime - 1000
    os.utime(folder, (old, old))
    sweep(served[0])
    assert folder.is_dir()
    folder.rmdir()


async def test_sockets_of_killed_engines_are_swept_and_those_of_live_ones_stay(served: Served) -> None:
    folder = served[0].parent
    dead = folder / f"dead{os.getpid()}"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(dead))
    left.close()
    sweep(served[0])
    assert dead.exists(), "it may be about to listen"
    old = served[0].stat().st_mtime - 100
    os.utime(dead, (old, old))
    sweep(served[0])
    assert not dead.exists()
    other = folder / f"own{os.getpid()}"
    again = LinkServer(served[1])
    await again.open(other)
    os.utime(served[0], (old, old))
    sweep(other)
    assert served[0].exists(), "somebody listens there"
    await again.close()
    other.unlink(missing_ok=True)
    door = await LinkDoor.open(served[0])
    await door.close()


def test_a_client_that_reads_nothing_does_not_keep_an_engine_from_its_end(tmp_path: Path) -> None:
    async def ends() -> list[int]:
        server, path = LinkServer(StandingDoor()), socket_path(f"test{os.getpid()}")
        await server.open(path)
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)
            client.connect(str(path))
            ask = msgspec.msgpack.encode(AskSnapshot())
            client.send((len(ask).to_bytes(4, "big") + ask) * 500)
            while not any(  # noqa: ASYNC110 - the server's own loop is this one, and no event tells of it
                writer.transport.get_write_buffer_size() for writer in server._clients.values()
            ):
                await asyncio.sleep(0)
            writers = list(server._clients.values())
            await server.close()
            path.unlink(missing_ok=True)
            return [writer.transport.get_write_buffer_size() for writer in writers]

    assert event_loop.run(ends()) == [0]


async def test_a_socket_whose_queue_is_full_keeps_nobody_from_starting(served: Served) -> None:
    stuck = served[0].parent / f"stuck{os.getpid()}"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(stuck))
    listening.listen(0)
    waiting = []
    try:
        while True:
            one = socket.socket(socket.AF_UNIX)
            waiting.append(one)
            one.setblocking(False)
            if one.connect_ex(str(stuck)):
                break
        old = served[0].stat().st_mtime - 100
        os.utime(stuck, (old, old))
        async with asyncio.timeout(5):
            await asyncio.to_thread(sweep, served[0])
        assert stuck.exists(), "somebody has it, and only stands still"
    finally:
        for one in (*waiting, listening):
            one.close()
        stuck.unlink()


async def test_what_was_asked_and_not_answered_is_told_from_what_was_never_sent(tmp_path: Path) -> None:
    path = socket_path(f"deaf{os.getpid()}")
    left: asyncio.Queue[bytes] = asyncio.Queue()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard = await reader.read()
        writer.close()
        await writer.wait_closed()
        left.put_nowait(heard)

    server = await asyncio.start_unix_server(deaf, path=str(path))
    try:
        with pytest.raises(AnswerLost, match="no answer in time"):
            await LinkDoor(path, 0.05).act(Command(Verb.STOP), "ana")
        assert b"stop" in await left.get(), "an engine that stands still hears it when it goes on"
    finally:
        server.close()
        await server.wait_closed()
        path.unlink(missing_ok=True)
    with pytest.raises(LinkLost) as unsent:
        await LinkDoor(path, 0.05).act(Command(Verb.STOP), "ana")
    assert not isinstance(unsent.value, AnswerLost)
