"""Settings of a running run: now and new side by side, and what each new value would do, before it does."""

import textwrap
from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input

from engine.model.command import Answer
from tui.answered import Answered
from tui.inked import Inked, Raised
from tui.lines import Area, Ink, Line, cut, fill, line

_NAME, _KEY, _WIDTH = 40, 18, 70
_AGAIN_S = 0.5
"""Between two looks at what others have set meanwhile."""
Asks = Callable[[dict[str, str]], Awaitable[Answer]]


class SettingsScreen(Answered[Answer]):
    """Every setting that may change while this run goes on, as the engine says them; below them what may not.

    Answers what the engine said once it took the changes; None when the sheet was left, and then nothing has changed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False, priority=True),
        Binding("up", "app.focus_previous", "up", show=False),
        Binding("down", "app.focus_next", "down", show=False),
    ]

    def __init__(
        self,
        now: Callable[[], dict[str, str]],
        judge: Asks,
        apply: Asks,
        *,
        flags: dict[str, str] | None = None,
        ascii_only: bool = False,
    ) -> None:
        """`now` gives the values in force, `judge` asks what others would do, `apply` has them set."""
        super().__init__()
        self.settings = now()
        self.flags = flags or {}
        self.ascii_only = ascii_only
        self.told: dict[str, str] = {}
        """What the engine says of each value that was typed; `!` first where it cannot be used."""
        self.trouble = ""
        self._stale, self._asking, self._sent = False, False, False
        self._now, self._judge, self._apply = now, judge, apply

    def compose(self) -> ComposeResult:
        """Two lines a setting: the value, and what it does; then what would change."""
        with VerticalScroll(id="settings") as box:
            box.border_title = " settings   esc leaves all as it is "
            box.can_focus = False
            for place, (key, value) in enumerate(self.settings.items()):
                with Horizontal(classes="setting"):
                    name = Raised(ascii_only=self.ascii_only, name=key)
                    name.add_class("setting-name")
                    yield name
                    yield Input(value, name=key, id=f"setting-{place}", compact=True)
                told = Raised(ascii_only=self.ascii_only, name=key)
                told.add_class("setting-told")
                yield told
            yield Raised(ascii_only=self.ascii_only, id="differences")
            if self.flags:
                yield Raised(ascii_only=self.ascii_only, id="flags")

    async def on_mount(self) -> None:
        """Names, and the first setting to change."""
        if self.flags:
            head = line((" flags of the platform, fixed for this run", Ink.TITLE))
            rows = [
                line((f" {name:<{_NAME - 4}} ", Ink.MUTED), (value, Ink.TEXT)) for name, value in self.flags.items()
            ]
            self._put("#flags", [head, *rows])
        if self.settings:
            self.query(Input).first().focus()
        self._say()
        self.set_interval(_AGAIN_S, self.follow)
        await self._ask()

    def _put(self, where: str | Inked, lines: list[Line]) -> None:
        box = where if isinstance(where, Inked) else self.query_one(where, Inked)
        box.styles.height = max(1, len(lines))
        box.put(fill(lines, Area(_WIDTH, max(1, len(lines)))))

    @property
    def differences(self) -> dict[str, str]:
        """The settings whose new value is not the one they have."""
        typed = {box.name or "": box.value.strip() for box in self.query(Input)}
        return {key: value for key, value in typed.items() if value != self.settings[key]}

    def _say(self) -> None:
        changes = self.differences
        for name in self.query(".setting-name").results(Inked):
            key = name.name or ""
            now = cut(self.settings[key] or "none", _NAME - _KEY - 6)
            sign = "*" if key in changes else " "
            name.put(
                fill([line((f"{sign}{key:<{_KEY}}", Ink.TEXT), (f" now {now}", Ink.MUTED))], Area(_NAME, 1))
            )  # fmt: skip
        for box in self.query(".setting-told").results(Inked):
            key = box.name or ""
            said = self.told.get(key, "")
            ink = Ink.FAULT if said.startswith("!") else Ink.ACCENT if key in changes else Ink.MUTED
            words = textwrap.wrap(said.replace("!", "! ", 1) if said.startswith("!") else said, _WIDTH - 6)
            self._put(box, [line((f"   {part}", ink)) for part in words])
        lines = [_change(key, self.settings[key], value) for key, value in changes.items()]
        if not self.settings:
            lines = [line((" this run has nothing that may change while it goes on", Ink.MUTED))]
        lines += [line((f" {part}", Ink.FAULT)) for part in textwrap.wrap(self.trouble, _WIDTH - 4)]
        hint = " enter applies these, esc leaves" if changes else " type another value; up and down move; esc leaves"
        self._put("#differences", [line(""), *lines, line((hint, Ink.MUTED))])

    async def _keep_asking(self) -> None:
        """Ask again as long as something was typed meanwhile: one question at a time."""
        if self._asking:
            return
        self._asking = True
        try:
            while self._stale and self.is_attached:
                await self._ask()
        finally:
            self._asking = False

    async def _ask(self) -> Answer:
        """Have the engine say what the values that were typed would do."""
        self._stale = False
        typed = {box.name or "": box.value.strip() for box in self.query(Input)}
        answer = await self._judge(typed)
        if not self.is_attached:
            return answer
        if len(answer.lines) == len(typed):
            self.told = dict(zip(typed, answer.lines, strict=True))
        else:
            self.told = {}
        named = any(said.startswith("!") and answer.text == said[1:] for said in self.told.values())
        self.trouble = "" if answer.done or named else answer.text
        self._say()
        return answer

    def follow(self) -> None:
        """Take over what was set elsewhere meanwhile: what nobody has typed over follows it."""
        now = self._now()
        moved = {key: now[key] for key in self.settings if key in now and now[key] != self.settings[key]}
        if not moved:
            return
        for box in self.query(Input):
            key = box.name or ""
            if key in moved and box.value.strip() == self.settings[key]:
                box.value = moved[key]
        self.settings = {**self.settings, **moved}
        self._say()

    def on_input_changed(self, _: Input.Changed) -> None:
        """Say what would change now."""
        self._say()
        self._stale = True
        if not self._asking:
            # The app's, not the sheet's: a question that is cancelled half way costs the console its link.
            self.app.run_worker(self._keep_asking(), name="judge", exit_on_error=True)

    async def on_input_submitted(self, _: Input.Submitted) -> None:
        """Apply what differs, all of it or nothing; what cannot be set keeps the sheet open and says why."""
        if not self.is_open():
            return  # enter was pressed twice
        changes = self.differences
        if not changes:
            self.dismiss(None)
            return
        judged = await self._ask()
        if not self.is_open():
            return  # it was left meanwhile, and nothing is set
        if not judged.done:
            wrong = next((box for box in self.query(Input) if self.told.get(box.name or "", "").startswith("!")), None)
            if wrong is not None:
                wrong.focus()
            return
        self._sent = True
        answer = await self._apply(changes)
        self._sent = False
        if not self.is_open():
            return
        if answer.done:
            self.dismiss(answer)
            return
        self.trouble = answer.text
        self._say()

    def action_leave(self) -> None:
        """Nothing changes; what was sent already is not taken back."""
        self.dismiss(Answer(False, "sent already; what came of it is among the events (v)") if self._sent else None)


def _change(key: str, old: str, new: str) -> Line:
    return line((f" {key}  ", Ink.TEXT), (old or "none", Ink.MUTED), " -> ", (new or "none", Ink.ACCENT))
