"""How much the success of one plan varies by itself, as a report and a terminal say it."""

import msgspec
import pytest

from engine.model.report import Pass, Result
from engine.records.page import report_md
from engine.records.repeats import SHARED, repeat_spread, repeat_words
from tests.judge.planted import result, sweep
from tui.headless import summary


def repeated(*repeats: list[tuple[int, int]], **more: object) -> Result:
    """A result of repeats, each of passes with (filled, attempts)."""
    passes = [
        Pass(number, repeat, attempts, filled, filled, {}, {"filled": filled, "capacity": attempts - filled})
        for repeat, made in enumerate(repeats, start=1)
        for number, (filled, attempts) in enumerate(made, start=1)
    ]
    return msgspec.structs.replace(result({"filled": 1}), passes=passes, **more)


def test_repeats_are_told_each_once_with_how_far_they_lie_apart() -> None:
    found = repeated([(60, 100)], [(50, 100)], [(7, 10)])
    spread = repeat_spread(found)
    assert spread is not None
    assert (spread.count, spread.best, spread.worst) == (3, "3", "2")
    assert (spread.mean, spread.range, spread.deviation) == pytest.approx((0.6, 0.2, 0.1))
    said = "3 repeats filled 60.0%, 50.0%, 70.0% of their attempts: mean 60.0%, range 20.0 points, standard deviation "
    assert said in repeat_words(found)
    assert said in report_md(found)
    assert any(said in line for line in summary(found))


def test_a_repeat_is_all_its_passes_together() -> None:
    spread = repeat_spread(repeated([(60, 100), (20, 40)], [(70, 100), (15, 30)]))
    assert spread is not None
    assert (spread.least, spread.most) == pytest.approx((80 / 140, 85 / 130))


def test_a_repeat_that_was_cut_short_is_not_the_same_plan() -> None:
    assert repeat_spread(repeated([(60, 100)], [(1, 2)], state="stopped")) is None
    stopped = repeat_spread(repeated([(60, 100)], [(50, 100)], [(1, 2)], state="stopped"))
    assert stopped is not None
    assert stopped.count == 2


def test_one_repeat_one_without_attempts_a_sweep_and_repeats_in_one_database_tell_of_no_spread() -> None:
    for found in (
        repeated([(60, 100), (20, 40)]), repeated([(60, 100)], [(0, 0)]),
        repeated([(6, 10)], [(5, 10)], sweep=sweep(0.1)), repeated([(6, 10)], [(0, 3)], alerts=[SHARED]),
    ):  # fmt: skip
        assert repeat_words(found) == ""
