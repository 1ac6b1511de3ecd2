"""An evening at a house of 40 tables, told by events: the map and the ranking that come of it, the same each time."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from uuid import UUID

import msgspec

from engine.metrics.tally import Tally
from engine.model.event import AttemptEnded, Event, Intended, Refused, RunPlanned
from engine.model.floor import Floor, Policy, Table, Window, Zone
from engine.model.ids import AttemptId, Ids, RunId, TurnId, WorkerId
from engine.model.map_face import MapFace
from engine.model.outcome import Certainty, Outcome, Phase, Refusal
from engine.model.ranking_face import RankingFace
from engine.model.sample import Sample
from engine.model.snapshot import SlotFace
from engine.model.step import Step
from engine.model.turn import Turn

MS = 1_000_000
S = 1_000_000_000
SLUG = "white-horse"
DAY = date(2026, 3, 4)
RUN = RunId("7f3a91c2")
_ZONES = (
    ("Main Dining", "MD", 12),
    ("Bar Area", "BA", 8),
    ("Patio", "PT", 8),
    ("Private Room", "PR", 6),
    ("Outdoor Garden", "OG", 6),
)
_IN_HAND = (("PT-04", Step.CONFIRM), ("OG-02", Step.HOLD), ("PR-01", Step.CONFIRM), ("OG-01", Step.HOLD))


def floor(slug: str = SLUG, zones: tuple[tuple[str, str, int], ...] = _ZONES) -> Floor:
    named = tuple(Zone(UUID(int=place), name, place) for place, (name, _, _) in enumerate(zones))
    tables = tuple(
        Table(
            UUID(int=1000 * place + number), f"{short}-{number:02d}", named[place].id, 4, 1, None, "dining", "standard",
            movable=True,
        )
        for place, (_, short, count) in enumerate(zones)
        for number in range(1, count + 1)
    )  # fmt: skip
    policy = Policy(time(12), time(15), time(17), time(22), 5)
    return Floor(UUID(int=9), slug, "House", "UTC", 15, named, tables, (), (), policy)


def turns(slots: int = 13, slug: str = SLUG, first: int = 0, minutes: int = 15) -> tuple[Turn, ...]:
    return tuple(
        Turn(TurnId(first + n), slug, DAY, time(12 + n * minutes // 60, n * minutes % 60), 2 + n % 5)
        for n in range(slots)
    )


class Told(NamedTuple):
    """Who does what where, for the events below."""

    worker: int
    turn: Turn
    attempt: int
    tables: tuple[str, ...]

    def ids(self, step: Step | None) -> Ids:
        return Ids(RUN, 0, WorkerId(self.worker), self.turn.id, AttemptId(self.attempt), 1 if step else None, step)


def intended(at_ns: int, told: Told, step: Step) -> Intended:
    return Intended(at_ns, told.ids(step), f"sf-{told.attempt}", UUID(int=told.attempt << 96), told.tables)


def refused(at_ns: int, told: Told, outcome: Outcome, held_by: str | None = None, message: str = "no") -> Refused:
    step = Step.HOLD if outcome is Outcome.HOLD_CONFLICT else Step.CONFIRM
    refusal = Refusal(step, Phase.ANSWERED, message, tables=told.tables, held_by=held_by)
    return Refused(at_ns, told.ids(step), refusal, outcome.word)


def filled(at_ns: int, told: Told, zone: str = "Main Dining", lasts_min: int = 95) -> AttemptEnded:
    begin = datetime.combine(told.turn.on, told.turn.at, UTC)
    return AttemptEnded(
        at_ns=at_ns, ids=told.ids(None), due_ns=at_ns, started_ns=at_ns, ended_ns=at_ns, outcome="filled",
        certainty=Certainty.OK, booking_id=UUID(int=told.attempt << 96), ordinal=1, tries=1, steps=(),
        tables=told.tables, seats=4, party=4, zone=zone,
        window=Window("lunch", begin, begin + timedelta(minutes=lasts_min)) if lasts_min else None,
    )  # fmt: skip


def given_up(at_ns: int, told: Told) -> AttemptEnded:
    """An attempt that asked and got nothing."""
    end = filled(at_ns, told)
    return msgspec.structs.replace(end, outcome="capacity", certainty=Certainty.FAIL, tables=(), window=None, zone=None)


def _draws() -> Callable[[int], int]:
    state = 11

    def draw(most: int) -> int:
        nonlocal state
        state = (1103515245 * state + 12345) % 2**31
        return (state >> 8) % most

    return draw


def story(attempts: int = 260) -> Iterator[Event]:
    """Workers fill slot after slot, first tables first, and get in one another's way more and more."""
    planned = turns()
    numbers = [table.number for table in floor().tables]
    yield RunPlanned(0, Ids(RUN), planned, 130, 15)
    draw = _draws()
    taken: dict[str, int] = {}
    for attempt in range(1, attempts + 1):
        at_ns = attempt * 220_000 * MS // attempts
        turn = planned[attempt * 11 // (attempts + 1)]
        minute = turn.at.hour * 60 + turn.at.minute
        free = [number for number in numbers if taken.get(number, 0) <= minute]
        wanted = free[min(len(free) - 1, draw(6) + draw(3))] if free else numbers[draw(4)]
        told = Told(1 + draw(14), turn, attempt, (wanted,))
        yield intended(at_ns, told, Step.HOLD)
        lot = draw(100)
        if lot < 28:
            yield refused(at_ns + MS, told, Outcome.HOLD_CONFLICT, f"w{1 + draw(14):02d} #{attempt - 1}")
        elif lot < 31:
            yield refused(at_ns + MS, told, Outcome.HOLD_CONFLICT)
        elif lot < 37:
            yield refused(at_ns + MS, told, Outcome.ZONE_LOCK, None, "Booking is locked to zone Patio")
        elif lot < 40:
            yield refused(at_ns + MS, told, Outcome.OVERLAP, None, "allocations_no_overlap")
        elif lot < 75 and free:
            yield intended(at_ns + MS, told, Step.CONFIRM)
            taken[wanted] = minute + 95
            yield filled(at_ns + 2 * MS, told)
        else:
            yield given_up(at_ns + 2 * MS, told)
    for worker, (table, step) in enumerate(_IN_HAND):
        yield intended(220_500 * MS, Told(3 + 4 * worker, planned[9 + worker % 2], 400 + worker, (table,)), step)


@cache
def told() -> Tally:
    tally = Tally()
    tally.know({SLUG: floor()})
    for event in story():
        tally.apply(event)
    return tally


def map_face(sample: Sample | None = None) -> MapFace:
    return told().map(sample)


def ranking_face(sample: Sample | None, slots: tuple[SlotFace, ...], settings: dict[str, str]) -> RankingFace:
    return told().ranking(221 * S, sample, settings, slots)
