"""All runs on this machine: open one as a replay, compare some, take some away."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from engine.records.trouble import RecordsFailed
from engine.redact import mask
from tui.beside import Said
from tui.foot import key_line
from tui.lines import Area, Ink, Line, line
from tui.run_list import RunRow, read_rows, run_lines
from tui.screens.rows import RowSheet, folded
from tui.screens.sheet import Sheet

_AGAIN_S = 5.0
Do = Callable[..., Awaitable[Said]]


class TextScreen(RowSheet):
    """What a command said, line by line."""

    def __init__(self, crumb: str, text: str, *, ascii_only: bool = False) -> None:
        super().__init__(ascii_only=ascii_only)
        self.crumb = crumb
        self.text = text

    def draw(self, area: Area) -> list[Line]:
        """Its lines, long ones folded."""
        lines = [line(one) for one in (mask(self.text) or "it said nothing").splitlines()]
        return [part for one in lines for part in folded(one, area.width)]


class RemoveScreen(Sheet[bool]):
    """Asks before runs go: the word is typed out, as they do not come back."""

    MOST_WIDTH: ClassVar[int] = 90
    WORD: ClassVar[str] = "prune"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "nothing", show=False)]

    def __init__(self, rows: list[RunRow], *, ascii_only: bool = False) -> None:
        super().__init__(None, ascii_only=ascii_only)
        self.rows = rows

    def title_words(self) -> str:
        """What is asked."""
        return f" remove {len(self.rows)} runs? "

    def compose(self) -> ComposeResult:
        """The list, and a place to type."""
        yield self.sheet
        yield Input(placeholder=f"type {self.WORD} and enter", id="typed", compact=True)

    def draw(self, area: Area) -> list[Line]:
        """What goes."""
        lines = [line(f"  {one.name}", (f"  {one.entry.folder}", Ink.MUTED)) for one in self.rows[:12]]
        if len(self.rows) > 12:
            lines.append(line((f"  and {len(self.rows) - 12} more", Ink.MUTED)))
        words = f"  Their records and databases go and do not come back. Type {self.WORD} below; "
        return [*lines, line(""), line(words, ("esc", Ink.ACCENT), " leaves them")]

    def action_nothing(self) -> None:
        """A letter that is typed."""

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Only the whole word counts."""
        self.dismiss(event.value.strip() == self.WORD)


class RunsScreen(RowSheet):
    """The list, read again every five seconds while it is open."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "mark", show=False),
        Binding("c", "compare", "compare", show=False),
        Binding("d", "remove", "remove", show=False),
    ]
    crumb = "runs"

    def __init__(
        self,
        root: Path | None,
        here: str,
        do: Do,
        show: Callable[[RunRow], Awaitable[str]],
        *,
        watch: bool,
        ascii_only: bool = False,
    ) -> None:
        """`here` is the run that the console shows, `do` runs a command aside, `show` puts a run on the terminal."""
        super().__init__(ascii_only=ascii_only)
        self.root = root
        self.here = here
        self.watch_only = watch
        self.rows: tuple[RunRow, ...] | None = None
        self.marked: frozenset[str] = frozenset()
        self.trouble = ""
        self.message = ""
        self._do = do
        self._show = show

    def on_mount(self) -> None:
        """Begin to read."""
        self.run_worker(self._read_on(), name="runs", exit_on_error=True)

    async def _read_on(self) -> None:
        while True:
            await self.read()
            await asyncio.sleep(_AGAIN_S)

    async def read(self) -> None:
        """Read the folder once, in a thread: hundreds of runs take a while."""
        if self.root is not None:
            try:
                self.rows = await asyncio.to_thread(read_rows, self.root)
                self.trouble = ""
            except RecordsFailed as error:
                self.trouble = str(error)
        else:
            self.trouble = "the engine does not answer, so its runs' folder is not known; slotfill ls lists them"
        there = {one.entry.folder for one in self.rows or ()}
        self.marked &= there
        if not self.cursor and self.rows:
            self.cursor = f"run:{self.rows[0].entry.folder}"
        self.redraw()

    def draw(self, area: Area) -> list[Line]:
        """The list, and what can be done with it."""
        lines: list[Line] = []
        if self.trouble:
            lines += folded(line("  ", (self.trouble, Ink.FAULT)), area.width)
        if self.rows is None:
            return lines or [line(("  reading the runs", Ink.MUTED))]
        if not self.rows:
            words = f"no runs in {self.root}; slotfill run starts one"
            lines += folded(line("  ", (words, Ink.MUTED)), area.width)
        else:
            lines += run_lines(self.rows, self.marked, self.here, self.cursor, area.width)
        if self.message:
            lines += folded(line("  ", (self.message, Ink.ACCENT)), area.width)
        keys = [("enter", "opens as a replay"), ("space", "marks"), ("c", "compares the marked")]
        if not self.watch_only:
            keys.append(("d", "removes them"))
        lines.append(key_line([(place, key, does) for place, (key, does) in enumerate(keys)], area.width))
        return lines

    def _under_cursor(self) -> RunRow | None:
        return next((one for one in self.rows or () if f"run:{one.entry.folder}" == self.cursor), None)

    def _chosen(self) -> list[RunRow]:
        """The marked runs, the oldest first; the one under the cursor when none is."""
        marked = [one for one in reversed(self.rows or ()) if one.entry.folder in self.marked]
        under = self._under_cursor()
        return marked or ([under] if under is not None else [])

    def say(self, message: str) -> None:
        """One line, until the next."""
        self.message = message
        self.redraw()

    def action_open(self) -> None:
        """Put the run on the terminal, and come back here when it is left."""
        one = self._under_cursor()
        if one is None:
            self.say("no run is under the cursor")
        elif one.entry.manifest is None:
            self.say(f"{one.name} cannot be opened: {one.entry.trouble}")
        else:
            self.run_worker(self._lend(one), name="lend", exclusive=True, group="lend", exit_on_error=True)

    async def _lend(self, one: RunRow) -> None:
        self.say(await self._show(one))

    def action_mark(self) -> None:
        """Mark the run under the cursor, or take its mark away; then the next one."""
        one = self._under_cursor()
        if one is not None:
            self.marked ^= {one.entry.folder}
            self.action_scroll_by(1)

    async def action_compare(self) -> None:
        """Say what `slotfill compare` says of the marked runs; one alone is held against the run shown now."""
        chosen = self._chosen()
        names = [one.name for one in chosen]
        if len(names) == 1 and self.here and self.here not in names:
            names.append(self.here)
        if len(names) < 2:
            self.say("compare: mark two runs or more with space; the oldest is what the others are held to")
            return
        self.say(f"comparing {' '.join(names)}")
        self.run_worker(self._compare(names), name="compare", exit_on_error=True)

    async def _compare(self, names: list[str]) -> None:
        told = await self._do("compare", *names)
        self.say(f"slotfill compare {' '.join(names)}: exit {told.code}")
        screen = TextScreen(f"compare {' '.join(names)}", told.text, ascii_only=self.sheet.ascii_only)
        self.app.push_screen(screen)

    def action_remove(self) -> None:
        """Ask, then have them removed by `slotfill prune`, records and databases."""
        if self.watch_only:
            self.say("this console only watches (--watch)")
            return
        chosen = [one for one in self._chosen() if one.entry.manifest is not None]
        live = [one.name for one in chosen if one.entry.is_live]
        if live:
            self.say(f"run {live[0]} goes on and stays; take its mark away with space")
        elif not chosen:
            self.say("remove: mark runs with space")
        else:
            self.app.push_screen(RemoveScreen(chosen, ascii_only=self.sheet.ascii_only), self._answered(chosen))

    def _answered(self, chosen: list[RunRow]) -> Callable[[bool | None], None]:
        def answered(yes: bool | None) -> None:
            if not yes:
                self.say("nothing was removed")
                return
            self.say(f"removing {len(chosen)} runs")
            self.run_worker(self._remove([one.name for one in chosen]), name="remove", exit_on_error=True)

        return answered

    async def _remove(self, names: list[str]) -> None:
        told = await self._do("prune", "--yes", *names)
        self.say(" ".join(told.text.split()) or f"slotfill prune: exit {told.code}")
        await self.read()
