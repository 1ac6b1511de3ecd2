"""What a run wanted of each house and what it was given, from its journal. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, time
from uuid import UUID

import msgspec

from engine.allocator.window import service_window
from engine.judge.optimum import Wanted
from engine.model.event import AttemptEnded, Event, RunPlanned
from engine.model.floor import Floor
from engine.model.ids import TurnId
from engine.model.outcome import Certainty, Outcome
from engine.model.step import Step
from engine.model.turn import Turn

_FILLED = Outcome.FILLED.word
_CAPACITY = Outcome.CAPACITY.word


class Arrival(msgspec.Struct, frozen=True):
    """A booking as it was asked for."""

    booking: str
    on: date
    at: time
    """Local time of the restaurant."""
    party: int


class Demand(msgspec.Struct, frozen=True):
    """One restaurant's share of one repeat of a run, all its passes together."""

    restaurant: str
    """Slug."""
    bookings: int
    """Distinct bookings that were asked for."""
    wanted: dict[str, Wanted]
    """Those that have a window, by id, in the order they were first asked for."""
    achieved: dict[str, tuple[str, ...]]
    """Table numbers of those that were filled and are not among the lost."""
    outside: int
    """Bookings at times when the house serves nobody: no assignment could have seated them."""
    arrivals: tuple[Arrival, ...] = ()
    """All of them, in the plan's own order."""
    placed: tuple[str, ...] = ()
    """Those of which some attempt was accepted up to COMMIT."""
    acknowledged: tuple[str, ...] = ()
    words: dict[str, str] = {}
    """How the last attempt of each ended."""
    turned_away: tuple[str, ...] = ()
    """Those that the platform's own check of covers refused at the submit, before any table was looked for."""
    attempts: dict[int, str] = {}
    """Whose each attempt was."""
    unheard: tuple[int, ...] = ()
    """Attempts whose end nobody heard: their bookings may be there all the same."""


def demands(
    events: Iterable[Event],
    floors: Mapping[str, Floor],
    lost: Collection[UUID] = (),
    repeat: int | None = None,
    *,
    fails_hard: bool = False,
) -> tuple[Demand, ...]:
    """Each restaurant's demand in one repeat, the last one by default; `lost` are bookings that did not stay."""
    turns: dict[TurnId, Turn] = {}
    legs: dict[int, int] = {}
    ended: dict[int, list[AttemptEnded]] = {}
    for event in events:
        if isinstance(event, RunPlanned):
            legs[event.ids.leg] = event.repeat
            turns.update((turn.id, turn) for turn in event.turns)
        elif isinstance(event, AttemptEnded) and event.ids.turn in turns:
            ended.setdefault(legs.get(event.ids.leg, 1), []).append(event)
    chosen = max(ended, default=1) if repeat is None else repeat
    shares: dict[str, list[tuple[Turn, AttemptEnded]]] = {}
    for event in ended.get(chosen, []):
        turn = turns[event.ids.turn] if event.ids.turn is not None else None
        if turn is not None and turn.restaurant in floors:
            shares.setdefault(turn.restaurant, []).append((turn, event))
    gone = {str(booking) for booking in lost}
    return tuple(_demand(floors[slug], shares[slug], gone, fails_hard=fails_hard) for slug in sorted(shares))


def _demand(
    floor: Floor, attempts: Iterable[tuple[Turn, AttemptEnded]], lost: Collection[str], *, fails_hard: bool
) -> Demand:
    bookings: set[str] = set()
    outside: set[str] = set()
    wanted: dict[str, Wanted] = {}
    achieved: dict[str, tuple[str, ...]] = {}
    first: dict[str, tuple[int, int, Arrival]] = {}
    placed: dict[str, None] = {}
    acknowledged: dict[str, None] = {}
    words: dict[str, str] = {}
    covers: dict[str, None] = {}
    numbers: dict[int, str] = {}
    unheard: list[int] = []
    for turn, event in attempts:
        # Requests that repeat another one's key want one table between them.
        booking = f"twin {turn.twin}" if turn.twin else str(event.booking_id)
        bookings.add(booking)
        if booking not in first:
            first[booking] = turn.id, event.ordinal, Arrival(booking, turn.on, turn.at, event.party or turn.party)
        words[booking] = event.outcome
        covers.pop(booking, None)
        if event.outcome == _CAPACITY and event.refusal is not None and event.refusal.step is Step.SUBMIT:
            covers[booking] = None
        if event.ids.attempt is not None:
            numbers[event.ids.attempt] = booking
            if event.certainty is Certainty.INFO:
                unheard.append(event.ids.attempt)
        if event.acknowledged:
            acknowledged[booking] = None
        if event.acknowledged or any(took.step is Step.COMMIT for took in event.steps):
            placed[booking] = None
        if booking not in wanted and booking not in outside:
            window = event.window or service_window(floor, turn.on, turn.at, event.party, fails_hard=fails_hard)
            if isinstance(window, str):
                outside.add(booking)
            else:
                wanted[booking] = Wanted(booking, event.party, window.start, window.end)
        if event.outcome == _FILLED and event.tables and str(event.booking_id) not in lost:
            achieved[booking] = event.tables
    arrivals = tuple(arrival for _, _, arrival in sorted(first.values(), key=lambda one: one[:2]))
    return Demand(
        floor.slug,
        len(bookings),
        wanted,
        achieved,
        len(outside),
        arrivals,
        tuple(placed),
        tuple(acknowledged),
        words,
        tuple(covers),
        numbers,
        tuple(unheard),
    )
