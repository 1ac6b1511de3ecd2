"""The statistics that only `compare` prints, against scipy's own calculation or what they promise."""

import random
from math import log, sqrt
from statistics import median

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from engine.judge.pairing import signed_ranks, tango
from engine.judge.rates import About, Had, Key, paired, unpaired
from engine.judge.spread import carries, differences, thinned
from engine.judge.welch import student, welch


def likeliest(gained: int, lost: int, pairs: int, difference: float) -> float:
    """Tango's score by trying: the likeliest rate of lost pairs under a true difference is searched for."""
    rest = pairs - gained - lost

    def unlikely(rate: float) -> float:
        parts = [(gained, rate + difference), (lost, rate), (rest, 1 - 2 * rate - difference)]
        return -sum(n * log(max(p, 1e-300)) for n, p in parts if n)

    low, high = max(0.0, -difference), (1 - difference) / 2
    rate = float(optimize.minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x)
    return float((gained - lost - pairs * difference) / sqrt(pairs * (2 * rate + difference * (1 - difference))))


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 60))
@settings(max_examples=60)
def test_the_ends_of_a_paired_difference_are_where_the_score_says_so(gained: int, lost: int, rest: int) -> None:
    pairs = gained + lost + rest
    low, high = tango(gained, lost, pairs)
    assert low <= (gained - lost) / pairs <= high
    assert likeliest(gained, lost, pairs, low) == pytest.approx(1.96, abs=0.002)
    assert likeliest(gained, lost, pairs, high) == pytest.approx(-1.96, abs=0.002)
    assert tango(lost, gained, pairs) == pytest.approx((-high, -low), abs=1e-9)


def test_a_paired_difference_without_discordant_pairs_is_not_said_to_be_exactly_nothing() -> None:
    low, high = tango(0, 0, 105)
    edge = 1.96**2 / (105 + 1.96**2)
    assert (low, high) == pytest.approx((-edge, edge), abs=1e-4)
    assert tango(0, 0, 0) == (-1.0, 1.0)
    assert tango(5, 0, 5)[1] == pytest.approx(1.0)


def test_the_interval_of_a_paired_difference_holds_the_true_one_as_often_as_it_says() -> None:
    draws = random.Random(1)
    held = 0
    for _ in range(600):
        cells = draws.choices(("gained", "lost", "same"), (0.12, 0.22, 0.66), k=105)
        low, high = tango(cells.count("gained"), cells.count("lost"), 105)
        held += low <= -0.10 <= high
    assert 0.93 <= held / 600 <= 0.98


@given(st.lists(st.integers(-40, 40).map(float), min_size=10, max_size=60))
def test_signed_ranks_are_scipys_with_ties_and_continuity(gaps: list[float]) -> None:
    assume(len([gap for gap in gaps if gap]) >= 6)
    theirs = stats.wilcoxon(gaps, zero_method="wilcox", correction=True, method="asymptotic")
    assert signed_ranks(gaps) == pytest.approx(float(theirs.pvalue), abs=1e-9)


@given(
    st.lists(st.floats(0.1, 100), min_size=2, max_size=8), st.lists(st.floats(0.1, 100), min_size=2, max_size=8)
)  # fmt: skip
def test_welchs_test_is_scipys(first: list[float], other: list[float]) -> None:
    assume(min(max(side) - min(side) for side in (first, other)) > 1e-2)
    theirs = stats.ttest_ind(first, other, equal_var=False)
    assert welch(first, other) == pytest.approx(float(theirs.pvalue), abs=1e-9)


@given(st.floats(-40, 40), st.floats(0.6, 200))
def test_the_tail_of_student_is_scipys(t: float, freedom: float) -> None:
    assert student(t, freedom) == pytest.approx(float(2 * stats.t.sf(abs(t), freedom)), rel=1e-8, abs=1e-7)


def test_one_value_a_side_tells_nothing_and_equal_values_do_not_divide_by_nothing() -> None:
    assert welch([1.0], [2.0, 3.0]) == 1.0
    assert welch([1.0, 1.0], [1.0, 1.0]) == 1.0
    assert welch([1.0, 1.0], [2.0, 2.0]) == 0.0


def test_the_bootstrap_of_a_difference_is_scipys() -> None:
    draws = random.Random(2)
    first, other = ([draws.lognormvariate(2, 0.4) * factor for _ in range(200)] for factor in (1.0, 1.2))
    theirs = stats.bootstrap(
        (first, other), lambda a, b: median(b) - median(a), n_resamples=1000, method="percentile", rng=4,
        vectorized=False,
    ).confidence_interval  # fmt: skip
    ours = differences([first], [other], (50.0, 95.0), seed=1)
    assert ours[50.0] == pytest.approx((theirs.low, theirs.high), abs=0.3)
    assert differences([first], [other], (50.0, 95.0), seed=1) == ours, "a seed decides every draw"


def test_values_that_hang_together_and_runs_that_lie_apart_make_it_wider() -> None:
    draws = random.Random(3)
    walk = [draws.gauss(0, 1)]
    for _ in range(299):
        walk.append(0.9 * walk[-1] + draws.gauss(0, 1))
    mixed = draws.sample(walk, len(walk))

    def wide(groups: list[list[float]]) -> float:
        low, high = differences(groups, groups, (50.0,), seed=1, resamples=300)[50.0]
        return high - low

    assert wide([walk]) > 1.3 * wide([mixed])
    moods = [[draws.gauss(mood, 1) for _ in range(60)] for mood in (-9, -4, 0, 4, 9)]
    flat = [value for mood in moods for value in mood]
    assert wide(moods) > 1.5 * wide([draws.sample(flat, len(flat))])


def test_a_percentile_that_the_counts_cannot_carry_has_no_interval() -> None:
    assert not carries(95, 71)
    assert carries(95, 73)
    assert set(differences([[1.0, 2.0] * 20], [[1.0, 2.0] * 50], (50.0, 95.0), seed=1, resamples=20)) == {50.0}
    assert differences([[1.0]], [[2.0]], (50.0,), seed=1) == {}


def test_thinning_keeps_the_order_and_the_spread() -> None:
    assert thinned([1.0, 2.0], 5) == [1.0, 2.0]
    found = thinned([float(n) for n in range(10_000)], 1000)
    assert len(found) == 1000
    assert found == sorted(found)
    assert found[-1] >= 9_980


def test_unpaired_rates_with_repeats_do_not_count_repeats_of_a_booking_as_bookings() -> None:
    """Ten repeats of twenty bookings, each always or never: two hundred successes a side would prove too much."""
    first = [Had(10, 10)] * 12 + [Had(0, 10)] * 8
    other = [Had(10, 10)] * 8 + [Had(0, 10)] * 12
    row = unpaired(About("success"), first, other)
    assert row.p > 0.1
    assert row.interval.low < -0.4 < 0 < row.interval.high
    assert (row.first.count, row.first.of) == (120, 200)


def test_paired_rates_with_repeats_count_bookings_that_went_better_or_worse() -> None:
    first: dict[Key, Had] = {(n,): Had(4, 5) for n in range(30)}
    other: dict[Key, Had] = {(n,): Had(4 - (n < 12), 5) for n in range(30)}
    row = paired(About("success"), first, other)
    assert (row.pairs, row.gained, row.lost) == (30, 0, 12)
    assert row.p == pytest.approx(float(stats.binomtest(0, 12).pvalue))
    assert row.difference == pytest.approx(-12 / 150)
    assert row.interval.high < 0


@pytest.mark.parametrize("is_paired", [True, False])
def test_the_points_between_two_rates_are_those_of_the_rates_that_stand_beside_them(*, is_paired: bool) -> None:
    """Bookings that only one of two repeats was asked for weigh as much as they were asked for, in both figures."""
    first: dict[Key, Had] = {(n,): Had(2 * (n < 30), 2) if n % 2 else Had(int(n < 10), 1) for n in range(60)}
    other: dict[Key, Had] = {(n,): Had(int(n < 50), 1) if n % 3 else Had(2, 2) for n in range(60)}
    about = About("success", resamples=400, seed=7)
    row = paired(about, first, other) if is_paired else unpaired(about, list(first.values()), list(other.values()))
    assert row.first.rate is not None
    assert row.other.rate is not None
    assert row.difference == pytest.approx(row.other.rate - row.first.rate)
    assert row.interval.low < row.difference < row.interval.high


@pytest.mark.parametrize("count", [1, 8])
def test_bookings_that_are_all_alike_prove_no_difference_to_the_last_digit(count: int) -> None:
    one: dict[Key, Had] = {(n,): Had(0, 2) for n in range(count)}
    two: dict[Key, Had] = {(n,): Had(2, 2) for n in range(count)}
    about = About("success", resamples=50)
    for row in (paired(about, one, two), unpaired(about, list(one.values()), list(two.values()))):
        assert row.difference == 1
        assert row.interval.low < 0.9
