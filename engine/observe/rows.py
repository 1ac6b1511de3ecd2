"""Rows of `queries/observe`, one Struct a statement; what comes out of them is in `engine/model/sample.py`."""

from datetime import datetime

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """The bounds of a look as the server took them, and who asks."""

    statement_timeout: str
    lock_timeout: str
    pid: int
    """Of the transaction: a pooler invents the one it told at connect."""
    server_at: datetime


class ServerFacts(msgspec.Struct, frozen=True):
    """What server this is and what this role may see on it."""

    server_version: str
    max_connections: int
    reserved: int
    """Kept for superusers and for the role `pg_use_reserved_connections`."""
    is_monitor: bool
    reads_all_stats: bool
    has_statements: bool


class ZoneKey(msgspec.Struct, frozen=True):
    """A zone and the first half of its advisory lock."""

    key: int
    """`hashtext` of the zone's id, unsigned."""
    zone: str
    restaurant: str
    """Slug."""
    timezone: str


class ActivityRow(msgspec.Struct, frozen=True):
    """A client backend of this database."""

    pid: int
    application_name: str
    state: str
    wait: str
    age_ns: int | None
    transaction_age_ns: int | None
    query: str


class ConnectionCount(msgspec.Struct, frozen=True):
    """Client backends in one state with one wait."""

    is_here: bool
    """Of this database."""
    state: str
    wait: str
    pids: list[int]


class AdvisoryLock(msgspec.Struct, frozen=True):
    """An advisory lock that a backend holds or wants."""

    classid: int
    objid: int
    objsubid: int
    pid: int
    granted: bool
    mode: str
    waited_ns: int | None


class LockWait(msgspec.Struct, frozen=True):
    """A holder or waiter of a lock that somebody waits for, advisory ones left out."""

    key: str
    name: str
    pid: int
    """0 for a prepared transaction."""
    mode: str
    granted: bool
    waited_ns: int | None
    blocked_by: list[int]
    """Of a waiter: holders, and everyone ahead of it in the queue."""


class DatabaseCounters(msgspec.Struct, frozen=True):
    """The server's counters of this database at one moment of its own clock."""

    server_at: datetime
    commits: int
    rollbacks: int
    inserts: int
    updates: int
    deadlocks: int
    temp_bytes: int


class StatementTotal(msgspec.Struct, frozen=True):
    """A statement's totals since they were last reset."""

    queryid: int
    calls: int
    total_ns: int


class StatementText(msgspec.Struct, frozen=True):
    """A statement's text, constants replaced."""

    queryid: int
    query: str


class StaleHoldRow(msgspec.Struct, frozen=True):
    """A hold past its expiry."""

    hold_id: str
    tables: list[str]
    expired_for_ns: int
    age_ns: int
    restaurant: str
    zone: str
    day: str
    starts: str
    ends: str
    booking: str
    run: str
    attempt: int | None
    total: int
    """How many there are, of which a look lists a hundred."""


class LiveHolds(msgspec.Struct, frozen=True):
    """How many holds are good."""

    live_holds: int


class ZoneLockedRow(msgspec.Struct, frozen=True):
    """A pending booking without tables that is locked to a zone."""

    booking: str
    zone: str
    age_ns: int
    restaurant: str
    day: str
    slot: str
    party: int
    run: str
    total: int
    """How many there are, of which a look lists a hundred."""


class WaitRow(msgspec.Struct, frozen=True):
    """A backend of this run at one moment, or one that is in the way of such."""

    pid: int
    application_name: str
    state: str
    """`hidden` where the role may not see it."""
    wait: str
    is_ours: bool
    blocked_by: list[int]
    """Of one that waits for a lock: holders, and everyone ahead of it in the queue."""
    seen_ns: int
    """When the server saw it so, by its own clock, since the epoch."""
    server_ns: int
    """How long the server was at this look when it gave this row, by its own clock."""


class LegCounters(msgspec.Struct, frozen=True):
    """The server's counters at one end of a leg."""

    commits: int
    rollbacks: int
    deadlocks: int
    conflicts: int
    temp_files: int
    temp_bytes: int
    wal_records: int
    wal_full_pages: int
    wal_bytes: int
