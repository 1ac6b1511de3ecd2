"""The front door: one run, from its first intent to its result. Nothing outside the engine holds more of it."""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from engine import __version__
from engine.backends import Backends
from engine.clock import Clock
from engine.config import Settings, SettingsInvalid
from engine.fill.attempt import Desk, Holders
from engine.fill.crew import Crew
from engine.fill.pace import Pace
from engine.link import PROTOCOL
from engine.metrics.tally import Tally
from engine.model.command import Answer, Command, Hello, Verb
from engine.model.event import Acted, AttemptEnded, DatabaseSampled, Event, RunPlanned, SettingsChanged, TurnEnded
from engine.model.ids import SCHEMA_VERSION, Ids
from engine.model.run_state import RunState
from engine.model.sample import Sample
from engine.model.snapshot import RunSnapshot
from engine.model.turn import TurnEnd
from engine.observe.lag import LoopLag
from engine.plans.fill import FillPlan
from engine.portrait import Gauges, RunFacts, portrait
from engine.records.journal import Journal
from engine.records.recording import Recording
from engine.records.samples import Samples
from engine.settings_sources import check, full_key, with_value
from engine.target import Target

NS = 1_000_000_000
TICK_NS = NS // 10
"""A snapshot is made anew at most ten times a second, however many ask."""
CANCEL_WITHIN_NS = 3 * NS
"""A second stop within this cancels what is in flight."""
EVENTS_KEPT = 5_000
SPARE_CONNECTIONS = 3
"""For the sampler, the truth at the end, and an operator's own look."""
STEERABLE = ("run.concurrency", "run.rate", "fill.stress_max", "fill.min_party", "fill.max_party")
"""What an operator may change while the run goes on."""


class RunParts(msgspec.Struct, frozen=True):
    """What a run is made of."""

    facts: RunFacts
    settings: Settings
    plan: FillPlan
    target: Target
    clock: Clock
    folder: Path
    journal: Journal
    recording: Recording
    samples: Samples
    backends: Backends


class Run:
    """A run. In process it is used as it is; elsewhere `LinkDoor` speaks to it over a socket."""

    def __init__(self, parts: RunParts) -> None:
        self.facts = parts.facts
        self.settings = parts.settings
        self.plan = parts.plan
        self.target = parts.target
        self.clock = parts.clock
        self.folder = parts.folder
        self.journal = parts.journal
        self.recording = parts.recording
        self.tally = Tally()
        self.samples = parts.samples
        self.lag = LoopLag(parts.clock)
        self.consoles: Callable[[], int] = lambda: 0
        self.exit_code: int | None = None
        self.reason = ""
        self._backends = parts.backends
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._event_count = 0
        self._sample: Sample | None = None
        self._trouble = ""
        self._snapshot: RunSnapshot | None = None
        self._snapshot_at_ns = 0
        self._tick = 0
        self._stop_asked_ns: int | None = None
        zones = {zone.id: zone.name for floor in self.target.floors.values() for zone in floor.zones}
        self.crew = Crew(
            self.facts.run_id,
            self.plan,
            self.target,
            Pace(self.settings.run.rate, self.settings.run.together),
            Desk(self.clock, self.log, Holders(), zones),
            self.settings.run.concurrency,
        )

    # The face

    async def hello(self) -> Hello:
        """Who is there."""
        return Hello(PROTOCOL, __version__, SCHEMA_VERSION, self.facts.run_id, str(self.folder))

    async def snapshot(self) -> RunSnapshot:
        """The run now; at most a tenth of a second old."""
        now_ns = self.clock.now_ns()
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
        answer = await self._do(command, who)
        word = " ".join((command.verb.value, *command.arguments))
        self.log(Acted(self.clock.now_ns(), self._ids, word, who, answer.text))
        return answer

    async def close(self) -> None:
        """Nothing to leave: the run itself stays."""

    # The run

    def log(self, event: Event) -> None:
        """Take an event: the journal first, and only what it took counts. Raises RecordsFailed."""
        self.journal.write(event)
        self.tally.apply(event)
        self._events.append(event)
        self._event_count += 1
        if isinstance(event, AttemptEnded):
            self.samples.take(event)

    def plan_said(self) -> None:
        """Log what is planned; the journal's first event."""
        self.log(
            RunPlanned(self.clock.now_ns(), self._ids, self.plan.turns, self.plan.most_attempts, self.crew.concurrency)
        )

    def looked(self, sample: Sample) -> None:
        """A look at the server ended."""
        self._sample = sample
        self._trouble = ""
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
            journal_bytes=self.journal.bytes_written,
            most_attempts=self.plan.most_attempts,
            settings=self.steerable(),
            exit_code=self.exit_code,
            reason=self.reason,
        )
        look = (self._sample, self._trouble)
        return portrait(self.facts, self.crew, self.tally, look, gauges)

    def steerable(self) -> dict[str, str]:
        """What may be changed now, by its short key, with its present value."""
        rate = self.crew.pace.rate
        return {
            "concurrency": str(self.crew.concurrency),
            "rate": "" if rate is None else f"{rate:g}",
            "stress_max": str(self.settings.fill.stress_max),
            "min_party": str(self.settings.fill.min_party),
            "max_party": str(self.settings.fill.max_party),
        }

    @property
    def _ids(self) -> Ids:
        return Ids(run=self.facts.run_id)

    def _remember(self, event: Event) -> None:
        """Keep an event that belongs to the screens and not to the journal."""
        self._events.append(event)
        self._event_count += 1

    async def _do(self, command: Command, who: str) -> Answer:
        if self.crew.state.is_over and command.verb is not Verb.NOTE:
            return Answer(done=False, text=f"the run is over: {self.crew.state.value}")
        match command.verb:
            case Verb.PAUSE:
                done = self.crew.pause()
                waiting = f": {self.crew.in_flight} in flight" if self.crew.in_flight else ""
                return Answer(done, f"{self.crew.state.value}{waiting}" if done else f"it is {self.crew.state.value}")
            case Verb.RESUME:
                done = self.crew.resume()
                return Answer(done, "running" if done else f"it is {self.crew.state.value}, not paused")
            case Verb.STOP:
                return self._stop()
            case Verb.SET:
                return self._set(command.arguments, who)
            case Verb.MARK:
                return Answer(done=True, text=f"mark {' '.join(command.arguments)}".rstrip())
            case Verb.NOTE:
                return Answer(done=True, text=" ".join(command.arguments))
            case Verb.NEXT_PASS:
                return Answer(done=False, text="a fill has one pass: there is no next one")
            case Verb.CANCEL_BACKEND:
                return await self._backends.cancel(command.arguments)
            case Verb.TERMINATE_BACKEND:
                return await self._backends.terminate(command.arguments)

    def _stop(self) -> Answer:
        now_ns = self.clock.now_ns()
        if self.crew.stop():
            self._stop_asked_ns = now_ns
            return Answer(done=True, text=f"draining: {self.crew.in_flight} in flight; again within 3 s cancels them")
        if self.crew.state is RunState.CANCELLING:
            return Answer(done=False, text="it is cancelling already")
        if self._stop_asked_ns is not None and now_ns - self._stop_asked_ns <= CANCEL_WITHIN_NS:
            in_flight = self.crew.in_flight
            self.crew.cancel()
            return Answer(done=True, text=f"cancelling {in_flight} in flight")
        self._stop_asked_ns = now_ns
        return Answer(done=False, text=f"it drains already: {self.crew.in_flight} in flight; again within 3 s cancels")

    def _set(self, assignments: tuple[str, ...], who: str) -> Answer:
        """Change several settings together, or none of them."""
        changed = self.settings
        old = self.steerable()
        for assignment in assignments:
            key, found, text = assignment.partition("=")
            dotted = full_key(key.strip().replace("-", "_"))
            if not found or dotted not in STEERABLE:
                known = ", ".join(one.partition(".")[2] for one in STEERABLE)
                return Answer(
                    done=False, text=f"{assignment} cannot be set while it runs; KEY=VALUE with one of {known}"
                )
            value = text.strip()
            try:
                if dotted == "run.concurrency" and value[:1] in ("+", "-"):
                    value = str(max(1, changed.run.concurrency + int(value)))
                changed = with_value(changed, dotted, value)
                check(changed)
                self._check_room(changed.run.concurrency)
            except (SettingsInvalid, ValueError) as error:
                return Answer(done=False, text=str(error))
        self._apply(changed)
        new = self.steerable()
        moved = [key for key in new if new[key] != old[key]]
        for key in moved:
            self.log(SettingsChanged(self.clock.now_ns(), self._ids, key, old[key], new[key], who))
        return Answer(
            done=True,
            text=", ".join(f"{key} {old[key] or 'none'} to {new[key] or 'none'}" for key in moved) or "no change",
        )

    def _check_room(self, concurrency: int) -> None:
        """Whether the server has connections for so many workers. Raises SettingsInvalid; unknown before a look."""
        sample = self._sample
        if sample is None or concurrency <= self.crew.concurrency:
            return
        taken = sample.connections - sample.ours
        room = sample.max_connections - sample.reserved_connections - taken - SPARE_CONNECTIONS
        if concurrency > room:
            raise SettingsInvalid(
                f"concurrency = {concurrency} wants as many connections, and the server has room for {max(0, room)} "
                f"({sample.max_connections} in all, {taken} taken by others); give {max(1, room)} or less"
            )

    def _apply(self, changed: Settings) -> None:
        before, self.settings = self.settings, changed
        if changed.run.concurrency != before.run.concurrency:
            self.crew.resize(changed.run.concurrency)
        if changed.run.rate != before.run.rate:
            self.crew.change_rate(changed.run.rate)
        if changed.fill != before.fill:
            fill = changed.fill
            capped = self.plan.reconfigure(
                stress_max=fill.stress_max, min_party=fill.min_party, max_party=fill.max_party
            )
            for turn in capped:
                done = self.plan.progress(turn)
                ids = Ids(run=self.facts.run_id, turn=turn)
                self.log(TurnEnded(self.clock.now_ns(), ids, TurnEnd.CAPPED, done.ended, done.filled))
            self.crew.look_again()

    # The loops that run beside the crew

    async def record(self) -> None:
        """Write a keyframe for the screens and the samples taken each second, until cancelled."""
        while True:
            # Packing takes some milliseconds: in a thread, no attempt waits for it.
            await asyncio.to_thread(self.recording.write, await self.snapshot())
            self.samples.flush()
            await self.clock.sleep_until(self.clock.now_ns() + NS)
