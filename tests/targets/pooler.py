"""A transaction pooler at its nastiest: each transaction of a client goes to another backend than the last."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit

SSL_REQUEST = 80877103
FAKE_PID = 4242


@asynccontextmanager
async def pooler(dsn: str) -> AsyncIterator[str]:
    """A DSN that goes through the pooler to the server behind `dsn`, which is reached over its socket."""
    address = urlsplit(dsn)
    query = parse_qs(address.query)
    socket = f"{query['host'][0]}/.s.PGSQL.{query.get('port', ['5432'])[0]}"
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await _client(reader, writer, socket)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    login = address.netloc.partition("@")[0]
    try:
        yield f"postgresql://{login}@127.0.0.1:{port}{address.path}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # An aborted transport closes its socket in the loop's next round.
        await asyncio.sleep(0)


async def _client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, socket: str) -> None:
    startup = await _startup(reader)
    while struct.unpack("!I", startup[4:8])[0] == SSL_REQUEST:
        writer.write(b"N")
        startup = await _startup(reader)
    servers = [await asyncio.open_unix_connection(socket) for _ in range(2)]
    try:
        for number, (from_server, to_server) in enumerate(servers):
            to_server.write(startup)
            while True:
                kind, message = await _message(from_server)
                if kind == b"K":
                    message = message[:5] + struct.pack("!I", FAKE_PID) + message[9:]
                if number == 0:
                    writer.write(message)
                if kind == b"Z":
                    break
        turn = 0

        async def back(from_server: asyncio.StreamReader) -> None:
            nonlocal turn
            while True:
                kind, message = await _message(from_server)
                if kind == b"Z" and message[5:6] == b"I":
                    turn = 1 - turn
                writer.write(message)

        backs = [asyncio.ensure_future(back(from_server)) for from_server, _ in servers]
        try:
            while True:
                kind, message = await _message(reader)
                if kind == b"X":
                    return
                servers[turn][1].write(message)
        finally:
            for task in backs:
                task.cancel()
            await asyncio.gather(*backs, return_exceptions=True)
    finally:
        for _, to_server in servers:
            to_server.transport.abort()


async def _startup(reader: asyncio.StreamReader) -> bytes:
    length = await reader.readexactly(4)
    return length + await reader.readexactly(struct.unpack("!I", length)[0] - 4)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
