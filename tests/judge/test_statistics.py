"""Every statistic that a report prints, against scipy's own calculation: on fixed samples and on random ones."""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from engine.judge.proportions import detectable, fisher, mcnemar, needed, newcombe, wilson
from engine.judge.scaling import Scaling, fit, fitted, little
from engine.judge.shifts import bootstrap, cliffs_delta, hodges_lehmann, holm, mann_whitney
from engine.metrics.rank import interval_of

RATES = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
VALUES = st.lists(st.integers(0, 60).map(float), min_size=8, max_size=40)


@given(RATES)
def test_wilson_is_scipys_interval_of_a_rate(rate: tuple[int, int]) -> None:
    low, high = wilson(*rate)
    theirs = stats.binomtest(*rate).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_newcombes_interval_is_that_of_his_paper() -> None:
    # Newcombe 1998, table II, method 10, contrasts a (56/70 and 48/80) and h (10/10 and 0/10).
    assert newcombe((48, 80), (56, 70)) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert newcombe((0, 10), (10, 10)) == pytest.approx((0.6075, 1.0), abs=5e-5)


@given(RATES, RATES)
@settings(max_examples=60)
def test_fishers_test_is_scipys(first: tuple[int, int], second: tuple[int, int]) -> None:
    table = [[first[0], first[1] - first[0]], [second[0], second[1] - second[0]]]
    assert fisher(first, second) == pytest.approx(float(stats.fisher_exact(table).pvalue), rel=1e-5, abs=1e-12)


@given(st.integers(0, 80), st.integers(0, 80))
def test_mcnemars_test_is_the_exact_binomial(gained: int, lost: int) -> None:
    theirs = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar(gained, lost) == pytest.approx(theirs)


@pytest.mark.parametrize("pairs", [(40_000, 40_700), (3, 90_000), (50_000, 50_000)])
def test_mcnemars_test_of_a_hundred_thousand_bookings_is_the_binomials_and_ends(pairs: tuple[int, int]) -> None:
    assert mcnemar(*pairs) == pytest.approx(float(stats.binomtest(pairs[0], sum(pairs)).pvalue), rel=1e-6)


@given(VALUES, VALUES)
def test_mann_whitney_is_scipys_with_ties_and_continuity(first: list[float], second: list[float]) -> None:
    assume(len({*first, *second}) > 1)
    theirs = stats.mannwhitneyu(first, second, method="asymptotic").pvalue
    assert mann_whitney(first, second) == pytest.approx(float(theirs), abs=1e-9)


@given(VALUES, VALUES)
def test_cliffs_delta_counts_pairs(first: list[float], second: list[float]) -> None:
    pairs = [(b > a) - (b < a) for a in first for b in second]
    assert cliffs_delta(first, second) == pytest.approx(fmean(pairs))


@given(st.lists(st.floats(-50, 50), min_size=6, max_size=25))
def test_the_shift_is_the_median_of_all_averages_and_lies_in_its_interval(differences: list[float]) -> None:
    found = hodges_lehmann(differences)
    assert found is not None
    shift, low, high = found
    walsh = [(a + b) / 2 for i, a in enumerate(differences) for b in differences[i:]]
    assert shift == pytest.approx(float(np.median(walsh)))
    assert low <= shift <= high


def test_the_interval_of_a_shift_holds_the_true_one_as_often_as_it_says() -> None:
    draws = random.Random(4)
    held = 0
    for _ in range(400):
        found = hodges_lehmann([draws.gauss(3, 2) for _ in range(20)])
        assert found is not None
        held += found[1] <= 3 <= found[2]
    assert 0.92 <= held / 400 <= 0.99


@pytest.mark.parametrize("figure", [fmean, median], ids=["mean", "median"])
def test_the_bootstrap_of_values_that_hang_together_is_wider_than_of_values_that_do_not(
    figure: Callable[[Sequence[float]], float],
) -> None:
    draws = random.Random(5)
    means = [draws.gauss(0, 5) for _ in range(8)]
    runs = [[draws.gauss(mean, 1) for _ in range(30)] for mean in means]
    clustered = bootstrap(runs, figure, seed=1, resamples=500)
    flat = stats.bootstrap(
        (np.array([value for run in runs for value in run]),), figure, n_resamples=500, method="percentile", rng=1,
        vectorized=False,
    ).confidence_interval  # fmt: skip
    assert clustered is not None
    assert clustered[1] - clustered[0] > 2 * (flat.high - flat.low)
    assert bootstrap(runs, figure, seed=1, resamples=500) == clustered, "a seed decides every draw"


def test_the_bootstrap_of_many_runs_of_one_value_is_scipys() -> None:
    draws = random.Random(6)
    values = [draws.lognormvariate(2, 0.5) for _ in range(60)]
    ours = bootstrap([[value] for value in values], fmean, seed=2, resamples=4_000)
    theirs = stats.bootstrap(
        (np.array(values),), np.mean, n_resamples=4_000, method="percentile", rng=3
    ).confidence_interval
    assert ours is not None
    assert ours == pytest.approx((theirs.low, theirs.high), rel=0.02)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_order_and_never_makes_a_p_value_smaller(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(a >= p for a, p in zip(adjusted, p_values, strict=True))
    by_p = [a for _, a in sorted(zip(p_values, adjusted, strict=True))]
    assert all(a <= b for a, b in pairwise(by_p))
    assert min(adjusted) == pytest.approx(min(1.0, min(p_values) * len(p_values)))


@pytest.mark.parametrize("n", [20, 105, 500, 1000])
@pytest.mark.parametrize("percent", [50, 95, 99])
def test_a_percentiles_interval_is_the_binomials(n: int, percent: float) -> None:
    low, high = interval_of(percent, n)
    share = percent / 100
    if low is not None:
        assert stats.binom.cdf(low - 1, n, share) <= 0.025 + 1e-9
    if high is not None:
        assert stats.binom.sf(high - 1, n, share) <= 0.025 + 1e-9


def test_the_differences_a_plan_can_detect_are_those_of_the_formula() -> None:
    assert [needed(0.6, difference) for difference in (0.05, 0.10, 0.15, 0.20)] == [1531, 385, 171, 95]
    found = detectable(105, 0.6)
    assert found is not None
    assert needed(0.6, found) == 105
    assert detectable(1, 0.6) is None


LEVELS = (1, 2, 3, 4, 6, 8, 12, 15)


@given(
    st.floats(10, 5_000), st.floats(0, 0.9), st.floats(0, 0.02),
    st.lists(st.floats(-0.05, 0.05), min_size=len(LEVELS), max_size=len(LEVELS)),
)  # fmt: skip
@settings(max_examples=60)
def test_the_fit_is_the_bounded_least_squares_of_scipy(
    rate: float, contention: float, coherence: float, noise: list[float]
) -> None:
    law = Scaling(rate, contention, coherence)
    points = [(n, law.at(n) * (1 + e)) for n, e in zip(LEVELS, noise, strict=True)]
    ours = fit(points)
    assert ours is not None
    rows = np.array([[x / n, (n - 1) * x / n, (n - 1) * x] for n, x in points])
    scales = np.linalg.norm(rows, axis=0)
    theirs = optimize.lsq_linear(rows / scales, np.ones(len(points)), bounds=(0, np.inf), tol=1e-14).x / scales
    mine = np.array([1 / ours.rate, ours.contention / ours.rate, ours.coherence / ours.rate])

    def error(answer: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> float:
        return float(np.sum((rows @ answer - 1) ** 2))

    assert error(mine) <= error(theirs) + 1e-9


def test_a_law_without_noise_is_found_again_and_its_peak_is_where_throughput_is_highest() -> None:
    law = Scaling(350.0, 0.05, 0.004)
    found = fit([(n, law.at(n)) for n in LEVELS])
    assert found is not None
    assert (found.rate, found.contention, found.coherence) == pytest.approx((350.0, 0.05, 0.004), rel=1e-6)
    assert found.peak == pytest.approx(max(np.arange(1, 60, 0.01), key=law.at), abs=0.02)
    assert Scaling(350.0, 0.05, 0.0).peak is None


def test_runs_drawn_again_bound_the_fit_and_two_levels_are_not_enough() -> None:
    draws = random.Random(9)
    law = Scaling(350.0, 0.9, 0.005)
    runs = [[(n, law.at(n) * draws.gauss(1, 0.02)) for n in LEVELS] for _ in range(5)]
    found = fitted(runs, seed=1, resamples=300)
    assert found is not None
    assert found.contention[0] <= 0.9 <= found.contention[1] + 0.05
    assert (found.levels, found.runs) == (8, 5)
    assert fit([(1, 10.0), (2, 20.0)]) is None


def test_littles_law_gives_one_where_all_time_is_measured() -> None:
    assert little(400.0, 0.01, 4) == pytest.approx(1.0)
