"""The proven optimum against every assignment there is, in houses small enough to try them all."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.judge.optimum import SolverMissing, Wanted, optimum
from engine.judge.replay import best_fit, infeasible, regrets
from engine.judge.seatings import House, HouseRules
from engine.model.floor import Floor, Policy, Table, Zone

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ZONES = (Zone(UUID(int=100), "Main"), Zone(UUID(int=101), "Patio"))
POLICY = Policy(time(12), time(15), time(17), time(22), 5)


def floor(tables: Sequence[tuple[int, int, bool]], pairs: Sequence[tuple[int, int]]) -> Floor:
    """Tables as (seats, zone, movable), touching as pairs of their places."""
    made = tuple(
        Table(UUID(int=place + 1), f"T{place:02d}", ZONES[zone].id, seats, 1, None, "dining", "indoor", movable)
        for place, (seats, zone, movable) in enumerate(tables)
    )
    touching = tuple((UUID(int=one + 1), UUID(int=other + 1)) for one, other in pairs)
    return Floor(UUID(int=1), "house", "House", "UTC", 15, ZONES, made, touching, (), POLICY)


def want(number: int, party: int, start_min: int, length_min: int) -> Wanted:
    start = NOON + timedelta(minutes=start_min)
    return Wanted(f"b{number}", party, start, start + timedelta(minutes=length_min))


TABLES = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 1), st.booleans()), min_size=1, max_size=5)
PARTIES = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 12), st.integers(4, 9)), min_size=1, max_size=6)
RULES = st.builds(
    HouseRules, same_zone=st.booleans(), adjacency=st.booleans(), movable=st.booleans(), max_tables=st.integers(1, 3)
)


def every_set(house: House, party: int) -> list[tuple[int, ...]]:
    places = range(len(house.tables))
    return [
        chosen
        for size in range(1, house.rules.max_tables + 1)
        for chosen in combinations(places, size)
        if not house.allows(chosen, party)
    ]


def most(house: House, wanted: list[Wanted], taken: list[tuple[Wanted, tuple[int, ...]]]) -> tuple[int, int]:
    """The most bookings, and the fewest empty seats that so many can have, by trying everything."""
    if not wanted:
        waste = sum(sum(house.tables[place].capacity for place in places) - one.party for one, places in taken)
        return len(taken), -waste
    one, rest = wanted[0], wanted[1:]
    best = most(house, rest, taken)
    for places in every_set(house, one.party):
        free = all(
            not (set(places) & set(others) and other.start < one.end and other.end > one.start)
            for other, others in taken
        )
        if free:
            best = max(best, most(house, rest, [*taken, (one, places)]))
    return best


@given(TABLES, st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6), PARTIES, RULES)
@settings(max_examples=120, deadline=None)
def test_the_optimum_is_what_trying_everything_finds(
    tables: list[tuple[int, int, bool]], pairs: set[tuple[int, int]], parties: list[tuple[int, int, int]],
    rules: HouseRules,
) -> None:  # fmt: skip
    there = [(a, b) for a, b in pairs if a < len(tables) and b < len(tables) and a != b]
    house = House(floor(tables, there), rules)
    wanted = [want(number, party, at * 15, long * 15) for number, (party, at, long) in enumerate(parties)]
    found = optimum(house, wanted)
    assert found.is_proven
    assert (found.accepted, -(found.waste or 0)) == most(house, wanted, [])
    assert found.waste is not None
    by_name = {one.booking: one for one in wanted}
    assert not infeasible(house, by_name, {one.booking: one.tables for one in found.placed})
    assert len(best_fit(house, wanted)) <= found.accepted


def test_a_rule_that_gives_way_never_lowers_the_optimum_and_its_price_is_the_difference() -> None:
    flat = floor([(2, 0, True), (2, 0, True), (2, 1, True), (2, 0, False)], [(0, 1), (0, 2)])
    wanted = [want(1, 4, 0, 90), want(2, 4, 0, 90)]
    assert optimum(House(flat), wanted).accepted == 1
    assert optimum(House(flat, HouseRules(movable=False, adjacency=False)), wanted).accepted == 1
    assert optimum(House(flat, HouseRules(movable=False, adjacency=False, same_zone=False)), wanted).accepted == 2
    assert optimum(House(flat, HouseRules(max_tables=1)), wanted).accepted == 0


def test_an_assignment_the_model_does_not_allow_is_named_with_why() -> None:
    house = House(floor([(4, 0, True), (4, 0, True)], []))
    wanted = {"b1": want(1, 4, 0, 90), "b2": want(2, 4, 60, 90), "b3": want(3, 8, 300, 90)}
    bad = infeasible(house, wanted, {"b1": ("T00",), "b2": ("T00",), "b3": ("T00", "T01"), "x": ("T00",)})
    assert [one.why for one in bad] == [
        "T00 is taken by b1 at that time",
        "T00 touches none of the others",
        "the booking is not among those that were wanted",
    ]


def test_a_refused_booking_comes_with_the_swap_that_would_have_seated_it() -> None:
    house = House(floor([(4, 0, True), (2, 0, True)], []))
    wanted = {"b1": want(1, 2, 0, 90), "b2": want(2, 4, 30, 90), "b3": want(3, 9, 30, 90)}
    (swap,) = regrets(house, wanted, {"b1": ("T00",)})
    assert (swap.booking, swap.tables, swap.moved, swap.moved_to) == ("b2", ("T00",), "b1", ("T01",))
    (free,) = regrets(house, wanted, {"b2": ("T00",)})
    assert (free.booking, free.moved) == ("b1", "")


def test_without_the_solver_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(SolverMissing, match="slotfill\\[analysis\\]"):
        optimum(House(floor([(4, 0, True)], [])), [want(1, 2, 0, 90)])
