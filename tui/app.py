"""The console: asks the run how it is, shows it, and passes on what the operator wants. The run never waits for it."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import msgspec
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from engine.front import LinkLost
from engine.model.snapshot import RunSnapshot
from tui.asking import AskingConsole
from tui.commands import BY_COMMAND, COMMANDS, OPENS_PROMPT, CommandUnknown, bindings, read_command
from tui.format import elapsed
from tui.lines import Ink
from tui.panel import Panel
from tui.screens.main import MainScreen
from tui.screens.prompt import Prompt
from tui.screens.sheet import Sheet

# Textual queues 30 writes and then blocks; with more than three waiting, keys would take seconds to show.
_MOST_WRITES_WAITING = 3
_FIRST_PICTURE_S = 1.0


class SlotfillApp(AskingConsole, inherit_bindings=False):
    """The console of one run. It returns a line for the shell; whoever opened the door closes it."""

    # Absolute, as Textual would look beside a subclass otherwise.
    CSS_PATH = Path(__file__).with_name("theme.tcss")
    TITLE = "slotfill"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    ENABLE_COMMAND_PALETTE = True

    async def on_mount(self) -> None:
        """Show the screen, and begin to ask."""
        await self.push_screen(self.main)
        self.run_worker(self._watch(), name="watch", exit_on_error=True)
        self.run_worker(self.follow(), name="follow", exit_on_error=True)
        # With the first picture in hand nobody sees an empty screen; a slow engine is not waited for.
        waiting = asyncio.ensure_future(self.first_picture.wait())
        await asyncio.wait([waiting], timeout=_FIRST_PICTURE_S)
        waiting.cancel()

    async def _watch(self) -> None:
        """Ask, draw, sleep: one after the other, so a slow engine or terminal only lowers the rate."""
        while True:
            if not self.main.banner.frozen:
                await self.look()
            await asyncio.sleep(self.refresh_s)

    async def look(self) -> None:
        """Ask once, and draw the answer if it is a new one."""
        over = self.last is not None and self.last.run.state.is_over
        if over and self.main.banner.lost:
            return  # the engine went when its run was over; its last picture is the result
        try:
            snapshot = await self.door.snapshot()
        except LinkLost as lost:
            if str(lost) != self.main.banner.lost:
                self.tell(lost=str(lost) or "it does not answer")
            self.first_picture.set()
            return
        if self.main.banner.lost:
            self.tell(lost="", message="the engine answers again", ink=Ink.FILLED)
        if self.main.banner.frozen:
            return  # frozen while the answer was on its way
        changed = self.last is None or snapshot.tick != self.last.tick
        if changed and self._writes_waiting() > _MOST_WRITES_WAITING:
            self.main.banner = msgspec.structs.replace(self.main.banner, skipped=self.main.banner.skipped + 1)
            return
        self.last = snapshot
        self.first_picture.set()
        self.tell_time()
        if self.looking_ns is not None:
            if self.main.view.order:
                self.main.show(self.main.snapshot)
        elif changed or self.main.view.order:
            self.draw(snapshot)

    async def show_present(self) -> None:
        """Ask the door, and draw what it answers, at once."""
        self.last = None
        await self.look()

    def draw(self, snapshot: RunSnapshot) -> None:
        """Show a picture on the screen and on whatever lies over it."""
        snapshot = self.widened(snapshot)
        self.main.show(snapshot)
        for screen in self.screen_stack:
            if isinstance(screen, Sheet):
                screen.show(snapshot)

    def _writes_waiting(self) -> int:
        """Writes the terminal has not taken yet; Textual keeps the count to itself, and has none without a terminal."""
        queue = getattr(getattr(self._driver, "_writer_thread", None), "_queue", None)
        return int(queue.qsize()) if queue is not None else 0

    # -- commands --------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that open the line are those of the main screen, and are typed once it is open."""
        if action == "command" and parameters and parameters[0] in OPENS_PROMPT:
            return isinstance(self.screen, MainScreen) and not self.main.prompt.display
        return super().check_action(action, parameters)

    async def action_command(self, name: str) -> None:
        """A key was pressed."""
        await self.obey(name, "")

    async def obey(self, name: str, words: str) -> None:
        """Do a command, unless this console only watches and the command acts."""
        command = BY_COMMAND[name]
        # A sheet over the screen takes the keys; only leaving works through it.
        if isinstance(self.screen, MainScreen) or name in ("quit", "quit!"):
            if command.acts and (refused := self.refusal_of(name)):
                self.say(refused, Ink.CONTENTION)
                return
            if command.acts and self.watch_only:
                self.say(f"{name}: this console only watches (--watch)", Ink.CONTENTION)
                return
            if command.group == "rows":
                self.main.hold_order()
            doing = command.does(self, words)
            if doing is not None:
                await doing

    async def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """A command or a filter was typed."""
        self.main.close_prompt()
        if event.sign == "/":
            self.filter_by(event.text)
            return
        try:
            command, words = read_command(event.text)
        except CommandUnknown as unknown:
            self.say(str(unknown), Ink.CONTENTION)
            return
        await self.obey(command.name, words)

    def on_prompt_left(self, _: Prompt.Left) -> None:
        """Nothing was typed."""
        self.main.close_prompt()

    async def on_panel_opened(self, _: Panel.Opened) -> None:
        """A row was clicked twice."""
        await self.obey("detail", "")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette's commands are the console's."""
        for command in COMMANDS:
            if (command.takes and not command.keys) or (command.acts and self.watch_only):
                continue
            yield SystemCommand(
                command.name, command.help, lambda name=command.name: self.call_later(self.obey, name, "")
            )

    # -- leaving ---------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Leave the run alone, and say how to come back."""
        run = self.last.run if self.last else None
        if self.player is not None:
            self.exit(self.left_words())
        elif run is None:
            self.exit("the engine had not answered yet; slotfill ls shows what runs")
        elif run.state.is_over:
            code = f", exit {run.exit_code}" if run.exit_code is not None else ""
            self.exit(
                f"run {run.run_id} is {run.state.value}{code}: {run.filled} filled of {run.attempts} attempts "
                f"in {elapsed(run.elapsed_ns)}"
            )
        elif self.main.banner.lost:
            self.exit(
                f"the engine of run {run.run_id} does not answer ({self.main.banner.lost}); "
                "slotfill ls shows what became of it"
            )
        else:
            self.exit(f"the run goes on; slotfill attach {run.run_id}")
