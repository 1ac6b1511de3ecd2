"""The line at the bottom where commands and filters are typed."""

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

_MOST_TYPED = 100
"""Lines of each sign that are brought back."""


class _Completion(Suggester):
    """Completes from a pure function."""

    def __init__(self, complete: Callable[[str], str | None]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        """How what is typed may go on."""
        return self._complete(value)


class Prompt(Input):
    """Hidden until it is asked something."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "cursor_right_or_take", "complete", show=False),
        Binding("escape", "leave", "leave", show=False),
        Binding("up", "recall(-1)", "what was typed before", show=False),
        Binding("down", "recall(1)", "what was typed after it", show=False),
    ]

    class Answered(Message):
        """What was typed, and at which sign."""

        def __init__(self, sign: str, text: str) -> None:
            super().__init__()
            self.sign = sign
            self.text = text

    class Left(Message):
        """Nothing is to be done."""

    def __init__(self, complete: Callable[[str], str | None]) -> None:
        super().__init__(id="prompt", compact=True, select_on_focus=False)
        self._command_completion = _Completion(complete)
        self.sign = ":"
        self._typed: dict[str, list[str]] = {}
        """By sign, oldest first."""
        self._at = 0
        """How far back it stands; 0 for the line that is being typed."""
        self._unsent = ""
        self.display = False

    def ask(self, sign: str, text: str) -> None:
        """Show it: `:` for a command, `/` for a filter."""
        self.sign = sign
        self.suggester = self._command_completion if sign == ":" else None
        self._at = 0
        self.placeholder = "command; tab completes" if sign == ":" else "filter: step:confirm age>1s !zone:main"
        self.value = text
        self.cursor_position = len(text)
        self.display = True
        # At once, not after what waits already: what is typed ahead on a slow link is text, and must not act as keys.
        self.screen.set_focus(self)

    def action_cursor_right_or_take(self) -> None:
        """Take the completion."""
        self.action_end()
        self.action_cursor_right()

    def action_recall(self, by: int) -> None:
        """An earlier line, or a later one again, up to the one that is being typed."""
        typed = self._typed.get(self.sign, [])
        if not self._at:
            self._unsent = self.value
        self._at = max(0, min(len(typed), self._at - by))
        self.value = typed[-self._at] if self._at else self._unsent
        self.cursor_position = len(self.value)

    def action_leave(self) -> None:
        """Away with it."""
        self.display = False
        self.post_message(self.Left())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Pass it on, with its sign."""
        event.stop()
        self.display = False
        typed = self._typed.setdefault(self.sign, [])
        if event.value.strip() and event.value not in typed[-1:]:
            typed.append(event.value)
            del typed[:-_MOST_TYPED]
        self.post_message(self.Answered(self.sign, event.value))
