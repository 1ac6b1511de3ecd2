"""The console: asks the run how it is, shows it, and passes on what the operator wants. The run never waits for it."""

import asyncio
import signal
from collections.abc import Awaitable, Iterable
from pathlib import Path
from typing import ClassVar

from rich.console import RenderableType
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from engine.collecting import collect_seldom
from engine.front import LinkLost
from engine.model.snapshot import RunSnapshot
from engine.records.trouble import RecordsDamaged
from tui.asking import AskingConsole
from tui.commands import BY_COMMAND, COMMANDS, OPENS_PROMPT, bindings
from tui.driver import LinkDriver
from tui.format import elapsed
from tui.lines import Ink
from tui.panel import Panel
from tui.screens.main import MainScreen
from tui.screens.prompt import Prompt
from tui.screens.sheet import Sheet
from tui.typed_line import CommandUnknown, read_command
from tui.watching import left_words

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
        if self.driver is not None:
            # Only where the process is the console's own.
            collect_seldom()
            loop = asyncio.get_running_loop()
            # Whoever ends it from elsewhere is to find the terminal as it was, not full of a dead console's keys.
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._told_to_go, number)

    def _told_to_go(self, number: signal.Signals) -> None:
        """Leave; but ctrl-c on a terminal that is lent is meant for whoever has it."""
        if number is signal.SIGTERM or self.driver is None or not self.driver.is_lent:
            self.leave()

    async def _watch(self) -> None:
        """Ask, draw, sleep: one after the other, so a slow engine or terminal only lowers the rate."""
        due_ns = 0
        while True:
            self.let_go()
            if self._keeps_up() and self.clock.now_ns() >= due_ns and not self.main.banner.frozen:
                await self.look()
                due_ns = self.clock.now_ns() + round(self.driver.link.step_s * 1e9 if self.driver else 0)
            await asyncio.sleep(self.refresh_s)

    def _keeps_up(self) -> bool:
        """Whether the terminal has shown the last picture; one that it has not is worth no other."""
        driver = self.driver
        if driver is None:
            return True
        driver.look_after(self.refresh_s)
        ready = driver.ready()
        if self.main.banner.link != driver.link.words:
            self.tell(link=driver.link.words)
        return ready

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
            await self._look_for_the_end()
            return
        if self.main.banner.lost:
            self.tell(lost="", message="the engine answers again", ink=Ink.FILLED)
        if self.main.banner.frozen:
            return  # frozen while the answer was on its way
        changed = self.last is None or snapshot.tick != self.last.tick
        if snapshot.run.state.is_over and self.last is not None and not over:
            self.tell(message="")  # it was about a run that went on
        self.last = snapshot
        self.first_picture.set()
        self.tell_time()
        if self.looking_ns is not None:
            if self.main.view.order:
                self.main.show(self.main.snapshot)
        elif changed or self.main.view.order:
            self.draw(snapshot)

    async def _look_for_the_end(self) -> None:
        """Of a run that ended while nobody asked, as in a frozen view: its last picture is in its recording."""
        seen = self.last
        if seen is None or self.player is not None:
            return
        past = await self.open_past(quiet=True)
        if past is None or past.ends_ns < seen.run.elapsed_ns:
            return
        try:
            end = past.at(past.ends_ns)
        except RecordsDamaged:
            return
        if end.run.state.is_over:
            self.last = end
            self.tell_time()
            if self.looking_ns is None:
                self.draw(end)

    async def show_present(self) -> None:
        """Ask the door, and draw what it answers, at once."""
        self.last = None
        await self.look()

    def draw(self, snapshot: RunSnapshot) -> None:
        """Show a picture on the screen and on whatever lies over it."""
        snapshot = self.widened(snapshot)
        if self.driver is not None:
            self.driver.link.drawn()
        self.main.show(snapshot)
        for screen in self.screen_stack:
            if isinstance(screen, Sheet):
                screen.show(snapshot)

    # -- the terminal ----------------------------------------------------------------------------------------

    def get_driver_class(self) -> type[Driver]:
        """Our own where Textual would drive a terminal itself; a browser has another way."""
        usual = super().get_driver_class()
        return LinkDriver if usual is LinuxDriver else usual

    @property
    def driver(self) -> LinkDriver | None:
        """What drives the terminal; None in a browser and in tests."""
        return self._driver if isinstance(self._driver, LinkDriver) else None

    def redraw(self) -> None:
        """Paint all of it again: something else wrote on the terminal."""
        if self.driver is not None:
            self.driver.redraw()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Have the terminal show an update; the one place through which all of Textual's painting goes."""
        shows = self._running and not self._closed and not self._batch_count
        if self.driver is None or not shows or not isinstance(renderable, (ChopsUpdate, LayoutUpdate)):
            super()._display(screen, renderable)
            return
        cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
        self.driver.show(renderable, cursor, synced=self._sync_available)
        self.post_display_hook()

    # -- commands --------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that open the line are those of the main screen, and are typed once it is open."""
        if action == "command" and parameters and parameters[0] in OPENS_PROMPT:
            return isinstance(self.screen, MainScreen) and self.main.focused is not self.main.prompt
        return super().check_action(action, parameters)

    async def action_command(self, name: str) -> None:
        """A key was pressed."""
        await self.obey(name, "")

    async def obey(self, name: str, words: str) -> None:
        """Do a command, unless this console only watches and the command acts.

        What asks the engine goes on beside: one that stands still must not hold up the keys that come after.
        """
        doing = self._begun(name, words)
        if doing is None:
            return
        if BY_COMMAND[name].acts and (words or name not in OPENS_PROMPT):
            self.run_worker(doing, name=name, group="acts", exit_on_error=True)
        else:
            await doing

    def _begun(self, name: str, words: str) -> Awaitable[None] | None:
        """What is left to wait for of a command; None when it is done, or not to be done."""
        command = BY_COMMAND[name]
        # A sheet over the screen takes the keys; only leaving works through it.
        if isinstance(self.screen, MainScreen) or name in ("quit", "quit!"):
            if command.acts and (refused := self.refusal_of(name)):
                self.say(refused, Ink.CONTENTION)
                return None
            if command.acts and self.watch_only:
                self.say(f"{name}: this console only watches (--watch)", Ink.CONTENTION)
                return None
            if command.group == "rows":
                self.main.hold_order()
            return command.does(self, words)
        return None

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
        elif run.state.is_over and run.watches:
            self.exit(f"watch {run.run_id} has ended: {run.reason or run.state.value}")
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
        elif run.watches:
            self.exit(left_words(run))
        else:
            self.exit(f"the run goes on; slotfill attach {run.run_id}")
