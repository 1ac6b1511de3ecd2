"""The console on a database without a run: what is not there is said, what is there is shown, nothing is changed."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from engine.model.run_state import RunState
from tests.tui.fake_door import FakeDoor
from tests.tui.stills import plain_role
from tests.tui.watch_stills import watch
from tui.app import SlotfillApp
from tui.commands import COMMANDS
from tui.lines import Area
from tui.panel import paint
from tui.panels.registry import PANELS
from tui.status import Banner, status_lines
from tui.unseen import unseen
from tui.view import View
from tui.watching import NO_RUN, left_words, refused

SIZES = [(80, 24), (160, 50)]
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def _coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


def app_of(*, plain: bool = False, **options: Any) -> SlotfillApp:
    return SlotfillApp(FakeDoor(watch(plain=plain)), who="ana@jump1", refresh_s=3600.0, **options)


def body(kind: Any, *, plain: bool = False) -> str:
    return "\n".join(one.text for one in paint(kind, watch(plain=plain), Area(100, 14), View())[1:])


@pytest.mark.parametrize("name", sorted(NO_RUN))
def test_panels_about_a_run_say_that_there_is_none(name: str) -> None:
    kind = next((panel for panel in PANELS if name == panel.NAME), None)
    if kind is None:
        pytest.skip(f"there is no panel {name}")

    assert body(kind).strip() == NO_RUN[name]


@pytest.mark.parametrize("name", ["locks", "connections", "conflicts", "zone_locks", "waits", "events"])
def test_panels_about_a_database_show_it(name: str) -> None:
    (kind,) = (panel for panel in PANELS if name == panel.NAME)
    words = {
        "locks": "Terrace 19:00",
        "connections": "9/100",
        "conflicts": "no run here whose conflicts would be counted",
        "zone_locks": "b31c77aa",
        "waits": "booking-api waits for psql, Terrace 19:00",
        "events": "held by psql (pid",
    }

    assert words[name] in body(kind)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("locks", "states, waits and queries of other roles: needs pg_monitor"),
        ("locks", "zone names: permission denied for table zones"),
        ("connections", "top statements: needs pg_stat_statements"),
        ("conflicts", "stale holds: permission denied for table table_holds"),
        ("conflicts", "live holds: permission denied for table table_holds"),
        ("zone_locks", "zone-locked bookings: permission denied for table bookings"),
        ("waits", "waits of other roles' backends: needs pg_monitor"),
    ],
)
def test_to_a_plain_role_each_missing_part_is_named_where_it_would_be_shown(name: str, words: str) -> None:
    (kind,) = (panel for panel in PANELS if name == panel.NAME)

    assert words in body(kind, plain=True)
    assert words not in body(kind)


def test_the_queue_is_shown_to_a_plain_role() -> None:
    (kind,) = (panel for panel in PANELS if panel.NAME == "locks")

    drawn = body(kind, plain=True)

    assert "psql <- w03 booking-api" in drawn
    assert "2.1 s" in drawn


def test_every_line_that_is_missing_stands_on_some_panel() -> None:
    for sample in (watch(plain=True).sample, plain_role().sample):
        assert sample is not None
        assert sample.missing
        shown = {line for panel in PANELS for line in unseen(sample, panel.NAME)}
        assert shown == set(sample.missing)
    assert sample is not None
    strange = replace(sample, missing=("something new: cannot be had",))
    assert unseen(strange, "locks") == unseen(strange, "connections") == strange.missing


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_status_says_watching_and_which_database_role_and_server(width: int, height: int) -> None:
    lines = [one.text for one in status_lines(watch(), Banner(), width, 3)]

    assert "WATCHING" in lines[0]
    assert "booking as slotfill, PostgreSQL 18.1 at 10.0.0.7" in lines[0]
    assert "live 3" in lines[1]
    assert "stale holds 1" in lines[1]
    assert "at work" not in "".join(lines)
    assert "workers" not in "".join(lines)
    assert all(len(line) == width for line in lines)


def test_what_a_plain_role_cannot_see_is_no_0_in_the_status() -> None:
    line = status_lines(watch(plain=True), Banner(), 120, 3)[1].text

    assert "live not seen ?" in line
    assert "zone-locked bookings not seen ?" in line
    server = status_lines(watch(plain=True), Banner(), 120, 3)[2].text
    assert "8 hidden ?" in server
    assert "active" not in server
    assert "LOCK 2 oldest 2.1 s" in server


async def test_every_command_that_acts_on_a_run_is_refused_in_a_sentence_and_nothing_is_sent() -> None:
    app = app_of()
    said: dict[str, str] = {}
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        for command in COMMANDS:
            if command.acts and refused(watch().run, command.name):
                await app.obey(command.name, "")
                said[command.name] = app.main.banner.message
        await pilot.pause()
        door = app.door
        assert isinstance(door, FakeDoor)
        assert door.commands == []

    assert {"pause", "more", "set", "reconfigure", "stop", "next-pass", "repair", "quit!"} <= set(said)
    assert not {"mark", "cancel", "terminate"} & set(said)
    for name, words in said.items():
        assert words == refused(watch().run, name)
        assert words.startswith(f"{name}: ")
        assert "\n" not in words


async def test_it_opens_with_a_layout_of_its_own_and_leaves_saying_that_it_ends() -> None:
    app = app_of()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        shown = [panel.NAME for panel in app.main.shown]
        await pilot.press("q")
    assert "workers" not in shown
    assert {"locks", "connections", "waits", "events"} <= set(shown)
    assert app.return_value == "this was the last console, so the watch ends"


def test_who_leaves_others_behind_is_told_so() -> None:
    run = watch().run

    assert left_words(replace(run, consoles=3)) == "2 other consoles still watch"
    assert left_words(replace(run, consoles=2, state=RunState.WATCHING)) == "1 other console still watches"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("plain", [False, True], ids=["watch", "plain-role"])
def test_screen(snap_compare: Compare, size: tuple[int, int], plain: bool) -> None:
    assert snap_compare(app_of(plain=plain), terminal_size=size)
