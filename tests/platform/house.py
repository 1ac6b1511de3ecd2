"""A guest at the White Horse: bookings, holds and confirmations as short calls."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from asyncpg import Connection


async def table(c: "Connection[Any]", number: str) -> UUID:
    found: UUID = await c.fetchval("SELECT id FROM table_inventory WHERE table_number = $1", number)
    return found


async def tables(c: "Connection[Any]", *numbers: str) -> list[UUID]:
    return [await table(c, number) for number in numbers]


async def booking(
    c: "Connection[Any]", *, party: int = 2, at: str = "12:00", until: str = "13:30", status: str = "pending"
) -> UUID:
    """A booking of a new guest on the seeded day."""
    who = uuid4()
    found: UUID = await c.fetchval(
        """
        WITH guest AS (
            INSERT INTO customers (restaurant_id, full_name, email, phone)
            SELECT r.id, 'Guest', $1::text, $2::text FROM restaurants r RETURNING id, restaurant_id
        )
        INSERT INTO bookings (restaurant_id, customer_id, booking_date, start_time, end_time, party_size, booking_type,
                              status, customer_name, customer_email, customer_phone, reference)
        SELECT restaurant_id, id, DATE '2027-03-01', $3::text::time, $4::text::time, $5, 'lunch',
               $6::text::booking_status, 'Guest', $1, $2, ''
          FROM guest
        RETURNING id
        """,
        f"{who.hex}@example.com",
        f"+44{who.int % 10**15:015d}",
        at,
        until,
        party,
        status,
    )
    return found


async def hold(
    c: "Connection[Any]", booking_id: UUID | None, numbers: list[str], *, ttl_s: float = 180, at: str = "12:00"
) -> UUID:
    """A hold of 90 minutes on the seeded day."""
    start = datetime.fromisoformat(f"2027-03-01T{at}:00+00:00")
    hold_id = uuid4()
    async with c.transaction():
        await c.execute(
            """
            INSERT INTO table_holds (id, restaurant_id, booking_id, zone_id, start_at, end_at, expires_at, metadata)
            SELECT $1, t.restaurant_id, $2, t.zone_id, $3, $4, clock_timestamp() + $5, '{"policyVersion": "p1"}'
              FROM table_inventory t WHERE t.table_number = $6
            """,
            hold_id,
            booking_id,
            start,
            start + timedelta(minutes=90),
            timedelta(seconds=ttl_s),
            numbers[0],
        )
        await c.execute(
            "INSERT INTO table_hold_members (hold_id, table_id) "
            "SELECT $1, id FROM table_inventory WHERE table_number = ANY ($2)",
            hold_id,
            numbers,
        )
    return hold_id


async def assign(
    c: "Connection[Any]", booking_id: UUID, numbers: list[str], key: str | None = None, *, adjacent: bool = False
) -> list[Any]:
    """Give a booking its tables for its own times."""
    return list(
        await c.fetch(
            "SELECT * FROM assign_tables_atomic_v2($1, $2, $3, $4, NULL, NULL, NULL)",
            booking_id,
            await tables(c, *numbers),
            key,
            adjacent,
        )
    )


async def confirm(
    c: "Connection[Any]",
    hold_id: UUID,
    booking_id: UUID,
    key: str = "k",
    *,
    status: str | None = "confirmed",
    **more: str,
) -> list[Any]:
    """Confirm a hold."""
    return list(
        await c.fetch(
            "SELECT * FROM confirm_hold_assignment_tx($1, $2, $3, $4, NULL, NULL, NULL, $5, $6, $7)",
            hold_id,
            booking_id,
            key,
            True,
            more.get("policy"),
            more.get("adjacency"),
            status,
        )
    )
