"""Integrity: what the checks found in a database, row by row."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Grade(StrEnum):
    """How bad a finding is."""

    BROKEN = "broken"
    """A promise of the platform is broken: what is stored is wrong."""
    LEFTOVER = "leftover"
    """Dirt that blocks or misleads; every promise still holds."""


class Check(msgspec.Struct, frozen=True):
    """One check, as the header of its file says it."""

    name: str
    """Its file's name in `queries/verify`."""
    title: str
    """What it finds."""
    grade: Grade
    why: str


class Finding(msgspec.Struct, frozen=True):
    """One offending row."""

    subject: str
    """What row it is, readable."""
    booking_id: UUID | None
    tables: str
    """Table numbers, comma separated; empty where no table is named."""
    detail: str


class FindingRow(Finding, frozen=True):
    """A finding as a check returns it: one of so many."""

    total: int
    """How many there are; at most 1,000 come back."""


class Integrity(msgspec.Struct, frozen=True):
    """What all checks found at one moment. A check is in `counts` or in `failed`, never in both."""

    at: datetime
    """By the server's clock, UTC."""
    took_ns: int
    """From the first check to the last, by the server's clock."""
    counts: dict[str, int]
    """Offending rows by check; 0 is a pass."""
    findings: dict[str, tuple[Finding, ...]]
    """By check that found something, its first 1,000 rows."""
    failed: dict[str, str]
    """Checks that could not run on this database, and why; they have passed nothing."""


class Bounds(msgspec.Struct, frozen=True):
    """The bounds of the checks as the server took them."""

    statement_timeout: str
    row_security: str
    jit: str
    time_zone: str
    at: datetime


class Moment(msgspec.Struct, frozen=True):
    """The server's time."""

    at: datetime


class Place(msgspec.Struct, frozen=True):
    """A restaurant that is checked."""

    id: UUID
    slug: str
