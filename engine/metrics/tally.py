"""The tally: events in, one after the other; the figures they come to are read from its books."""

from collections.abc import Mapping
from typing import assert_never

from engine.metrics.books import Books
from engine.metrics.ranking import RANKED
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
from engine.model.floor import Floor
from engine.model.outcome import Outcome
from engine.model.run_state import WorkerState
from engine.redact import mask

_FILLED = Outcome.FILLED.word
_HOLD_CONFLICT = Outcome.HOLD_CONFLICT.word
_ZONE_LOCK = Outcome.ZONE_LOCK.word
MOST_LEGS_OF_WAITS = 200
"""Of more legs than this the waits of the last ones are kept; the journal has them all."""


class Tally(Books):
    """Folds events. Memory does not grow with the run's length; an event costs a few microseconds."""

    def know(self, floors: Mapping[str, Floor]) -> None:
        """The tables and zones there are, so that those that nothing happened at are seen too."""
        self._map.know(floors)

    def apply(self, event: Event) -> None:
        """Take in one event, in the order they were written."""
        if event.at_ns > self._at_ns:  # noqa: PLR1730 - max() takes three times as long, at every event
            self._at_ns = event.at_ns
        match event:
            case Intended():
                self._hands.intended(event)
                self._paths.intended(event)
                self._map.intended(event)
                if self._hands.in_flight != self._paths.level:
                    self._paths.in_flight(event.at_ns, self._hands.in_flight)
                ids = event.ids
                if ids.worker is not None:
                    self._slots.put(ids.worker, ids.turn)
                return
            case AttemptEnded():
                self._attempt_ended(event)
            case Refused():
                self._refused(event)
            case TurnEnded():
                self._slots.finish(event.ids.turn, event.end)
            case RunPlanned():
                # More turns may change how slots are named: what came before keeps the names it had, read or not.
                self._lines.lines()
                self._slots.plan(event.turns, event.most_attempts)
                self._map.plan(event.turns, event.repeat)
                self._legs.begin(event)
                self._concurrency = event.concurrency
            case LegEnded():
                self._legs.end(event)
            case RunMoved():
                self._state, self._reason = event.state, mask(event.reason)
                self._hands.moved(event.at_ns, event.state)
            case WorkerMoved():
                if not self._worker_moved(event):
                    return
            case SettingsChanged():
                self._setting_changed(event)
            case DatabaseSampled():
                if not event.failed:
                    return
            case Missed():
                self._truth.missed(event)
            case Reconciled():
                self._truth.reconciled(event)
                return
            case WaitsSampled():
                self._waits[event.waits.leg] = event.waits
                while len(self._waits) > MOST_LEGS_OF_WAITS:
                    del self._waits[next(iter(self._waits))]
                return
            case Acted() | Noticed() | AlertRaised() | AlertResolved():
                pass  # only a line
            case _:
                assert_never(event)
        self._lines.take(event)

    def _attempt_ended(self, event: AttemptEnded) -> None:
        self._steps.take(event)
        self._map.ended(event)
        slot = self._slots.of(event.ids.turn)
        filled = event.outcome == _FILLED
        if slot is not None:
            slot.ends_attempt(filled=filled)
        restaurant = "" if slot is None else slot.turn.restaurant
        self._outcomes.take(event, restaurant)
        self._legs.take(event)
        self._paths.take(event, restaurant, self._slots.name)
        if filled:
            self._seat_waste += event.seat_waste
            self._tables += len(event.tables)
        self._refusals.settle(self._hands.ended(event), event.outcome)
        if self._hands.in_flight != self._paths.level:
            self._paths.in_flight(event.at_ns, self._hands.in_flight)
        self._late_ns = max(0, event.started_ns - event.due_ns)
        if self._last_answer_ns is None or event.ended_ns > self._last_answer_ns:
            self._last_answer_ns = event.ended_ns

    def _refused(self, event: Refused) -> None:
        hand = self._hands.refused(event)
        self._paths.in_flight(event.at_ns, self._hands.in_flight)
        told = self._refusals.take(event)
        if hand is not None:
            hand.refusals.append(told)
        if event.outcome == _HOLD_CONFLICT:
            turn = event.ids.turn
            slot = self._slots.of(turn)
            if slot is not None:
                slot.meets()
            tables = tuple(self._slots.table(turn, number) for number in event.refusal.tables)
            self._conflicts.take(event, self._slots.name(turn), tables)
        elif event.outcome == _ZONE_LOCK:
            self._zone_locks.take(event, "" if hand is None else hand.booking)
        fought = event.outcome in RANKED
        self._map.refused(event, fought=fought and event.outcome != _ZONE_LOCK)
        if fought:
            self._rank(event)

    def _rank(self, event: Refused) -> None:
        turn = event.ids.turn
        slot = self._slots.of(turn)
        restaurant = "" if slot is None else slot.turn.restaurant
        numbers = event.refusal.tables
        zones = dict.fromkeys(self._map.zone_of(restaurant, number) for number in numbers)
        self._ranking.take(
            event,
            [self._slots.table(turn, number) for number in numbers],
            [self._slots.table(turn, zone) for zone in zones if zone],
            self._slots.name(turn),
        )

    def _worker_moved(self, event: WorkerMoved) -> bool:
        """Whether it is worth a line: not each time a worker waits for its due moment and works again."""
        worker = event.ids.worker
        if worker is None:
            return True
        came = worker not in self._present
        self._present.add(worker)
        if event.state in (WorkerState.GONE, WorkerState.IDLE):
            self._slots.put(worker, None)
        if event.state is WorkerState.GONE:
            self._present.discard(worker)
        return came or event.state not in (WorkerState.WORKING, WorkerState.DUE)

    def _setting_changed(self, event: SettingsChanged) -> None:
        if event.new.isdecimal():
            if event.key == "stress_max":
                self._slots.cap(int(event.new))
            elif event.key == "concurrency":
                self._concurrency = int(event.new)
