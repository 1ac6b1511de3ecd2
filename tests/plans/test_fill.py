"""The ledger of a fill: which turns there are, who takes them, how they end."""

from datetime import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.ids import WorkerId
from engine.model.turn import TurnEnd
from engine.plan import Plan
from tests.allocator.floors import SATURDAY
from tests.plans.fills import ONE, OTHER, THIRD, TWO, fill_of, fill_up, sizes


def test_every_slot_is_a_turn_and_the_end_counts_when_it_is_on_the_grid() -> None:
    assert [turn.label for turn in fill_of().turns] == ["12:00", "12:15", "12:30", "12:45", "13:00"]
    assert [turn.label for turn in fill_of(end=time(12, 50)).turns][-1] == "12:45"
    assert [turn.label for turn in fill_of(start=time(23, 30), end=time(23, 59)).turns] == ["23:30", "23:45"]
    assert fill_of().most_attempts == 15


def test_closed_days_make_no_turns_and_are_named() -> None:
    week = fill_of(days=7)
    assert {turn.on.isoweekday() for turn in week.turns} == {1, 2, 3, 4, 5}
    weekend = fill_of(first=SATURDAY, days=2)
    assert weekend.turns == ()
    assert weekend.is_done
    assert weekend.idle_reason == (
        "there is no slot to fill: closed are pub on Saturday 2026-03-07 and 1 more; choose another date"
    )


def test_restaurants_come_along_together() -> None:
    assert [(t.restaurant, t.label) for t in fill_of(floors=TWO).turns[:3]] == [
        ("pub", "12:00"),
        ("cafe", "12:00"),
        ("pub", "12:15"),
    ]


@given(seed=st.integers(0, 99), days=st.integers(1, 5), until=st.integers(12, 21), interval=st.sampled_from([15, 30]))
@settings(max_examples=30)
def test_party_sizes_follow_from_seed_and_slot_and_from_no_other_setting(
    seed: int, days: int, until: int, interval: int
) -> None:
    small = sizes(fill_of(seed=seed, interval_min=30))
    grown = sizes(
        fill_of(
            seed=seed, floors=TWO, days=days, end=time(until + 1), interval_min=interval, stress_max=9, share_slots=True
        )
    )
    assert {slot: grown[slot] for slot in small} == small
    assert set(grown.values()) <= set(range(1, 13))


def test_equal_seeds_give_equal_turns_and_others_do_not() -> None:
    assert fill_of(seed=7, end=time(22)).turns == fill_of(seed=7, end=time(22)).turns
    assert fill_of(seed=7, end=time(22)).turns != fill_of(seed=8, end=time(22)).turns
    assert set(sizes(fill_of(days=5, end=time(22), max_party=3)).values()) == {1, 2, 3}


def test_the_first_attempt_not_filled_ends_the_turn() -> None:
    plan = fill_of()
    turn = plan.take(ONE)
    assert turn is not None
    assert plan.begin(turn.id) == 1
    assert plan.ended(turn.id, True) is None
    assert plan.begin(turn.id) == 2
    assert plan.ended(turn.id, False) is TurnEnd.EXHAUSTED
    assert plan.begin(turn.id) is None
    plan.leave(ONE, turn.id)
    again = plan.take(ONE)
    assert again is not None
    assert again.label == "12:15"


def test_stress_max_filled_attempts_cap_the_turn() -> None:
    plan = fill_of()
    turn = plan.take(ONE)
    assert turn is not None
    assert fill_up(plan, turn.id) is TurnEnd.CAPPED
    assert plan.progress(turn.id).filled == 3


def test_taking_another_turn_gives_the_one_in_hand_back() -> None:
    plan = fill_of()
    first = plan.take(ONE)
    assert plan.take(ONE) == first
    assert plan.take(OTHER) != first


def test_a_turn_given_back_is_taken_next() -> None:
    plan = fill_of()
    first, second = plan.take(ONE), plan.take(OTHER)
    assert first is not None
    assert second is not None
    assert plan.begin(first.id) == 1
    plan.ended(first.id, True)
    plan.leave(ONE, first.id)
    assert plan.take(THIRD) == first
    assert plan.begin(first.id) == 2, "it goes on where it was left"


def test_without_sharing_a_worker_without_a_slot_is_told_why() -> None:
    plan = fill_of(end=time(12))
    assert plan.idle_reason == ""
    turn = plan.take(ONE)
    assert turn is not None
    assert plan.take(OTHER) is None
    assert plan.idle_reason.startswith("each open slot has its worker (1 open)")
    fill_up(plan, turn.id)
    assert plan.idle_reason == "every slot has ended"
    assert plan.is_done


def test_sharing_sends_a_worker_to_the_slot_with_the_fewest_that_can_still_begin() -> None:
    plan = fill_of(end=time(12, 15), share_slots=True, stress_max=2)
    taken = [plan.take(WorkerId(worker)) for worker in range(5)]
    assert [turn.label if turn else None for turn in taken] == ["12:00", "12:15", "12:00", "12:15", "12:00"]
    first = plan.turns[0].id
    assert [plan.begin(first), plan.begin(first), plan.begin(first)] == [1, 2, None]
    late = plan.take(WorkerId(9))
    assert late is not None
    assert late.label == "12:15"


def test_in_a_shared_slot_the_first_failure_ends_it_for_all_and_is_told_once() -> None:
    plan = fill_of(end=time(12), share_slots=True)
    plan.take(ONE)
    plan.take(OTHER)
    turn = plan.turns[0].id
    assert (plan.begin(turn), plan.begin(turn)) == (1, 2)
    assert plan.ended(turn, False) is TurnEnd.EXHAUSTED
    assert plan.ended(turn, True) is None, "in flight when it ended: counted, and no second end"
    progress = plan.progress(turn)
    assert (progress.ended, progress.filled, progress.workers, progress.end) == (2, 1, (), TurnEnd.EXHAUSTED)


def test_lower_stress_max_caps_turns_that_have_had_it() -> None:
    plan = fill_of(end=time(12, 15))
    first, second = plan.take(ONE), plan.take(OTHER)
    assert first is not None
    assert second is not None
    plan.begin(first.id)
    plan.ended(first.id, True)
    plan.begin(second.id)
    assert plan.cap(stress_max=1) == (first.id,)
    assert plan.progress(second.id).end is None, "its attempt is still in flight"
    assert plan.ended(second.id, True) is TurnEnd.CAPPED
    assert plan.is_done
    assert plan.most_attempts == 2


def test_higher_stress_max_lets_open_turns_go_on_and_capped_ones_rest() -> None:
    plan = fill_of(end=time(12, 15), stress_max=1)
    first = plan.take(ONE)
    assert first is not None
    fill_up(plan, first.id)
    second = plan.take(ONE)
    assert second is not None
    assert plan.begin(second.id) == 1
    assert plan.begin(second.id) is None
    assert plan.cap(stress_max=2) == ()
    assert plan.begin(second.id) == 2
    assert plan.begin(first.id) is None
    assert plan.most_attempts == 3


def test_other_party_sizes_are_for_turns_that_nobody_has_touched() -> None:
    plan = fill_of(end=time(12, 45))
    kept, returned = plan.take(ONE), plan.take(OTHER)
    assert kept is not None
    assert returned is not None
    plan.leave(OTHER, returned.id)
    plan.cap(min_party=20, max_party=20)
    assert [turn.party for turn in plan.turns] == [kept.party, 20, 20, 20]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"stress_max": 0}, "stress_max = 0 books nothing"),
        ({"min_party": 0}, "min_party = 0 seats nobody"),
        ({"max_party": 1, "min_party": 2}, "max_party = 1 is below min_party = 2"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_and_change_nothing(wrong: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        fill_of(**wrong)
    plan = fill_of()
    before = plan.turns
    with pytest.raises(ValueError, match=says):
        plan.cap(**wrong)
    assert (plan.turns, plan.most_attempts) == (before, 15)
    with pytest.raises(ValueError, match="never leaves the first slot"):
        fill_of(interval_min=0)


def test_an_end_without_a_beginning_is_a_bug() -> None:
    plan = fill_of()
    turn = plan.take(ONE)
    assert turn is not None
    with pytest.raises(ValueError, match="0 attempts ended already"):
        plan.ended(turn.id, True)


def test_a_fill_has_one_pass() -> None:
    plan: Plan = fill_of(end=time(12), stress_max=1)
    assert (plan.leg, plan.pass_is_over, plan.end_pass()) == (0, False, ())
    fill_up(plan, plan.turns[0].id)
    assert plan.is_done
    assert not plan.pass_is_over
    assert not plan.next_pass([], changed=True)
    assert [turn.id for turn in fill_of(first_turn=21).turns] == [21, 22, 23, 24, 25]
