"""What a run was asked for and what became of it, booking by booking, from its journal. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import NamedTuple
from uuid import UUID

import msgspec

from engine.model.event import AttemptEnded, Event, RunPlanned, SettingsChanged
from engine.model.ids import AttemptId, TurnId
from engine.model.ledger import Entry, Ledger
from engine.model.outcome import Certainty, Outcome
from engine.model.step import Step
from engine.model.turn import Turn

_FILLED = Outcome.FILLED.word
_GONE = frozenset({Entry.LOST, Entry.TORN, Entry.ALTERED})
FAILED = "total.failed"
"""Beside the steps: the whole length of an attempt that failed, which says nothing of one that did not."""


class Slot(NamedTuple):
    """A booking by what it asks for: equal seeds and plans ask for the same ones."""

    restaurant: str
    on: date
    at: time
    party: int
    number: int
    """The how manyth booking of this kind it is, from 1."""
    ordinal: int
    """The how manyth of its turn, from 1."""


class Asked(msgspec.Struct):
    """One booking in one repeat, all its attempts together."""

    slot: Slot
    booking_id: UUID | None
    """Of a booking that was there before the run; None where attempts make bookings of their own."""
    repeat: int
    claimed: bool = False
    tables: bool = False
    """Success with tables was said, and no reading proves that they did not stay."""
    persisted: bool = False
    outcomes: frozenset[str] = frozenset()
    """How its attempts ended."""
    took: dict[str, int] = {}
    """By step, ns: of the attempt that filled it; `total.failed` of the last one when none did."""
    began_ns: int = 0
    """When that attempt began, of the run."""
    given: tuple[str, ...] = ()
    """Tables of the success that counts."""


class Taken(msgspec.Struct, frozen=True):
    """What a journal tells."""

    asked: tuple[Asked, ...]
    """In the order of the plan."""
    concurrencies: tuple[int, ...]
    """Those that its legs began with, each once."""
    changed: tuple[str, ...]
    """Settings that somebody changed while it ran."""
    unsure: int
    """Bookings of which it is not known whether they persisted: nobody heard their end, and the ledger only counts."""


def taken(events: Iterable[Event], ledger: Ledger) -> Taken:
    """Every booking of the run; the ledger tells which successes did not stay."""
    fold = _Fold({AttemptId(story.attempt): story.entry for story in ledger.stories})
    for event in events:
        fold.take(event)
    # The ledger names what is not settled, and only counts what was there after all.
    if len(fold.unheard) == ledger.recovered:
        for one in fold.unheard:
            one.persisted = True
    unsure = sum(not one.persisted for one in fold.unheard) if ledger.recovered else 0
    return Taken(tuple(fold.asked.values()), tuple(dict.fromkeys(fold.concurrencies)), tuple(fold.changed), unsure)


class _Fold:
    def __init__(self, entries: Mapping[AttemptId, Entry]) -> None:
        self.asked: dict[tuple[int, object, int], Asked] = {}
        self.concurrencies: list[int] = []
        self.changed: list[str] = []
        self.unheard: list[Asked] = []
        """Of attempts whose end nobody heard and that are settled: recovered, or void."""
        self._entries = entries
        self._turns: dict[TurnId, tuple[Turn, int, int]] = {}
        self._kinds: dict[tuple[int, str, date, time, int], list[object]] = {}

    def take(self, event: Event) -> None:
        if isinstance(event, RunPlanned):
            self.concurrencies.append(event.concurrency)
            for turn in event.turns:
                self._turns[turn.id] = turn, event.repeat, self._number(turn, event.repeat)
        elif isinstance(event, SettingsChanged):
            self.changed.append(f"{event.key} {event.old or 'nothing'} to {event.new or 'nothing'}")
        elif (
            isinstance(event, AttemptEnded)
            and event.certainty is not Certainty.SKIPPED
            and event.ids.turn in self._turns
        ):
            self._ended(event, *self._turns[event.ids.turn])

    def _number(self, turn: Turn, repeat: int) -> int:
        """The how manyth of its kind; a booking that comes again in a later pass keeps its number."""
        seen = self._kinds.setdefault((repeat, turn.restaurant, turn.on, turn.at, turn.party), [])
        who = _who(turn)
        if who not in seen:
            seen.append(who)
        return seen.index(who) + 1

    def _ended(self, event: AttemptEnded, turn: Turn, repeat: int, number: int) -> None:
        ordinal = 1 if turn.booking_id or turn.twin else event.ordinal
        key = (repeat, _who(turn), ordinal)
        one = self.asked.get(key)
        if one is None:
            slot = Slot(turn.restaurant, turn.on, turn.at, turn.party, number, ordinal)
            one = self.asked[key] = Asked(slot, turn.booking_id, repeat)
        entry = None if event.ids.attempt is None else self._entries.get(event.ids.attempt)
        filled = event.outcome == _FILLED and entry is not Entry.LOST
        one.claimed = one.claimed or event.acknowledged
        one.persisted = one.persisted or (event.acknowledged and entry not in _GONE)
        if event.certainty is Certainty.INFO and entry is None:
            self.unheard.append(one)
        one.outcomes |= {event.outcome}
        if filled or not one.tables:
            one.took = _lengths(event, filled=event.outcome == _FILLED)
            one.began_ns = event.started_ns
            one.given = event.tables if filled else ()
        one.tables = one.tables or filled


def _who(turn: Turn) -> object:
    """What makes two turns the same booking in one run."""
    return turn.booking_id or (f"twin {turn.twin}" if turn.twin else turn.id)


def _lengths(event: AttemptEnded, *, filled: bool) -> dict[str, int]:
    total = event.ended_ns - event.due_ns
    if not filled:
        return {FAILED: total}
    # Of several tries the last one is that which was filled.
    took = {one.step.value: one.took_ns for one in event.steps if not one.refused and one.step is not Step.TOTAL}
    return took | {Step.TOTAL.value: total}
