"""The panel of waits: what it says, and that it fits."""

import pytest
from msgspec.structs import replace

from engine.model.run_state import RunState
from engine.model.snapshot import RunSnapshot
from engine.model.waits import (
    CLIENT,
    CPU,
    IN_TRANSACTION,
    Blocker,
    CountedStatement,
    Counters,
    WaitCell,
    Waits,
)
from tests.tui import stills
from tui.layout import PRESETS, arrange
from tui.lines import Area, Ink, width_of
from tui.panel import paint
from tui.panels.registry import PANELS
from tui.panels.waits import WaitsPanel
from tui.view import View

CELLS = (
    WaitCell("confirm", "Lock:transactionid", 1008, 5.63),
    WaitCell("confirm", "Lock:advisory", 205, 1.15),
    WaitCell("hold", "Lock:advisory", 40, 0.22),
    WaitCell("quote", CLIENT, 90, 0.5),
    WaitCell("commit", IN_TRANSACTION, 60, 0.34),
    WaitCell("submit", CPU, 12, 0.07),
)
SEEN = Waits(
    leg=0,
    samples=179,
    hz=9.8,
    seconds=18.2,
    sessions=6.8,
    cells=CELLS,
    blockers=(
        Blocker("confirm", "Lock:transactionid", "confirm", "w04", 210),
        Blocker("confirm", "Lock:advisory", "", "NOT OURS", 58),
    ),
    missing=("our statements by the server's count: needs pg_stat_statements",),
    counters=Counters(commits=185, deadlocks=18, wal_bytes=178_768, statements=(CountedStatement("SELECT 1", 9, 2.5),)),
    server_log=("10:38:40 [24560] sf_x LOG:  process 24560 detected deadlock",),
)


def still(waits: Waits | None) -> RunSnapshot:
    return replace(stills.full(), waits=waits)


def text(waits: Waits | None, size: tuple[int, int] = (100, 14), *, full: bool = False) -> list[str]:
    return [line.text.rstrip() for line in paint(WaitsPanel, still(waits), Area(*size), View(full=full))]


def test_of_a_run_that_is_over_its_title_says_which_pass_it_is_of() -> None:
    seen = still(SEEN)
    over = replace(seen, run=replace(seen.run, state=RunState.FINISHED))
    titles = [paint(WaitsPanel, one, Area(80, 10), View())[0].text for one in (seen, over)]
    assert ["waits of the last pass: 6.8" in title for title in titles] == [False, True]
    watched = replace(over, run=replace(over.run, watches="127.0.0.1/postgres"))
    assert "waits until the end: 6.8 active" in paint(WaitsPanel, watched, Area(80, 10), View())[0].text


def test_the_heaviest_wait_stands_first_with_its_steps_and_what_waits_for_us_last() -> None:
    title, *lines = text(SEEN)
    assert "6.8 active of 15, 179 samples at 9.8/s" in title
    names = [line[2:26].strip() for line in lines[:5]]
    assert names == ["Lock:transactionid", "Lock:advisory", CPU, CLIENT, IN_TRANSACTION]
    assert lines[0].count("#") > 3 * lines[1].count("#") > 0
    assert lines[1].endswith("confirm 1.15, hold 0.22")


def test_a_wait_that_was_seen_too_seldom_gets_no_bar() -> None:
    line = next(line for line in text(SEEN) if CPU in line)
    assert "#" not in line
    assert line.endswith("insufficient, seen 12 times")


def test_who_is_in_the_way_is_named_and_a_stranger_stands_out() -> None:
    lines = text(SEEN)
    assert "  confirm waits for w04 at confirm, Lock:transactionid  1.17" in lines
    drawn = paint(WaitsPanel, still(SEEN), Area(100, 14), View())
    assert [span.ink for line in drawn for span in line.spans if span.text == "NOT OURS"] == [Ink.FAULT]


def test_what_is_missing_is_always_said_however_little_room_there_is() -> None:
    for height in range(3, 16):
        assert any("needs pg_stat_statements" in line for line in text(SEEN, (100, height)))
    hidden = replace(SEEN, samples=0, cells=(), missing=("waits are hidden from this role: needs pg_read_all_stats",))
    assert text(hidden)[1] == "  waits are hidden from this role: needs pg_read_all_stats"


def test_the_whole_screen_has_counters_and_the_server_s_log_too() -> None:
    lines = "\n".join(text(SEEN, (120, 40), full=True))
    for said in ("commits 185", "deadlocks 18", "rollbacks -", "WAL, whole server 179 kB", "9 x     2.50 ms  SELECT 1"):
        assert said in lines
    assert "process 24560 detected deadlock" in lines


def test_nobody_looking_and_nothing_seen_yet_are_two_things() -> None:
    assert text(None)[1] == "  nobody looks at what our backends wait for"
    fresh = Waits(leg=0, samples=0, hz=0.0, seconds=0.0, sessions=0.0)
    assert text(fresh)[1] == "  nothing was seen yet"


HOSTILE = replace(
    SEEN,
    cells=(WaitCell("confirm\x1b[2J", "Extension:\u202eevil" + "x" * 90, 99, 3.0),),
    blockers=(Blocker("hold", "Lock:\x07", "hold", "w01\x1b[0m", 4),),
    missing=("\x1b]0;title\x07",),
    server_log=("\x1b[31mred",),
)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("waits", [SEEN, HOSTILE, None])
def test_it_is_exactly_its_area_and_nothing_a_terminal_would_obey_gets_through(waits: Waits | None, full: bool) -> None:
    for width in (1, 20, 60, 100, 200):
        for height in (1, 2, 5, 30):
            lines = paint(WaitsPanel, still(waits), Area(width, height), View(full=full))
            assert [width_of(line.text) for line in lines] == [width] * height
            whole = "".join(line.text for line in lines)
            assert "\x1b" not in whole
            assert "\u202e" not in whole


def test_the_default_layouts_have_it_nowhere_and_its_own_ones_where_there_is_room() -> None:
    wants = {kind.NAME: kind.want(still(SEEN)) for kind in PANELS}
    assert {name for name, panels in PRESETS.items() if "waits" in panels} == {"contention", "server", "watch"}
    assert "waits" in arrange(200, 60, PRESETS["contention"], wants)
    assert "waits" in arrange(160, 45, PRESETS["server"], wants)
