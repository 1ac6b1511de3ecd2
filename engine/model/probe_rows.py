"""Rows that statements of `queries/probe` give."""

import msgspec


class NothingRow(msgspec.Struct, frozen=True):
    """What a statement answers that asks for nothing."""

    one: int


class ServerRow(msgspec.Struct, frozen=True):
    """The server, the role, and how sessions begin."""

    version_num: int
    version: str
    database: str
    role: str
    passes_row_security: bool
    """A superuser, or a role that may bypass it."""
    is_standby: bool
    read_only: bool
    pid: int
    default_time_zone: str | None
    """What the database or the role sets for its sessions; None where neither sets any."""


class TableRow(msgspec.Struct, frozen=True):
    """A table our statements name. `is_there` is false for one that is not, and then nothing else means anything."""

    name: str
    is_there: bool
    columns: list[str]
    rights: list[str]
    """Of SELECT, INSERT, UPDATE, DELETE, those that the role has."""
    row_security: bool
    """Whether row security applies to this role."""
    has_policy: bool
    """Whether any policy applies to this role."""


class FunctionRow(msgspec.Struct, frozen=True):
    """A function, one row for each overload."""

    name: str
    arguments: str
    """Its identity arguments."""
    least: int
    """Arguments without a default."""
    most: int
    may_execute: bool
    as_owner: bool
    """SECURITY DEFINER."""
    source: str


class ConstraintRow(msgspec.Struct, frozen=True):
    """An exclusion or a check on a table our statements write to."""

    table_name: str
    name: str
    is_exclusion: bool
    is_deferred: bool
    definition: str


class DigestRow(msgspec.Struct, frozen=True):
    """A schema with a function `digest`."""

    schema_name: str


class CreatesRow(msgspec.Struct, frozen=True):
    """What the creating function answered to a call that can make nothing."""

    success: bool
    error: str | None
    sqlstate: str | None
    message: str | None


class RoleRow(msgspec.Struct, frozen=True):
    """The role one is connected as: what it may, and limits that are narrower than the server's."""

    is_superuser: bool
    creates_databases: bool
    is_monitor: bool
    role_limit: int | None
    """Connections; None for no limit of its own."""
    role_used: int
    """Connections of this role, this one among them."""
    database_limit: int | None
    database_used: int
    idle_in_transaction: int
    """On the whole server; those of others count only where this role may see them."""


class ExtensionRow(msgspec.Struct, frozen=True):
    """An extension of the database."""

    name: str
    version: str
    schema_name: str


class ClockRow(msgspec.Struct, frozen=True):
    """The server's clock."""

    server_ns: int


class SchemaLine(msgspec.Struct, frozen=True):
    """One thing of the schema that decides how it behaves."""

    kind: str
    """column, constraint, index, trigger, policy or function."""
    name: str
    line: str


class BookRow(msgspec.Struct, frozen=True):
    """What stands in the book."""

    bookings: int
    digest: str
