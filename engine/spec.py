"""What a client hands to an engine process, and what the engine says when it stands or does not."""

import msgspec

from engine.config import Settings


class Spec(msgspec.Struct, frozen=True):
    """One run to be made."""

    settings: Settings
    plan: str
    who: str
    """Login and terminal of who started it."""
    fresh: bool = True
    """A fresh database from the seeded template; else that of the last run."""
    said: str | None = None
    """What the user said beforehand: empty for yes to a local target, a name for that database; None for nothing."""
    fallback: bool = False
    """The local address may be used when the real one cannot be reached."""
    continues: str = ""
    """Id of the run that this one goes on with, in its database; empty for a run of its own."""
    sweep: bool = False
    """The plan is run at every level of `settings.sweep`, and not at one concurrency."""

    database: str = ""
    """Of a watch on the embedded cluster: the database that is looked at."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The engine stands and the run begins."""

    run_id: str
    folder: str
    socket: str
    pid: int


class NotReady(msgspec.Struct, frozen=True, tag="not_ready"):
    """The run was not begun; one sentence and the exit code that goes with it."""

    text: str
    exit_code: int
