"""Events as lines of text, made only when somebody looks."""

from collections import deque
from collections.abc import Callable
from typing import assert_never

import msgspec

from engine.model.alert import Severity
from engine.model.event import (
    Acted,
    AlertRaised,
    AlertResolved,
    AttemptEnded,
    DatabaseSampled,
    Event,
    Intended,
    LegEnded,
    Missed,
    Noticed,
    Reconciled,
    Refused,
    RunMoved,
    RunPlanned,
    SettingsChanged,
    TurnEnded,
    WaitsSampled,
    WorkerMoved,
)
from engine.model.ids import Ids, TurnId, worker_name
from engine.model.outcome import OUTCOMES, Kind
from engine.model.run_state import RunState, WorkerState
from engine.model.snapshot import EventLine
from engine.redact import mask_event

MOST = 200
_ALERT_KINDS = {
    Severity.INFO: None,
    Severity.WARNING: Kind.CONTENTION,
    Severity.ERROR: Kind.FAULT,
    Severity.CRITICAL: Kind.FAULT,
}


class EventLines:
    """The last 200 lines. An event that nobody looked at before 200 newer ones came costs nothing but its keeping."""

    def __init__(self, slot_name: Callable[[TurnId | None], str]) -> None:
        self._slot_name = slot_name
        self._fresh: deque[Event] = deque(maxlen=MOST)
        self._lines: deque[EventLine] = deque(maxlen=MOST)

    def take(self, event: Event) -> None:
        """One event that is worth a line."""
        self._fresh.append(event)

    def lines(self) -> tuple[EventLine, ...]:
        """The lines, newest last."""
        while self._fresh:
            line = line_of(self._fresh.popleft(), self._slot_name)
            if line is not None:
                self._lines.append(line)
        return tuple(self._lines)


def line_of(event: Event, slot_name: Callable[[TurnId | None], str]) -> EventLine | None:
    """An event as a line, masked; None for one that says nothing to an operator."""
    made = _line(mask_event(event), slot_name)
    if made is None or event.ids.attempt is None:
        return made
    return msgspec.structs.replace(made, attempt=event.ids.attempt)


def _line(event: Event, slot_name: Callable[[TurnId | None], str]) -> EventLine | None:
    who = "" if event.ids.worker is None else worker_name(event.ids.worker)
    match event:
        case RunPlanned():
            return EventLine(event.at_ns, "run", None, who, _planned(event))
        case LegEnded():
            return EventLine(event.at_ns, "pass", None, who, _leg_ended(event))
        case Intended():
            return None
        case Refused():
            kind = _kind(event.outcome)
            return EventLine(event.at_ns, _label(event.outcome), kind, who, _refused(event, slot_name))
        case AttemptEnded():
            return EventLine(event.at_ns, _label(event.outcome), _kind(event.outcome), who, _ended(event, slot_name))
        case TurnEnded():
            text = f"{slot_name(event.ids.turn)} {event.end}: {event.filled} of {event.attempts} filled"
            return EventLine(event.at_ns, "slot", None, who, text.strip())
        case Missed():
            return EventLine(event.at_ns, event.entry.value, Kind.FAULT, who, _missed(event, slot_name))
        case Reconciled() | WaitsSampled():
            return None
        case RunMoved():
            text = f"{event.state}{f', {event.in_flight} in flight' if event.in_flight else ''}"
            crashed = Kind.FAULT if event.state is RunState.CRASHED else None
            return EventLine(event.at_ns, "run", crashed, who, f"{text}: {event.reason}" if event.reason else text)
        case WorkerMoved():
            came = event.state in (WorkerState.WORKING, WorkerState.DUE)
            return EventLine(event.at_ns, "worker", None, who, "came" if came else event.state.value)
        case Acted():
            return EventLine(event.at_ns, "operator", None, event.who, f"{event.command}: {event.answer}")
        case SettingsChanged():
            return EventLine(event.at_ns, "setting", None, event.who, f"{event.key}: {event.old} → {event.new}")
        case DatabaseSampled():
            if not event.failed:
                return None
            return EventLine(event.at_ns, "database", Kind.FAULT, who, f"the look failed: {event.failed}")
        case Noticed():
            return EventLine(event.at_ns, event.word, event.kind, who, event.text)
        case AlertRaised():
            text = f"{event.rule}: {event.severity}, {event.value:.4g} where {event.says}"
            return EventLine(event.at_ns, "alert", _ALERT_KINDS[event.severity], who, text)
        case AlertResolved():
            after_s = (event.at_ns - event.raised_ns) / 1e9
            text = f"{event.rule}: after {after_s:.0f} s, {event.value:.4g} where {event.says}"
            return EventLine(event.at_ns, "resolved", None, who, text)
        case _:
            assert_never(event)


def _planned(event: RunPlanned) -> str:
    what = "bookings" if event.turns and event.turns[0].booking_id else "slots"
    leg = f"repeat {event.repeat}, " if event.repeat > 1 else ""
    if event.round is not None:
        leg = f"round {event.round.number} of {event.round.of} ({event.round.label}), "
    leg += f"pass {event.number}: " if event.number > 1 or leg else ""
    return f"{leg}{len(event.turns)} {what}, at most {event.most_attempts} attempts, {event.concurrency} workers"


def _leg_ended(event: LegEnded) -> str:
    there = "unread" if event.persisted is None else str(event.persisted)
    parts = [f"{event.attempts} attempts, {event.acknowledged} confirmed, {there} there"]
    if event.pending is not None:
        parts.append(f"{event.pending} pending")
    if event.swept_holds is not None:
        parts.append(f"{event.swept_holds} holds swept")
    if event.cleared_zone_locks is not None:
        parts.append(f"{event.cleared_zone_locks} zone locks cleared")
    return ", ".join(parts)


def _refused(event: Refused, slot_name: Callable[[TurnId | None], str]) -> str:
    told = event.refusal
    tables = f" {'+'.join(told.tables)}" if told.tables else ""
    held_by = f", held by {told.held_by}" if told.held_by else ""
    by = f" ({event.strategy})" if event.strategy else ""
    return f"{_where(event.ids, slot_name)} {told.step.value}{by}{tables}{held_by}: {told.message}".strip()


def _ended(event: AttemptEnded, slot_name: Callable[[TurnId | None], str]) -> str:
    where = _where(event.ids, slot_name)
    tries = f" after {event.tries} {'tries' if event.tries != 1 else 'try'}" if event.tries else ""
    if event.path is not None:
        tries = f", {event.path.label}{', late' if event.late else ''}"
    if event.tables:
        zone = f" in {event.zone}" if event.zone else ""
        return f"{where} party {event.party} at {'+'.join(event.tables)}{zone}{tries}".strip()
    why = f": {event.refusal.message}" if event.refusal is not None else ""
    return f"{where} ends{tries}{why}".strip()


def _missed(event: Missed, slot_name: Callable[[TurnId | None], str]) -> str:
    there = f"{event.status or 'gone'}{' at ' + '+'.join(event.tables) if event.tables else ''}"
    after_ms = (event.at_ns - event.acknowledged_ns) / 1e6
    claimed = f" at {'+'.join(event.claimed)}" if event.claimed else ""
    where = _where(event.ids, slot_name)
    return f"{where} claimed{claimed}, {there} {after_ms:.0f} ms after commit: {event.cause}".strip()


def _where(ids: Ids, slot_name: Callable[[TurnId | None], str]) -> str:
    number = "" if ids.attempt is None else f"#{ids.attempt}"
    return f"{number} {slot_name(ids.turn)}".strip()


def _label(outcome: str) -> str:
    known = OUTCOMES.get(outcome)
    return outcome if known is None else known.label


def _kind(outcome: str) -> Kind:
    known = OUTCOMES.get(outcome)
    return Kind.UNKNOWN if known is None else known.kind
