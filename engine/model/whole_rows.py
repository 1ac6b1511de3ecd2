"""Rows that statements of `queries/whole` give: bookings that the platform itself gives their tables."""

from uuid import UUID

import msgspec


class WholeRow(msgspec.Struct, frozen=True):
    """What has become of a booking. What the platform noted of its last attempt is text, as it is found."""

    booking_id: UUID
    status: str
    tables: list[str]
    """Table numbers."""
    seats: int
    zone: str | None
    """Name of the zone its tables are in, else of the one it is locked to."""
    success: str | None
    """`true` or `false`; None when nothing is noted."""
    reason: str | None
    duration_ms: str | None
    source: str | None


class KeyRow(msgspec.Struct, frozen=True):
    """A booking and the key it was made with."""

    key: str
    correlation: str
    booking_id: UUID
