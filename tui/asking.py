"""The asking half of the console: screens about one thing, which no picture of the whole run has room for."""

import msgspec
from textual.app import SuspendNotSupported

from engine.details import of_recording
from engine.front import LinkLost
from engine.model.detail import Detail, DetailKind
from tui.beside import Said, lend_terminal, said
from tui.run_list import RunRow
from tui.screens.asked import GONE, AskedScreen
from tui.screens.main import kind_of
from tui.screens.runs import RunsScreen
from tui.travel import TravellingConsole


class AskingConsole(TravellingConsole):
    """What its keys do; it reads, and changes nothing."""

    def booking(self, words: str) -> None:
        """Open the booking that was named; without a name, ask for one."""
        if not words:
            self.main.ask(":", "booking ")
            return
        self._open(DetailKind.BOOKING, words)

    def postgres(self) -> None:
        """Open the server."""
        self._open(DetailKind.POSTGRES, "")

    def detail(self) -> None:
        """Open the row under the cursor: asked about where there is more to it than the picture shows."""
        panel = self.main.focused_panel
        shown = self.main.snapshot or self.last
        if panel is not None and shown is not None and panel.view.cursor:
            wanted = kind_of(panel).asks(shown, panel.view.cursor)
            if wanted is not None:
                self._open(*wanted)
                return
        super().detail()

    def _open(self, kind: DetailKind, wanted: str) -> None:
        shown = self.main.snapshot or self.last
        screen = AskedScreen(kind, wanted, self.ask, shown, ascii_only=self.ascii_only)
        screen.freeze(frozen=self.main.banner.frozen)
        self.push_screen(screen)

    async def ask(self, kind: str, wanted: str) -> Detail:
        """Ask the door; of a run whose engine has gone, its journal. Raises LinkLost."""
        folder = await self.folder()
        try:
            return await self.door.detail(kind, wanted)
        except LinkLost:
            if kind == DetailKind.POSTGRES or folder is None:
                raise
            run = self.last.run.run_id if self.last is not None else ""
            told = await of_recording(folder, run).detail(kind, wanted)
            return msgspec.structs.replace(told, at_ns=self.ends_ns, database_trouble=GONE)

    async def runs(self) -> None:
        """Open the list of all runs."""
        folder = await self.folder()
        shown = self.last.run.run_id if self.last is not None else ""
        root = folder.parent if folder is not None else None

        async def do(*words: str) -> Said:
            return await said(*words, *(("--runs", str(root)) if root is not None else ()))

        screen = RunsScreen(root, shown, do, self._replay, watch=self.watch_only, ascii_only=self.ascii_only)
        self.push_screen(screen)

    async def _replay(self, row: RunRow) -> str:
        """Lend the terminal to a replay, or to a second console of a run that goes on; what came of it."""
        words = ["attach", row.name, "--watch"] if row.entry.is_live else ["replay", row.name]
        words += ["--runs", str(row.entry.path.parent), *self.look_options]
        frozen = self.main.banner.frozen
        # Nothing may be painted while the terminal is somebody else's.
        self.tell(frozen=True)
        try:
            with self.suspend():
                code = await lend_terminal(*words)
        except SuspendNotSupported:
            return f"this terminal cannot be lent; in another one: slotfill {' '.join(words[:2])}"
        finally:
            self.tell(frozen=frozen)
        return f"slotfill {words[0]} {row.name}: back, exit {code}"
