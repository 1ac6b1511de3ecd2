"""Sweeping holds: an exclusion constraint knows no time, so what nobody sweeps blocks its tables for ever."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from engine.database import Connection
from engine.model.repair import LockedHold, Swept, SweptHold
from engine.repair.transaction import AT_MOST, counted, repairing, told


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
