"""A soak's judging: what a healthy one shows passes, and each planted leak or loss is told."""

from collections import Counter
from itertools import islice

import msgspec
import pytest

from tests.soak.judge import Ended, Left, Reading, figures, growth, wrong
from tests.soak.schedule import Deed, deeds

LEDGER = {"attempts": 900, "persisted": 700, "void": 190, "recovered": 10, "balanced": 1}


def reading(minute: int, **changed: float) -> Reading:
    workers, consoles = 4 + minute % 9, 1 + minute % 2
    found = Reading(
        "run1", minute * 60.0, minute * 900, minute * 700, 70.0 + minute % 3, 60.0, 30 + workers + consoles, workers,
        consoles, workers + 4, 1, 2, 10_000 * minute,
    )  # fmt: skip
    return msgspec.structs.replace(found, **changed)


def healthy(minutes: int) -> list[Reading]:
    # What is loaded in its first minutes is no leak.
    return [reading(minute, engine_mb=min(70.0, 40 + minute * 20.0)) for minute in range(minutes)]


GOOD = [Ended("run1", 130, "stopped", LEDGER, Left())]


@pytest.mark.parametrize("minutes", [0, 1, 3, 8, 120])
def test_a_healthy_soak_passes_however_short(minutes: int) -> None:
    assert wrong(healthy(minutes), GOOD) == []


def test_memory_that_grows_is_told_and_measured() -> None:
    leaking = [reading(minute, engine_mb=70 + minute * 0.5) for minute in range(120)]
    assert wrong(leaking, GOOD) == ["the engine grew by 30.0 MB in 60 min"]
    told = {one.name: one.value for one in figures(leaking, GOOD)}
    assert told["soak_rss_growth_mb_per_hour"] == pytest.approx(30)
    assert told["soak_console_rss_growth_mb_per_hour"] == 0


def test_a_console_that_grows_is_told() -> None:
    assert wrong([reading(minute, console_mb=60 + minute) for minute in range(60)], GOOD) == [
        "the console grew by 30.0 MB in 30 min"
    ]


def test_descriptors_that_are_not_closed_are_told_whatever_the_workers_do() -> None:
    leaking = [reading(minute) for minute in range(60)]
    leaking = [msgspec.structs.replace(one, descriptors=one.descriptors + number // 6)
               for number, one in enumerate(leaking)]  # fmt: skip
    assert len(wrong(leaking, GOOD)) == 1
    assert "more descriptors" in wrong(leaking, GOOD)[0]


def test_growth_is_of_one_process_and_not_from_one_to_the_next() -> None:
    second = [msgspec.structs.replace(reading(minute), run="run2", engine_mb=110.0) for minute in range(20)]
    assert wrong([*healthy(20), *second], GOOD) == []


@pytest.mark.parametrize("word", Left.__struct_fields__)
def test_what_is_left_is_told(word: str) -> None:
    bad = [*GOOD, msgspec.structs.replace(GOOD[0], left=Left(**{word: 2}))]
    assert wrong(healthy(8), bad) == [f"run run1 left 2 {word.replace('_', ' ')}"]
    assert {one.name: one.value for one in figures(healthy(8), bad)}[f"soak_{word}_left"] == 2


@pytest.mark.parametrize("word", ["lost", "torn", "altered", "duplicate", "phantom", "unresolved", "unverified"])
def test_what_was_lost_is_told(word: str) -> None:
    bad = [msgspec.structs.replace(GOOD[0], ledger=LEDGER | {word: 1})]
    assert wrong(healthy(8), bad) == [f"run run1: 1 {word}"]


def test_a_run_that_crashed_left_a_trace_does_not_add_up_or_did_nothing_is_told() -> None:
    bad = [Ended("run1", 70, "a bug", {"attempts": 0, "balanced": 0}, Left(), tracebacks=1)]
    assert [one.split(":")[0] for one in wrong([], bad)] == [
        "run run1", "run run1 ended with 70", "run run1", "nothing was attempted",
    ]  # fmt: skip


def test_too_few_readings_say_nothing_of_growth() -> None:
    assert growth([0, 60, 120], [1.0, 50.0, 99.0]) == (0.0, 0.0)


def test_every_deed_comes_once_a_round_and_equal_seeds_give_equal_rounds() -> None:
    rounds = [list(islice(deeds(seed), 2 * len(Deed))) for seed in (1, 1, 2)]
    assert rounds[0] == rounds[1] != rounds[2]
    assert set(Counter(rounds[0][: len(Deed)]).values()) == {1}
    assert set(rounds[0]) == set(Deed)
