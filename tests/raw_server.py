"""A server on the loopback that does with each request what a rule says, to the byte: cut, delay, truncate, garbage."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Cut(Exception):
    """A rule hangs up: after these bytes, in good order or by a reset."""

    def __init__(self, after: bytes = b"", *, reset: bool = False) -> None:
        super().__init__()
        self.after = after
        self.reset = reset


Rule = Callable[[Request], Awaitable[bytes]]


@dataclass
class RawServer:
    """What a test sees of it."""

    base_url: str = ""
    connections: int = 0
    open: int = 0
    most_open: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    """Of each connection, in the order they came."""
    requests: list[Request] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """The client closed a connection."""


def answer(status: int, body: bytes = b"{}", headers: str = "content-type: application/json\r\n") -> bytes:
    return f"HTTP/1.1 {status} Word\r\n{headers}content-length: {len(body)}\r\n\r\n".encode() + body


@asynccontextmanager
async def serving(rule: Rule) -> AsyncIterator[RawServer]:
    """The server while the block lasts; whatever it still does is cancelled after it."""
    seen = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        seen.connections += 1
        seen.writers.append(writer)
        seen.open += 1
        seen.most_open = max(seen.most_open, seen.open)
        try:
            while True:
                request = await _read(reader)
                seen.requests.append(request)
                writer.write(await rule(request))
                await writer.drain()
        except Cut as cut:
            writer.write(cut.after)
            if cut.reset:
                writer.transport.abort()
        except (asyncio.IncompleteReadError, ConnectionError):
            seen.hung_up.set()
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            seen.open -= 1
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    seen.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield seen
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
        await asyncio.sleep(0)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body)
