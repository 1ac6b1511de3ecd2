"""What holds for every floor, party, time, strategy and busy day, against the slow planner of `brute.py`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.allocator.candidates import relaxed, strict
from engine.allocator.layout import Layout
from engine.allocator.planner import Planner
from engine.model.floor import Candidate, Floor, Upcoming, Window
from engine.model.strategy import AdjacencyMode, Rules, Strategy
from tests.allocator import brute, strategies
from tests.allocator.strategies import bookings, parties, ways, windows


def _sets(candidates: tuple[Candidate, ...]) -> set[tuple[str, ...]]:
    return {candidate.numbers for candidate in candidates}


@settings(max_examples=400)
@given(data=st.data(), on=strategies.floors(), rules=strategies.rules, party=parties, strategy=ways, window=windows)
def test_a_quote_is_the_slow_planners_every_free_set_that_fits_no_other_and_the_same_scores(
    data: st.DataObject, on: Floor, rules: Rules, party: int, strategy: Strategy, window: Window
) -> None:
    busy = data.draw(st.lists(strategies.busy_times(on), max_size=12))
    all_of_them = replace(strategy.weights, max_candidates=300, max_plans_per_slack=300)
    quote = Planner(on, rules).quote_window(window, party, busy, strategy=replace(strategy, weights=all_of_them))
    found = brute.possible(on, rules, busy, Upcoming(window.start, window.end, party), strategy)
    steps = brute.ORDER if strategy.relaxes else brute.ORDER[:1]
    first = next((relaxation for relaxation in steps if found[relaxation]), None)
    expected = found[first] if first is not None else {}
    assert {one.numbers: one.score for one in quote.candidates} == pytest.approx(expected, abs=2e-6)
    assert [one.score for one in quote.candidates] == sorted(one.score for one in quote.candidates)
    assert quote.stats.relaxed == (first or "")
    assert (quote.reason is None) == bool(expected)
    assert not quote.stats.cut_short
    off = strategy.adjacency is AdjacencyMode.OFF
    assert quote.requires_adjacency == (not off and first not in {"adjacency", "overage"})
    if quote.requires_adjacency:
        tables = {table.number: table for table in on.tables}
        for one in quote.candidates:
            assert brute.is_adjacent(on, rules, tuple(tables[n] for n in one.numbers), strategy.adjacency)


@settings(max_examples=200)
@given(
    data=st.data(),
    on=strategies.floors(6),
    party=parties,
    strategy=ways,
    window=windows,
    coming=st.lists(bookings, max_size=4),
)
def test_the_look_ahead_puts_back_what_would_leave_a_booking_without_any_table(
    data: st.DataObject, on: Floor, party: int, strategy: Strategy, window: Window, coming: list[Upcoming]
) -> None:
    busy = data.draw(st.lists(strategies.busy_times(on), max_size=8))
    planner, plain = Planner(on), Planner(on).quote_window(window, party, busy, strategy=strategy)
    quote = planner.quote_window(window, party, busy, strategy=strategy, upcoming=coming)
    expected = {}
    for place, one in enumerate(plain.candidates):
        count = brute.blocked(on, Rules(), busy, coming, (one.numbers, window, strategy)) if place < 20 else 0
        expected[one.numbers] = one.score + 500 * count
    assert {one.numbers: one.score for one in quote.candidates} == pytest.approx(expected, abs=2e-6)
    assert [one.score for one in quote.candidates] == sorted(one.score for one in quote.candidates)
    assert quote.stats.blocking == sum(score > 400 + _plain(plain.candidates, n) for n, score in expected.items())


def _plain(candidates: tuple[Candidate, ...], numbers: tuple[str, ...]) -> float:
    return next(one.score for one in candidates if one.numbers == numbers)


@given(data=st.data(), on=strategies.floors(), party=parties, strategy=ways, window=windows)
def test_no_candidate_overlaps_a_busy_time_and_all_seat_the_party(
    data: st.DataObject, on: Floor, party: int, strategy: Strategy, window: Window
) -> None:
    busy = data.draw(st.lists(strategies.busy_times(on), max_size=12))
    for candidate in Planner(on).quote_window(window, party, busy, strategy=strategy).candidates:
        assert candidate.capacity == sum(table.capacity for table in candidate.tables) >= party
        for one in busy:
            if not one.expired and one.table_id in {table.id for table in candidate.tables}:
                assert one.end <= window.start or window.end <= one.start


@given(data=st.data(), on=strategies.floors(), party=parties, strategy=ways, window=windows)
def test_a_busy_time_more_never_adds_a_candidate_unless_a_rule_gives_way(
    data: st.DataObject, on: Floor, party: int, strategy: Strategy, window: Window
) -> None:
    """Law: if both quotes needed the same relaxation and neither was cut, the fuller day's sets are among the other's.

    A limit cut (evaluations, candidates) or a rule that gives way only on the fuller day may bring others forward.
    """
    busy = data.draw(st.lists(strategies.busy_times(on), max_size=8))
    more = data.draw(st.lists(strategies.busy_times(on), min_size=1, max_size=4))
    planner = Planner(on)
    before = planner.quote_window(window, party, busy, strategy=strategy)
    then = planner.quote_window(window, party, busy + more, strategy=strategy)
    if then.candidates and then.stats.relaxed == before.stats.relaxed and len(before.candidates) < 50:
        assert _sets(then.candidates) <= _sets(before.candidates)
    if not before.candidates:
        assert not then.candidates


@given(data=st.data(), on=strategies.floors(), party=parties, strategy=ways, window=windows, coming=st.lists(bookings))
def test_equal_input_gives_an_equal_quote_whatever_the_order_it_is_told_in(
    data: st.DataObject, on: Floor, party: int, strategy: Strategy, window: Window, coming: list[Upcoming]
) -> None:
    busy = data.draw(st.lists(strategies.busy_times(on), max_size=12))
    turned = replace(on, tables=on.tables[::-1], adjacency=tuple((b, a) for a, b in on.adjacency[::-1]))
    warm, cold = Planner(on), Planner(turned)
    warm.prepare([party], strategy)
    one = warm.quote_window(window, party, busy, strategy=strategy, upcoming=coming)
    assert one == warm.quote_window(window, party, busy, strategy=strategy, upcoming=coming)
    assert one == cold.quote_window(window, party, busy[::-1], strategy=strategy, upcoming=coming[::-1])


@given(data=st.data(), on=strategies.floors(), party=parties, window=windows, spread=st.integers(0, 100))
def test_spread_changes_only_the_order_of_equal_scores(
    data: st.DataObject, on: Floor, party: int, window: Window, spread: int
) -> None:
    busy = data.draw(st.lists(strategies.busy_times(on), max_size=12))
    plain = Planner(on).quote_window(window, party, busy)
    spread_out = Planner(on).quote_window(window, party, busy, spread=spread)
    scores = [candidate.score for candidate in plain.candidates]
    assert scores == sorted(scores)
    assert scores == [candidate.score for candidate in spread_out.candidates]
    assert _sets(plain.candidates) == _sets(spread_out.candidates)


@given(data=st.data(), on=strategies.floors(), party=parties, strategy=ways, window=windows)
def test_a_lower_limit_of_candidates_gives_the_head_of_the_same_list(
    data: st.DataObject, on: Floor, party: int, strategy: Strategy, window: Window
) -> None:
    busy = data.draw(st.lists(strategies.busy_times(on), max_size=6))
    planner = Planner(on)
    whole = planner.quote_window(window, party, busy, strategy=strategy)
    for most in (1, 2, 4):
        few = replace(strategy, weights=replace(strategy.weights, max_candidates=most))
        assert planner.quote_window(window, party, busy, strategy=few).candidates == whole.candidates[:most]


@given(on=strategies.floors(), rules=strategies.rules, party=parties, strategy=ways)
def test_each_set_is_found_once(on: Floor, rules: Rules, party: int, strategy: Strategy) -> None:
    layout = Layout(on, rules)
    masks = [one.mask for find in (strict, relaxed) for one in find(layout, party, strategy).choices]
    assert len(masks) == len(set(masks))
