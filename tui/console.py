"""What a console knows and can say, before it acts or asks: its door, its screen, its colours."""

import asyncio
import os
from collections.abc import Awaitable, Callable

import msgspec
from textual.app import App

from engine.clock import RunningClock
from engine.front import FrontDoor
from engine.model.snapshot import RunSnapshot
from tui.lines import Ink
from tui.palette import ANSI_INKS, COLOURLESS, NAME, THEMES
from tui.screens.main import MainScreen

Export = Callable[[RunSnapshot, str], Awaitable[str]]


_USUAL_NS = 10_000_000_000
_STANDS_NS = {Ink.CONTENTION: 30_000_000_000, Ink.FAULT: 0}
"""How long a message stands; 0 for until the next. What did not go as it was meant stands longer."""


class Console(App[str]):
    """The parts that every half of the console shares."""

    main: MainScreen
    last: RunSnapshot | None
    """The newest picture."""

    def __init__(
        self,
        door: FrontDoor,
        *,
        who: str,
        refresh_s: float = 0.25,
        ascii: bool = False,  # noqa: A002 - the option's name
        watch: bool = False,
        export: Export | None = None,
    ) -> None:
        colourless = "NO_COLOR" in os.environ
        # Textual answers NO_COLOR with greys in true colour, unless the terminal's own colours are chosen before.
        super().__init__(ansi_color=True if colourless else None)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = COLOURLESS if colourless else NAME
        self.animation_level = "none"
        self.door = door
        self.who = who
        self.refresh_s = refresh_s
        self.ascii_only = ascii
        self.watch_only = watch
        self.export = export
        self.clock = RunningClock()
        self.last = None
        self._said_ns = 0
        self.first_picture = asyncio.Event()
        self.reading = asyncio.Lock()
        """One reads the run's files at a time: a key may come while the loop that follows them is at it."""
        self.main = MainScreen(self.clock, ascii_only=ascii, watch=watch)
        self.set_class(ascii, "-ascii")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Inks for themes that have none of their own."""
        return ANSI_INKS

    def tell(self, **words: object) -> None:
        """Change what the console itself says."""
        if "message" in words:
            self._said_ns = self.clock.now_ns()
            words.setdefault("ink", Ink.TEXT)
        self.main.say(msgspec.structs.replace(self.main.banner, **words))

    def say(self, message: str, ink: Ink = Ink.TEXT) -> None:
        """One line for the operator, until the next or until it has stood for a while."""
        self.tell(message=message, ink=ink)

    def let_go(self) -> None:
        """Take away a message that has stood long enough: what is old must not read as if it were of now."""
        banner = self.main.banner
        stands_ns = _STANDS_NS.get(banner.ink, _USUAL_NS)
        if banner.message and stands_ns and self.clock.now_ns() - self._said_ns > stands_ns:
            self.tell(message="")
