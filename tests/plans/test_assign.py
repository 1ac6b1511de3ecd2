"""The ledger of an assign: passes over what is pending, and when another one is worth it."""

import random
from collections.abc import Sequence
from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.ids import WorkerId
from engine.model.turn import PendingBooking, Turn, TurnEnd
from engine.plan import Plan
from engine.plans.assign import AssignPlan
from tests.allocator.floors import MONDAY, uid
from tests.plans.workers import Workers

ONE, OTHER = WorkerId(1), WorkerId(2)


def _pending(count: int, *, apart_min: int = 15) -> list[PendingBooking]:
    return [
        PendingBooking(
            uid(f"booking {number}"),
            ("pub", "cafe")[number % 2],
            MONDAY,
            time(12 + number * apart_min // 60, number * apart_min % 60),
            2 + number % 5,
        )
        for number in range(count)
    ]


def _plan(pending: Sequence[PendingBooking], **named: Any) -> AssignPlan:
    standard: dict[str, Any] = {"seed": 1, "max_iterations": 6, "passes": 0}
    return AssignPlan.of(pending, **standard | named)


def _play(plan: Plan, filled: bool) -> None:
    """One worker makes the whole pass."""
    while (turn := plan.take(ONE)) is not None:
        plan.begin(turn.id)
        plan.ended(turn.id, filled)
        plan.leave(ONE, turn.id)


def test_every_pending_booking_is_one_turn_by_start_time() -> None:
    pending = _pending(5)
    plan = _plan(pending[::-1])
    assert [(turn.booking_id, turn.restaurant, turn.on, turn.at, turn.party) for turn in plan.turns] == [
        (one.booking_id, one.restaurant, one.on, one.at, one.party) for one in pending
    ]
    assert [turn.id for turn in plan.turns] == [1, 2, 3, 4, 5]
    assert (plan.leg, plan.most_attempts) == (0, 5)


def test_bookings_of_an_earlier_day_come_first_whatever_their_hour() -> None:
    late, early = _pending(2)
    tomorrow = PendingBooking(early.booking_id, "pub", MONDAY + timedelta(days=1), time(9), 2)
    assert [turn.on for turn in _plan([tomorrow, late]).turns] == [late.on, tomorrow.on]


def test_what_starts_together_is_shuffled_by_the_seed_and_by_nothing_else() -> None:
    pending = _pending(12, apart_min=0)
    orders = {tuple(turn.booking_id for turn in _plan(pending, seed=seed).turns) for seed in range(5)}
    assert len(orders) == 5
    again = random.Random(3).sample(pending, len(pending))
    assert _plan(again, seed=4).turns == _plan(pending, seed=4).turns


def test_another_pass_shuffles_anew_and_takes_new_ids_as_the_next_leg() -> None:
    pending = _pending(12, apart_min=0)
    plan = _plan(pending, first_leg=3, first_turn=101)
    first = plan.turns
    _play(plan, filled=False)
    assert plan.next_pass(pending, changed=True)
    assert plan.leg == 4
    assert [turn.id for turn in first + plan.turns] == list(range(101, 125))
    assert [turn.booking_id for turn in plan.turns] != [turn.booking_id for turn in first]


def test_the_next_pass_has_what_is_pending_then() -> None:
    pending = _pending(4)
    plan = _plan(pending)
    _play(plan, filled=True)
    assert (plan.pass_is_over, plan.is_done) == (True, False)
    assert plan.idle_reason == "every booking of pass 1 has ended"
    assert plan.next_pass(pending[2:])
    assert [turn.booking_id for turn in plan.turns] == [one.booking_id for one in pending[2:]]
    assert plan.most_attempts == 2
    _play(plan, filled=True)
    assert not plan.next_pass([])
    assert (plan.pass_is_over, plan.is_done) == (False, True)
    assert plan.idle_reason == "no booking is pending any more"


def test_the_loop_ends_when_a_pass_filled_nothing_and_nothing_changed() -> None:
    pending = _pending(3)
    plan = _plan(pending)
    _play(plan, filled=False)
    assert not plan.next_pass(pending)
    assert plan.is_done
    assert plan.idle_reason == "the last pass confirmed none of the 3 pending bookings, and nothing changed"
    assert not plan.next_pass(pending, changed=True), "what ended stays ended"


@pytest.mark.parametrize("why", ["changed", "counted", "a new booking", "one was filled", "one was skipped"])
def test_the_loop_goes_on_after_a_pass_without_success_when(why: str) -> None:
    pending = _pending(3)
    plan = _plan(pending, passes=2 if why == "counted" else 0)
    if why in ("one was filled", "one was skipped"):
        turn = plan.take(ONE)
        assert turn is not None
        plan.begin(turn.id)
        plan.ended(turn.id, why == "one was filled")
    if why == "one was skipped":
        plan.end_pass()
    _play(plan, filled=False)
    then = [*pending, *_pending(4)[3:]] if why == "a new booking" else pending
    assert plan.next_pass(then, changed=why == "changed")


def test_max_iterations_and_passes_bound_the_passes() -> None:
    pending = _pending(2)
    for bounds, most in (({"max_iterations": 3}, 3), ({"max_iterations": 3, "passes": 5}, 5), ({"passes": 1}, 1)):
        plan = _plan(pending, **bounds)
        made = 1
        _play(plan, filled=False)
        while plan.pass_is_over:
            assert plan.next_pass(pending, changed=True)
            made += 1
            _play(plan, filled=False)
        assert made == most
        assert plan.is_done
        assert plan.idle_reason == f"all {most} passes have been made"
        assert not plan.next_pass(pending, changed=True)


def test_with_nothing_pending_it_is_done_at_once() -> None:
    plan = _plan([], passes=4)
    assert (plan.turns, plan.most_attempts, plan.is_done, plan.pass_is_over) == ((), 0, True, False)
    assert plan.idle_reason == "no booking is pending"
    assert plan.take(ONE) is None


def test_ending_the_pass_skips_what_has_not_begun_and_waits_for_what_is_in_flight() -> None:
    plan = _plan(_pending(4))
    first, second = plan.take(ONE), plan.take(OTHER)
    assert first is not None
    assert second is not None
    plan.begin(first.id)
    assert plan.end_pass() == (2, 3, 4), (
        "the second worker had taken its turn and not begun: at a slow pace it may wait"
    )
    assert plan.begin(second.id) is None
    assert plan.progress(second.id).end is TurnEnd.SKIPPED
    assert plan.progress(second.id).workers == ()
    assert not plan.pass_is_over
    assert plan.end_pass() == ()
    assert plan.ended(first.id, False) is TurnEnd.EXHAUSTED
    assert plan.pass_is_over


def test_a_worker_may_still_hold_a_turn_of_the_last_pass_when_the_next_begins() -> None:
    pending = _pending(2)
    plan = _plan(pending)
    old = plan.take(ONE)
    assert old is not None
    plan.end_pass()
    assert plan.next_pass(pending)
    assert plan.begin(old.id) is None
    plan.leave(ONE, old.id)
    new = plan.take(ONE)
    assert new is not None
    assert new.id == 3
    assert plan.progress(old.id).end is TurnEnd.SKIPPED


def test_the_next_pass_before_the_end_of_this_one_is_a_bug() -> None:
    plan = _plan(_pending(2))
    with pytest.raises(ValueError, match="pass 1 has 2 open turns"):
        plan.next_pass([])


@pytest.mark.parametrize(
    ("wrong", "says"), [({"passes": -1}, "passes = -1 cannot be made"), ({"max_iterations": 0}, "max_iterations = 0")]
)
def test_impossible_settings_are_refused(wrong: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        _plan(_pending(2), **wrong)


def test_what_only_a_fill_can_change_is_refused_by_name() -> None:
    plan: Plan = _plan(_pending(2))
    assert plan.cap(stress_max=None, min_party=None, max_party=None) == ()
    with pytest.raises(ValueError, match="stress_max = 3, min_party = 2 changes nothing now: each booking has one"):
        plan.cap(stress_max=3, min_party=2, max_party=None)


@given(
    rng=st.randoms(use_true_random=False),
    count=st.integers(0, 9),
    passes=st.integers(0, 3),
    most=st.integers(1, 4),
    apart=st.sampled_from([0, 15]),
)
@settings(max_examples=150, deadline=None)
def test_whatever_the_interleaving_the_books_add_up_and_it_comes_to_its_end(
    rng: random.Random, count: int, passes: int, most: int, apart: int
) -> None:
    pending = {one.booking_id: one for one in _pending(count, apart_min=apart)}
    plan = _plan([*pending.values()], seed=count, max_iterations=most, passes=passes)
    crew = Workers(plan, rng, fills=lambda _: rng.random() < 0.5)
    said: list[tuple[list[PendingBooking], tuple[Turn, ...]]] = []
    while plan.turns:
        turns = plan.turns
        said.append(([*pending.values()], turns))
        if rng.random() < 0.3:
            for _ in range(rng.randrange(6)):
                crew.step()
            crew.end_pass()
        crew.play()
        assert plan.turns == turns, "a turn keeps what it asks for"
        assert plan.most_attempts == len(turns) >= sum(crew.begun[turn.id] for turn in turns)
        for turn in turns:
            if crew.filled[turn.id]:
                del pending[turn.booking_id or uid("none")]
        goes_on = plan.next_pass([*pending.values()], changed=rng.random() < 0.5)
        assert goes_on is not plan.is_done
        if passes:
            assert goes_on == (bool(pending) and len(said) < passes), "as many as asked for while anything is pending"
        if not goes_on:
            break
    assert plan.is_done
    assert len(said) <= (passes or most)
    assert sum(crew.filled.values()) == count - len(pending)
    assert set(crew.ends) == set(range(1, len(crew.ends) + 1)), "ids go on counting over the passes"
    assert {turn for turn, end in crew.ends.items() if end is not TurnEnd.SKIPPED} == set(+crew.begun)
    alone = _plan(said[0][0] if said else [], seed=count, max_iterations=9)
    for number, (there, turns) in enumerate(said):
        assert number == 0 or alone.next_pass(there)
        assert alone.turns == turns, "the same seed gives the same turns whoever took them, and when"
        alone.end_pass()
