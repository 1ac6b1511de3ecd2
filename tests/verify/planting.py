"""One bad row for each check; where a constraint forbids it, the constraint goes first."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from tests.platform import house
from tests.scratch import ScratchDatabase

Session = Any
"""asyncpg brings no types."""
Planting = Callable[[Session], Awaitable[UUID | None]]
"""Plants into a database with honest bookings; gives the booking that the finding must name, None where none is."""

OVERLAPS = (
    ("booking_table_assignments", "no_overlapping_table_assignments"),
    ("booking_table_assignments", "bta_no_overlap"),
    ("booking_table_assignments", "booking_table_assignments_table_id_slot_id_key"),
    ("allocations", "allocations_no_overlap"),
)


async def drop(c: Session, *constraints: tuple[str, str]) -> None:
    for table, name in constraints:
        await c.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


async def seat(c: Session, numbers: list[str], *, party: int = 2, at: str = "12:00", until: str = "13:30") -> UUID:
    """A booking made, held and confirmed as a guest would."""
    made = await house.booking(c, party=party, at=at, until=until)
    held = await house.hold(c, made, numbers, at=at)
    await house.confirm(c, held, made, f"k-{made}")
    return made


async def honest(c: Session) -> None:
    """A house at work: single and joined tables, sittings back to back, one that waits, one that is held."""
    await seat(c, ["MD-01"])
    await seat(c, ["MD-01"], at="13:30", until="15:00")
    await seat(c, ["MD-03", "MD-04"], party=7)
    await seat(c, ["MD-03"], party=4, at="13:30", until="15:00")
    await house.booking(c)
    await house.hold(c, await house.booking(c, at="17:00", until="19:00"), ["BA-01"], at="17:00")


async def overlapping(c: Session) -> UUID:
    first = await seat(c, ["MD-05"])
    second = await seat(c, ["MD-06"], at="12:30", until="14:00")
    await drop(c, *OVERLAPS)
    for table in ("booking_table_assignments", "allocations"):
        column = "table_id" if table != "allocations" else "resource_id"
        await c.execute(
            f"UPDATE {table} SET {column} = $1 WHERE booking_id = $2", await house.table(c, "MD-05"), second
        )
    assert first != second
    return second


async def reversed_window(c: Session) -> UUID:
    made = await seat(c, ["MD-05"])
    await c.execute("ALTER TABLE booking_table_assignments DROP COLUMN assignment_window")
    await drop(c, OVERLAPS[0])
    await c.execute(
        "UPDATE booking_table_assignments SET start_at = end_at, end_at = start_at WHERE booking_id = $1", made
    )
    return made


async def overbooked(c: Session) -> UUID:
    await drop(c, *OVERLAPS[:3])
    made = await seat(c, ["MD-05"], party=4)
    await c.execute("UPDATE bookings SET party_size = 300 WHERE id = $1", made)
    return made


async def expired_hold(c: Session) -> UUID:
    made = await house.booking(c)
    await house.hold(c, made, ["BA-02"], ttl_s=-1)
    return made


async def leaked_hold(c: Session) -> UUID:
    made = await house.booking(c)
    held = await house.hold(c, made, ["BA-02"], ttl_s=86_400)
    await c.execute("UPDATE table_holds SET created_at = now() - interval '10 minutes' WHERE id = $1", held)
    return made


async def orphaned_window(c: Session) -> UUID:
    made = await house.booking(c)
    held = await house.hold(c, made, ["BA-02"])
    await c.execute("ALTER TABLE table_hold_members DISABLE TRIGGER USER")
    await c.execute("DELETE FROM table_hold_members WHERE hold_id = $1", held)
    # A second hold of the same table, so that the hold itself is whole and only the window is not.
    await c.execute(
        "INSERT INTO table_hold_members (hold_id, table_id) VALUES ($1, $2)", held, await house.table(c, "BA-03")
    )
    return made


async def confirmed_alone(c: Session) -> UUID:
    return await house.booking(c, status="confirmed")


async def tables_alone(c: Session) -> UUID:
    made = await house.booking(c)
    await house.assign(c, made, ["MD-05"], "k")
    return made


async def zone_lock(c: Session) -> UUID:
    made = await house.booking(c)
    await c.execute(
        "UPDATE bookings SET assigned_zone_id = (SELECT id FROM zones WHERE name = 'Patio') WHERE id = $1", made
    )
    return made


async def other_house(c: Session) -> UUID:
    """Another restaurant."""
    found: UUID = await c.fetchval(
        "INSERT INTO restaurants (name, slug, timezone) VALUES ('Other', 'other-house', 'Europe/London') RETURNING id"
    )
    return found


async def foreign_table(c: Session) -> UUID:
    made = await seat(c, ["MD-05"])
    other = await other_house(c)
    await c.execute("ALTER TABLE table_inventory DROP CONSTRAINT table_inventory_allowed_capacity_fkey")
    await c.execute("UPDATE table_inventory SET restaurant_id = $1 WHERE table_number = 'MD-05'", other)
    return made


async def two_zones(c: Session) -> UUID:
    made = await seat(c, ["MD-05", "MD-06"], party=7)
    await c.execute(
        "UPDATE table_inventory SET zone_id = (SELECT id FROM zones WHERE name = 'Patio') WHERE table_number = 'MD-06'"
    )
    return made


async def too_many_guests(c: Session) -> UUID:
    made = await seat(c, ["MD-05"], party=4)
    await c.execute("UPDATE bookings SET party_size = 5 WHERE id = $1", made)
    return made


async def lone_shadow(c: Session) -> UUID:
    made = await house.booking(c)
    await c.execute(
        'INSERT INTO allocations (booking_id, resource_type, resource_id, shadow, restaurant_id, "window")'
        " SELECT b.id, 'table', $2, true, b.restaurant_id, tstzrange(b.start_at, b.end_at)"
        " FROM bookings b WHERE b.id = $1",
        made,
        await house.table(c, "BA-02"),
    )
    return made


async def stale_allocation(c: Session) -> UUID:
    made = await house.booking(c)
    await c.execute(
        'INSERT INTO allocations (booking_id, resource_type, resource_id, restaurant_id, "window")'
        " SELECT b.id, 'table', $2, b.restaurant_id, tstzrange(b.start_at, b.end_at) FROM bookings b WHERE b.id = $1",
        made,
        await house.table(c, "BA-02"),
    )
    return made


async def no_allocation(c: Session) -> UUID:
    made = await seat(c, ["MD-05"])
    await c.execute("DELETE FROM allocations WHERE booking_id = $1", made)
    return made


async def cancelled(c: Session) -> UUID:
    made = await seat(c, ["MD-05"])
    await c.execute("UPDATE bookings SET status = 'cancelled' WHERE id = $1", made)
    return made


async def used_key(c: Session) -> UUID:
    made = await house.booking(c)
    await c.execute(
        "INSERT INTO booking_assignment_idempotency (booking_id, idempotency_key, table_ids, assignment_window)"
        " SELECT b.id, 'ultra-fast', ARRAY[$2::uuid], tstzrange(b.start_at, b.end_at) FROM bookings b WHERE b.id = $1",
        made,
        await house.table(c, "BA-02"),
    )
    return made


PLANTINGS: dict[str, Planting] = {
    "overlapping_assignments": overlapping,
    "windows_null_or_reversed": reversed_window,
    "overbooked_slots": overbooked,
    "expired_holds": expired_hold,
    "leaked_holds": leaked_hold,
    "orphaned_holds": orphaned_window,
    "confirmed_without_tables": confirmed_alone,
    "tables_without_confirmation": tables_alone,
    "zone_locks_on_pending": zone_lock,
    "foreign_tables": foreign_table,
    "mixed_zones": two_zones,
    "too_few_seats": too_many_guests,
    "shadow_allocations": lone_shadow,
    "stale_allocations": stale_allocation,
    "assignments_without_allocation": no_allocation,
    "finished_bookings_blocking": cancelled,
    "ledger_without_tables": used_key,
}
ALONGSIDE: dict[str, dict[str, int]] = {
    "overbooked_slots": {"overbooked_slots": 1, "too_few_seats": 1},
    "windows_null_or_reversed": {"windows_null_or_reversed": 1, "assignments_without_allocation": 1},
    # Its assignment and its allocation.
    "foreign_tables": {"foreign_tables": 2},
}
"""What else the same bad row rightly shows up in."""


def plant(database: ScratchDatabase, *what: Callable[[Any], Any]) -> list[UUID]:
    """Each of these, outside a loop; what they gave."""

    async def planted() -> list[UUID]:
        c = await database.connect()
        try:
            return [await one(c) for one in what]
        finally:
            await c.close()

    return asyncio.run(planted())
