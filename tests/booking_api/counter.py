"""A booking API that is really served, a plain HTTP client at its counter, and what the database says afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from engine.booking_api.launch import ApiProcess, start
from engine.booking_api.spec import ApiSpec
from engine.config import FlagSettings
from tests.scratch import ScratchDatabase

CORRELATION = "X-Booking-Flow-Correlation"
QUICK = (50, 50, 50)
"""Delays between a job's attempts, milliseconds: nobody waits for the platform's own."""


def flags(**changed: Any) -> FlagSettings:
    return FlagSettings(**{"auto_assign_retry_delays_ms": QUICK, **changed})


def body(number: int = 0, **changed: Any) -> dict[str, Any]:
    """A valid request of guest `number` for the seeded day."""
    return {
        "date": "2027-03-01",
        "time": "12:30",
        "party": 2,
        "bookingType": "lunch",
        "seating": "any",
        "name": "Ann Other",
        "email": f"guest{number}@example.com",
        "phone": f"+44{number:010d}",
        **changed,
    }


class Counter:
    """Where bookings are asked for."""

    def __init__(self, process: ApiProcess, client: httpx.AsyncClient) -> None:
        self.process = process
        self.client = client

    async def ask(self, number: int = 0, *, key: str | None = None, **changed: Any) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.client.post("/api/bookings", json=body(number, **changed), headers=headers)

    async def health(self) -> Any:
        return (await self.client.get("/api/health")).json()

    async def rests(self) -> None:
        """Wait until no booking is being worked on and the event log is written."""

        async def idle() -> bool:
            found = await self.health()
            return not any(found["backlog"].values()) and found["events"]["queued"] == 0

        await until(idle, "the backlog to empty")


async def until(condition: Callable[[], Awaitable[bool]], what: str, within_s: float = 20.0) -> None:
    """Look again and again until it holds: for what another process does, and only there."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if await condition():
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"waited {within_s:g} s in vain for {what}")


@asynccontextmanager
async def serving(database: ScratchDatabase, **spec: Any) -> AsyncIterator[Counter]:
    process = await start(
        ApiSpec(**{"dsn": database.dsn, "run": "r1", "flags": flags(), "seats": 4, "desks": 2, **spec})
    )
    try:
        limits = httpx.Limits(max_connections=60, max_keepalive_connections=60)
        async with httpx.AsyncClient(base_url=process.base_url, timeout=30, limits=limits, trust_env=False) as client:
            yield Counter(process, client)
    finally:
        await process.stop()


async def told(database: ScratchDatabase, statement: str, *arguments: object) -> list[Any]:
    """What the database says."""
    connection = await database.connect()
    try:
        return list(await connection.fetch(statement, *arguments))
    finally:
        await connection.close()


async def events(database: ScratchDatabase) -> dict[str, int]:
    rows = await told(database, "SELECT event_type AS type, count(*) AS n FROM observability_events GROUP BY 1")
    return {row["type"]: row["n"] for row in rows}
