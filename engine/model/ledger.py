"""The ledger: every attempt of a run against what the database holds, as `lost` and `persisted` are counted."""

from datetime import datetime
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
    """Table numbers it is assigned."""
    party: int = 0
    attempt: int | None = None
    """The attempt that made it, by the tag; None for a booking that no attempt made."""
    starts: datetime | None = None
    """When the guests are expected, UTC."""
    start: datetime | None = None
    """From when its tables are taken, UTC; None without tables, and where the assignments do not say."""
    end: datetime | None = None
    written_by: int | None = None
    """The transaction that wrote the booking's row last, modulo 2^32; None where the platform does not tell."""


class Reading(msgspec.Struct, frozen=True):
    """One reading of the database, all of one moment."""

    rows: dict[UUID, HeldRow]
    unseen: frozenset[int] = frozenset()
    """Acknowledged transactions that this reading could not see yet: what it lacks of them proves nothing."""
    untold: frozenset[str] = frozenset()
    """Keys of requests without an answer that an API did not tell of: the same goes for these."""


class UnseenRow(msgspec.Struct, frozen=True):
    """A transaction that is not visible to the reading that asked."""

    xid: int


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
    key: str = ""
    acknowledged_ns: int | None = None
    """When the platform said success, ns of the run; None when it never did."""
    seen_ns: int | None = None
    """Begin of the last reading that had it whole; None when none had."""
    absent_ns: int | None = None
    """Begin of the first reading that did not have it whole."""
    steps: tuple[str, ...] = ()
    """Its steps in order, with their milliseconds."""
    refusals: tuple[str, ...] = ()
    """What it was told on the way, in order: step, outcome, message."""

    @property
    def between(self) -> str:
        """Between what it was lost: `after commit, within 340 ms`, `between 1.2 s and 2.2 s after commit`."""
        if self.acknowledged_ns is None or self.absent_ns is None:
            return ""
        absent_ms = (self.absent_ns - self.acknowledged_ns) / 1e6
        if self.seen_ns is None:
            return f"between commit and the first reading, {absent_ms:.0f} ms after it"
        return f"between {(self.seen_ns - self.acknowledged_ns) / 1e6:.0f} and {absent_ms:.0f} ms after commit"


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
