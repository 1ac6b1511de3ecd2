"""What a run's journal names of a database: all that it meant to write, so that nothing of it is overlooked."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from engine.model.clean import Footprint
from engine.model.event import AttemptEnded, Event, Intended, RunPlanned
from engine.model.ids import RunId, TurnId
from engine.model.step import Step
from engine.model.turn import Before


class _Seen(NamedTuple):
    made: set[UUID]
    guests: set[UUID]
    keys: set[str]
    holds: set[UUID]
    transactions: set[int]
    changed: dict[UUID, Before | None]
    wanted: dict[UUID, set[str]]
    granted: dict[UUID, set[str]]
    committed: set[UUID]


def footprint(run: RunId | str, events: Iterable[Event], *, through_api: bool = False) -> Footprint:
    """Everything the events name. Of a booking that several passes tried, how it stood before the first one counts."""
    seen = _Seen(set(), set(), set(), set(), set(), {}, {}, {}, set())
    waiting: dict[UUID, Before | None] = {}
    restaurants: set[str] = set()
    turns: dict[TurnId, UUID | None] = {}
    for event in events:
        if isinstance(event, RunPlanned):
            for turn in event.turns:
                restaurants.add(turn.restaurant)
                turns[turn.id] = turn.booking_id
                if turn.booking_id is not None:
                    waiting.setdefault(turn.booking_id, turn.before)
        elif isinstance(event, Intended):
            _intended(event, seen, waiting)
        elif isinstance(event, AttemptEnded):
            _ended(event, seen, waiting)
    return Footprint(
        run=str(run),
        made=frozenset(seen.made),
        guests=frozenset(seen.guests),
        keys=frozenset(seen.keys),
        holds=frozenset(seen.holds),
        transactions=frozenset(seen.transactions),
        changed=seen.changed,
        wanted={booking: frozenset(tables) for booking, tables in seen.wanted.items()},
        granted={booking: frozenset(tables) for booking, tables in seen.granted.items()},
        committed=frozenset(seen.committed),
        restaurants=frozenset(restaurants),
        through_api=through_api,
    )


def of_repeat(events: Iterable[Event], repeat: int) -> Iterable[Event]:
    """The events of one repeat: each of them has a database of its own in the embedded cluster."""
    current = 1
    for event in events:
        if isinstance(event, RunPlanned):
            current = event.repeat
        if current == repeat:
            yield event


def _intended(event: Intended, seen: _Seen, waiting: dict[UUID, Before | None]) -> None:
    seen.keys.add(event.key)
    if event.hold_id is not None:
        seen.holds.add(event.hold_id)
    if event.booking_id in waiting:
        seen.changed.setdefault(event.booking_id, waiting[event.booking_id])
    else:
        seen.made.add(event.booking_id)
        if event.ids.step is Step.SUBMIT:
            seen.guests.add(event.booking_id)
    if event.tables:
        seen.wanted.setdefault(event.booking_id, set()).update(event.tables)
    if event.ids.step is Step.CONFIRM and event.booking_id in waiting:
        # What is confirmed was held before.
        seen.granted.setdefault(event.booking_id, set()).update(event.tables)
    if event.ids.step is Step.COMMIT:
        seen.committed.add(event.booking_id)
    if event.xid is not None:
        seen.transactions.add(event.xid)


def _ended(event: AttemptEnded, seen: _Seen, waiting: dict[UUID, Before | None]) -> None:
    if event.booking_id not in waiting:
        seen.made.add(event.booking_id)
    if event.tables:
        seen.wanted.setdefault(event.booking_id, set()).update(event.tables)
    if event.acknowledged or event.xid is not None:
        seen.committed.add(event.booking_id)
    if event.xid is not None:
        seen.transactions.add(event.xid)
