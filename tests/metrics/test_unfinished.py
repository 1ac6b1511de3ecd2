"""How far a run had come, from its journal alone, wherever the journal ends."""

from datetime import date, time
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.metrics.unfinished import Unfinished, progress, settled, unfinished
from engine.model.event import AttemptEnded, Event, Intended, RunPlanned, StepTook, TurnEnded
from engine.model.ids import AttemptId, Ids, RunId, TurnId
from engine.model.ledger import Entry, HeldRow, Reading
from engine.model.outcome import Certainty, Outcome, Phase, Refusal
from engine.model.step import Step
from engine.model.turn import Turn, TurnEnd

RUN = RunId("0a1b2c3d")


def turn(number: int) -> Turn:
    return Turn(TurnId(number), "pub", date(2027, 3, 1), time(12 + number), 2)


def planned(*numbers: int, repeat: int = 1, leg: int = 0) -> RunPlanned:
    return RunPlanned(0, Ids(RUN, leg), tuple(map(turn, numbers)), 12, 1, repeat)


def made(turn_id: int, attempt: int, *, filled: bool = True, dies: Step | None = None, xid: int = 0) -> list[Event]:
    """What an attempt says, up to the intent of the step it dies at."""
    ids = Ids(RUN, turn=TurnId(turn_id), attempt=AttemptId(attempt))
    said: list[Event] = []
    for step in (Step.SUBMIT, Step.HOLD, Step.CONFIRM, Step.COMMIT):
        hold = None if step is Step.SUBMIT else UUID(int=attempt)
        at = msgspec.structs.replace(ids, step=step)
        proof = (xid or attempt) if step is Step.COMMIT else None
        said.append(
            Intended(attempt, at, f"k{attempt}", UUID(int=attempt << 32), ("4",) if hold else (), hold, xid=proof)
        )
        if step is dies:
            return said
    return [*said, ended(turn_id, attempt, filled=filled)]


def ended(turn_id: int, attempt: int, *, filled: bool, timer: str | None = None) -> AttemptEnded:
    refusal = None if filled else Refusal(Step.HOLD, Phase.ANSWERED, "no", "23P01", timer=timer)
    return AttemptEnded(
        at_ns=attempt, ids=Ids(RUN, turn=TurnId(turn_id), attempt=AttemptId(attempt)), due_ns=0, started_ns=0,
        ended_ns=attempt, outcome=(Outcome.FILLED if filled else Outcome.HOLD_CONFLICT).word,
        certainty=Certainty.OK if filled else Certainty.FAIL, booking_id=UUID(int=attempt << 32), ordinal=1, tries=1,
        steps=(StepTook(Step.HOLD, 1, 0, 1),), tables=("4",) if filled else (), refusal=refusal, party=2,
    )  # fmt: skip


def left(*events: Event | list[Event]) -> Unfinished:
    flat = [event for one in events for event in (one if isinstance(one, list) else [one])]
    return unfinished(RUN, lambda: flat, through_api=False)


def closed(turn_id: int, end: TurnEnd) -> TurnEnded:
    return TurnEnded(9, Ids(RUN, turn=TurnId(turn_id)), end, 1, 0)


def test_an_attempt_without_its_last_word_is_in_flight_at_the_step_it_was_about_to_send() -> None:
    found = left(planned(1, 2), made(1, 1), made(2, 2, dies=Step.COMMIT, xid=812))
    (one,) = found.in_flight
    assert (one.attempt, one.turn, one.step, one.xid) == (2, 2, Step.COMMIT, 812)
    assert one.makes_booking
    assert one.holds == [UUID(int=2)]
    assert set(found.words.open) == {2}


def test_what_an_operator_cancelled_is_in_flight_too() -> None:
    cancelled = ended(1, 1, filled=False, timer="operator")
    found = left(planned(1), made(1, 1, dies=Step.HOLD), cancelled, closed(1, TurnEnd.EXHAUSTED))
    assert len(found.in_flight) == 1
    assert not progress([(found, [])], "fill").numbers, "a turn that only a cancel ended goes on"


def test_a_turn_whose_end_the_engine_could_not_write_has_ended_all_the_same() -> None:
    found = left(planned(1, 2, 3), made(1, 1, filled=False), made(2, 2))
    come = progress([(found, [])], "fill")
    assert come.slots["pub", date(2027, 3, 1), time(13)].ended_turn, "its first attempt that was not filled ends it"
    assert not come.slots["pub", date(2027, 3, 1), time(14)].ended_turn
    assert progress([(found, [])], "create").numbers == {1, 2}, "one attempt a booking, filled or not: or made twice"


def test_a_turn_that_was_capped_by_an_operator_stays_so() -> None:
    found = left(planned(1), made(1, 1), closed(1, TurnEnd.CAPPED))
    assert progress([(found, [])], "fill").numbers == {1}


def test_turns_keep_their_numbers_when_a_run_goes_on_with_one_that_went_on() -> None:
    first = left(planned(1, 2, 3, 4, 5), made(1, 1), made(2, 2))
    second = left(planned(3, 4, 5), made(3, 1))
    assert progress([(first, []), (second, [])], "create").numbers == {1, 2, 3}


def test_only_the_last_repeat_counts_and_its_turns_are_numbered_from_its_first() -> None:
    found = left(planned(1, 2), made(1, 1), made(2, 2, dies=Step.HOLD), planned(3, 4, repeat=2, leg=1), made(3, 3))
    assert found.in_flight == ()
    assert progress([(found, [])], "create").numbers == {1}


ROW = HeldRow(UUID(int=1 << 32), "confirmed", "k1", ["4"], 2, 1)
GONE = HeldRow(UUID(int=1 << 32), "pending", "k1", [], 2, 1)


def end_of(dies: Step, row: HeldRow | None, fate: str = "", *, decided: bool = False) -> tuple[Entry, str]:
    found = left(planned(1), made(1, 1, dies=dies))
    reading = Reading({} if row is None else {row.booking_id: row})
    (one,) = settled(found, reading, {1: fate} if fate else {}, decided=decided)
    return one.entry, one.why


def test_the_transaction_decides_and_what_nobody_can_tell_is_not_guessed() -> None:
    assert end_of(Step.COMMIT, ROW, "committed")[0] is Entry.RECOVERED
    assert end_of(Step.COMMIT, GONE, "committed")[0] is Entry.VOID
    assert end_of(Step.COMMIT, None, "committed")[0] is Entry.VOID
    assert end_of(Step.COMMIT, msgspec.structs.replace(ROW, tables=[]), "committed")[0] is Entry.TORN
    assert end_of(Step.COMMIT, GONE, "aborted")[0] is Entry.VOID
    assert end_of(Step.COMMIT, GONE, "in progress") == (Entry.UNRESOLVED, "transaction 1 is still in progress")
    assert end_of(Step.COMMIT, GONE) == (Entry.UNRESOLVED, "transaction 1 is too old for the server to know")
    assert end_of(Step.COMMIT, ROW)[0] is Entry.RECOVERED, "what is there needs no transaction to prove it"
    assert end_of(Step.COMMIT, GONE, decided=True) == (Entry.VOID, "given up before")
    assert end_of(Step.CONFIRM, GONE) == (Entry.VOID, "COMMIT was never sent")


@given(st.integers(0, 12), st.integers(0, 3))
def test_a_journal_that_ends_anywhere_accounts_for_every_attempt_that_it_names(cut: int, more: int) -> None:
    events = [planned(1, 2, 3), *made(1, 1), *made(2, 2, filled=False), *made(3, 3)][: 1 + cut + more]
    found = left(*events)
    named = {event.ids.attempt for event in events if event.ids.attempt is not None}
    over = {event.ids.attempt for event in events if isinstance(event, AttemptEnded)}
    assert {one.attempt for one in found.in_flight} == named - over
    done = progress([(found, [])], "fill").slots.values()
    assert sum(one.begun for one in done) == len(over)
