"""Events: everything a run says about itself. Journal, tally, console and tests read the same ones."""

from typing import TypeAlias
from uuid import UUID

import msgspec

from engine.model.alert import Severity
from engine.model.floor import Window
from engine.model.ids import Ids
from engine.model.ledger import Entry
from engine.model.outcome import Certainty, Kind, Refusal
from engine.model.path import Path
from engine.model.round import ClientLoad, Round
from engine.model.run_state import RunState, WorkerState
from engine.model.step import Step
from engine.model.turn import Turn, TurnEnd
from engine.model.waits import Waits


class RunPlanned(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """A leg begins: the turns there are and how many attempts they allow at most. The first event of a run."""

    at_ns: int
    ids: Ids
    turns: tuple[Turn, ...]
    most_attempts: int
    concurrency: int
    repeat: int = 1
    """Which repeat of the plan this leg is, from 1."""
    number: int = 1
    """Which pass of the repeat this leg is, from 1."""
    round: Round | None = None
    """Of a sweep: the terms of the repeat that it is a pass of."""


class Intended(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """A write is about to be sent, COMMIT too; in the journal before it leaves."""

    at_ns: int
    ids: Ids
    key: str
    booking_id: UUID
    tables: tuple[str, ...] = ()
    """Table numbers it wants; none for submit."""
    hold_id: UUID | None = None
    strategy: str = ""
    """The strategy that found the tables; empty for the default one."""
    xid: int | None = None
    """COMMIT's transaction: what became of it can be asked even when nobody lives to hear the answer."""


class Refused(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """A step was told no. Overcome or not is for `AttemptEnded` to say."""

    at_ns: int
    ids: Ids
    refusal: Refusal
    outcome: str
    """The word of the outcome its proof classifies to."""
    strategy: str = ""
    """The strategy that found the tables; empty for the default one."""


class StepTook(msgspec.Struct, frozen=True, array_like=True):
    """How long one step of an attempt took, once for each try."""

    step: Step
    attempt_try: int
    """0 for submit and total, which belong to no try."""
    started_ns: int
    took_ns: int
    refused: bool = False


class AttemptEnded(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """An attempt's last word."""

    at_ns: int
    ids: Ids
    due_ns: int
    """When the plan meant it to begin; equals `started_ns` where there is no pace."""
    started_ns: int
    ended_ns: int
    outcome: str
    certainty: Certainty
    booking_id: UUID
    ordinal: int
    tries: int
    steps: tuple[StepTook, ...]
    tables: tuple[str, ...] = ()
    """Table numbers it was given; none unless filled."""
    seats: int = 0
    """Seats of those tables together."""
    party: int = 0
    zone: str | None = None
    xid: int | None = None
    """Transaction id of the confirming transaction, for `pg_xact_status`; None when none was begun."""
    refusal: Refusal | None = None
    """The refusal that decided; None when filled."""
    strategy: str = ""
    """The strategy of its last try; empty for the default one."""
    path: Path | None = None
    """Which way it came to its end; None where quote, hold and confirm are ours."""
    planner_ns: int | None = None
    """How long the platform's own planner took inside the request, as the platform says; neither submit nor waiting."""
    late: bool = False
    """The platform noted an inline timeout, and the booking was confirmed all the same."""
    window: Window | None = None
    """For when the tables were acknowledged; None unless filled, and where the platform does not tell."""
    status: str = ""
    """The booking's status as the platform's success said it; empty for a refusal, and for a success with no rows."""

    @property
    def acknowledged(self) -> bool:
        """Whether the platform said success, by its own contract: COMMIT was acknowledged, rows or no rows."""
        return self.certainty is Certainty.OK

    @property
    def seat_waste(self) -> int:
        """Seats given beyond the party; 0 unless filled."""
        return self.seats - self.party if self.tables else 0


class TurnEnded(msgspec.Struct, frozen=True, tag=True):
    """A turn takes no more attempts."""

    at_ns: int
    ids: Ids
    end: TurnEnd
    attempts: int
    filled: int


class LegEnded(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """A pass or a repeat is over, and what was done before the next one."""

    at_ns: int
    ids: Ids
    attempts: int
    filled: int
    acknowledged: int
    persisted: int | None
    """What the database held of this leg's bookings; None when it could not be read."""
    pending: int | None = None
    """Bookings that still wait for tables; None where the plan makes its own."""
    swept_holds: int | None = None
    """Holds that were swept before the next pass; None when that was not asked for."""
    cleared_zone_locks: int | None = None
    """Zone locks that were cleared before the next pass; None when that was not asked for."""
    load: ClientLoad | None = None
    """How the client itself fared meanwhile; None where nobody measured it."""


class Missed(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """A reading during the run did not have an acknowledged booking as it was acknowledged. Said once a booking."""

    at_ns: int
    """Begin of that reading."""
    ids: Ids
    booking_id: UUID
    entry: Entry
    """Lost, torn or altered, as that reading had it."""
    acknowledged_ns: int
    claimed: tuple[str, ...]
    status: str
    """As that reading had it; empty when the booking was not there."""
    tables: tuple[str, ...]
    cause: str
    """The likeliest cause, by rule."""
    seen_ns: int | None = None
    """Begin of the last reading that had it whole; None when none had."""


class Reconciled(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """A reading during the run ended: what the acknowledged bookings come to so far."""

    at_ns: int
    """Begin of that reading."""
    ids: Ids
    took_ns: int
    acknowledged: int
    checked: int
    """Of them, those that were in one reading at least."""
    persisted: int
    lost: int = 0
    torn: int = 0
    altered: int = 0
    trouble: str = ""
    """Why the reading failed; empty when it did not, and the counts are then those of the last one."""


class WaitsSampled(msgspec.Struct, frozen=True, tag=True):
    """What the backends of a leg waited for so far: each one holds all that the ones of its leg before it held."""

    at_ns: int
    ids: Ids
    waits: Waits


class RunMoved(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """The run came into another state."""

    at_ns: int
    ids: Ids
    state: RunState
    reason: str = ""
    in_flight: int = 0


class WorkerMoved(msgspec.Struct, frozen=True, tag=True):
    """A worker came, rests, leaves or is gone."""

    at_ns: int
    ids: Ids
    state: WorkerState


class Acted(msgspec.Struct, frozen=True, tag=True):
    """An operator did something."""

    at_ns: int
    ids: Ids
    command: str
    who: str
    """Login and terminal, or `engine`."""
    answer: str


class SettingsChanged(msgspec.Struct, frozen=True, tag=True):
    """A setting has another value from now on."""

    at_ns: int
    ids: Ids
    key: str
    old: str
    new: str
    who: str


class DatabaseSampled(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """A look at the server ended; the look itself is in the recording, not in the journal."""

    at_ns: int
    ids: Ids
    took_ns: int
    failed: str = ""
    """Why the look failed; empty when it did not."""


class Noticed(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Something in a database that is only watched is other than at the look before."""

    at_ns: int
    ids: Ids
    word: str
    """What it is about: `lock`, `hold`, `zone`, `connections`, `deadlock`, `server`."""
    text: str
    kind: Kind | None = None
    """None for what is neither good nor bad."""


class AlertRaised(msgspec.Struct, frozen=True, tag=True):
    """A rule's value was past its bound for as long as the rule waits."""

    at_ns: int
    ids: Ids
    rule: str
    severity: Severity
    value: float
    says: str
    """The rule as it is written, with its window."""


class AlertResolved(msgspec.Struct, frozen=True, tag=True):
    """The value of a rule that was raised was fine for as long as the rule waits."""

    at_ns: int
    ids: Ids
    rule: str
    value: float
    raised_ns: int
    says: str


Event: TypeAlias = (
    RunPlanned
    | Intended
    | Refused
    | AttemptEnded
    | TurnEnded
    | LegEnded
    | Missed
    | Reconciled
    | WaitsSampled
    | RunMoved
    | WorkerMoved
    | Acted
    | SettingsChanged
    | DatabaseSampled
    | Noticed
    | AlertRaised
    | AlertResolved
)
"""Whatever a run can say. End a `match` on it with `assert_never`."""
