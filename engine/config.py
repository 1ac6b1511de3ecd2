"""Settings: every value a user may set. Where they come from is `settings_sources`."""

import datetime as dt
from typing import Any

import msgspec


class SettingsInvalid(Exception):
    """A setting cannot be used. The message is one sentence: where, the value, and what would be right."""


class RunSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How any run goes."""

    target: str = "embedded"
    """A table of [targets]."""
    concurrency: int = 4
    """Workers; can change while it runs."""
    seed: int = 1
    """Decides party sizes; equal seeds give equal turns."""
    restaurants: tuple[str, ...] = ("white-horse-pub-waterbeach",)
    """Slugs; `all` for every one of the target."""
    rate: float | None = None
    """Attempts a second on schedule, whatever the answers; null for a closed model."""
    together: int = 1
    """With a rate: so many attempts fall due at the same moment; the mean rate stays."""
    share_slots: bool = False
    """More than one worker may work on a slot."""
    name: str = ""
    """A name for the run."""
    step_timeout_s: float = 10.0
    """Longest wait for any answer of the target."""
    hold_ttl_s: float = 180.0
    """How long a hold is good for."""


class FillSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plan `fill`."""

    date: dt.date | None = None
    """First day; null for the seeded day."""
    days: int = 1
    start: dt.time = dt.time(12, 0)
    end: dt.time = dt.time(15, 0)
    """The last slot, if it falls on the grid."""
    interval_min: int = 15
    stress_max: int = 10
    """Bookings a slot is given at most."""
    min_party: int = 1
    max_party: int = 12


class EmbeddedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The embedded Postgres."""

    bin: str = ""
    """Folder of postgres, initdb and psql, of version 15 or newer; empty for the one that comes along."""
    data: str = ""
    """Folder of the cluster; empty for $XDG_DATA_HOME/slotfill/pg<major>."""
    idle_s: float = 300.0
    """It stops this long after its last user left."""
    max_connections: int = 100


class RecordSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a run keeps."""

    runs: str = ""
    """Folder of the runs; empty for $XDG_STATE_HOME/slotfill/runs."""
    journal_fsync: str = "batched"
    """`batched` every 200 ms off the loop, or `each` for power loss."""
    keep: int = 20
    """Runs that `prune` leaves."""


class ObserveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Looks at the server."""

    interval_s: float = 0.5
    timeout_s: float = 2.0


class ConsoleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The console."""

    refresh_s: float = 0.25
    ascii: bool = False


class TargetSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One [targets.NAME] table."""

    kind: str = "embedded"
    """`embedded`; `postgres` and `api` are known words that this version refuses to write to."""
    dsn: str = ""
    dsn_env: str = ""
    base_url: str = ""
    base_url_env: str = ""
    restaurants: tuple[str, ...] = ()
    """Allow-list for writing."""
    allow_remote: bool = False


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a user may set."""

    run: RunSettings = RunSettings()
    fill: FillSettings = FillSettings()
    embedded: EmbeddedSettings = EmbeddedSettings()
    records: RecordSettings = RecordSettings()
    observe: ObserveSettings = ObserveSettings()
    console: ConsoleSettings = ConsoleSettings()
    targets: dict[str, TargetSettings] = msgspec.field(default_factory=lambda: {"embedded": TargetSettings()})
    presets: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    """Named bundles of the settings above; `slotfill run --preset NAME`."""
