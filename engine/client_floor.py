"""Measures what this client costs by itself, against a server in a process of its own that answers at once."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engine.http import HttpClient
from engine.model.client_floor import ClientFloor

_START_S = 10.0
_WARM = 5
"""Requests of each worker before those that count: connections are opened in them."""


async def client_floor(
    concurrency: int, *, requests: int = 400, body: bytes = b"{}" * 150, answer_bytes: int = 1200
) -> ClientFloor:
    """Ask a server that does nothing, `concurrency` requests at a time. Raises TimeoutError when it does not start.

    requests: in all, and at least eight of each worker. The bodies' sizes are those of a booking and its answer.
    """
    each = max(8, requests // concurrency)
    async with echo_server(answer_bytes) as base_url:
        client = HttpClient(base_url, timeout_s=_START_S, connections=concurrency)
        took_ns: list[int] = []

        async def ask(times: int) -> None:
            for _ in range(times):
                began_ns = time.perf_counter_ns()
                await client.post("/api/bookings", body, {"idempotency-key": "sf-floor-1"})
                took_ns.append(time.perf_counter_ns() - began_ns)

        async def all_ask(times: int) -> None:
            async with asyncio.TaskGroup() as workers:
                for _ in range(concurrency):
                    workers.create_task(ask(times))

        try:
            await all_ask(_WARM)
            took_ns.clear()
            cpu_ns = time.process_time_ns()
            await all_ask(each)
            cpu_ns = time.process_time_ns() - cpu_ns
        finally:
            await client.close()
    took_ns.sort()
    count = len(took_ns)
    return ClientFloor(count, concurrency, took_ns[count // 2], took_ns[int(count * 0.99)], cpu_ns // count)


@asynccontextmanager
async def echo_server(answer_bytes: int) -> AsyncIterator[str]:
    """The base URL of a server in another process that answers at once. Raises TimeoutError when it does not start."""
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        # A folder named `engine` in the current directory must not be taken for ours.
        "-P",
        "-m",
        "engine.echo",
        str(answer_bytes),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    if server.stdin is None or server.stdout is None:
        raise AssertionError("a process that was started with pipes has them")
    try:
        async with asyncio.timeout(_START_S):
            port = int(await server.stdout.readline())
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stdin.close()
        try:
            async with asyncio.timeout(_START_S):
                await server.wait()
        except TimeoutError:
            server.kill()
            await server.wait()
