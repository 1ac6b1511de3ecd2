"""The front door: one run, from its first intent to its result. Nothing outside the engine holds more of it."""

import asyncio
import contextlib
from collections.abc import Callable

import msgspec

from engine import __version__
from engine.alert_rules import rules_of
from engine.alerting import Alerting
from engine.details import Details, Source
from engine.event_log import EventLog
from engine.fill.crew import Crew
from engine.fill.pace import Pace
from engine.link_protocol import PROTOCOL
from engine.mending import Mending
from engine.metrics.left import Bounds
from engine.metrics.tally import Tally
from engine.model.attached import Attached
from engine.model.command import Answer, Command, Hello, Verb
from engine.model.detail import Detail
from engine.model.event import Acted, DatabaseSampled, Event, WaitsSampled
from engine.model.ids import SCHEMA_VERSION, Ids, worker_name
from engine.model.sample import Sample
from engine.model.snapshot import RunSnapshot
from engine.model.waits import Waits
from engine.observe.lag import LoopLag
from engine.observe.load import LoadMeter
from engine.observe.wait_fold import Seated
from engine.observe.waits import Watched
from engine.openmetrics import page
from engine.passes import Passes
from engine.plan import Plan
from engine.portrait import Gauges, portrait
from engine.reconciler import Reconciler
from engine.records.trouble import NoFileLeft, RecordsFailed
from engine.redact import mask
from engine.run_parts import RunParts
from engine.steering import Steering, Wheel

NS = 1_000_000_000
TICK_NS = NS // 10
"""A snapshot is made anew at most ten times a second, however many ask."""


class Run:
    """A run. In process it is used as it is; elsewhere `LinkDoor` speaks to it over a socket."""

    def __init__(self, parts: RunParts) -> None:
        self.facts = parts.facts
        self.target = parts.target
        self.clock = parts.clock
        self.folder = parts.folder
        self.journal = parts.journal
        self.recording = parts.recording
        self.samples = parts.samples
        self.said = EventLog(parts.journal, parts.samples)
        self.said.tally.know(self.target.floors)
        self.log = self.said.log
        """Takes an event, masked: the journal first, and only what it took counts. Raises RecordsFailed."""
        self.lag = LoopLag(parts.clock)
        self.reconciler = Reconciler(self.facts.run_id, self.target.standing(), self.clock, self.log, self.folder)
        self.said.reconciler = self.reconciler
        self.said.planned = self._planned
        self.consoles: Callable[[], int] = lambda: 0
        self.attached: Callable[[], tuple[Attached, ...]] = tuple
        self.exit_code: int | None = None
        self.reason = ""
        self._sample: Sample | None = None
        self._trouble = ""
        self._snapshot: RunSnapshot | None = None
        self._snapshot_at_ns = 0
        self._tick = 0
        self._ran_before_ns = 0
        """How long the crew had been running when the leg in hand was planned."""
        desk = parts.desk(self.log, lambda: self.steering.settings)
        self.passes = Passes(self.target, parts.connect, desk, self.folder, lambda: self.steering.settings)
        self.passes.told = self._waits_to_read
        self.passes.place = lambda: self.journal.place
        self.passes.meter = LoadMeter(self.clock, self.lag)
        self.passes.settlement.attempts = lambda: self.tally.attempts
        pace = Pace(parts.settings.run.rate, parts.settings.run.together)
        self.crew = Crew(self.facts.run_id, parts.task(self._between), self.target, pace, desk)
        watched = Watched(self.seats, self.crew.whose, lambda: self.crew.at_work)
        self.waits = parts.wait_sampler(watched, self.waited)
        self.alerting = Alerting(rules_of(parts.settings), self.log, parts.webhook)
        self._grew = parts.grew
        self.told = self.said.table = parts.event_table()
        self.alerting.platform = lambda: None if self.told is None else self.told.face
        self.faults = parts.faults
        if self.faults is not None:
            self.faults.orders = self.crew.orders
            self.faults.adopt()
        bench = parts.bench(lambda: self.steering.settings)
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
                lambda: self.said.last,
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
        return self.said.since(since)

    async def act(self, command: Command, who: str) -> Answer:
        """Do it, or say why not; either way it is in the journal with who asked."""
        try:
            if command.verb is Verb.ACKNOWLEDGE:
                answer = self.alerting.acknowledge(self.clock.now_ns(), who, command.arguments)
            else:
                answer = await self.steering.do(command, who)
        except RecordsFailed as error:
            # What it moves is moved before it is written; the run ends for this soon enough.
            return Answer(False, f"{command.verb.value}: it may be done, and is not in the journal: {mask(str(error))}")
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

    @property
    def tally(self) -> Tally:
        """Every figure that comes from events, up to the last one."""
        return self.said.tally

    def _planned(self) -> None:
        self._ran_before_ns = self.crew.running_ns

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
        self.said.remember(DatabaseSampled(self.clock.now_ns(), self._ids, sample.took_ns))

    def look_failed(self, text: str) -> None:
        """A look at the server failed."""
        self._trouble = text
        self.said.remember(DatabaseSampled(self.clock.now_ns(), self._ids, 0, text))

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
