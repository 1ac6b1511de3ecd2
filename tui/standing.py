"""Where in the run's time the console stands: at the present, at a moment of the past, or at a replay's playhead."""

import asyncio
from pathlib import Path

from engine.front import LinkLost
from engine.metrics.series import LONGEST, SECOND_NS
from engine.model.snapshot import EventLine, RunSnapshot
from engine.records.diary import Diary
from engine.records.past import Past
from engine.records.trouble import RecordsDamaged
from tui.acts import ActingConsole
from tui.format import elapsed
from tui.lines import Ink
from tui.past import REFUSED, ReplayDoor
from tui.status import state_words
from tui.timeline import Alert, Mark, Timeline, alerts_of, marks_of
from tui.watching import refused

_FOLLOW_S = 2.0
"""Between two looks into the run's files; nothing on the screen waits for them."""
# Acts that mean a row on the screen: that row may be long gone.
_ROW_ACTS = ("cancel", "terminate")


class StandingConsole(ActingConsole):
    """Where in the run's time the screen stands. None of it is the run's business."""

    looking_ns: int | None = None
    """The moment on the screen of a live run; None for the present. A replay's is its playhead."""
    past: Past | None = None
    diary: Diary | None = None
    bar_open = False
    opening_words = ""
    """What there is to say when the console opens."""
    behind_wanted = ""
    """A run to lay behind this one from the start."""
    _folder: Path | None = None
    acknowledged_ns = -1
    _alerts: tuple[int, tuple[Alert, ...]] = (-1, ())
    _marked: tuple[int, tuple[Mark, ...]] = (-1, ())

    @property
    def player(self) -> ReplayDoor | None:
        """The door, where it is a replay's."""
        return self.door if isinstance(self.door, ReplayDoor) else None

    def refusal_of(self, name: str) -> str:
        """Why a command that acts is not to be done where we stand; empty when it may."""
        if self.player is not None:
            return f"{name}: {REFUSED}"
        if words := refused(self.last.run if self.last is not None else None, name):
            return words
        run = self.last.run if self.last is not None else None
        if run is not None and run.state.is_over and name != "quit!":
            # Its engine takes no more acts, and is gone soon.
            return f"{name}: the run is over: {state_words(run)}"
        if self.looking_ns is not None and name in _ROW_ACTS:
            return f"{name}: this row is of {elapsed(self.looking_ns)}, not of now; end returns to live"
        return ""

    # -- the run's files -------------------------------------------------------------------------------------

    async def follow(self) -> None:
        """Read the run's files as they grow, beside everything else."""
        if self.opening_words:
            self.say(self.opening_words, Ink.CONTENTION)
        await self.lay_behind_at_first()
        while True:
            await self.read_diary()
            if self.past is not None and self.player is None:
                await self.open_past(quiet=True)
            self.tell_time()
            await asyncio.sleep(_FOLLOW_S)

    async def lay_behind_at_first(self) -> None:
        """What was asked for when the console was opened."""

    async def folder(self) -> Path | None:
        """The run's folder; None as long as the engine has not said it."""
        if self._folder is None:
            try:
                self._folder = Path((await self.door.hello()).folder)
            except LinkLost:
                return None
        return self._folder

    async def read_diary(self) -> None:
        """Take in what the journal has that was not read yet."""
        folder = await self.folder()
        if folder is None:
            return
        async with self.reading:
            diary = self.diary or Diary(folder)
            try:
                await asyncio.to_thread(diary.read_on)
            except RecordsDamaged:
                return  # the pictures' own events do instead, as far as they go
            self.diary = diary

    async def open_past(self, *, quiet: bool = False) -> Past | None:
        """The recording, read up to now; None, and said, when there is nothing to look back at."""
        if self.player is not None:
            return self.player.past
        folder = await self.folder()
        trouble = "the engine does not answer, so its recording is not known" if folder is None else ""
        async with self.reading:
            past = self.past
            if folder is not None:
                past = past or Past(folder)
                try:
                    await asyncio.to_thread(past.read_on)
                    trouble = "" if not past.is_empty else "nothing is recorded yet"
                except RecordsDamaged as error:
                    trouble = str(error)
            if not trouble:
                self.past = past
        if trouble:
            if not quiet:
                self.say(f"the past cannot be shown: {trouble}", Ink.CONTENTION)
            return None
        return past

    # -- where we stand --------------------------------------------------------------------------------------

    @property
    def here_ns(self) -> int | None:
        """The moment on the screen; None for the present of a live run."""
        return self.player.at_ns if self.player is not None else self.looking_ns

    @property
    def ends_ns(self) -> int:
        """The run's length as far as it is known."""
        past = self.player.past if self.player is not None else self.past
        recorded = past.ends_ns if past is not None else 0
        return max(recorded, self.last.run.elapsed_ns if self.last is not None and self.player is None else 0)

    def tell_time(self) -> None:
        """Say where we stand and how many alerts there are, if that has changed."""
        here, words = self.here_ns, ""
        if self.player is not None:
            at_end = here is not None and here >= self.player.past.ends_ns
            how = " end" if at_end else " held" if self.player.held else f" x{self.player.speed:g}"
            words = f"REPLAY {elapsed(here or 0)} of {elapsed(self.ends_ns)}{how}"
        elif here is not None:
            words = f"PAST {elapsed(here)} of {elapsed(self.ends_ns)}"
            if self.main.banner.lost and self.last is not None and not self.last.run.state.is_over:
                words += ", ENGINE LOST"
        alerts = len(self.fresh())
        banner = self.main.banner
        ended = self.last is not None and self.last.run.state.is_over
        told = (words, alerts, self.player is not None, ended)
        if (banner.past, banner.alerts, banner.replay, banner.ended) != told:
            self.tell(past=words, alerts=alerts, replay=self.player is not None, ended=ended)
        if self.player is None and self.diary is not None:
            self.note([(one.at_ns, one.rule or one.word, one.text) for one in self.all_alerts()])
        self.main.show_time(self._timeline() if self.bar_open else None)

    def _timeline(self) -> Timeline:
        past = self.player.past if self.player is not None else self.past
        grows = self.player.grows if self.player is not None else not (self.last and self.last.run.state.is_over)
        lines = self.noted()
        if self._marked[0] != len(lines):
            self._marked = len(lines), marks_of(lines, self.all_alerts())
        return Timeline(
            begins_ns=0,
            ends_ns=self.ends_ns,
            at_ns=self.here_ns,
            marks=self._marked[1],
            grows=grows and past is not None,
        )

    def noted(self) -> list[EventLine]:
        """Events there may be something to see at: the journal's, or the present picture's where there is none."""
        if self.diary is not None:
            return self.diary.lines
        return list(self.last.events) if self.last is not None else []

    def alerts(self) -> tuple[Alert, ...]:
        """Alerts so far: a replay's up to its playhead, those of a live run up to now."""
        found = self.all_alerts()
        here = self.here_ns if self.player is not None else None
        return found if here is None else tuple(one for one in found if one.at_ns <= here)

    def fresh(self, alerts: tuple[Alert, ...] | None = None) -> list[Alert]:
        """Of these, or of those so far, the alerts that nobody has acknowledged, here or on another console."""
        seen = self.last.alerts.alerts if self.last is not None else ()
        done = {(one.rule, one.raised_ns) for one in seen if one.acknowledged_ns is not None}
        return [
            one
            for one in (self.alerts() if alerts is None else alerts)
            if one.until_ns > self.acknowledged_ns and (one.rule, one.at_ns) not in done
        ]

    def all_alerts(self) -> tuple[Alert, ...]:
        """Every alert that is known of."""
        lines = self.noted()
        if self.diary is None:
            return alerts_of(lines)
        if self._alerts[0] != len(lines):
            # Not at every look: of a long run there are many lines.
            self._alerts = len(lines), alerts_of(lines)
        return self._alerts[1]

    async def go_to(self, at_ns: int | None, message: str = "", ink: Ink = Ink.TEXT) -> None:
        """Look at that moment; None for the end, which is the present of a live run."""
        past = await self.open_past()
        if past is None:
            return
        if self.player is not None:
            self.player.seek(past.ends_ns if at_ns is None else at_ns)
            await self.show_present()
        elif at_ns is None or (at_ns >= past.ends_ns and (self.looking_ns is None or at_ns > self.looking_ns)):
            self.looking_ns = None
            if self.last is not None:
                self.draw(self.last)
        else:
            self.looking_ns = max(at_ns, past.begins_ns)
            self._draw_past(past)
        self.tell(message=message, ink=ink)
        self.tell_time()

    def _draw_past(self, past: Past) -> None:
        try:
            self.draw(past.at(self.looking_ns or 0))
        except RecordsDamaged as error:
            self.say(f"the past cannot be shown: {error}", Ink.FAULT)

    async def show_present(self) -> None:
        """Ask the door, and draw what it answers."""
        raise NotImplementedError

    def draw(self, snapshot: RunSnapshot) -> None:
        """Show a picture."""
        raise NotImplementedError

    def widened(self, snapshot: RunSnapshot) -> RunSnapshot:
        """The picture with the run's whole history in its series, where charts show more than a picture holds."""
        past = self.player.past if self.player is not None else self.past
        seconds = self.main.view.seconds
        if past is None or seconds is None or 0 < seconds <= LONGEST or snapshot.run.elapsed_ns < LONGEST * SECOND_NS:
            return snapshot
        return past.history.widened(snapshot)
