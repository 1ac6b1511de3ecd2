"""The travelling half of the console: step, jump, go, zoom, alerts, another run behind this one, a replay's speed."""

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.metrics.series import LONGEST, SECOND_NS
from engine.model.command import Verb
from engine.model.snapshot import EventLine
from engine.records.archive import find
from engine.records.past import Past
from engine.records.trouble import RecordsDamaged, RecordsFailed, RunNotFound
from tui.behind import read_behind
from tui.format import elapsed, length_ns, moment
from tui.lines import Ink
from tui.screens.menu import MenuScreen
from tui.speed import LEAST, MOST, read_speed
from tui.standing import StandingConsole
from tui.timeline import Alert, MomentInvalid, belongs, following, preceding, read_moment, words_of

_HELD_NS = 400_000_000
"""Presses no further apart than this are one key held down."""
_STRIDES = ((40, 60), (20, 15), (8, 5), (0, 1))
"""Seconds a step takes after so many presses of a held key."""


class TravellingConsole(StandingConsole):
    """What its keys do. None of it is the run's business."""

    jump_class = "alert"
    """What { and } go by."""
    jump_words = ""
    """And what must stand in the event's line, by whom or about what; empty for any."""
    _presses = 0
    _pressed_ns = -_HELD_NS

    async def time_bar(self) -> None:
        """Open or close the time bar."""
        self.bar_open = not self.bar_open
        if self.bar_open and await self.open_past(quiet=True) is not None:
            await self.read_diary()
        self.tell_time()

    async def step(self, direction: int) -> None:
        """A picture on or back, more when the key is held."""
        past = await self.open_past()
        if past is None:
            return
        now = self.clock.now_ns()
        self._presses = self._presses + 1 if now - self._pressed_ns <= _HELD_NS else 0
        self._pressed_ns = now
        seconds = next(seconds for presses, seconds in _STRIDES if self._presses >= presses)
        if self.here_ns is None and direction > 0:
            self.say("this is the present; [ steps back")
            return
        here = past.ends_ns + 1 if self.here_ns is None else self.here_ns
        self._hold()
        await self.go_to(past.stepped(here, direction * seconds * SECOND_NS))

    def _hold(self) -> None:
        if self.player is not None:
            self.player.hold(True)

    async def jump(self, direction: int) -> None:
        """To the next or the previous event of the class in hand."""
        past = await self.open_past()
        if past is None:
            return
        await self.read_diary()
        here = self.ends_ns + 1 if self.here_ns is None else past.before(self.here_ns)
        if direction > 0:
            found = following(self.jumpable(), self.jump_class, here)
        else:
            # What happened since the picture before is to be seen on this one.
            found = preceding(self.jumpable(), self.jump_class, past.stepped(here, -1) if here > past.begins_ns else -1)
        if found is None:
            where = f"{'after' if direction > 0 else 'before'} {elapsed(min(here, self.ends_ns))}"
            self.say(f"no {self.jump_class} {self.jump_words}".rstrip() + f" {where}; :jump CLASS takes another")
            return
        self._hold()
        await self.go_to(past.after(found.at_ns), _words(found), Ink.ACCENT)

    def jumpable(self) -> list[EventLine]:
        """Events that { and } may go to."""
        wanted = self.jump_words.casefold()
        return [line for line in self.noted() if not wanted or wanted in f"{line.who} {line.text}".casefold()]

    async def choose_jump(self, words: str) -> None:
        """The class that { and } go by, with words its line must have where some are given; and there at once."""
        known = words_of(self.noted())
        if not words:
            menu = MenuScreen("jump to", list(known), self.jump_class, ascii_only=self.ascii_only)
            self.push_screen(menu, self._jump_chosen)
            return
        await self._jump_chosen(words)

    async def _jump_chosen(self, chosen: str | None) -> None:
        if not chosen:
            return
        await self.read_diary()
        chosen, self.jump_words = _parted(chosen, words_of(self.noted()))
        if not any(belongs(line, chosen) for line in self.noted()) and chosen not in words_of(self.noted()):
            known = ", ".join(words_of(self.noted()))
            self.say(f"jump: nothing of class {chosen} has happened; there are {known}", Ink.CONTENTION)
            return
        self.jump_class = chosen
        here = self.here_ns
        # From where we stand on; what lies only before it is meant as well.
        ahead = here is not None and following(self.jumpable(), chosen, here) is not None
        await self.jump(1 if ahead else -1)

    async def go(self, words: str) -> None:
        """To a moment as it was typed."""
        if not words:
            self.main.ask(":", "go ")
            return
        if self.last is None:
            return
        here = self.ends_ns if self.here_ns is None else self.here_ns
        try:
            at_ns = read_moment(words, here, self.ends_ns, self.last.run.started_at)
        except MomentInvalid as invalid:
            self.say(f"go: {invalid}", Ink.CONTENTION)
            return
        past = None if at_ns is None else await self.open_past()
        await self.go_to(at_ns if at_ns is None or past is None else past.nearest(at_ns))

    async def end_key(self) -> None:
        """Back to the present; where we are there already, the last row."""
        if self.here_ns is None:
            self.main.move(1_000_000)
        else:
            await self.go_to(None)

    async def next_alert(self) -> None:
        """The alert after what is on the screen; from the present, the first that is not acknowledged."""
        past = await self.open_past()
        if past is None:
            return
        await self.read_diary()
        alerts = self.all_alerts()
        fresh = self.fresh(alerts)
        here = self.here_ns
        coming = fresh if here is None else [one for one in fresh if one.at_ns > past.before(here)]
        if not coming:
            known = f"{len(alerts)} acknowledged" if alerts and not fresh else f"{len(alerts)} before it"
            self.say("no alert so far" if not alerts else f"no further alert, {known}")
            return
        await self._to_alert(past, coming[0], alerts)

    async def previous_alert(self) -> None:
        """The alert before what is on the screen, acknowledged or not; from the present, the last one."""
        past = await self.open_past()
        if past is None:
            return
        await self.read_diary()
        alerts = self.all_alerts()
        here = self.here_ns
        gone = [one for one in alerts if here is None or past.after(one.at_ns) < here]
        if not gone:
            self.say(f"no alert before {elapsed(here or 0)}" if alerts else "no alert so far")
            return
        await self._to_alert(past, gone[-1], alerts)

    async def _to_alert(self, past: Past, one: Alert, alerts: Sequence[Alert]) -> None:
        self._hold()
        times = f", {one.count} times until {moment(one.until_ns)}" if one.count > 1 else ""
        # What rules raised is of the word alert, which stands before it already.
        what = f"{one.word}{times}: {one.text}" if one.word != "alert" else f"{one.text}{times}"
        words = f"alert {alerts.index(one) + 1} of {len(alerts)}: {moment(one.at_ns)} {what}"
        await self.go_to(past.after(one.at_ns), words, Ink.FAULT)

    async def acknowledge(self) -> None:
        """Count the alerts there are no more; what comes after them counts anew. What rules raised, the run is told."""
        fresh = self.fresh()
        told = self.player is None and not self.watch_only and self.last is not None
        of_run = told and self.last is not None and self.last.alerts.unacknowledged > 0
        if not fresh and not of_run:
            self.say("no alert to acknowledge")
            return
        self.acknowledged_ns = max((one.until_ns for one in fresh), default=self.acknowledged_ns)
        answer = await self.order(Verb.ACKNOWLEDGE) if of_run else None
        where = f"for everybody, by {self.who}" if answer is not None and answer.done else "on this console"
        self.say(f"{len(fresh)} alert{'s' * (len(fresh) != 1)} acknowledged, {where}")
        self.tell_time()

    async def zoom(self, words: str) -> None:
        """Another stretch of time in the charts."""
        length = length_ns(words)
        if words in ("", "off", "auto"):
            seconds = None
        elif words == "all":
            seconds = 0
        elif length is not None and length >= SECOND_NS:
            seconds = length // SECOND_NS
        else:
            self.say(f"zoom: {words} is no stretch of time: write 10s, 1m, 2h, all or auto", Ink.CONTENTION)
            return
        self.main.view = msgspec.structs.replace(self.main.view, seconds=seconds)
        said = {None: "charts show a column a second", 0: "charts show the whole run"}
        self.say(said.get(seconds, f"charts show the last {words}"))
        if (seconds == 0 or (seconds or 0) > LONGEST) and self.player is None:
            await self.open_past(quiet=True)
        shown = self.main.snapshot
        if shown is not None:
            self.draw(shown)

    async def lay_behind_at_first(self) -> None:
        """What was asked for when the console was opened."""
        if self.behind_wanted:
            await self.lay_behind(self.behind_wanted)

    async def lay_behind(self, words: str) -> None:
        """Lay another run's recording behind this one; `off` takes it away."""
        if not words:
            self.main.ask(":", "behind ")
            return
        behind = None
        if words != "off":
            try:
                folder, name = await asyncio.to_thread(self._run_called, words, await self.folder())
                behind = await asyncio.to_thread(read_behind, folder, name)
            except (RunNotFound, RecordsFailed, RecordsDamaged) as error:
                self.say(f"behind: {error}", Ink.CONTENTION)
                return
        self.main.view = msgspec.structs.replace(self.main.view, behind=behind)
        self.main.show(self.main.snapshot)
        self.say(f"{behind.name} lies behind, {elapsed(behind.length_ns)} long" if behind else "nothing lies behind")

    @staticmethod
    def _run_called(words: str, here: Path | None) -> tuple[Path, str]:
        # The home of nobody, and what is longer than any path, are no folders.
        with contextlib.suppress(OSError, RuntimeError):
            given = Path(words).expanduser()
            if "/" in words and given.is_dir():
                return given, given.name
        if here is None:
            raise RunNotFound("the engine has not said where runs are kept")
        entry = find(here.parent, words)
        name = entry.manifest.name if entry.manifest else ""
        return entry.path, f"{entry.run_id} {name}".strip()

    def set_speed(self, words: str) -> None:
        """Seconds of the run in one of ours; of a replay."""
        speed = read_speed(words)
        if self.player is None:
            self.say("speed: this run is live; slotfill replay plays a recording at any speed", Ink.CONTENTION)
        elif speed is None:
            self.say(f"speed: {words or 'nothing'} is no number from {LEAST:g} to {MOST:g}", Ink.CONTENTION)
        else:
            self.player.set_speed(speed)
            self.player.hold(False)
            self.say(f"the replay goes on at {speed:g} times the run's speed")
            self.tell_time()

    def freeze(self) -> None:
        """A replay is held, or goes on; a live view is frozen."""
        if self.player is None:
            super().freeze()
            return
        self.player.hold(not self.player.held)
        self.say("held; space goes on" if self.player.held else "")
        self.tell_time()

    def left_words(self) -> str:
        """What is said of a replay on leaving it."""
        run = self.last.run.run_id if self.last is not None else ""
        return f"replay of run {run} left at {elapsed(self.here_ns or 0)} of {elapsed(self.ends_ns)}"


def _parted(typed: str, classes: Sequence[str]) -> tuple[str, str]:
    """The class that was typed, and the words behind it; classes have blanks in their names."""
    plain = typed.strip().replace("_", " ")
    known = [name for name in classes if plain == name or plain.startswith(f"{name} ")]
    name = max(known, key=len, default=typed.strip())
    return name, plain.removeprefix(name).strip() if known else ""


def _words(line: EventLine) -> str:
    return f"{line.word} at {moment(line.at_ns)}: {f'{line.who} ' if line.who else ''}{line.text}"
