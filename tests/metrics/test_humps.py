"""Where the humps of planner times are."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.metrics.humps import FEWEST, hump_words, humps_of

MS = 1_000_000
S = 1000 * MS


def said(lengths: list[int]) -> str:
    return hump_words(humps_of(lengths).found(), len(lengths))


def in_request(fast: int, timed_out: int) -> list[int]:
    """As the platform was seen: 4.9 to 6.3 s, and 12.00 to 12.02 s where its own timeout ended it."""
    return [4_900 * MS + 1_400 * MS * at // max(1, fast - 1) for at in range(fast)] + [
        12_000 * MS + at % 20 * MS for at in range(timed_out)
    ]


@pytest.mark.parametrize(("fast", "timed_out"), [(12, 8), (85, 55), (850, 550), (8500, 5500)])
def test_two_groups_are_two_humps_with_their_shares(fast: int, timed_out: int) -> None:
    share = round(100 * fast / (fast + timed_out))
    assert said(in_request(fast, timed_out)) == f"2 humps: 4.9-6.3 s ({share} %), 12.0 s ({100 - share} %)"


def test_one_group_is_one_hump() -> None:
    assert said(in_request(100, 0)) == "1 hump: 4.9-6.3 s (100 %)"
    assert said([12_010 * MS] * 20) == "1 hump: 12.0 s (100 %)"


def test_below_twenty_nothing_is_said_of_humps() -> None:
    assert humps_of(in_request(12, 7)).found() == ()
    assert said(in_request(12, 7)) == "19 so far: too few to tell humps, which takes 20"
    assert said([]) == "none told"


def test_a_few_stragglers_are_no_hump_and_move_no_edge() -> None:
    for few in (1, 5, 12):
        words = said(in_request(200, 100) + [40 * S] * few + [MS])
        assert words.startswith("2 humps: 4.9-6.3 s (6"), words
        assert ", 12.0 s (3" in words
        assert words.endswith(" % elsewhere")
    assert said(in_request(200, 100) + [40 * S] * 40).endswith("12.0 s (29 %), 40.0 s (12 %)")


def test_three_groups_are_three_humps_each_in_its_own_unit() -> None:
    lengths = [(20 + at % 5) * MS for at in range(40)] + [(700 + at % 90) * MS for at in range(40)]
    assert said([*lengths, *[12 * S] * 20]).startswith("3 humps: 20-24 ms (40 %), 700-739 ms (40 %), 12.0 s")


@pytest.mark.parametrize("spread", [0.05, 0.2, 0.5, 0.8])
@pytest.mark.parametrize("count", [20, 100, 1000, 10_000])
def test_one_hump_with_a_tail_stays_one(spread: float, count: int) -> None:
    source = random.Random(5)
    assert len(humps_of([int(source.lognormvariate(21, spread)) for _ in range(count)]).found()) == 1


def test_evenly_spread_times_are_one_hump() -> None:
    assert len(humps_of(range(100 * MS, 1000 * MS, MS)).found()) == 1


@given(st.lists(st.integers(-5, 10**12), min_size=1, max_size=300))
def test_shares_never_add_up_to_more_than_all_and_edges_lie_inside(lengths: list[int]) -> None:
    humps = humps_of(lengths)
    found = humps.found()
    assert sum(humps.bars()) == len(lengths) == humps.count
    assert sum(hump.share for hump in found) <= 1 + 1e-9
    assert [hump.from_ns for hump in found] == sorted(hump.from_ns for hump in found)
    for hump in found:
        assert min(lengths) <= hump.from_ns <= hump.to_ns <= max(lengths)
        assert hump.count >= 1
    assert found or len(lengths) < FEWEST


@given(st.lists(st.integers(1, 10**12), min_size=20, max_size=200), st.randoms())
def test_the_order_of_lengths_does_not_matter(lengths: list[int], source: random.Random) -> None:
    found = humps_of(lengths).found()
    source.shuffle(lengths)
    assert humps_of(lengths).found() == found


def test_a_shallow_valley_makes_no_two_humps_however_many_lengths_there_are() -> None:
    heights = {1000: 1000, 1100: 1000, 1200: 700, 1320: 600, 1450: 700, 1600: 1000, 1750: 1000}
    lengths = [length * MS for length, count in heights.items() for _ in range(count)]
    assert len(humps_of(lengths).found()) == 1
