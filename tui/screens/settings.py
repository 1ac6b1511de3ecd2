"""Settings of a running run: now and new side by side, and what would change, before it does."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.lines import Area, Ink, fill, line
from tui.panel import Inked

_NAME = 40


class SettingsScreen(ModalScreen[dict[str, str]]):
    """Settings that may change, and below them the platform's flags, which may not while it runs.

    Answers the settings that are to have another value; None when it was left.
    """

    DEFAULT_CSS = "SettingsScreen #flags { background: $ink-raised; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False, priority=True),
        Binding("up", "app.focus_previous", "up", show=False),
        Binding("down", "app.focus_next", "down", show=False),
    ]

    def __init__(
        self, settings: dict[str, str], *, flags: dict[str, str] | None = None, ascii_only: bool = False
    ) -> None:
        super().__init__()
        self.flags = flags or {}
        self.settings = settings
        self.ascii_only = ascii_only

    def compose(self) -> ComposeResult:
        """A line a setting, then what would change."""
        with VerticalScroll(id="settings") as box:
            box.border_title = " settings "
            box.can_focus = False
            for place, (key, value) in enumerate(self.settings.items()):
                with Horizontal(classes="setting"):
                    name = Inked(ascii_only=self.ascii_only, name=key)
                    name.add_class("setting-name")
                    yield name
                    yield Input(value, name=key, id=f"setting-{place}", compact=True)
            yield Inked(ascii_only=self.ascii_only, id="differences")
            if self.flags:
                yield Inked(ascii_only=self.ascii_only, id="flags")

    def on_mount(self) -> None:
        """Names, and the first setting to change."""
        for name in self.query(".setting-name").results(Inked):
            key = name.name or ""
            name.put(fill([line((f" {key}", Ink.TEXT), (f"  now {self.settings[key]}", Ink.MUTED))], Area(_NAME, 1)))
        self._say()
        if self.flags:
            head = line((" flags of the platform, fixed for this run", Ink.TITLE))
            rows = [
                line((f" {name:<{_NAME - 4}} ", Ink.MUTED), (value, Ink.TEXT)) for name, value in self.flags.items()
            ]
            box = self.query_one("#flags", Inked)
            box.styles.height = len(rows) + 1
            box.put(fill([head, *rows], Area(70, len(rows) + 1)))
        if self.settings:
            self.query(Input).first().focus()

    @property
    def differences(self) -> dict[str, str]:
        """The settings whose new value is not the one they have."""
        typed = {box.name or "": box.value.strip() for box in self.query(Input)}
        return {key: value for key, value in typed.items() if value != self.settings[key]}

    def _say(self) -> None:
        changes = [
            line((f" {key}  ", Ink.TEXT), (self.settings[key], Ink.MUTED), " -> ", (value or "(empty)", Ink.ACCENT))
            for key, value in self.differences.items()
        ]
        if not self.settings:
            changes = [line((" this run has nothing that may change while it goes on", Ink.MUTED))]
        hint = " enter applies, esc leaves" if self.differences else " change a value; up and down move; esc leaves"
        box = self.query_one("#differences", Inked)
        box.styles.height = len(changes) + 2
        box.put(fill([line(""), *changes, line((hint, Ink.MUTED))], Area(70, len(changes) + 2)))

    def on_input_changed(self, _: Input.Changed) -> None:
        """Say what would change now."""
        self._say()

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """Apply what differs."""
        self.dismiss(self.differences or None)

    def action_leave(self) -> None:
        """Nothing changes."""
        self.dismiss(None)
