"""Drawing is pure, exact and safe: every panel, every still, any size."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.model.path import Path
from engine.model.paths_face import PathFigures, PathsFace
from engine.model.round import Round, RoundKind
from engine.model.run_state import WorkerState
from engine.model.snapshot import LegFace, RunSnapshot, SlotFace
from engine.model.turn import TurnEnd
from tests.tui import stills
from tui.foot import view_line
from tui.layout import PRESETS, arrange
from tui.lines import Area, width_of
from tui.panel import Panel, paint, paint_waiting
from tui.panels.registry import BY_NAME, PANELS
from tui.sieve import read_sieve
from tui.status import Banner, status_lines
from tui.view import View
from tui.ways import WAYS, counts
from tui.worker_detail import worker_detail


def _is_exact(lines: list[str], area: Area) -> bool:
    return len(lines) == area.height and all(width_of(text) == area.width for text in lines)


@pytest.mark.parametrize("still", stills.STILLS.values(), ids=stills.STILLS)
@pytest.mark.parametrize("kind", PANELS, ids=lambda kind: kind.NAME)
@pytest.mark.parametrize("size", [(80, 8), (120, 20), (60, 3), (40, 1)])
@pytest.mark.parametrize("full", [False, True])
def test_every_line_of_a_panel_is_exactly_as_wide_as_its_room(
    kind: type[Panel], still: Callable[[], RunSnapshot], size: tuple[int, int], full: bool
) -> None:
    area = Area(*size)
    assert _is_exact([line.text for line in paint(kind, still(), area, View(full=full))], area)


_STILLS = {name: build() for name, build in stills.STILLS.items()}


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(PANELS),
    st.sampled_from(sorted(_STILLS)),
    st.tuples(st.integers(1, 260), st.integers(1, 70)),
    st.builds(View, full=st.booleans(), top=st.integers(0, 400), ascii=st.booleans(), focused=st.booleans()),
)
def test_no_size_and_no_scrolling_makes_a_panel_fail_or_overflow(
    kind: type[Panel], still: str, size: tuple[int, int], view: View
) -> None:
    area = Area(*size)
    assert _is_exact([line.text for line in paint(kind, _STILLS[still], area, view)], area)
    assert _is_exact([line.text for line in paint_waiting(kind, area, view)], area)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 300), st.integers(1, 3), st.sampled_from(sorted(_STILLS)), st.booleans(), st.booleans())
def test_status_lines_fit_any_width(width: int, height: int, still: str, frozen: bool, lost: bool) -> None:
    banner = Banner(frozen=frozen, lost="it hung up" if lost else "", message="said something")
    height = 1 if height == 1 else 3
    for snapshot in (_STILLS[still], None):
        assert _is_exact([line.text for line in status_lines(snapshot, banner, width, height)], Area(width, height))
        assert width_of(view_line(snapshot, banner, width).text) == width


@settings(max_examples=300, deadline=None)
@given(st.integers(60, 300), st.integers(10, 90), st.data())
def test_panels_never_overlap_never_leave_the_screen_and_always_get_what_they_need(
    width: int, height: int, data: st.DataObject
) -> None:
    ranked = data.draw(st.permutations(sorted({name for preset in PRESETS.values() for name in preset})))
    ranked = ranked[: data.draw(st.integers(1, len(ranked)))]
    wants = {kind.NAME: kind.want(_STILLS["full"]) for kind in PANELS}
    boxes = arrange(width, height, ranked, wants)
    assert set(boxes) <= set(ranked)
    taken: set[tuple[int, int]] = set()
    for name, box in boxes.items():
        assert box.height >= wants[name].least
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= width
        assert box.y + box.height <= height
        cells = {(x, y) for x in (box.x, box.x + box.width - 1) for y in range(box.y, box.y + box.height)}
        assert not cells & taken
        taken |= cells


def test_at_80x24_status_workers_steps_queue_and_events_are_shown() -> None:
    wants = {kind.NAME: kind.want(_STILLS["full"]) for kind in PANELS}
    assert set(arrange(80, 19, PRESETS["overview"], wants)) == {"workers", "steps", "locks", "events"}


def test_at_200x60_every_panel_of_the_overview_is_shown_but_the_slots_that_are_in_the_map_too() -> None:
    wants = {kind.NAME: kind.want(_STILLS["full"]) for kind in PANELS}
    assert set(PRESETS["overview"]) - set(arrange(200, 55, PRESETS["overview"], wants)) == {"slots"}


def test_every_panel_stands_in_some_layout() -> None:
    assert {name for preset in PRESETS.values() for name in preset} == {kind.NAME for kind in PANELS}


def _text(name: str, still: RunSnapshot, view: View | None = None, size: tuple[int, int] = (100, 20)) -> str:
    kind = next(kind for kind in PANELS if name == kind.NAME)
    return "\n".join(line.text for line in paint(kind, still, Area(*size), view or View()))


def test_a_queue_is_named_by_zone_and_hour_and_a_stranger_is_pointed_out() -> None:
    text = " ".join(_text("locks", stills.full()).split())
    assert "Terrace 19:00 w05 <- w07 w03 w08 w11" in text
    assert "pid 20301 NOT OURS <- w09" in text


def test_a_full_locks_panel_names_worker_and_slot_behind_each_backend() -> None:
    text = _text("locks", stills.full(), View(full=True), (150, 30))
    assert "w05 19:00  holds Terrace 19:00  blocks 4  pid 20273  idle" in text
    assert "idle in transaction 3.0 s" in text
    assert "RowExclusiveLock" in text
    assert "`- w13 14:00  waits 2.9 s for transactionid bookings" in text


def test_a_plain_login_is_told_what_it_needs_and_still_sees_queues() -> None:
    assert "needs pg_monitor" in _text("connections", stills.plain_role())
    assert "Terrace 19:00" in _text("locks", stills.plain_role())


def test_a_worker_waiting_for_a_lock_has_the_letter_for_it() -> None:
    assert "confirm L" in _text("workers", stills.full())


def test_the_filter_leaves_out_and_says_so() -> None:
    text = _text("workers", stills.full(), View(sieve=read_sieve("step:confirm age>1s")))
    assert "workers 3 of 15" in text
    assert "filter: step:confirm age>1s" in text
    assert "w05" not in text


def test_a_filter_that_lets_nobody_through_says_how_to_clear_it() -> None:
    assert "escape clears it" in _text("workers", stills.full(), View(sieve=read_sieve("zone:nowhere")))


def test_a_held_order_keeps_rows_while_ages_change() -> None:
    names = ("w03", "w01", "w02")
    kind = next(kind for kind in PANELS if kind.NAME == "workers")
    assert kind.rows(stills.full(3), View(order=names, sort="worker")) == names


def test_a_run_that_is_over_leaves_its_result_where_the_workers_were() -> None:
    text = _text("workers", stills.finished())
    assert "FINISHED  exit 0  passed" in text
    assert "filled 371 of 412 attempts" in text


def test_workers_that_have_gone_leave_their_place_to_the_result_and_are_still_to_be_seen_alone() -> None:
    gone = tuple(replace(one, state=WorkerState.GONE, step=None) for one in stills.full().workers)
    over = replace(stills.finished(), workers=gone)
    text = _text("workers", over)
    assert "result   m shows the workers" in text
    assert "exit 0  passed" in text
    assert "w03" not in text
    for view in (View(full=True), View(sieve=read_sieve("state:gone"))):
        assert "w03" in _text("workers", over, view)
    kind = next(kind for kind in PANELS if kind.NAME == "workers")
    assert kind.rows(over, View()) == ()
    assert kind.want(over) == kind.want(stills.finished())


def test_a_count_that_is_too_long_for_its_column_is_not_cut_to_another_one() -> None:
    many = replace(stills.full(), workers=(replace(stills.full().workers[0], filled=12_345, failed=1_234_567),))
    text = _text("workers", many)
    assert " 12k" in text
    assert "  1M" in text
    assert "123~" not in text


def test_p99_is_not_shown_below_500_samples() -> None:
    assert "<500" in _text("steps", stills.full())


def test_workers_that_go_are_counted_in_the_status_line() -> None:
    top = status_lines(stills.draining(), Banner(), 160, 3)[0].text
    assert "workers 15 -> 12, draining 3" in top


def test_idle_workers_are_explained_with_the_cure() -> None:
    assert "3 idle   fewer slots than workers; --share-slots" in status_lines(stills.full(), Banner(), 160, 3)[2].text


def test_below_60x15_there_is_one_line_of_numbers() -> None:
    line = status_lines(stills.full(), Banner(), 50, 1)[0].text
    assert "RUNNING 03:41" in line
    assert "371/412" in line


def test_nothing_a_terminal_would_obey_reaches_the_screen() -> None:
    hostile = stills.hostile()
    lines = [
        line
        for kind in PANELS
        for full in (False, True)
        for line in paint(kind, hostile, Area(160, 30), View(full=full))
    ]
    lines += status_lines(hostile, Banner(), 300, 3)
    text = "".join(line.text for line in lines)
    assert not [character for character in text if ord(character) < 32 or 0x7F <= ord(character) < 0xA0]
    assert "\u202e" not in text
    assert "\u200b" not in text
    assert "[bold]" in text


def test_only_symbols_of_certain_width_are_drawn() -> None:
    allowed = set("─▁▂▃▄▅▆▇█")
    text = "".join(line.text for kind in PANELS for line in paint(kind, stills.full(), Area(160, 30), View()))
    assert {character for character in text if not character.isascii()} <= allowed


def test_the_detail_of_a_worker_names_its_backend_queue_and_events() -> None:
    found = worker_detail(stills.full(), "w09")
    assert found is not None
    text = "\n".join(line.text for line in found[1])
    assert "waits 640 ms as number 1 for Snug 13:00: pid 20301 NOT OURS <- w09" in text
    assert "is locked to Snug" in text
    assert worker_detail(stills.full(), "w99") is None


def test_bookings_are_shown_by_restaurant_with_what_each_pass_claimed_and_left() -> None:
    text = _text("slots", stills.assigning(), size=(80, 12))
    assert "pass 2: bookings" in text
    assert "pass 1: 105 tried, 58 confirmed, 14 there !, 91 pending" in text
    assert "finedining-4" in text
    assert "~" in text


def test_passes_say_what_was_claimed_what_was_there_and_what_was_tidied() -> None:
    text = _text("passes", stills.assigning(), size=(120, 12))
    newest, oldest = text.index("pass 2"), text.index("pass 1")
    assert newest < oldest
    assert "14!" in text
    assert "3 holds swept, 21 zone locks cleared" in text
    assert "pub-2" in text


def test_a_long_map_of_slots_shows_the_day_that_is_worked_on() -> None:
    days = [f"2027-03-{day:02d}" for day in range(1, 31)]
    slots = tuple(
        SlotFace(number, day, "19:00", 2, 3, 3, 3, (), TurnEnd.CAPPED if number < 20 else None, 0)
        for number, day in enumerate(days)
    )
    text = _text("slots", msgspec.structs.replace(stills.full(), slots=slots), size=(60, 8))
    assert "2027-03-21" in text
    assert "2027-03-01" not in text
    assert "rows before" in text


def test_inline_background_late_and_timed_out_are_told_apart_by_sign_word_and_ink() -> None:
    still = stills.through_api()
    found = counts(still.paths)
    assert sum(found) == still.paths.total
    text = _text("paths", still, size=(100, 20))
    for way, count in zip(WAYS, found, strict=True):
        assert f"{way.sign} {way.word:<11}{count:>6}" in text
    assert len({way.sign for way in WAYS}) == len({way.ink for way in WAYS}) == len(WAYS)
    bar = text.splitlines()[1].strip()
    assert list(dict.fromkeys(bar)) == [way.sign for way, count in zip(WAYS, found, strict=True) if count]


@pytest.mark.parametrize("path", Path)
def test_one_booking_among_thousands_is_still_seen(path: Path) -> None:
    others = Path.FAILED_UNKNOWN if path is not Path.FAILED_UNKNOWN else Path.CONFIRMED_INLINE_API
    face = PathsFace(paths=(PathFigures(others, 9_000, 0), PathFigures(path, 1, 0)))
    lines = _text("paths", msgspec.structs.replace(stills.through_api(), paths=face), size=(80, 9)).splitlines()
    sign = next(way.sign for way in WAYS if path in way.paths and not way.late)
    assert sign in lines[1]
    assert f"{sign} " in lines[2]


@pytest.mark.parametrize("size", [(80, 9), (80, 20), (140, 20)])
def test_planner_humps_and_three_aligned_series_are_shown_at_any_size(size: tuple[int, int]) -> None:
    text = _text("paths", stills.through_api(), size=size)
    assert "2 humps: 4.9-6.3 s (" in text
    rows = [line for line in text.splitlines() if line.strip().startswith(("in flight", "seat waste", "backlog"))]
    assert [row.strip()[:9] for row in rows] == ["in flight", "seat wast", "backlog  "]
    assert len({row.index(" max ") for row in rows}) == 1


def test_seat_waste_that_stands_out_is_marked_at_its_second_and_named() -> None:
    still = stills.through_api()
    newest = still.paths.outliers[0]
    lines = _text("paths", still, size=(140, 24)).splitlines()
    waste = next(number for number, line in enumerate(lines) if line.strip().startswith("seat waste"))
    at = lines[waste + 1].rindex("!")
    assert lines[waste][at] in "▅▆▇█"
    assert f"! {newest.booking}" in "\n".join(lines)
    assert f"{newest.waste} too many" in "\n".join(lines)


def test_where_quote_hold_and_confirm_are_ours_the_panel_says_so_and_still_shows_the_seats() -> None:
    text = _text("paths", stills.full())
    assert "quote, hold and confirm are ours on this target: see steps" in text
    assert "seat waste" in text
    assert "backlog" not in text
    assert "no booking has come to its end yet" in _text("paths", stills.empty())


def test_the_planner_has_a_row_of_its_own_that_is_no_step() -> None:
    rows = _text("steps", stills.through_api(), size=(130, 8)).splitlines()
    assert [row.split()[0] for row in rows[1:6]] == ["submit", "inline", "backgr.", "total", "planner"]
    assert "in the request" in rows[5]
    assert "refused" not in rows[5]
    assert "planner" not in _text("steps", stills.full())


def test_outcomes_in_doubt_are_told_apart_from_failures_that_are_certain() -> None:
    still = stills.through_api()
    text = _text("outcomes", still)
    doubt = next(one for one in still.outcomes if one.in_doubt)
    assert f"{doubt.count} in doubt (?): they may be there" in text
    assert [row.split()[0] for row in text.splitlines() if "?" in row[2:50] and "doubt" not in row] == ["inline"]
    assert "doubt" not in _text("outcomes", stills.full())


@pytest.mark.parametrize("width", [24, 40, 60, 80, 120, 250])
@pytest.mark.parametrize("height", [1, 3])
@pytest.mark.parametrize("banner", [Banner(), Banner(frozen=True), Banner(lost="it hung up")])
def test_that_a_local_address_is_used_instead_is_said_at_any_width(width: int, height: int, banner: Banner) -> None:
    assert "FALLBACK" in status_lines(stills.through_api(), banner, width, height)[0].text
    assert "FALLBACK" not in status_lines(stills.full(), banner, width, height)[0].text


def test_flags_that_differ_from_the_platforms_defaults_are_shown_and_all_of_them_on_the_whole_screen() -> None:
    assert "inline auto assign timeout ms 5000 (platform: 12000)" in _text("paths", stills.through_api())
    assert "allocator v2 enabled" not in _text("paths", stills.through_api(), size=(100, 40))
    assert "allocator v2 enabled on" in _text("paths", stills.through_api(), View(full=True), (100, 40))


def test_no_letter_of_the_paths_panel_is_beyond_ascii_in_ascii() -> None:
    assert _text("paths", stills.through_api(), View(ascii=True), (120, 30)).replace("─", "-").isascii()


def test_bookings_that_are_not_as_acknowledged_are_named_newest_first_with_what_is_there_and_why() -> None:
    rows = _text("ledger", stills.losing(), size=(130, 10)).splitlines()
    assert "5 NOT AS ACKNOWLEDGED !" in rows[0]
    assert "acknowledged 371   persisted 363   lost 3 !   torn 1 !   altered 1 !   not yet checked 3" in rows[1]
    assert "last reading 0 s ago, took 12 ms" in rows[2]
    assert [row.split()[1] for row in rows[4:9]] == ["altered", "torn", "lost", "lost", "lost"]
    assert "T01" in rows[4]
    assert "confirmed T02" in rows[4]
    assert "no tables" in rows[6]
    assert "gone" in rows[7]
    assert "a late undo" in rows[7]


def test_a_missed_booking_is_told_whole_with_the_moments_between_which_it_went() -> None:
    kind = next(kind for kind in PANELS if kind.NAME == "ledger")
    still = stills.losing()
    undone = kind.rows(still, View())[3]
    found = kind.detail(still, undone)
    assert found is not None
    text = "\n".join(line.text for line in found[1])
    assert "between 4.1 s and 5.2 s after commit" in text
    assert "T07+T08" in text
    assert kind.detail(still, "missed:0:none") is None


@pytest.mark.parametrize("size", [(40, 8), (60, 6), (80, 7)])
def test_a_narrow_ledger_keeps_every_count_that_is_bad_and_the_claim(size: tuple[int, int]) -> None:
    text = _text("ledger", stills.losing(), size=size)
    assert "lost 3 !" in text
    assert "torn 1 !" in text
    assert "! altered" in text


def test_a_ledger_without_losses_says_what_is_checked_and_without_a_reading_that_there_is_none() -> None:
    assert "no acknowledged booking has been read back yet" in _text("ledger", stills.empty())
    calm = msgspec.structs.replace(stills.losing().truth, lost=0, torn=0, altered=0, missed=())
    text = _text("ledger", msgspec.structs.replace(stills.full(), truth=calm))
    assert "!" not in text
    failed = msgspec.structs.replace(calm, trouble="the connection was lost")
    text = _text("ledger", msgspec.structs.replace(stills.full(), truth=failed))
    assert "NOT READ 0 s ago: the connection was lost" in text


@pytest.mark.parametrize("width", [24, 40, 60, 80, 120, 250])
@pytest.mark.parametrize("height", [1, 3])
@pytest.mark.parametrize("banner", [Banner(), Banner(frozen=True), Banner(lost="it hung up")])
def test_that_bookings_are_lost_is_said_at_any_width(width: int, height: int, banner: Banner) -> None:
    for still in (stills.losing(), msgspec.structs.replace(stills.through_api(), truth=stills.losing().truth)):
        text = "\n".join(line.text for line in status_lines(still, banner, width, height))
        assert "LOST 5 !" in text
        assert "FALLBACK" in text or not still.run.fallback
    assert "LOST" not in status_lines(stills.full(), Banner(), width, height)[height // 2].text


@pytest.mark.parametrize("preset", ["overview", "work", "api"])
def test_the_ledger_stands_in_the_layouts_where_there_is_room(preset: str) -> None:
    wants = {kind.NAME: kind.want(_STILLS["losing"]) for kind in PANELS}
    assert "ledger" in arrange(160, 45, PRESETS[preset], wants)


def test_a_sweep_charts_fills_against_workers_and_says_which_round_and_how_long_it_goes_on() -> None:
    first = stills.assigning().legs[0]

    def leg(number: int, kind: RoundKind, workers: int, repeat: int, rate: float, differs: str = "") -> LegFace:
        terms = Round(number, 9, kind, workers, repeat, differs=differs)
        return msgspec.structs.replace(
            first, leg=number, repeat=number, number=1, concurrency=workers, round=terms, fills_per_s=rate
        )

    legs = (
        leg(1, RoundKind.WARM_UP, 8, 1, 500.0),
        leg(2, RoundKind.COUNTED, 8, 1, 120.0),
        leg(3, RoundKind.COUNTED, 1, 1, 40.0),
        leg(4, RoundKind.COUNTED, 8, 2, 140.0),
        leg(5, RoundKind.COUNTED, 1, 2, 999.0, differs="fingerprints differ: 1 bookings instead of 0"),
    )
    still = stills.assigning()
    still = msgspec.structs.replace(still, legs=legs, run=msgspec.structs.replace(still.run, left_ns=130_000_000_000))
    text = _text("passes", still, size=(120, 14))
    one, eight = (
        next(line for line in text.splitlines() if f"{n} worker" in line and "fills/s" in line) for n in (1, 8)
    )
    assert "40.0 fills/s  one round" in one
    assert "130.0 fills/s  120.0 to 140.0 in 2 rounds" in eight
    assert eight.count("#") > 3 * one.count("#") - 2
    assert "500.0" not in text, "the warm-up is in no level"
    assert "999.0" not in text, "nor a round that began from another state"
    heading = BY_NAME["passes"].heading(still, Area(120, 14), View())
    assert heading == "passes: round 5 of 9, 1 worker, repeat 2, 02:10 left"


def test_workers_that_went_home_as_the_plan_is_done_are_not_said_to_come_back() -> None:
    run = stills.face(workers=0, in_flight=0)
    assert "workers 0 -> 15" in status_lines(replace(stills.full(), run=run), Banner(), 160, 3)[0].text
    done = replace(run, turns_ended=run.turns)
    assert "workers 0 of 15" in status_lines(replace(stills.full(), run=done), Banner(), 160, 3)[0].text
