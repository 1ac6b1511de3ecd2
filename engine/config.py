"""Settings: every value a user may set. `settings_sources` says where from, `settings_check` what they may be."""

import datetime as dt
from typing import Any

import msgspec

from engine.model.production import ProductionTargets

SPARE_CONNECTIONS = 5
"""For the two samplers, the reconciler, the truth at the end, and an operator's own look."""
_SUPERUSER_RESERVED = 3
"""Connections Postgres keeps back, by its default."""


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
    restaurants: tuple[str, ...] = ("all",)
    """Slugs; `all` for every one the database holds."""
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
    data: str = ""
    """What the embedded platform is seeded with: white-horse, stress or today; empty for the plan's own."""
    date: dt.date | None = None
    """The day, or the first of several; null for the seeded day."""
    retries: int = 0
    """How often a step is tried again after a serialization, deadlock or lock-timeout refusal, with backoff."""
    repeat: int = 1
    """How often the same plan is run, each time from the same state."""
    faults: tuple[str, ...] = ()
    """Known pathologies that are switched on, NAME or NAME=VALUE; embedded platform only."""


class FillSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plan `fill`; `create` and `burst` take their times and parties from it too."""

    days: int = 1
    """Days from `run.date`."""
    start: dt.time = dt.time(12, 0)
    end: dt.time = dt.time(15, 0)
    """The last slot, if it falls on the grid."""
    interval_min: int = 15
    stress_max: int = 10
    """Bookings a slot is given at most."""
    min_party: int = 1
    max_party: int = 12


class AssignSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plan `assign`."""

    max_iterations: int = 6
    """Passes at most, until nothing is pending."""
    passes: int = 0
    """So many passes, pending or not; 0 for as many as it takes, up to max_iterations."""
    sweep_holds: bool = False
    """Between passes, sweep holds that are expired or leaked."""
    clear_zone_locks: bool = False
    """Between passes, clear the zone locks of pending bookings without tables."""


class CreateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plan `create`."""

    count: int = 5
    """Bookings to make or clone."""
    clone_from: dt.date | None = None
    """Clone the bookings of that day; null to draw them by the seed."""
    max_tables: int = 4
    """Longest rung of the ladder: sets of so many tables."""


class BurstSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plan `burst`."""

    requests: int = 50
    """Requests at once."""
    duplicates: int = 0
    """So many of them repeat another one's idempotency key."""


class SweepSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`slotfill sweep`: the plan at several concurrencies, each `run.repeat` times, from the same state."""

    levels: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 12, 15)
    """Workers; each level comes once in every block of repeats."""
    seconds: float = 6.0
    """Longest time of one round: then attempts in hand end, and the next round begins. 0 for its whole plan."""
    experiment: str = "auto"
    """`on` slows one step after the other down, at the largest level; `auto` where the levels allow a fit; or `off`.
    Embedded platform only."""
    delay_ms: int = 20
    """By so much a step is slowed down."""
    laps: int = 0
    """In each round the fill is run so often, on the days that follow, one day after the other where slots are shared;
    0 for as often as its workers need to show how they get on."""


class AllocatorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table planner."""

    strategy: str = "optimal-fit"
    """How candidates are ordered; `slotfill config show` names them all."""
    adjacency: str = "connected"
    """What touching means for several tables: connected, pairwise, neighbors or off."""
    max_tables: int = 3
    """Tables of one set at most, 1 to 5."""
    max_overage: int = 4
    """Seats a set may have beyond the party."""
    lookahead: bool = True
    """Spare the tables that bookings of the next two hours will need."""
    spread: bool = False
    """Each worker begins at another one of equally good sets, so that not all try the same tables first."""
    fail_hard: bool = False
    """A start in no service is refused; else it sits by lunch's turn times."""


class ApiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Runs through the booking API; the platform's flow script has the same defaults, but for the poll."""

    timeout_s: float = 30.0
    """Longest wait for any answer."""
    inline_window_s: float = 25.0
    """From the submit: so long a booking counts as confirmed inline."""
    background_window_s: float = 90.0
    """From the submit: so long it is asked after."""
    poll_interval_s: float = 0.25
    """Between two questions after one booking."""
    longest_request_s: float = 30.0
    """Longest the platform works on one request: only after that the absence of an unanswered one proves anything."""


class FlagSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Flags of the booking platform, recorded with every run and effective in the reference platform."""

    auto_assign_on_booking: bool = True
    """Tables are assigned in the request. FEATURE_AUTO_ASSIGN_ON_BOOKING, whose own default is false."""
    inline_auto_assign_timeout_ms: int = 12000
    """FEATURE_INLINE_AUTO_ASSIGN_TIMEOUT_MS. The platform's effective range is 2,000 to 20,000."""
    auto_assign_max_retries: int = 3
    """FEATURE_AUTO_ASSIGN_MAX_RETRIES: attempts of the background job are one more."""
    auto_assign_retry_delays_ms: tuple[int, ...] = (5000, 15000, 45000)
    """FEATURE_AUTO_ASSIGN_RETRY_DELAYS_MS."""
    allocator_v2_enabled: bool = True
    """FEATURE_ALLOCATOR_V2_ENABLED: confirm by one function; off: assign, then change the status, in two steps."""
    allocator_service_fail_hard: bool = False
    """FEATURE_ALLOCATOR_SERVICE_FAIL_HARD."""
    allocator_require_adjacency: bool = True
    """FEATURE_ALLOCATOR_REQUIRE_ADJACENCY."""
    selector_enumeration_timeout_ms: int = 1000
    """FEATURE_SELECTOR_ENUMERATION_TIMEOUT_MS, 50 to 10,000."""
    booking_past_time_blocking: bool = False
    """FEATURE_BOOKING_PAST_TIME_BLOCKING."""
    rate_limit_per_minute: int = 0
    """Bookings a minute per restaurant and address; the platform has 60 outside development. 0 for none."""
    debug_capacity_profiling: bool = False
    """DEBUG_CAPACITY_PROFILING: planner times go into each answer and into the event log."""
    suppress_emails: bool = True
    """SUPPRESS_EMAILS, LOAD_TEST_DISABLE_EMAILS: without one of them a load run sends mail on the platform."""


class EmbeddedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The embedded Postgres."""

    bin: str = ""
    """Folder of postgres, initdb and psql, of version 15 or newer; empty for the one that comes along."""
    data: str = ""
    """Folder of the cluster; empty for $XDG_DATA_HOME/slotfill/pg<major>."""
    idle_s: float = 300.0
    """It stops this long after its last user left."""
    max_connections: int = 100

    @property
    def room(self) -> int:
        """Connections it has for workers."""
        return self.max_connections - SPARE_CONNECTIONS - _SUPERUSER_RESERVED


class RecordSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a run keeps."""

    runs: str = ""
    """Folder of the runs; empty for $XDG_STATE_HOME/slotfill/runs."""
    journal_fsync: str = "batched"
    """`batched` every 200 ms off the loop, or `each` for power loss."""
    keep: int = 20
    """Runs that `prune` leaves."""
    waterfall: bool = True
    """The success waterfall is computed when a run ends; else `slotfill optimum` has the bound later."""


class ObserveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Looks at the server."""

    interval_s: float = 0.5
    timeout_s: float = 0.4
    """Of one look, besides what the way to the server costs; a single statement in it may take half of that."""
    waits_hz: float = 10.0
    """Looks a second at what our own backends wait for; fewer where a look is dear. 0 for none."""


class ObservabilitySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What others may learn of a run while it goes on."""

    events: bool = True
    """Write the run's events to the platform's own table, where the database is local and has one."""
    events_queue: int = 5000
    """So many events wait at most; more are dropped and counted."""
    metrics_port: int = 0
    """Counters in OpenMetrics text at http://127.0.0.1:PORT/metrics; 0 for none."""


class WebhookSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where alerts are sent, as JSON that Slack takes. The address is a secret and stands in a variable only."""

    url_env: str = ""
    """The variable that holds the URL, https or of this machine; empty for no webhook."""
    key_env: str = ""
    """The variable that holds the key messages are signed with; empty for no signature."""
    least: str = "warning"
    """The mildest severity that is sent."""
    timeout_s: float = 5.0
    """Longest wait for one answer."""
    tries: int = 5
    """Of one message at most; later each time, or when the answer's Retry-After says."""
    queue: int = 100
    """So many messages wait at most; more are dropped and counted."""
    last_s: float = 5.0
    """At the run's end, so long at most for what is not sent yet."""


class AlertSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule of [alerts]; what is left out keeps the default of the rule of that name."""

    when: str | None = None
    """What is wrong: `VALUE < NUMBER`, or with >, <=, >=; a step's value is written `p95_ms.confirm`."""
    window_s: float | None = None
    """The stretch of time that counts and rates are of."""
    for_s: float | None = None
    """It is raised when that holds for so long, and not by a moment."""
    clear_s: float | None = None
    """It is over when that does not hold for so long."""
    least: int | None = None
    """Of a share: attempts in the window below which it says nothing."""
    severity: str | None = None
    """info, warning, error or critical."""
    on: bool | None = None


class ConsoleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The console."""

    refresh_s: float = 0.25
    ascii: bool | None = None
    """Sparklines and lines in ASCII; null where the locale has no UTF-8."""
    theme: str = "auto"
    """`auto` for what the terminal can show, or dark, 256, ansi, ansi-light, high-contrast, colour-blind."""
    notify: str = "off"
    """What a new alert sends to the terminal: off, bell, osc9 (a note for the desktop) or both."""
    mouse: bool = True
    """Clicks and the wheel are the console's; off, they stay the terminal's."""


class TargetSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One [targets.NAME] table."""

    kind: str = "embedded"
    """`embedded`; `postgres` with a dsn; `api` with a base_url, or without one for the reference API on the embedded
    database. An `api` target may name a dsn too: then status and tables are read there."""
    dsn: str = ""
    dsn_env: str = ""
    base_url: str = ""
    base_url_env: str = ""
    restaurants: tuple[str, ...] = ()
    """Allow-list for writing; a remote target needs one."""
    meant_for: tuple[str, ...] = ()
    """Places that a remote target is for, `host/database`, and of a booking API its host; without it the target counts
    as production-like, and any other place is refused."""
    allow_remote: bool = False
    """A production-like target may be written to, once the user has said yes as well."""
    fallback_base_url: str = ""
    """The local address used when the real one cannot be reached, and only with --fallback-local."""
    connection_share: float = 0.25
    """Of the connections a remote server has free, so much at most."""
    requests_per_s: float = 10.0
    """Attempts begun in a second on a remote target at most. What one asks after that, to hear what became of its
    booking, and what a 429 has it send again, come on top."""
    bookings: int = 500
    """Bookings made in one run on a remote target at most."""
    minutes: float = 15.0
    """Length of one run on a remote target at most."""

    @property
    def is_embedded(self) -> bool:
        """Whether its runs work in the embedded cluster: `embedded` itself, and an API without an address."""
        return self.kind == "embedded" or (self.kind == "api" and not (self.base_url or self.base_url_env))


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a user may set."""

    run: RunSettings = RunSettings()
    fill: FillSettings = FillSettings()
    assign: AssignSettings = AssignSettings()
    create: CreateSettings = CreateSettings()
    burst: BurstSettings = BurstSettings()
    sweep: SweepSettings = SweepSettings()
    allocator: AllocatorSettings = AllocatorSettings()
    api: ApiSettings = ApiSettings()
    flags: FlagSettings = FlagSettings()
    embedded: EmbeddedSettings = EmbeddedSettings()
    records: RecordSettings = RecordSettings()
    observe: ObserveSettings = ObserveSettings()
    observability: ObservabilitySettings = ObservabilitySettings()
    webhook: WebhookSettings = WebhookSettings()
    console: ConsoleSettings = ConsoleSettings()
    targets: dict[str, TargetSettings] = msgspec.field(
        default_factory=lambda: {"embedded": TargetSettings(), "api": TargetSettings(kind="api")}
    )
    production: ProductionTargets = ProductionTargets()
    thresholds: dict[str, str] = msgspec.field(default_factory=dict)
    """Bounds by the name of a figure, `"p95.confirm" = "<=200ms"`; one that fails makes a run end with exit 1."""
    alerts: dict[str, AlertSettings] = msgspec.field(default_factory=dict)
    """Rules laid over those of `engine.alert_rules`, by name."""
    presets: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    """Named bundles of the settings above; `slotfill run --preset NAME`."""
