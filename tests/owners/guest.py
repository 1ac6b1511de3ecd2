"""A guest of the owners' platform: bookings, holds and calls as short words, and what a call was refused with."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg
import pytest

DAY = "2027-03-01"
"""A Monday."""
Conn: TypeAlias = "asyncpg.Connection[Any]"


async def tables(c: Conn, *numbers: str) -> list[UUID]:
    """Ids of tables by their numbers."""
    return [await c.fetchval("SELECT id FROM table_inventory WHERE table_number = $1", number) for number in numbers]


async def booking(c: Conn, *, party: int = 2, at: str = "12:00", status: str = "pending") -> UUID:
    """A booking of 90 minutes for a new guest."""
    who = uuid4()
    until = (datetime.fromisoformat(f"{DAY}T{at}") + timedelta(minutes=90)).time()
    found: UUID = await c.fetchval(
        """
        WITH guest AS (
            INSERT INTO customers (restaurant_id, full_name, email, phone)
            SELECT r.id, 'Guest', $1::text, $2::text FROM restaurants r RETURNING id, restaurant_id
        )
        INSERT INTO bookings (restaurant_id, customer_id, booking_date, start_time, end_time, party_size, booking_type,
                              status, customer_name, customer_email, customer_phone, reference)
        SELECT restaurant_id, id, $3::text::date, $4::text::time, $5, $6, 'lunch', $7::text::booking_status, 'Guest',
               $1, $2, ''
          FROM guest
        RETURNING id
        """,
        f"{who.hex}@example.com",
        f"+44{who.int % 10**15:015d}",
        DAY,
        at,
        until,
        party,
        status,
    )
    return found


async def hold(
    c: Conn,
    booking_id: UUID | None,
    *numbers: str,
    at: str = "12:00",
    metadata: str | None = '{"policyVersion": "p1"}',
    expires: timedelta = timedelta(seconds=180),
    meet: asyncio.Barrier | None = None,
) -> UUID:
    """A hold of 90 minutes that expires so long after its window's end, as the owners' checks want it.

    `meet` is where it waits for others before it takes its tables.
    """
    start = datetime.fromisoformat(f"{DAY}T{at}").replace(tzinfo=UTC)
    end = start + timedelta(minutes=90)
    wanted = await tables(c, *numbers)
    async with c.transaction():
        found: UUID = await c.fetchval(
            "INSERT INTO table_holds (restaurant_id, booking_id, zone_id, start_at, end_at, expires_at, metadata) "
            "SELECT t.restaurant_id, $1, t.zone_id, $2, $3, $4, $5::text::jsonb FROM table_inventory t WHERE t.id = $6 "
            "RETURNING id",
            booking_id,
            start,
            end,
            end + expires,
            metadata,
            wanted[0],
        )
        if meet is not None:
            await meet.wait()
        await c.execute(
            "INSERT INTO table_hold_members (hold_id, table_id) SELECT $1, x FROM unnest($2::uuid[]) AS x",
            found,
            wanted,
        )
    return found


async def assign(
    c: Conn, booking_id: UUID, *numbers: str, key: str | None = None, adjacent: bool = False
) -> list[UUID]:
    """The tables a booking was given for its own times."""
    rows = await c.fetch(
        "SELECT table_id FROM assign_tables_atomic_v2($1, $2, $3, $4, NULL, NULL, NULL)",
        booking_id,
        await tables(c, *numbers),
        key,
        adjacent,
    )
    return [row["table_id"] for row in rows]


async def confirm(
    c: Conn, hold_id: UUID, booking_id: UUID, key: str = "k", *, status: str | None = "confirmed"
) -> list[UUID]:
    """The tables a hold was confirmed with."""
    rows = await c.fetch(
        "SELECT table_id FROM confirm_hold_assignment_tx($1, $2, $3, p_target_status => $4::text::booking_status)",
        hold_id,
        booking_id,
        key,
        status,
    )
    return [row["table_id"] for row in rows]


async def refused(call: Awaitable[object], sqlstate: str, message: str, detail: str | None = None) -> None:
    """Fails unless the call is refused with this SQLSTATE and these words in its message and detail."""
    with pytest.raises(asyncpg.PostgresError) as told:
        await call
    assert told.value.sqlstate == sqlstate, str(told.value)
    assert message in (told.value.message or "")
    if detail is not None:
        assert detail in (told.value.detail or "")
