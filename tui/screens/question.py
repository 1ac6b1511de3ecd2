"""A question before something is done: what it would touch, and the keys that answer."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from engine.model.snapshot import RunSnapshot
from tui.lines import Area, Ink, Line, line
from tui.screens.rows import folded
from tui.screens.sheet import Sheet

Touched = Callable[[RunSnapshot | None], Sequence[str]]
"""What would be touched, said anew of every picture while the question is open."""


class QuestionScreen(Sheet[str]):
    """Answers the key that was pressed, of those it gives; None when it was left."""

    MOST_WIDTH = 90
    BINDINGS: ClassVar[list[BindingType]] = [Binding("n", "leave", "no", show=False)]

    def __init__(
        self,
        title: str,
        touched: Touched,
        answers: dict[str, str],
        snapshot: RunSnapshot | None,
        *,
        ascii_only: bool = False,
    ) -> None:
        """`answers`: what each key does, in words; the first is the usual yes."""
        super().__init__(snapshot, ascii_only=ascii_only)
        self.answers = answers
        self._title = title
        self._touched = touched
        for key in answers:
            self._bindings.bind(key, f"answer('{key}')", show=False)

    def title_words(self) -> str:
        """What would be done."""
        return f" {self._title} "

    def draw(self, area: Area) -> list[Line]:
        """What it touches, and how to answer."""
        touched = [line("  ", (said, Ink.TEXT)) for said in self._touched(self.snapshot)]
        answers = [line((f"  {key}  ", Ink.ACCENT), words) for key, words in self.answers.items()]
        leave = line(("  n", Ink.ACCENT), " or ", ("esc", Ink.ACCENT), "  leaves it alone")
        return [part for one in [*touched, line(""), *answers, leave] for part in folded(one, area.width)]

    def action_answer(self, key: str) -> None:
        """That key was pressed."""
        self.dismiss(key)
