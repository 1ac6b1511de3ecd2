"""The front door over a Unix socket: length-prefixed msgpack, one answer for one request, in order."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, assert_never

import msgspec

from engine.front import AnswerLost, FrontDoor, LinkLost
from engine.model.attached import Attached
from engine.model.command import Answer, Command, Hello, Verb
from engine.model.detail import Detail
from engine.model.event import Event
from engine.model.snapshot import RunSnapshot
from engine.records.reading import UNREADABLE
from engine.redact import mask

PROTOCOL = 1
MOST_BYTES = 32 * 1024 * 1024
"""No frame is longer; a longer one is not ours."""
MOST_ASKED_BYTES = 256 * 1024
"""No request is longer: what was begun of one is kept in memory until its end has come."""
MOST_CLIENTS = 128
"""So many are served at once; for one more, the one that asked longest ago is let go."""
HALF_S = 10.0
"""Longest time between the first byte of a request and its last."""
LAST_ANSWER_S = 1.0
"""Longest time that a client which is let go has to read what it was sent last."""
_LONGEST_WHO = 80
_SHARED_S = 0.2
"""A picture that one console was given is given to the others for so long: each asks four times a second."""


class AskHello(msgspec.Struct, frozen=True, tag="hello"):
    """Who is there?"""

    protocol: int = PROTOCOL
    who: str = ""
    """Who asks, if a console does; empty for a client that is none."""
    watches: bool = False
    """It will only watch."""


class AskSnapshot(msgspec.Struct, frozen=True, tag="snapshot"):
    """The run now."""


class AskEvents(msgspec.Struct, frozen=True, tag="events"):
    """Events from that number on."""

    since: int


class AskAct(msgspec.Struct, frozen=True, tag="act"):
    """Do this."""

    command: Command
    who: str


class AskDetail(msgspec.Struct, frozen=True, tag="detail"):
    """One thing closely."""

    kind: str
    wanted: str


Ask: TypeAlias = AskHello | AskSnapshot | AskEvents | AskAct | AskDetail


Decoded = TypeVar("Decoded")


class Events(msgspec.Struct, frozen=True):
    """Events and the number to ask with next."""

    next: int
    events: tuple[Event, ...]


class Wrong(msgspec.Struct, frozen=True, tag="wrong"):
    """A request could not be answered; one sentence."""

    text: str


async def _read_frame(reader: asyncio.StreamReader, most: int = MOST_BYTES) -> bytes | None:
    """The next frame; None at the end of the stream. Raises LinkLost for what is no frame, or only half of one."""
    try:
        head = await reader.readexactly(1)
        async with asyncio.timeout(HALF_S):
            size = int.from_bytes(head + await reader.readexactly(3), "big")
            if size > most:
                raise LinkLost(f"a frame of {size} bytes came, more than the {most} any of ours has")
            return await reader.readexactly(size)
    except TimeoutError as error:
        raise LinkLost(f"a frame was begun and not ended within {HALF_S:g} s") from error
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def _frame(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


async def _let_go(writer: asyncio.StreamWriter) -> None:
    """Close it once its client has read the last answer; one that does not read must keep no loop from its end."""
    writer.close()
    try:
        async with asyncio.timeout(LAST_ANSWER_S):
            await writer.wait_closed()
    except OSError:  # a TimeoutError is one
        pass
    finally:
        writer.transport.abort()


class LinkServer:
    """Serves one front door to any number of clients."""

    def __init__(self, door: FrontDoor) -> None:
        self._door = door
        self._decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(Ask)
        self._encoder = msgspec.msgpack.Encoder()
        self._encoded: tuple[int, bytes] = (-1, b"")
        self._encoded_s = -inf
        """When the door was last asked for it."""
        self._clients: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}
        self._serving: set[asyncio.Task[Any]] = set()
        """All who are served, and those who have left and are still sent their last answer."""
        self._server: asyncio.Server | None = None
        self._told_end: set[asyncio.Task[Any]] = set()
        """Clients that were given a snapshot of the run's end."""
        self._aside: set[asyncio.Task[Any] | None] = set()
        """Connections on which only details are asked, beside a client's own: no clients of their own."""
        self._moved = asyncio.Event()
        """Set when a client was told the end or went away."""
        self._consoles: dict[asyncio.Task[Any], Attached] = {}
        self._numbers = 0
        self.noted: Callable[[str, str], None] = lambda words, who: None
        """Told that a console came or left, and whose it is."""

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(set(self._clients) - self._aside)

    @property
    def attached(self) -> tuple[Attached, ...]:
        """The consoles there are."""
        return tuple(sorted(self._consoles.values(), key=lambda one: one.number))

    async def open(self, path: Path) -> None:
        """Listen there, owner only. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - one unlink at the start does not hold the loop up
        old = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, path=str(path))
        finally:
            os.umask(old)

    async def linger(self, most_s: float) -> None:
        """Wait until every client has seen the run's end, but no longer than that."""
        try:
            async with asyncio.timeout(most_s):
                while set(self._clients) - self._told_end - self._aside:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            return

    async def close(self) -> None:
        """Stop listening and let every client go."""
        if self._server is not None:
            self._server.close()
        # Who was accepted just now is served, or its transport would be nobody's.
        await asyncio.sleep(0)
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise AssertionError("asyncio serves a client in a task")
        self._make_room()
        self._clients[task] = writer
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            while (body := await _read_frame(reader, MOST_ASKED_BYTES)) is not None:
                # Those who asked lately stand at the end.
                self._clients[task] = self._clients.pop(task)
                writer.write(_frame(await self._answer(body)))
                await writer.drain()
                self._moved.set()
                # Whoever sent many requests at once has them answered one by one, with the run's own work between.
                await asyncio.sleep(0)
        except (LinkLost, ConnectionError, asyncio.CancelledError):
            # A client that speaks nonsense or went away is let go; the run does not mind. asyncio's own server
            # reports a cancelled handler as an error, so the cancel ends here: nothing follows it.
            return
        finally:
            self._clients.pop(task, None)
            self._told_end.discard(task)
            self._aside.discard(task)
            self._moved.set()
            if (console := self._consoles.pop(task, None)) is not None:
                self.noted(f"console {console.number} left", console.who)
            await _let_go(writer)

    def _make_room(self) -> None:
        """Let the client go that asked longest ago, if there are as many as there may be: descriptors are few."""
        if len(self._clients) >= MOST_CLIENTS:
            task, writer = next(iter(self._clients.items()))
            del self._clients[task]
            # What it was not sent yet nobody waits for: it is the one that stopped asking.
            writer.transport.abort()
            task.cancel()

    async def _answer(self, body: bytes) -> bytes:
        try:
            ask: Ask = self._decoder.decode(body)
        except UNREADABLE as error:
            return self._encoder.encode(Wrong(f"the request could not be read: {error}"))
        match ask:
            case AskHello():
                number = self._introduced(ask)
                hello = await self._door.hello()
                return self._encoder.encode(msgspec.structs.replace(hello, number=number))
            case AskSnapshot():
                return await self._snapshot()
            case AskEvents(since):
                following, events = await self._door.events(since)
                return self._encoder.encode(Events(following, events))
            case AskAct(command, who):
                answer = await self._acted(command, who)
                # What was done is to be seen at once.
                self._encoded_s = -inf
                return self._encoder.encode(answer)
            case AskDetail(kind, wanted):
                self._aside.add(asyncio.current_task())
                return self._encoder.encode(await self._door.detail(kind, wanted))
        assert_never(ask)

    async def _snapshot(self) -> bytes:
        """The run now; where several consoles watch, they share one picture and what it costs to make and encode."""
        task, now_s = asyncio.current_task(), asyncio.get_running_loop().time()
        if len(self._consoles) > 1 and task in self._consoles and now_s - self._encoded_s < _SHARED_S:
            return self._encoded[1]
        snapshot = await self._door.snapshot()
        if snapshot.run.exit_code is not None and task is not None:
            self._told_end.add(task)
        if snapshot.tick != self._encoded[0]:
            self._encoded = (snapshot.tick, self._encoder.encode(snapshot))
        # Of a run that is over each is told by itself, so that it is known who has seen the end.
        self._encoded_s = now_s if snapshot.run.exit_code is None else -inf
        return self._encoded[1]

    def _introduced(self, hello: AskHello) -> int:
        """The client's number as a console; one that says who it is for the first time gets the next one."""
        task = asyncio.current_task()
        if task is None:
            raise AssertionError("asyncio serves a client in a task")
        if hello.who and task not in self._consoles:
            self._numbers += 1
            console = self._consoles[task] = Attached(self._numbers, mask(hello.who)[:_LONGEST_WHO], hello.watches)
            self.noted(f"console {console.number} came{' to watch' * console.watches}", console.who)
        known = self._consoles.get(task)
        return known.number if known is not None else 0

    async def _acted(self, command: Command, who: str) -> Answer:
        """What came of the act. A console's acts carry its number; one that watches has none."""
        who = mask(who)[:_LONGEST_WHO]
        task = asyncio.current_task()
        console = self._consoles.get(task) if task is not None else None
        if console is None:
            return await self._door.act(command, who)
        if console.watches and command.verb not in (Verb.NOTE, Verb.TRY):
            return Answer(False, f"console {console.number} only watches (--watch): nothing was done")
        return await self._door.act(command, f"{who}, console {console.number}")


class LinkDoor:
    """A front door at the other end of a socket."""

    def __init__(self, path: Path, timeout_s: float, introduction: AskHello | None = None) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._introduction = introduction
        """What a console says first on each connection, as the engine forgets it with the last one."""
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()
        self._encoder = msgspec.msgpack.Encoder()
        self._hellos = msgspec.msgpack.Decoder(Hello)
        self._snapshots = msgspec.msgpack.Decoder(RunSnapshot)
        self._events = msgspec.msgpack.Decoder(Events)
        self._answers = msgspec.msgpack.Decoder(Answer)
        self._details = msgspec.msgpack.Decoder(Detail)

    @classmethod
    async def open(cls, path: Path, timeout_s: float = 5.0, *, who: str = "", watches: bool = False) -> "LinkDoor":
        """Reach the engine at that socket; a console says who it is. Raises LinkLost."""
        door = cls(path, timeout_s, AskHello(who=who, watches=watches) if who else None)
        try:
            hello = await door.hello()
        except LinkLost:
            await door.close()
            raise
        if hello.protocol != PROTOCOL:
            await door.close()
            raise LinkLost(
                f"the engine speaks protocol {hello.protocol} (slotfill {hello.engine}), this console {PROTOCOL}: "
                "use the same version of slotfill for both"
            )
        return door

    async def hello(self) -> Hello:
        """Who is there. Raises LinkLost."""
        return self._decoded(self._hellos, await self._ask(AskHello()))

    async def snapshot(self) -> RunSnapshot:
        """The run now. Raises LinkLost."""
        return self._decoded(self._snapshots, await self._ask(AskSnapshot()))

    async def events(self, since: int) -> tuple[int, tuple[Event, ...]]:
        """Events from number `since` on, and the number to ask with next. Raises LinkLost."""
        got = self._decoded(self._events, await self._ask(AskEvents(since)))
        return got.next, got.events

    async def act(self, command: Command, who: str) -> Answer:
        """Do it, or say why not. Raises LinkLost."""
        return self._decoded(self._answers, await self._ask(AskAct(command, who)))

    async def detail(self, kind: str, wanted: str) -> Detail:
        """One thing closely, over a connection of its own: it takes a while, and pictures must not wait for it.

        Raises LinkLost.
        """
        beside = LinkDoor(self._path, self._timeout_s)
        try:
            return self._decoded(self._details, await beside._ask(AskDetail(kind, wanted)))
        finally:
            await beside.close()

    async def close(self) -> None:
        """Leave; the run goes on."""
        streams, self._streams = self._streams, None
        if streams is None:
            return
        streams[1].close()
        try:
            async with asyncio.timeout(1):
                await streams[1].wait_closed()
        except (OSError, TimeoutError):
            return

    async def _ask(self, ask: Ask) -> bytes:
        """One question and its answer; a link that was lost before is tried anew."""
        async with self._turn:
            lost: type[LinkLost] = LinkLost
            try:
                async with asyncio.timeout(self._timeout_s):
                    reader, writer = await self._connected()
                    body = _frame(self._encoder.encode(ask))
                    # From here on it is on its way, and an engine that only stands still for a while takes it then.
                    lost = AnswerLost
                    writer.write(body)
                    await writer.drain()
                    answer = await _read_frame(reader)
            except LinkLost as error:
                # What follows a frame that is none can be the beginning of no other.
                self._drop()
                raise lost(str(error)) from error
            except (OSError, ValueError) as error:  # a ValueError of a path that no system takes
                self._drop()
                raise lost(f"nobody answers at {self._path}: {str(error) or 'no answer in time'}") from error
            except asyncio.CancelledError:
                # Half a conversation is worth nothing: the next answer would be this one's.
                self._drop()
                raise
        if answer is None:
            self._drop()
            raise AnswerLost("the engine closed the link: the run has ended or its engine died")
        return answer

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_unix_connection(str(self._path), limit=2**20)
            if self._introduction is not None:
                reader, writer = self._streams
                writer.write(_frame(self._encoder.encode(self._introduction)))
                await writer.drain()
                await _read_frame(reader)
        return self._streams

    def _drop(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].close()

    @staticmethod
    def _decoded(decoder: "msgspec.msgpack.Decoder[Decoded]", body: bytes) -> Decoded:
        try:
            return decoder.decode(body)
        except UNREADABLE as error:
            try:
                wrong = msgspec.msgpack.decode(body, type=Wrong)
            except UNREADABLE:
                raise LinkLost(f"the engine answered something else: {error}") from error
            raise LinkLost(wrong.text) from error
