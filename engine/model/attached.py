"""Who looks at a run."""

import msgspec


class Attached(msgspec.Struct, frozen=True):
    """One console."""

    number: int
    """Counted from 1 in the order they came; no number is given twice."""
    who: str
    watches: bool = False
    """It only watches: the engine takes no act from it."""
