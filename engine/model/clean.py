"""Cleaning: what a run made and changed in a database, what of it goes, what is put back, what is left alone."""

from datetime import datetime
from uuid import UUID

import msgspec

from engine.model.turn import Before

LISTED = 1_000
"""Ids that are listed of one table; counts are always exact."""


class Footprint(msgspec.Struct, frozen=True):
    """Everything that a run's journal names. What it meant to make is among it, made or not."""

    run: str
    made: frozenset[UUID] = frozenset()
    """Bookings it meant to make."""
    guests: frozenset[UUID] = frozenset()
    """What its guests' addresses are made of: the ids it chose for its bookings, whatever the platform made of them."""
    keys: frozenset[str] = frozenset()
    holds: frozenset[UUID] = frozenset()
    transactions: frozenset[int] = frozenset()
    """Those that confirmed, or may have."""
    changed: dict[UUID, Before | None] = {}
    """Bookings that were there already and that it sent a write for; None where the journal does not tell how they
    stood."""
    wanted: dict[UUID, frozenset[str]] = {}
    """Numbers of the tables that it asked for, or was given, by booking."""
    granted: dict[UUID, frozenset[str]] = {}
    """Numbers of the tables that it was granted a hold of, by booking that was there already."""
    committed: frozenset[UUID] = frozenset()
    """Bookings for which a COMMIT was sent, or was acknowledged."""
    restaurants: frozenset[str] = frozenset()
    """Slugs."""
    through_api: bool = False
    """The platform itself gave the tables, under keys of its own making."""

    @property
    def prefix(self) -> str:
        """What the run's own keys begin with."""
        return f"sf-{self.run}-"


class StandingBooking(msgspec.Struct, frozen=True):
    """A booking as it stands now, and whether it is still as the run left it."""

    booking_id: UUID
    status: str
    key: str
    is_tagged: bool
    """Whether it carries the run's tag."""
    zone_id: UUID | None
    xid: int
    """The transaction that wrote it last, without its epoch."""
    tables: list[str]
    """Table numbers."""
    keys: list[str]
    """Keys that its tables were given under; empty text for none."""
    holds: list[UUID]
    """Holds on it that are not the run's."""
    is_in_books: bool
    """Whether the platform's books have something of this run for it."""


class CleanRow(msgspec.Struct, frozen=True):
    """A row that goes, by its key as text."""

    key: str


class GuestRow(msgspec.Struct, frozen=True):
    """A guest of the run's."""

    key: str
    is_kept: bool
    """Whether a booking refers to it that stays."""


class RowCount(msgspec.Struct, frozen=True):
    """How many rows a table has, as far as this role sees them now."""

    table_name: str
    count: int
    row_security: bool


class Restored(msgspec.Struct, frozen=True):
    """A booking that is put back to how it stood before the run."""

    booking_id: UUID
    status: str
    becomes: str
    zone_id: UUID | None
    zone_becomes: UUID | None
    tables: tuple[str, ...]
    """Numbers of the tables that are taken back."""


class LeftAlone(msgspec.Struct, frozen=True):
    """A row of the run's that stays, and why."""

    table: str
    id: str
    reason: str


class CleanedTable(msgspec.Struct, frozen=True):
    """What goes of one table."""

    table: str
    rows: int
    ids: tuple[str, ...]
    """The first thousand."""
    before: int | None = None
    """Rows of the table before; None where it was only listed."""
    after: int | None = None


class Cleaned(msgspec.Struct, frozen=True):
    """What goes, or went, in one database."""

    database: str
    tables: tuple[CleanedTable, ...]
    """Those that have anything."""
    restored: tuple[Restored, ...] = ()
    """The first thousand."""
    restored_count: int = 0
    left: tuple[LeftAlone, ...] = ()
    """The first thousand."""
    left_count: int = 0
    absent: tuple[str, ...] = ()
    """Tables that are not there, and were passed over."""
    done: bool = False
    """Whether it went; else it was only listed."""

    @property
    def rows(self) -> int:
        """How many rows go."""
        return sum(one.rows for one in self.tables)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing goes and nothing is put back."""
        return not self.tables and not self.restored_count


class Cleaning(msgspec.Struct, frozen=True):
    """That a run was cleaned, as its folder says."""

    at: datetime
    who: str
    database: str
    removed: dict[str, int]
    """Rows by table."""
    restored: int
    left: int
