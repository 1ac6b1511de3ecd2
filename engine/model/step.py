"""The steps of an attempt, each timed on its own."""

from enum import StrEnum


class Step(StrEnum):
    """One step of an attempt. A target shows those it has."""

    SUBMIT = "submit"
    QUOTE = "quote"
    HOLD = "hold"
    CONFIRM = "confirm"
    COMMIT = "commit"
    INLINE_WAIT = "inline_wait"
    BACKGROUND_WAIT = "background_wait"
    TOTAL = "total"
