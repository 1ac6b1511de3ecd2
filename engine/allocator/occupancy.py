"""When tables are taken: five-minute slots of the local day, one integer a table, one bit a slot."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from engine.model.floor import Busy, Candidate, Window

SLOT_MINUTES = 5
SLOT = timedelta(minutes=SLOT_MINUTES)
_LAST = 2 * 24 * 60 // SLOT_MINUTES
"""Slots counted at most, two days: a window may pass midnight, and a busy time without an end stays a small integer."""


def slot_range(origin: datetime, start: datetime, end: datetime) -> tuple[int, int]:
    """First slot and the one after the last that [start, end) touches, counted from `origin`; a part counts whole."""
    first = (start - origin) // SLOT
    after = -((origin - end) // SLOT)
    return max(0, first), min(_LAST, after)


def bits(first: int, after: int) -> int:
    """The slots from `first` up to `after` as bits; none when the range is empty."""
    return ((1 << (after - first)) - 1) << first if after > first else 0


def busy_bits(busy: Iterable[Busy], places: Mapping[UUID, int], origin: datetime) -> list[int]:
    """Busy slots of each table, at the table's place; tables that have no place are left out.

    An expired hold does not count: it is released before its tables are held again (`expired_holds` names it).
    """
    taken = [0] * len(places)
    for one in busy:
        place = places.get(one.table_id)
        if place is not None and not one.expired and one.start < one.end:
            taken[place] |= bits(*slot_range(origin, one.start, one.end))
    return taken


def expired_holds(busy: Iterable[Busy], candidate: Candidate, window: Window) -> tuple[UUID, ...]:
    """Expired holds that the exclusion constraint would still count against this candidate: release them first.

    Exact to the microsecond, as the constraint is, not in slots. Each hold once, in order of its id.
    """
    wanted = {table.id for table in candidate.tables}
    return tuple(
        sorted(
            {
                one.hold_id
                for one in busy
                if one.expired
                and one.hold_id is not None
                and one.table_id in wanted
                and one.start < window.end
                and window.start < one.end
            }
        )
    )
