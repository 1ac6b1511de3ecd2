"""Random floors, busy times, bookings to come, and ways to quote."""

from datetime import timedelta

from hypothesis import strategies as st
from msgspec.structs import replace

from engine.allocator.strategies import STRATEGIES
from engine.model.floor import Busy, Floor, Upcoming, Weights, Window
from engine.model.strategy import AdjacencyMode, Rules, Strategy
from tests.allocator.floors import MONDAY, at, busy, floor, table


@st.composite
def floors(draw: st.DrawFn, most: int = 8) -> Floor:
    """Up to `most` tables in two zones, few of them fixed, with adjacency that knows no rule: across zones too."""
    count = draw(st.integers(1, most))
    tables = [
        table(
            f"T{place}",
            capacity := draw(st.sampled_from([4, 2, 3, 6, 8])),
            draw(st.sampled_from("XXXY")),
            min_party=draw(st.integers(1, capacity)),
            max_party=draw(st.sampled_from([None, capacity, capacity + 2])),
            movable=draw(st.sampled_from([True, True, True, True, False])),
            category=draw(st.sampled_from(["dining", "dining", "bar"])),
        )
        for place in range(count)
    ]
    pairs = [(a.number, b.number) for place, a in enumerate(tables) for b in tables[place + 1 :]]
    density = draw(st.sampled_from([8, 5, 2]))
    tossed = draw(st.lists(st.integers(0, 9), min_size=len(pairs), max_size=len(pairs)))
    rows = [pair if toss % 2 else pair[::-1] for pair, toss in zip(pairs, tossed, strict=True) if toss < density]
    return floor(tables, rows)


@st.composite
def busy_times(draw: st.DrawFn, on: Floor) -> Busy:
    """A table of that floor, taken from some minute of a Monday on; perhaps by a hold, perhaps one that expired."""
    number = draw(st.sampled_from(on.tables)).number
    start = at(MONDAY, 11) + timedelta(minutes=draw(st.integers(0, 660)))
    hold = draw(st.sampled_from([None, "H1", "H2"]))
    return busy(number, start, draw(st.integers(1, 150)), hold=hold, expired=hold is not None and draw(st.booleans()))


parties = st.integers(1, 14)
starts = st.integers(0, 600).map(lambda minutes: at(MONDAY, 12) + timedelta(minutes=minutes))
windows = st.builds(
    lambda start, minutes: Window("dinner", start, start + timedelta(minutes=minutes)), starts, st.integers(5, 100)
)
bookings = st.builds(
    lambda start, minutes, party: Upcoming(start, start + timedelta(minutes=minutes), party),
    starts,
    st.integers(60, 95),
    parties,
)

weights = st.builds(
    Weights,
    overage=st.sampled_from([0.0, 1.0, 5.0]),
    table_count=st.sampled_from([0.0, 3.0]),
    fragmentation=st.sampled_from([0.0, 2.0]),
    zone_balance=st.sampled_from([0.0, 4.0]),
    scarcity=st.sampled_from([22.0, 0.0]),
    max_overage=st.integers(0, 6),
    max_tables=st.sampled_from([3, 4, 2, 1, 5]),
)

named = st.builds(
    lambda one, most, overage: replace(one, weights=replace(one.weights, max_tables=most, max_overage=overage)),
    st.sampled_from(list(STRATEGIES.values())),
    st.integers(1, 5),
    st.integers(0, 6),
)
ways = st.builds(
    lambda one, mode, relaxes: replace(one, adjacency=mode, relaxes=relaxes),
    named | st.builds(Strategy, st.just("drawn"), weights),
    st.sampled_from(AdjacencyMode),
    st.sampled_from([True, True, False]),
)
"""Every named strategy and drawn weights, in every mode, with and without relaxation."""
rules = st.builds(Rules, st.sampled_from([False, False, True]), st.sampled_from([False, False, True]))
