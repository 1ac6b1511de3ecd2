"""A clock that stands still until a test moves it, and one whose every wait ends at once."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime

SETTLE = 12
"""Turns of the loop that let everything ready run: the longest chain of plain awaits between two clock waits."""


class StillClock:
    """Time moves only by `advance`; waits end when their moment is reached."""

    def __init__(self) -> None:
        self._now_ns = 0
        self._waits: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    def now_ns(self) -> int:
        return self._now_ns

    def wall(self) -> datetime:
        return datetime(2027, 3, 1, 12, 0, tzinfo=UTC)

    async def sleep_until(self, at_ns: int) -> None:
        if at_ns <= self._now_ns:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waits, (at_ns, next(self._count), future))
        await future

    async def wait_for(self, event: asyncio.Event, at_ns: int) -> bool:
        waiting = asyncio.ensure_future(event.wait())
        sleeping = asyncio.ensure_future(self.sleep_until(at_ns))
        try:
            await asyncio.wait({waiting, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            sleeping.cancel()
        return event.is_set()

    async def settle(self) -> None:
        """Let everything that is ready run."""
        for _ in range(SETTLE):
            await asyncio.sleep(0)

    async def advance(self, by_ns: int) -> None:
        """Move time, stopping at every moment somebody waits for."""
        until_ns = self._now_ns + by_ns
        await self.settle()
        while self._waits and self._waits[0][0] <= until_ns:
            await self._jump()
        self._now_ns = until_ns
        await self.settle()

    async def play(self, task: "asyncio.Task[None]", most_jumps: int = 200_000) -> None:
        """Jump from wait to wait until the task ends; a task that waits for nothing on this clock fails the test."""
        await self.settle()
        for _ in range(most_jumps):
            if task.done():
                return
            if not self._waits:
                await self.settle()
                if task.done():
                    return
                raise AssertionError("the task waits, but for no moment of this clock")
            await self._jump()
        raise AssertionError(f"the task did not end within {most_jumps} jumps")

    async def _jump(self) -> None:
        at_ns, _, future = heapq.heappop(self._waits)
        if future.cancelled():
            return
        self._now_ns = max(self._now_ns, at_ns)
        if not future.done():
            future.set_result(None)
        await self.settle()


class SkippingClock:
    """Every wait ends at once, and is kept."""

    def __init__(self) -> None:
        self.waits_s: list[float] = []
        self._now_ns = 0

    def now_ns(self) -> int:
        return self._now_ns

    def wall(self) -> datetime:
        return datetime(2027, 3, 1, 12, 0, tzinfo=UTC)

    async def sleep_until(self, at_ns: int) -> None:
        self.waits_s.append((at_ns - self._now_ns) / 1e9)
        self._now_ns = max(self._now_ns, at_ns)
        await asyncio.sleep(0)

    async def wait_for(self, event: asyncio.Event, at_ns: int) -> bool:
        raise AssertionError("whoever uses this clock waits for no event")
