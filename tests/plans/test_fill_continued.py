"""A fill that goes on where an earlier run stopped: nothing is done twice, and nothing is left out."""

from datetime import date, time

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.turn import TurnEnd
from engine.plan import Done
from tests.plans.fills import ONE, done, fill_of, sizes


def test_what_an_earlier_run_brought_to_its_end_is_not_planned_again() -> None:
    plan = fill_of(done=done("12:15", 2, ended_turn=True) | done("12:30", 3))
    assert [turn.label for turn in plan.turns] == ["12:00", "12:45", "13:00"], "one ended, one has had its share"
    assert [turn.id for turn in plan.turns] == [1, 2, 3]
    all_sizes = sizes(fill_of())
    assert sizes(plan).items() <= all_sizes.items(), "the others keep what the seed drew for them"


def test_a_slot_that_had_begun_goes_on_with_its_next_attempt_and_the_rest_of_its_share() -> None:
    plan = fill_of(end=time(12), stress_max=5, done=done("12:00", 3, filled=2, party=9))
    turn = plan.take(ONE)
    assert turn is not None
    assert turn.party == 9
    assert plan.most_attempts == 2
    assert plan.begin(turn.id) == 4
    assert plan.ended(turn.id, True) is None
    assert plan.begin(turn.id) == 5
    assert plan.begin(turn.id) is None
    assert plan.ended(turn.id, True) is TurnEnd.CAPPED
    progress = plan.progress(turn.id)
    assert (progress.begun, progress.filled, progress.cap) == (2, 2, 2), "what this run did"


def test_a_lower_stress_max_holds_for_a_slot_that_goes_on() -> None:
    assert fill_of(end=time(12), stress_max=3, done=done("12:00", 3)).turns == ()
    plan = fill_of(end=time(12, 15), stress_max=5, done=done("12:00", 3, party=9))
    assert plan.cap(stress_max=3) == (1,), "it has had three and would wait for ever"
    assert plan.cap(min_party=20, max_party=20) == ()
    assert [turn.party for turn in plan.turns] == [9, 20], "a party that was begun with stays"
    assert plan.most_attempts == 3


def test_a_fill_with_nothing_left_says_so() -> None:
    plan = fill_of(end=time(12), done=done("12:00", 1, ended_turn=True))
    assert plan.is_done
    assert plan.idle_reason == "there is no slot left to fill: 1 had ended before"


@given(
    begun=st.lists(st.integers(0, 4), min_size=5, max_size=5), most=st.integers(1, 4), ended=st.sets(st.integers(0, 4))
)
@settings(max_examples=40)
def test_two_runs_make_what_one_would_have_made(begun: list[int], most: int, ended: set[int]) -> None:
    slots = [(turn.restaurant, turn.on, turn.at) for turn in fill_of().turns]
    done = {slot: Done(begun[n], begun[n], n in ended) for n, slot in enumerate(slots)}
    plan = fill_of(stress_max=most, done=done)
    made: dict[tuple[str, date, time], list[int]] = {}
    while (turn := plan.take(ONE)) is not None:
        while (ordinal := plan.begin(turn.id)) is not None:
            made.setdefault((turn.restaurant, turn.on, turn.at), []).append(ordinal)
            plan.ended(turn.id, True)
    assert plan.is_done
    assert sum(map(len, made.values())) == plan.most_attempts
    for number, slot in enumerate(slots):
        rest = [] if number in ended else [*range(begun[number] + 1, most + 1)]
        assert made.get(slot, []) == rest
