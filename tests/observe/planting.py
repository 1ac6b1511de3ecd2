"""A small floor, sessions that hold and wait, and connections that tell what was asked of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from engine.database import Connection

Row = TypeVar("Row")
Session = Any
"""asyncpg brings no types."""

HOUR = 29_544_480
"""2026-03-05 00:00 UTC in minutes since the epoch: 19:00 of the day before in New York."""


class Floor(msgspec.Struct, frozen=True):
    restaurant: UUID
    zone: UUID
    other_zone: UUID
    table: UUID


class Recorded(Connection):
    """Remembers every statement it was asked for."""

    asked: list[str]

    @classmethod
    async def to(cls, dsn: str, asked: list[str], **settings: str) -> "Recorded":
        connection = await cls.open(dsn, application_name="slotfill sampler", timeout_s=5, settings=settings)
        assert isinstance(connection, cls)
        connection.asked = asked
        return connection

    async def rows(self, name: str, into: type[Row], *args: object) -> list[Row]:
        self.asked.append(name)
        return await super().rows(name, into, *args)


@asynccontextmanager
async def session(dsn: str, application_name: str = "psql") -> AsyncIterator[Session]:
    """A session of somebody; dropped at the end, whatever it waits for."""
    connection = await asyncpg.connect(dsn, server_settings={"application_name": application_name})
    try:
        yield connection
    finally:
        connection.terminate()


async def plant_floor(admin: Session, slug: str = "planted") -> Floor:
    """A restaurant in New York with two zones and a table."""
    restaurant = await admin.fetchval(
        "INSERT INTO restaurants (name, slug, timezone) VALUES ('Planted', $1, 'America/New_York') RETURNING id", slug
    )
    zones = [
        await admin.fetchval("INSERT INTO zones (restaurant_id, name) VALUES ($1, $2) RETURNING id", restaurant, name)
        for name in ("Planted Terrace", "Planted Cellar")
    ]
    await admin.execute("INSERT INTO allowed_capacities (restaurant_id, capacity) VALUES ($1, 4)", restaurant)
    table = await admin.fetchval(
        "INSERT INTO table_inventory (restaurant_id, table_number, capacity, zone_id, category)"
        " VALUES ($1, 'P1', 4, $2, 'dining') RETURNING id",
        restaurant,
        zones[0],
    )
    return Floor(restaurant, zones[0], zones[1], table)


async def until_waiting(admin: Session, count: int) -> None:
    """Return when that many locks are waited for in this database."""
    await until_count(
        admin,
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND l.waitstart IS NOT NULL AND a.datname = current_database()",
        count,
    )


async def until_count(admin: Session, query: str, count: int) -> None:
    """Return when the query gives that count."""
    async with asyncio.timeout(10):
        while await admin.fetchval(query) != count:  # noqa: ASYNC110 - a real server is awaited
            await asyncio.sleep(0.01)


async def hold_zone(who: Session, zone: UUID) -> None:
    """Open a transaction and take, or wait for, the lock of that zone at HOUR, as the platform does."""
    await who.execute("BEGIN")
    await who.execute("SELECT pg_advisory_xact_lock(hashtext($1::text), $2)", str(zone), HOUR)
