"""When tables are taken: five-minute slots of the local day, one integer a table, one bit a slot."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from engine.model.floor import Busy, Candidate, Window

SLOT_MINUTES = 5
SLOT = timedelta(minutes=SLOT_MINUTES)
_SLOT_S = SLOT_MINUTES * 60
_PER_DAY = 24 * 60 // SLOT_MINUTES
_LAST = 2 * _PER_DAY
"""Slots counted at most, two days: a window may pass midnight, and a busy time without an end stays a small integer."""


def slot_range(origin: datetime, start: datetime, end: datetime) -> tuple[int, int]:
    """First slot and the one after the last that [start, end) touches, counted from `origin`; a part counts whole.

    In parts of the lengths: dividing a length by a length is three times as slow, and this is done for all that is
    busy in every quote.
    """
    into = start - origin
    first = into.days * _PER_DAY + into.seconds // _SLOT_S
    until = end - origin
    whole, rest = divmod(until.seconds, _SLOT_S)
    after = until.days * _PER_DAY + whole + (1 if rest or until.microseconds else 0)
    return max(0, first), min(_LAST, after)


def bits(first: int, after: int) -> int:
    """The slots from `first` up to `after` as bits; none when the range is empty."""
    return ((1 << (after - first)) - 1) << first if after > first else 0


def busy_bits(
    busy: Iterable[Busy], places: Mapping[UUID, int], origin: datetime, since: datetime, until: datetime
) -> dict[int, int]:
    """Busy slots of tables by their place, of what reaches into [since, until); what has no place is left out.

    An expired hold does not count: it is released before its tables are held again (`expired_holds` names it).
    """
    taken: dict[int, int] = {}
    for one in busy:
        start, end = one.start, one.end
        if end <= since or start >= until or one.expired or start >= end:
            continue
        place = places.get(one.table_id)
        if place is None:
            continue
        # `slot_range` and `bits`, written out: a hundred calls of each are a third of a quote on a full evening.
        into, out = start - origin, end - origin
        first = into.days * _PER_DAY + into.seconds // _SLOT_S
        seconds = out.seconds
        after = out.days * _PER_DAY + seconds // _SLOT_S
        if seconds % _SLOT_S or out.microseconds:
            after += 1
        if first < 0 or after > _LAST:
            first, after = max(first, 0), min(after, _LAST)
        if after > first:
            taken[place] = taken.get(place, 0) | ((1 << (after - first)) - 1) << first
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
