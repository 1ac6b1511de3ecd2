"""What `env check` found: files, variables, the API, the database, and what that means. Everything is masked."""

from enum import StrEnum

import msgspec

from engine.model.probe_rows import ExtensionRow, RoleRow
from engine.model.room import Room


class Group(StrEnum):
    """What a variable is for."""

    NEEDED = "needed"
    """By the platform's own check."""
    OPTIONAL = "optional"
    MARKER = "production marker"
    GUARD = "guard"
    FLAG = "flag"
    OTHER = "other"
    """None of the platform's: a target's own, or one that is listed for what it holds."""


class Standing(StrEnum):
    """How a variable stands; the last that holds."""

    MISSING = "missing"
    SET = "set"
    MALFORMED = "malformed"
    DANGEROUS = "dangerous"


class VariableFound(msgspec.Struct, frozen=True):
    """A variable, masked."""

    name: str
    group: Group
    standing: Standing
    form: str
    origin: str = ""
    """`shell`, or the name of a file; empty when it is missing."""
    shown: str = ""
    """What may be seen of its value; `***` where nothing may."""
    default: str = ""
    """What the platform takes when it is missing."""
    is_usable: bool = True
    """It is there and in form, dangerous or not."""
    reasons: tuple[str, ...] = ()
    """Why it is malformed or dangerous, each with the cure."""
    hidden: tuple[str, ...] = ()
    """Files with another value that does not count, as a later source has one."""


class FileFound(msgspec.Struct, frozen=True):
    """A file of the environment."""

    name: str
    is_there: bool
    variables: int = 0
    trouble: tuple[str, ...] = ()
    """Lines that give nothing, each with its number."""


class Danger(msgspec.Struct, frozen=True):
    """Something that should not be, and what to do about it."""

    names: tuple[str, ...]
    reason: str
    refuses: bool = True
    """Whether it speaks against working here; else the platform itself only warns of it."""
    is_production: bool = False
    """What `allow_remote` of the target allows."""


class ApiFound(msgspec.Struct, frozen=True):
    """The booking API of the target, or why there is none to ask."""

    base_url: str = ""
    named_by: str = ""
    is_used: bool = False
    """Whether the target works through it; else an environment variable merely names it."""
    addresses: tuple[str, ...] = ()
    """What its host resolves to."""
    is_alive: bool = False
    status: int | None = None
    round_trip_ns: int | None = None
    note: str = ""
    trouble: str = ""


class DatabaseFound(msgspec.Struct, frozen=True):
    """The database of the target, or why there is none to ask."""

    where: str = ""
    named_by: str = ""
    is_used: bool = False
    is_reached: bool = False
    server: str = ""
    database: str = ""
    role: str = ""
    rights: tuple[str, ...] = ()
    extensions: tuple[ExtensionRow, ...] = ()
    is_pooled: bool | None = None
    connections: Room | None = None
    limits: RoleRow | None = None
    free: int | None = None
    """Connections this role could still open here."""
    budget: int | None = None
    """Of them, those that slotfill would take at most."""
    clock_offset_ns: int | None = None
    """The server's clock less ours."""
    clock_error_ns: int | None = None
    """The offset is known to within that: half of the shortest round trip."""
    round_trip_ns: int | None = None
    time_zone: str = ""
    is_marked: bool | None = None
    """Whether it carries slotfill's marker for this very database; None where that does not matter."""
    is_fit: bool = False
    unfit: tuple[str, ...] = ()
    adaptations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    note: str = ""
    trouble: str = ""


class EnvironmentChecked(msgspec.Struct, frozen=True):
    """The one JSON document of `slotfill env check --json`."""

    target: str
    kind: str
    files: tuple[FileFound, ...]
    variables: tuple[VariableFound, ...]
    dangers: tuple[Danger, ...]
    reference_flags: dict[str, str]
    """[flags] of the settings: what the reference platform is run with."""
    api: ApiFound
    database: DatabaseFound
    verdict: tuple[str, ...]
    exit_code: int
