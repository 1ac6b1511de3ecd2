"""The run at one moment: everything any panel may draw, and what an export holds."""

import msgspec

from engine.model.alert import AlertsFace
from engine.model.attached import Attached
from engine.model.ids import RunId, WorkerId
from engine.model.map_face import MapFace
from engine.model.outcome import Kind
from engine.model.paths_face import PathsFace
from engine.model.ranking_face import RankingFace
from engine.model.round import Round
from engine.model.run_state import RunState, WorkerState
from engine.model.sample import Sample
from engine.model.step import Step
from engine.model.truth_face import TruthFace
from engine.model.turn import TurnEnd
from engine.model.waits import Waits


class LegShare(msgspec.Struct, frozen=True, array_like=True):
    """One restaurant's share of a leg."""

    restaurant: str
    planned: int
    """Turns of it in this leg."""
    attempts: int
    filled: int
    acknowledged: int
    """Attempts of which the platform said success, with rows or without."""


class LegFace(msgspec.Struct, frozen=True):
    """A pass or a repeat."""

    leg: int
    repeat: int
    """Which repeat of the plan, from 1."""
    number: int
    """Which pass of the repeat, from 1."""
    concurrency: int
    turns: int
    attempts: int
    filled: int
    acknowledged: int
    is_over: bool
    persisted: int | None
    """What the database held of its bookings when it was over; None before, and when it could not be read."""
    pending: int | None
    swept_holds: int | None
    cleared_zone_locks: int | None
    restaurants: tuple[LegShare, ...]
    round: Round | None = None
    """Of a sweep: the terms of the repeat that it is a pass of."""
    fills_per_s: float | None = None
    """Filled by the time from its first attempt's begin to its last one's end; None before there is one."""
    p95_ns: int | None = None
    """Of a round that is over: 95 % of its filled bookings took no longer, from due to end; exact."""
    began_ns: int = 0
    """When it was planned."""
    last_ns: int = 0
    """When its last attempt ended so far."""


class RunFace(msgspec.Struct, frozen=True):
    """The run's header line."""

    run_id: RunId
    name: str
    plan: str
    target: str
    """`embedded`, or the target's name, and what it is."""
    database: str
    state: RunState
    reason: str
    """Why it is in this state; empty when that is plain."""
    seed: int
    started_at: str
    """Wall time, UTC, ISO 8601."""
    elapsed_ns: int
    turns: int
    """Turns of the pass in hand."""
    turns_ended: int
    attempts: int
    most_attempts: int
    """How many attempts all passes planned so far allow; it may end with fewer."""
    filled: int
    in_flight: int
    concurrency: int
    """Workers wanted."""
    workers: int
    """Workers there are, the leaving ones too."""
    effective_concurrency: float
    """Mean number of attempts in flight: while some may be, and once it is over from the first send to the last answer.

    Pauses are left out; what is read back between passes and repeats is only as long as the run goes on.
    """
    idle_workers: int
    """Workers for which the plan has no turn."""
    rate_per_s: float | None
    """The pace asked for; None for a closed model."""
    late_ns: int
    """How far behind its schedule the last attempt began; 0 in a closed model."""
    lag_p99_ns: int
    """The engine's own loop lag over the last ten seconds."""
    lag_max_ns: int
    consoles: int
    journal_bytes: int
    settings: dict[str, str]
    """What the operator may change while it runs, by its key."""
    exit_code: int | None = None
    says: str = ""
    """Of a sweep: what its plan can show; empty for a run that is none."""
    left_ns: int | None = None
    """About how long it goes on; None where that cannot be told."""
    flags: dict[str, str] = {}
    """The platform's flags, those that differ from its own defaults first and saying so."""
    fallback: str = ""
    """The sentence that a local address is used instead of the one that was asked for; empty when it is not."""
    attached: tuple[Attached, ...] = ()
    """The consoles that said who they are, the one that came first before the others."""
    watches: str = ""
    """Of a watch: the database, role and server it looks at, in words; empty for a run."""
    left_says: str = ""
    """What `left_ns` is based on, or why it is not known; empty for a plan without an end."""
    fills_per_s: float | None = None
    """Of a run that is over, as its report says it: filled by the time from first send to last answer."""


class WorkerFace(msgspec.Struct, frozen=True):
    """One worker, as its row shows it."""

    worker: WorkerId
    state: WorkerState
    step: Step | None
    since_ns: int
    """Length of time in this step or state."""
    slot: str
    """`19:15`; empty when it has none."""
    day: str
    """`2026-03-04`; empty when it has no slot."""
    party: int
    booking: str
    """First eight characters of the booking's id."""
    attempt: int
    attempt_try: int
    tables: tuple[str, ...]
    """Table numbers of the try in hand."""
    zone: str
    last_outcome: str
    """The outcome's word; empty before the first."""
    last_note: str
    """Tables it was given, or what refused it."""
    filled: int
    failed: int
    pid: int | None
    waits_for: str
    """What its backend waits for, from the last look: `Lock:advisory`."""


class StepFigures(msgspec.Struct, frozen=True):
    """One step's latencies. Percentiles are of the steps that succeeded, over the whole run."""

    step: Step
    count: int
    refused: int
    p50_ns: int | None
    p95_ns: int | None
    p99_ns: int | None
    """None below 500 samples: it would say nothing."""
    max_ns: int | None
    series: tuple[int | None, ...]
    """Greatest length in each second, oldest first, up to 600; None where nothing ended."""


class OutcomeFigures(msgspec.Struct, frozen=True):
    """One outcome's count."""

    outcome: str
    kind: Kind
    count: int
    series: tuple[int, ...]
    """Per second, oldest first, up to 600."""
    in_doubt: int = 0
    """Of them, those that may have taken effect all the same."""


class RefusalFigures(msgspec.Struct, frozen=True):
    """Refusals of one step with one proof."""

    step: Step
    outcome: str
    sqlstate: str
    constraint: str
    message: str
    """The last one's text, masked."""
    count: int
    overcome: int
    """Of them, those whose attempt was filled all the same."""


class SlotFace(msgspec.Struct, frozen=True):
    """One turn, as the slots panel shows it."""

    turn: int
    day: str
    slot: str
    party: int
    attempts: int
    filled: int
    cap: int
    workers: tuple[WorkerId, ...]
    end: TurnEnd | None
    conflicts: int
    restaurant: str = ""
    booking: str = ""
    """First eight characters of the id of the booking it is about; empty for a slot that makes its own."""


class ConflictFigures(msgspec.Struct, frozen=True):
    """Hold conflicts at one table or slot."""

    name: str
    count: int
    last_at_ns: int


class ConflictFace(msgspec.Struct, frozen=True):
    """One hold conflict."""

    at_ns: int
    worker: WorkerId
    slot: str
    tables: tuple[str, ...]
    constraint: str
    held_by: str


class ConflictsFace(msgspec.Struct, frozen=True):
    """Hold conflicts of the run."""

    total: int
    series: tuple[int, ...]
    by_table: tuple[ConflictFigures, ...]
    """Most first, at most 40."""
    by_slot: tuple[ConflictFigures, ...]
    recent: tuple[ConflictFace, ...]
    """Newest first, at most 50."""


class ZoneLockFace(msgspec.Struct, frozen=True):
    """One zone-lock failure."""

    at_ns: int
    worker: WorkerId
    booking: str
    attempt: int
    message: str


class EventLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event as a line."""

    at_ns: int
    word: str
    """Its class: `hold conflict`, `operator`, `run`, `worker`, …"""
    kind: Kind | None
    """Colours the line; None for what is neither good nor bad."""
    who: str
    text: str
    attempt: int = 0
    """The attempt it is about; 0 for none."""


class RunSnapshot(msgspec.Struct, frozen=True):
    """Everything any panel may draw."""

    schema: int
    tick: int
    """Counts snapshots; two with one tick are equal."""
    run: RunFace
    workers: tuple[WorkerFace, ...]
    steps: tuple[StepFigures, ...]
    outcomes: tuple[OutcomeFigures, ...]
    refusals: tuple[RefusalFigures, ...]
    fills: tuple[int, ...]
    """Filled in each second, oldest first, up to 600."""
    slots: tuple[SlotFace, ...]
    """At most 600, around the first that has not ended; `run.turns` says how many there are."""
    conflicts: ConflictsFace
    zone_locks: tuple[ZoneLockFace, ...]
    """Newest first, at most 50."""
    zone_lock_total: int
    sample: Sample | None
    """The last look at the server; None before the first and where the target has none."""
    sample_trouble: str
    """Why there is no fresh look; empty when there is."""
    events: tuple[EventLine, ...]
    """Newest last, at most 200."""
    legs: tuple[LegFace, ...] = ()
    """Passes and repeats, oldest first, the last 60."""
    paths: PathsFace = PathsFace()
    truth: TruthFace = TruthFace()
    map: MapFace = MapFace()
    ranking: RankingFace = RankingFace()
    waits: Waits | None = None
    """What our backends wait for in the leg in hand, or waited for in the last one; None where nobody looks."""
    alerts: AlertsFace = AlertsFace()
    retries_exhausted: int | None = None
    """Attempts that every retry failed; None in recordings that do not tell."""
    grew: dict[str, int] | None = None
    """Integrity checks that found more rows after than before, in the repeats that are over; None as for retries."""
