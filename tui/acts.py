"""What the console does at a command beyond its own view: workers, filters, details, copies, exports."""

import os

from textual.timer import Timer

from engine.model.command import Verb
from engine.records.trouble import RecordsFailed
from tui.deciding import DecidingConsole
from tui.format import short_path
from tui.layout import PRESETS
from tui.lines import Ink
from tui.panels.workers import SORTS
from tui.picture import picture
from tui.screens.detail import DetailScreen
from tui.screens.help import HelpScreen
from tui.screens.main import kind_of
from tui.screens.menu import MenuScreen
from tui.sieve import SieveInvalid, read_sieve
from tui.terminal_console import TerminalConsole


class ActingConsole(TerminalConsole, DecidingConsole):
    """The acting half of the console."""

    BATCH_S = 0.3
    """Presses of + and - within this time are sent as one."""
    _sending: Timer | None = None

    # -- workers ---------------------------------------------------------------------------------------------

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

    def layout_called(self, words: str) -> None:
        """The layout that was typed; without a word, the next one."""
        if words and words not in PRESETS:
            self.say(f"layout: there is no {words}; there are {' '.join(PRESETS)}", Ink.CONTENTION)
        else:
            self.main.next_preset(words)

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
        """Copy the row under the cursor."""
        panel = self.main.focused_panel
        text = panel.row_text() if panel else ""
        if not text:
            self.say("no row is under the cursor; up and down choose one", Ink.CONTENTION)
            return
        await self.copy_text(text)

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
        # Its end, where the folder's name is, is not to be cut off.
        room = self.size.width - len(" exported to ")
        self.say(f"exported to {short_path(path, room, os.environ.get('HOME', ''))}", Ink.FILLED)
