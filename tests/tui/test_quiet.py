"""What costs nothing when nothing happens: ages, figures without tenths, messages that go, paths that fit."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.model.map_face import MapFace
from engine.model.run_state import RunState
from engine.model.sample import QueueMember
from engine.model.snapshot import RunSnapshot
from tests.tui import stills
from tests.tui.test_console import console, text_of
from tui import map_columns
from tui.format import about, age, short_path, steady
from tui.lines import Area, Ink
from tui.panel import paint
from tui.panels import map as map_panel
from tui.panels.connections import ConnectionsPanel
from tui.panels.locks import LocksPanel
from tui.panels.map import MapPanel
from tui.panels.registry import PANELS
from tui.status import Banner, status_lines
from tui.view import View
from tui.worker_detail import queue_line

MS, S = 1_000_000, 1_000_000_000
WIDE = Area(120, 30)


def resting(later_ns: int) -> RunSnapshot:
    """A paused run, so much later; nothing but time has gone on, and the looks found the same."""
    still = stills.full()
    begun = still.run.elapsed_ns // S * S
    run = replace(
        still.run, state=RunState.PAUSED, elapsed_ns=begun + later_ns, lag_p99_ns=2_000_000 + later_ns // 10_000
    )
    workers = tuple(
        replace(one, step=None, since_ns=one.since_ns // S * S + later_ns, waits_for="") for one in still.workers
    )
    sample = replace(stills.sample(), took_ns=7_100_000 + later_ns // 10_000, commits_per_s=2.6 + later_ns / (100 * S))
    sample = replace(sample, at_ns=run.elapsed_ns)
    truth = replace(still.truth, at_ns=begun - 3 * S, took_ns=12_000_000 + later_ns // 10_000)
    return replace(still, run=run, workers=workers, sample=sample, truth=truth)


def test_between_two_seconds_of_a_resting_run_nothing_is_painted() -> None:
    first, later = resting(100 * MS), resting(850 * MS)
    for kind in PANELS:
        before, after = (paint(kind, one, WIDE, View()) for one in (first, later))
        assert before == after, kind.NAME
    assert status_lines(first, Banner(), 120, 3) == status_lines(later, Banner(), 120, 3)
    # And it is no empty screen that stays as it is.
    assert status_lines(resting(1100 * MS), Banner(), 120, 3) != status_lines(first, Banner(), 120, 3)


@pytest.mark.parametrize(
    ("ns", "says"),
    [(None, "-"), (-5, "0 s"), (999 * MS, "0 s"), (9_990 * MS, "9 s"), (75 * S, "75 s"), (725 * S, "12m05s")],
)
def test_an_age_has_no_tenths(ns: int | None, says: str) -> None:
    assert age(ns) == says


@given(st.integers(0, 10**15))
def test_an_age_changes_once_a_second_at_most(ns: int) -> None:
    assert age(ns // S * S) == age(ns // S * S + S - 1) or ns >= 99 * S


@pytest.mark.parametrize(
    ("ns", "says"), [(0, "<1 ms"), (999_999, "<1 ms"), (8_400_000, "8 ms"), (155 * MS, "155 ms"), (1200 * MS, "1.2 s")]
)
def test_what_a_look_took_has_no_tenths_of_a_millisecond(ns: int, says: str) -> None:
    assert about(ns) == says


@pytest.mark.parametrize(("rate", "says"), [(None, "-"), (0.0, "0/s"), (0.4, "<1/s"), (2.6, "3/s"), (240.2, "240/s")])
def test_a_rate_of_the_server_has_no_tenths(rate: float | None, says: str) -> None:
    assert steady(rate) == says


# -- messages


async def test_a_message_goes_after_a_while_and_one_of_a_fault_stays() -> None:
    async with console() as (pilot, app, _):
        app.say("set: stress_max 10 -> 8", Ink.FILLED)
        app.let_go()
        assert "stress_max 10 -> 8" in text_of(app)
        app._said_ns -= 11 * S
        app.let_go()
        assert "stress_max 10 -> 8" not in text_of(app)
        app.say("export: not written: no space left", Ink.FAULT)
        app._said_ns -= 600 * S
        app.let_go()
        assert "no space left" in text_of(app)
        await pilot.press("space")
        assert "no space left" not in text_of(app)


async def test_a_message_after_a_fault_is_not_in_its_colour() -> None:
    async with console() as (pilot, app, _):
        app.say("export: not written: no space left", Ink.FAULT)
        await pilot.press("space")
        assert app.main.banner.message.startswith("the run goes on unseen")
        assert app.main.banner.ink is Ink.TEXT


async def test_y_says_what_was_copied_and_where_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    async with console() as (pilot, app, _):
        await pilot.press("y")
        assert "sent to the terminal's clipboard, if it takes copies: w12  confirm L" in text_of(app)


# -- paths


FOLDER = "/home/ana/.local/state/slotfill/runs/20261121T155248Z-fill-f79054d3/snapshots/20261121T162030Z"


@pytest.mark.parametrize(
    ("room", "says"),
    [
        (120, "~/.local/state/slotfill/runs/20261121T155248Z-fill-f79054d3/snapshots/20261121T162030Z"),
        (67, "~/.../20261121T155248Z-fill-f79054d3/snapshots/20261121T162030Z"),
        (40, "~/.../snapshots/20261121T162030Z"),
        (5, "~/.../20261121T162030Z"),
    ],
)
def test_a_path_keeps_its_end(room: int, says: str) -> None:
    assert short_path(FOLDER, room, "/home/ana/") == says
    assert short_path(FOLDER.replace("/ana/", "/anastasia/"), 200, "/home/ana").startswith("/home/anastasia/")


async def test_at_80x24_an_export_names_its_run_and_its_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ana")
    async with console(size=(80, 24)) as (pilot, app, _):

        async def export(_shown: RunSnapshot, _svg: str) -> str:
            return FOLDER

        app.export = export
        await pilot.press("E")
        assert "exported to ~/.../20261121T155248Z-fill-f79054d3/snapshots/20261121T162030Z" in text_of(app)


# -- queues


def test_a_queue_says_who_holds_it_or_that_nobody_does() -> None:
    queue = stills.sample().queues[0]
    holder, waiter = queue.members[0], next(one for one in queue.members if not one.granted)
    said = {
        (): "nobody has it now",
        (holder,): "w05 holds, nobody waits",
        (waiter,): "free just now <- w07",
        (holder, waiter): "w05 <- w07",
    }
    for members, words in said.items():
        one = replace(queue, members=members)
        assert queue_line(one, 4) == words
        drawn = paint(LocksPanel, _with(members), WIDE, View())[1].text
        assert " ".join(words.split()) in " ".join(drawn.split())
        assert "none" not in drawn


def _with(members: tuple[QueueMember, ...]) -> RunSnapshot:
    sample = stills.sample()
    return replace(stills.full(), sample=replace(sample, queues=(replace(sample.queues[0], members=members),)))


def test_a_transaction_that_is_waited_for_keeps_its_number() -> None:
    queue = replace(stills.sample().queues[0], name="transactionid 98127744", is_zone=False)
    still = replace(stills.full(), sample=replace(stills.sample(), queues=(queue,)))
    assert "xid 98127744 " in paint(LocksPanel, still, Area(48, 6), View())[1].text


def test_a_wait_is_named_once_whatever_the_states_of_those_who_wait() -> None:
    sample = stills.sample()
    waits = tuple(replace(sample.waits[0], wait="Client:ClientRead", ours=ours, others=0) for ours in (6, 5))
    still = replace(stills.full(), sample=replace(sample, waits=waits))
    said = paint(ConnectionsPanel, still, Area(120, 10), View())[3].text
    assert said.count("ClientRead") == 1
    assert "ClientRead 11" in said


# -- what is not done twice


def test_evenings_of_one_house_share_the_lines_above_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    made = map_columns.heads_of

    def heads_of(face: MapFace, page: int, width: int, number: str) -> object:
        asked.append(page)
        return made(face, page, width, number)

    still = stills.full()
    pages = tuple(replace(still.map.pages[0], day=f"2027-03-{day:02d}") for day in range(1, 21))
    rows = tuple(replace(still.map.rows[0], page=page, number=page) for page in range(20))
    many = replace(still, map=replace(still.map, pages=pages, rows=rows, cells=()))
    before = paint(MapPanel, many, Area(120, 40), View())
    monkeypatch.setattr(map_panel, "heads_of", heads_of)
    assert paint(MapPanel, many, Area(120, 40), View()) == before
    assert len(asked) == 1


def test_the_consoles_own_process_looks_for_garbage_seldom() -> None:
    """In a process of its own: it is for the whole of one."""
    words = "collect_seldom(); print(gc.get_threshold()[0] >= 50_000, gc.get_freeze_count() > 1000, gc.isenabled())"
    told = subprocess.run(
        [sys.executable, "-c", f"import gc; from engine.collecting import collect_seldom; {words}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert told.stdout.split() == ["True", "True", "True"]
