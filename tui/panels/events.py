"""What happened, newest first."""

import re
from typing import ClassVar

from engine.model.detail import DetailKind
from engine.model.snapshot import EventLine, RunSnapshot
from tui.format import moment
from tui.lines import Area, Ink, Line, Span, ink_of, line
from tui.panel import Panel, Want
from tui.table import Column, choose, row
from tui.view import View
from tui.worker_detail import fact

_COLUMNS = (Column("", 8, right=True), Column("", 8), Column("", 15), Column("", 20, grow=True))
_NARROW = 100
_YEAR = re.compile(r"\b20\d\d-(?=\d\d-\d\d\b)")
"""Left out where a line is short: who held the table stands at its end. The detail has it."""
_SIGNS = {"fault": "!", "unknown": "?"}


def _key(number: int, event: EventLine) -> str:
    # Two events may be of one moment: the number among those of that moment tells them apart.
    return f"event:{event.at_ns}:{event.who}:{number}"


def _keyed(snapshot: RunSnapshot) -> list[tuple[str, EventLine]]:
    seen: dict[tuple[int, str], int] = {}
    keyed = []
    for event in snapshot.events:
        place = (event.at_ns, event.who)
        seen[place] = seen.get(place, 0) + 1
        keyed.append((_key(seen[place], event), event))
    keyed.reverse()
    return keyed


class EventsPanel(Panel):
    """The run's diary."""

    NAME: ClassVar[str] = "events"
    TITLE: ClassVar[str] = "events"
    KEY: ClassVar[str] = "9"
    HELP: ClassVar[str] = (
        "The newest 200 events, time since the run began. `!` is a fault, `?` is not understood. home follows "
        "the newest again after a row was chosen. Enter opens the booking it is about, or shows the whole text."
    )
    ABOVE: ClassVar[int] = 0

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """Three at least; they take what the others leave."""
        return Want(4, 4, 8)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """What is scrolled away."""
        return cls.TITLE + (f", {view.top} newer above" if view.top else "")

    @classmethod
    def rows(cls, snapshot: RunSnapshot, view: View) -> tuple[str, ...]:
        """Every event, newest first."""
        return tuple(key for key, _ in _keyed(snapshot))

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """A line an event."""
        if not snapshot.events:
            return [line(("  nothing has happened yet", Ink.MUTED))]
        chosen = choose(_COLUMNS, area.width)
        cursor = view.cursor if view.focused else ""
        lines = []
        for key, event in _keyed(snapshot)[view.top : view.top + area.height]:
            ink = ink_of(event.kind)
            sign = _SIGNS.get(event.kind or "", "")
            cells = (
                Span(moment(event.at_ns), Ink.MUTED),
                Span(event.who, Ink.TEXT),
                Span(f"{sign} {event.word}".strip(), ink if event.kind else Ink.ACCENT),
                Span(_YEAR.sub("", event.text) if area.width < _NARROW else event.text, Ink.TEXT),
            )
            lines.append(row(chosen, cells, key, cursor))
        return lines

    @classmethod
    def asks(cls, snapshot: RunSnapshot, row: str) -> tuple[DetailKind, str] | None:
        """The booking of the attempt that the event is about."""
        event = next((event for key, event in _keyed(snapshot) if key == row), None)
        return (DetailKind.BOOKING, f"#{event.attempt}") if event is not None and event.attempt else None

    @classmethod
    def detail(cls, snapshot: RunSnapshot, row: str) -> tuple[str, list[Line]] | None:
        """The event's whole text."""
        event = next((event for key, event in _keyed(snapshot) if key == row), None)
        if event is None:
            return None
        return event.word, [
            fact("at", moment(event.at_ns)),
            fact("who", event.who),
            fact("kind", event.kind.value if event.kind else "", ink_of(event.kind)),
            line(""),
            line(f"  {event.text}"),
        ]
