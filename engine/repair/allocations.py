"""Allocations that are not what they should be: they keep tables from guests, or keep nobody away."""

from collections import Counter
from uuid import UUID

from engine.database import Connection
from engine.model.repair import Found, Remedy, Repairable, Repaired, RepairRow, Scope
from engine.repair.transaction import AT_MOST, found_in, looking, repairing, told, took


async def list_allocations(connection: Connection, scope: Scope) -> Found:
    """Shadows without a hold, real ones turned shadow, stale ones, and tables of finished bookings.

    Raises DatabaseFailed.
    """
    async with looking(connection, "allocations"):
        return await _listed(connection, scope, None)


async def repair_allocations(connection: Connection, scope: Scope) -> Repaired:
    """Delete, make real or take back what is listed, at most 1,000, in one transaction.

    Safe while a run works in the same database, without asking how old anything is: hold and shadow, allocation and
    assignment are each written by one transaction, so one that is seen without the other was left behind. What
    somebody is just changing is skipped, all else is locked and then looked at again. Whoever wants an allocation that
    goes waits for the end of this, and then makes a new one. Raises DatabaseFailed; then nothing was changed.
    """
    async with repairing(connection, "repairing allocations"):
        found = await _listed(connection, scope, None)
        done = await _put_right(connection, scope, found.curable)
        left = (await _listed(connection, scope, None)).total
        whats = Counter(row.what for row in done)
        await told(connection, "allocations.repaired", {"repaired": len(done), "left": left, "what": dict(whats)})
    return Repaired(done, left)


async def _listed(connection: Connection, scope: Scope, only: list[UUID] | None) -> Found:
    return found_in(await connection.rows("repair/list_allocations", RepairRow, list(scope.restaurants), only, AT_MOST))


async def _put_right(connection: Connection, scope: Scope, rows: tuple[Repairable, ...]) -> tuple[Repairable, ...]:
    rows = await _still(connection, scope, await _locked(connection, rows))
    ids = {remedy: [row.id for row in rows if row.remedy == remedy] for remedy in Remedy}
    await took(connection, "repair/lock_tables", ids[Remedy.UNASSIGN])
    done = await took(connection, "repair/delete_allocations", ids[Remedy.DELETE])
    unassigned = await took(connection, "repair/unassign", ids[Remedy.UNASSIGN])
    await took(connection, "repair/delete_leftovers", unassigned)
    # Last: what stood in the way of one may have gone just now.
    done |= unassigned | await took(connection, "repair/restore_allocations", ids[Remedy.RESTORE])
    return tuple(row for row in rows if row.id in done)


async def _locked(connection: Connection, rows: tuple[Repairable, ...]) -> tuple[Repairable, ...]:
    """Those that are ours now: of one that is made real its booking too, whose tables could be taken back meanwhile."""
    of_booking = {row.booking_id for row in rows if row.remedy in (Remedy.UNASSIGN, Remedy.RESTORE) and row.booking_id}
    bookings = await took(connection, "repair/lock_these_bookings", of_booking)
    kept = tuple(row for row in rows if row.remedy == Remedy.DELETE or row.booking_id in bookings)
    wanted = [row.id for row in kept if row.remedy != Remedy.UNASSIGN]
    allocations = await took(connection, "repair/lock_allocations", wanted)
    return tuple(row for row in kept if row.remedy == Remedy.UNASSIGN or row.id in allocations)


async def _still(connection: Connection, scope: Scope, rows: tuple[Repairable, ...]) -> tuple[Repairable, ...]:
    """Those that still want what was listed, now that nobody else can change them."""
    if not rows:
        return ()
    again = await _listed(connection, scope, [row.id for row in rows])
    wanted = {(row.id, row.remedy) for row in rows}
    return tuple(row for row in again.rows if (row.id, row.remedy) in wanted)
