"""How far a run had come when it ended, from its journal alone; and what became of what was in flight. Pure."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from typing import NamedTuple

from engine.metrics.ledger import entries
from engine.metrics.words import Words
from engine.model.continued import InFlight, Settled
from engine.model.event import AttemptEnded, Event, Intended, RunPlanned, TurnEnded
from engine.model.ids import AttemptId, RunId, TurnId
from engine.model.ledger import Entry, Reading
from engine.model.outcome import Outcome
from engine.model.step import Step
from engine.model.turn import Turn, TurnEnd
from engine.plan import Done

_FILLED = Outcome.FILLED.word
Slot = tuple[str, date, time]


class Unfinished(NamedTuple):
    """What one run had done in its last repeat: each has a database of its own, and the last one is gone on with."""

    run: RunId
    turns: dict[TurnId, Turn]
    first_turn: int
    """The plan numbers its turns from this one."""
    ended: dict[TurnId, list[bool]]
    """Whether each attempt that ended was filled, by turn; what an operator cancelled is in flight."""
    closed: dict[TurnId, TurnEnd]
    in_flight: tuple[InFlight, ...]
    words: Words
    through_api: bool
    """The platform assigned by itself."""
    last_ns: int
    """When it said its last word, since it began."""


def unfinished(run: RunId, events: Callable[[], Iterable[Event]], *, through_api: bool) -> Unfinished:
    """The run whose journal this is; it is gone through twice. Raises what going through it raises."""
    turns: dict[TurnId, Turn] = {}
    attempts: dict[AttemptId, InFlight] = {}
    ended: dict[TurnId, list[bool]] = {}
    closed: dict[TurnId, TurnEnd] = {}
    legs: set[int] = set()
    repeat, last_ns = 1, 0
    for event in events():
        last_ns = max(last_ns, event.at_ns)
        if isinstance(event, RunPlanned):
            if event.repeat > repeat:
                repeat = event.repeat
                for kept in (turns, attempts, ended, closed, legs):
                    kept.clear()
            legs.add(event.ids.leg)
            turns.update((turn.id, turn) for turn in event.turns)
        elif isinstance(event, Intended):
            _intended(event, attempts)
        elif isinstance(event, AttemptEnded) and event.ids.turn is not None and not _cancelled(event):
            if event.ids.attempt is not None:
                attempts.pop(event.ids.attempt, None)
            ended.setdefault(event.ids.turn, []).append(event.outcome == _FILLED)
        elif isinstance(event, TurnEnded) and event.ids.turn is not None:
            closed[event.ids.turn] = event.end
    return Unfinished(
        run=run,
        turns=turns,
        # A repeat goes on counting where the one before it ended. A first one counts from 1, also where it goes on with
        # another run and leaves out what that one had done: the lowest turn it has says nothing.
        first_turn=1 if repeat == 1 else min(turns, default=1),
        ended=ended,
        closed=closed,
        in_flight=tuple(attempts.values()),
        words=Words((event for event in events() if event.ids.leg in legs), through_api=through_api),
        through_api=through_api,
        last_ns=last_ns,
    )


def _intended(event: Intended, attempts: dict[AttemptId, InFlight]) -> None:
    attempt, turn, step = event.ids.attempt, event.ids.turn, event.ids.step
    if attempt is None or turn is None or step is None:
        return
    one = attempts.get(attempt)
    if one is None:
        one = attempts[attempt] = InFlight(
            run=event.ids.run,
            attempt=attempt,
            turn=turn,
            booking_id=event.booking_id,
            key=event.key,
            makes_booking=step is Step.SUBMIT,
            step=step,
            holds=[],
        )
    # The platform's own function draws a booking's id: what is sent after the submit knows it.
    one.booking_id, one.step, one.tables, one.xid = event.booking_id, step, event.tables, event.xid
    if event.hold_id is not None and event.hold_id not in one.holds:
        one.holds.append(event.hold_id)


def _cancelled(event: AttemptEnded) -> bool:
    return event.refusal is not None and event.refusal.timer == "operator"


def settled(
    leg: Unfinished, reading: Reading, fates: Mapping[int, str], *, decided: bool = False
) -> tuple[Settled, ...]:
    """What became of each attempt in flight, by the ledger's own rules, once nobody works for its run any more.

    `reading` is what the run left, as it is now; `fates` what became of transactions. `decided`: another run has gone
    on with this one, so that what did not take effect was given up then.
    """
    if not leg.in_flight:
        return ()
    came_to = entries(leg.words, reading, fates)
    by_key = {row.key: row for row in reading.rows.values() if row.key}
    found = []
    for one in leg.in_flight:
        # An id that the platform drew, and that nobody heard, is found by the key.
        row = reading.rows.get(one.booking_id) or by_key.get(one.key)
        entry, why = came_to[one.attempt], _why(one, fates, through_api=leg.through_api)
        if entry is Entry.UNRESOLVED and decided:
            entry, why = Entry.VOID, "given up before"
        turn = leg.turns.get(one.turn)
        found.append(
            Settled(
                attempt=one.attempt,
                turn=one.turn,
                slot="" if turn is None else f"{turn.on} {turn.label}",
                booking_id=one.booking_id if row is None else row.booking_id,
                key=one.key,
                entry=entry,
                why=why,
                tables=tuple(row.tables) if row is not None and entry is not Entry.VOID else (),
            )
        )
    return tuple(found)


def _why(one: InFlight, fates: Mapping[int, str], *, through_api: bool) -> str:
    """The proof, in words."""
    if one.xid is not None:
        match fates.get(one.xid, ""):
            case "":
                return f"transaction {one.xid} is too old for the server to know"
            case "in progress":
                return f"transaction {one.xid} is still in progress"
            case fate:
                return f"transaction {one.xid} {fate}"
    if through_api:
        return "what its key made, as it is now"
    if one.step is Step.COMMIT:
        return "its COMMIT may have been sent, and its transaction is not known"
    return "COMMIT was never sent"


class Progress(NamedTuple):
    """How far a plan had come, over every run that worked on it."""

    slots: dict[Slot, Done]
    numbers: frozenset[int]
    """Turns that had ended, by their number in the plan, from 1."""


def progress(legs: Iterable[tuple[Unfinished, Iterable[Settled]]], plan: str) -> Progress:
    """How far these runs had come, oldest first, each with what became of what it had in flight.

    What took effect had its share of its turn, as if somebody had heard it; what was given up had none.
    """
    slots: dict[Slot, Done] = {}
    over: set[int] = set()
    for leg, attempts in legs:
        ended = {turn: list(outcomes) for turn, outcomes in leg.ended.items()}
        for one in attempts:
            if one.took_effect:
                ended.setdefault(one.turn, []).append(True)
        for turn_id, turn in leg.turns.items():
            outcomes = ended.get(turn_id, [])
            # The turn's own end may be what the engine could not write any more: what ends a turn is told by its
            # attempts. Only a share that an operator lowered is told by nothing else.
            is_over = leg.closed.get(turn_id) is TurnEnd.CAPPED or not all(outcomes)
            key = turn.restaurant, turn.on, turn.at
            had = slots.get(key, Done(0, 0, ended_turn=False))
            slots[key] = Done(
                begun=had.begun + len(outcomes),
                filled=had.filled + sum(outcomes),
                ended_turn=had.ended_turn or is_over,
                party=turn.party if outcomes else had.party,
            )
            if is_over or (plan == "create" and outcomes):
                over.add(turn_id - leg.first_turn + 1)
    return Progress(slots, frozenset(over))
