"""What a look costs with 64 idle and 16 waiting backends: `python -m tests.benchmarks.looks DSN`. Asserts nothing.

And what a look of the sampler of waits costs beside 1, 15 and 64 backends of which all wait or none: the server by its
own clock, our processor by the process's, and what share of a core both come to at 10 and at 20 looks a second.

DSN names a database with the platform installed, which is left as it was; it needs about 90 connections.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack, suppress

import asyncpg

from engine.clock import RunningClock
from engine.database import Connection
from engine.model.ids import RunId
from engine.observe.rows import WaitRow
from engine.observe.sampler import Sampler
from engine.observe.wait_fold import Fold, Seated
from engine.observe.waits import Terms, WaitSampler, Watched
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


async def look_tick(dsn: str, looks: int = LOOKS) -> list[tuple[str, float, str, int]]:
    """What a tick of the console's looks takes beside 100 backends, 16 of which wait: name, value, unit and n.

    Slow lanes have their turn as they have at two looks a second: holds in every other one, statements in every tenth.
    The first look, which learns the server, is left out.
    """
    async with AsyncExitStack() as stack:
        crew = [await stack.enter_async_context(session(dsn, f"slotfill w{number:02}")) for number in range(100)]
        holders, waiters = crew[:KEYS], crew[KEYS : KEYS + WAITING]
        for number, who in enumerate(holders):
            await who.execute("SELECT pg_advisory_lock(7, $1)", number)
        tasks = [
            asyncio.create_task(_quietly(who.execute("SELECT pg_advisory_lock(7, $1)", number % KEYS)))
            for number, who in enumerate(waiters)
        ]
        await until_waiting(crew[-1], WAITING)
        sampler = Sampler(
            lambda: Connection.open(dsn, application_name="slotfill sampler", timeout_s=5),
            RunningClock(),
            lambda pid: None,
            interval_s=0.5,
            timeout_s=2.0,
        )
        await sampler.look()
        took_ms = []
        for number in range(looks):
            if number % 10 == 0:
                sampler._due_ns.clear()
            elif number % 2 == 0:
                sampler._due_ns.pop("holds")
            took_ms.append((await sampler.look()).took_ns / 1e6)
        await sampler.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    took_ms.sort()
    return [
        (f"look_tick_100_backends_p{share}", took_ms[len(took_ms) * share // 100], "ms", looks) for share in (50, 95)
    ]


async def waits(dsn: str) -> None:
    """Print what a look of the sampler of waits costs."""
    for count in (1, 15, 64):
        for waiting in (False, True):
            async with AsyncExitStack() as stack:
                crew = [await stack.enter_async_context(session(dsn, f"slotfill bench w{n:02}")) for n in range(count)]
                holder = await stack.enter_async_context(session(dsn, "bench"))
                await holder.execute("SELECT pg_advisory_lock(7, 7)")
                tasks = [
                    asyncio.create_task(_quietly(one.execute("SELECT pg_advisory_lock(7, 7)")))
                    for one in (crew if waiting else [])
                ]
                await until_waiting(holder, count if waiting else 0)
                await _measure_waits(dsn, {one.get_server_pid(): Seated("w", "hold") for one in crew}, waiting)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


async def _measure_waits(dsn: str, seats: dict[int, Seated], waiting: bool) -> None:
    sampler = WaitSampler(
        lambda: Connection.open(dsn, application_name="slotfill sampler", timeout_s=5),
        RunningClock(),
        Watched(lambda _at: seats, lambda _pid: None, lambda: True),
        Terms(RunId("bench"), 20.0, 2.0),
        lambda _: None,
    )
    await sampler.begin(0)
    server_ns: list[int] = []
    fold = sampler._take

    def take(into: Fold, rows: list[WaitRow], sent_ns: int, heard_ns: int) -> bool:
        server_ns.append(max(row.server_ns for row in rows))
        return fold(into, rows, sent_ns, heard_ns)

    sampler._take = take  # type: ignore[method-assign, assignment]
    await sampler._look_once()
    took_s, cpu_s = [], time.process_time()
    for _ in range(LOOKS):
        began_s = time.perf_counter()
        await sampler._look_once()
        took_s.append(time.perf_counter() - began_s)
    cpu_ms = (time.process_time() - cpu_s) / LOOKS * 1e3
    server_ms = sum(server_ns) / len(server_ns) / 1e6
    took_s.sort()
    await sampler.close()
    shares = ", ".join(f"{hz} Hz {(cpu_ms + server_ms) * hz / 10:.2f} %" for hz in (10, 20))
    print(
        f"{len(seats):>2} backends, {'all wait' if waiting else 'none waits'}: p50 {took_s[LOOKS // 2] * 1e3:.2f} ms, "
        f"server {server_ms:.2f} ms, our processor {cpu_ms:.2f} ms; share of a core at {shares}"
    )


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
    for figure in asyncio.run(look_tick(sys.argv[1])):
        print("{} {:.2f} {} {}".format(*figure))
    asyncio.run(waits(sys.argv[1]))
    asyncio.run(main(sys.argv[1]))
