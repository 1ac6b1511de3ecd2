"""A server that answers every request at once with a body of one size: `python -m engine.echo BYTES`.

What a client takes for it is the client's own floor. It prints its port and ends when its standard input does, so
that it never outlives who started it. Nothing but the standard library is loaded, to be there quickly.
"""

import asyncio
import sys


class Echo(asyncio.Protocol):
    """One connection of it; it reads just enough to know where a request ends."""

    def __init__(self, size: int) -> None:
        body = b'{"booking":{"id":"00000000-0000-0000-0000-000000000000","status":"pending"},"pad":"'
        body += b"x" * max(0, size - len(body) - 2) + b'"}'
        self._answer = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
            len(body),
            body,
        )
        self._read = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        self._read += data
        while (ends := self._read.find(b"\r\n\r\n")) >= 0:
            _, _, length = self._read[:ends].lower().partition(b"content-length:")
            whole = ends + 4 + int(length.split(b"\r\n", 1)[0] or 0)
            if len(self._read) < whole:
                return
            self._read = self._read[whole:]
            if self._transport is not None:
                self._transport.write(self._answer)


async def serve(size: int) -> None:
    """Answer on a free port of the loopback until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Echo(size), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
