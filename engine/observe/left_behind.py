"""Holds and zone locks that were left behind, from rows of a look to what the console draws: pure."""

from collections.abc import Callable

from engine.model.sample import StaleHold, ZoneLocked
from engine.observe.rows import StaleHoldRow, ZoneLockedRow

Mask = Callable[[str], str]


def stale_hold(row: StaleHoldRow, mask: Mask) -> StaleHold:
    """The hold; what a stranger wrote into it is masked."""
    return StaleHold(
        hold_id=row.hold_id,
        tables=tuple(row.tables),
        expired_for_ns=row.expired_for_ns,
        age_ns=row.age_ns,
        restaurant=row.restaurant,
        zone=mask(row.zone),
        day=row.day,
        starts=row.starts,
        ends=row.ends,
        booking=row.booking,
        run=mask(row.run),
        attempt=row.attempt,
    )


def zone_locked(row: ZoneLockedRow, mask: Mask) -> ZoneLocked:
    """The booking; the zone's name is the owner's text."""
    return ZoneLocked(
        booking=row.booking,
        zone=mask(row.zone),
        age_ns=row.age_ns,
        restaurant=row.restaurant,
        day=row.day,
        slot=row.slot,
        party=row.party,
        run=mask(row.run),
    )
