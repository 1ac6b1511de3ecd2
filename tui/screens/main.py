"""The console's screen: panels between the lines around them. It arranges and forwards; it computes nothing."""

from typing import ClassVar

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.containers import Container

from engine.clock import Clock
from engine.model.snapshot import RunSnapshot
from tui.layout import PRESETS, arrange, is_tiny
from tui.panel import Panel
from tui.panels.registry import BY_NAME, PANELS
from tui.panels.steps import StepsPanel
from tui.panels.sweep import SweepPanel, is_sweep
from tui.panels.workers import WorkersPanel
from tui.screens.around import AroundScreen
from tui.sieve import Sieve
from tui.view import View
from tui.watching import PRESET as WATCH_PRESET

_HOLD_NS = 2_000_000_000


class MainScreen(AroundScreen, inherit_bindings=False):
    """Shows one run. Textual's own keys of a screen are left out: tab and ctrl+c are commands of ours."""

    AUTO_FOCUS: ClassVar[str | None] = None

    def __init__(self, clock: Clock, *, ascii_only: bool, watch: bool) -> None:
        super().__init__(ascii_only=ascii_only, watch=watch)
        self.view = View(ascii=ascii_only)
        self._clock = clock
        self._held_until_ns = 0
        self._alone = ""
        self._before = "workers"
        """The panel that had the keys before one was alone."""
        self._hidden: set[str] = set()
        self._asked: list[str] = []
        self._arranged: object = None
        self.panels = {kind.NAME: kind(ascii_only=ascii_only) for kind in PANELS}
        self.body = Container(id="body")

    def compose(self) -> ComposeResult:
        """Status above, panels between, view and keys below."""
        yield self.status
        with self.body:
            yield from self.panels.values()
        yield self.time_bar
        yield self.prompt
        yield self.foot

    def on_mount(self) -> None:
        """Everything has its place before the first picture."""
        # At once, here and below: a focus that comes later would take the keys from a line that was opened meanwhile.
        self.set_focus(self.panels["workers"])

    def on_resize(self, _: events.Resize) -> None:
        """Another size: arrange again."""
        self._arranged = None
        self.show(self.snapshot)

    # -- drawing ---------------------------------------------------------------------------------------------

    def show(self, snapshot: RunSnapshot | None) -> None:
        """Draw this picture; what did not change costs nothing."""
        if self.snapshot is None and snapshot is not None and snapshot.run.watches:
            self.banner = msgspec.structs.replace(self.banner, preset=WATCH_PRESET)
        elif self.snapshot is None and snapshot is not None and is_sweep(snapshot):
            self.banner = msgspec.structs.replace(self.banner, preset=SweepPanel.NAME)
        self.snapshot = snapshot
        if self.view.order and self._clock.now_ns() > self._held_until_ns:
            self.view = msgspec.structs.replace(self.view, order=())
        self._arrange()
        for name, panel in self.panels.items():
            if panel.display:
                panel.show(snapshot, msgspec.structs.replace(self.view, full=name == self._alone))
        self.show_lines()

    def _arrange(self) -> None:
        """Give every panel its place, when anything that decides it has changed."""
        width, height = self.size.width, self.size.height
        wants = {kind.NAME: kind.want(self.snapshot) for kind in PANELS}
        if self.view.behind is not None:
            wants[StepsPanel.NAME] = StepsPanel.want_with_behind(self.snapshot)
        wanted = (
            width,
            height,
            self._alone,
            tuple(self._asked),
            frozenset(self._hidden),
            self.banner.preset,
            tuple(wants.items()),
            self.timeline is None,
        )
        if not width or wanted == self._arranged:
            return
        self._arranged = wanted
        tiny = is_tiny(width, height)
        self.set_class(tiny, "-tiny")
        room = height - 5 - (self.timeline is not None)
        if tiny:
            boxes = {}
        elif self._alone:
            boxes = arrange(width, room, [self._alone], {self._alone: wants[self._alone]._replace(most=room)})
            boxes = {name: box._replace(x=0, y=0, width=width, height=room) for name, box in boxes.items()}
        else:
            ranked = [*self._asked, *(name for name in PRESETS[self.banner.preset] if name not in self._asked)]
            boxes = arrange(width, room, [name for name in ranked if name not in self._hidden], wants)
        with self.app.batch_update():
            for name, panel in self.panels.items():
                box = boxes.get(name)
                panel.display = box is not None
                if box is not None:
                    panel.styles.offset = (box.x, box.y)
                    panel.styles.width = box.width
                    panel.styles.height = box.height
        if boxes and not (isinstance(self.focused, Panel) and self.focused.display) and not self.prompt.display:
            self.set_focus(self.panels[next(name for name in ("workers", *boxes) if name in boxes)])

    @property
    def shown(self) -> list[Panel]:
        """Panels on the screen, from top to bottom and left to right."""
        return sorted(
            (panel for panel in self.panels.values() if panel.display),
            key=lambda panel: (panel.region.y, panel.region.x),
        )

    @property
    def crumb(self) -> str:
        """Where whatever is opened from here was opened from."""
        return f"run > {self._alone.replace('_', ' ')}" if self._alone else "run"

    @property
    def focused_panel(self) -> Panel | None:
        """The panel that has the keys."""
        return self.focused if isinstance(self.focused, Panel) else None

    # -- what keys do to the view ----------------------------------------------------------------------------

    def show_alone(self, name: str) -> None:
        """One panel on the whole screen; the same key again goes back to where the keys went before."""
        if self._alone == name:
            self._alone = ""
        else:
            if not self._alone:
                self._before = self.focused_panel.NAME if self.focused_panel else "workers"
            self._alone = name
        self.show(self.snapshot)
        back = self.panels[self._before]
        self.set_focus(self.panels[self._alone] if self._alone else back if back.display else self.panels[name])

    def maximise_focused(self) -> None:
        """The focused panel alone, or back."""
        name = self._alone or (self.focused_panel.NAME if self.focused_panel else "workers")
        self.show_alone(name)

    def toggle(self, name: str) -> None:
        """Show a panel, before all others if room is short; or hide it."""
        if self.panels[name].display and not self._alone:
            self._hidden.add(name)
            self._asked = [one for one in self._asked if one != name]
        else:
            self._hidden.discard(name)
            self._asked = [name, *(one for one in self._asked if one != name)]
        self._alone = ""
        self.show(self.snapshot)

    def next_preset(self, name: str = "") -> None:
        """Another layout; toggles begin anew with it."""
        names = list(PRESETS)
        chosen = name if name in PRESETS else names[(names.index(self.banner.preset) + 1) % len(names)]
        self._alone, self._asked, self._hidden = "", [], set()
        self.banner = msgspec.structs.replace(self.banner, preset=chosen)
        self.show(self.snapshot)

    def back(self) -> None:
        """Close the line to type on, where a click has left it open; from one panel to all; else clear the filter."""
        if self.prompt.display:
            self.prompt.display = False
            self.close_prompt()
        elif self._alone:
            self.show_alone(self._alone)
        elif self.view.sieve.terms:
            self.filter_by(Sieve())

    def filter_by(self, sieve: Sieve) -> None:
        """Show only workers that pass."""
        self.view = msgspec.structs.replace(self.view, sieve=sieve, order=())
        self.banner = msgspec.structs.replace(self.banner, sieve=sieve.text)
        self.show(self.snapshot)

    def sort_by(self, key: str) -> None:
        """Another order of the workers."""
        self.view = msgspec.structs.replace(self.view, sort=key, order=())
        self.show(self.snapshot)

    def reverse(self) -> None:
        """The order turned round."""
        self.view = msgspec.structs.replace(self.view, reverse=not self.view.reverse, order=())
        self.show(self.snapshot)

    def hold_order(self) -> None:
        """Keep rows where they are for two seconds, so that a key hits the row it was meant for."""
        self._held_until_ns = self._clock.now_ns() + _HOLD_NS
        if self.snapshot is not None and not self.view.order:
            self.view = msgspec.structs.replace(self.view, order=WorkersPanel.rows(self.snapshot, self.view))

    def move(self, by: int) -> None:
        """Move the cursor of the focused panel."""
        if self.focused_panel is not None:
            self.hold_order()
            self.focused_panel.view = msgspec.structs.replace(self.focused_panel.view, order=self.view.order)
            self.focused_panel.move_cursor(by)

    def move_across(self, by: int) -> None:
        """Move the cursor of the focused panel from column to column."""
        if self.focused_panel is not None:
            self.focused_panel.move_across(by)

    def move_pages(self, by: int) -> None:
        """Move the cursor by what is seen at once."""
        if self.focused_panel is not None:
            self.move(by * self.focused_panel.page)

    def step_focus(self, by: int) -> None:
        """The next panel on the screen."""
        shown = self.shown
        if shown:
            at = shown.index(self.focused_panel) if self.focused_panel in shown else -1
            self.set_focus(shown[(at + by) % len(shown)])

    def close_prompt(self) -> None:
        """Keys go to the panels again."""
        shown = self.shown
        target = next(
            (panel for panel in shown if (self._alone or "workers") == panel.NAME), shown[0] if shown else None
        )
        self.set_focus(target)
        self.show_lines()


def kind_of(panel: Panel) -> type[Panel]:
    """The panel's registered class."""
    return BY_NAME[panel.NAME]
