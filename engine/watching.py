"""A watch: the front door of a database without a run. It looks, tells what changed, and records it."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from pathlib import Path

from engine import __version__
from engine.backends import Backends
from engine.clock import RunningClock
from engine.details import Details, Source
from engine.exit_code import ExitCode
from engine.link_protocol import PROTOCOL
from engine.lookout import Lookout
from engine.metrics.tally import Tally
from engine.model.attached import Attached
from engine.model.command import Answer, Command, Hello, Verb
from engine.model.detail import Detail
from engine.model.event import Acted, DatabaseSampled, Event, Noticed, RunMoved
from engine.model.ids import SCHEMA_VERSION, Ids, RunId
from engine.model.run_state import RunState
from engine.model.sample import Sample
from engine.model.snapshot import RunSnapshot
from engine.observe.changes import Change, Changes
from engine.observe.lag import LoopLag
from engine.observe.looking import Refusals
from engine.observe.sampler import Sampler
from engine.observe.watched_waits import WatchedWaits
from engine.records.archive import RESULT, Manifest
from engine.records.journal import Journal
from engine.records.recording import Recording
from engine.records.result import Ending, build_result
from engine.records.trouble import RecordsFailed
from engine.records.writer import write_json
from engine.redact import mask, mask_event
from engine.spec import Spec
from engine.watch_portrait import Gauges, Watched, watch_portrait

NS = 1_000_000_000
TICK_NS = NS // 10
FIRST_NS = 20 * NS
"""So long a watch waits for its first console."""
GRACE_NS = NS
"""And so long for another one, once the last has gone: a console that lost its link comes back at once."""
_EVENTS_KEPT = 5_000
_ALLOWED = (Verb.NOTE, Verb.MARK, Verb.STOP, Verb.CANCEL_BACKEND, Verb.TERMINATE_BACKEND)
"""Whatever an operator may be able to tell a run one day: a watch takes these and no other."""


class Watch:
    """The present of a database that nobody of ours works in."""

    def __init__(self, post: Lookout, spec: Spec, manifest: Manifest, folder: Path) -> None:
        """Raises RecordsFailed."""
        self.manifest = manifest
        self.folder = folder
        self.socket = Path(manifest.socket)
        self.clock = RunningClock()
        self.consoles: Callable[[], int] = lambda: 0
        self.attached: Callable[[], tuple[Attached, ...]] = tuple
        self.journal = Journal(folder, manifest.run_id, self.clock, fsync=spec.settings.records.journal_fsync)
        self.recording = Recording(folder, manifest.run_id)
        self._post = post
        self._observe = spec.settings.observe
        self._ids = Ids(run=RunId(manifest.run_id))
        self._tally = Tally()
        self._lag = LoopLag(self.clock)
        self._changes = Changes()
        self._waits = WatchedWaits()
        self._backends = Backends(post.connect)
        self._refusals = Refusals(self.clock)
        self._events: deque[Event] = deque(maxlen=_EVENTS_KEPT)
        self._event_count = 0
        self._sample: Sample | None = None
        self._trouble = ""
        self._state = RunState.WATCHING
        self._reason = ""
        self._exit_code: int | None = None
        self._over = asyncio.Event()
        self._tick = 0
        self._snapshot: RunSnapshot | None = None
        self._details = Details(
            Source(
                run=manifest.run_id,
                folder=folder,
                clock=self.clock,
                connect=post.connect,
                floors=dict,
                recent=lambda: self._events,
                refusals=self._refusals,
            )
        )

    # The face

    async def hello(self) -> Hello:
        """Who is there."""
        return Hello(PROTOCOL, __version__, SCHEMA_VERSION, self.manifest.run_id, str(self.folder))

    async def snapshot(self) -> RunSnapshot:
        """The database now; at most a tenth of a second old."""
        seen, now_ns = self._snapshot, self.clock.now_ns()
        if seen is None or (self._exit_code is None and now_ns - seen.run.elapsed_ns >= TICK_NS):
            self._snapshot = seen = self._portrait(now_ns)
        return seen

    async def events(self, since: int) -> tuple[int, tuple[Event, ...]]:
        """Events from number `since` on, as far as they are kept, and the number to ask with next."""
        oldest = self._event_count - len(self._events)
        return self._event_count, tuple(self._events)[max(0, since - oldest) :]

    async def act(self, command: Command, who: str) -> Answer:
        """Say why not; but for what touches nothing, and for signals to a backend where the guards let a run act."""
        answer = await self._do(command)
        answer = Answer(answer.done, mask(answer.text), tuple(map(mask, answer.lines)))
        self._log(
            Acted(self.clock.now_ns(), self._ids, " ".join((command.verb.value, *command.arguments)), who, answer.text)
        )
        return answer

    async def detail(self, kind: str, wanted: str) -> Detail:
        """One thing closely, from the database."""
        return await self._details.detail(kind, wanted)

    async def close(self) -> None:
        """Nothing to leave: the watch itself stays."""

    def noted(self, words: str, who: str) -> None:
        """A console came or left."""
        if self._exit_code is None:
            with contextlib.suppress(RecordsFailed):
                self._log(Acted(self.clock.now_ns(), self._ids, f"{Verb.NOTE} {words}", who, "noted"))

    # The watch

    async def work(self) -> int:
        """Look on until the last console has gone or somebody says stop; the exit code."""
        try:
            await self._look_on()
            return await self._conclude()
        except* RecordsFailed as failed:
            error: BaseException = failed
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            self._state, self._reason, self._exit_code = RunState.CRASHED, str(error), int(ExitCode.RECORDS)
            self._snapshot = self._portrait(self.clock.now_ns())
        return int(ExitCode.RECORDS)

    async def _look_on(self) -> None:
        self._log(RunMoved(self.clock.now_ns(), self._ids, RunState.WATCHING))
        # Shown before the first look has an answer: a slow server must not leave a console without a word.
        self._log(Noticed(self.clock.now_ns(), self._ids, "server", f"watching database {self._post.place}"))
        sampler = Sampler(
            lambda: self._post.connect(f"slotfill {self.manifest.run_id} watch"),
            self.clock,
            lambda pid: None,
            self._observe.interval_s,
            self._observe.timeout_s,
            mask,
        )
        sampler.stranger, sampler.refusals = named, self._refusals
        async with asyncio.TaskGroup() as beside:
            tasks = [
                beside.create_task(sampler.run(self._looked, self._look_failed), name="sampler"),
                beside.create_task(self._lag.run(), name="loop lag"),
                beside.create_task(self.journal.keep_synced(), name="journal"),
                beside.create_task(self._record(), name="recording"),
                beside.create_task(self._end_with_the_last(), name="consoles"),
            ]
            await self._over.wait()
            for task in tasks:
                task.cancel()

    def end(self, reason: str = "") -> None:
        """Let it be over."""
        self._reason = self._reason or reason
        self._over.set()

    def _looked(self, sample: Sample) -> None:
        self._sample, self._trouble = sample, ""
        self._waits.take(sample)
        self._tell(self._changes.take(sample))
        self._remember(DatabaseSampled(self.clock.now_ns(), self._ids, sample.took_ns))

    def _look_failed(self, text: str) -> None:
        self._trouble = text
        self._tell(self._changes.fail(self.clock.now_ns(), text))
        self._remember(DatabaseSampled(self.clock.now_ns(), self._ids, 0, text))

    def _tell(self, changes: list[Change]) -> None:
        for one in changes:
            self._log(Noticed(self.clock.now_ns(), self._ids, one.word, one.text, one.kind))

    async def _record(self) -> None:
        while True:
            await asyncio.to_thread(self.recording.write, await self.snapshot())
            await self.clock.sleep_until(self.clock.now_ns() + NS)

    async def _end_with_the_last(self) -> None:
        """Nobody is left who looks: nothing is left to look for."""
        until_ns = self.clock.now_ns() + FIRST_NS
        while True:
            now_ns = self.clock.now_ns()
            if self.consoles():
                until_ns = now_ns + GRACE_NS
            elif now_ns >= until_ns:
                self.end("its last console has left")
                return
            await self.clock.sleep_until(now_ns + TICK_NS)

    async def _conclude(self) -> int:
        now_ns = self.clock.now_ns()
        self._state = RunState.FINISHED
        self._log(RunMoved(now_ns, self._ids, self._state, self._reason))
        ending = Ending(
            state=self._state,
            reason=self._reason,
            ended_at=self.clock.wall().isoformat(timespec="seconds"),
            ended_ns=now_ns,
            exit_code=int(ExitCode.PASSED),
        )
        await self.journal.sync()
        # As a run's, so that whatever lists runs can read it; there is nothing in it to judge or to report.
        write_json(self.folder / RESULT, build_result(self.manifest, ending, self._tally, {}))
        self._exit_code = int(ExitCode.PASSED)
        self._snapshot = self._portrait(now_ns)
        self.recording.write(self._snapshot)
        return int(ExitCode.PASSED)

    def _log(self, event: Event) -> None:
        """Take an event, masked, the journal first. Raises RecordsFailed."""
        event = mask_event(event)
        self.journal.write(event)
        self._tally.apply(event)
        self._remember(event)

    def _remember(self, event: Event) -> None:
        self._events.append(event)
        self._event_count += 1

    # Acts

    async def _do(self, command: Command) -> Answer:
        verb = command.verb
        words = verb.value.replace("_", " ")
        if verb not in _ALLOWED:
            return Answer(False, f"this is a watch and no run: nothing is changed in {self._post.database}")
        if verb is Verb.STOP:
            self.end("stopped by the operator")
            return Answer(True, "the watch ends")
        if verb in (Verb.NOTE, Verb.MARK):
            return Answer(True, " ".join((words, *command.arguments)))
        refusal = await self._post.refusal()
        if refusal:
            return Answer(False, f"only looked at: {refusal}")
        if verb is Verb.CANCEL_BACKEND:
            return await self._backends.cancel(command.arguments)
        return await self._backends.terminate(command.arguments)

    def _portrait(self, now_ns: int) -> RunSnapshot:
        self._tick += 1
        return watch_portrait(
            Watched(
                self._ids.run,
                self.manifest.name,
                self.manifest.started_at,
                self._post.target,
                self._post.database,
                self._post.place,
            ),
            Gauges(
                tick=self._tick,
                now_ns=now_ns,
                state=self._state,
                reason=self._reason,
                exit_code=self._exit_code,
                consoles=self.consoles(),
                attached=self.attached(),
                journal_bytes=self.journal.bytes_written,
                lag_p99_ns=self._lag.p99_ns(),
                lag_max_ns=self._lag.max_ns(),
            ),
            (self._sample, self._trouble),
            self._waits.told(),
            self._tally,
        )


def named(application: str) -> str:
    """Who a backend is by the name its client gave it; our own runs' by worker and run: `w03 1a2b3c4d`."""
    words = mask(application).split()
    if len(words) == 3 and words[0] == "slotfill":
        return f"{words[2]} {words[1]}"
    return " ".join(words) or "unnamed"
