"""The lines around the panels: status above, time bar, the line to type on, view and keys below."""

from typing import ClassVar

from textual.screen import Screen

from engine.model.snapshot import RunFace, RunSnapshot
from tui.commands import COMMANDS, keys_of
from tui.foot import key_line, too_small, view_line
from tui.inked import INKS, Flat
from tui.layout import is_tiny
from tui.lines import Area, fill
from tui.screens.prompt import Prompt
from tui.status import Banner, status_lines
from tui.time_bar import time_line
from tui.timeline import Timeline
from tui.typed_line import completion, offers
from tui.watching import refused

_ROOM_TO_SAY_WHY = 3
"""Lines of a terminal that is too small for panels, but not for a second line and one to type on."""


class AroundScreen(Screen[None], inherit_bindings=False):
    """Keeps these lines; what stands between them is its kind's."""

    COMPONENT_CLASSES: ClassVar[set[str]] = INKS

    def __init__(self, *, ascii_only: bool, watch: bool) -> None:
        super().__init__()
        self.snapshot: RunSnapshot | None = None
        self.banner = Banner(watch=watch)
        self.status = Flat(ascii_only=ascii_only, id="status")
        self.foot = Flat(ascii_only=ascii_only, id="foot")
        self.time_bar = Flat(ascii_only=ascii_only, id="time-bar")
        self.timeline: Timeline | None = None
        """What the time bar shows; None when it is closed."""
        self.prompt = Prompt(lambda text: completion(text, self._settings))
        self._heights: dict[Flat, int] = {}

    def show(self, snapshot: RunSnapshot | None) -> None:
        """Draw this picture."""
        raise NotImplementedError

    def say(self, banner: Banner) -> None:
        """The console's own words have changed."""
        self.banner = banner
        self.show_lines()

    def show_time(self, timeline: Timeline | None) -> None:
        """Open, close or move the time bar."""
        if timeline == self.timeline:
            return
        opened = (timeline is None) is not (self.timeline is None)
        self.timeline = timeline
        if opened:
            self.time_bar.display = timeline is not None
            self.show(self.snapshot)
        else:
            self.show_lines()

    def show_lines(self) -> None:
        """Draw the status lines, the time bar when it is open, and the two lines below."""
        width = self.size.width
        if not width:
            return
        if self.timeline is not None:
            self.time_bar.put(fill([time_line(self.timeline, width)], Area(width, 1)))
        tiny = is_tiny(width, self.size.height)
        above = status_lines(self.snapshot, self.banner, width, 1 if tiny else 3)
        if tiny and self.size.height >= _ROOM_TO_SAY_WHY:
            above.append(too_small(self.banner, width, self.size.height))
        self._give(self.status, len(above))
        self.status.put(fill(above, Area(width, len(above))))
        run = self.snapshot.run if self.snapshot is not None else None
        if self.prompt.display:
            # It stands where the words were. A key would be typed now: what may come next is said instead of keys.
            below = [offers(self.prompt.sign, self.prompt.value, self._settings, width)]
        else:
            below = [view_line(self.snapshot, self.banner, width), key_line(self._keys(run), width)]
        self._give(self.foot, len(below))
        self.foot.put(fill(below, Area(width, len(below))))

    def _give(self, lines: Flat, height: int) -> None:
        """So many lines for it; to say so again would arrange the screen anew."""
        if self._heights.get(lines) != height:
            self._heights[lines] = height
            lines.styles.height = height

    def _keys(self, run: RunFace | None) -> list[tuple[int, str, str]]:
        """Of the commands that may be done here, those with a word in the footer."""
        idle = self.banner.watch or self.banner.ended or self.banner.replay
        return [
            (
                command.footer[0],
                "+/-" if command.name == "more" else keys_of(command).split()[0],
                command.footer[1] + "s" * (command.name == "more"),
            )
            for command in COMMANDS
            if command.footer
            and command.name != "fewer"
            and not (command.acts and (idle or refused(run, command.name)))
        ]

    @property
    def _settings(self) -> dict[str, str]:
        return self.snapshot.run.settings if self.snapshot is not None else {}

    def on_input_changed(self, _: Prompt.Changed) -> None:
        """Another letter: something else may come next."""
        self.show_lines()

    def ask(self, sign: str, text: str) -> None:
        """Open the line to type on."""
        self.prompt.ask(sign, text)
        self.show_lines()
