"""Contention made visible: the map, the ranking, and what was left behind."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from engine.metrics.map import Map
from engine.model.detail import DetailKind
from engine.model.map_face import MapFace
from engine.model.outcome import Outcome
from engine.model.ranking_face import Cure, Forecast, RankingFace
from engine.model.run_state import RunState
from engine.model.sample import StaleHold, ZoneLocked
from engine.model.snapshot import RunSnapshot
from tests.metrics.evening import Told, filled, floor, refused, turns
from tests.tui import stills
from tests.tui.fake_door import FakeDoor
from tui.app import SlotfillApp
from tui.layout import PRESETS, arrange
from tui.lines import Area, Ink
from tui.panel import Panel, paint
from tui.panels.conflicts import ConflictsPanel
from tui.panels.map import MapPanel
from tui.panels.ranking import RankingPanel
from tui.panels.registry import PANELS
from tui.panels.zone_locks import ZoneLocksPanel
from tui.view import View

Compare = Callable[..., bool]
FULL = stills.full()
CELL = "white-horse 2026-03-04 14:15|PT-04"


def drawn(kind: type[Panel], width: int, height: int, snapshot: RunSnapshot = FULL, view: View | None = None) -> str:
    return "\n".join(one.text.rstrip() for one in paint(kind, snapshot, Area(width, height), view or View()))


def app_of(snapshot: RunSnapshot = FULL) -> SlotfillApp:
    return SlotfillApp(FakeDoor(snapshot), who="ana@jump1", refresh_s=3600.0)


@pytest.mark.parametrize("width", [100, 118, 119, 120, 121, 140, 160])
def test_the_legend_of_the_map_is_whole_at_the_end_of_a_run_too(width: int) -> None:
    over = replace(FULL, run=replace(FULL.run, state=RunState.FINISHED))
    for still in (FULL, over):
        assert drawn(MapPanel, width, 12, still).count("! fought for") == 1


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("alone", "keys"),
    [("map", ["down", "right"]), ("ranking", []), ("", ["L"])],
    ids=["map", "ranking", "contention"],
)
def test_screen_of_contention(snap_compare: Compare, alone: str, keys: list[str], size: tuple[int, int]) -> None:
    async def show(pilot: Pilot[str]) -> None:
        await pilot.pause()
        app = pilot.app
        assert isinstance(app, SlotfillApp)
        if alone:
            app.main.show_alone(alone)
        await pilot.press(*keys)

    assert snap_compare(app_of(), run_before=show, terminal_size=size)


@pytest.mark.parametrize(("width", "sign"), [(80, "#!"), (120, "!2"), (160, "!2 "), (250, "~w11 ")])
def test_a_wider_map_says_more_of_each_cell(width: int, sign: str) -> None:
    text = drawn(MapPanel, width, 22)
    assert sign in text
    for slot in ("12:00", "15:00", "all!" if width > 80 else "14:45"):
        assert slot in text


def test_the_map_has_the_numbers_of_the_tables_above_them_and_the_fights_of_a_slot_behind_it() -> None:
    lines = drawn(MapPanel, 160, 18).splitlines()
    first = lines[2].index("01")
    row = next(one for one in lines if one.strip().startswith("12:00"))
    assert row[first : first + 6] == ".  #  "
    assert row.split()[-2:] == ["9#", "12!"]


def test_a_map_that_does_not_fit_shows_the_slots_that_are_worked_on() -> None:
    text = drawn(MapPanel, 80, 9)
    assert "14:15" in text
    assert "12:00" not in text


def test_the_map_of_several_days_begins_with_the_first_slot_that_still_takes_bookings() -> None:
    face = stills.full().slots
    slots = tuple(replace(one, restaurant="white-horse") for one in face)  # the first five have ended
    text = drawn(MapPanel, 80, 9, replace(FULL, slots=slots))
    assert "13:15" in text
    assert "14:15" not in text


def test_the_signs_alone_tell_free_asked_held_given_taken_blocked_and_fought_for() -> None:
    text = drawn(MapPanel, 160, 18)
    for word in (". free", "? asked for", "~ held", "# given", "= still taken", "x blocked", "! fought for"):
        assert word in text
    # Signs are told apart without any ink: each one is used for one thing.
    body = "".join(text.splitlines()[4:])
    assert all(sign in body for sign in ".?~#=x!")


def test_the_cell_under_the_cursor_is_told_in_words_and_opens_its_slot() -> None:
    view = View(focused=True, cursor=CELL)
    last = drawn(MapPanel, 120, 18, view=view).splitlines()[-1]
    assert last.startswith("> 14:15 PT-04 Patio  held by w03")
    kind, turn = MapPanel.asks(FULL, CELL) or (None, "")
    assert (kind, turn) == (DetailKind.TURN, "9")


def test_a_floor_wider_than_the_screen_scrolls_with_the_cursor() -> None:
    wide = Map()
    wide.know({"white-horse": floor(zones=tuple((f"Zone {n}", f"Z{n}", 50) for n in range(6)))})
    wide.plan(turns(3), 1)
    wide.ended(filled(0, Told(1, turns(3)[0], 1, ("Z5-44",))))
    snapshot = replace(FULL, map=wide.face())
    assert "of 300" in drawn(MapPanel, 80, 10, snapshot)
    assert "Zone 5" not in drawn(MapPanel, 80, 10, snapshot)
    text = drawn(MapPanel, 80, 10, snapshot, View(focused=True, cursor="white-horse 2026-03-04 12:00|Z5-44"))
    assert "> 12:00 Z5-44 Zone 5  given by w01" in text


def test_what_a_picture_has_no_room_for_is_said_in_its_title() -> None:
    snapshot = replace(FULL, map=replace(FULL.map, left_out=4100))
    assert "4100 more not shown !" in drawn(MapPanel, 80, 10, snapshot).splitlines()[0]


def test_several_restaurants_stand_below_one_another_each_with_its_own_tables() -> None:
    both = Map()
    both.plan((*turns(2), *turns(2, "pub-1", 50)), 1)
    for slug, first in (("white-horse", 0), ("pub-1", 50)):
        told = Told(1, turns(2, slug, first)[0], 1, (f"{slug[:1]}7",))
        both.refused(refused(0, told, Outcome.HOLD_CONFLICT, "w02"), fought=True)
    text = drawn(MapPanel, 80, 16, replace(FULL, map=both.face()))
    assert text.index("pub-1 2026-03-04") < text.index("white-horse 2026-03-04")
    assert text.count("12:15") == 2


async def test_arrow_keys_go_from_cell_to_cell_and_enter_opens_the_slot() -> None:
    app = app_of()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        panel = app.main.panels["map"]
        panel.focus()
        await pilot.press("down", "right", "right", "down", "left")
        await pilot.pause()
        # It began at the first slot that somebody has a table of in hand.
        assert panel.view.cursor == "white-horse 2026-03-04 14:45|MD-02"
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen is not app.main


def test_the_ranking_names_counts_shares_and_trends_and_what_would_clear_them() -> None:
    text = drawn(RankingPanel, 160, 14)
    for words in ("by table", "by zone", "by slot", "--set allocator.spread=true", ":repair zone-locks", "52 %", "-16"):
        assert words in text


@pytest.mark.parametrize("width", [62, 80, 120, 200])
def test_a_command_that_clears_something_is_never_cut(width: int) -> None:
    text = drawn(RankingPanel, width, 20)
    assert "--set allocator.spread=true" in text
    assert ":repair zone-locks" in text


def test_a_long_name_is_read_whole_and_bars_give_way_to_it() -> None:
    ranks = tuple(replace(rank, name=f"finedining-4 {rank.name}"[:18]) for rank in FULL.ranking.ranks)
    text = drawn(RankingPanel, 80, 12, replace(FULL, ranking=replace(FULL.ranking, ranks=ranks)))
    assert "finedining-4 MD-03 " in text
    assert "2 minutes" not in text


def test_the_forecast_is_told_before_everything_else() -> None:
    face = replace(FULL.ranking, forecast=Forecast(40, 9, 5))
    lines = drawn(RankingPanel, 80, 12, replace(FULL, ranking=face)).splitlines()
    assert lines[1] == "! 14 of the next 40 meet what was left behind: 9 zone lock, 5 stale hold"


def test_a_trend_that_grows_is_told_by_its_sign_and_not_by_colour_alone() -> None:
    lines = paint(RankingPanel, FULL, Area(160, 14), View())
    grown = [span for one in lines for span in one.spans if span.ink is Ink.CONTENTION and "+" in span.text]
    assert grown


def test_ascii_has_no_sign_above_0x7f_in_what_the_new_panels_draw() -> None:
    for kind in (MapPanel, RankingPanel):
        lines = paint(kind, FULL, Area(160, 20), View(ascii=True))[1:]  # the title's rule is translated on its way out
        assert all(one.text.isascii() for one in lines)


def test_empty_faces_say_so_and_recordings_without_them_open() -> None:
    empty = replace(FULL, map=MapFace(), ranking=RankingFace(), sample=None)
    assert "no table has been asked for yet" in drawn(MapPanel, 80, 6, empty)
    assert "nobody was in anybody's way" in drawn(RankingPanel, 80, 6, empty)
    lone = replace(empty, ranking=RankingFace(cures=(Cure(2, "stale holds", ":repair holds", "while paused"),)))
    assert "2 stale holds" in drawn(RankingPanel, 80, 6, lone)


def test_stale_holds_and_zone_locks_are_listed_with_age_and_who_made_them() -> None:
    holds = drawn(ConflictsPanel, 120, 20, view=View(full=True))
    for words in ("PT-07+PT-08", "03-04 14:00-15:35", "4m00s", "7m00s", "run 0b7c9d10 #17", "5f21aa00"):
        assert words in holds
    locks = drawn(ZoneLocksPanel, 120, 20, view=View(full=True))
    for words in ("b31c77aa", "Snug", "03-04 12:45", "2m10s", "this run"):
        assert words in locks


def test_more_than_is_shown_is_said_with_the_command_that_clears_it() -> None:
    assert FULL.sample is not None
    sample = replace(
        FULL.sample,
        stale_holds=tuple(StaleHold(f"{n:08x}", (f"T{n}",), 1) for n in range(50)),
        zone_locked=tuple(ZoneLocked(f"{n:08x}", "Snug", 1) for n in range(50)),
    )
    many = replace(FULL, sample=sample)
    assert "and 48 stale holds more; :repair holds" in drawn(ConflictsPanel, 80, 12, many)
    assert "bookings more; :repair zone-locks" in drawn(ZoneLocksPanel, 80, 12, many)


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        ((80, 19), {"workers", "steps", "locks", "events"}),
        ((120, 35), {"workers", "steps", "locks", "events", "map", "connections"}),
        ((200, 55), {"workers", "steps", "locks", "events", "map", "connections", "ranking", "outcomes", "conflicts"}),
    ],
)
def test_more_room_shows_more_panels_never_fewer(size: tuple[int, int], seen: set[str]) -> None:
    wants = {kind.NAME: kind.want(FULL) for kind in PANELS}
    assert seen <= set(arrange(*size, PRESETS["overview"], wants))


def test_the_ranking_goes_across_the_screen_where_it_is_asked_for_first() -> None:
    wants = {kind.NAME: kind.want(FULL) for kind in PANELS}
    boxes = arrange(160, 45, PRESETS["contention"], wants)
    assert (boxes["ranking"].y, boxes["ranking"].width) == (0, 160)
    assert boxes["map"].width == 160
    assert boxes["workers"].width < 160


@pytest.mark.parametrize("size", [(120, 35), (160, 45), (200, 55), (80, 19)])
@pytest.mark.parametrize("preset", PRESETS)
def test_a_layout_leaves_no_line_of_the_screen_empty(size: tuple[int, int], preset: str) -> None:
    wants = {kind.NAME: kind.want(FULL) for kind in PANELS}
    boxes = arrange(*size, PRESETS[preset], wants)
    for y in range(size[1]):
        assert any(box.y <= y < box.y + box.height for box in boxes.values())
