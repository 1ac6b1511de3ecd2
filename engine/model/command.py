"""What an operator can tell a run, and what it answers."""

from enum import StrEnum

import msgspec


class Verb(StrEnum):
    """Every act on a run. Key, palette, command line and help are fed from here and from `tui/commands.py`."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    """Drain; given twice within 3 s, cancel what is in flight."""
    SET = "set"
    """`key=value`, or `concurrency=+1`; every key of `RunFace.settings`."""
    TRY = "try"
    """As SET, and nothing is changed: whether it could be, and of each value a line what it would do.

    A line that begins with `!` says why that value cannot be used. No act: it is not in the journal."""
    MARK = "mark"
    """Drop a named mark on the timeline."""
    CANCEL_BACKEND = "cancel_backend"
    """pid and the first characters of its query, checked again before anything is sent."""
    TERMINATE_BACKEND = "terminate_backend"
    NEXT_PASS = "next_pass"
    REPAIR = "repair"
    """A kind of `engine/repair/kinds.py`; with `list` behind it nothing is done, and the lines say what would be."""
    ACKNOWLEDGE = "acknowledge"
    """The alerts there are, or those of one rule, have been seen."""
    NOTE = "note"
    """A client did something worth an event: a snapshot was taken, a console came or left."""


class Command(msgspec.Struct, frozen=True):
    """One act."""

    verb: Verb
    arguments: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """What came of a command: one line, and what that is about."""

    done: bool
    text: str
    lines: tuple[str, ...] = ()
    """Row by row, where there are rows."""


class Hello(msgspec.Struct, frozen=True):
    """The first thing an engine says to a client."""

    protocol: int
    engine: str
    """slotfill's version."""
    schema: int
    run_id: str
    folder: str
    """The run's folder."""
    number: int = 0
    """Which console the client is; 0 for one that has not said who it is."""
