"""Rules that give way, rules of the platform's own, scarcity, demand and the look ahead, each by an example."""

from datetime import time, timedelta

import pytest

from engine.allocator.demand import demand_multiplier
from engine.allocator.planner import Planner
from engine.allocator.scarcity import scarcities
from engine.allocator.strategies import OPTIMAL, STRATEGIES
from engine.model.floor import Quote, Upcoming, Weights, Window
from engine.model.strategy import AdjacencyMode, Rules, Strategy
from tests.allocator.floors import EVERY_DAY, MONDAY, at, busy, floor, large, table, white_horse

PAIR = floor([table("A", 4), table("B", 4), table("C", 4)], [("A", "B")])


def _quote(planner: Planner, party: int, strategy: Strategy = OPTIMAL, but: str = "") -> Quote:
    taken = [busy(number, at(MONDAY, 12)) for number in but]
    return planner.quote(MONDAY, time(12), party, taken, strategy=strategy)


def _numbers(quote: Quote) -> list[tuple[str, ...]]:
    return [one.numbers for one in quote.candidates]


def test_adjacency_gives_way_only_when_nothing_that_touches_is_free_and_hold_and_confirm_are_told() -> None:
    strict = _quote(Planner(PAIR), 8)
    assert (_numbers(strict), strict.stats.relaxed, strict.requires_adjacency) == ([("A", "B")], "", True)
    loose = _quote(Planner(PAIR), 8, but="A")
    assert (_numbers(loose), loose.stats.relaxed, loose.requires_adjacency) == ([("B", "C")], "adjacency", False)


def test_overage_gives_way_last() -> None:
    on = floor([table("A", 8, min_party=3), table("B", 3, min_party=3)])
    order = [_quote(Planner(on), 2, but=but) for but in ("", "B")]
    assert [(_numbers(one), one.stats.relaxed) for one in order] == [
        ([("B",)], "minimum party size"),
        ([("A",)], "overage"),
    ]


def test_a_strategy_that_does_not_relax_finds_nothing_instead() -> None:
    firm = Strategy("firm", relaxes=False)
    quote = _quote(Planner(PAIR), 8, firm, but="A")
    assert (quote.candidates, quote.reason, quote.requires_adjacency) == ((), "Insufficient filtered capacity", True)


def test_without_adjacency_nothing_has_to_touch_and_nothing_gave_way() -> None:
    quote = _quote(Planner(PAIR), 8, Strategy("off", adjacency=AdjacencyMode.OFF))
    assert _numbers(quote) == [("A", "B"), ("A", "C"), ("B", "C")]
    assert (quote.stats.relaxed, quote.requires_adjacency) == ("", False)


@pytest.mark.parametrize(
    ("mode", "found"),
    [
        (AdjacencyMode.CONNECTED, {"chain", "star", "ring"}),
        (AdjacencyMode.NEIGHBORS, {"star", "ring"}),
        (AdjacencyMode.PAIRWISE, {"ring"}),
    ],
)
def test_modes_differ_in_what_touching_means(mode: AdjacencyMode, found: set[str]) -> None:
    rows = {
        "chain": [("A", "B"), ("B", "C"), ("C", "D")],
        "star": [("A", "B"), ("A", "C"), ("A", "D")],
        "ring": [("A", "B"), ("A", "C"), ("A", "D"), ("B", "C"), ("B", "D"), ("C", "D")],
    }
    strategy = Strategy("four", Weights(max_tables=4), mode, relaxes=False)
    tables = [table(number, 2) for number in "ABCD"]
    assert {name for name, row in rows.items() if _quote(Planner(floor(tables, row)), 8, strategy).candidates} == found


def test_a_lone_table_serves_nobody_where_the_platform_drops_it() -> None:
    planner = Planner(PAIR, Rules(drops_lone_tables=True))
    assert _numbers(_quote(planner, 4)) == [("A",), ("B",)]
    full = _quote(planner, 4, but="AB")
    assert full.reason == "No tables available for requested window"
    assert _numbers(_quote(planner, 4, Strategy("off", adjacency=AdjacencyMode.OFF), but="AB")) == [("C",)]


def test_an_empty_graph_leaves_everybody_without_a_table_on_the_platform() -> None:
    house = floor([table("A", 2), table("B", 4)])
    planner = Planner(house, Rules(drops_lone_tables=True))
    for party in (1, 2, 4, 6):
        assert _quote(planner, party).reason == "No tables available for requested window"
    assert _quote(planner, 7).reason == "Insufficient global capacity"


def test_read_in_one_direction_a_row_from_the_smaller_to_the_larger_is_missed() -> None:
    on = floor([table("A", 6), table("B", 4), table("C", 4), table("D", 4)], [("B", "A"), ("C", "D")])
    firm = Strategy("firm", relaxes=False)
    assert _numbers(_quote(Planner(on), 8, firm)) == [("C", "D"), ("A", "B")]
    assert _numbers(_quote(Planner(on, Rules(directed=True)), 8, firm)) == [("C", "D")]


def test_a_start_in_no_service_fails_hard_where_the_rules_say_so() -> None:
    assert Planner(PAIR).quote(MONDAY, time(16), 4, []).candidates
    hard = Planner(PAIR, Rules(fails_hard=True)).quote(MONDAY, time(16), 4, [])
    assert (hard.window, hard.reason) == (None, "No service window matches 16:00")
    assert Planner(PAIR, Rules(fails_hard=True)).upcoming(MONDAY, time(16), 4) is None


def test_scarcity_is_one_over_how_many_there_are_of_a_kind_and_spares_the_rare_ones() -> None:
    tables = [table("A", 4, category="bar"), *(table(number, 4) for number in "BCDE")]
    assert scarcities(tables) == (1, 0.25, 0.25, 0.25, 0.25)
    assert [numbers[0] for numbers in _numbers(_quote(Planner(floor(tables)), 4))] == ["B", "C", "D", "E", "A"]


def test_demand_is_the_hours() -> None:
    starts = (time(12), time(16, 59), time(17), time(18, 30), time(20, 29), time(20, 30), time(22))
    assert [demand_multiplier(one) for one in starts] == [0.85, 0.85, 1.15, 1.35, 1.35, 1.1, 1.1]


def test_demand_makes_a_wasted_seat_dearer_in_local_time() -> None:
    on = floor([table("A", 2), table("B", 4)], hours=EVERY_DAY)
    summer = MONDAY + timedelta(weeks=18)
    quotes = [Planner(on).quote(summer, one, 2, []) for one in (time(12), time(18, 30))]
    assert [one.stats.demand_multiplier for one in quotes] == [0.85, 1.35]
    waste = [one.candidates[1].score - one.candidates[0].score for one in quotes]
    assert waste[1] - waste[0] == pytest.approx(2 * 5 * (1.35 - 0.85))


def test_the_score_is_the_platforms_sum() -> None:
    """A party of 7 on 4 + 4 at noon: a seat over, two tables that touch, both of one kind of two."""
    on = floor([table("A", 4), table("B", 4)], [("A", "B")])
    (candidate,) = _quote(Planner(on), 7).candidates
    assert candidate.score == pytest.approx(1 * 5 * 0.85 + 3 * (1 + 0.5) + (0.5 + 0.5) * 22)


def test_equal_scores_go_by_overage_then_tables_then_seats_then_lost_slots_then_pairs_apart_then_numbers() -> None:
    nothing = Weights(0, 0, 0, 0, 0, scarcity=0)
    chain = [("A", "B"), ("B", "C"), ("C", "D"), ("D", "E"), ("C", "E")]
    on = floor([*(table(number, 2) for number in "ABCDE"), table("F", 6), table("G", 7), table("H", 6)], chain)
    gap = [busy("F", at(MONDAY, 13, 45), 60)]  # 85 minutes and the buffer end at 13:35
    quote = Planner(on).quote(MONDAY, time(12), 6, gap, strategy=Strategy("equal", nothing))
    assert {one.score for one in quote.candidates} == {0}
    assert ["".join(one.numbers) for one in quote.candidates] == ["H", "F", "CDE", "ABC", "BCD", "BCE", "G"]


def test_the_last_table_for_eight_is_spared_for_the_eight_to_come() -> None:
    on = floor([table("A", 4, min_party=4), table("B", 8), table("C", 4, "Bar")])
    planner = Planner(on)
    eight = planner.upcoming(MONDAY, time(12, 30), 8)
    assert eight is not None
    greedy = STRATEGIES["largest-first"]
    plain = planner.quote(MONDAY, time(12), 4, [], strategy=greedy)
    spared = planner.quote(MONDAY, time(12), 4, [], strategy=greedy, upcoming=[eight])
    assert (_numbers(plain)[0], _numbers(spared)[-1]) == (("B",), ("B",))
    assert spared.candidates[-1].score == plain.candidates[0].score + 500
    assert (plain.stats.blocking, spared.stats.blocking) == (0, 1)
    unmoved = [
        Upcoming(eight.start - timedelta(hours=1), eight.end, 8),
        Upcoming(at(MONDAY, 14), at(MONDAY, 15), 8),
        Upcoming(eight.start, eight.end, 13),
    ]
    assert planner.quote(MONDAY, time(12), 4, [], strategy=greedy, upcoming=unmoved).candidates == plain.candidates


def test_a_look_ahead_without_budget_says_that_it_was_cut_short_and_blames_nobody() -> None:
    few = Strategy("few", Weights(lookahead_evaluations=1))
    planner = Planner(floor([table("A", 4), table("B", 4)]))
    coming = [Upcoming(at(MONDAY, 12), at(MONDAY, 13), 4)]
    quote = planner.quote(MONDAY, time(12), 4, [], strategy=few, upcoming=coming)
    assert (quote.stats.cut_short, quote.stats.blocking, quote.stats.lookahead_evaluations) == (True, 0, 1)


def test_skips_count_what_was_left_out() -> None:
    pub = Planner(white_horse())
    twelve = _quote(pub, 12).stats
    assert (twelve.skips.capacity, twelve.skips.zone, twelve.skips.seed_limit) == (40, 0, 0)
    assert twelve.skips.kmax
    assert twelve.skips.adjacency_frontier
    assert twelve.skips.capacity_upper_bound
    assert (twelve.plans, twelve.alternates, twelve.skips.limit) == (twelve.skips.limit + 50, 49, twelve.plans - 50)
    firm = Strategy("few", Weights(max_plans_per_slack=2))
    slack = _quote(pub, 2, firm)
    seats = [one.capacity for one in slack.candidates]
    assert sorted(seats) == sorted([2, 2, 4, 4, 6, 6][: len(seats)])
    assert slack.stats.skips.bucket == slack.stats.plans - len(seats)


def test_a_search_without_budget_says_so() -> None:
    brief = Strategy("brief", Weights(max_enumeration=5))
    quote = Planner(large(40, 1)).quote(MONDAY, time(12), 14, [], strategy=brief)
    assert (quote.stats.cut_short, quote.stats.skips.timeout) == (True, 2), (
        "once in search of sets that touch, once of others"
    )


def test_a_booking_that_begins_in_the_slot_a_plan_ends_in_would_find_its_table_taken() -> None:
    # 12:00 to 13:01 takes the slot from 13:00 to 13:05, and the last table for eight is in it.
    planner = Planner(floor([table("A", 8)]))
    window = Window("dinner", at(MONDAY, 12), at(MONDAY, 12) + timedelta(minutes=61))
    coming = [Upcoming(window.end, window.end + timedelta(minutes=60), 8)]
    assert planner.quote_window(window, 8, [], upcoming=coming).stats.blocking == 1
    sharp = Window("dinner", at(MONDAY, 12), at(MONDAY, 13))
    coming = [Upcoming(sharp.end, sharp.end + timedelta(minutes=60), 8)]
    assert planner.quote_window(sharp, 8, [], upcoming=coming).stats.blocking == 0
