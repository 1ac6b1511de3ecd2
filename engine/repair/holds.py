"""Sweeping holds: an exclusion constraint knows no time, so what nobody sweeps blocks its tables for ever."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from engine.database import Connection
from engine.model.repair import (
    Found,
    LockedHold,
    Remedy,
    Repairable,
    Repaired,
    RepairRow,
    Scope,
    Swept,
    SweptHold,
)
from engine.repair.transaction import AT_MOST, counted, found_in, looking, repairing, told

_OLD = "leaked hold"


async def list_holds(connection: Connection, scope: Scope) -> Found:
    """Holds older than they may live. Raises DatabaseFailed."""
    async with looking(connection, "holds"):
        rows = await connection.rows("repair/list_holds", RepairRow, list(scope.restaurants), scope.ttl, AT_MOST)
    return found_in(rows)


async def repair_holds(connection: Connection, scope: Scope) -> Repaired:
    """Sweep them: no attempt that lives has one so old, so a run that goes on loses none of its own.

    Raises DatabaseFailed; then nothing was swept.
    """
    swept = await sweep_holds(connection, scope.restaurants, scope.ttl)
    return Repaired(tuple(_repairable(hold) for hold in swept.holds), swept.left)


def _repairable(hold: SweptHold) -> Repairable:
    return Repairable(
        what=_OLD,
        id=hold.hold_id,
        booking_id=hold.booking_id,
        subject=f"hold {str(hold.hold_id)[:8]}",
        restaurant=hold.restaurant,
        tables=hold.tables,
        age_ns=hold.age_ns,
        remedy=Remedy.DELETE,
        why=f"it stood in the way of {hold.blocked} bookings that wait",
    )


async def sweep_holds(connection: Connection, restaurants: Collection[UUID], ttl: timedelta) -> Swept:
    """Delete holds made longer than `ttl` ago, at most 1,000, in one transaction.

    Age alone decides: an attempt that lives has released or confirmed its hold by then, and expires_at is no guide, as
    the platform sets it after the dinner. Members go before their holds, or their shadow allocations would stay.
    Raises DatabaseFailed; then nothing was swept.
    """
    ids = list(restaurants)
    async with repairing(connection, "sweeping holds"):
        locked = [row.hold_id for row in await connection.rows("repair/lock_holds", LockedHold, ids, ttl, AT_MOST)]
        holds: tuple[SweptHold, ...] = ()
        blocked = 0
        if locked:
            holds = tuple(await connection.rows("repair/holds", SweptHold, locked))
            blocked = await counted(connection, "repair/blocked", locked)
            await connection.execute("fill/release_members", locked)
            await connection.execute("fill/release_holds", locked)
        left = await counted(connection, "repair/holds_left", ids, ttl)
        tables = sorted({table for hold in holds for table in hold.tables})
        await told(
            connection,
            "holds.sweeper.run",
            {
                "swept": len(holds),
                "blocked": blocked,
                "left": left,
                "tables": tables,
                "ttlSeconds": ttl.total_seconds(),
            },
        )
    return Swept(holds=holds, blocked=blocked, left=left)
