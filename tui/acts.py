"""What the console does at a command beyond its own view: acts on the run, questions, copies, exports."""

import asyncio
import os

from textual.timer import Timer

from engine.front import LinkLost
from engine.model.command import Command, Verb
from engine.model.run_state import RunState
from engine.model.sample import Backend
from engine.records.trouble import RecordsFailed
from tui.console import Console
from tui.lines import Ink
from tui.panels.workers import SORTS
from tui.picture import picture
from tui.screens.confirm import ConfirmScreen, TypedScreen, backend_now
from tui.screens.detail import DetailScreen
from tui.screens.help import HelpScreen
from tui.screens.main import kind_of
from tui.screens.menu import MenuScreen
from tui.screens.repair import RepairScreen
from tui.screens.settings import SettingsScreen
from tui.sieve import SieveInvalid, read_sieve

_QUERY_BEGINNING = 60
# Longer texts are refused by common terminals (xterm, tmux); the limit is in encoded bytes.
_MOST_COPIED = 74_994


class ActingConsole(Console):
    """The acting half of the console."""

    BATCH_S = 0.3
    """Presses of + and - within this time are sent as one."""
    _sending: Timer | None = None

    # -- acts on the run -------------------------------------------------------------------------------------

    async def act(self, verb: Verb, *arguments: str) -> None:
        """Send a command and show what came of it."""
        try:
            answer = await self.door.act(Command(verb, arguments), self.who)
        except LinkLost as lost:
            self.say(f"{verb.value}: not sent, the engine does not answer ({lost})", Ink.FAULT)
            return
        self.say(f"{verb.value.replace('_', ' ')}: {answer.text}", Ink.FILLED if answer.done else Ink.CONTENTION)

    async def pause_or_resume(self) -> None:
        """Pause a run that goes on, resume one that rests."""
        resting = self.last is not None and self.last.run.state in (RunState.PAUSING, RunState.PAUSED)
        await self.act(Verb.RESUME if resting else Verb.PAUSE)

    async def resume(self) -> None:
        """Resume."""
        await self.act(Verb.RESUME)

    def resize(self, by: int) -> None:
        """Count a press; the sum is sent when none has come for a while."""
        self.tell(pending=self.main.banner.pending + by, message="")
        if self._sending is not None:
            self._sending.stop()
        self._sending = self.set_timer(self.BATCH_S, self._send_resize)

    async def _send_resize(self) -> None:
        by = self.main.banner.pending
        self.tell(pending=0)
        if by:
            await self.act(Verb.SET, f"concurrency={by:+d}")

    async def set_value(self, words: str) -> None:
        """Set one value, as typed."""
        key, sign, value = words.partition("=")
        if not sign or not key.strip() or not value.strip():
            known = ", ".join(self.last.run.settings) if self.last else ""
            self.say(f"set: {words or 'nothing'} is no KEY=VALUE; keys: {known}", Ink.CONTENTION)
            return
        await self.act(Verb.SET, f"{key.strip()}={value.strip()}")

    async def stop(self) -> None:
        """Tell the run to stop; whether it is the second time is the engine's to judge."""
        await self.act(Verb.STOP)

    async def stop_and_leave(self) -> None:
        """Stop, then leave."""
        await self.act(Verb.STOP)
        run = self.last.run.run_id if self.last else ""
        self.exit(f"the run was told to stop and ends the attempts in flight; slotfill attach {run}")

    async def next_pass(self) -> None:
        """On to the next pass."""
        await self.act(Verb.NEXT_PASS)

    async def mark(self, name: str) -> None:
        """Drop a mark; without a name, ask for one."""
        if not name:
            self.main.ask(":", "mark ")
            return
        await self.act(Verb.MARK, name)

    async def repair(self, kind: str) -> None:
        """Have the run list what it would put right, ask, and have it done."""
        if not kind:
            self.main.ask(":", "repair ")
            return
        try:
            found = await self.door.act(Command(Verb.REPAIR, (kind, "list")), self.who)
        except LinkLost as lost:
            self.say(f"repair: not sent, the engine does not answer ({lost})", Ink.FAULT)
            return
        if not found.done:
            self.say(f"repair {kind}: {found.text}", Ink.CONTENTION)
            return

        async def answered(yes: bool | None) -> None:
            if yes:
                await self.act(Verb.REPAIR, kind)
            else:
                self.say(f"repair {kind}: left alone, nothing was changed")

        self.push_screen(RepairScreen(kind, found, self.last, ascii_only=self.ascii_only), answered)

    def reconfigure(self) -> None:
        """Open the settings."""
        if self.last is None:
            self.say("settings: the engine has not answered yet", Ink.CONTENTION)
            return
        run = self.last.run
        self.push_screen(
            SettingsScreen(dict(run.settings), flags=dict(run.flags), ascii_only=self.ascii_only), self._apply
        )

    async def _apply(self, changes: dict[str, str] | None) -> None:
        for key, value in (changes or {}).items():
            await self.act(Verb.SET, f"{key}={value}")

    # -- backends --------------------------------------------------------------------------------------------

    def _backend(self, words: str) -> Backend | None:
        """The backend that was named, or the one under the cursor. Says so when there is none."""
        if words:
            found = backend_now(self.last, int(words)) if words.isdecimal() else None
            if found is None:
                self.say(f"pid {words} is not among the backends of the last look; nothing was sent", Ink.CONTENTION)
            return found
        panel = self.main.focused_panel
        found = kind_of(panel).backend(self.last, panel.view.cursor) if panel and self.last else None
        if found is None:
            self.say("no busy backend is under the cursor; :cancel PID names one", Ink.CONTENTION)
        return found

    def cancel_backend(self, words: str) -> None:
        """Ask, then cancel its query."""
        backend = self._backend(words)
        if backend is not None:
            self._question(ConfirmScreen(backend, self.last, ascii_only=self.ascii_only), Verb.CANCEL_BACKEND)

    def terminate_backend(self, words: str) -> None:
        """Have the word typed, then end its session."""
        if not words:
            self.say("terminate: give the PID, as in :terminate 20301", Ink.CONTENTION)
            return
        backend = self._backend(words)
        if backend is not None:
            self._question(TypedScreen(backend, self.last, ascii_only=self.ascii_only), Verb.TERMINATE_BACKEND)

    def _question(self, screen: ConfirmScreen, verb: Verb) -> None:
        async def answered(yes: bool | None) -> None:
            word = verb.value.replace("_", " ")
            if not yes:
                self.say(f"{word}: left alone, nothing was sent")
            elif screen.changed:
                self.say(
                    f"{word}: pid {screen.backend.pid} does something else by now; nothing was sent", Ink.CONTENTION
                )
            else:
                await self.act(verb, str(screen.backend.pid), screen.backend.query[:_QUERY_BEGINNING])

        self.push_screen(screen, answered)

    # -- the view --------------------------------------------------------------------------------------------

    def freeze(self) -> None:
        """Stop asking, or begin again."""
        frozen = not self.main.banner.frozen
        self.tell(frozen=frozen, message="the run goes on unseen; space looks again" if frozen else "")

    def filter(self, words: str) -> None:
        """Filter by what was typed, or ask."""
        if words:
            self.filter_by(words)
        else:
            self.main.ask("/", self.main.view.sieve.text)

    def filter_by(self, text: str) -> None:
        """Show only the workers that pass; an empty filter lets all through."""
        try:
            self.main.filter_by(read_sieve(text))
        except SieveInvalid as invalid:
            self.say(str(invalid), Ink.CONTENTION)

    def sort(self, words: str) -> None:
        """Sort by what was typed, or ask."""
        if words in SORTS:
            self.main.sort_by(words)
            return
        if words:
            self.say(f"sort: {words} is no key; there are {' '.join(SORTS)}", Ink.CONTENTION)
            return
        menu = MenuScreen("sort workers by", list(SORTS), self.main.view.sort, ascii_only=self.ascii_only)
        self.push_screen(menu, lambda chosen: self.main.sort_by(chosen) if chosen else None)

    def set_refresh(self, words: str) -> None:
        """Another time between pictures."""
        try:
            seconds = float(words)
        except ValueError:
            seconds = 0.0
        if not 0.05 <= seconds <= 60:
            self.say(f"refresh: {words or 'nothing'} is no number of seconds from 0.05 to 60", Ink.CONTENTION)
            return
        self.refresh_s = seconds
        self.say(f"a picture every {seconds:g} s")

    def detail(self) -> None:
        """Open the row under the cursor."""
        panel, shown = self.main.focused_panel, self.main.snapshot
        if panel is None or shown is None or not panel.view.cursor:
            self.say("no row is under the cursor; up and down choose one", Ink.CONTENTION)
        elif kind_of(panel).detail(shown, panel.view.cursor) is None:
            self.say("there is no more to say about this row", Ink.CONTENTION)
        else:
            self.push_screen(DetailScreen(kind_of(panel), panel.view.cursor, shown, ascii_only=self.ascii_only))

    def show_help(self) -> None:
        """Help of the focused panel, and all keys."""
        panel = self.main.focused_panel
        kind = kind_of(panel) if panel else None
        self.push_screen(HelpScreen(kind, self.last, watch=self.watch_only, ascii_only=self.ascii_only))

    async def copy_row(self) -> None:
        """Copy the row under the cursor: through tmux where it runs, as it swallows the terminal's own way."""
        panel = self.main.focused_panel
        text = panel.row_text() if panel else ""
        if not text:
            self.say("no row is under the cursor; up and down choose one", Ink.CONTENTION)
            return
        if os.environ.get("TMUX"):
            process = await asyncio.create_subprocess_exec(
                "tmux", "load-buffer", "-w", "-",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            await process.communicate(text.encode())
            done = process.returncode == 0
            self.say(
                "copied to tmux's buffer" if done else "tmux did not take the copy", Ink.TEXT if done else Ink.FAULT
            )
            return
        if len(text.encode()) * 4 // 3 > _MOST_COPIED:
            self.say("the row is too long for the terminal's clipboard", Ink.CONTENTION)
            return
        self.copy_to_clipboard(text)
        self.say("sent to the terminal's clipboard (a terminal may not take it)")

    async def export_now(self) -> None:
        """Export the picture as it stands."""
        # What is on the screen: in the past, the past.
        shown = self.main.snapshot or self.last
        if self.export is None or shown is None:
            self.say("export: this console has nowhere to write to; slotfill snapshot does it", Ink.CONTENTION)
            return
        try:
            path = await self.export(shown, picture(self, f"slotfill {shown.run.run_id}"))
        except (OSError, RecordsFailed) as error:
            self.say(f"export: not written: {error}", Ink.FAULT)
            return
        self.say(f"exported to {path}", Ink.FILLED)
