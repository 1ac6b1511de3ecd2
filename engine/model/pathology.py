"""What a fault is: a known pathology that can be switched on, what it is given, and where it shows."""

from enum import StrEnum

import msgspec

from engine.model.step import Step


class Where(StrEnum):
    """Where a fault shows."""

    OUTCOME = "outcome"
    """Attempts end with this outcome."""
    REFUSAL = "refusal"
    """A step is refused with this outcome; another candidate may still be filled."""
    INTEGRITY = "integrity"
    """This integrity check names rows."""
    LEDGER = "ledger"
    """Reconciliation of what was acknowledged with what is there finds this class."""
    WAIT = "wait"
    """Sessions wait for this: wait event type and wait event of pg_stat_activity."""


class Shown(msgspec.Struct, frozen=True, omit_defaults=True):
    """One place where a fault shows."""

    where: Where
    what: str
    """Word of the outcome, name of the check, class of the ledger, or `Lock:tuple`."""
    step: Step | None = None
    """The step that is refused."""
    sqlstate: str | None = None


class Takes(StrEnum):
    """What a fault's value means."""

    NOTHING = "nothing"
    SHARE = "share"
    """Which part of the bookings or tables it meets, above 0 and up to 1; chosen by id and seed."""
    MINUTES = "minutes"
    MILLISECONDS = "milliseconds"
    STEP_MILLISECONDS = "step and milliseconds"
    """`[submit|hold|confirm|commit:]MS`."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One pathology. Its SQL is `queries/platform/faults/<name>_on.sql` and `_off.sql`, dashes as underscores."""

    name: str
    symptom: str
    cause: str
    pathology: str = ""
    """Number in the list of what breaks in practice (A concurrency, B state left behind, D planning, E load)."""
    takes: Takes = Takes.NOTHING
    default: str = ""
    """The value when none is given."""
    value: str = ""
    """What the value means, with its default."""
    shows: tuple[Shown, ...]
    session: dict[str, str] = {}
    """Settings that every session of the run has while it is on."""
    rules: dict[str, bool] = {}
    """Fields of `Rules` that it sets."""
    reloads_floor: bool = False
    """Whether floors that were read before it was switched, on or off, are out of date."""
