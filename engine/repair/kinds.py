"""Every repair, in one place: the verb, the console's command and the tests follow from here."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from engine.database import Connection, DatabaseFailed
from engine.model.repair import Found, Repaired, Scope
from engine.repair.allocations import list_allocations, repair_allocations
from engine.repair.holds import list_holds, repair_holds
from engine.repair.torn import list_torn, repair_torn
from engine.repair.zone_locks import list_zone_locks, repair_zone_locks


class Kind(NamedTuple):
    """One repair."""

    name: str
    """What a user types."""
    title: str
    lists: Callable[[Connection, Scope], Awaitable[Found]]
    """Says what it would do, and writes nothing. Raises DatabaseFailed."""
    does: Callable[[Connection, Scope], Awaitable[Repaired]]
    """Does it in one transaction. Raises DatabaseFailed; then nothing was changed, or COMMIT was not answered."""
    wants_rest: bool = False
    """Only while no attempt is in flight; the others skip whatever an attempt is working on."""


KINDS = (
    Kind("holds", "sweep holds that nobody lives to use", list_holds, repair_holds),
    Kind("zone-locks", "clear zone locks of bookings without tables", list_zone_locks, repair_zone_locks),
    Kind(
        "allocations",
        "put shadow and stale allocations right, free what finished bookings block",
        list_allocations,
        repair_allocations,
    ),
    Kind("torn", "confirm, reopen or unassign half-confirmed bookings", list_torn, repair_torn, wants_rest=True),
)
BY_NAME = {kind.name: kind for kind in KINDS}


async def put_right(connection: Connection, kind: Kind, scope: Scope) -> Repaired:
    """Do it, and look again once COMMIT was answered: what is wrong there again was undone. Raises DatabaseFailed."""
    done = await kind.does(connection, scope)
    try:
        found = await kind.lists(connection, scope)
    except DatabaseFailed as error:
        return msgspec.structs.replace(done, trouble=str(error))
    mine = {row.id for row in done.rows}
    return msgspec.structs.replace(done, left=found.total, back=tuple(row for row in found.rows if row.id in mine))
