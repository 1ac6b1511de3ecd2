"""The bound of a house beside what was made of it: prices of rules, regrets, and a bound that is withheld."""

from collections.abc import Iterable

import msgspec

from engine.judge.demand import Demand
from engine.judge.inventory import _prices, house_optimum, words
from engine.judge.optimum import Wanted, optimum
from engine.judge.seatings import House, HouseRules, Taken
from engine.model.house_optimum import Price
from tests.judge.test_optimum import floor, want
from tui.verbs.optimum import _house

HOUSE = floor([(4, 0, True), (4, 1, True), (2, 0, True)], [(0, 2)])
WANTED = [want(1, 4, 0, 90), want(2, 6, 0, 90), want(3, 4, 0, 90)]


def demand(wanted: list[Wanted], achieved: dict[str, tuple[str, ...]], outside: int = 0) -> Demand:
    return Demand("house", len(wanted) + outside, {one.booking: one for one in wanted}, achieved, outside)


def optimum_lines(prices: Iterable[Price]) -> list[str]:
    """What `slotfill optimum` says of these prices."""
    house = msgspec.structs.replace(house_optimum(HOUSE, demand(WANTED, {}), HouseRules()), prices=tuple(prices))
    return [line for line in _house(house) if "without the rule" in line]


def test_a_house_is_told_with_its_bound_what_a_simple_rule_makes_of_it_and_what_each_rule_costs() -> None:
    found = house_optimum(HOUSE, demand(WANTED, {"b1": ("T00",)}, outside=1), HouseRules())
    assert (found.bookings, found.outside, found.achieved, found.bound) == (4, 1, 1, 2)
    assert found.is_proven
    assert found.efficiency == 0.5
    assert (found.optimal_waste, found.optimal_covers) == (0, 10)
    assert {price.rule: price.bookings for price in found.prices} == {
        "tables of one zone only": 0, "tables that touch": 0, "movable tables only": 0, "one table more in a set": 0,
    }  # fmt: skip
    assert [(one.booking, one.tables, one.moved) for one in found.regrets] == [
        ("b2", ("T00", "T02"), "b1"),
        ("b3", ("T01",), ""),
    ]


def test_a_rule_that_costs_bookings_says_how_many() -> None:
    apart = floor([(4, 0, True), (2, 1, True)], [(0, 1)])
    found = house_optimum(apart, demand([want(1, 6, 0, 90)], {}), HouseRules())
    assert found.bound == 0
    assert {price.rule: price.bookings for price in found.prices}["tables of one zone only"] == 1


def test_a_solver_without_the_time_for_a_rule_never_says_that_it_would_seat_fewer() -> None:
    best = optimum(House(HOUSE, HouseRules()), WANTED)
    assert (best.bound, best.is_proven) == (2, True)
    hurried = list(_prices(HOUSE, demand(WANTED, {}), HouseRules(), (), best, limit_s=0.0))
    assert all(price.bookings >= 0 for price in hurried)
    (text,) = {line.split(": ")[1] for line in optimum_lines(hurried)}
    assert text == "nothing was proven in the time"


def test_what_was_taken_before_is_nobodys_to_give() -> None:
    first = WANTED[0]
    taken = [Taken("T00", first.start, first.end)]
    assert house_optimum(HOUSE, demand(WANTED, {}), HouseRules(), taken).bound == 1
    withheld = house_optimum(HOUSE, demand(WANTED, {"b1": ("T00",)}), HouseRules(), taken)
    assert withheld.bound is None
    assert "taken before the run" in withheld.withheld


def test_the_rules_are_told_in_words() -> None:
    assert words(HouseRules(adjacency=False)).startswith("at most 3 tables a booking, of one zone, all movable")
