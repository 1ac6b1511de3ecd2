"""The counters of a run at http://127.0.0.1:PORT/metrics, for whoever scrapes this machine; nobody else is answered."""

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Awaitable, Callable

from engine.local_only import is_loopback
from engine.openmetrics import CONTENT_TYPE

HOST = "127.0.0.1"
_PATIENCE_S = 2.0
"""A request that takes longer to arrive, or its answer to be taken, is cut off."""
_MOST_BYTES = 8_192
_MOST_AT_ONCE = 8


class PortTaken(Exception):
    """The port cannot be had. The message is one sentence with the cure."""


class MetricsPort:
    """Answers one page; 503 as long as there is no run to tell of."""

    def __init__(self) -> None:
        self.tells: Callable[[], Awaitable[str]] | None = None
        """Gives the page; None as long as there is none."""
        self._at_once = 0

    @contextlib.asynccontextmanager
    async def listening(self, port: int) -> "AsyncIterator[MetricsPort]":
        """Answer at that port; at 0 nowhere. Raises PortTaken."""
        if not port:
            yield self
            return
        try:
            server = await asyncio.start_server(self._serve, HOST, port, limit=_MOST_BYTES)
        except OSError as error:
            why = "it is taken" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
            raise PortTaken(f"metrics-port = {port} cannot be listened at: {why}; give another one, or 0") from error
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._at_once += 1
        try:
            async with asyncio.timeout(_PATIENCE_S):
                if self._at_once <= _MOST_AT_ONCE:
                    head = await reader.readuntil(b"\r\n\r\n")
                    writer.write(await self._answer(head))
                    await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asked is slow, gone, or no scraper; the run has nothing to do with it
        finally:
            self._at_once -= 1
            writer.close()

    async def _answer(self, head: bytes) -> bytes:
        lines = head.decode("latin-1").split("\r\n")
        method, _, rest = lines[0].partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if not _is_ours(lines[1:]):
            return _reply("403 Forbidden", "this is for 127.0.0.1 only\n")
        if path != "/metrics":
            return _reply("404 Not Found", "the counters are at /metrics\n")
        if method not in ("GET", "HEAD"):
            return _reply("405 Method Not Allowed", "give GET\n")
        if self.tells is None:
            return _reply("503 Service Unavailable", "the run does not stand yet\n")
        return _reply("200 OK", await self.tells(), CONTENT_TYPE, bare=method == "HEAD")


def _is_ours(headers: list[str]) -> bool:
    """Whether it was asked for by this machine's own name: a page of the web that asks here has another one."""
    hosts = [line.partition(":")[2].strip() for line in headers if line.lower().startswith("host:")]
    return len(hosts) == 1 and hosts[0] != "" and is_loopback(hosts[0].rpartition(":")[0] or hosts[0])


def _reply(status: str, text: str, kind: str = "text/plain; charset=utf-8", *, bare: bool = False) -> bytes:
    body = text.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + (b"" if bare else body)
