"""A front door with rules: a run in memory that obeys commands the way an engine does, without clock or database."""

from msgspec.structs import replace

from engine.front import LinkLost
from engine.model.command import Answer, Command, Hello, Verb
from engine.model.detail import Detail
from engine.model.event import Event
from engine.model.run_state import RunState
from engine.model.snapshot import RunSnapshot


class FakeDoor:
    """Each snapshot is the next tick; what takes time in a run takes ticks here."""

    def __init__(self, snapshot: RunSnapshot) -> None:
        self.now = snapshot
        self.commands: list[Command] = []
        self.who: list[str] = []
        self.asked = 0
        self.lost = ""
        self.details: dict[tuple[str, str], Detail] = {}
        self.asked_about: list[tuple[str, str]] = []

    async def hello(self) -> Hello:
        return Hello(1, "0", 1, self.now.run.run_id, "/runs/x")

    async def snapshot(self) -> RunSnapshot:
        if self.lost:
            raise LinkLost(self.lost)
        self.asked += 1
        self._tick()
        return self.now

    async def events(self, since: int) -> tuple[int, tuple[Event, ...]]:
        return since, ()

    async def act(self, command: Command, who: str) -> Answer:
        if self.lost:
            raise LinkLost(self.lost)
        if command.verb is Verb.TRY:
            return self._try(command.arguments)
        self.commands.append(command)
        self.who.append(who)
        return self._obey(command)

    async def detail(self, kind: str, wanted: str) -> Detail:
        if self.lost:
            raise LinkLost(self.lost)
        self.asked_about.append((kind, wanted))
        found = self.details.get((kind, wanted))
        return found or Detail(kind, wanted, self.now.run.elapsed_ns, database_trouble="nothing is known of it")

    async def close(self) -> None:
        """Nothing is open."""

    def change(self, **changes: object) -> None:
        """The run has moved by itself."""
        self.now = replace(self.now, run=replace(self.now.run, **changes))

    def _tick(self) -> None:
        run = self.now.run
        if run.state in (RunState.PAUSING, RunState.DRAINING, RunState.CANCELLING):
            left = max(0, run.in_flight - 4)
            if run.state is RunState.PAUSING:
                state = RunState.PAUSING if left else RunState.PAUSED
            else:
                state = run.state if left else RunState.STOPPED
            run = replace(run, state=state, in_flight=left, exit_code=130 if state is RunState.STOPPED else None)
        if run.state.is_over:
            run = replace(run, workers=0, in_flight=0)
        elif run.workers > run.concurrency:
            run = replace(run, workers=run.workers - 1)
        elif run.workers < run.concurrency:
            run = replace(run, workers=run.concurrency)
        self.now = replace(self.now, tick=self.now.tick + 1, run=run)

    def _obey(self, command: Command) -> Answer:
        run = self.now.run
        match command.verb:
            case Verb.PAUSE:
                self.change(state=RunState.PAUSING)
                return Answer(True, f"PAUSING, {run.in_flight} in flight")
            case Verb.RESUME:
                self.change(state=RunState.RUNNING, in_flight=12)
                return Answer(True, "RUNNING")
            case Verb.STOP:
                again = run.state is RunState.DRAINING
                self.change(state=RunState.CANCELLING if again else RunState.DRAINING)
                return Answer(True, "cancelling" if again else f"draining, {run.in_flight} in flight")
            case Verb.SET:
                told = [self._set(words) for words in command.arguments]
                return Answer(all(one.done for one in told), ", ".join(one.text for one in told))
            case Verb.NEXT_PASS:
                return Answer(False, "this plan has one pass")
            case _:
                return Answer(True, " ".join(command.arguments))

    def _try(self, assignments: tuple[str, ...]) -> Answer:
        """What an engine would say of these values: nothing below 0 does, and every change has its sentence."""
        lines = []
        for key, _, value in (one.partition("=") for one in assignments):
            same = self.now.run.settings.get(key) == value
            lines.append(
                f"!{key} = {value} is no number" if value[:1] == "-" else f"{key}: {'as it is' if same else 'new'}"
            )
        wrong = [line[1:] for line in lines if line.startswith("!")]
        return Answer(not wrong, wrong[0] if wrong else "", tuple(lines))

    def _set(self, words: str) -> Answer:
        run = self.now.run
        key, _, value = words.partition("=")
        if key == "concurrency":
            wanted = run.concurrency + int(value) if value[0] in "+-" else int(value)
            wanted = max(0, min(20, wanted))
            self.change(concurrency=wanted)
            return Answer(True, f"concurrency {run.concurrency} -> {wanted}")
        if key not in run.settings:
            return Answer(False, f"{key} is no setting that may change; there are {', '.join(run.settings)}")
        self.change(settings={**run.settings, key: value})
        return Answer(True, f"{key} {run.settings[key]} -> {value}")
