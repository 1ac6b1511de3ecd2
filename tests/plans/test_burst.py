"""The ledger of a burst: requests for one moment, and those among them that are the same request twice."""

import random
from collections import Counter
from datetime import time
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.ids import WorkerId
from engine.plan import Plan
from engine.plans.burst import BurstPlan
from tests.allocator.floors import EVERY_DAY, MONDAY, SATURDAY, floor, table, white_horse
from tests.plans.workers import Workers

TWO = {"pub": white_horse(), "cafe": floor([table("A", 2)], hours=EVERY_DAY)}


def _plan(**named: Any) -> BurstPlan:
    standard: dict[str, Any] = {
        "seed": 1,
        "on": MONDAY,
        "at": time(19),
        "requests": 8,
        "duplicates": 0,
        "min_party": 1,
        "max_party": 12,
    }
    return BurstPlan.of(named.pop("floors", TWO), **standard | named)


def test_all_requests_are_for_one_moment_and_the_restaurants_come_in_turn() -> None:
    turns = _plan(requests=5).turns
    assert {(turn.on, turn.at, turn.booking_id, turn.twin) for turn in turns} == {(MONDAY, time(19), None, 0)}
    assert [turn.restaurant for turn in turns] == ["pub", "cafe", "pub", "cafe", "pub"]
    assert _plan(requests=5).most_attempts == 5


def test_twins_are_the_same_request_next_to_one_another_and_named_by_the_first() -> None:
    assert [turn.twin for turn in _plan(requests=6, duplicates=2).turns] == [1, 1, 3, 3, 0, 0]
    assert [turn.twin for turn in _plan(requests=6, duplicates=2, first_turn=31).turns] == [31, 31, 33, 33, 0, 0]


def test_more_duplicates_than_requests_to_repeat_make_groups_of_several() -> None:
    assert [turn.twin for turn in _plan(requests=7, duplicates=5).turns] == [1, 1, 1, 1, 5, 5, 5]
    assert [turn.twin for turn in _plan(requests=3, duplicates=2).turns] == [1, 1, 1]


def test_workers_that_take_one_after_the_other_hold_the_twins_together() -> None:
    plan = _plan(requests=6, duplicates=3)
    taken = [plan.take(WorkerId(worker)) for worker in range(6)]
    assert [turn.twin if turn else None for turn in taken] == [1, 1, 3, 3, 5, 5]


def test_only_open_restaurants_are_asked() -> None:
    assert {turn.restaurant for turn in _plan(on=SATURDAY).turns} == {"cafe"}
    assert {turn.restaurant for turn in _plan(at=time(22)).turns} == {"cafe"}, "at closing time it is closed"
    with pytest.raises(ValueError, match="no restaurant is open at 11:45 on Monday 2026-03-02; choose another moment"):
        _plan(floors={"pub": white_horse()}, at=time(11, 45))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"requests": 0}, "requests = 0 asks for nothing"),
        ({"duplicates": 8}, "duplicates = 8 of 8 requests leaves none to repeat; give 0 to 7"),
        ({"duplicates": -1}, "duplicates = -1 of 8"),
        ({"min_party": 0}, "seats nobody"),
        ({"min_party": 5, "max_party": 4}, "max_party = 4 is below"),
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        _plan(**wrong)


@given(
    rng=st.randoms(use_true_random=False), seed=st.integers(0, 99), requests=st.integers(1, 12), share=st.floats(0, 1)
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_interleaving_each_request_is_sent_once_and_twins_agree(
    rng: random.Random, seed: int, requests: int, share: float
) -> None:
    duplicates = int(share * (requests - 1))
    plan: Plan = _plan(seed=seed, requests=requests, duplicates=duplicates)
    turns = plan.turns
    assert turns == _plan(seed=seed, requests=requests, duplicates=duplicates).turns
    groups = Counter(turn.twin or -turn.id for turn in turns)
    assert len(groups) == requests - duplicates, "so many distinct requests"
    assert max(groups.values()) - min(groups.values()) <= 1, "dealt out evenly"
    together = [(twin, [*members]) for twin, members in groupby(turns, key=lambda turn: turn.twin) if twin]
    assert len({twin for twin, _ in together}) == len(together), "twins stand next to one another"
    for twin, members in together:
        assert len(members) > 1
        assert members[0].id == twin
        assert len({(turn.restaurant, turn.party) for turn in members}) == 1
    distinct = _plan(seed=seed, requests=requests - duplicates).turns
    firsts = [turn for turn in turns if turn.twin in (0, turn.id)]
    assert [(turn.restaurant, turn.party) for turn in firsts] == [(turn.restaurant, turn.party) for turn in distinct]
    crew = Workers(plan, rng, fills=lambda _: rng.random() < 0.5)
    crew.play()
    assert plan.is_done
    assert Counter(turn.id for turn in crew.order) == Counter(range(1, requests + 1))
