"""What the levels of a sweep come to: the steady part, Little's law, fits, elasticity, and the generator's limits."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.judge.sweep import experiments, fits, generator_limited, plan_detects
from engine.metrics.rounds import Ran, Span
from engine.model.ids import WorkerId
from engine.model.levels import Level, Steady
from engine.model.round import Round, RoundKind

MS = 1_000_000


def ran(concurrency: int, took_ms: list[list[int]], *, step: str = "", repeat: int = 1, delay: int = 0) -> Ran:
    """A round of workers that make one attempt right after the other, each as long as told."""
    kind = RoundKind.DELAYED if step else RoundKind.COUNTED
    found = Ran(Round(1, 1, kind, concurrency, repeat, step, delay))
    found.first_send_ns = 0
    for worker, lengths in enumerate(took_ms):
        at = 0
        for length in lengths:
            found.spans.append(Span(WorkerId(worker), at, at + length * MS, filled=True))
            at += length * MS
    found.outcomes = {"filled": len(found.spans)}
    return found


def level(concurrency: int, repeat: int, per_s: float, **more: object) -> Level:
    made = Level(
        concurrency=concurrency, repeat=repeat, attempts=200, latency_ms={}, attempts_per_s=per_s, persisted_per_s=per_s
    )
    return msgspec.structs.replace(made, **more)


@given(st.lists(st.lists(st.integers(1, 50), min_size=4, max_size=12), min_size=1, max_size=5))
def test_workers_that_never_rest_fill_all_their_time_whatever_their_attempts_take(took: list[list[int]]) -> None:
    found = ran(len(took), took).steady()
    if found is None:
        return
    assert found.little == pytest.approx(1)
    assert found.attempts_per_s == pytest.approx(found.attempts / found.seconds)
    assert found.attempts <= sum(map(len, took))


def test_one_attempt_that_is_starved_keeps_the_others_in_and_the_first_ones_are_left_out() -> None:
    found = ran(3, [[5] * 40, [200], [5] * 40]).steady()
    assert found is not None
    assert found.seconds == pytest.approx(0.15)
    quick = ran(2, [[5] * 40, [5] * 40]).steady()
    assert quick is not None
    assert quick.attempts == 78
    assert quick.seconds == pytest.approx(0.195)


def test_a_worker_without_work_leaves_no_steady_part() -> None:
    assert ran(3, [[5, 5, 5], [5, 5, 5]]).steady() is None
    assert ran(2, [[5, 5, 5], [5, 5, 5]]).steady() is not None
    assert ran(2, [[50], [5, 5, 5]]).steady() is None, "one is not warm before the other has gone"


def test_rests_between_attempts_show_as_time_that_nobody_measured() -> None:
    made = ran(1, [[10] * 20])
    made.spans = [Span(one.worker, one.started_ns * 2, one.started_ns * 2 + 10 * MS, filled=True) for one in made.spans]
    found = made.steady()
    assert found is not None
    assert found.little == pytest.approx(0.5, abs=0.05)


def test_a_delay_in_a_queue_costs_all_of_it_and_one_side_by_side_its_share() -> None:
    workers = 4

    def steps(made: Ran) -> Ran:
        made.steps = {"hold": made.attempts}
        return made

    # One at a time: every pass moves all that follow. Side by side: four at once, each 40 ms, then 60.
    queue = [steps(ran(1, [[10] * 40]))]
    queue += [steps(ran(1, [[30] * 40], step="hold", delay=20))]
    assert experiments(queue, 1)[0].elasticity == pytest.approx(1)
    beside = [steps(ran(workers, [[40] * 40] * workers))]
    beside += [steps(ran(workers, [[60] * 40] * workers, step="hold", delay=20))]
    found = experiments(beside, 1)[0]
    assert found.elasticity == pytest.approx(1 / workers)
    assert (found.step, found.delay_ms, found.runs) == ("hold", 20, 1)
    absorbed = [beside[0], steps(ran(workers, [[40] * 40] * workers, step="hold", delay=20))]
    assert experiments(absorbed, 1)[0].elasticity == 0


def test_a_fit_takes_six_levels_and_three_repeats_that_began_from_one_state() -> None:
    draws = random.Random(3)
    levels = [
        level(n, repeat, 40 * n / (1 + 0.3 * (n - 1)) * draws.uniform(0.98, 1.02))
        for n in (1, 2, 3, 4, 8, 12)
        for repeat in (1, 2, 3)
    ]
    found, why = fits(levels, 1, resamples=200)
    assert why == []
    assert [one.of for one in found] == ["attempts", "persisted"]
    assert found[0].sigma_interval[0] <= found[0].sigma <= found[0].sigma_interval[1]
    assert found[0].sigma == pytest.approx(0.3, abs=0.03)
    assert (found[0].levels, found[0].repeats) == (6, 3)
    marked = [*levels[:-1], msgspec.structs.replace(levels[-1], marks=["fingerprints differ: 1 bookings instead of 0"])]
    found, why = fits(marked, 1, resamples=200)
    assert found == []
    assert why == ["needs 6 levels x 3 repeats for an estimate; this has 6 x 2"]


def test_the_generator_is_the_limit_by_lateness_by_its_core_and_by_time_nobody_measured() -> None:
    steady = Steady(1.0, 100, 100, 100.0, 100.0, little=0.99)
    assert generator_limited([level(1, 1, 10.0, steady=steady, tainted=1, cpu_share=0.5)]) == []
    assert generator_limited([level(1, 1, 10.0, tainted=9)]) == ["1 worker: 9 of 200 attempts tainted by a late loop"]
    assert generator_limited([level(8, 1, 10.0, cpu_share=0.97)]) == ["8 workers: 97% of its core used"]
    slack = msgspec.structs.replace(steady, little=0.9)
    assert generator_limited([level(8, 1, 10.0, steady=slack)]) == [
        "8 workers: attempts fill 90.0% of the workers' time"
    ]


def test_a_plan_says_what_it_can_show_before_it_starts() -> None:
    assert plan_detects(107, 1).startswith("this plan can detect >= 19 points of success rate between two levels")
    assert "no difference" in plan_detects(2, 1)
