"""Rows that statements of `queries/fill`, `queries/probe` and `queries/truth` give and no other type has."""

from datetime import date, datetime, time
from uuid import UUID

import msgspec


class Written(msgspec.Struct, frozen=True):
    """A write that committed by itself, with the id of its transaction."""

    xid: int


class Confirming(msgspec.Struct, frozen=True):
    """What the confirming statement answered, before COMMIT."""

    xid: int
    table_ids: list[UUID]


class Submission(msgspec.Struct, frozen=True):
    """A booking that a plain insert made, or the one of the same key that was there."""

    xid: int
    booking_id: UUID | None
    """None when the insert was answered but made no row."""
    duplicate: bool
    has_guest: bool
    """Whether there was a guest to book for; not when somebody made the same one at that moment."""


class Created(msgspec.Struct, frozen=True):
    """What the platform's creating function answered. It raises nothing: errors are words in its answer."""

    xid: int
    success: bool
    duplicate: bool
    booking_id: UUID | None
    error: str | None
    message: str | None
    sqlstate: str | None
    details: str | None


class PendingRow(msgspec.Struct, frozen=True):
    """A booking that waits for tables."""

    booking_id: UUID
    restaurant_id: UUID
    on: date
    at: time
    party: int
    status: str
    zone_id: UUID | None
    holds: list[UUID]
    """Holds that lie on it; usually none."""


class WantingRow(msgspec.Struct, frozen=True):
    """When a booking that still wants tables begins, local time, and for how many."""

    at: time
    party: int


class SettingRow(msgspec.Struct, frozen=True):
    """A setting and what it is now."""

    name: str
    value: str | None


class RestaurantRow(msgspec.Struct, frozen=True):
    """A restaurant."""

    id: UUID
    slug: str
    name: str
    timezone: str
    reservation_interval_minutes: int


class SlugRow(msgspec.Struct, frozen=True):
    """A restaurant's slug."""

    slug: str


class PairRow(msgspec.Struct, frozen=True):
    """Two adjacent tables."""

    table_a: UUID
    table_b: UUID


class StateRow(msgspec.Struct, frozen=True):
    """How many rows of each kind some restaurants have: what a round of a sweep begins from."""

    bookings: int
    confirmed: int
    """Of them, those that are confirmed."""
    assignments: int
    holds: int
    keys: int
    """Rows of the platform's own ledger of assignments."""


class PersistedRow(msgspec.Struct, frozen=True):
    """A booking that is confirmed and has tables."""

    booking_id: UUID
    tables: int


class BackendRow(msgspec.Struct, frozen=True):
    """One backend, as it is just before it is sent a signal."""

    pid: int
    backend_start: datetime
    query_start: datetime | None
    query: str


class Signalled(msgspec.Struct, frozen=True):
    """Whether a backend was sent a signal."""

    sent: bool


class BookingRow(msgspec.Struct, frozen=True):
    """A booking."""

    booking_id: UUID


class Occupied(msgspec.Struct, frozen=True):
    """Whether the database was free for a run, which has it now."""

    free: bool


class TableTaken(msgspec.Struct, frozen=True):
    """A table that a booking has, UTC."""

    booking_id: UUID
    restaurant: str
    """Slug."""
    table: str
    """Its number."""
    start: datetime
    end: datetime
