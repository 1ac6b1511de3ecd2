"""The one door to time."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Moments since the run began, and a way to wait for one."""

    def now_ns(self) -> int:
        """Nanoseconds since the run began; never goes back."""
        ...

    async def sleep_until(self, at_ns: int) -> None:
        """Return at that moment, or at once when it has passed."""
        ...

    async def wait_for(self, event: asyncio.Event, at_ns: int) -> bool:
        """Wait for the event, but no longer than to that moment. Whether the event came."""
        ...

    def wall(self) -> datetime:
        """Wall time, UTC; for headers and names only, never for lengths."""
        ...


class RunningClock:
    """The machine's monotonic clock, counted from when it was made."""

    def __init__(self) -> None:
        self._origin_ns = time.perf_counter_ns()

    def now_ns(self) -> int:
        """Nanoseconds since the run began; never goes back."""
        return time.perf_counter_ns() - self._origin_ns

    async def sleep_until(self, at_ns: int) -> None:
        """Return at that moment, or at once when it has passed."""
        await asyncio.sleep(max(0, at_ns - self.now_ns()) / 1e9)

    async def wait_for(self, event: asyncio.Event, at_ns: int) -> bool:
        """Wait for the event, but no longer than to that moment. Whether the event came."""
        try:
            async with asyncio.timeout(max(0, at_ns - self.now_ns()) / 1e9):
                await event.wait()
        except TimeoutError:
            return event.is_set()
        return True

    def wall(self) -> datetime:
        """Wall time, UTC."""
        return datetime.now(UTC)
