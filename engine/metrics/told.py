"""A run's events as the platform's table of events has them. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from engine.model.alert import Severity
from engine.model.event import (
    Acted,
    AlertRaised,
    AlertResolved,
    AttemptEnded,
    Event,
    Refused,
    RunPlanned,
    SettingsChanged,
)
from engine.model.ids import Ids
from engine.model.outcome import OUTCOMES, Kind, Outcome
from engine.model.step import Step
from engine.model.told import ToldEvent

_CONFLICTS = frozenset({Outcome.HOLD_CONFLICT.word, Outcome.OVERLAP.word})
_SEVERITIES = {
    Kind.FILLED: Severity.INFO,
    Kind.CONTENTION: Severity.WARNING,
    Kind.CAPACITY: Severity.INFO,
    Kind.FAULT: Severity.ERROR,
    Kind.UNKNOWN: Severity.ERROR,
}
WANTED = frozenset({Acted, AlertRaised, AlertResolved, AttemptEnded, Refused, RunPlanned, SettingsChanged})
"""Events there may be something to tell of."""


class Telling:
    """Knows where turns are; makes rows of events, as many as each is worth."""

    def __init__(self, began: datetime, restaurants: Mapping[str, UUID]) -> None:
        self._began = began
        self._restaurants = restaurants
        """Ids by slug."""
        self._slugs: dict[int, str] = {}

    def rows(self, event: Event) -> list[ToldEvent]:
        """What there is to tell of one event, in the order they happened."""
        match event:
            case RunPlanned():
                self._slugs.update((turn.id, turn.restaurant) for turn in event.turns)
                return []
            case AttemptEnded():
                return self._attempt(event)
            case Refused():
                return self._refused(event)
            case Acted():
                if event.who == "engine":
                    return []
                what = {"command": event.command, "who": event.who, "answer": event.answer}
                return [self._row(event, "slotfill.override", Severity.INFO, what)]
            case SettingsChanged():
                what = {"key": event.key, "old": event.old, "new": event.new, "who": event.who}
                return [self._row(event, "slotfill.override", Severity.INFO, what)]
            case AlertRaised():
                return [self._row(event, "slotfill.alert", event.severity, _alert(event))]
            case AlertResolved():
                return [self._row(event, "slotfill.alert", Severity.INFO, {**_alert(event), "resolved": True})]
            case _:
                return []

    def _attempt(self, event: AttemptEnded) -> list[ToldEvent]:
        known = OUTCOMES.get(event.outcome)
        kind = Kind.UNKNOWN if known is None else known.kind
        word = "slotfill.success" if kind is Kind.FILLED else "slotfill.refused"
        what: dict[str, object] = {
            "outcome": event.outcome,
            "certainty": event.certainty.value,
            "party": event.party,
            "tries": event.tries,
            "tookMs": _ms(event.ended_ns - event.started_ns),
        }
        if event.tables:
            what |= {"tables": event.tables, "seats": event.seats}
        if event.strategy:
            what["strategy"] = event.strategy
        found = [self._row(event, word, _SEVERITIES[kind], what, event.booking_id)]
        quotes = [step for step in event.steps if step.step is Step.QUOTE]
        if quotes or event.planner_ns is not None:
            took = [step.took_ns for step in quotes] if event.planner_ns is None else [event.planner_ns]
            quoted = {
                "quotes": len(took),
                "none": sum(step.refused for step in quotes),
                "tookMs": _ms(sum(took)),
                "longestMs": _ms(max(took)),
            }
            found.insert(0, self._row(event, "slotfill.quote", Severity.INFO, quoted, event.booking_id))
        return found

    def _refused(self, event: Refused) -> list[ToldEvent]:
        if event.outcome not in _CONFLICTS:
            return []
        told = event.refusal
        what: dict[str, object] = {"outcome": event.outcome, "step": told.step.value, "tables": told.tables}
        if told.constraint:
            what["constraint"] = told.constraint
        if told.held_by:
            what["heldBy"] = told.held_by
        return [self._row(event, "slotfill.conflict", Severity.WARNING, what)]

    def _row(
        self, event: Event, word: str, severity: Severity, what: Mapping[str, object], booking: UUID | None = None
    ) -> ToldEvent:
        return ToldEvent(
            at=self._began + timedelta(microseconds=event.at_ns // 1000),
            type=word,
            severity=severity.value,
            context=_where(event.ids, what),
            restaurant=self._restaurants.get(self._slugs.get(event.ids.turn or 0, "")),
            booking=booking,
        )


def _where(ids: Ids, what: Mapping[str, object]) -> dict[str, object]:
    """The ids that apply, and what is told."""
    found: dict[str, object] = {"run": ids.run, "leg": ids.leg}
    if ids.worker is not None:
        found["worker"] = ids.worker
    if ids.turn is not None:
        found["turn"] = ids.turn
    if ids.attempt is not None:
        found["attempt"] = ids.attempt
    if ids.attempt_try is not None:
        found["try"] = ids.attempt_try
    found.update(what)
    return found


def _alert(event: AlertRaised | AlertResolved) -> dict[str, object]:
    return {"rule": event.rule, "value": event.value, "says": event.says}


def _ms(ns: int) -> float:
    return round(ns / 1e6, 3)
