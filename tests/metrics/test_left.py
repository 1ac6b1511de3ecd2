"""How long a run goes on: what is said, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.metrics.left import TOO_NEW, Bounds, Left, Pace, left
from engine.model.round import Round, RoundKind
from engine.model.run_state import RunState
from engine.model.snapshot import LegFace, SlotFace
from engine.model.turn import TurnEnd

S = 1_000_000_000
RUNNING = RunState.RUNNING


def leg(repeat: int = 1, number: int = 1, began_ns: int = 0, *, over: bool = False) -> LegFace:
    return LegFace(0, repeat, number, 4, 13, 0, 0, 0, over, None, None, None, None, (), began_ns=began_ns)


def turn(attempts: int, cap: int, end: TurnEnd | None = None) -> SlotFace:
    return SlotFace(0, "2026-03-04", "19:00", 2, attempts, attempts, cap, (), end, 0)


def test_a_fill_goes_on_at_the_speed_it_had_and_says_so() -> None:
    assert left(RUNNING, Pace(100 * S, 100 * S, 5, 20), [leg()], Bounds()) == Left(300 * S, "25% of 20 slots in 01:40")


def test_a_slot_that_is_half_done_counts_half() -> None:
    open_turns = [turn(5, 10), turn(0, 10), turn(10, 10, TurnEnd.CAPPED)]
    assert left(RUNNING, Pace(30 * S, 30 * S, 1, 3, open_turns), [leg()], Bounds()).ns == 30 * S


def test_a_pause_is_no_part_of_the_speed() -> None:
    assert left(RUNNING, Pace(700 * S, 100 * S, 10, 20), [leg()], Bounds()).ns == 100 * S


@pytest.mark.parametrize(("ran_s", "done"), [(60, 0), (0, 13)], ids=["nothing is done", "no time has passed"])
def test_a_rate_that_is_too_new_is_not_told(ran_s: int, done: int) -> None:
    assert left(RUNNING, Pace(60 * S, ran_s * S, done, 130), [leg()], Bounds()) == Left(None, TOO_NEW)


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (RunState.PAUSED, "paused"),
        (RunState.PAUSING, "paused"),
        (RunState.DRAINING, "in flight"),
        (RunState.FINISHED, ""),
    ],
)
def test_what_does_not_go_on_has_no_time_left(state: RunState, says: str) -> None:
    told = left(state, Pace(60 * S, 60 * S, 10, 20), [leg()], Bounds())
    assert told.ns is None
    assert says in told.says


def test_of_an_assign_only_the_pass_in_hand_is_told_where_the_loop_may_end() -> None:
    told = left(RUNNING, Pace(90 * S, 30 * S, 50, 100, noun="bookings"), [leg(number=2)], Bounds(1, 6, False))
    assert told == Left(30 * S, "this pass: 50% of 100 bookings in 00:30; up to 4 more may follow")


def test_passes_that_are_certain_are_counted_in() -> None:
    assert left(RUNNING, Pace(30 * S, 30 * S, 50, 100), [leg()], Bounds(1, 3)).ns == (30 + 60 + 60) * S


def test_repeats_that_follow_take_as_long_as_those_that_are_over() -> None:
    legs = [leg(1, over=True), leg(2, began_ns=40 * S, over=True), leg(3, began_ns=80 * S)]
    told = left(RUNNING, Pace(90 * S, 10 * S, 5, 20), legs, Bounds(repeats=5))
    assert told == Left((30 + 2 * 40) * S, "repeat 3 of 5; one took 00:40 on the mean")
    assert left(RUNNING, Pace(90 * S, 10 * S, 0, 20), legs, Bounds(repeats=5)).ns == (30 + 2 * 40) * S
    first = left(RUNNING, Pace(10 * S, 10 * S, 5, 20), [leg()], Bounds(repeats=3))
    assert first == Left((30 + 2 * 40) * S, "2 more repeats like this one")


def test_a_sweep_counts_its_rounds() -> None:
    legs = [
        replace(leg(number, began_ns=(number - 1) * 6 * S), round=Round(number, 10, RoundKind.COUNTED, 4))
        for number in (1, 2, 3)
    ]
    told = left(RUNNING, Pace(15 * S, 3 * S, 10, 20), legs, Bounds(repeats=3))
    assert told == Left((3 + 7 * 6) * S, "round 3 of 10; one took 00:06 on the mean")


@given(st.integers(1, 10**6), st.integers(0, 100), st.integers(1, 100), st.integers(1, 5), st.integers(1, 5))
def test_time_left_is_never_below_nothing_and_always_has_its_reason(
    ran_s: int, done: int, planned: int, repeats: int, repeat: int
) -> None:
    pace = Pace(ran_s * S, ran_s * S, min(done, planned), planned)
    told = left(RUNNING, pace, [leg(repeat, began_ns=0)], Bounds(repeats=repeats))
    assert told.says
    assert told.ns is None or told.ns >= 0
