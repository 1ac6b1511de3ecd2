"""HTTP/1.1 over asyncio: connections that are kept, and a bounded number of them.

The framing is h11's, which httpx and uvicorn stand on too. What is left out is httpcore with its layer for several
event loops: it costs five times what everything here does together (`tests/benchmarks/http.py`). A parser of our own
would be faster once more, and was refused: framing goes wrong in just those cases that a stress run is about.
"""

import asyncio
import select
import ssl
from typing import NamedTuple

import h11

_MOST_BYTES = 8 * 1024 * 1024
"""Body of one answer at most."""
_IDLE_S = 4.0
"""A connection that rested longer is not used again: servers close theirs after five seconds and more."""

Headers = list[tuple[bytes, bytes]]


class NoConnection(Exception):
    """No connection was to be had; nothing was sent."""


class NoFreeConnection(Exception):
    """All connections were in use for as long as one might wait; nothing was sent."""


class NoAnswer(Exception):
    """The connection ended before its answer did: the request may have been carried out."""


class NotHttp(Exception):
    """What came back is not HTTP/1.1, or more of it than can be taken: the request may have been carried out."""


class Bounds(NamedTuple):
    """How long each part of a request may take; None for as long as it takes."""

    wait_s: float | None
    """For a connection to come free."""
    connect_s: float | None
    read_s: float | None
    """For the whole answer, however slowly it drips."""


class Reply(NamedTuple):
    """A whole answer."""

    status: int
    headers: Headers
    body: bytes


class Wire(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._http = h11.Connection(h11.CLIENT)
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Reply] | None = None
        self._head: h11.Response | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._rested_from = 0.0
        self._over = False

    async def ask(self, head: h11.Request, body: bytes) -> Reply:
        """Send a request and wait for the whole answer. Raises NoAnswer, NotHttp; cancelled, it drops the line."""
        if self._transport is None or self._waiting is not None:
            raise AssertionError("a connection answers one request at a time")
        self._head, self._parts, self._size = None, [], 0
        sent = self._http.send(head) or b""
        if body:
            sent += self._http.send(h11.Data(data=body)) or b""
        sent += self._http.send(h11.EndOfMessage()) or b""
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(sent)
        try:
            return await self._waiting
        except BaseException:
            self.drop()
            raise
        finally:
            self._waiting = None

    def rest(self) -> bool:
        """Be kept for another request. Whether that can be."""
        self._rested_from = asyncio.get_running_loop().time()
        return not self._over

    def is_fit(self) -> bool:
        """Whether it can be used after its rest: still open, not for too long, and nothing has come in since."""
        if self._over or self._transport is None:
            return False
        if asyncio.get_running_loop().time() - self._rested_from > _IDLE_S:
            return False
        # The loop may not have come to read that the other side hung up; then a request would go into the void.
        seen = select.poll()
        seen.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not seen.poll(0)

    def drop(self) -> None:
        """Close at once."""
        self._over = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        if self._waiting is None:
            # Nobody asked: whatever this is, the next answer must not be read out of it.
            self.drop()
            return
        self._http.receive_data(data)
        self._read()

    def eof_received(self) -> bool:
        """Part of asyncio.Protocol: an answer without a length ends here."""
        self._over = True
        if self._waiting is not None and self._head is not None:
            self._http.receive_data(b"")
            self._read()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        self._over = True
        where = "in the middle of its answer" if self._head is not None else "before it answered"
        self._fail(NoAnswer(f"the server closed the connection {where}{f' ({exc})' if exc else ''}"))

    def _read(self) -> None:
        try:
            while True:
                event = self._http.next_event()
                if event is h11.NEED_DATA:
                    return
                if isinstance(event, h11.Response):
                    self._head = event
                elif isinstance(event, h11.Data):
                    self._take(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    self._done()
                    return
        except h11.RemoteProtocolError as error:
            text = str(error)
            # What comes after the colon quotes the server's bytes, and those may have anything in them.
            text = text.partition(":")[0]
            self._fail(NoAnswer(text) if "closed connection" in text else NotHttp(f"not HTTP/1.1: {text}"))

    def _take(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > _MOST_BYTES:
            raise h11.RemoteProtocolError(f"the answer has more than {_MOST_BYTES} bytes")
        self._parts.append(bytes(data))

    def _done(self) -> None:
        head, waiting = self._head, self._waiting
        if head is None or waiting is None:
            raise AssertionError("an answer ends after its head, and only while it is waited for")
        # Bytes beyond the answer belong to no request.
        if self._http.their_state is h11.DONE and self._http.our_state is h11.DONE and not self._http.trailing_data[0]:
            self._http.start_next_cycle()
        else:
            self._over = True
        if not waiting.done():
            waiting.set_result(Reply(head.status_code, list(head.headers), b"".join(self._parts)))

    def _fail(self, error: Exception) -> None:
        self._over = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


class Wires:
    """At most `most` connections to one host; the one that rested shortest is taken first."""

    def __init__(self, host: str, port: int, most: int, tls: ssl.SSLContext | None = None) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._most = most
        self._room = asyncio.Semaphore(most)
        self._resting: list[Wire] = []

    async def ask(self, head: h11.Request, body: bytes, bounds: Bounds) -> Reply:
        """Ask over a free connection.

        Raises NoFreeConnection, NoConnection, TimeoutError when no whole answer came in time, NoAnswer, NotHttp.
        """
        await self._have_room(bounds.wait_s)
        try:
            wire = self._rested() or await self._connect(bounds.connect_s)
            async with asyncio.timeout(bounds.read_s):
                reply = await wire.ask(head, body)
            if wire.rest():
                self._resting.append(wire)
            else:
                wire.drop()
            return reply
        finally:
            self._room.release()

    def allow(self, most: int) -> None:
        """Have room for so many connections from now on; never for less than before."""
        for _ in range(self._most, most):
            self._room.release()
        self._most = max(self._most, most)

    async def close(self) -> None:
        """Drop what rests."""
        while self._resting:
            self._resting.pop().drop()
        # An aborted transport closes its socket in the loop's next turn.
        await asyncio.sleep(0)

    async def _have_room(self, wait_s: float | None) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._room.acquire()
        except TimeoutError as error:
            raise NoFreeConnection(f"no connection came free within {wait_s} s") from error

    def _rested(self) -> Wire | None:
        while self._resting:
            wire = self._resting.pop()
            if wire.is_fit():
                return wire
            wire.drop()
        return None

    async def _connect(self, connect_s: float | None) -> Wire:
        name = self._host if self._tls else None
        try:
            async with asyncio.timeout(connect_s):
                _, wire = await asyncio.get_running_loop().create_connection(
                    Wire, self._host, self._port, ssl=self._tls, server_hostname=name
                )
        except TimeoutError as error:
            raise NoConnection(f"no connection within {connect_s} s") from error
        except OSError as error:
            raise NoConnection(str(error) or type(error).__name__) from error
        return wire
