"""What an attempt's last word can be, and the proof that classifies a refusal to it."""

import re
from enum import Enum, StrEnum
from typing import NamedTuple

import msgspec

from engine.model.step import Step


class Kind(StrEnum):
    """Of what sort an outcome is; decides its colour and its letter."""

    FILLED = "filled"
    CONTENTION = "contention"
    CAPACITY = "capacity"
    FAULT = "fault"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    """Whether the attempt took effect, as Jepsen's checkers reason: what is not positively understood is info."""

    OK = "ok"
    """COMMIT was acknowledged."""
    FAIL = "fail"
    """It provably had no effect."""
    INFO = "info"
    """It may or may not have happened."""
    SKIPPED = "skipped"
    """It was never sent."""


class Phase(StrEnum):
    """How far a request had come when it was refused; decides certainty, never the message alone."""

    BEFORE_SEND = "before_send"
    ANSWERED = "answered"
    """The server answered with an error, at a statement or at COMMIT: it had no effect."""
    IN_DOUBT = "in_doubt"
    """A write that commits by itself was sent and no answer came."""
    UNCOMMITTED = "uncommitted"
    """No answer came, and COMMIT had not been sent: the server rolls back."""
    PLANNED = "planned"
    """Nothing was sent: the planner itself said no."""


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a step was told, unjudged."""

    step: Step
    phase: Phase
    message: str
    sqlstate: str | None = None
    constraint: str | None = None
    detail: str | None = None
    exception: str | None = None
    """Type of the client's exception, where the server sent no code."""
    tables: tuple[str, ...] = ()
    """Table numbers it was about, as far as the proof names them; else those that were tried."""
    timer: str | None = None
    """Who set the timer that fired, as 57014 and a timeout have several fathers: `client step`, `statement_timeout`."""
    held_by: str | None = None
    """Who held what was wanted, as far as the engine knows: `w03 #17`, `not ours`."""


class Proof(NamedTuple):
    """One pattern that classifies a refusal. None matches anything; `message` is searched, ignoring case."""

    sqlstate: str | None = None
    constraint: str | None = None
    message: str | None = None
    step: Step | None = None
    phase: Phase | None = None
    exception: str | None = None

    def matches(self, refusal: Refusal) -> bool:
        """Whether every pattern that is given fits."""
        return (
            (self.sqlstate is None or self.sqlstate == refusal.sqlstate)
            and (self.constraint is None or self.constraint == refusal.constraint)
            and (self.step is None or self.step == refusal.step)
            and (self.phase is None or self.phase == refusal.phase)
            and (self.exception is None or self.exception == refusal.exception)
            and (self.message is None or re.search(self.message, refusal.message, re.IGNORECASE) is not None)
        )


class _Row(NamedTuple):
    word: str
    label: str
    kind: Kind
    proofs: tuple[Proof, ...] = ()


class Outcome(Enum):
    """An attempt's last word. A new failure class is one row here; rows are tried in order."""

    FILLED = _Row("filled", "filled", Kind.FILLED)
    HOLD_CONFLICT = _Row(
        "hold_conflict",
        "hold conflict",
        Kind.CONTENTION,
        (
            Proof(sqlstate="23P01", constraint="thw_no_overlap"),
            Proof(sqlstate="23P01", constraint="table_hold_windows_no_overlap"),
            Proof(sqlstate="22023", message=r"unrecognized format\(\) type specifier"),
            Proof(sqlstate="P0001", message=r"hold conflict prevents assignment"),
            Proof(message=r"hold conflicts prevented all candidates"),
        ),
    )
    ZONE_LOCK = _Row(
        "zone_lock",
        "zone lock",
        Kind.CONTENTION,
        (
            Proof(sqlstate="23514", message=r"locked to zone"),
            Proof(sqlstate="23514", message=r"already has assignments in a different zone"),
        ),
    )
    OVERLAP = _Row(
        "overlap",
        "overlap",
        Kind.CONTENTION,
        (
            Proof(sqlstate="23P01", constraint="no_overlapping_table_assignments"),
            Proof(sqlstate="23P01", constraint="bta_no_overlap"),
            Proof(sqlstate="23P01", constraint="allocations_no_overlap"),
            Proof(sqlstate="P0001", message=r"allocations_no_overlap"),
            Proof(sqlstate="23P01"),
        ),
    )
    ADJACENCY = _Row(
        "adjacency",
        "adjacency",
        Kind.CAPACITY,
        (
            Proof(sqlstate="23514", message=r"is not adjacent to the selected set"),
            Proof(sqlstate="P0003", message=r"adjacency snapshot changed"),
        ),
    )
    NOT_MOVABLE = _Row(
        "not_movable",
        "not movable",
        Kind.CAPACITY,
        (Proof(sqlstate="23514", message=r"merged assignments require movable tables"),),
    )
    CAPACITY = _Row(
        "capacity",
        "no capacity",
        Kind.CAPACITY,
        (
            Proof(phase=Phase.PLANNED, message=r"insufficient (global|filtered) capacity"),
            Proof(phase=Phase.PLANNED, message=r"no tables (available|meet)|no suitable tables"),
            Proof(message=r"capacity_exceeded"),
        ),
    )
    OUTSIDE_HOURS = _Row(
        "outside_hours",
        "outside hours",
        Kind.CAPACITY,
        (
            Proof(message=r"no service window matches|would overrun|restaurant is closed|outside operating hours"),
            Proof(message=r"extends beyond closing hours|BOOKING_OUTSIDE_OPERATING_HOURS"),
            Proof(message=r"OPERATING_HOURS_CLOSED|BOOKING_IN_PAST"),
        ),
    )
    SERIALIZATION = _Row("serialization", "serialization", Kind.CONTENTION, (Proof(sqlstate="40001"),))
    DEADLOCK = _Row("deadlock", "deadlock", Kind.CONTENTION, (Proof(sqlstate="40P01"),))
    LOCK_TIMEOUT = _Row("lock_timeout", "lock timeout", Kind.CONTENTION, (Proof(sqlstate="55P03"),))
    INLINE_TIMEOUT = _Row("inline_timeout", "inline timeout", Kind.FAULT, (Proof(message=r"INLINE_TIMEOUT"),))
    TIMEOUT = _Row(
        "timeout",
        "timeout",
        Kind.FAULT,
        (
            Proof(sqlstate="57014"),
            Proof(exception="TimeoutError"),
            Proof(exception="ReadTimeout"),
            Proof(exception="WriteTimeout"),
            Proof(exception="ConnectTimeout"),
            Proof(message=r"^HTTP (408|499|504)"),
        ),
    )
    POOL_EXHAUSTED = _Row(
        "pool_exhausted",
        "pool exhausted",
        Kind.FAULT,
        (
            Proof(sqlstate="53300"),
            Proof(exception="PoolTimeout"),
            # An API that takes no more in this minute has no room left either.
            Proof(message=r"^HTTP 429|\(HTTP 429\)"),
        ),
    )
    CONNECTION = _Row(
        "connection",
        "connection",
        Kind.FAULT,
        (
            Proof(sqlstate="08003"),
            Proof(sqlstate="08006"),
            Proof(sqlstate="08001"),
            Proof(sqlstate="57P01"),
            Proof(sqlstate="57P02"),
            Proof(sqlstate="57P03"),
            Proof(exception="InternalClientError"),
            Proof(exception="ConnectError"),
            Proof(exception="ReadError"),
            Proof(exception="WriteError"),
            Proof(exception="RemoteProtocolError"),
            Proof(exception="ConnectionDoesNotExistError"),
            Proof(exception="ConnectionRefusedError"),
            Proof(exception="ConnectionResetError"),
            Proof(exception="InterfaceError", message=r"connection (is|was) closed|closed in the middle"),
        ),
    )
    IDEMPOTENCY_MISMATCH = _Row(
        "idempotency_mismatch",
        "key mismatch",
        Kind.FAULT,
        (
            Proof(sqlstate="P0003", message=r"idempotency mismatch"),
            Proof(sqlstate="23505", constraint="booking_assignment_idempotency_booking_hash_key"),
        ),
    )
    REPLAY = _Row(
        "replay",
        "ledger replay",
        Kind.FAULT,
        (
            Proof(sqlstate="P0003", message=r"returned no assignments"),
            Proof(message=r"answered success with no assignments"),
        ),
    )
    DUPLICATE = _Row(
        "duplicate",
        "duplicate",
        Kind.FAULT,
        (
            Proof(sqlstate="23505"),
            Proof(sqlstate="P0001", message=r"assignment duplicate"),
            Proof(message=r"duplicate of booking"),
        ),
    )
    PERSISTENCE = _Row(
        "persistence",
        "persistence",
        Kind.FAULT,
        (
            Proof(sqlstate="P0001", message=r"cannot confirm booking"),
            Proof(sqlstate="P0004"),
            Proof(sqlstate="53100"),
            # A hold that is not what it was when it was taken.
            Proof(sqlstate="P0001", message=r"hold .* (expired|belongs to|has no table members)"),
            Proof(sqlstate="P0002", message=r"hold .* not found"),
            Proof(sqlstate="P0003", message=r"policy version changed"),
            # A function of the platform that cannot work: something it names is not there, or means two things.
            Proof(message=r"^HTTP 5\d\d|^HTTP \d+, but its body cannot be read"),
            Proof(message=r"is not in the database|BOOKING_NOT_FOUND"),
            Proof(sqlstate="42883"),
            Proof(sqlstate="42P01"),
            Proof(sqlstate="42703"),
            Proof(sqlstate="42702"),
            Proof(sqlstate="42725"),
            Proof(sqlstate="23502"),
        ),
    )
    UNKNOWN = _Row("unknown", "unknown", Kind.UNKNOWN)

    @property
    def word(self) -> str:
        """The word in files and on the command line."""
        return self.value.word

    @property
    def label(self) -> str:
        """The word on a screen."""
        return self.value.label

    @property
    def kind(self) -> Kind:
        """Of what sort it is."""
        return self.value.kind


OUTCOMES: dict[str, Outcome] = {outcome.word: outcome for outcome in Outcome}
"""Every outcome by its word."""


def classify(refusal: Refusal) -> Outcome:
    """The outcome whose proof fits the refusal; UNKNOWN keeps the raw text in the refusal itself."""
    for outcome in Outcome:
        if any(proof.matches(refusal) for proof in outcome.value.proofs):
            return outcome
    return Outcome.UNKNOWN


def certainty_of(refusal: Refusal) -> Certainty:
    """Whether a refused step may have taken effect, from its phase alone."""
    match refusal.phase:
        case Phase.IN_DOUBT:
            return Certainty.INFO
        case Phase.BEFORE_SEND | Phase.ANSWERED | Phase.UNCOMMITTED | Phase.PLANNED:
            return Certainty.FAIL
