"""Every screen there is, over a recorded run: as a still at two sizes, and true in every state of the run."""

import importlib
import os
import pkgutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.screen import Screen

import tui.screens
from engine.config import FillSettings, RunSettings, Settings
from engine.effects import Moment, effect
from engine.model.attached import Attached
from engine.model.command import Answer
from engine.model.run_state import RunState
from engine.model.sample import Backend
from engine.model.snapshot import RunSnapshot
from engine.records.archive import Manifest, RunEntry
from engine.records.past import Past
from engine.settings_sources import full_key, with_value
from tests.scratch import FOLDER
from tests.tui import stills
from tests.tui.fake_door import FakeDoor
from tests.tui.recorded import run_folder
from tests.tui.test_every_panel import STATES
from tests.tui.test_screens import Compare
from tui.app import SlotfillApp
from tui.console import Console
from tui.inked import Inked
from tui.panels.workers import WorkersPanel
from tui.run_list import RunRow
from tui.screens.around import AroundScreen
from tui.screens.attached import AttachedScreen
from tui.screens.confirm import ConfirmScreen, TypedScreen
from tui.screens.detail import DetailScreen
from tui.screens.menu import MenuScreen
from tui.screens.question import QuestionScreen
from tui.screens.repair import RepairScreen
from tui.screens.rows import RowSheet
from tui.screens.runs import RemoveScreen, RunsScreen, TextScreen
from tui.screens.settings import SettingsScreen
from tui.screens.sheet import Sheet
from tui.touched import CANCELS, of_stop

S = 1_000_000_000
SIZES = [(80, 24), (160, 50)]
_ELSEWHERE = {
    "MainScreen": ("test_screens", "test_screen[main-{}].svg"),
    "HelpScreen": ("test_screens", "test_screen[help-{}].svg"),
    "AskedScreen": ("test_asked", "test_screen_of_one_thing[worker-{}].svg"),
}
"""Screens whose stills stand beside other tests of them."""


class Bare(Console):
    """A console without the main screen: what lies below is no part of these stills."""

    CSS_PATH = SlotfillApp.CSS_PATH


@cache
def recorded() -> RunSnapshot:
    """A minute into a run that was recorded, with two consoles on it."""
    folder = Path(os.environ[FOLDER]) / f"every-screen-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    past = Past(run_folder(folder))
    past.read_on()
    picture = past.at(60 * S)
    attached = (Attached(1, "ana@jump1 pts/3"), Attached(2, "bo@jump1 pts/4", True))
    return replace(picture, run=replace(picture.run, attached=attached, consoles=3))


def a_backend() -> Backend:
    return next(one for one in stills.sample().backends if one.pid == 20301)


def a_row(number: int, state: RunState, exit_code: int) -> RunRow:
    name = f"20260304T1{number}0209Z-fill-7f3a91c{number}"
    manifest = Manifest(f"7f3a91c{number}", "fill", "embedded", f"2026-03-04T1{number}:02:09+00:00", name="evening")
    entry = RunEntry(f"/runs/{name}", 1_300_000, manifest, state, exit_code)
    return RunRow(entry, 412, {"filled": 371, "hold_conflict": 41})


class Listed(RunsScreen):
    """The list, of runs that are no folders."""

    async def read(self) -> None:
        self.rows = (a_row(2, RunState.FINISHED, 0), a_row(1, RunState.STOPPED, 130), a_row(0, RunState.CRASHED, 70))
        self.cursor = self.cursor or f"run:{self.rows[0].entry.folder}"
        self.redraw()


async def judged(values: dict[str, str]) -> Answer:
    settings = Settings(run=RunSettings(concurrency=15), fill=FillSettings(max_party=8))
    changed = settings
    for key, value in values.items():
        changed = with_value(changed, key, value)
    moment = Moment(15, 2, (3, 4))
    return Answer(True, "", tuple(effect(full_key(key), settings, changed, moment) for key in values))


async def nothing(*_: Any) -> Any:
    return ""


def settings_of(look: RunSnapshot) -> dict[str, str]:
    return {"concurrency": "15", "rate": "", "retries": "0", "min_party": "1", "max_party": "8"} | look.run.settings


_FOUND = Answer(
    True,
    "2 holds",
    ("hold 88ab12cd on MD-08+PT-01: expired 4 min ago", "hold 1d02aa34 on T03: made by run 0aa1, which has ended"),
)
FACTORIES: dict[str, Callable[[RunSnapshot], Screen[Any]]] = {
    "AttachedScreen": lambda look: AttachedScreen(look, 1),
    "ConfirmScreen": lambda look: ConfirmScreen(a_backend(), look),
    "TypedScreen": lambda look: TypedScreen(a_backend(), look),
    "DetailScreen": lambda look: DetailScreen(WorkersPanel, "w02", look),
    "MenuScreen": lambda look: MenuScreen("sort workers by", ["age", "worker", "step"], "worker"),
    "QuestionScreen": lambda look: QuestionScreen(
        "stop the run?", of_stop, {"y": "drains: no attempt begins any more", "X": CANCELS}, look
    ),
    "RepairScreen": lambda look: RepairScreen("holds", _FOUND, look),
    "RunsScreen": lambda look: Listed(Path("/runs"), "7f3a91c2", nothing, nothing, watch=False),
    "RemoveScreen": lambda look: RemoveScreen([a_row(1, RunState.STOPPED, 130)]),
    "TextScreen": lambda look: TextScreen("compare 7f3a91c1 7f3a91c2", "7f3a91c2 is 4 % faster, too little to tell"),
    "SettingsScreen": lambda look: SettingsScreen(lambda: settings_of(look), judged, judged),
}
"""How each screen that lies over the main one is made."""


def screens() -> set[str]:
    """Every kind of screen in `tui/screens`."""
    found: set[str] = set()
    for module in pkgutil.iter_modules(tui.screens.__path__):
        members = vars(importlib.import_module(f"tui.screens.{module.name}")).values()
        found |= {
            kind.__name__
            for kind in members
            if isinstance(kind, type) and issubclass(kind, Screen) and kind.__module__ == f"tui.screens.{module.name}"
        }
    return found - {AroundScreen.__name__, Sheet.__name__, RowSheet.__name__}


def test_every_screen_there_is_has_a_still_at_both_sizes() -> None:
    here = Path(__file__).parent / "__snapshots__"
    assert screens() == {*FACTORIES, *_ELSEWHERE}
    for name in screens():
        folder, pattern = _ELSEWHERE.get(name, ("test_every_screen", f"test_still_of_a_screen[{name}-{{}}].svg"))
        for size in SIZES:
            assert (here / folder / pattern.format("{}x{}".format(*size))).is_file(), f"{name} has no still at {size}"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", FACTORIES)
def test_still_of_a_screen(
    name: str, size: tuple[int, int], snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    app = Bare(FakeDoor(recorded()), who="ana@jump1 pts/3")

    async def before(pilot: Pilot[str]) -> None:
        await app.push_screen(FACTORIES[name](recorded()))
        await pilot.pause()
        if isinstance(app.screen, SettingsScreen):
            await pilot.press("1", "2")
            await pilot.pause()
            await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)


async def test_every_screen_has_something_to_show_in_every_state() -> None:
    app = Bare(FakeDoor(stills.full()), who="ana@jump1")
    looks = {state: build() for state, (build, _banner, _words) in STATES.items()}
    async with app.run_test(size=SIZES[0]) as pilot:
        await pilot.pause()
        for name, make in FACTORIES.items():
            await app.push_screen(make(stills.full()))
            await pilot.pause()
            for state, look in looks.items():
                if isinstance(app.screen, Sheet):
                    app.screen.show(look)
                text = "\n".join(one.text for one in app.screen.query(Inked) if one.display).strip()
                assert text, f"{name}, {state}"
            await app.pop_screen()
