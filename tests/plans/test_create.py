"""The ledger of a create: bookings drawn by the seed, or cloned from another day."""

import random
from collections import Counter
from datetime import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.turn import PendingBooking
from engine.plan import Plan
from engine.plans.create import CreatePlan
from tests.allocator.floors import EVERY_DAY, MONDAY, SATURDAY, floor, table, uid, white_horse
from tests.plans.workers import Workers

TWO = {"pub": white_horse(), "cafe": floor([table("A", 2)], hours=EVERY_DAY)}
SOURCE = [
    PendingBooking(uid(f"booking {hour}"), "pub", SATURDAY, time(hour, 7), hour - 10) for hour in (19, 12, 14, 17)
]


def _plan(**named: Any) -> CreatePlan:
    standard: dict[str, Any] = {
        "seed": 1,
        "on": MONDAY,
        "count": 6,
        "start": time(12),
        "end": time(15),
        "interval_min": 15,
        "min_party": 1,
        "max_party": 12,
    }
    return CreatePlan.of(named.pop("floors", TWO), **standard | named)


def test_the_restaurants_come_in_turn() -> None:
    assert [turn.restaurant for turn in _plan(count=5).turns] == ["pub", "cafe", "pub", "cafe", "pub"]


def test_times_and_parties_are_drawn_over_all_there_are() -> None:
    turns = _plan(count=400, max_party=4).turns
    assert {turn.label for turn in turns} == {f"{h}:{m:02d}" for h in (12, 13, 14) for m in (0, 15, 30, 45)} | {"15:00"}
    assert set(Counter(turn.party for turn in turns)) == {1, 2, 3, 4}
    assert {(turn.on, turn.booking_id, turn.twin) for turn in turns} == {(MONDAY, None, 0)}


def test_each_restaurant_is_booked_only_when_it_is_open() -> None:
    turns = _plan(count=300, start=time(9), end=time(23)).turns
    assert {turn.at for turn in turns if turn.restaurant == "pub"} == {
        time(minute // 60, minute % 60) for minute in range(12 * 60, 22 * 60, 15)
    }
    assert min(turn.at for turn in turns if turn.restaurant == "cafe") == time(9)
    assert {turn.restaurant for turn in _plan(on=SATURDAY).turns} == {"cafe"}, "the pub is closed"


def test_a_day_without_an_open_restaurant_is_refused() -> None:
    with pytest.raises(ValueError, match="no restaurant is open between 12:00 and 15:00 on Saturday 2026-03-07"):
        _plan(floors={"pub": white_horse()}, on=SATURDAY)


def test_what_an_earlier_run_made_is_left_out_and_the_others_stay_as_they_were() -> None:
    whole = _plan().turns
    assert _plan(done={1, 3}).turns == tuple(turn for turn in whole if turn.id not in (1, 3))
    assert [turn.id for turn in _plan(done={1}, first_turn=11).turns] == [12, 13, 14, 15, 16]
    assert _plan(done=range(1, 7)).is_done


def test_clones_take_restaurant_time_and_party_by_start() -> None:
    turns = CreatePlan.cloned(SOURCE, MONDAY, 3).turns
    assert [(turn.restaurant, turn.on, turn.label, turn.party) for turn in turns] == [
        ("pub", MONDAY, "12:07", 2),
        ("pub", MONDAY, "14:07", 4),
        ("pub", MONDAY, "17:07", 7),
    ]
    assert {turn.booking_id for turn in turns} == {None}, "a clone is a booking of its own"
    assert len(CreatePlan.cloned(SOURCE, MONDAY, 99).turns) == 4
    assert [turn.id for turn in CreatePlan.cloned(SOURCE, MONDAY, 3, done={2}).turns] == [1, 3]


def test_impossible_settings_are_refused() -> None:
    for wrong, says in (
        ({"count": 0}, "count = 0 makes no booking"),
        ({"interval_min": 0}, "never leaves the first slot"),
        ({"min_party": 0}, "seats nobody"),
        ({"min_party": 3, "max_party": 2}, "max_party = 2 is below"),
    ):
        with pytest.raises(ValueError, match=says):
            _plan(**wrong)
    with pytest.raises(ValueError, match="count = 0 makes no booking"):
        CreatePlan.cloned(SOURCE, MONDAY, 0)
    with pytest.raises(ValueError, match="no booking to clone"):
        CreatePlan.cloned([], MONDAY, 3)


@given(
    rng=st.randoms(use_true_random=False), seed=st.integers(0, 99), count=st.integers(1, 12), more=st.integers(0, 12)
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_interleaving_each_booking_is_tried_once(
    rng: random.Random, seed: int, count: int, more: int
) -> None:
    plan: Plan = _plan(seed=seed, count=count)
    turns = plan.turns
    assert turns == _plan(seed=seed, count=count).turns
    assert turns == _plan(seed=seed, count=count + more).turns[:count], "a greater count leaves the earlier ones"
    crew = Workers(plan, rng, fills=lambda _: rng.random() < 0.5)
    crew.play()
    assert plan.is_done
    assert not plan.pass_is_over
    assert not plan.next_pass([])
    assert plan.end_pass() == ()
    assert plan.leg == 0
    assert {turn.id for turn in crew.order} == set(range(1, count + 1))
    assert len(crew.order) == plan.most_attempts == count
    assert plan.turns == turns
