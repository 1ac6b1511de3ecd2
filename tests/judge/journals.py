"""Journals and results of runs that never were: what was asked for, what became of it, and how long each step took."""

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from typing import NamedTuple
from uuid import UUID

import msgspec

from engine.judge.fingerprints import Facts
from engine.judge.subject import Subject, subject
from engine.model.event import AttemptEnded, Event, RunPlanned, StepTook
from engine.model.figures import SeatWaste
from engine.model.ids import AttemptId, Ids, RunId, TurnId
from engine.model.ledger import Entry, Ledger, Story
from engine.model.outcome import Certainty
from engine.model.report import Result
from engine.model.step import Step
from engine.model.turn import Turn

DAY = date(2027, 3, 1)
MS = 1_000_000
HOUSES = {"cafe-3": 60, "pub-1": 45}


class Told(NamedTuple):
    """What became of one booking."""

    outcome: str = "filled"
    entry: Entry = Entry.PERSISTED
    steps: Mapping[Step, float] = {Step.HOLD: 5.0, Step.CONFIRM: 4.0}
    """Milliseconds."""


def turns(houses: Mapping[str, int] = HOUSES, *, ids: bool = True) -> list[Turn]:
    """The bookings of a day; with ids they were there before."""
    made: list[Turn] = []
    for place, (slug, count) in enumerate(houses.items()):
        for number in range(count):
            at = time(12 + number % 8, number * 7 % 60)
            booking = UUID(int=(place + 1) << 96 | number + 1) if ids else None
            made.append(Turn(TurnId(len(made) + 1), slug, DAY, at, 2 + number % 5, booking))
    return made


def facts(run: str, **changes: object) -> Facts:
    """A run on the embedded platform; changes are of its settings, or of the fields that Facts has."""
    settings = {"run.seed": "3", "run.concurrency": "4", "run.name": run, "assign.passes": "0", "fill.days": "1"}
    fingerprint = {"slotfill": "1", "python": "3.11", "postgres": "18.6", "schema": "abc", "data": "stress"}
    fields: dict[str, object] = {}
    for key, value in changes.items():
        if key in fingerprint:
            fingerprint[key] = str(value)
        elif f"run.{key}" in settings:
            settings[f"run.{key}"] = str(value)
        else:
            fields[key] = value
    made: dict[str, object] = {
        "run_id": run, "plan": "assign", "target": "embedded", "database": f"sf_{run}", "day": DAY.isoformat(),
        "settings": settings, "fingerprint": fingerprint,
    }  # fmt: skip
    return Facts(**(made | fields))  # type: ignore[arg-type]


def run(
    name: str, repeats: Sequence[Sequence[Told]], planned: Sequence[Turn] | None = None, *, about: Facts | None = None,
    ledger: Ledger | None = None, alerts: Sequence[str] = (), state: str = "finished",
) -> Subject:  # fmt: skip
    """A run that came to this, booking by booking of each repeat."""
    planned = turns() if planned is None else planned
    events = list(journal(name, repeats, planned))
    kept = ledger if ledger is not None else ledger_of(events, repeats)
    return subject(about or facts(name), result(name, kept, alerts, state), events)


def journal(name: str, repeats: Sequence[Sequence[Told]], planned: Sequence[Turn]) -> Iterable[Event]:
    attempt = 0
    for leg, told in enumerate(repeats):
        at_ns = leg * 1_000_000 * MS
        legs = [Turn(TurnId(leg * 10_000 + t.id), t.restaurant, t.on, t.at, t.party, t.booking_id) for t in planned]
        yield RunPlanned(at_ns, Ids(RunId(name), leg), tuple(legs), len(legs), 4, leg + 1)
        for turn, one in zip(legs, told, strict=True):
            attempt += 1
            took = [StepTook(step, 1, at_ns, round(ms * MS)) for step, ms in one.steps.items()]
            total = sum(step.took_ns for step in took) + MS
            yield AttemptEnded(
                at_ns=at_ns + total,
                ids=Ids(RunId(name), leg, turn=turn.id, attempt=AttemptId(attempt)),
                due_ns=at_ns,
                started_ns=at_ns,
                ended_ns=at_ns + total,
                outcome=one.outcome,
                certainty=_certainty(one),
                booking_id=turn.booking_id or UUID(int=attempt),
                ordinal=1,
                tries=1,
                steps=tuple(took),
                tables=("T1",) if one.outcome == "filled" else (),
            )
            at_ns += total


def _certainty(one: Told) -> Certainty:
    if one.entry in (Entry.RECOVERED, Entry.UNRESOLVED):
        return Certainty.INFO
    return Certainty.OK if one.outcome in ("filled", "replay") else Certainty.FAIL


def ledger_of(events: Iterable[Event], repeats: Sequence[Sequence[Told]]) -> Ledger:
    told = [one for repeat in repeats for one in repeat]
    ended = [event for event in events if isinstance(event, AttemptEnded)]
    entries = [one.entry if _certainty(one) is not Certainty.FAIL else Entry.VOID for one in told]
    bad = (Entry.LOST, Entry.TORN, Entry.ALTERED, Entry.UNRESOLVED)
    stories = tuple(
        Story(event.booking_id, entry, event.ids.attempt or 0, event.tables, "", (), "")
        for event, entry in zip(ended, entries, strict=True)
        if entry in bad
    )
    kept = Ledger(attempts=len(told), stories=stories)
    return msgspec.structs.replace(kept, **{entry.value: entries.count(entry) for entry in Entry})


def result(name: str, ledger: Ledger, alerts: Sequence[str], state: str) -> Result:
    return Result(
        schema=1, run_id=name, plan="assign", target="embedded", database="", state=state, reason="", started_at="",
        ended_at="", exit_code=0, settings={}, fingerprint={}, evidence={}, attempts=ledger.attempts, acknowledged=0,
        outcomes={}, certainties={}, refusals={}, retries={}, success_rate=None, by_restaurant={}, passes=[],
        latency_ms={}, fills_per_s=None, effective_concurrency=1.0, seat_waste=SeatWaste(None, 0),
        tables_per_booking=None, slots=[], ledger=ledger, persisted=None if ledger.unverified else ledger.persisted,
        integrity=None, faults=[], burst=None, alerts=list(alerts),
    )  # fmt: skip


def evening(
    draws: random.Random, rate: float = 0.6, *, bookings: int = 105, slower: float = 0.0, mood: float = 0.0
) -> list[Told]:
    """One repeat: each booking succeeds so often; steps vary, and all of them with the mood of the machine."""
    factor = draws.lognormvariate(0, mood) if mood else 1.0
    told = []
    for _ in range(bookings):
        steps = {step: draws.lognormvariate(1.5, 0.5) * factor for step in (Step.HOLD, Step.CONFIRM)}
        steps[Step.HOLD] += slower
        told.append(Told(steps=steps) if draws.random() < rate else Told("zone_lock", Entry.VOID, steps))
    return told
