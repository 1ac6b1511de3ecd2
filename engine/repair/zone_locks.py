"""Clearing zone locks: an assignment that was undone leaves its booking locked to the zone it no longer sits in."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from engine.database import Connection
from engine.model.repair import Cleared, ClearedLock, LockedBooking
from engine.repair.transaction import AT_MOST, counted, repairing, told


async def clear_zone_locks(connection: Connection, restaurants: Collection[UUID], on: date) -> Cleared:
    """Clear the zone lock of that day's pending bookings without tables, at most 1,000, in one transaction.

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
            {"cleared": len(bookings), "left": left, "zones": zones, "date": on.isoformat()},
        )
    return Cleared(bookings=bookings, left=left)
