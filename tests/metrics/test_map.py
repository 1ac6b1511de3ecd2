"""The map: what a table is in a slot, from events alone."""

from collections import Counter

from engine.metrics import map as floor_map
from engine.metrics import map_floors
from engine.metrics.map import Map
from engine.metrics.tally import Tally
from engine.model.event import RunPlanned
from engine.model.ids import Ids
from engine.model.map_face import CellState, MapCell, MapFace
from engine.model.outcome import Outcome
from engine.model.sample import StaleHold
from engine.model.step import Step
from tests.metrics.evening import (
    MS,
    RUN,
    SLUG,
    Told,
    filled,
    floor,
    given_up,
    intended,
    refused,
    story,
    turns,
)

TURNS = turns(6)


def planned(repeat: int = 1) -> Map:
    found = Map()
    found.plan(TURNS, repeat)
    return found


def cell(face: MapFace, slot: str, number: str) -> MapCell | None:
    rows = {row.number: row for row in face.rows}
    for one in face.cells:
        if (rows[one.row].slot, face.tables[one.table].number) == (slot, number):
            return one
    return None


def state(face: MapFace, slot: str, number: str) -> CellState | None:
    found = cell(face, slot, number)
    return None if found is None else found.state


def test_a_table_is_asked_for_then_held_then_given_and_taken_while_its_window_lasts() -> None:
    told = Told(3, TURNS[1], 1, ("MD-01",))
    seen = planned()
    seen.intended(intended(0, told, Step.HOLD))
    assert cell(seen.face(), "12:15", "MD-01") == MapCell(1, 0, CellState.WANTED, 0, 3)
    seen.intended(intended(MS, told, Step.CONFIRM))
    assert state(seen.face(), "12:15", "MD-01") is CellState.HELD
    seen.ended(filled(2 * MS, told, lasts_min=45))
    face = seen.face()
    assert [state(face, row.slot, "MD-01") for row in face.rows] == [
        None, CellState.CONFIRMED, CellState.TAKEN, CellState.TAKEN, None, None,
    ]  # fmt: skip
    assert face.zones[face.tables[0].zone] == "Main Dining"


def test_a_fill_whose_window_nobody_told_takes_its_own_slot_alone() -> None:
    seen = planned()
    seen.ended(filled(0, Told(1, TURNS[0], 1, ("MD-01",)), lasts_min=0))
    assert [one.state for one in seen.face().cells] == [CellState.CONFIRMED]


def test_what_was_asked_for_and_not_given_is_free_again() -> None:
    told = Told(1, TURNS[0], 1, ("MD-01",))
    seen = planned()
    seen.intended(intended(0, told, Step.HOLD))
    seen.ended(given_up(MS, told))
    assert seen.face().cells == ()


def test_a_conflict_with_one_of_ours_is_counted_and_one_with_nobody_of_ours_blocks_until_the_table_is_given() -> None:
    ours, other = Told(1, TURNS[0], 1, ("MD-01",)), Told(2, TURNS[0], 2, ("MD-02",))
    seen = planned()
    seen.refused(refused(0, ours, Outcome.HOLD_CONFLICT, "w02 #9"), fought=True)
    seen.refused(refused(0, ours, Outcome.HOLD_CONFLICT, "w02 #9"), fought=True)
    seen.refused(refused(0, other, Outcome.HOLD_CONFLICT), fought=True)
    face = seen.face()
    assert cell(face, "12:00", "MD-01") == MapCell(0, 0, CellState.OPEN, 2)
    assert cell(face, "12:00", "MD-02") == MapCell(0, 1, CellState.BLOCKED, 1)
    seen.ended(filled(MS, other))
    assert state(seen.face(), "12:00", "MD-02") is CellState.CONFIRMED


def test_a_stale_hold_blocks_the_slots_of_its_window_and_nothing_that_was_given() -> None:
    seen = planned()
    seen.ended(filled(0, Told(1, TURNS[2], 1, ("MD-01",)), lasts_min=15))
    hold = StaleHold("h", ("MD-01", "MD-02"), 1, restaurant=SLUG, day="2026-03-04", starts="12:15", ends="12:45")
    face = seen.face([hold])
    assert [state(face, row.slot, "MD-02") for row in face.rows] == [None, *[CellState.BLOCKED] * 2, None, None, None]
    assert state(face, "12:30", "MD-01") is CellState.CONFIRMED
    elsewhere = StaleHold("h", ("MD-02",), 1, restaurant="other", day="2026-03-04", starts="12:15", ends="12:45")
    assert cell(seen.face([elsewhere]), "12:15", "MD-02") is None


def test_a_window_that_ends_after_midnight_blocks_the_rest_of_its_day() -> None:
    hold = StaleHold("h", ("MD-01",), 1, restaurant=SLUG, day="2026-03-04", starts="23:00", ends="00:30")
    assert [hold.covers(SLUG, "2026-03-04", slot) for slot in ("22:45", "23:00", "23:45")] == [False, True, True]


def test_a_repeat_begins_with_an_empty_floor_and_a_pass_goes_on() -> None:
    seen = planned()
    seen.ended(filled(0, Told(1, TURNS[0], 1, ("MD-01",)), lasts_min=0))
    seen.plan(TURNS, 1)
    assert len(seen.face().cells) == 1
    seen.plan(TURNS, 2)
    assert (seen.face().cells, len(seen.face().rows)) == ((), 6)


def test_tables_that_nothing_happened_at_are_columns_too_in_the_order_of_the_floor() -> None:
    seen = planned()
    seen.know({SLUG: floor(zones=(("Snug", "S", 2), ("Main", "M", 11)))})
    face = seen.face()
    assert [table.number for table in face.tables[:4]] == ["S-01", "S-02", "M-01", "M-02"]
    assert [face.zones[table.zone] for table in face.tables[1:3]] == ["Snug", "Main"]


def test_table_ten_stands_behind_table_two() -> None:
    seen = planned()
    for number in ("T10", "T2", "T1"):
        seen.refused(refused(0, Told(1, TURNS[0], 1, (number,)), Outcome.HOLD_CONFLICT), fought=True)
    assert [table.number for table in seen.face().tables] == ["T1", "T2", "T10"]


def test_a_floor_of_a_thousand_tables_and_a_hundred_slots_stays_within_bounds_and_says_what_is_left_out() -> None:
    many = turns(100, minutes=5)
    seen = Map()
    seen.know({SLUG: floor(zones=tuple((f"Zone {n:02d}", f"Z{n:02d}", 50) for n in range(20)))})
    seen.plan(many, 1)
    made = 0
    for place, turn in enumerate(many):
        for number in range(0, 1000, 3):
            table = f"Z{number // 50:02d}-{number % 50 + 1:02d}"
            seen.refused(refused(0, Told(1, turn, place, (table,)), Outcome.HOLD_CONFLICT, "w02"), fought=True)
            made += 1
    face = seen.face()
    assert len(face.cells) <= floor_map.SHOWN
    assert len(face.tables) <= map_floors.SHOWN_TABLES
    assert face.left_out + len(face.cells) >= made
    assert max(row.slot for row in face.rows) == "20:15"  # what was touched last is in it


def test_every_cell_names_a_row_and_a_table_there_is_and_every_fight_is_counted_once() -> None:
    tally = Tally()
    tally.know({SLUG: floor()})
    fights: Counter[str] = Counter()
    for event in story():
        tally.apply(event)
        outcome = getattr(event, "outcome", "")
        refusal = getattr(event, "refusal", None)
        if refusal is not None and outcome in ("hold_conflict", "overlap") and not hasattr(event, "tries"):
            fights.update(refusal.tables)
    face = tally.map(None)
    seen: Counter[str] = Counter()
    for one in face.cells:
        assert face.rows[one.row].page < len(face.pages)
        seen[face.tables[one.table].number] += one.conflicts
    assert +seen == fights
    assert len({(one.row, one.table) for one in face.cells}) == len(face.cells)


def test_a_turn_that_was_never_planned_is_left_alone() -> None:
    seen = Map()
    seen.intended(intended(0, Told(1, TURNS[0], 1, ("MD-01",)), Step.HOLD))
    seen.ended(filled(0, Told(1, TURNS[0], 1, ("MD-01",))))
    assert seen.face() == MapFace()


def test_an_empty_tally_has_an_empty_map() -> None:
    tally = Tally()
    tally.apply(RunPlanned(0, Ids(RUN), (), 0, 1))
    assert tally.map(None) == MapFace()


def test_of_many_cells_a_run_s_picture_is_a_second_old_at_most_and_of_few_it_is_never_old() -> None:
    seen = planned()

    def given(at_ns: int, place: int, *tables: str) -> None:
        seen.ended(filled(at_ns, Told(1, TURNS[place], 1, tables), lasts_min=1))

    given(0, 0, "MD-01")
    assert len(seen.face_at(MS).cells) == 1
    given(2 * MS, 0, "MD-02")
    assert len(seen.face_at(2 * MS).cells) == 2
    given(3 * MS, 1, *(f"T{number}" for number in range(floor_map.EASY)))
    later = 2 * floor_map.LASTS_NS
    drawn = len(seen.face_at(later).cells)
    assert drawn == 2 + floor_map.EASY
    given(3 * MS, 2, "MD-01")
    assert len(seen.face_at(later + floor_map.LASTS_NS - 1).cells) == drawn
    assert len(seen.face().cells) == drawn + 1
    hold = StaleHold("x", ("MD-02",), 1)
    assert len(seen.face_at(later + 1, (hold,)).cells) == drawn + 1
    assert len(seen.face_at(later + floor_map.LASTS_NS).cells) == drawn + 1
    seen.plan(TURNS, 2)
    assert seen.face_at(later + floor_map.LASTS_NS + 1).cells == ()
