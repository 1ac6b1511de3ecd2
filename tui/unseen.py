"""What a look could not see, told on the panel that would show it."""

from engine.model.sample import Sample
from engine.model.snapshot import RunSnapshot
from tui.lines import Ink, Line, line

_EVERYWHERE = ("locks", "connections")
_SHOWN_ON: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("zone queues:", ("locks",)),
    ("zone names:", ("locks",)),
    ("lock waits:", ("locks",)),
    ("lock counts:", ("locks",)),
    ("states, waits and queries", ("locks", "connections")),
    ("backends:", ("locks", "connections")),
    ("connections:", ("connections",)),
    ("rates:", ("connections",)),
    ("top statements:", ("connections",)),
    ("texts of statements:", ("connections",)),
    ("looks every", ("connections",)),
    ("live holds:", ("conflicts",)),
    ("stale holds:", ("conflicts",)),
    ("zone-locked bookings:", ("zone_locks",)),
)
"""How a line begins, and whose it is; a line that is not known is shown where most people look."""


def unseen(sample: Sample | None, name: str) -> tuple[str, ...]:
    """The lines that belong to the panel of that name."""
    if sample is None:
        return ()
    return tuple(text for text in sample.missing if name in _panels(text))


def unseen_lines(snapshot: RunSnapshot, name: str) -> list[Line]:
    """The same as lines."""
    return [line((f"  ? {text}", Ink.UNKNOWN)) for text in unseen(snapshot.sample, name)]


def _panels(text: str) -> tuple[str, ...]:
    return next((panels for begin, panels in _SHOWN_ON if text.startswith(begin)), _EVERYWHERE)
