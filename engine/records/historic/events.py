"""Attempts of old reports as the events that an engine would have written, in the order of time. Pure."""

from collections.abc import Iterator

import msgspec

from engine.model.event import AttemptEnded, Event, Intended, LegEnded, Refused, RunMoved, RunPlanned, TurnEnded
from engine.model.ids import Ids, RunId
from engine.model.ledger import Entry
from engine.model.outcome import Outcome
from engine.model.run_state import RunState
from engine.model.step import Step
from engine.model.turn import Turn, TurnEnd
from engine.records.historic.passes import Reports, Sitting
from engine.records.historic.told import Attempt, since

_THERE = (Entry.PERSISTED, Entry.RECOVERED)


class Leg(msgspec.Struct, frozen=True):
    """A pass, as the reports have it."""

    number: int
    """From 1."""
    sittings: tuple[Sitting, ...]
    attempts: tuple[Attempt, ...]

    @property
    def persisted(self) -> int | None:
        """What had persisted when the next pass began; None where reports do not tell of all of it."""
        return there(self.attempts) if all(one.is_followed for one in self.sittings) else None

    @property
    def pending(self) -> int | None:
        """Bookings that waited for tables when the next pass began; None where reports do not tell of all of it."""
        left = [one.left for one in self.sittings if one.is_followed and one.left is not None]
        return sum(map(len, left)) if len(left) == len(self.sittings) else None


def there(attempts: tuple[Attempt, ...]) -> int:
    """Bookings of these that the next report shows to be there."""
    return sum(one.entry in _THERE for one in attempts)


def legs_of(reports: Reports, attempts: list[Attempt]) -> tuple[Leg, ...]:
    """The passes, in their order."""
    return tuple(
        Leg(
            number,
            tuple(one for one in reports.sittings if one.number == number),
            tuple(one for one in attempts if one.sitting.number == number),
        )
        for number in sorted({one.number for one in reports.sittings})
    )


def events_of(run: RunId, reports: Reports, legs: tuple[Leg, ...], reason: str) -> list[Event]:
    """The journal of such a run; `reason` is its last word."""
    over_ns = since(reports.began, reports.ended)
    events: list[Event] = []
    for leg in legs:
        events += _leg(run, reports, leg)
    # Sorting keeps what is of one moment in the order of its making: a pass begins before its attempts, and ends after.
    events.sort(key=lambda event: event.at_ns)
    begin = RunMoved(0, Ids(run), RunState.RUNNING)
    first = next((place for place, event in enumerate(events, start=1) if isinstance(event, RunPlanned)), 0)
    return [*events[:first], begin, *events[first:], RunMoved(over_ns, Ids(run), RunState.FINISHED, reason)]


def _leg(run: RunId, reports: Reports, leg: Leg) -> Iterator[Event]:
    ids = Ids(run, leg.number - 1)
    began_ns = min(
        [since(reports.began, one.report.began) for one in leg.sittings] + [one.started_ns for one in leg.attempts]
    )
    ended_ns = max(
        [since(reports.began, one.report.executed_at) for one in leg.sittings] + [one.ended_ns for one in leg.attempts]
    )
    yield RunPlanned(
        at_ns=max(0, began_ns),
        ids=ids,
        turns=tuple(_turn(one) for one in leg.attempts),
        most_attempts=len(leg.attempts),
        concurrency=max(one.report.config.concurrency for one in leg.sittings),
        number=leg.number,
    )
    for one in leg.attempts:
        yield from _attempt(run, one)
    yield LegEnded(
        at_ns=ended_ns,
        ids=ids,
        attempts=len(leg.attempts),
        filled=sum(one.outcome is Outcome.FILLED for one in leg.attempts),
        acknowledged=sum(one.told.success for one in leg.attempts),
        persisted=leg.persisted,
        pending=leg.pending,
    )


def _turn(one: Attempt) -> Turn:
    return Turn(one.turn, one.sitting.slug, one.sitting.report.date, one.told.time, one.told.party, one.booking_id)


def _attempt(run: RunId, one: Attempt) -> Iterator[Event]:
    ids = Ids(run, one.leg, one.worker, one.turn, one.number)
    # Which steps it took no report says: its intent is that of the whole.
    at_step = msgspec.structs.replace(ids, attempt_try=1, step=Step.TOTAL)
    yield Intended(one.started_ns, at_step, one.key, one.booking_id, one.told.tables)
    if one.refusal is not None:
        yield Refused(one.ended_ns, at_step, one.refusal, one.outcome.word)
    filled = one.outcome is Outcome.FILLED
    yield AttemptEnded(
        at_ns=one.ended_ns,
        ids=ids,
        due_ns=one.started_ns,
        started_ns=one.started_ns,
        ended_ns=one.ended_ns,
        outcome=one.outcome.word,
        certainty=one.certainty,
        booking_id=one.booking_id,
        ordinal=1,
        tries=1,
        steps=(),
        # Seats are not in the reports. Without a party beside them nothing is counted as waste.
        tables=one.told.tables if filled else (),
        refusal=one.refusal,
    )
    yield TurnEnded(one.ended_ns, ids, TurnEnd.CAPPED if filled else TurnEnd.EXHAUSTED, 1, int(filled))
