"""The front door: one run, from its first intent to its result. Nothing outside the engine holds more of it."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from engine import __version__
from engine.alert_rules import rules_of
from engine.alerting import Alerting
from engine.backends import Backends
from engine.clock import Clock
from engine.config import Settings
from engine.details import Details, Source
from engine.fault_switch import FaultSwitch
from engine.fill.crew import Crew, Task
from engine.fill.desk import Desk, Holders, Windows
from engine.fill.limits import Limits
from engine.fill.pace import Pace
from engine.hook import Sender
from engine.link import PROTOCOL
from engine.mending import Bench, Mending
from engine.metrics.left import Bounds
from engine.metrics.tally import Tally
from engine.metrics.told import Telling
from engine.model.attached import Attached
from engine.model.command import Answer, Command, Hello, Verb
from engine.model.detail import Detail
from engine.model.event import Acted, AttemptEnded, DatabaseSampled, Event, RunPlanned, WaitsSampled
from engine.model.ids import SCHEMA_VERSION, Ids, worker_name
from engine.model.sample import Sample
from engine.model.snapshot import RunSnapshot
from engine.model.strategy import Strategy
from engine.model.waits import Waits
from engine.observability import EventTable
from engine.observe.lag import LoopLag
from engine.observe.load import LoadMeter
from engine.observe.wait_fold import Seated
from engine.observe.waits import Terms, WaitSampler, Watched
from engine.openmetrics import page
from engine.passes import Connect, Passes
from engine.plan import Plan
from engine.portrait import Gauges, RunFacts, portrait
from engine.reconciler import Reconciler
from engine.records.journal import Journal
from engine.records.recording import Recording
from engine.records.samples import Samples
from engine.records.trouble import NoFileLeft, RecordsFailed
from engine.redact import mask, mask_event
from engine.steering import Steering, Wheel
from engine.target import Capability, Target

NS = 1_000_000_000
TICK_NS = NS // 10
"""A snapshot is made anew at most ten times a second, however many ask."""
EVENTS_KEPT = 5_000
_TALLIED_AT_ONCE = 64
"""Counted one after the other, events cost a third of what each does between two statements; and so many take half a
millisecond."""


class RunParts(msgspec.Struct, frozen=True):
    """What a run is made of."""

    facts: RunFacts
    settings: Settings
    plan: Plan
    ladder: tuple[Strategy, ...]
    target: Target
    connect: Connect
    faults: FaultSwitch | None
    limits: Limits | None
    """What a remote target may be asked for; None for a local one."""
    clock: Clock
    folder: Path
    journal: Journal
    recording: Recording
    samples: Samples
    backends: Backends
    sweeps: bool = False
    """The plan is run at several concurrencies, which nobody changes meanwhile."""
    webhook: Sender | None = None
    """Where alerts are sent; None for nowhere."""
    grew: Callable[[], dict[str, int] | None] = lambda: None
    """Integrity checks that found more rows after than before; None where nobody checks."""


class Run:
    """A run. In process it is used as it is; elsewhere `LinkDoor` speaks to it over a socket."""

    def __init__(self, parts: RunParts) -> None:
        self.facts = parts.facts
        self.target = parts.target
        self.clock = parts.clock
        self.folder = parts.folder
        self.journal = parts.journal
        self.recording = parts.recording
        self._tally, self._untallied = Tally(), list[Event]()
        self._tally.know(self.target.floors)
        self.samples = parts.samples
        self.lag = LoopLag(parts.clock)
        self.reconciler = Reconciler(self.facts.run_id, self.target.standing(), self.clock, self.log, self.folder)
        self.consoles: Callable[[], int] = lambda: 0
        self.attached: Callable[[], tuple[Attached, ...]] = tuple
        self.exit_code: int | None = None
        self.reason = ""
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._event_count = 0
        self._sample: Sample | None = None
        self._trouble = ""
        self._snapshot: RunSnapshot | None = None
        self._snapshot_at_ns = 0
        self._tick = 0
        self._ran_before_ns = 0
        """How long the crew had been running when the leg in hand was planned."""
        zones = {zone.id: zone.name for floor in self.target.floors.values() for zone in floor.zones}
        desk = Desk(
            self.clock,
            self.log,
            Holders(),
            zones,
            lambda: self.steering.settings.run.retries,
            Windows(
                round(parts.settings.api.inline_window_s * NS),
                round(parts.settings.api.background_window_s * NS),
                round(parts.settings.api.poll_interval_s * NS),
            ),
        )
        self.passes = Passes(self.target, parts.connect, desk, self.folder, lambda: self.steering.settings)
        self.passes.told = self._waits_to_read
        self.passes.place = lambda: self.journal.place
        self.passes.meter = LoadMeter(self.clock, self.lag)
        self.passes.attempts = lambda: self.tally.attempts
        self.crew = Crew(
            self.facts.run_id,
            Task(
                parts.plan,
                parts.ladder,
                parts.settings.run.concurrency,
                gathers=self.facts.plan == "burst" or parts.sweeps,
                limits=parts.limits,
                between=self._between,
            ),
            self.target,
            Pace(parts.settings.run.rate, parts.settings.run.together),
            desk,
        )
        observe = parts.settings.observe
        self.waits = WaitSampler(
            lambda: parts.connect(f"slotfill {self.facts.run_id} sampler of waits"),
            self.clock,
            Watched(self.seats, self.crew.whose, lambda: self.crew.at_work),
            Terms(
                self.facts.run_id,
                observe.waits_hz if Capability.SAMPLE in self.target.capabilities else 0.0,
                observe.timeout_s,
            ),
            self.waited,
            mask,
        )
        self.alerting = Alerting(rules_of(parts.settings), self.log, parts.webhook)
        self._grew = parts.grew
        self.told = self._event_table(parts)
        if self.told is not None:
            told = self.told
            self.alerting.platform = lambda: told.face
        self.faults = parts.faults
        if self.faults is not None:
            self.faults.orders = self.crew.orders
            self.faults.adopt()
        bench = Bench(
            parts.connect, self.target, self.clock, self.folder, self.facts.database, lambda: self.steering.settings
        )
        wheel = Wheel(self.clock, self.log, self.sample, self.facts.plan, self.faults, Mending(bench))
        self.steering = Steering(parts.settings, self.crew, wheel, parts.backends)
        if parts.sweeps:
            self.steering.keys = tuple(key for key in self.steering.keys if key not in ("run.concurrency", "run.rate"))
        self._details = Details(
            Source(
                self.facts.run_id,
                self.folder,
                self.clock,
                parts.connect,
                lambda: self.target.floors,
                lambda: self._events,
                lambda: self.plan.turns,
                self.waits.refusals,
            )
        )

    # The face

    async def hello(self) -> Hello:
        """Who is there."""
        return Hello(PROTOCOL, __version__, SCHEMA_VERSION, self.facts.run_id, str(self.folder))

    async def snapshot(self) -> RunSnapshot:
        """The run now; at most a tenth of a second old."""
        now_ns = self.clock.now_ns()
        if self._snapshot is not None and self._snapshot.run.exit_code == self.exit_code is not None:
            # It is over, and its figures stay what they were at the end.
            return self._snapshot
        if self._snapshot is None or now_ns - self._snapshot_at_ns >= TICK_NS or self.crew.state.is_over:
            self._snapshot = self.portrait(now_ns)
            self._snapshot_at_ns = now_ns
        return self._snapshot

    async def events(self, since: int) -> tuple[int, tuple[Event, ...]]:
        """Events from number `since` on, as far as they are kept, and the number to ask with next."""
        oldest = self._event_count - len(self._events)
        skip = max(0, since - oldest)
        return self._event_count, tuple(self._events)[skip:]

    async def act(self, command: Command, who: str) -> Answer:
        """Do it, or say why not; either way it is in the journal with who asked."""
        if command.verb is Verb.ACKNOWLEDGE:
            answer = self.alerting.acknowledge(self.clock.now_ns(), who, command.arguments)
        else:
            answer = await self.steering.do(command, who)
        answer = Answer(answer.done, mask(answer.text), tuple(map(mask, answer.lines)))
        if command.verb is Verb.TRY:
            return answer
        word = " ".join((command.verb.value, *command.arguments))
        try:
            self.log(Acted(self.clock.now_ns(), self._ids, word, who, answer.text))
        except RecordsFailed as error:
            # The crew meets the same at its next intent, and ends the run for it.
            return Answer(answer.done, f"{answer.text}; not in the journal: {error}")
        return answer

    def noted(self, words: str, who: str) -> None:
        """Something was done beside the run that is worth an event: a console came or left. Not once it is over."""
        if self.crew.state.is_over or self.exit_code is not None:
            return
        try:
            self.log(Acted(self.clock.now_ns(), self._ids, f"{Verb.NOTE} {words}", who, "noted"))
        except RecordsFailed:
            return  # the crew meets the same at its next intent, and ends the run for it

    async def counters(self) -> str:
        """The run now, as OpenMetrics text."""
        return page(await self.snapshot(), self.tally.histograms())

    async def detail(self, kind: str, wanted: str) -> Detail:
        """One thing closely, from the journal and from the database."""
        return await self._details.detail(kind, wanted)

    async def close(self) -> None:
        """Nothing to leave: the run itself stays."""

    # The run

    def log(self, event: Event) -> None:
        """Take an event, masked: the journal first, and only what it took counts. Raises RecordsFailed."""
        event = mask_event(event)
        self.journal.write(event)
        self._untallied.append(event)
        if len(self._untallied) >= _TALLIED_AT_ONCE:
            self._count_up()
        self._events.append(event)
        self._event_count += 1
        if self.told is not None:
            self.told.take(event)
        if isinstance(event, RunPlanned):
            self._ran_before_ns = self.crew.running_ns
        elif isinstance(event, AttemptEnded):
            self.samples.take(event)
            self.reconciler.take(event)

    @property
    def tally(self) -> Tally:
        """Every figure that comes from events, up to the last one."""
        if self._untallied:
            self._count_up()
        return self._tally

    def _count_up(self) -> None:
        events, self._untallied = self._untallied, []
        for event in events:
            self._tally.apply(event)

    def _event_table(self, parts: RunParts) -> EventTable | None:
        """The platform's own table of events; None where it is not ours to write to, or nobody wants it."""
        able = self.target.capabilities
        ours = parts.limits is None and (parts.faults is not None or Capability.STEPS in able)
        if not parts.settings.observability.events or not ours or Capability.SAMPLE not in able:
            return None
        restaurants = {slug: floor.restaurant_id for slug, floor in self.target.floors.items()}
        return EventTable(
            Telling(datetime.fromisoformat(self.facts.started_at), restaurants),
            lambda: parts.connect(f"slotfill {self.facts.run_id} events"),
            parts.settings.observability.events_queue,
        )

    @property
    def plan(self) -> Plan:
        """The plan in hand."""
        return self.crew.plan

    def _waits_to_read(self, why: str) -> None:
        self.crew.trouble = why and f"waits to read back what was booked: {why}"

    async def _between(self) -> None:
        # What was acknowledged in this pass and no reading had yet is said before the pass is judged as a whole.
        await self.reconciler.last_look()
        await self.waits.end()
        leg = self.crew.leg
        await self.passes.between(self.plan, self.crew)
        if self.crew.leg != leg:
            await self.waits.begin(self.crew.leg)

    def seats(self, at_ns: int) -> dict[int, Seated]:
        """Who sits at which backend, and which step each was in at that moment."""
        return {
            row.pid: Seated(worker_name(row.worker), row.step_at(at_ns) or "")
            for row in self.crew.rows.values()
            if row.pid is not None
        }

    def waited(self, waits: Waits) -> None:
        """What a leg's backends waited for so far."""
        self.log(WaitsSampled(self.clock.now_ns(), Ids(run=self.facts.run_id, leg=waits.leg), waits))

    def sample(self) -> Sample | None:
        """The last look at the server."""
        return self._sample

    def looked(self, sample: Sample) -> None:
        """A look at the server ended."""
        self._sample = sample
        self._trouble = ""
        if self.crew.limits is not None:
            changed = self.crew.limits.looked(sample, self.clock.now_ns())
            if changed:
                self.log(Acted(self.clock.now_ns(), self._ids, "back off", "engine", changed))
        self._remember(DatabaseSampled(self.clock.now_ns(), self._ids, sample.took_ns))

    def look_failed(self, text: str) -> None:
        """A look at the server failed."""
        self._trouble = text
        self._remember(DatabaseSampled(self.clock.now_ns(), self._ids, 0, text))

    def portrait(self, now_ns: int) -> RunSnapshot:
        """A snapshot of this very moment."""
        self._tick += 1
        gauges = Gauges(
            tick=self._tick,
            now_ns=now_ns,
            lag_p99_ns=self.lag.p99_ns(),
            lag_max_ns=self.lag.max_ns(),
            consoles=self.consoles(),
            attached=self.attached(),
            journal_bytes=self.journal.bytes_written,
            most_attempts=self.tally.most_attempts,
            settings=self.steering.steerable(),
            exit_code=self.exit_code,
            reason=self.reason,
            waits=self.waits.now(),
            ran_ns=self.crew.running_ns - self._ran_before_ns,
            bounds=self._bounds(),
        )
        look = (self._sample, self._trouble)
        made = portrait(self.facts, self.crew, self.tally, look, gauges)
        exhausted = sum(exhausted for _, exhausted in self.tally.retries().values())
        return msgspec.structs.replace(made, alerts=self.alerting.face, retries_exhausted=exhausted, grew=self._grew())

    def _bounds(self) -> Bounds:
        """How many repeats and passes there may be."""
        settings = self.steering.settings
        if self.facts.plan != "assign":
            return Bounds(settings.run.repeat)
        assign = settings.assign
        return Bounds(settings.run.repeat, assign.passes or assign.max_iterations, exact=assign.passes > 0)

    @property
    def _ids(self) -> Ids:
        return Ids(run=self.facts.run_id)

    def _remember(self, event: Event) -> None:
        """Keep an event that belongs to the screens and not to the journal."""
        self._events.append(event)
        self._event_count += 1

    # The loops that run beside the crew

    async def record(self) -> None:
        """Write a keyframe for the screens and the samples taken each second, until cancelled."""
        while True:
            snapshot = await self.snapshot()
            # What is recorded is what rules judge: replayed, they give the same.
            self.alerting.take(snapshot)
            # Packing takes some milliseconds: in a thread, no attempt waits for it.
            await asyncio.to_thread(self.recording.write, snapshot)
            with contextlib.suppress(NoFileLeft):
                # They are kept, and written with the next ones.
                self.samples.flush(synced=False)
            await self.clock.sleep_until(self.clock.now_ns() + NS)
