"""Clearing zone locks: an assignment that was undone leaves its booking locked to the zone it no longer sits in."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from engine.database import Connection
from engine.model.repair import (
    Cleared,
    ClearedLock,
    Found,
    LockedBooking,
    Remedy,
    Repairable,
    Repaired,
    RepairRow,
    Scope,
)
from engine.repair.transaction import AT_MOST, counted, found_in, looking, repairing, told


async def list_zone_locks(connection: Connection, scope: Scope) -> Found:
    """Pending bookings without tables that are locked to a zone, of every day. Raises DatabaseFailed."""
    async with looking(connection, "zone locks"):
        rows = await connection.rows("repair/list_zone_locks", RepairRow, list(scope.restaurants), AT_MOST)
    return found_in(rows)


async def repair_zone_locks(connection: Connection, scope: Scope) -> Repaired:
    """Clear them. An assignment sets lock and tables in one transaction: a lock seen without tables was left behind.

    Raises DatabaseFailed; then nothing was cleared.
    """
    cleared = await clear_zone_locks(connection, scope.restaurants, None)
    return Repaired(tuple(_repairable(lock) for lock in cleared.bookings), cleared.left)


def _repairable(lock: ClearedLock) -> Repairable:
    return Repairable(
        what="stale zone lock",
        id=lock.booking_id,
        booking_id=lock.booking_id,
        subject=f"booking {lock.reference}, {lock.on} {lock.at:%H:%M}, party of {lock.party}",
        restaurant=lock.restaurant,
        tables=[],
        age_ns=None,
        remedy=Remedy.CLEAR,
        why=f"it was locked to {lock.zone}",
    )


async def clear_zone_locks(connection: Connection, restaurants: Collection[UUID], on: date | None) -> Cleared:
    """Clear the zone lock of pending bookings without tables, at most 1,000, in one transaction; None for every day.

    Bookings are locked first and looked at again then: an assignment that commits in between keeps its lock.
    Raises DatabaseFailed; then nothing was cleared.
    """
    ids = list(restaurants)
    async with repairing(connection, "clearing zone locks"):
        locked = [
            row.booking_id for row in await connection.rows("repair/lock_bookings", LockedBooking, ids, on, AT_MOST)
        ]
        bookings: tuple[ClearedLock, ...] = ()
        if locked:
            bookings = tuple(await connection.rows("repair/clear_zone_locks", ClearedLock, locked))
        left = await counted(connection, "repair/zone_locks_left", ids, on)
        zones = sorted({booking.zone for booking in bookings})
        await told(
            connection,
            "zone_locks.cleared",
            {"cleared": len(bookings), "left": left, "zones": zones, "date": on and on.isoformat()},
        )
    return Cleared(bookings=bookings, left=left)
