"""Details: what is asked for one thing at a time, because a picture of the whole run has no room for it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from engine.model.event import StepTook
from engine.model.ledger import Entry
from engine.model.step import Step


class DetailKind(StrEnum):
    """What can be asked about."""

    BOOKING = "booking"
    """By its id, the beginning of it, or `#17`, the attempt that was about it."""
    TURN = "turn"
    """A slot, or the booking that it stands for, by its number."""
    WORKER = "worker"
    """By its name: its last attempts."""
    POSTGRES = "postgres"
    """The server of the run's database; its id is empty."""


class RefusalTold(msgspec.Struct, frozen=True):
    """A refusal on an attempt's way."""

    at_ns: int
    attempt_try: int
    """0 for a step that belongs to no try."""
    step: Step
    outcome: str
    message: str
    sqlstate: str = ""
    constraint: str = ""
    detail: str = ""
    held_by: str = ""
    timer: str = ""
    tables: tuple[str, ...] = ()


class TryTold(msgspec.Struct, frozen=True):
    """What a try went for: the intent of its hold, in the journal before it was sent."""

    number: int
    at_ns: int
    tables: tuple[str, ...]
    hold: str
    """First eight characters of the hold's id; empty where it took none."""
    strategy: str


class AttemptTold(msgspec.Struct, frozen=True):
    """An attempt from its first intent to its last word."""

    attempt: int
    worker: str
    leg: int
    turn: int | None
    booking_id: UUID | None
    """None of an attempt that ended before it named one."""
    key: str
    restaurant: str = ""
    day: str = ""
    slot: str = ""
    party: int = 0
    began_ns: int = 0
    ended_ns: int | None = None
    """None while it goes on, and for one that nobody lived to end."""
    outcome: str = ""
    """Empty while it has none."""
    certainty: str = ""
    acknowledged: bool = False
    status: str = ""
    tables: tuple[str, ...] = ()
    zone: str = ""
    seats: int = 0
    starts: datetime | None = None
    """From when its tables were acknowledged to be taken, UTC."""
    ends: datetime | None = None
    xid: int | None = None
    path: str = ""
    late: bool = False
    sent: Step | None = None
    """The last step whose intent is in the journal."""
    steps: tuple[StepTook, ...] = ()
    tries: tuple[TryTold, ...] = ()
    refusals: tuple[RefusalTold, ...] = ()


class MissedTold(msgspec.Struct, frozen=True):
    """A reading during the run that did not have the booking as it was acknowledged."""

    at_ns: int
    after_ns: int
    """From the acknowledgement to that reading."""
    entry: Entry
    status: str
    tables: tuple[str, ...]
    cause: str


class BookingNow(msgspec.Struct, frozen=True):
    """The booking's row as the database has it."""

    booking_id: UUID
    status: str
    party: int
    restaurant: str
    zone: str
    """The zone it is locked to; empty for none."""
    starts: datetime | None
    ends: datetime | None
    key: str
    assignment_state: str
    run: str
    """The run whose tag it has; empty for none."""
    attempt: int | None
    created: datetime
    changed: datetime


class AssignedTable(msgspec.Struct, frozen=True):
    """One table that it has."""

    table: str
    zone: str
    starts: datetime | None
    ends: datetime | None
    key: str
    allocation: str
    """First eight characters of the allocation's id; empty for none."""
    assigned: datetime


class AllocationNow(msgspec.Struct, frozen=True):
    """One allocation of it."""

    allocation: str
    resource: str
    """`table SN-01`, `merge_group 3adbd467`."""
    shadow: bool
    starts: datetime | None
    ends: datetime | None


class HoldNow(msgspec.Struct, frozen=True):
    """One hold on it."""

    hold: str
    status: str
    tables: list[str]
    starts: datetime
    ends: datetime
    expires_in_ns: int
    """Below 0 for one that has expired, and blocks all the same."""
    windows: int
    """Rows of the exclusion constraint that it has; fewer than tables means that it does not block them all."""
    created: datetime


class StatusChange(msgspec.Struct, frozen=True):
    """One entry of its history."""

    changed: datetime
    was: str
    became: str
    reason: str


class LedgerKey(msgspec.Struct, frozen=True):
    """One key of the platform's ledger of assignments: who comes with it again is given this answer."""

    key: str
    tables: list[str]
    starts: datetime | None
    ends: datetime | None
    hold: str
    """The hold that was confirmed with it; empty where that is not known."""
    created: datetime | None
    """None where the platform does not keep it."""


class Holdings(msgspec.Struct, frozen=True):
    """What the database holds of a booking."""

    booking: BookingNow | None
    """None when it is not there."""
    tables: tuple[AssignedTable, ...] = ()
    allocations: tuple[AllocationNow, ...] = ()
    holds: tuple[HoldNow, ...] = ()
    history: tuple[StatusChange, ...] = ()
    keys: tuple[LedgerKey, ...] = ()
    missing: tuple[str, ...] = ()
    """What could not be read, one line each."""


class Comparison(msgspec.Struct, frozen=True):
    """A claim held against what is there now."""

    attempt: int
    entry: Entry | None
    """None where there is nothing to compare: no success was acknowledged."""
    said: str
    """The finding in a sentence."""


class ConnectionGroup(msgspec.Struct, frozen=True):
    """Client connections of the server that are alike."""

    database: str
    application: str
    role: str
    state: str
    count: int
    is_here: bool
    """Of the run's database."""


class DatabaseSize(msgspec.Struct, frozen=True):
    """One database of the server."""

    name: str
    size: int | None
    """Bytes; None where this role may not ask."""
    connections: int
    commits: int
    rollbacks: int
    deadlocks: int
    temp_bytes: int
    is_here: bool


class TableSize(msgspec.Struct, frozen=True):
    """One table of the run's database."""

    table: str
    size: int
    """Bytes, with indexes and what is stored apart."""
    indexes: int
    rows: int
    """As the statistics estimate."""
    dead: int


class ServerSetting(msgspec.Struct, frozen=True):
    """One setting of the server."""

    name: str
    value: str
    source: str
    """`default`, `configuration file`, `database`, `user`, …"""
    place: str
    """File and line, where this role may know."""
    pending: bool
    """A restart would change it."""


class PreparedTransaction(msgspec.Struct, frozen=True):
    """A transaction that nobody's session holds any more: it keeps its locks until somebody ends it by its name."""

    name: str
    owner: str
    database: str
    age_ns: int


class Rights(msgspec.Struct, frozen=True):
    """What this role may do on the server, and who it is."""

    role: str
    is_monitor: bool
    reads_all_stats: bool
    reads_all_settings: bool
    may_signal: bool
    has_statements: bool
    server_version: str
    up_ns: int | None
    """Since the server started."""
    max_connections: int
    reserved: int
    is_replica: bool


class StatementTold(msgspec.Struct, frozen=True):
    """A statement over all its calls since the statistics were reset."""

    query: str
    calls: int
    mean_ns: int
    total_ns: int


class ServerTold(msgspec.Struct, frozen=True):
    """The server of the run's database."""

    rights: Rights | None
    pool: str
    """How connections reach it: `direct`, or `transaction pooler`."""
    used: int | None
    connections: tuple[ConnectionGroup, ...] = ()
    databases: tuple[DatabaseSize, ...] = ()
    tables: tuple[TableSize, ...] = ()
    statements: tuple[StatementTold, ...] = ()
    settings: tuple[ServerSetting, ...] = ()
    prepared: tuple[PreparedTransaction, ...] = ()
    sizes_age_ns: int = 0
    """How old the sizes are: they are dear, and read again once in half a minute only."""
    missing: tuple[str, ...] = ()
    """What this role or server cannot show, one line each."""


class Detail(msgspec.Struct, frozen=True):
    """The answer to one question."""

    kind: str
    id: str
    at_ns: int
    """When it was answered, since the run began."""
    took_ns: int = 0
    attempts: tuple[AttemptTold, ...] = ()
    """Newest first."""
    more_attempts: int = 0
    """Attempts that were left out for want of room."""
    missed: tuple[MissedTold, ...] = ()
    others: tuple[UUID, ...] = ()
    """Other bookings that the asked id would do for too."""
    comparison: Comparison | None = None
    holdings: Holdings | None = None
    """What the database has of the booking; None where it could not be read."""
    server: ServerTold | None = None
    journal_trouble: str = ""
    """Why the journal could not be read, or not to its end; empty when it was."""
    database_trouble: str = ""
    """Why the database's half is missing; empty when it is there, and where none belongs."""
