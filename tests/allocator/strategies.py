"""Random floors, weights and busy times."""

from datetime import timedelta

from hypothesis import strategies as st

from engine.model.floor import Busy, Floor, Weights
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
        )
        for place in range(count)
    ]
    pairs = [(a.number, b.number) for place, a in enumerate(tables) for b in tables[place + 1 :]]
    density = draw(st.sampled_from([8, 5, 2]))
    tossed = draw(st.lists(st.integers(0, 9), min_size=len(pairs), max_size=len(pairs)))
    return floor(tables, [pair for pair, toss in zip(pairs, tossed, strict=True) if toss < density])


@st.composite
def busy_times(draw: st.DrawFn, on: Floor) -> Busy:
    """A table of that floor, taken from some minute of a Monday on; perhaps by a hold, perhaps one that expired."""
    number = draw(st.sampled_from(on.tables)).number
    start = at(MONDAY, 11) + timedelta(minutes=draw(st.integers(0, 660)))
    hold = draw(st.sampled_from([None, "H1", "H2"]))
    return busy(number, start, draw(st.integers(1, 150)), hold=hold, expired=hold is not None and draw(st.booleans()))


weights = st.builds(
    Weights,
    overage=st.sampled_from([0.0, 1.0, 5.0]),
    table_count=st.sampled_from([0.0, 3.0]),
    fragmentation=st.sampled_from([0.0, 2.0]),
    zone_balance=st.sampled_from([0.0, 4.0]),
    max_overage=st.integers(0, 6),
    max_tables=st.sampled_from([3, 4, 2, 1]),
)
