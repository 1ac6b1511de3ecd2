"""Runs made up by Hypothesis: events as an engine would write them, and a snapshot of them."""

from datetime import date, time
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from engine.metrics.tally import Tally
from engine.model.event import (
    Acted,
    AttemptEnded,
    DatabaseSampled,
    Event,
    Intended,
    Refused,
    RunMoved,
    RunPlanned,
    SettingsChanged,
    StepTook,
    TurnEnded,
    WorkerMoved,
)
from engine.model.ids import SCHEMA_VERSION, AttemptId, Ids, RunId, TurnId, WorkerId
from engine.model.outcome import Certainty, Outcome, Phase, Refusal, certainty_of
from engine.model.path import Path
from engine.model.run_state import RunState, WorkerState
from engine.model.snapshot import RunFace, RunSnapshot
from engine.model.step import Step
from engine.model.turn import Turn, TurnEnd

RUN = RunId("0a1b2c3d")
MS = 1_000_000
TURNS = tuple(
    Turn(TurnId(number), "white-horse-pub-waterbeach", date(2026, 3, 4), time(12, 15 * number), 2 + number)
    for number in range(3)
)
UNDECIDED = (Path.FAILED_INLINE_TIMEOUT, Path.FAILED_BACKGROUND_TIMEOUT, Path.FAILED_UNKNOWN)
MESSAGES = (
    "conflicting key value violates exclusion constraint",
    "booking of ann@example.com, 07700 900123, is locked to zone",
    "password=hunter2 refused\x1b[2J",
    "canceling statement",
)


def ids(worker: int, attempt: int, step: Step | None = None) -> Ids:
    turn = TURNS[attempt % len(TURNS)]
    return Ids(RUN, 0, WorkerId(worker), turn.id, AttemptId(attempt), 1 if step else None, step)


def booking(attempt: int) -> UUID:
    return UUID(int=attempt << 96 | 7)


def planned(at_ns: int = 0) -> RunPlanned:
    return RunPlanned(at_ns, Ids(RUN), TURNS, 30, 2)


def intended(at_ns: int, worker: int, attempt: int, step: Step = Step.SUBMIT) -> Intended:
    return Intended(at_ns, ids(worker, attempt, step), f"sf-{RUN}-{attempt}", booking(attempt))


def refused(at_ns: int, worker: int, attempt: int, outcome: Outcome, message: str = MESSAGES[0]) -> Refused:
    refusal = Refusal(
        Step.HOLD, Phase.ANSWERED, message, "23P01", "thw_no_overlap", detail=message, tables=("T1", "T2")
    )
    return Refused(at_ns, ids(worker, attempt, Step.HOLD), refusal, outcome.word)


def ended(
    at_ns: int, worker: int, attempt: int, *, outcome: Outcome = Outcome.FILLED, took_ns: int = 5 * MS, tries: int = 1
) -> AttemptEnded:
    filled = outcome is Outcome.FILLED
    refusal = None if filled else Refusal(Step.HOLD, Phase.ANSWERED, MESSAGES[attempt % len(MESSAGES)], "23P01")
    return AttemptEnded(
        at_ns=at_ns,
        ids=ids(worker, attempt),
        due_ns=max(0, at_ns - took_ns),
        started_ns=max(0, at_ns - took_ns),
        ended_ns=at_ns,
        outcome=outcome.word,
        certainty=Certainty.OK if refusal is None else certainty_of(refusal),
        booking_id=booking(attempt),
        ordinal=attempt,
        tries=tries,
        steps=(StepTook(Step.HOLD, 1, max(0, at_ns - took_ns), took_ns // 2, not filled),),
        tables=("T1", "T2") if filled else (),
        seats=6 if filled else 0,
        party=4,
        zone="Terrace",
        refusal=refusal,
    )


def through_api(event: AttemptEnded, path: Path, planner_ns: int | None, *, late: bool = False) -> AttemptEnded:
    """The same end at a target that assigns tables itself."""
    return msgspec.structs.replace(event, path=path, planner_ns=planner_ns, late=late)


@st.composite
def stories(draw: st.DrawFn, most: int = 25) -> list[Event]:
    """A run of up to 25 attempts by three workers, in order, with whatever happens beside."""
    at_ns = 0
    events: list[Event] = [planned(), RunMoved(0, Ids(RUN), RunState.RUNNING)]
    open_attempts: dict[int, int] = {}
    tries: dict[int, int] = {}
    attempt = 0
    outcomes = st.sampled_from(list(Outcome))
    by_api = draw(st.booleans())
    planner = st.none() | st.integers(0, 20_000 * MS)
    for _ in range(draw(st.integers(0, most * 3))):
        at_ns += draw(st.integers(0, 3_000 * MS))
        worker = draw(st.integers(0, 2))
        match draw(st.sampled_from(["attempt", "attempt", "attempt", "refused", "beside"])):
            case "attempt" if worker in open_attempts:
                number = open_attempts.pop(worker)
                outcome = draw(outcomes)
                took_ns = draw(st.integers(0, 2_000 * MS))
                end = ended(at_ns, worker, number, outcome=outcome, took_ns=took_ns, tries=tries[worker])
                if by_api:
                    paths = [path for path in Path if path.is_confirmed is (outcome is Outcome.FILLED)]
                    late = outcome is Outcome.FILLED and draw(st.booleans())
                    end = through_api(end, draw(st.sampled_from(paths)), draw(planner), late=late)
                    if draw(st.booleans()):
                        end = msgspec.structs.replace(end, seats=end.seats + draw(st.integers(0, 12)))
                    if end.path in UNDECIDED:
                        end = msgspec.structs.replace(end, certainty=Certainty.INFO)
                events.append(end)
            case "attempt":
                if attempt < most:
                    attempt += 1
                    open_attempts[worker] = attempt
                    tries[worker] = 1
                    events.append(intended(at_ns, worker, attempt))
            case "refused" if worker in open_attempts:
                tries[worker] += 1
                outcome = draw(outcomes.filter(lambda one: one is not Outcome.FILLED))
                message = draw(st.sampled_from(MESSAGES))
                events.append(refused(at_ns, worker, open_attempts[worker], outcome, message))
            case _:
                events.append(draw(_beside(at_ns, worker)))
    return events


def _beside(at_ns: int, worker: int) -> st.SearchStrategy[Event]:
    here = Ids(RUN, worker=WorkerId(worker))
    turn = Ids(RUN, turn=TURNS[worker].id)
    beside: list[Event] = [
        *(RunMoved(at_ns, Ids(RUN), state, "asked by ann@example.com", 1) for state in RunState if not state.is_over),
        *(WorkerMoved(at_ns, here, state) for state in WorkerState),
        TurnEnded(at_ns, turn, TurnEnd.EXHAUSTED, 3, 2),
        Acted(at_ns, Ids(RUN), "pause", "ann@example.com pts/1", "pausing"),
        SettingsChanged(at_ns, Ids(RUN), "stress_max", "10", "4", "engine"),
        SettingsChanged(at_ns, Ids(RUN), "concurrency", "2", "5", "engine"),
        DatabaseSampled(at_ns, Ids(RUN), MS),
        DatabaseSampled(at_ns, Ids(RUN), MS, "password=hunter2 was refused"),
    ]
    return st.sampled_from(beside)


def snapshot_of(tally: Tally, now_ns: int, tick: int = 1) -> RunSnapshot:
    figures = tally.figures(now_ns)
    counts = figures.counts
    run = RunFace(
        run_id=RUN, name="", plan="fill", target="embedded", database="slotfill_x", state=counts.state, reason="",
        seed=1, started_at="2026-03-04T12:00:00+00:00", elapsed_ns=now_ns, turns=counts.turns,
        turns_ended=counts.turns_ended, attempts=counts.attempts, most_attempts=counts.most_attempts,
        filled=counts.filled, in_flight=counts.in_flight, concurrency=2, workers=2,
        effective_concurrency=counts.effective_concurrency, idle_workers=0, rate_per_s=None, late_ns=0,
        lag_p99_ns=0, lag_max_ns=0, consoles=0, journal_bytes=0, settings={"stress_max": "10"},
    )  # fmt: skip
    return RunSnapshot(
        schema=SCHEMA_VERSION, tick=tick, run=run, workers=(), steps=figures.steps, outcomes=figures.outcomes,
        refusals=figures.refusals, fills=figures.fills, slots=figures.slots, conflicts=figures.conflicts,
        zone_locks=figures.zone_locks, zone_lock_total=figures.zone_lock_total, sample=None,
        sample_trouble="the target has no server to look at", events=figures.events, paths=figures.paths,
    )  # fmt: skip


def as_builtins(value: object) -> object:
    return msgspec.to_builtins(value)
