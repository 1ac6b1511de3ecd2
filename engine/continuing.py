"""Going on with a run that stopped or crashed: how far it had come, and what was in flight when it ended."""

from collections.abc import Iterable
from datetime import date, time
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec

from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe
from engine.model.event import AttemptEnded, Intended, RunPlanned, TurnEnded
from engine.model.ids import AttemptId, TurnId
from engine.model.outcome import Outcome
from engine.model.rows import BookingRow
from engine.model.turn import Turn, TurnEnd
from engine.plan import Done
from engine.records.archive import RunEntry, find
from engine.records.journal import read

_FILLED = Outcome.FILLED.word


class InFlight(msgspec.Struct):
    """An attempt that has no last word, or whose last word was that it was cancelled."""

    turn: TurnId
    booking_id: UUID
    key: str
    makes_booking: bool
    holds: list[UUID]


class Behind(NamedTuple):
    """What lies behind a run that is gone on with."""

    slots: dict[tuple[str, date, time], Done]
    numbers: frozenset[int]
    """Turns that had ended, by their number in the plan, from 1."""
    in_flight: dict[TurnId, list[InFlight]]
    turns: dict[TurnId, Turn]

    def settled(self, there: Iterable[UUID]) -> "Behind":
        """The same once it is known which of the bookings in flight are there: those count as filled."""
        found = set(there)
        slots = dict(self.slots)
        numbers = set(self.numbers)
        for turn_id, attempts in self.in_flight.items():
            recovered = sum(one.booking_id in found for one in attempts)
            if recovered:
                turn = self.turns[turn_id]
                key = turn.restaurant, turn.on, turn.at
                had = slots.get(key, Done(0, 0, ended_turn=False, party=turn.party))
                slots[key] = msgspec.structs.replace(had, begun=had.begun + recovered, filled=had.filled + recovered)
                numbers.add(turn_id - min(self.turns) + 1)
        return self._replace(slots=slots, numbers=frozenset(numbers))


def behind(root: Path, entry: RunEntry) -> Behind:
    """What the run, and those it went on with, had done. Raises RecordsDamaged, RunNotFound."""
    earlier: dict[tuple[str, date, time], Done] = {}
    numbers: frozenset[int] = frozenset()
    if entry.manifest is not None and entry.manifest.continues:
        before = behind(root, find(root, entry.manifest.continues))
        earlier, numbers = before.slots, before.numbers
    return _folded(entry.path, earlier, numbers)


def _folded(folder: Path, slots: dict[tuple[str, date, time], Done], numbers: frozenset[int]) -> Behind:
    turns: dict[TurnId, Turn] = {}
    attempts: dict[AttemptId, InFlight] = {}
    ended: dict[TurnId, list[bool]] = {}
    closed: dict[TurnId, TurnEnd] = {}
    repeat = 1
    for event in read(folder):
        if isinstance(event, RunPlanned):
            if event.repeat > repeat:
                # Each repeat has a database of its own: what is gone on with is the last one.
                repeat = event.repeat
                turns.clear()
                attempts.clear()
                ended.clear()
                closed.clear()
            turns.update((turn.id, turn) for turn in event.turns)
        elif isinstance(event, Intended):
            _intended(event, attempts)
        elif isinstance(event, AttemptEnded) and event.ids.turn is not None and not _cancelled(event):
            if event.ids.attempt is not None:
                attempts.pop(event.ids.attempt, None)
            ended.setdefault(event.ids.turn, []).append(event.outcome == _FILLED)
        elif isinstance(event, TurnEnded) and event.ids.turn is not None:
            closed[event.ids.turn] = event.end
    found = dict(slots)
    over = set(numbers)
    first = min(turns, default=TurnId(1))
    for turn_id, turn in turns.items():
        outcomes = ended.get(turn_id, [])
        # A turn that only a cancel exhausted goes on.
        is_over = closed.get(turn_id) is TurnEnd.CAPPED or (turn_id in closed and not all(outcomes))
        had = found.get((turn.restaurant, turn.on, turn.at), Done(0, 0, ended_turn=False))
        found[turn.restaurant, turn.on, turn.at] = Done(
            begun=had.begun + len(outcomes),
            filled=had.filled + sum(outcomes),
            ended_turn=had.ended_turn or is_over,
            party=turn.party if outcomes else had.party,
        )
        if is_over:
            over.add(turn_id - first + 1)
    in_flight: dict[TurnId, list[InFlight]] = {}
    for one in attempts.values():
        in_flight.setdefault(one.turn, []).append(one)
    return Behind(found, frozenset(over), in_flight, turns)


def _intended(event: Intended, attempts: dict[AttemptId, InFlight]) -> None:
    if event.ids.attempt is None or event.ids.turn is None:
        return
    one = attempts.get(event.ids.attempt)
    if one is None:
        makes = event.hold_id is None
        one = attempts[event.ids.attempt] = InFlight(event.ids.turn, event.booking_id, event.key, makes, [])
    # The platform's own function draws a booking's id: what is sent after the submit knows it.
    one.booking_id = event.booking_id
    if event.hold_id is not None and event.hold_id not in one.holds:
        one.holds.append(event.hold_id)


def _cancelled(event: AttemptEnded) -> bool:
    return event.refusal is not None and event.refusal.timer == "operator"


async def give_up(connection: Connection, attempts: Iterable[InFlight], there: Iterable[UUID]) -> int:
    """Give back the holds of attempts that came to nothing, and cancel the bookings they made; how many bookings.

    One transaction. Bookings that are there with tables keep everything. Raises DatabaseFailed.
    """
    found = set(there)
    lost = [one for one in attempts if one.booking_id not in found]
    holds = [hold for one in lost for hold in one.holds]
    made = [one for one in lost if one.makes_booking]
    try:
        await connection.begin()
        await connection.execute("fill/release_members", holds)
        await connection.execute("fill/release_holds", holds)
        gone = await connection.rows(
            "repair/give_up", BookingRow, [one.booking_id for one in made], [one.key for one in made]
        )
        await connection.commit()
    except STEP_ERRORS as error:
        if connection.is_open:
            connection.terminate()
        raise DatabaseFailed(f"what was in flight could not be given up: {describe(error)}") from error
    return len(gone)
