"""One database with a floor, sessions on it, and samplers."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import asyncpg

from engine.clock import RunningClock
from engine.database import Connection
from engine.observe.sampler import Sampler
from tests.observe.planting import Floor, Recorded, Session, hold_zone, session, until_waiting


def nobody(_pid: int) -> str | None:
    return None


class Stage:
    """One database with a floor, sessions on it, and samplers; everything is closed at the end."""

    def __init__(self, dsn: str, admin: Session, floor: Floor, stack: AsyncExitStack) -> None:
        self.dsn = dsn
        self.admin = admin
        self.floor = floor
        self.asked: list[str] = []
        self._stack = stack
        self._tasks: list[asyncio.Task[None]] = []

    def sampler(
        self,
        whose: Callable[[int], str | None] = nobody,
        timeout_s: float = 5.0,
        mask: Callable[[str], str] = str,
        **settings: str,
    ) -> Sampler:
        async def connect() -> Connection:
            return await Recorded.to(self.dsn, self.asked, **settings)

        sampler = Sampler(connect, RunningClock(), whose, 0.05, timeout_s, mask)
        self._stack.push_async_callback(sampler.close)
        return sampler

    async def session(self, application_name: str = "psql") -> Session:
        return await self._stack.enter_async_context(session(self.dsn, application_name))

    async def wait_for_zone(self, who: Session, waiting: int) -> None:
        """Let it queue, and return when that many wait."""
        await self.background(hold_zone(who, self.floor.zone))
        await until_waiting(self.admin, waiting)

    async def background(self, work: Any) -> None:
        async def quietly() -> None:
            # The session is dropped while it waits; that is how every test ends.
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await work

        self._tasks.append(asyncio.create_task(quietly()))

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def plain_role(self, *readable: str) -> str:
        """A role that may only connect, and read these tables."""
        role = f"plain_{await self.admin.fetchval('SELECT current_database()')}"
        await self.admin.execute(f'CREATE ROLE "{role}"')
        for table in readable:
            await self.admin.execute(f'GRANT SELECT ON {table} TO "{role}"')

        async def drop() -> None:
            await self.admin.execute(f'DROP OWNED BY "{role}"')
            await self.admin.execute(f'DROP ROLE "{role}"')

        self._stack.push_async_callback(drop)
        return role
