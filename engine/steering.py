"""What an operator may do to a run while it goes on, and what it answers."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, assert_never

import msgspec

from engine.backends import Backends
from engine.clock import Clock
from engine.config import SPARE_CONNECTIONS, Settings, SettingsInvalid
from engine.database import DatabaseFailed, DatabaseUnreachable
from engine.effects import Moment, effect
from engine.fault_switch import FaultSwitch
from engine.fill.crew import Crew
from engine.fill.desk import Log
from engine.mending import Mending
from engine.model.command import Answer, Command, Verb
from engine.model.event import SettingsChanged, TurnEnded
from engine.model.fault import parse
from engine.model.ids import Ids
from engine.model.run_state import RunState
from engine.model.sample import Sample
from engine.model.turn import TurnEnd
from engine.settings_check import check
from engine.settings_shown import flat
from engine.settings_sources import full_key, with_value

NS = 1_000_000_000
CANCEL_WITHIN_NS = 3 * NS
"""A second stop by the same person within this cancels what is in flight."""
STEERABLE = ("run.concurrency", "run.rate", "run.retries")
"""What an operator may change while any run goes on."""
STEERABLE_IN = {
    "fill": ("fill.stress_max", "fill.min_party", "fill.max_party"),
    "assign": ("assign.sweep_holds", "assign.clear_zone_locks"),
}
"""And what only a run of that plan has."""

MAY_BE_EMPTY = ("run.rate", "run.faults")
"""No schedule, no faults; anything else has a value."""


class Wheel(NamedTuple):
    """What steering needs of the run besides its crew."""

    clock: Clock
    log: Log
    sample: Callable[[], Sample | None]
    plan: str
    """The plan's word."""
    faults: FaultSwitch | None
    """None where no fault may be switched on: everywhere but in the embedded platform."""
    mending: Mending | None = None
    """None where there is no database to repair."""


class Steering:
    """Carries out commands. The settings it holds are those in force."""

    def __init__(self, settings: Settings, crew: Crew, wheel: Wheel, backends: Backends) -> None:
        self.settings = settings
        self.crew = crew
        self.faults = wheel.faults
        self.keys = (*STEERABLE, *STEERABLE_IN.get(wheel.plan, ()), *(("run.faults",) if wheel.faults else ()))
        """Dotted keys of what may be changed while this run goes on."""
        self.clock = wheel.clock
        self.log = wheel.log
        self._sample = wheel.sample
        self._backends = backends
        self._mending = wheel.mending
        self._mends = False
        """A repair is under way: nothing resumes before its end."""
        self._stopped_by = ""
        self._stops: dict[str, int] = {}
        """Who has said stop of late, and when."""
        self._switches = asyncio.Lock()
        """Held while faults are switched, which takes seconds where fills are slow: one change of them at a time."""

    def resize(self, concurrency: int) -> None:
        """So many workers from the next round of a sweep on."""
        run = msgspec.structs.replace(self.settings.run, concurrency=concurrency)
        self.settings = msgspec.structs.replace(self.settings, run=run)
        self.crew.concurrency = concurrency

    def steerable(self) -> dict[str, str]:
        """What may be changed now, by its short key, with its present value."""
        texts = flat(self.settings)
        rate = self.crew.pace.rate
        texts["run.concurrency"] = str(self.crew.concurrency)
        texts["run.rate"] = "" if rate is None else f"{rate:g}"
        if self.faults is not None:
            texts["run.faults"] = ",".join(self.faults.there)
        return {key.partition(".")[2]: texts[key] for key in self.keys}

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
                if self._mends:
                    return Answer(done=False, text="a repair is under way: resume when it has ended")
                done = self.crew.resume()
                return Answer(done, "running" if done else f"it is {self.crew.state.value}, not paused")
            case Verb.STOP:
                return self._stop(who)
            case Verb.SET:
                if not any(map(_is_fault, command.arguments)):
                    return await self._set(command.arguments, who)
                async with self._switches:
                    return await self._set(command.arguments, who)
            case Verb.TRY:
                return self._try(command.arguments)
            case Verb.MARK:
                return Answer(done=True, text=f"mark {' '.join(command.arguments)}".rstrip())
            case Verb.ACKNOWLEDGE:
                return Answer(done=False, text="alerts are acknowledged at the run itself")  # `Run.act` has done it
            case Verb.NOTE:
                return Answer(done=True, text=" ".join(command.arguments))
            case Verb.NEXT_PASS:
                return self._next_pass()
            case Verb.REPAIR:
                return await self._repair(command.arguments, who)
            case Verb.CANCEL_BACKEND:
                return await self._backends.cancel(command.arguments)
            case Verb.TERMINATE_BACKEND:
                return await self._backends.terminate(command.arguments)
        assert_never(command.verb)

    async def _repair(self, arguments: tuple[str, ...], who: str) -> Answer:
        """Repair the run's database while nobody works in it, nor reads back what was booked: in a pause."""
        if self._mending is None:
            return Answer(done=False, text="this target has no database to repair")
        crew = self.crew
        if crew.in_flight or crew.state is not RunState.PAUSED:
            return Answer(
                done=False,
                text=f"{crew.in_flight} attempts are in flight and it is {crew.state.value}: pause first (P)",
            )
        if crew.reads_back:
            # A reading counts what is pending against what persisted: what a repair moves meanwhile looks lost.
            text = f"what was booked is being read back: repair once it has been, while it is {crew.state.value}"
            return Answer(done=False, text=text)
        if self._mends:
            return Answer(done=False, text="another repair is under way")
        self._mends = True
        try:
            return await self._mending.do(arguments, who)
        finally:
            self._mends = False

    def _next_pass(self) -> Answer:
        skipped = self.crew.plan.end_pass()
        if not skipped:
            return Answer(done=False, text="there is nothing to skip: the pass is over, or this plan has only one")
        # Before it is written: a journal that takes no more must not leave anybody asleep.
        self.crew.nudge()
        for turn in skipped:
            ids = Ids(run=self.crew.run_id, leg=self.crew.leg, turn=turn)
            self.log(TurnEnded(self.clock.now_ns(), ids, TurnEnd.SKIPPED, 0, 0))
        return Answer(done=True, text=f"the pass ends: {len(skipped)} skipped, {self.crew.in_flight} in flight")

    def _stop(self, who: str) -> Answer:
        now_ns = self.clock.now_ns()
        # Two people who say the same word at the same time both mean a stop; only who says it twice means more.
        again = now_ns - self._stops.get(who, now_ns - CANCEL_WITHIN_NS - 1) <= CANCEL_WITHIN_NS
        self._stops = {name: at for name, at in self._stops.items() if now_ns - at <= CANCEL_WITHIN_NS} | {who: now_ns}
        if self.crew.stop():
            self._stopped_by = who
            return Answer(done=True, text=f"draining: {self.crew.in_flight} in flight; again within 3 s cancels them")
        if self.crew.state is RunState.CANCELLING:
            return Answer(done=False, text="it is cancelling already")
        if again:
            in_flight = self.crew.in_flight
            self.crew.cancel()
            return Answer(done=True, text=f"cancelling {in_flight} in flight")
        first = f"; {self._stopped_by} has asked first" if self._stopped_by not in ("", who) else ""
        return Answer(
            done=False,
            text=f"it drains already: {self.crew.in_flight} in flight; again within 3 s cancels them{first}",
        )

    async def _set(self, assignments: tuple[str, ...], who: str) -> Answer:
        """Change several settings together, or none of them."""
        changed = self.settings
        old = self.steerable()
        try:
            for assignment in assignments:
                changed = self._with(changed, assignment)
            self._check(changed)
        except SettingsInvalid as error:
            return Answer(done=False, text=str(error))
        try:
            if self.faults is not None and changed.run.faults != self.settings.run.faults:
                # Faults first: they alone can be refused, and then nothing has changed.
                begun = self.settings
                await self.faults.turn(changed.run.faults)
                if self.settings is not begun:
                    # Somebody else set something meanwhile, or the next round of a sweep began: that stays.
                    changed = self._again(assignments, changed.run.faults)
                    old = {**self.steerable(), "faults": old["faults"]}
            self._apply(changed)
        except (ValueError, DatabaseFailed, DatabaseUnreachable) as error:
            return Answer(done=False, text=str(error))
        new = self.steerable()
        moved = [key for key in new if new[key] != old[key]]
        for key in moved:
            self.log(SettingsChanged(self.clock.now_ns(), Ids(run=self.crew.run_id), key, old[key], new[key], who))
        return Answer(
            done=True,
            text=", ".join(f"{key} {old[key] or 'none'} to {new[key] or 'none'}" for key in moved) or "no change",
        )

    def _again(self, assignments: tuple[str, ...], faults: tuple[str, ...]) -> Settings:
        """The settings in force now, with these faults, which are on, and what else was assigned, if it still goes."""
        changed = there = msgspec.structs.replace(
            self.settings, run=msgspec.structs.replace(self.settings.run, faults=faults)
        )
        try:
            for assignment in assignments:
                changed = changed if _is_fault(assignment) else self._with(changed, assignment)
            self._check(changed)
        except SettingsInvalid:
            return there
        return changed

    def _with(self, settings: Settings, assignment: str) -> Settings:
        """The settings with that assignment, whether or not they go together. Raises SettingsInvalid."""
        key, found, text = assignment.partition("=")
        if found and key.startswith("fault."):
            return self._with_fault(settings, key.removeprefix("fault."), text.strip())
        dotted = full_key(key.strip().replace("-", "_"))
        if not found or dotted not in self.keys:
            known = ", ".join(one.partition(".")[2] for one in self.keys)
            raise SettingsInvalid(f"{assignment} cannot be set while it runs; KEY=VALUE with one of {known}")
        value = text.strip()
        if dotted == "run.concurrency" and value[:1] in ("+", "-") and value[1:].isdecimal() and len(value) < 9:
            value = str(max(1, settings.run.concurrency + int(value)))
        if not value and dotted not in MAY_BE_EMPTY:
            # Read as in a file it would mean the default, which nobody asked for here.
            raise SettingsInvalid(f"{key.strip()} = nothing is no value; it is {flat(settings)[dotted]}")
        return with_value(settings, dotted, value)

    def _check(self, changed: Settings) -> None:
        """Whether this run could go on with these settings. Raises SettingsInvalid."""
        check(changed)
        self._check_room(changed.run.concurrency)
        if changed.run.faults == self.settings.run.faults:
            return
        if self.faults is None:
            raise SettingsInvalid("faults are switched on in the embedded platform only; this run has another target")
        try:
            for fault in changed.run.faults:
                parse(fault)
        except ValueError as error:
            raise SettingsInvalid(str(error)) from error

    def _why_not(self, *assignments: str) -> str:
        """Why these cannot be set together; empty when they can."""
        changed = self.settings
        try:
            for assignment in assignments:
                changed = self._with(changed, assignment)
            self._check(changed)
        except SettingsInvalid as error:
            return str(error)
        return ""

    def _try(self, assignments: tuple[str, ...]) -> Answer:
        """What each value would do, and whether all of them together could be set; nothing is changed."""
        trouble = self._why_not(*assignments)
        alone = [self._why_not(assignment) for assignment in assignments] if trouble else [""] * len(assignments)
        changed = self.settings
        for assignment, wrong in zip(assignments, alone, strict=True):
            changed = changed if wrong else self._with(changed, assignment)
        moment = self._moment()
        lines = []
        for assignment, wrong in zip(assignments, alone, strict=True):
            key = full_key(assignment.partition("=")[0].strip().replace("-", "_"))
            told = effect("run.faults" if key.startswith("fault.") else key, self.settings, changed, moment)
            lines.append(f"!{wrong}" if wrong else told)
        return Answer(not trouble, trouble, tuple(lines))

    def _moment(self) -> Moment:
        """What decides what a change does."""
        plan = self.crew.plan
        open_turns = [told for turn in plan.turns if (told := plan.progress(turn.id)).end is None]
        return Moment(
            workers=sum(row.worker < self.crew.concurrency for row in self.crew.rows.values()),
            untouched=sum(not told.begun and not told.workers for told in open_turns),
            had=tuple(told.begun for told in open_turns if told.begun),
        )

    def _check_room(self, concurrency: int) -> None:
        """Whether the server has connections for so many workers. Raises SettingsInvalid; unknown before a look."""
        if concurrency <= self.crew.concurrency:
            return
        limits = self.crew.limits
        if limits is not None and limits.budget.workers(concurrency) < concurrency:
            raise SettingsInvalid(limits.budget.lowered(concurrency))
        sample = self._sample()
        if sample is None:
            return
        taken = sample.connections - sample.ours
        room = sample.max_connections - sample.reserved_connections - taken - SPARE_CONNECTIONS
        if concurrency > room:
            raise SettingsInvalid(
                f"concurrency = {concurrency} wants as many connections, and the server has room for {max(0, room)} "
                f"({sample.max_connections} in all, {taken} taken by others); give {max(1, room)} or less"
            )

    def _with_fault(self, settings: Settings, name: str, word: str) -> Settings:
        """The settings with that fault on, off, or on with a value."""
        others = tuple(one for one in settings.run.faults if one.partition("=")[0] != name)
        wanted = () if word == "off" else (name if word in ("", "on") else f"{name}={word}",)
        return msgspec.structs.replace(settings, run=msgspec.structs.replace(settings.run, faults=(*others, *wanted)))

    def _apply(self, changed: Settings) -> None:
        """Let the run follow; its faults do already."""
        before, self.settings = self.settings, changed
        if changed.run.concurrency != before.run.concurrency:
            self.crew.resize(changed.run.concurrency)
        if changed.run.rate != before.run.rate:
            self.crew.change_rate(changed.run.rate)
        if changed.fill != before.fill:
            fill = changed.fill
            capped = self.crew.plan.cap(stress_max=fill.stress_max, min_party=fill.min_party, max_party=fill.max_party)
            # Before it is written, as when a pass is ended.
            self.crew.nudge()
            for turn in capped:
                done = self.crew.plan.progress(turn)
                ids = Ids(run=self.crew.run_id, leg=self.crew.leg, turn=turn)
                self.log(TurnEnded(self.clock.now_ns(), ids, TurnEnd.CAPPED, done.ended, done.filled))


def _is_fault(assignment: str) -> bool:
    """Whether it is about faults: one of them, or all that are to be on."""
    key = assignment.partition("=")[0].strip().replace("-", "_")
    return key.startswith("fault.") or full_key(key) == "run.faults"
