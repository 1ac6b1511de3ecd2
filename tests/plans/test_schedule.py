"""The rounds of a sweep: laws of their order."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from engine.model.round import RoundKind
from engine.schedule import Delays, refused_fit, schedule

LEVELS = st.lists(st.integers(1, 64), min_size=1, max_size=10, unique=True)


@given(LEVELS, st.integers(1, 6), st.integers(), st.sets(st.sampled_from(["submit", "hold", "confirm", "commit"])))
def test_every_level_comes_once_in_each_block_whatever_the_seed(
    levels: list[int], repeats: int, seed: int, steps: set[str]
) -> None:
    rounds = schedule(levels, repeats, seed, Delays(tuple(sorted(steps)), 5))
    assert rounds == schedule(levels, repeats, seed, Delays(tuple(sorted(steps)), 5))
    assert [one.number for one in rounds] == list(range(1, len(rounds) + 1))
    assert {one.of for one in rounds} == {len(rounds)}
    assert (rounds[0].kind, rounds[0].concurrency) == (RoundKind.WARM_UP, max(levels))
    size = len(levels) + len(steps)
    assert len(rounds) == 1 + repeats * size
    for repeat in range(1, repeats + 1):
        block = rounds[1 + (repeat - 1) * size : 1 + repeat * size]
        assert {one.repeat for one in block} == {repeat}
        counted = [one.concurrency for one in block if one.kind is RoundKind.COUNTED]
        assert Counter(counted) == Counter(levels)
        delayed = [one for one in block if one.kind is RoundKind.DELAYED]
        assert {one.step for one in delayed} == steps
        assert all(one.concurrency == max(levels) and one.delay_ms == 5 for one in delayed)


def test_the_seed_shuffles_the_levels_within_each_block() -> None:
    levels = [1, 2, 3, 4, 6, 8, 12, 15]
    orders = {tuple(one.concurrency for one in schedule(levels, 2, seed)) for seed in range(20)}
    assert len(orders) == 20
    assert any(order[1:9] != order[9:] for order in orders), "blocks are shuffled one by one"


def test_fewer_than_six_levels_or_three_repeats_give_no_estimate() -> None:
    assert refused_fit(6, 3) == ""
    assert refused_fit(5, 3) == "needs 6 levels x 3 repeats for an estimate; this has 5 x 3"
    assert refused_fit(8, 2).endswith("8 x 2")
