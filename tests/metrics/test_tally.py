"""The fold of events into figures."""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics.slots import SHOWN, Slots
from engine.metrics.tally import Tally
from engine.model.event import AttemptEnded, Event, Refused, RunMoved, RunPlanned, TurnEnded, WorkerMoved
from engine.model.ids import AttemptId, Ids, RunId, TurnId, WorkerId
from engine.model.outcome import Certainty, Kind, Outcome
from engine.model.run_state import RunState, WorkerState
from engine.model.step import Step
from engine.model.turn import Turn, TurnEnd
from engine.redact import mask_event
from tests.metrics.stories import MS, RUN, TURNS, ended, intended, planned, refused, stories

S = 1000 * MS


def tallied(events: list[Event]) -> Tally:
    tally = Tally()
    for event in events:
        tally.apply(event)
    return tally


@settings(max_examples=30)
@given(stories())
def test_counts_add_up(events: list[Event]) -> None:
    tally = tallied(events)
    figures = tally.figures()
    ends = [event for event in events if isinstance(event, AttemptEnded)]
    told = [event for event in events if isinstance(event, Refused)]
    assert figures.counts.attempts == sum(outcome.count for outcome in figures.outcomes) == len(ends)
    assert sum(figures.counts.certainties.values()) == len(ends)
    assert sum(slot.attempts for slot in figures.slots) == len(ends)
    assert sum(slot.filled for slot in figures.slots) == figures.counts.filled == sum(figures.fills)
    assert sum(refusal.count for refusal in figures.refusals) == len(told)
    assert all(refusal.overcome <= refusal.count for refusal in figures.refusals)
    assert figures.conflicts.total == sum(slot.conflicts for slot in figures.slots) == sum(figures.conflicts.series)
    assert sum(sum(words.values()) for words in tally.shares().values()) == len(ends)
    assert figures.counts.in_flight == len(tally.unended())
    totals = [step for step in figures.steps if step.step is Step.TOTAL]
    assert sum(step.count + step.refused for step in totals) == len(ends)


@settings(max_examples=30)
@given(stories())
def test_a_slot_looked_at_after_each_event_ends_as_one_looked_at_once(events: list[Event]) -> None:
    """A picture keeps what did not change; what did must be drawn anew."""
    watched = Tally()
    for event in events:
        watched.apply(event)
        watched.slots_around()
    assert watched.slots_around() == tallied(events).slots_around()
    assert watched.slots() == tallied(events).slots()


@settings(max_examples=30)
@given(stories())
def test_percentiles_are_in_order_and_p99_waits_for_500(events: list[Event]) -> None:
    for step in tallied(events).steps(0):
        assert step.p99_ns is None
        if step.count:
            assert step.p50_ns is not None
            assert step.p95_ns is not None
            assert step.max_ns is not None
            assert step.p50_ns <= step.p95_ns <= step.max_ns


@settings(max_examples=30)
@given(stories(), st.integers(0, 10**12))
def test_all_series_have_one_length_at_a_moment(events: list[Event], later_ns: int) -> None:
    tally = tallied(events)
    figures = tally.figures(tally.at_ns + later_ns)
    lengths = {len(figures.fills), len(figures.conflicts.series)}
    paths = figures.paths
    lengths |= {len(one) for one in (paths.in_flight_series, paths.waste_series, paths.backlog_series)}
    lengths.add(len(paths.planner.series))
    lengths |= {len(outcome.series) for outcome in figures.outcomes} | {len(step.series) for step in figures.steps}
    assert lengths == {min(600, figures.at_ns // S + 1)}


@settings(max_examples=30)
@given(stories(), st.data())
def test_looking_changes_nothing_and_neither_does_masking(events: list[Event], data: st.DataObject) -> None:
    """What a journal holds is masked; its replay says the same as the run that was looked at all the time."""
    live = Tally()
    for event in events:
        live.apply(event)
        if data.draw(st.booleans()):
            live.figures()
    assert tallied([mask_event(event) for event in events]).figures() == live.figures()


@settings(max_examples=30)
@given(stories())
def test_nothing_in_the_figures_must_be_masked(events: list[Event]) -> None:
    text = repr(tallied(events).figures())
    assert "ann@" not in text
    assert "00 900123" not in text
    assert "hunter2" not in text
    assert "\\x1b" not in text


def test_a_refusal_is_overcome_when_its_attempt_is_filled_all_the_same() -> None:
    tally = tallied(
        [
            planned(),
            intended(1, 0, 1),
            refused(2, 0, 1, Outcome.HOLD_CONFLICT),
            refused(3, 0, 1, Outcome.HOLD_CONFLICT),
            ended(9 * MS, 0, 1, tries=3),
            intended(10 * MS, 0, 2),
            refused(11 * MS, 0, 2, Outcome.HOLD_CONFLICT),
            ended(20 * MS, 0, 2, outcome=Outcome.HOLD_CONFLICT),
        ]
    )
    (refusal,) = tally.refusals()
    assert (refusal.count, refusal.overcome) == (3, 2)


def test_a_refusal_after_the_last_word_leaves_nothing_in_flight() -> None:
    tally = tallied([planned(), intended(1, 0, 1), ended(9, 0, 1), refused(10, 0, 1, Outcome.TIMEOUT)])
    assert tally.counts(10).in_flight == 0
    assert tally.refusals()[0].overcome == 0


def test_an_attempt_that_sent_something_and_has_no_last_word_is_named() -> None:
    tally = tallied([planned(), intended(1, 0, 1), intended(2, 1, 2), ended(9, 0, 1)])
    assert tally.unended() == (AttemptId(2),)


def test_refused_steps_do_not_flatter_the_percentiles() -> None:
    tally = tallied([planned(), ended(S, 0, 1, took_ns=100 * MS), ended(S, 0, 2, outcome=Outcome.TIMEOUT, took_ns=2)])
    hold = next(step for step in tally.steps(S) if step.step is Step.HOLD)
    assert (hold.count, hold.refused, hold.p50_ns) == (1, 1, 50 * MS)


def test_a_total_is_from_due_to_ended() -> None:
    event = ended(900 * MS, 0, 1, took_ns=100 * MS)
    late = type(event)(**{name: getattr(event, name) for name in event.__struct_fields__} | {"due_ns": 0})
    tally = tallied([planned(), late])
    assert next(step.max_ns for step in tally.steps(S) if step.step is Step.TOTAL) == 900 * MS
    assert tally.counts(S).late_ns == 800 * MS


def test_a_conflict_names_slot_tables_and_holder() -> None:
    tally = tallied([planned(), intended(1, 2, 4), refused(2, 2, 4, Outcome.HOLD_CONFLICT)])
    face = tally.conflicts(2)
    assert [(one.name, one.count) for one in face.by_table] == [("T1", 1), ("T2", 1)]
    assert face.by_slot[0].name == "12:15"
    assert face.recent[0].worker == WorkerId(2)


def test_a_zone_lock_names_the_booking_that_was_sent() -> None:
    tally = tallied([planned(), intended(1, 0, 1), refused(2, 0, 1, Outcome.ZONE_LOCK, "is locked to zone")])
    (face,) = tally.zone_locks()
    assert (face.booking, face.attempt, face.message) == ("00000001", 1, "is locked to zone")
    assert tally.zone_lock_total == 1


def test_a_worker_is_on_one_slot_until_the_slot_ends_or_it_leaves() -> None:
    tally = tallied([planned(), intended(1, 0, 1), intended(1, 1, 4)])
    assert tally.slots()[1].workers == (WorkerId(0), WorkerId(1))
    tally.apply(WorkerMoved(2, Ids(RUN, worker=WorkerId(1)), WorkerState.GONE))
    assert tally.slots()[1].workers == (WorkerId(0),)
    tally.apply(TurnEnded(3, Ids(RUN, turn=TURNS[1].id), TurnEnd.CAPPED, 2, 2))
    assert tally.slots()[1].workers == ()
    assert tally.counts(3).turns_ended == 1


def test_pauses_are_left_out_of_the_mean_in_flight() -> None:
    tally = tallied([planned(), intended(0, 0, 1), ended(S, 0, 1, took_ns=S)])
    tally.apply(RunMoved(S, Ids(RUN), RunState.PAUSED))
    assert tally.counts(60 * S).effective_concurrency == 1.0
    tally.apply(RunMoved(61 * S, Ids(RUN), RunState.RUNNING))
    assert tally.counts(62 * S).effective_concurrency == 0.5


def test_no_more_attempts_are_in_flight_on_average_than_there_are_workers_however_long_they_plan_first() -> None:
    """Each is quoted for half a second before anything is sent, and the mean is of the time since the first send."""
    half = S // 2
    sent: list[Event] = [planned(), intended(half, 0, 1), intended(half, 1, 2)]
    tally = tallied([*sent, ended(S, 0, 1, took_ns=S), ended(S, 1, 2, took_ns=S)])
    assert tally.counts(S).effective_concurrency == 2.0
    tally = tallied([*sent, ended(S, 0, 1, took_ns=S)])
    assert tally.counts(2 * S).effective_concurrency == 4 / 3


def test_what_ended_before_anything_was_sent_was_in_flight_before_the_mean_begins() -> None:
    tally = tallied([planned(), ended(S, 0, 1, took_ns=S), intended(S, 0, 2), ended(3 * S, 0, 2, took_ns=2 * S)])
    assert tally.counts(3 * S).effective_concurrency == 1.0


def test_figures_of_the_filled() -> None:
    tally = tallied([planned(), intended(0, 0, 1), ended(S, 0, 1, took_ns=S), ended(2 * S, 0, 2)])
    counts = tally.counts(2 * S)
    assert (counts.seat_waste, counts.tables, counts.fills_per_s) == (4, 4, 1.0)
    assert counts.certainties[Certainty.OK.value] == 2


def test_an_outcome_nobody_knows_is_counted_as_unknown() -> None:
    event = ended(S, 0, 1)
    strange = type(event)(**{name: getattr(event, name) for name in event.__struct_fields__} | {"outcome": "new_word"})
    (outcome,) = tallied([planned(), strange]).outcomes(S)
    assert (outcome.outcome, outcome.kind, outcome.count) == ("new_word", Kind.UNKNOWN, 1)


def test_at_most_two_hundred_lines_are_kept() -> None:
    tally = tallied([planned(), *(ended(number * MS, 0, number) for number in range(1, 500))])
    lines = tally.events()
    assert len(lines) == 200
    assert lines[-1].text.startswith("#499 12:15 party 4 at T1+T2 in Terrace")
    assert tally.events() == lines


def test_waiting_and_working_again_is_not_worth_a_line() -> None:
    here = Ids(RUN, worker=WorkerId(1))
    states = [WorkerState.WORKING, WorkerState.DUE, WorkerState.WORKING, WorkerState.RESTING, WorkerState.GONE]
    tally = tallied([WorkerMoved(number, here, state) for number, state in enumerate(states)])
    assert [line.text for line in tally.events()] == ["came", "resting", "gone"]


def test_a_year_s_plan_gives_a_picture_of_the_turns_around_the_first_that_is_open() -> None:
    turns = tuple(
        Turn(TurnId(number), "the-mill", dt.date(2027, 1, 1) + dt.timedelta(days=number // 40), dt.time(12), 2)
        for number in range(1, 5001)
    )
    tally = Tally()
    tally.apply(RunPlanned(0, Ids(run=RunId("r")), turns, 50_000, 4))
    assert [face.turn for face in tally.slots_around()] == list(range(1, 601))
    for number in range(1, 3001):
        tally.apply(TurnEnded(1, Ids(run=RunId("r"), turn=TurnId(number)), TurnEnd.CAPPED, 10, 10))
    shown = [face.turn for face in tally.slots_around()]
    assert shown == list(range(2801, 3401))
    for number in range(3001, 5001):
        tally.apply(TurnEnded(2, Ids(run=RunId("r"), turn=TurnId(number)), TurnEnd.CAPPED, 10, 10))
    assert [face.turn for face in tally.slots_around()] == list(range(4401, 5001))
    assert len(tally.slots()) == 5000
    assert tally.counts(3).most_attempts == 50_000


def test_what_is_kept_for_the_next_picture_is_no_more_than_one_picture_holds() -> None:
    def turns(first: int, count: int) -> tuple[Turn, ...]:
        return tuple(Turn(TurnId(one), "m", dt.date(2027, 1, 1), dt.time(12), 2) for one in range(first, first + count))

    def kept() -> int:
        return sum(slot._face is not None for slot in slots._slots.values())

    slots = Slots()
    slots.plan(turns(1, 3000), 3000)
    for number in range(1, 3001):
        slots.finish(TurnId(number), TurnEnd.CAPPED)
        if number % 97 == 0:
            slots.around()
            assert kept() <= SHOWN
    assert len(slots.faces()) == 3000
    assert kept() <= SHOWN
    slots.plan(turns(3001, 10), 10)
    assert (len(slots.around()), kept()) == (10, 10)
