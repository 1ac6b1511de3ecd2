"""A narrow line: a proxy on loopback that lets so many bytes a second through, each way, and can be cut."""

import asyncio
import threading
from types import TracebackType

_BUFFER = 4096
"""Bytes that lie in the line itself. A line that took megabytes at once would hide how narrow it is."""


class NarrowLine:
    """A line to a port of this machine. `rate` is in bytes a second and direction; 0 is as fast as it goes."""

    def __init__(self, to: int, rate: int = 0) -> None:
        self._to = to
        self._rate = rate
        self.port = 0
        self.passed = [0, 0]
        """Bytes that went there, and came back."""
        self._open: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="narrow line", daemon=True)

    def __enter__(self) -> "NarrowLine":
        self._thread.start()
        self._ready.wait(20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(20)

    def cut(self) -> None:
        """Tear every connection that is open: the other ends see a reset, as with a router that forgot them."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(20)

    # -- in the line's own thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0, limit=_BUFFER)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._end.wait()
        server.close()
        await self._cut()

    async def _cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carrying = asyncio.current_task()
        assert carrying is not None
        self._carrying.add(carrying)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to, limit=_BUFFER)
        both = {writer, far_writer}
        self._open |= both
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(reader, far_writer, 0))
                group.create_task(self._pass_on(far_reader, writer, 1))
        finally:
            for one in both:
                one.transport.abort()
            self._open -= both
            self._carrying.discard(carrying)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: int) -> None:
        """Tokens come in at the rate and are not saved up: a line that was idle is no faster afterwards."""
        writer.transport.set_write_buffer_limits(high=_BUFFER)
        slice_s = 0.02
        at_once = max(1, int(self._rate * slice_s)) if self._rate else 65536
        free_s = 0.0
        try:
            while some := await reader.read(at_once):
                writer.write(some)
                await writer.drain()
                self.passed[way] += len(some)
                if self._rate:
                    free_s = max(free_s, self._loop.time()) + len(some) / self._rate
                    await asyncio.sleep(max(0.0, free_s - self._loop.time()))
            writer.close()
        except (ConnectionError, TimeoutError):
            return
        finally:
            # One end has gone: the other is let go, too.
            writer.transport.abort()
