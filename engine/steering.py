"""What an operator may do to a run while it goes on, and what it answers."""

from collections.abc import Callable
from typing import NamedTuple, assert_never

from engine.backends import Backends
from engine.clock import Clock
from engine.config import Settings, SettingsInvalid
from engine.fill.attempt import Log
from engine.fill.crew import Crew
from engine.model.command import Answer, Command, Verb
from engine.model.event import SettingsChanged, TurnEnded
from engine.model.ids import Ids
from engine.model.run_state import RunState
from engine.model.sample import Sample
from engine.model.turn import TurnEnd
from engine.plans.fill import FillPlan
from engine.settings_sources import check, full_key, with_value

NS = 1_000_000_000
CANCEL_WITHIN_NS = 3 * NS
"""A second stop within this cancels what is in flight."""
SPARE_CONNECTIONS = 3
"""For the sampler, the truth at the end, and an operator's own look."""
STEERABLE = ("run.concurrency", "run.rate", "fill.stress_max", "fill.min_party", "fill.max_party")
"""What an operator may change while the run goes on."""


class Wheel(NamedTuple):
    """What steering needs of the run besides its crew."""

    clock: Clock
    log: Log
    sample: Callable[[], Sample | None]


class Steering:
    """Carries out commands. The settings it holds are those in force."""

    def __init__(self, settings: Settings, crew: Crew, plan: FillPlan, wheel: Wheel, backends: Backends) -> None:
        self.settings = settings
        self.crew = crew
        self.plan = plan
        self.clock = wheel.clock
        self.log = wheel.log
        self._sample = wheel.sample
        self._backends = backends
        self._stop_asked_ns: int | None = None

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

    async def do(self, command: Command, who: str) -> Answer:
        """Do it, or say why not."""
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
        assert_never(command.verb)

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
            self.log(SettingsChanged(self.clock.now_ns(), Ids(run=self.crew.run_id), key, old[key], new[key], who))
        return Answer(
            done=True,
            text=", ".join(f"{key} {old[key] or 'none'} to {new[key] or 'none'}" for key in moved) or "no change",
        )

    def _check_room(self, concurrency: int) -> None:
        """Whether the server has connections for so many workers. Raises SettingsInvalid; unknown before a look."""
        sample = self._sample()
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
                ids = Ids(run=self.crew.run_id, turn=turn)
                self.log(TurnEnded(self.clock.now_ns(), ids, TurnEnd.CAPPED, done.ended, done.filled))
            self.crew.look_again()
