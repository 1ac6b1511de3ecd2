"""The front door at the other end of a Unix socket, as consoles and verbs use it."""

import asyncio
from pathlib import Path
from typing import TypeVar

import msgspec

from engine.front import AnswerLost, LinkLost
from engine.link_protocol import (
    PROTOCOL,
    Ask,
    AskAct,
    AskDetail,
    AskEvents,
    AskHello,
    AskSnapshot,
    Events,
    Wrong,
    frame,
    read_frame,
)
from engine.model.command import Answer, Command, Hello
from engine.model.detail import Detail
from engine.model.event import Event
from engine.model.snapshot import RunSnapshot
from engine.records.reading import UNREADABLE

Decoded = TypeVar("Decoded")


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
                    body = frame(self._encoder.encode(ask))
                    # From here on it is on its way, and an engine that only stands still for a while takes it then.
                    lost = AnswerLost
                    writer.write(body)
                    await writer.drain()
                    answer = await read_frame(reader)
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
                writer.write(frame(self._encoder.encode(self._introduction)))
                await writer.drain()
                await read_frame(reader)
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
