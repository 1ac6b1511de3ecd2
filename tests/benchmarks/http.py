"""What a request costs the client, by transport: `python -m tests.benchmarks.http`. Judges nothing.

All ask the same echo server in a process of its own, in turns within one run, so that only the ratios are to be read.
"""

import asyncio
import time
from statistics import median

import httpx

from engine.client_floor import client_floor, echo_server
from engine.http import HttpClient, KeepAlive
from tests.benchmarks.figures import Figure, as_json

ROUNDS = 7
REQUESTS = 320
CONCURRENCY = 8
BODY = b"{}" * 150
HEADERS = {"content-type": "application/json", "idempotency-key": "sf-bench-1", "x-booking-flow-correlation": "bench-1"}
LIMITS = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)


class Client:
    """httpx as its manual has it."""

    name = "httpx_client"

    def __init__(self, base_url: str) -> None:
        self.url = httpx.URL(f"{base_url}/api/bookings")
        self.client = httpx.AsyncClient(limits=LIMITS, trust_env=False, timeout=30)

    async def ask(self) -> bytes:
        return (await self.client.post(self.url, content=BODY, headers=HEADERS)).content

    async def close(self) -> None:
        await self.client.aclose()


class OverOurs(Client):
    """httpx's client over our connections."""

    name = "httpx_client_our_transport"

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url)
        self.client = httpx.AsyncClient(transport=KeepAlive(CONCURRENCY), trust_env=False, timeout=30)


class Bare(Client):
    """httpx's own transport without its client."""

    name = "httpx_transport"

    def __init__(self, base_url: str) -> None:
        self.url = httpx.URL(f"{base_url}/api/bookings")
        self.transport: httpx.AsyncBaseTransport = httpx.AsyncHTTPTransport(limits=LIMITS, trust_env=False)
        self.extensions = {"timeout": httpx.Timeout(30).as_dict()}

    async def ask(self) -> bytes:
        request = httpx.Request("POST", self.url, headers=HEADERS, content=BODY, extensions=self.extensions)
        return await (await self.transport.handle_async_request(request)).aread()

    async def close(self) -> None:
        await self.transport.aclose()


class Ours(Client):
    """What runs use."""

    name = "ours"

    def __init__(self, base_url: str) -> None:
        self.http = HttpClient(base_url, timeout_s=30, connections=CONCURRENCY)

    async def ask(self) -> bytes:
        return (await self.http.post("/api/bookings", BODY, HEADERS)).body

    async def close(self) -> None:
        await self.http.close()


async def main() -> list[Figure]:
    """Print processor time and p50 of each, how many times less than plain httpx, and the floor that runs are told."""
    async with echo_server(1200) as base_url:
        clients = [kind(base_url) for kind in (Client, OverOurs, Bare, Ours)]
        cpu_us: dict[str, list[float]] = {one.name: [] for one in clients}
        p50_us: dict[str, list[float]] = {one.name: [] for one in clients}
        for one in clients:
            await _round(one)
        for _ in range(ROUNDS):
            for one in clients:
                cpu, p50 = await _round(one)
                cpu_us[one.name].append(cpu)
                p50_us[one.name].append(p50)
        for one in clients:
            await one.close()
    figures = []
    for name, cpus in cpu_us.items():
        share = median(cpu / plain for cpu, plain in zip(cpus, cpu_us[Client.name], strict=True))
        figures += [
            Figure(f"http_request_cpu_us_{name}", median(cpus), "us", ROUNDS),
            Figure(f"http_request_cpu_share_{name}", share, "-", ROUNDS),
            Figure(f"http_request_p50_us_{name}", median(p50_us[name]), "us", ROUNDS),
        ]
    for concurrency in (1, CONCURRENCY, 64):
        floor = await client_floor(concurrency)
        figures.append(Figure(f"http_floor_p50_us_c{concurrency}", floor.p50_ns / 1e3, "us", floor.requests))
        figures.append(Figure(f"http_floor_cpu_us_c{concurrency}", floor.cpu_ns / 1e3, "us", floor.requests))
    for figure in figures:
        print(figure.line(), flush=True)
    print(as_json(figures))
    return figures


async def _round(client: Client) -> tuple[float, float]:
    took_us: list[float] = []

    async def worker() -> None:
        for _ in range(REQUESTS // CONCURRENCY):
            began = time.perf_counter()
            await client.ask()
            took_us.append((time.perf_counter() - began) * 1e6)

    cpu = time.process_time()
    await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
    return (time.process_time() - cpu) * 1e6 / REQUESTS, median(took_us)


if __name__ == "__main__":
    asyncio.run(main())
