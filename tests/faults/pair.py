"""A client's connection and the one to the server that is made for it: both ways, message by message."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from tests.faults.framing import Client, Frames, Message, bare, opening, sqlstate
from tests.faults.rules import Act

if TYPE_CHECKING:
    from tests.faults.proxy import Proxy

_CHUNK = 65_536


class Done(NamedTuple):
    """Something the proxy did to a connection."""

    act: Act
    name: str
    """Application name of the client."""
    number: int
    """The how-manieth message of that name that fitted the rule."""
    connection: int
    """Counted from 1."""


class Pair:
    """A client's connection and the one to the server that is made for it."""

    def __init__(self, proxy: "Proxy", number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._number = number
        self._client = reader, writer
        self._server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._name = ""
        self._pid = 0
        """The server's process, as it told."""
        self._ran = ""
        """What the transaction in hand has run so far."""
        self._asked = 1
        """Answers that end with ReadyForQuery and were asked for so far; the first one without asking."""
        self._answers_until: int | None = None
        """So many answers still reach the client, and then `_then` happens; None for all."""
        self._then = Act.CUT
        self._reset = False
        self._lost = False
        """What the client sends is lost from now on."""

    async def run(self, server: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self._server = server
        understood = await self._open(server)
        ways: tuple[Callable[[], Awaitable[None]], ...] = (
            (self._understand_client, self._understand_server) if understood else (self._lead_client, self._lead_server)
        )
        tasks = [asyncio.ensure_future(way()) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def cut(self, *, reset: bool = False) -> None:
        """Cut both ends; what was forwarded to the server still reaches it."""
        drop(self._client[1], reset=reset)
        if self._server is not None:
            self._server[1].close()

    async def _open(self, server: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> bool:
        """Lead the first words through; whether the rest can be understood."""
        while True:
            head = await self._client[0].readexactly(4)
            raw = head + await self._client[0].readexactly(struct.unpack("!I", head)[0] - 4)
            first = opening(raw)
            await self._proxy.travel(raw, server[1])
            if first.is_startup:
                self._name = first.parameters.get("application_name", "")
                return True
            if not first.asks_for_encryption:
                self._proxy.cancels += 1
                return False
            answer = await server[0].readexactly(1)
            await self._proxy.travel(answer, self._client[1])
            if answer != b"N":
                self._proxy.opaque += 1
                return False

    async def _understand_client(self) -> None:
        assert self._server is not None
        client = Client()
        while chunk := await self._client[0].read(_CHUNK):
            for message in client.feed(chunk):
                if not self._lost:
                    await self._take(message, self._server[1])

    async def _take(self, message: Message, server: asyncio.StreamWriter) -> None:
        chosen = self._proxy.chosen(self._name, message, self._ran)
        self._ran = (
            "" if bare(message.sql).upper().startswith(("BEGIN", "COMMIT", "ROLLBACK")) else self._ran + message.sql
        )
        if chosen is None:
            await self._forward(message, server)
            return
        rule, number = chosen
        self._proxy.done.append(Done(rule.act, self._name, number, self._number))
        match rule.act:
            case Act.SWALLOW:
                self._lost = True
                self.cut(reset=rule.reset)
            case Act.LOSE:
                self._lost = True
            case Act.CUT:
                await self._forward(message, server)
                self.cut(reset=rule.reset)
            case Act.DELAY:
                await asyncio.sleep(rule.delay_s)
                await self._forward(message, server)
            case Act.STOP:
                self._proxy.stop_process(self._pid, rule.delay_s)
                await self._forward(message, server)
            case Act.CUT_AT_ANSWER | Act.BLACK_HOLE | Act.HALF_CLOSE:
                self._answers_until, self._then, self._reset = self._asked, rule.act, rule.reset
                await self._forward(message, server)

    async def _forward(self, message: Message, server: asyncio.StreamWriter) -> None:
        self._asked += message.kind in (b"Q", b"S")
        await self._proxy.travel(message.raw, server)

    async def _understand_server(self) -> None:
        assert self._server is not None
        frames = Frames()
        answered = 0
        while chunk := await self._server[0].read(_CHUNK):
            kept = b""
            for message in frames.feed(chunk):
                if self._answers_until is not None and answered >= self._answers_until:
                    break
                kept += message.raw
                if message.kind == b"K":
                    self._pid = struct.unpack("!I", message.raw[5:9])[0]
                if message.kind == b"E":
                    self._proxy.errors[sqlstate(message)] += 1
                answered += message.kind == b"Z"
            else:
                await self._proxy.travel(kept, self._client[1])
                continue
            await self._proxy.travel(kept, self._client[1])
            await self._withhold()
            return

    async def _withhold(self) -> None:
        """The answer that the client is not to have has come."""
        if self._then is Act.CUT_AT_ANSWER:
            self.cut(reset=self._reset)
            return
        if self._then is Act.HALF_CLOSE:
            self._client[1].write_eof()
        assert self._server is not None
        while await self._server[0].read(_CHUNK):
            pass
        # The server has gone, and nobody tells the client: it must find out by itself.
        await asyncio.Event().wait()

    async def _lead_client(self) -> None:
        assert self._server is not None
        while chunk := await self._client[0].read(_CHUNK):
            await self._proxy.travel(chunk, self._server[1])

    async def _lead_server(self) -> None:
        assert self._server is not None
        while chunk := await self._server[0].read(_CHUNK):
            await self._proxy.travel(chunk, self._client[1])


def drop(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    """Cut a connection at once, by a reset or an orderly end."""
    if reset and (found := writer.get_extra_info("socket")) is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
