"""What is kept during a run does not grow with it, and says the same as if everything were kept."""

import datetime as dt
import random
from uuid import UUID, uuid4

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.fill import desk
from engine.fill.desk import Holders
from engine.metrics import map as map_module
from engine.metrics.histogram import Histogram
from engine.metrics.map import Map
from engine.metrics.rank import rank_of
from engine.metrics.seen import Seen
from engine.model.event import AttemptEnded
from engine.model.floor import Window
from engine.model.ids import AttemptId, Ids, RunId, TurnId, WorkerId
from engine.model.map_face import CellState
from engine.model.outcome import Certainty
from engine.model.turn import Order, Turn

NOON = dt.datetime(2027, 3, 1, 12, 0, tzinfo=dt.UTC)


def test_an_id_that_came_before_is_always_known_and_a_new_one_hardly_ever_taken_for_it() -> None:
    source = random.Random(4)
    ids = [UUID(int=source.getrandbits(128), version=4) for _ in range(5_000)]
    seen = Seen()
    assert sum(seen.add(one) for one in ids) < 5
    assert all(seen.add(one) for one in ids)


@settings(max_examples=30)
@given(st.lists(st.one_of(st.integers(-5, 10**4), st.integers(0, 10**12)), min_size=1, max_size=100))
def test_percentiles_by_rows_are_off_by_a_thousandth_at_most_and_merge_alike(values: list[int]) -> None:
    whole, first, second = Histogram(), Histogram(), Histogram()
    for place, value in enumerate(values):
        whole.record(value)
        (first if place % 2 else second).record(value)
    first.merge(second)
    ordered = sorted(max(0, value) for value in values)
    asked = (0, 1, 50, 90, 99, 100)
    assert first.percentiles(*asked) == whole.percentiles(*asked)
    assert (whole.min, whole.max, whole.count) == (ordered[0], ordered[-1], len(ordered))
    for percent, found in zip(asked, whole.percentiles(*asked), strict=True):
        exact = ordered[rank_of(percent, len(ordered)) - 1]
        assert found is not None
        assert abs(found - exact) <= exact / 1000
    bounds = sorted({0, 1, *ordered})
    assert whole.at_most([10**13])[0] == len(ordered)
    assert list(whole.at_most(bounds)) == sorted(whole.at_most(bounds))


def order(number: int, on: dt.date) -> Order:
    turn = Turn(TurnId(number), "house", on, dt.time(12), 2)
    return Order(AttemptId(number), turn, 1, uuid4(), f"k{number}", "", "", "", ())


def window(days: int, minutes: int = 0) -> Window:
    start = NOON + dt.timedelta(days=days, minutes=minutes)
    return Window("lunch", start, start + dt.timedelta(minutes=90))


def test_whoever_took_a_table_is_told_and_evenings_left_alone_longest_are_forgotten() -> None:
    holders = Holders()
    on = NOON.date()
    for number in range(desk.KEPT + 50):
        holders.take(order(number, on), ("A", "B"), window(number), "w01")
        assert holders._count <= desk.KEPT
    newest, oldest = desk.KEPT + 49, 3
    asking = order(10**6, on)
    assert holders.other(asking, ("B",), window(newest, 30)) == f"w01 #{newest}"
    assert holders.other(asking, ("B",), window(oldest)) is None, "forgotten: nobody asks for so long ago"
    holders.give_back(order(newest, on), ("A", "B"), window(newest))
    assert holders.other(asking, ("B",), window(newest)) is None


def test_a_table_is_taken_over_midnight() -> None:
    holders = Holders()
    late = Window("dinner", NOON + dt.timedelta(hours=11), NOON + dt.timedelta(hours=13))
    holders.take(order(1, NOON.date()), ("A",), late, "w02")
    after = Window("dinner", NOON + dt.timedelta(hours=12, minutes=30), NOON + dt.timedelta(hours=14))
    assert holders.other(order(2, NOON.date()), ("A",), after) == "w02 #1"
    beyond = Window("dinner", NOON + dt.timedelta(hours=13), NOON + dt.timedelta(hours=14))
    assert holders.other(order(2, NOON.date()), ("A",), beyond) is None


def ended(number: int, turn: Turn, table: str) -> AttemptEnded:
    ids = Ids(RunId("r"), worker=WorkerId(number % 4), turn=turn.id, attempt=AttemptId(number))
    starts = dt.datetime.combine(turn.on, turn.at, dt.UTC)
    taken = Window("lunch", starts, starts + dt.timedelta(minutes=95))
    return AttemptEnded(
        number, ids, 0, 0, number, "filled", Certainty.OK, uuid4(), 1, 1, (), tables=(table,), window=taken
    )


class _Long:
    """A map with small bounds."""

    def __init__(self, days: int) -> None:
        self.turns = [
            Turn(TurnId(day * 8 + place + 1), "house", NOON.date() + dt.timedelta(days=day), dt.time(12 + place), 2)
            for day in range(days)
            for place in range(8)
        ]
        self.map = Map()
        self.map.plan(self.turns, 1)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 79), st.integers(0, 5)), max_size=150))
def test_the_map_forgets_whoever_was_left_alone_longest_and_counts_what_it_leaves_out(
    drawn: list[tuple[int, int]],
) -> None:
    bounds = {"KEPT": 30, "SHOWN": 20, "SHOWN_ROWS": 8, "REMEMBERED": 10, "ORDERED": 2}
    before = {name: getattr(map_module, name) for name in bounds}
    try:
        for name, value in bounds.items():
            setattr(map_module, name, value)
        long = _Long(10)
        for number, (place, table) in enumerate(drawn, start=1):
            turn = long.turns[place]
            long.map.ended(ended(number, turn, f"T{table}"))
            rows = list(long.map._rows())
            assert long.map._count == sum(len(row.cells) for row in rows) <= 30
            assert len(long.map._touched) <= 10 + 30
            assert {row for row in rows if row.cells} == long.map._filled.keys() | long.map._beside.keys()
        face = long.map.face()
        shown = sum(len(row.cells) for row in long.map._chosen()[0])
        chosen = long.map._chosen()[0]
        empty = sum(not row.cells for row in long.map._rows()) - sum(not row.cells for row in chosen)
        assert len(face.rows) <= 8
        assert face.left_out == long.map._count - shown + empty + long.map._forgotten
        if drawn:
            newest = long.turns[drawn[-1][0]]
            assert newest.id in {row.turn for row in face.rows}, "what was touched last is shown"
    finally:
        for name, value in before.items():
            setattr(map_module, name, value)


def test_a_slot_takes_those_after_it_for_as_long_as_its_window_lasts() -> None:
    long = _Long(1)
    long.map.ended(ended(1, long.turns[2], "A"))
    cells = {row.at.hour: row.cells["A"].state.value for row in long.map._rows() if row.cells}
    assert cells == {14: CellState.CONFIRMED.value, 15: CellState.TAKEN.value}
    without = msgspec.structs.replace(ended(2, long.turns[5], "B"), window=None)
    long.map.ended(without)
    assert [row.at.hour for row in long.map._rows() if "B" in row.cells] == [17]
