"""What a look costs with 64 idle and 16 waiting backends: `python -m tests.benchmarks.looks DSN`. Asserts nothing.

DSN names a database with the platform installed, which is left as it was; it needs about 90 connections.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack, suppress

import asyncpg

from engine.clock import RunningClock
from engine.database import Connection
from engine.observe.sampler import Sampler
from tests.observe.planting import session, until_waiting

IDLE = 64
WAITING = 16
KEYS = 4
LOOKS = 200


async def main(dsn: str) -> None:
    """Print p50 and p95 of a look, of what it costs the client, and of one with every slow lane due."""
    async with AsyncExitStack() as stack:

        async def another(name: str) -> asyncpg.Connection:
            return await stack.enter_async_context(session(dsn, name))

        admin = await another("bench")
        for number in range(IDLE):
            await another(f"slotfill w{number:02}")
        waits = []
        for number in range(WAITING + KEYS):
            who = await another(f"slotfill q{number:02}")
            lock = who.execute("SELECT pg_advisory_lock(7, $1)", number % KEYS)
            if number < KEYS:
                await lock
            else:
                waits.append(asyncio.create_task(_quietly(lock)))
        await until_waiting(admin, WAITING)

        sampler = Sampler(
            lambda: Connection.open(dsn, application_name="slotfill sampler", timeout_s=5),
            RunningClock(),
            lambda pid: None,
            interval_s=0.5,
            timeout_s=2.0,
        )
        first = await sampler.look()
        print(f"first look {first.took_ns / 1e6:.1f} ms; {first.connections} connections, {len(first.queues)} queues")
        await _measure("fast lane", sampler, slow=False)
        await _measure("all lanes", sampler, slow=True)
        await sampler.close()
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def _quietly(lock: asyncio.Future[str]) -> None:
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        await lock


async def _measure(name: str, sampler: Sampler, *, slow: bool) -> None:
    took_ns = []
    cpu_s = time.process_time()
    for _ in range(LOOKS):
        if slow:
            sampler._due_ns.clear()
        took_ns.append((await sampler.look()).took_ns)
    cpu_ms = (time.process_time() - cpu_s) / LOOKS * 1e3
    took_ns.sort()
    p50, p95 = (took_ns[int(LOOKS * share)] / 1e6 for share in (0.5, 0.95))
    print(f"{name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms, of which {cpu_ms:.1f} ms of our own processor a look")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
