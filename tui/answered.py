"""A screen that lies over others and is answered once."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Answered(ModalScreen[Answer]):
    """Its first answer counts."""

    def is_open(self) -> bool:
        """Whether nobody has answered or left it yet."""
        return self in self.app.screen_stack

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Answer it. Whatever comes after that is dropped.

        Textual would tell the asker again, and take away the screen below: two keys in one packet leave none.
        """
        return super().dismiss(result) if self.is_current else AwaitComplete()
