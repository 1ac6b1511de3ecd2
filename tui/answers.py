"""The terminal's answers, taken out of what is typed: Textual's parser would take half of a late one for keys."""

import re

_ANSWER = re.compile(r"\x1b\[\d+;\d+R")
_BEGUN = re.compile(r"\x1b(\[(\d+(;\d*)?)?)?$")
_PATIENCE_NS = 1_000_000_000
_ESCAPE_NS = 150_000_000
"""An escape alone is most likely a key: it is held back only while an answer is expected, and only so long."""


class Answers:
    """Parts the answers to CSI 6n from everything else that comes from a terminal."""

    def __init__(self) -> None:
        self._held = ""
        self._held_ns = 0

    def take(self, text: str, now_ns: int, *, expected: bool) -> tuple[str, int]:
        """Take what came, possibly nothing. Returns what is for others, and how many answers were in it.

        The beginning of an answer is held back until the rest of it comes, or has not come for too long.
        """
        if not text and not self._held:
            return "", 0
        was_held, whole = self._held, self._held + text
        rest, count = _ANSWER.subn("", whole) if expected else (whole, 0)
        self._held = ""
        begun = _BEGUN.search(rest) if expected else None
        if begun is not None:
            if text or not was_held:
                self._held_ns = now_ns
            patience_ns = _ESCAPE_NS if begun[0] == "\x1b" else _PATIENCE_NS
            if now_ns - self._held_ns < patience_ns:
                self._held = begun[0]
                rest = rest[: begun.start()]
        return rest, count
