"""The laps of a sweep's round: its fill on the days that follow, one day after the other, until there is enough."""

from datetime import time
from typing import Any

import msgspec
import pytest

from engine.config import Settings
from engine.model.ids import WorkerId
from engine.sweeping import EACH, MOST_LAPS, laps_of
from tests.plans.fills import fill_of

LEVELS = (1, 2, 3, 4, 6, 8, 12, 15)


def settings(levels: tuple[int, ...] = LEVELS, repeat: int = 3, **fill: Any) -> Settings:
    plain = Settings()
    return msgspec.structs.replace(
        plain,
        run=msgspec.structs.replace(plain.run, repeat=repeat, restaurants=("pub",)),
        fill=msgspec.structs.replace(plain.fill, **fill),
        sweep=msgspec.structs.replace(plain.sweep, levels=levels),
    )


def test_one_slot_is_run_as_often_as_the_largest_level_needs_and_a_long_plan_once() -> None:
    seven: dict[str, Any] = {"start": time(19), "end": time(19)}
    assert laps_of(settings(**seven), "fill") == EACH * 15 // 10
    assert laps_of(settings(**seven, stress_max=1), "fill") == MOST_LAPS
    assert laps_of(settings(start=time(12), end=time(15)), "fill") == 1
    assert laps_of(settings(**seven, days=12), "fill") == 1


@pytest.mark.parametrize(
    ("levels", "repeat", "plan"), [(LEVELS, 1, "fill"), ((1, 4, 8), 3, "fill"), (LEVELS, 3, "assign")]
)
def test_where_no_estimate_is_to_be_had_the_plan_is_run_as_it_is(
    levels: tuple[int, ...], repeat: int, plan: str
) -> None:
    assert laps_of(settings(levels, repeat, start=time(19), end=time(19)), plan) == 1


def test_all_workers_are_in_one_days_slot_and_the_next_day_opens_when_nothing_of_it_begins_any_more() -> None:
    plan = fill_of(start=time(19), end=time(19), days=3, stress_max=2, share_slots=True, by_day=True)
    first, second, _ = plan.turns
    workers = [WorkerId(number) for number in range(4)]
    taken = [plan.take(worker) for worker in workers]
    assert taken == [first] * 4, "they queue where the user wants them to"
    assert [plan.begin(first.id), plan.begin(first.id)] == [1, 2]
    assert plan.begin(first.id) is None
    assert plan.take(workers[2]) == second, "its bookings are in flight, and nobody waits for them"
    assert plan.take(workers[3]) == second
    spread = fill_of(start=time(19), end=time(19), days=3, stress_max=2, share_slots=True)
    assert [spread.take(worker) for worker in workers[:3]] == list(spread.turns), "otherwise days are side by side"


def test_a_plan_of_days_in_a_row_ends_as_any_other() -> None:
    plan = fill_of(start=time(19), end=time(19, 15), days=3, stress_max=1, share_slots=True, by_day=True)
    done = 0
    worker = WorkerId(1)
    while (turn := plan.take(worker)) is not None:
        if plan.begin(turn.id) is not None:
            plan.ended(turn.id, filled=done % 2 == 0)
            done += 1
    assert done == len(plan.turns) == 6
    assert plan.is_done
