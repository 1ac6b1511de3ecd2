"""A bounded pool: whoever wants one of its things waits until one is free, the longest first."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from engine.booking_api.bodies import PoolUse

Thing = TypeVar("Thing")


class Pool(Generic[Thing]):
    """Things that one at a time may use, the one that was given back last first: its caches are warm."""

    def __init__(self, things: Iterable[Thing], close: Callable[[Thing], Awaitable[None]]) -> None:
        self._free: asyncio.LifoQueue[Thing] = asyncio.LifoQueue()
        self._things = tuple(things)
        self._close = close
        self._waiting = 0
        for thing in self._things:
            self._free.put_nowait(thing)

    @property
    def use(self) -> PoolUse:
        """How it is used now."""
        return PoolUse(size=len(self._things), in_use=len(self._things) - self._free.qsize(), waiting=self._waiting)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Thing]:
        """One of them, for as long as the block lasts."""
        self._waiting += 1
        try:
            thing = await self._free.get()
        finally:
            self._waiting -= 1
        try:
            yield thing
        finally:
            self._free.put_nowait(thing)

    async def close(self) -> None:
        """Close all of them."""
        for thing in self._things:
            await self._close(thing)
