"""The ledger: every attempt of a run against what the database holds, as `lost` and `persisted` are counted."""

from enum import StrEnum
from uuid import UUID

import msgspec


class Entry(StrEnum):
    """What an attempt came to, once the database was asked. Each attempt is exactly one of these."""

    PERSISTED = "persisted"
    """Acknowledged, and there with the tables that were acknowledged."""
    LOST = "lost"
    """Acknowledged, and a successful reading after that has neither confirmation nor tables."""
    TORN = "torn"
    """Partly there: confirmed without tables, or tables without confirmation."""
    ALTERED = "altered"
    """There, with other tables than were acknowledged."""
    RECOVERED = "recovered"
    """Nobody heard of its end, and it is there."""
    VOID = "void"
    """It had no effect, and none is there."""
    UNRESOLVED = "unresolved"
    """Nobody knows, and the database could not tell."""
    UNVERIFIED = "unverified"
    """The database was not read."""
    SKIPPED = "skipped"
    """It was never sent."""


class HeldRow(msgspec.Struct, frozen=True):
    """A booking as the database has it."""

    booking_id: UUID
    status: str
    key: str
    """Its idempotency key."""
    tables: list[str]


class TransactionRow(msgspec.Struct, frozen=True):
    """What became of a transaction."""

    xid: int
    status: str
    """`committed`, `aborted`, `in progress`; empty for one that is too old to be known."""


class Story(msgspec.Struct, frozen=True):
    """A booking that is not as it was claimed: what was said of it, what is there, and why that may be."""

    booking_id: UUID
    entry: Entry
    attempt: int
    claimed: tuple[str, ...]
    """Table numbers that were acknowledged."""
    status: str
    """The booking's status now; empty when it is not there."""
    tables: tuple[str, ...]
    """Table numbers it has now."""
    cause: str
    """The likeliest cause, by rule."""


class Ledger(msgspec.Struct, frozen=True):
    """The counts. Attempts are persisted, lost, torn, altered, recovered, void, unresolved, unverified or skipped."""

    attempts: int = 0
    acknowledged: int = 0
    persisted: int = 0
    lost: int = 0
    torn: int = 0
    altered: int = 0
    recovered: int = 0
    void: int = 0
    unresolved: int = 0
    unverified: int = 0
    skipped: int = 0
    duplicate: int = 0
    """Keys with more than one booking that is there; beside the equation."""
    phantom: int = 0
    """Bookings that are there and that nobody was told of; beside the equation."""
    balanced: bool = True
    """Whether the counts add up to the attempts."""
    stories: tuple[Story, ...] = ()
    """Bookings that are not as claimed, the first hundred."""

    @property
    def equation(self) -> str:
        """The equation in words, for people."""
        parts = [f"{getattr(self, entry.value)} {entry.value}" for entry in Entry if getattr(self, entry.value)]
        sign = "=" if self.balanced else "is not"
        return f"{self.attempts} attempts {sign} {' + '.join(parts) or '0'}"
