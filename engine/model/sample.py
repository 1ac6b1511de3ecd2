"""One look at the Postgres server, as the console draws it."""

from datetime import datetime

import msgspec


class Backend(msgspec.Struct, frozen=True):
    """A client backend of the database, from `pg_stat_activity`."""

    pid: int
    application_name: str
    state: str
    """`active`, `idle`, `idle in transaction`, …; `hidden` where the role may not see it."""
    wait: str
    """`Lock:advisory`, or empty when it waits for nothing."""
    age_ns: int | None
    """Since its query began; None where the role may not see it."""
    transaction_age_ns: int | None
    query: str
    """Its first 200 characters, masked; empty where the role may not see it."""
    who: str
    """Worker and slot behind it: `w03 19:15`; `console`, or `NOT OURS`."""


class QueueMember(msgspec.Struct, frozen=True):
    """One backend in a queue for a lock."""

    pid: int
    who: str
    mode: str
    granted: bool
    waited_ns: int | None
    """Since it began to wait; None for a holder, and on a server older than 14."""


class LockQueue(msgspec.Struct, frozen=True):
    """One lock with its holders first, then its waiters in order."""

    name: str
    """`Terrace 19:00` for the zone lock of that zone and hour; else the lock's type and what it is on."""
    is_zone: bool
    """Whether it is the platform's advisory lock of a zone and hour."""
    members: tuple[QueueMember, ...]
    restaurant: str = ""
    """Slug of the zone's restaurant; empty for any other lock."""
    day: str = ""
    """Local day of the zone's hour, `2026-03-04`; empty for any other lock."""


class LockCount(msgspec.Struct, frozen=True):
    """How many locks of one type and mode there are."""

    locktype: str
    mode: str
    granted: int
    waiting: int


class Blocking(msgspec.Struct, frozen=True):
    """One edge of who waits for whom, for locks that are not advisory."""

    pid: int
    who: str
    blocked_by: int
    blocked_by_who: str
    waits_for: str
    waited_ns: int | None
    query: str


class Waiting(msgspec.Struct, frozen=True):
    """How many backends are in a state and wait for an event."""

    state: str
    wait: str
    ours: int
    others: int


class Statement(msgspec.Struct, frozen=True):
    """A statement of `pg_stat_statements`, over the last look's interval."""

    query: str
    calls: int
    mean_ns: int
    total_ns: int


class StaleHold(msgspec.Struct, frozen=True):
    """A hold past its expiry that still blocks its tables."""

    hold_id: str
    tables: tuple[str, ...]
    expired_for_ns: int
    age_ns: int | None = None
    """Since it was made."""
    restaurant: str = ""
    """Slug."""
    zone: str = ""
    day: str = ""
    """Local day of its window, `2026-03-04`."""
    starts: str = ""
    """Local time its window begins, `19:15`."""
    ends: str = ""
    booking: str = ""
    """First eight characters of the id of the booking it is for; empty for none."""
    run: str = ""
    """The run that made it; empty for what is not slotfill's."""
    attempt: int | None = None

    def covers(self, restaurant: str, day: str, slot: str) -> bool:
        """Whether it blocks its tables at that moment, local time."""
        # A window that ends after midnight ends before it begins.
        in_time = self.starts <= slot and (slot < self.ends or self.ends <= self.starts)
        return in_time and (self.restaurant, self.day) == (restaurant, day)


class ZoneLocked(msgspec.Struct, frozen=True):
    """A pending booking without tables that is locked to a zone: an attempt in another zone would fail again."""

    booking: str
    zone: str
    age_ns: int
    """Since the booking was changed last."""
    restaurant: str = ""
    """Slug."""
    day: str = ""
    slot: str = ""
    """Local time it is for, `19:15`."""
    party: int = 0
    run: str = ""
    """The run that made the booking; empty for what is not slotfill's."""


class Sample(msgspec.Struct, frozen=True):
    """One look at the server."""

    at_ns: int
    """Since the run began, when the look ended."""
    server_at: datetime
    took_ns: int
    server_version: str
    max_connections: int
    connections: int
    """Client backends of the whole server."""
    ours: int
    """Of them, those of this run."""
    states: dict[str, int]
    """Client backends of this database by state."""
    waits: tuple[Waiting, ...]
    backends: tuple[Backend, ...]
    """Those that do something or hold something, oldest query first; at most 64."""
    lock_counts: tuple[LockCount, ...]
    queues: tuple[LockQueue, ...]
    """Zone queues, longest first."""
    blockings: tuple[Blocking, ...]
    commits_per_s: float | None
    """None on the first look and after the server's counters were reset."""
    rollbacks_per_s: float | None
    inserts_per_s: float | None
    updates_per_s: float | None
    deadlocks: int
    """Since the run began."""
    temp_bytes: int
    statements: tuple[Statement, ...]
    stale_holds: tuple[StaleHold, ...]
    live_holds: int
    zone_locked: tuple[ZoneLocked, ...]
    missing: tuple[str, ...] = ()
    """What this role or server cannot show, one line each."""
    reserved_connections: int = 0
    """Of `max_connections`, those that are kept for superusers and for the role `pg_use_reserved_connections`."""
    stale_total: int | None = None
    """Holds past their expiry, also those that are not listed; None in an older recording."""
    zone_locked_total: int | None = None

    @property
    def stale_count(self) -> int:
        """How many holds are past their expiry: a look lists the oldest hundred only."""
        return len(self.stale_holds) if self.stale_total is None else self.stale_total

    @property
    def zone_locked_count(self) -> int:
        """How many pending bookings without tables are locked to a zone."""
        return len(self.zone_locked) if self.zone_locked_total is None else self.zone_locked_total

    def shows(self, title: str) -> bool:
        """Whether that part of the look was there: one that was refused or rests has a line in `missing`."""
        return not any(text.startswith(f"{title}: ") for text in self.missing)
