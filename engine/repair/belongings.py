"""Whose a booking is now: the run's, to be removed or put back, or somebody else's, to be left alone. Pure."""

from collections.abc import Collection, Iterable
from typing import NamedTuple
from uuid import UUID

from engine.model.clean import Footprint, LeftAlone, Restored, StandingBooking

_SEATED = frozenset({"checked_in", "completed", "no_show", "PRIORITY_WAITLIST"})
"""Somebody came, or was waited for: not what a run leaves."""
_CONFIRMED = "confirmed"
_XID_BITS = 32
"""A row knows the transaction that wrote it without its epoch."""


class Belongings(NamedTuple):
    """The bookings of one group of restaurants, judged."""

    gone: list[UUID]
    back: list[Restored]
    left: list[LeftAlone]


def short(transactions: Iterable[int]) -> list[int]:
    """Transactions as rows name them."""
    return sorted({one % 2**_XID_BITS for one in transactions})


def judged(found: Iterable[StandingBooking], mine: Footprint, in_use: Collection[UUID]) -> Belongings:
    """What becomes of each booking. `in_use` are those that somebody of the staff works on."""
    gone: list[UUID] = []
    back: list[Restored] = []
    left: list[LeftAlone] = []
    transactions = frozenset(short(mine.transactions))
    for one in found:
        changed = one.booking_id in mine.changed
        if changed and not _is_touched(one, mine, transactions):
            continue
        reason = _strange(one, mine, in_use) or (_unrestorable(one, mine) if changed else _not_made(one, mine))
        if reason:
            left.append(LeftAlone("bookings", str(one.booking_id), reason))
        elif changed:
            back.append(_restored(one, mine))
        else:
            gone.append(one.booking_id)
    return Belongings(gone, back, left)


def _is_touched(one: StandingBooking, mine: Footprint, transactions: frozenset[int]) -> bool:
    """Whether anything of the run is still to be seen at a booking that was there before it.

    Refused attempts leave nothing, and what was put back already must not be put back over what came after.
    """
    return one.booking_id in mine.committed and (one.is_in_books or one.xid in transactions)


def _strange(one: StandingBooking, mine: Footprint, in_use: Collection[UUID]) -> str:
    """Why it is not as the run left it; empty when it is."""
    if one.status in _SEATED:
        return f"it is {one.status} now"
    foreign = [key for key in one.keys if not _is_own(key, one, mine)]
    if foreign:
        return f"its tables were given under {foreign[0] or 'no key'}, which is not this run's"
    wanted = mine.wanted.get(one.booking_id)
    strange = [] if wanted is None else [table for table in one.tables if table not in wanted]
    if strange:
        return f"it sits at {', '.join(strange)} now, for which this run never asked"
    before = mine.changed.get(one.booking_id)
    holds = [hold for hold in one.holds if before is None or hold not in before.holds]
    if holds:
        return f"hold {holds[0]}, which is not this run's, lies on it"
    if one.booking_id in in_use:
        return "somebody chooses tables for it by hand"
    return ""


def _is_own(key: str, one: StandingBooking, mine: Footprint) -> bool:
    """Whether tables given under that key are of the run's doing."""
    if key.startswith(mine.prefix):
        return True
    if one.booking_id in mine.changed:
        # A key that names the booking may be an earlier run's as well; the books know whose it is.
        return one.is_in_books and key in mine.keys
    # An API confirms under keys of its own, which name the booking or are a checksum; which tables it told us of is
    # looked at besides.
    return key in mine.keys or (mine.through_api and (str(one.booking_id) in key or one.booking_id in mine.wanted))


def _not_made(one: StandingBooking, mine: Footprint) -> str:
    """Why the run cannot have made it, or has it no more; empty when it has."""
    if one.key.startswith(mine.prefix) or one.key in mine.keys:
        return ""
    if one.is_tagged:
        return f"its key is {one.key or 'gone'} now, which is not this run's"
    return "it carries neither the run's tag nor a key of its"


def _unrestorable(one: StandingBooking, mine: Footprint) -> str:
    before = mine.changed[one.booking_id]
    if before is None:
        return "the journal, of an earlier version, does not tell how it stood before"
    if one.status not in (before.status, _CONFIRMED):
        return f"it was {before.status} before the run and is {one.status} now"
    return ""


def _restored(one: StandingBooking, mine: Footprint) -> Restored:
    before = mine.changed[one.booking_id]
    if before is None:
        raise AssertionError("a booking of which nobody knows how it stood is left alone")
    return Restored(one.booking_id, one.status, before.status, one.zone_id, before.zone_id, tuple(one.tables))
