"""What `slotfill verify` found: a run's claims against what its database holds, and the rows it asks for."""

from datetime import datetime
from uuid import UUID

import msgspec

from engine.model.ledger import Ledger


class Suspect(msgspec.Struct, frozen=True):
    """A booking that is not as it was claimed, or that nobody can speak for."""

    word: str
    """An entry of the ledger, `duplicate` or `phantom`."""
    booking_id: UUID
    attempt: int | None
    """None where no attempt was ever about it."""
    key: str
    claimed: tuple[str, ...]
    """Table numbers that were acknowledged; of an attempt that nobody heard of, those it wanted."""
    status: str
    """As the database has it; empty where it is not there or was not read."""
    tables: tuple[str, ...]
    """Table numbers it has."""
    cause: str
    """The likeliest cause, by rule."""
    acknowledged_ns: int | None = None
    """When the platform said success, ns of the run; None when it never did."""
    missed_ns: int | None = None
    """Begin of the first reading during the run that did not have it; None when none said so."""


class Verification(msgspec.Struct, frozen=True):
    """The whole reconciliation, made again. Counts are in `ledger`, which has no stories here: `suspects` are."""

    run_id: str
    databases: tuple[str, ...]
    """Those that were read; none when none could be."""
    at: datetime | None
    """When the last of them was read, by the server's clock."""
    exit_code: int
    equation: str
    ledger: Ledger
    suspects: tuple[Suspect, ...]
    """The first thousand."""
    in_flight: int
    """Attempts of a run that goes on which have no last word yet: unresolved, and no alarm."""
    unanswered: int
    """Attempts without a last word, in flight or not."""
    differences: tuple[str, ...]
    """In what `result.json` says otherwise."""
    problems: tuple[str, ...]
    """In what the records contradict themselves."""
    notes: tuple[str, ...]
    """What a reader should know: a torn record, a database that is gone."""
    broken: dict[str, int] = {}
    """Integrity checks that find more rows than before the run, with how many more."""
    unchecked: dict[str, str] = {}
    """Integrity checks that could not run, and why: they have passed nothing."""


class VerifySnapshot(msgspec.Struct, frozen=True):
    """The moment that is looked at."""

    at: datetime
    database: str
    in_recovery: bool
    """A server that follows another one: it may not have heard yet of what is there."""
    secured: bool
    """Row security hides bookings from this role unless it says whose it wants."""
    made: int
    """The transaction that made this database, or last changed its name or owner."""
    tells_files: bool
    """This role may look at the server's files."""


class VerifyMadeAt(msgspec.Struct, frozen=True):
    """How old a database is."""

    made_at: datetime | None
    """None where its files are not where they usually are."""


class VerifyTransaction(msgspec.Struct, frozen=True):
    """One transaction as the server knows it at that moment."""

    xid: int
    fate: str
    """`committed`, `aborted`, `in progress`; `unknown` for one that the server has never begun, empty for one that is
    too old."""
    visible: bool
    """Whether the moment that is looked at has what it did."""


class VerifyBooking(msgspec.Struct, frozen=True):
    """A booking as it is stored."""

    booking_id: UUID
    status: str
    key: str
    party: int
    attempt: int | None
    """The attempt that made it, by the run's tag."""
    starts: datetime | None
    ours: bool
    """It carries the run's tag or a key of the run."""


class VerifyAssignment(msgspec.Struct, frozen=True):
    """One table of a booking as it is stored."""

    booking_id: UUID
    table: str
    """Its number; its id where the inventory has no such table any more."""
    key: str
    """Under which it was assigned."""
    starts: datetime | None
    ends: datetime | None
