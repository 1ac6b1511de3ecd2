"""Repair: what was swept and cleared, and what it had blocked."""

from datetime import date, datetime, time
from uuid import UUID

import msgspec


class SweptHold(msgspec.Struct, frozen=True):
    """A hold that nobody lives to use, and what it kept from others."""

    hold_id: UUID
    booking_id: UUID | None
    restaurant: str
    """Slug."""
    tables: list[str]
    """Table numbers; none for a hold without members."""
    start_at: datetime
    end_at: datetime
    age_ns: int
    """Since it was made, by the server's clock."""
    expired: bool
    """Whether it was past its own expiry too; where that is after the dinner, age alone tells."""
    blocked: int
    """Pending bookings of its restaurant without tables whose times it overlaps, its own among them."""


class Swept(msgspec.Struct, frozen=True):
    """What one sweep did."""

    holds: tuple[SweptHold, ...]
    """Oldest first."""
    blocked: int
    """Pending bookings that any of them stood in the way of, each counted once."""
    left: int
    """Holds that are as old and are still there: beyond one sweep's bound, or locked by somebody just then."""


class ClearedLock(msgspec.Struct, frozen=True):
    """A booking that may now sit in any zone."""

    booking_id: UUID
    reference: str
    restaurant: str
    """Slug."""
    on: date
    at: time
    """Local time of the restaurant."""
    party: int
    zone: str
    """Name of the zone it was locked to."""


class Cleared(msgspec.Struct, frozen=True):
    """What one clearing of zone locks did."""

    bookings: tuple[ClearedLock, ...]
    """By time."""
    left: int
    """Bookings still locked: beyond one clearing's bound, or in somebody's hands just then."""


class LockedHold(msgspec.Struct, frozen=True):
    """A hold that this transaction has locked, so that it can go."""

    hold_id: UUID


class LockedBooking(msgspec.Struct, frozen=True):
    """A booking that this transaction has locked, so that nobody assigns to it meanwhile."""

    booking_id: UUID


class Bound(msgspec.Struct, frozen=True):
    """The bounds of a repair as the server took them."""

    statement_timeout: str
    lock_timeout: str


class Counted(msgspec.Struct, frozen=True):
    """How many."""

    count: int


class Taken(msgspec.Struct, frozen=True):
    """Whether the platform takes events."""

    taken: bool
