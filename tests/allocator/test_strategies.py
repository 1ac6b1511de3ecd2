"""Strategies by name, the ladder, and what each of them tries first."""

from datetime import time

import pytest

from engine.allocator.planner import Planner
from engine.allocator.strategies import OPTIMAL, STRATEGIES, ladder, strategy_of
from engine.model.strategy import AdjacencyMode, Strategy
from tests.allocator.floors import MONDAY, at, busy, floor, table

HALL = floor(
    [
        table("A4", 4, "A"),
        table("A8", 8, "A"),
        table("B2", 2, "B"),
        table("B2x", 2, "B"),
        table("B4", 4, "B"),
        table("B5", 5, "B"),
    ],
    [("B2", "B2x"), ("A4", "A8")],
)


def _first(strategy: Strategy, party: int = 4) -> tuple[str, ...]:
    return Planner(HALL).quote(MONDAY, time(19), party, [], strategy=strategy).candidates[0].numbers


def test_strategies_have_their_names_and_the_platforms_comes_first() -> None:
    assert list(STRATEGIES) == [
        "optimal-fit",
        "adjacency",
        "zone-preference",
        "load-balancing",
        "largest-first",
        "smallest-first",
        "fewest-tables",
    ]
    assert all(name == strategy.name for name, strategy in STRATEGIES.items())
    assert Strategy("optimal-fit") == OPTIMAL


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("optimal-fit", ("A4",)),
        ("zone-preference", ("A4",)),
        ("largest-first", ("A8",)),
        ("smallest-first", ("B2", "B2x")),
        ("fewest-tables", ("A4",)),
    ],
)
def test_each_strategy_tries_its_own_first(name: str, first: tuple[str, ...]) -> None:
    assert _first(STRATEGIES[name]) == first


def test_zone_preference_stays_in_the_first_zone_where_the_best_fit_is_elsewhere() -> None:
    assert _first(STRATEGIES["optimal-fit"], 2)[0].startswith("B")
    assert _first(STRATEGIES["zone-preference"], 2) == ("A4",)


def test_load_balancing_takes_a_worse_table_in_the_emptier_zone() -> None:
    on = floor([table("A2", 2, "A"), table("A2x", 2, "A"), table("B4", 4, "B"), table("B4x", 4, "B")])
    taken = [busy("A2", at(MONDAY, 19))]
    firsts = [
        Planner(on).quote(MONDAY, time(19), 2, taken, strategy=STRATEGIES[name]).candidates[0].numbers
        for name in ("optimal-fit", "load-balancing")
    ]
    assert firsts == [("A2x",), ("B4",)]


def test_the_adjacency_strategy_takes_the_set_of_which_most_pairs_touch() -> None:
    chain = [("A", "B"), ("B", "C")]
    ring = [("D", "E"), ("E", "F"), ("D", "F")]
    on = floor([table(number, 4 if number < "D" else 5) for number in "ABCDEF"], chain + ring)
    firsts = [
        Planner(on).quote(MONDAY, time(12), 12, [], strategy=STRATEGIES[name]).candidates[0].numbers
        for name in ("optimal-fit", "adjacency")
    ]
    assert firsts == [("A", "B", "C"), ("D", "E", "F")]


def test_the_ladder_climbs_the_adjacent_rungs_and_then_the_relaxed_ones() -> None:
    rungs = ladder(3)
    assert [rung.name for rung in rungs] == [
        f"{kind}-x{most}" for kind in ("adjacent", "relaxed") for most in (1, 2, 3)
    ]
    assert [rung.weights.max_tables for rung in rungs] == [1, 2, 3, 1, 2, 3]
    assert [rung.adjacency for rung in rungs] == [AdjacencyMode.CONNECTED] * 3 + [AdjacencyMode.OFF] * 3


def test_a_ladders_rungs_differ_in_what_they_find() -> None:
    on = floor([table(number, 4) for number in "ABC"], [("A", "B")])
    planner = Planner(on)
    found = {
        rung.name: [one.numbers for one in planner.quote(MONDAY, time(12), 8, [], strategy=rung).candidates]
        for rung in ladder(2)
    }
    assert found == {
        "adjacent-x1": [],
        "adjacent-x2": [("A", "B")],
        "relaxed-x1": [],
        "relaxed-x2": [("A", "B"), ("A", "C"), ("B", "C")],
    }


def test_settings_make_a_strategy() -> None:
    one = strategy_of("largest-first", "pairwise", 2, 6, lookahead=False)
    assert (one.name, one.adjacency, one.weights.max_tables, one.weights.max_overage) == (
        "largest-first",
        AdjacencyMode.PAIRWISE,
        2,
        6,
    )
    assert (one.weights.lookahead_penalty, one.weights.table_size) == (0, -20)
    assert strategy_of("optimal-fit", "connected", 3, 4, lookahead=True) == OPTIMAL


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ("best", "off", 3, 4),
            r"^strategy = 'best' is not known; give one of optimal-fit, adjacency, .*fewest-tables$",
        ),
        (
            ("optimal-fit", "near", 3, 4),
            r"^adjacency = 'near' is not known; give one of connected, pairwise, neighbors, off$",
        ),
        (("optimal-fit", "off", 6, 4), r"^max_tables = 6 makes no set of tables; give 1 to 5$"),
        (("optimal-fit", "off", 0, 4), r"^max_tables = 0 makes no set of tables; give 1 to 5$"),
        (("optimal-fit", "off", 3, -1), r"^max_overage = -1 would seat people on no chair; give 0 or more$"),
    ],
)
def test_settings_that_do_not_go_say_so_in_one_sentence(settings: tuple[str, str, int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        strategy_of(*settings, lookahead=True)


def test_a_ladder_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="max_tables = 0 makes no set of tables; give 1 to 5"):
        ladder(0)
