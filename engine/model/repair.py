"""Repair: what would be put right and why, what was, and what is left."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
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


class Remedy(StrEnum):
    """What a repair does to one row."""

    DELETE = "delete"
    CLEAR = "clear"
    """Its zone lock."""
    RESTORE = "restore"
    """A shadow becomes the real allocation that it was."""
    UNASSIGN = "unassign"
    """Its tables are taken back."""
    REOPEN = "reopen"
    """Back to pending."""
    CONFIRM = "confirm"
    NONE = "none"
    """It cannot be put right here; `why` says what is in the way."""


class Scope(msgspec.Struct, frozen=True):
    """What a repair may touch."""

    restaurants: tuple[UUID, ...]
    ttl: timedelta
    """How old a hold may be."""


class Repairable(msgspec.Struct, frozen=True):
    """A row that is not as it should be, and what a repair does about it."""

    what: str
    """What is wrong with it, in some words."""
    id: UUID
    """Of the hold, the allocation or the booking that is changed."""
    booking_id: UUID | None
    subject: str
    """What row it is, readable."""
    restaurant: str
    """Slug."""
    tables: list[str]
    """Table numbers."""
    age_ns: int | None
    """Since it was made, of a booking since it was changed last; None where the database does not say."""
    remedy: str
    """A word of `Remedy`."""
    why: str


class RepairRow(Repairable, frozen=True):
    """A repairable row as its statement returns it: one of so many."""

    total: int
    """How many there are; at most 1,000 come back."""


class Found(msgspec.Struct, frozen=True):
    """What a repair would do."""

    rows: tuple[Repairable, ...]
    total: int
    """How many there are, those beyond `rows` too."""

    @property
    def curable(self) -> tuple[Repairable, ...]:
        """Those that something can be done about."""
        return tuple(row for row in self.rows if row.remedy != Remedy.NONE)


class Repaired(msgspec.Struct, frozen=True):
    """What one repair did."""

    rows: tuple[Repairable, ...]
    """Those that were put right."""
    left: int
    """Those that are still there: beyond one repair's bound, in somebody's hands just then, or beyond cure."""
    back: tuple[Repairable, ...] = ()
    """Those of `rows` that were wrong again right after COMMIT: something in the database undoes the repair."""
    trouble: str = ""
    """Why nobody looked again after COMMIT; empty when somebody did, and `left` and `back` are then of that look."""


class RepairNote(msgspec.Struct, frozen=True):
    """A line of `repairs.jsonl` in a run's folder: who put right what in that run's database, and when."""

    at: str
    """Wall time, UTC, ISO 8601."""
    who: str
    command: str
    target: str
    database: str
    restaurants: tuple[str, ...]
    """Slugs."""
    done: tuple[Repairable, ...]
    left: int
    back: tuple[UUID, ...] = ()
    """Those of `done` that were wrong again right after COMMIT."""
    trouble: str = ""


class TakenRow(msgspec.Struct, frozen=True):
    """A row that this transaction has locked or changed."""

    id: UUID
