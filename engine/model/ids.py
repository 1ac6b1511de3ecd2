"""The ids every event carries: run, leg, turn, attempt, try, step."""

from typing import NewType

import msgspec

from engine.model.step import Step

RunId = NewType("RunId", str)
WorkerId = NewType("WorkerId", int)
TurnId = NewType("TurnId", int)
AttemptId = NewType("AttemptId", int)

SCHEMA_VERSION = 1
"""Version of every file a run writes and of the link's messages. Raised when an old reader would misread a new file."""


class Ids(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where in a run something happened; what does not apply is left out."""

    run: RunId
    leg: int = 0
    worker: WorkerId | None = None
    turn: TurnId | None = None
    attempt: AttemptId | None = None
    """Counted from 1 over the whole run, in the order attempts began."""
    attempt_try: int | None = None
    """Counted from 1 within the attempt; one candidate set of tables each."""
    step: Step | None = None


def worker_name(worker: WorkerId | int) -> str:
    """The worker's name on screens and in `application_name`: `w07`."""
    return f"w{worker:02d}"


def attempt_key(run: RunId, attempt: AttemptId | int) -> str:
    """The idempotency key of an attempt: `sf-<run>-<n>`."""
    return f"sf-{run}-{attempt}"
