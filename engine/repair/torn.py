"""Torn bookings: one half of a confirmation is there, and the other is not.

The rule, for each as it is found (`docs/decisions/0007-what-becomes-of-torn-bookings.md`):

* confirmed without tables goes back to pending, free of any zone, its idempotency keys forgotten: the guest waits for
  tables again. The platform's state machine has no such way, so it is a plain update that says so in the history;
* tables without confirmation is confirmed, through the platform's own transition, when all that a confirmation needs is
  there: the tables seat the party, stand in one zone of the restaurant, and are allocated for one and the same time,
  which begins when the guests come;
* else its tables are taken back, through the platform's own function, and it waits for others.
"""

from collections import Counter
from uuid import UUID

from engine.database import Connection
from engine.model.repair import Found, Remedy, Repaired, RepairRow, Scope
from engine.repair.transaction import AT_MOST, found_in, looking, repairing, told, took

REASON = "slotfill_repair_torn"
"""In the platform's history of a booking's states."""


async def list_torn(connection: Connection, scope: Scope) -> Found:
    """Bookings that are confirmed without tables, or have tables and wait. Raises DatabaseFailed."""
    async with looking(connection, "torn bookings"):
        return await _listed(connection, scope, None)


async def repair_torn(connection: Connection, scope: Scope) -> Repaired:
    """Put them together or apart, at most 1,000, in one transaction.

    Only while no attempt is in flight, which is for the caller to see to: where a platform assigns and confirms in two
    transactions, an attempt between them looks torn. What somebody is just working on is skipped all the same, and all
    else is locked and then looked at again. Raises DatabaseFailed; then nothing was changed.
    """
    async with repairing(connection, "repairing torn bookings"):
        found = await _listed(connection, scope, None)
        locked = await took(connection, "repair/lock_these_bookings", [row.id for row in found.rows])
        await took(connection, "repair/lock_tables", locked)
        again = (await _listed(connection, scope, list(locked))).rows if locked else ()
        ids = {remedy: [row.id for row in again if row.remedy == remedy] for remedy in Remedy}
        reopened = await took(connection, "repair/reopen", ids[Remedy.REOPEN], REASON)
        confirmed = await took(connection, "repair/confirm_torn", ids[Remedy.CONFIRM], REASON)
        unassigned = await took(connection, "repair/unassign", ids[Remedy.UNASSIGN])
        await took(connection, "repair/delete_leftovers", unassigned)
        # Not every platform's function frees the booking with its last table.
        await took(connection, "repair/free_zones", unassigned)
        await took(connection, "repair/forget_keys", reopened | unassigned)
        changed = reopened | confirmed | unassigned
        done = tuple(row for row in again if row.id in changed)
        left = (await _listed(connection, scope, None)).total
        remedies = Counter(str(row.remedy) for row in done)
        await told(connection, "bookings.torn.repaired", {"repaired": len(done), "left": left, "how": dict(remedies)})
    return Repaired(done, left)


async def _listed(connection: Connection, scope: Scope, only: list[UUID] | None) -> Found:
    return found_in(await connection.rows("repair/list_torn", RepairRow, list(scope.restaurants), only, AT_MOST))
