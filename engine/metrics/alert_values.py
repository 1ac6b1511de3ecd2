"""What an alert rule can go by: values of two moments of a run, told from its pictures alone.

A picture is what a recording keeps, so a rule judges a recorded run exactly as it would have judged it live.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from engine.model.outcome import Kind, Outcome
from engine.model.sample import Sample
from engine.model.snapshot import RunSnapshot

_MS = 1_000_000
_OVERBOOKED = ("overbooked_slots", "overlapping_assignments")
"""Checks (`queries/verify`) that find two parties at one table, or more guests than a slot takes."""


class StepLook(NamedTuple):
    """One step so far."""

    succeeded: int
    refused: int
    p95_ns: int | None
    latest_max_ns: int | None
    """Greatest length of the last two seconds."""


class Look(msgspec.Struct, frozen=True):
    """What rules need of a picture. Counts are of the whole run; what cannot be told is None."""

    at_ns: int = 0
    attempts: int = 0
    filled: int = 0
    capacity: int = 0
    """Attempts that ended for want of room."""
    faults: int = 0
    """Attempts that ended by a fault, or unknown."""
    unknown: int = 0
    hold_conflicts: int = 0
    zone_locks: int = 0
    retries_exhausted: int | None = 0
    lost: int = 0
    overbooked: int | None = None
    deadlocks: int | None = None
    blocked: int | None = None
    stale_holds: int | None = None
    connections_share: float | None = None
    look_age_ns: int | None = None
    backlog: int = 0
    lag_ns: int = 0
    untold: int = 0
    """Events that the platform's own table was not given, and alerts that no webhook took."""
    steps: dict[str, StepLook] = {}


BEGIN = Look(deadlocks=0)
"""A run before its first attempt."""


def look_of(snapshot: RunSnapshot) -> Look:
    """What the rules need of that picture."""
    run, sample, face = snapshot.run, snapshot.sample, snapshot.alerts
    kinds = dict.fromkeys(Kind, 0)
    for one in snapshot.outcomes:
        # Of a burst a repeated key is wanted, and that it is told so is neither a failure nor a fault.
        if run.plan != "burst" or one.outcome != Outcome.DUPLICATE.word:
            kinds[one.kind] += one.count
    # A look that failed, or that nobody takes any more, says nothing of now.
    present = None if snapshot.sample_trouble or run.state.is_over else sample
    sent = [one for one in (face.webhook, face.platform) if one is not None]
    return Look(
        at_ns=run.elapsed_ns,
        attempts=sum(kinds.values()),
        filled=kinds[Kind.FILLED],
        capacity=kinds[Kind.CAPACITY],
        faults=kinds[Kind.FAULT] + kinds[Kind.UNKNOWN],
        unknown=kinds[Kind.UNKNOWN],
        hold_conflicts=snapshot.conflicts.total,
        zone_locks=snapshot.zone_lock_total,
        retries_exhausted=snapshot.retries_exhausted,
        lost=snapshot.truth.bad,
        overbooked=_overbooked(snapshot.grew),
        deadlocks=None if sample is None else sample.deadlocks,
        # Nor does the part of one that was refused.
        blocked=_blocked(present) if present is not None and present.shows("connections") else None,
        stale_holds=present.stale_count if present is not None and present.shows("stale holds") else None,
        connections_share=_share(present) if present is not None and present.shows("connections") else None,
        look_age_ns=_look_age_ns(snapshot),
        backlog=snapshot.paths.backlog,
        lag_ns=run.lag_p99_ns,
        untold=sum(one.dropped for one in sent),
        steps={
            one.step.value: StepLook(
                one.count, one.refused, one.p95_ns, max((ns for ns in one.series[-2:] if ns is not None), default=None)
            )
            for one in snapshot.steps
        },
    )


def _overbooked(grew: dict[str, int] | None) -> int | None:
    return None if grew is None else sum(grew.get(name, 0) for name in _OVERBOOKED)


def _blocked(sample: Sample) -> int:
    return sum(one.ours + one.others for one in sample.waits if one.wait.startswith("Lock"))


def _share(sample: Sample) -> float:
    return sample.connections / max(1, sample.max_connections)


def _look_age_ns(snapshot: RunSnapshot) -> int | None:
    """How old the last look at the server is; None where nobody looks, or nobody looks any more."""
    if snapshot.run.state.is_over or (snapshot.sample is None and not snapshot.sample_trouble):
        return None
    if not snapshot.run.database:
        # An API alone has no server that could be looked at, so none is gone.
        return None
    return snapshot.run.elapsed_ns - (0 if snapshot.sample is None else snapshot.sample.at_ns)


class Span(NamedTuple):
    """A window of a run: the looks in it, and the last one before it."""

    before: Look
    now: Look
    """The newest in it."""
    looks: Sequence[Look]
    first: int
    """In it are the looks from this place on; copied for the few values that want them all."""
    step: str


class Value(NamedTuple):
    """Something a rule can go by."""

    says: str
    of: Callable[[Span], float | None]
    """None where there is nothing to go by."""
    by_step: bool = False
    counts: Callable[[Span], int] | None = None
    """Of a share, out of how many; of a percentile, of how many. None for what is neither."""
    windowed: bool = True
    """It is of the window; else of the whole run, or of now."""


def _gained(field: str) -> Callable[[Span], float | None]:
    """How much a count grew in the window."""

    def gained(span: Span) -> float | None:
        then, now = getattr(span.before, field), getattr(span.now, field)
        return None if now is None else float(now - (then or 0))

    return gained


def _present(field: str, scale: float = 1.0) -> Callable[[Span], float | None]:
    """A level as it stands."""

    def present(span: Span) -> float | None:
        now = getattr(span.now, field)
        return None if now is None else now / scale

    return present


def _attempts(span: Span) -> int:
    return span.now.attempts - span.before.attempts


def _with_room(span: Span) -> int:
    return _attempts(span) - (span.now.capacity - span.before.capacity)


def _rate(of: Callable[[Span], int]) -> Callable[[Span], float | None]:
    def rate(span: Span) -> float | None:
        count = of(span)
        return (span.now.filled - span.before.filled) / count if count > 0 else None

    return rate


def _asked(span: Span) -> int:
    now, then = span.now.steps.get(span.step), span.before.steps.get(span.step)
    return 0 if now is None else now.succeeded + now.refused - (then.succeeded + then.refused if then else 0)


def _refused_rate(span: Span) -> float | None:
    now, then, count = span.now.steps.get(span.step), span.before.steps.get(span.step), _asked(span)
    return (now.refused - (then.refused if then else 0)) / count if now is not None and count > 0 else None


def _conflict_rate(span: Span) -> float | None:
    count = _attempts(span)
    return (span.now.hold_conflicts - span.before.hold_conflicts) / count if count > 0 else None


def _succeeded(span: Span) -> int:
    now = span.now.steps.get(span.step)
    return 0 if now is None else now.succeeded


def _p95_ms(span: Span) -> float | None:
    now = span.now.steps.get(span.step)
    return None if now is None or now.p95_ns is None else now.p95_ns / _MS


def _slowest_ms(span: Span) -> float | None:
    seen = [one.steps[span.step].latest_max_ns for one in span.looks[span.first :] if span.step in one.steps]
    found = [ns for ns in seen if ns is not None]
    return max(found) / _MS if found else None


VALUES: dict[str, Value] = {
    "success_rate": Value("filled of all attempts", _rate(_attempts), counts=_attempts),
    "success_rate_with_room": Value(
        "filled of the attempts that did not end for want of room", _rate(_with_room), counts=_with_room
    ),
    "refused_rate": Value("refusals of a step, of all its answers", _refused_rate, by_step=True, counts=_asked),
    "hold_conflicts": Value("hold conflicts, each try counted", _gained("hold_conflicts")),
    "hold_conflict_rate": Value("hold conflicts, each try counted, for each attempt", _conflict_rate, counts=_attempts),
    "zone_locks": Value("zone-lock failures, each try counted", _gained("zone_locks")),
    "retries_exhausted": Value("attempts that every retry failed", _gained("retries_exhausted")),
    "attempt_errors": Value("attempts that ended by a fault, or unknown", _gained("faults")),
    "unknown": Value("attempts of which nobody knows what became", _gained("unknown")),
    "deadlocks": Value("deadlocks of the database", _gained("deadlocks")),
    "untold": Value("events or alerts that were not taken where they were sent", _gained("untold")),
    "lost_bookings": Value("acknowledged bookings that are lost, torn or altered", _present("lost"), windowed=False),
    "overbooked": Value("rows by which the overbooking checks grew", _present("overbooked"), windowed=False),
    "stale_holds": Value("holds past their expiry that still block", _present("stale_holds"), windowed=False),
    "blocked": Value("backends that wait for a lock", _present("blocked"), windowed=False),
    "backlog": Value("bookings submitted and not decided", _present("backlog"), windowed=False),
    "connections_share": Value("connections taken, of all", _present("connections_share"), windowed=False),
    "look_age_s": Value("age of the last look at the server", _present("look_age_ns", 1e9), windowed=False),
    "lag_p99_ms": Value("lateness of the engine's own loop", _present("lag_ns", _MS), windowed=False),
    "p95_ms": Value(
        "95th percentile of a step's successes, whole run", _p95_ms, by_step=True, counts=_succeeded, windowed=False
    ),
    "slowest_ms": Value("longest success of a step", _slowest_ms, by_step=True),
}
"""Everything a rule can go by; a value of a step is written `p95_ms.confirm`."""
