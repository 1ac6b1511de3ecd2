"""The settings sheet: now and new, what each change does before it does it, and nothing by accident."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input

from engine.model.command import Command, Verb
from tests.tui import stills
from tests.tui.fake_door import FakeDoor
from tests.tui.test_console import Console, console, over, text_of
from tui.screens.question import QuestionScreen
from tui.screens.settings import SettingsScreen


@asynccontextmanager
async def sheet() -> AsyncIterator[tuple[Pilot[str], Console, FakeDoor, dict[str, Input]]]:
    async with console(size=(80, 24)) as (pilot, app, door):
        await pilot.press("r")
        await pilot.pause()
        assert isinstance(app.screen, SettingsScreen)
        yield pilot, app, door, {box.name or "": box for box in app.screen.query(Input)}


async def settle(pilot: Pilot[str]) -> None:
    for _ in range(3):
        await pilot.pause()


async def test_every_setting_of_the_run_has_its_line_with_its_value_and_what_it_means() -> None:
    async with sheet() as (_, app, door, boxes):
        assert {name: box.value for name, box in boxes.items()} == door.now.run.settings
        text = text_of(app)
        for key, value in door.now.run.settings.items():
            assert key in text
            assert f"now {value}" in text
            assert f"{key}: as it is" in text


async def test_what_a_new_value_does_is_said_before_it_is_sent() -> None:
    async with sheet() as (pilot, app, door, boxes):
        boxes["stress_max"].value = "8"
        boxes["max_party"].value = "10"
        await settle(pilot)
        text = text_of(app)
        assert "stress_max: new" in text
        assert "*stress_max" in text, "not by colour alone"
        assert "stress_max  10 -> 8" in text
        assert not door.commands
        await pilot.press("enter")
        await settle(pilot)
        assert door.commands == [Command(Verb.SET, ("stress_max=8", "max_party=10"))]
        assert app.screen is app.main
        assert "set: stress_max 10 -> 8, max_party 12 -> 10" in text_of(app)


async def test_a_value_that_cannot_be_is_explained_in_its_place_and_nothing_is_sent() -> None:
    async with sheet() as (pilot, app, door, boxes):
        boxes["min_party"].value = "-3"
        boxes["stress_max"].value = "8"
        await settle(pilot)
        assert "! min_party = -3 is no number" in text_of(app)
        boxes["stress_max"].focus()
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, SettingsScreen)
        assert app.focused is boxes["min_party"]
        assert not door.commands


async def test_escape_leaves_everything_as_it_was() -> None:
    async with sheet() as (pilot, app, door, boxes):
        boxes["stress_max"].value = "8"
        await pilot.press("escape")
        await settle(pilot)
        assert not door.commands
        assert door.now.run.settings["stress_max"] == "10"
        assert "settings: left as they are" in text_of(app)


async def test_what_another_console_sets_meanwhile_is_taken_over_where_nobody_typed() -> None:
    async with sheet() as (pilot, app, door, boxes):
        boxes["stress_max"].value = "8"
        await settle(pilot)
        door.change(settings={**door.now.run.settings, "stress_max": "5", "max_party": "6"})
        await app.look()
        assert isinstance(app.screen, SettingsScreen)
        app.screen.follow()
        await settle(pilot)
        assert (boxes["stress_max"].value, boxes["max_party"].value) == ("8", "6")
        assert app.screen.differences == {"stress_max": "8"}
        assert "stress_max  5 -> 8" in text_of(app)


async def test_a_lost_engine_is_said_on_the_sheet_which_stays_open() -> None:
    async with sheet() as (pilot, app, door, boxes):
        boxes["stress_max"].value = "8"
        await settle(pilot)
        door.lost = "the socket is closed"
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, SettingsScreen)
        assert "the engine does not answer (the socket is closed)" in text_of(app)
        assert not door.commands


async def test_platform_flags_are_shown_with_what_they_are() -> None:
    async with console(stills.through_api()) as (pilot, app, _):
        await pilot.press("r")
        await settle(pilot)
        assert "inline_auto_assign_timeout_ms" in text_of(app)
        assert "fixed for this run" in text_of(app)


async def test_a_setting_that_reaches_the_rows_of_others_asks_even_when_typed() -> None:
    still = stills.full()
    still = replace(still, run=replace(still.run, settings={**still.run.settings, "sweep_holds": "false"}))
    async with console(still) as (pilot, app, door):
        await app.obey("set", "sweep_holds=true")
        await pilot.pause()
        assert "sweep_holds: new" in over(app, QuestionScreen).sheet.text
        await pilot.press("n")
        assert not door.commands
        await app.obey("set", "sweep_holds=true")
        await pilot.pause()
        await pilot.press("y")
        assert door.commands == [Command(Verb.SET, ("sweep_holds=true",))]
