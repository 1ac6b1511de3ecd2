"""Connections over asyncio that are kept, and a bounded number of them. `engine/framing.py` reads what comes over them.

httpcore with its layer for several event loops is left out: it costs many times what everything here does together
(`tests/benchmarks/http.py`).
"""

import asyncio
import select
import ssl
from typing import NamedTuple, cast

from engine.framing import Answering, Asked, NoAnswer, NotHttp, Reply

_IDLE_S = 4.0
"""A connection that rested longer is not used again: servers close theirs after five seconds and more."""


class NoConnection(Exception):
    """No connection was to be had; nothing was sent."""


class NoFreeConnection(Exception):
    """All connections were in use for as long as one might wait; nothing was sent."""


class Bounds(NamedTuple):
    """How long each part of a request may take; None for as long as it takes."""

    wait_s: float | None
    """For a connection to come free."""
    connect_s: float | None
    read_s: float | None
    """For the whole answer, however slowly it drips."""


class Wire(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._seen = select.poll()
        self._waiting: asyncio.Future[Reply] | None = None
        self._answering: Answering | None = None
        """None between an answer's last byte and the next request."""
        self._rested_from = 0.0
        self._over = False

    async def ask(self, asked: Asked, read_s: float | None) -> Reply:
        """Send a request and wait for the whole answer.

        Raises NoAnswer, NotHttp, TimeoutError when it is not whole in time; after any of these, and after a cancel,
        it has dropped the line.
        """
        if self._transport is None or self._waiting is not None:
            raise AssertionError("a connection answers one request at a time")
        self._answering = Answering(asked.method)
        self._waiting = self._loop.create_future()
        # A timer of its own: asyncio.timeout costs three times as much.
        timer = None if read_s is None else self._loop.call_later(read_s, self._fail, TimeoutError())
        self._transport.write(asked.sent)
        try:
            return await self._waiting
        except BaseException:
            self.drop()
            raise
        finally:
            self._waiting = None
            if timer is not None:
                timer.cancel()

    def rest(self) -> bool:
        """Be kept for another request. Whether that can be."""
        self._rested_from = self._loop.time()
        return not self._over

    def is_fit(self) -> bool:
        """Whether it can be used after its rest: still open, not for too long, and nothing has come in since."""
        if self._over or self._loop.time() - self._rested_from > _IDLE_S:
            return False
        # The loop may not have come to read that the other side hung up; then a request would go into the void.
        return not self._seen.poll(0)

    def drop(self) -> None:
        """Close at once."""
        self._over = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)
        self._seen.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        if self._answering is None:
            # Nobody asked: whatever this is, the next answer must not be read out of it.
            self.drop()
            return
        try:
            self._done(self._answering, self._answering.feed(data))
        except (NoAnswer, NotHttp) as error:
            self._fail(error)

    def eof_received(self) -> bool:
        """Part of asyncio.Protocol: an answer without a length ends here."""
        self._over = True
        if self._answering is not None:
            try:
                self._done(self._answering, self._answering.finish())
            except (NoAnswer, NotHttp) as error:
                self._fail(error)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        begun = self._answering is not None and self._answering.has_begun
        where = "in the middle of its answer" if begun else "before it answered"
        self._fail(NoAnswer(f"the server closed the connection {where}{f' ({exc})' if exc else ''}"))

    def _done(self, answering: Answering, reply: Reply | None) -> None:
        if reply is None:
            return
        self._answering = None
        self._over = self._over or not answering.keeps
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(reply)

    def _fail(self, error: Exception) -> None:
        self._over = True
        self._answering = None
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

    async def ask(self, asked: Asked, bounds: Bounds) -> Reply:
        """Ask over a free connection.

        Raises NoFreeConnection, NoConnection, TimeoutError when no whole answer came in time, NoAnswer, NotHttp.
        """
        if self._room.locked():
            await self._have_room(bounds.wait_s)
        else:
            await self._room.acquire()
        try:
            wire = self._rested() or await self._connect(bounds.connect_s)
            reply = await wire.ask(asked, bounds.read_s)
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
        except (OSError, UnicodeError) as error:
            # The latter of a host with a part that no name can have: empty, or too long.
            raise NoConnection(str(error) or type(error).__name__) from error
        return wire
