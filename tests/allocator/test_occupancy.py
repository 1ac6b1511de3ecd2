"""Slots of the day, and the expired holds that stand in a candidate's way."""

from datetime import timedelta

from engine.allocator.occupancy import busy_bits, expired_holds
from engine.allocator.planner import Planner
from engine.model.floor import Busy, Candidate, Window
from tests.allocator.floors import MONDAY, at, busy, floor, table, uid

DAY = at(MONDAY, 0)
WINDOW = Window("lunch", at(MONDAY, 12), at(MONDAY, 13, 10))
A, B = table("A", 2), table("B", 2)
PLACES = {A.id: 0, B.id: 1}


def _bits(*some: Busy) -> dict[int, int]:
    return busy_bits(some, PLACES, DAY, DAY, DAY + timedelta(days=2))


def test_a_slot_touched_in_part_is_busy_whole() -> None:
    assert _bits(busy("A", DAY + timedelta(minutes=4), 2)) == {0: 0b11}


def test_times_of_other_days_other_tables_and_no_length_take_nothing() -> None:
    gone = [busy("A", DAY - timedelta(days=1)), busy("C", DAY), busy("A", DAY, 0), busy("A", DAY, -5)]
    assert _bits(*gone) == {}


def test_what_does_not_reach_into_the_asked_time_is_left_out() -> None:
    some = [busy("A", at(MONDAY, 11), 60), busy("A", at(MONDAY, 14)), busy("B", at(MONDAY, 11), 61)]
    assert busy_bits(some, PLACES, DAY, at(MONDAY, 12), at(MONDAY, 14)) == {1: 0b1_1111_1111_1111 << 132}


def test_an_endless_busy_time_stays_a_small_number() -> None:
    assert _bits(busy("A", DAY, 60 * 24 * 4000))[0].bit_length() == 2 * 288


def test_an_expired_hold_leaves_its_table_free_and_is_named() -> None:
    expired = busy("A", at(MONDAY, 12, 30), hold="H", expired=True)
    quote = Planner(floor([A, B])).quote_window(WINDOW, 2, [expired])
    assert [one.numbers for one in quote.candidates] == [("A",), ("B",)]
    assert expired_holds([expired], quote.candidates[0], WINDOW) == (uid("H"),)
    assert expired_holds([expired], quote.candidates[1], WINDOW) == ()


def test_expired_holds_are_named_once_and_only_where_they_overlap() -> None:
    both = Candidate((A, B), 0.0, 4)
    taken = [
        busy("A", at(MONDAY, 12), hold="H", expired=True),
        busy("B", at(MONDAY, 12), hold="H", expired=True),
        busy("A", at(MONDAY, 13, 10), hold="after", expired=True),
        busy("B", at(MONDAY, 11), 60, hold="before", expired=True),
        busy("B", at(MONDAY, 12), hold="live"),
        busy("B", at(MONDAY, 12)),
    ]
    assert expired_holds(taken, both, WINDOW) == (uid("H"),)
