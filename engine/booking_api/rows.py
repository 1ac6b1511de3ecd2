"""Rows that statements of `queries/booking_api` give."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class HouseRow(msgspec.Struct, frozen=True):
    """What the booking route must know of a restaurant beside its floor."""

    id: UUID
    slug: str
    interval_minutes: int
    duration_minutes: int
    buffer_minutes: int
    """No seating starts later than this before closing."""


class OccasionRow(msgspec.Struct, frozen=True):
    """How long an occasion lasts."""

    key: str
    minutes: int


class CreatedRow(msgspec.Struct, frozen=True):
    """What became of a request for a booking."""

    success: bool
    duplicate: bool
    booking_id: UUID | None
    guest_known: bool
    """The guest was there before this request."""
    error: str | None
    message: str | None
    sqlstate: str | None


class LockedRow(msgspec.Struct, frozen=True):
    """A lock was taken."""

    locked: bool


class StatusRow(msgspec.Struct, frozen=True):
    """A booking's status."""

    status: str


class BookingRow(msgspec.Struct, frozen=True):
    """A booking."""

    id: UUID
    restaurant_id: UUID
    booking_date: date
    start_time: str
    end_time: str
    start_at: datetime
    end_at: datetime
    party_size: int
    booking_type: str
    seating_preference: str
    status: str
    reference: str
    customer_name: str
    customer_email: str
    customer_phone: str
    notes: str | None
    source: str
    idempotency_key: str | None
    client_request_id: str
    confirmation_token: str | None
    loyalty_points_awarded: int
    assigned_zone_id: UUID | None
    auto_assign_last_result: str | None
    """JSON."""
    created_at: datetime


class LookRow(msgspec.Struct, frozen=True):
    """What has become of a booking, and what its reader must show."""

    id: UUID
    restaurant_id: UUID
    status: str
    tables: list[str]
    seats: int
    zone: str | None
    auto_assign_last_result: str | None
    confirmation_token: str | None
    correlation: str | None
    idempotency_key: str | None
