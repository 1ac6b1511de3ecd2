"""Rows that statements of `queries/fill` and `queries/truth` give and no other type has."""

from datetime import datetime
from uuid import UUID

import msgspec


class Written(msgspec.Struct, frozen=True):
    """A write that committed by itself, with the id of its transaction."""

    xid: int


class Confirming(msgspec.Struct, frozen=True):
    """What the confirming statement answered, before COMMIT."""

    xid: int
    table_ids: list[UUID]


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
