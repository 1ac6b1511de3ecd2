"""What the database holds of one booking, read in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from engine.database import Connection
from engine.model.detail import (
    AllocationNow,
    AssignedTable,
    BookingNow,
    Holdings,
    HoldNow,
    LedgerKey,
    StatusChange,
)
from engine.observe.closeup import CloseUp
from engine.observe.looking import Refusals

Mask = Callable[[str], str]


async def read_holdings(
    connection: Connection,
    refusals: Refusals,
    ids: tuple[UUID, UUID],
    contexts: Sequence[Mapping[str, str]],
    mask: Mask,
) -> tuple[Holdings, tuple[UUID, ...]]:
    """The booking with the first id in that range, and the other ids in it.

    `contexts` are session settings under which restaurants are seen; the first that shows a booking is kept. Raises
    what a statement raises.
    """
    look = CloseUp(connection, refusals)
    await look.begin()
    found: list[BookingNow] = []
    for context in contexts:
        await look.bound(context)
        found = await look.rows("detail_bookings", "the booking", BookingNow, *ids) or []
        if found:
            break
    booking = found[0] if found else None
    one = booking.booking_id if booking is not None else ids[0]
    # Also of a booking that is gone: what lies about without it is the finding then.
    tables = await look.rows("detail_tables", "its tables", AssignedTable, one)
    allocations = await look.rows("detail_allocations", "its allocations", AllocationNow, one)
    holds = await look.rows("detail_holds", "its holds", HoldNow, one)
    history = await look.rows("detail_history", "its history", StatusChange, one)
    keys = await look.rows("detail_keys", "its ledger keys", LedgerKey, one)
    await look.end()
    holdings = Holdings(
        booking=None if booking is None else _masked(booking, mask),
        tables=tuple(tables or ()),
        allocations=tuple(allocations or ()),
        holds=tuple(holds or ()),
        history=tuple(StatusChange(one.changed, one.was, one.became, mask(one.reason)) for one in history or ()),
        keys=tuple(LedgerKey(mask(k.key), k.tables, k.starts, k.ends, k.hold, k.created) for k in keys or ()),
        missing=tuple(map(mask, refusals.lines())),
    )
    return holdings, tuple(one.booking_id for one in found[1:])


def _masked(row: BookingNow, mask: Mask) -> BookingNow:
    return BookingNow(
        booking_id=row.booking_id,
        status=row.status,
        party=row.party,
        restaurant=row.restaurant,
        zone=mask(row.zone),
        starts=row.starts,
        ends=row.ends,
        key=mask(row.key),
        assignment_state=row.assignment_state,
        run=mask(row.run),
        attempt=row.attempt,
        created=row.created,
        changed=row.changed,
    )
