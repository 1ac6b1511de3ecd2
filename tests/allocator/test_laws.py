"""What holds for every floor, party, time and busy day."""

from datetime import timedelta
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.allocator.candidates import menu
from engine.allocator.layout import Layout
from engine.allocator.planner import Planner
from engine.model.floor import Candidate, Floor, Table, Weights, Window
from tests.allocator import strategies
from tests.allocator.floors import MONDAY, at

parties = st.integers(1, 14)
starts = st.integers(0, 600).map(lambda minutes: at(MONDAY, 12) + timedelta(minutes=minutes))
windows = st.builds(
    lambda start, minutes: Window("dinner", start, start + timedelta(minutes=minutes)), starts, st.integers(5, 100)
)


def _touch(on: Floor, one: Table, other: Table) -> bool:
    return (one.id, other.id) in on.adjacency or (other.id, one.id) in on.adjacency


def _is_connected(on: Floor, tables: tuple[Table, ...]) -> bool:
    reached = [tables[0]]
    for table in reached:
        reached += [other for other in tables if other not in reached and _touch(on, table, other)]
    return len(reached) == len(tables)


def _fits(on: Floor, tables: tuple[Table, ...], party: int, weights: Weights, relaxed: str) -> bool:
    """The rules, said once more and slowly."""
    seats = sum(table.capacity for table in tables)
    if seats < party or (seats - party > weights.max_overage and relaxed != "overage"):
        return False
    if len(tables) == 1:
        (alone,) = tables
        return (alone.min_party <= party or relaxed != "") and (alone.max_party is None or party <= alone.max_party)
    return (
        len(tables) <= weights.max_tables
        and all(table.movable for table in tables)
        and len({table.zone_id for table in tables}) == 1
        and _is_connected(on, tables)
        and all(seats - table.capacity < party for table in tables)
    )


def _sets(candidates: tuple[Candidate, ...]) -> set[tuple[str, ...]]:
    return {candidate.numbers for candidate in candidates}


@settings(max_examples=300)
@given(data=st.data(), on=strategies.floors(), party=parties, weights=strategies.weights, window=windows)
def test_a_quote_gives_every_free_set_that_fits_and_no_other(
    data: st.DataObject, on: Floor, party: int, weights: Weights, window: Window
) -> None:
    busy = data.draw(st.lists(strategies.busy_times(on), max_size=12))
    quote = Planner(on).quote_window(window, party, busy, weights)
    slot = timedelta(minutes=5)
    origin = at(MONDAY, 0)
    first, after = (window.start - origin) // slot, -((origin - window.end) // slot)
    taken = {
        one.table_id
        for one in busy
        if not one.expired and (one.start - origin) // slot < after and first < -((origin - one.end) // slot)
    }
    free = sorted((table for table in on.tables if table.id not in taken), key=lambda table: table.number)
    sets = [some for size in range(1, 5) for some in combinations(free, size)]
    for relaxed in ("", "minimum party size", "overage"):
        expected = {tuple(table.number for table in some) for some in sets if _fits(on, some, party, weights, relaxed)}
        if expected:
            break
    assert _sets(quote.candidates) == (expected if len(expected) <= weights.max_candidates else _sets(quote.candidates))
    assert quote.stats.relaxed == (relaxed if expected else "")
    assert (quote.reason is None) == bool(expected)
    assert not quote.stats.cut_short


@given(data=st.data(), on=strategies.floors(), party=parties, window=windows)
def test_no_candidate_overlaps_a_busy_time_and_all_seat_the_party(
    data: st.DataObject, on: Floor, party: int, window: Window
) -> None:
    busy = data.draw(st.lists(strategies.busy_times(on), max_size=12))
    for candidate in Planner(on).quote_window(window, party, busy).candidates:
        assert candidate.capacity == sum(table.capacity for table in candidate.tables) >= party
        for one in busy:
            if not one.expired and one.table_id in {table.id for table in candidate.tables}:
                assert one.end <= window.start or window.end <= one.start


@given(data=st.data(), on=strategies.floors(), party=parties, weights=strategies.weights, window=windows)
def test_a_busy_time_more_never_adds_a_candidate_unless_a_rule_gives_way(
    data: st.DataObject, on: Floor, party: int, weights: Weights, window: Window
) -> None:
    """Law: if both quotes needed the same relaxation and neither was cut, the fuller day's sets are among the other's.

    A limit cut (evaluations, candidates) or a rule that gives way only on the fuller day may bring others forward.
    """
    busy = data.draw(st.lists(strategies.busy_times(on), max_size=8))
    more = data.draw(st.lists(strategies.busy_times(on), min_size=1, max_size=4))
    planner = Planner(on)
    before = planner.quote_window(window, party, busy, weights)
    then = planner.quote_window(window, party, busy + more, weights)
    if then.candidates and then.stats.relaxed == before.stats.relaxed and len(before.candidates) < 50:
        assert _sets(then.candidates) <= _sets(before.candidates)
    if not before.candidates:
        assert not then.candidates


@given(data=st.data(), on=strategies.floors(), party=parties, weights=strategies.weights, window=windows)
def test_equal_input_gives_an_equal_quote_whatever_the_order_it_is_told_in(
    data: st.DataObject, on: Floor, party: int, weights: Weights, window: Window
) -> None:
    busy = data.draw(st.lists(strategies.busy_times(on), max_size=12))
    turned = replace(on, tables=on.tables[::-1], adjacency=tuple((b, a) for a, b in on.adjacency[::-1]))
    warm = Planner(on)
    warm.prepare(range(1, 17), weights)
    one = warm.quote_window(window, party, busy, weights)
    assert one == warm.quote_window(window, party, busy, weights)
    assert one == Planner(turned).quote_window(window, party, busy[::-1], weights)


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


@given(data=st.data(), on=strategies.floors(), party=parties, weights=strategies.weights, window=windows)
def test_a_lower_limit_of_candidates_gives_the_head_of_the_same_list(
    data: st.DataObject, on: Floor, party: int, weights: Weights, window: Window
) -> None:
    busy = data.draw(st.lists(strategies.busy_times(on), max_size=6))
    whole = Planner(on).quote_window(window, party, busy, weights)
    for most in (1, 2, 4):
        few = replace(weights, max_candidates=most)
        assert Planner(on).quote_window(window, party, busy, few).candidates == whole.candidates[:most]


@given(on=strategies.floors(), party=parties, weights=strategies.weights)
def test_each_set_is_on_the_menu_once(on: Floor, party: int, weights: Weights) -> None:
    masks = [mask for stage in menu(Layout(on), party, weights).stages for mask in stage.masks]
    assert len(masks) == len(set(masks))
