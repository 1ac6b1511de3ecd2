"""Every command of the registry, by its key, on the command line and in the palette: one and the same."""

from textual.widget import Widget

from engine.model.snapshot import EventLine
from tests.tui import stills
from tests.tui.fake_door import FakeDoor
from tests.tui.test_console import NEVER_S, Console, console, text_of, type_in
from tests.tui.test_watch_only import key_name
from tui.commands import BY_COMMAND, COMMANDS
from tui.lines import Area
from tui.screens.help import HelpScreen
from tui.time_bar import time_line
from tui.timeline import Mark, Timeline, marks_of
from tui.typed_line import read_command

LEAVES = ("quit", "quit!")


class Listening(Console):
    """Hears which command a key, a line or the palette means, and does none of them."""

    def __init__(self) -> None:
        super().__init__(FakeDoor(stills.full()), who="ana@jump1", refresh_s=NEVER_S)
        self.heard: list[tuple[str, str]] = []

    async def obey(self, name: str, words: str) -> None:
        self.heard.append((name, words))


async def test_every_key_line_and_palette_entry_reaches_its_own_command() -> None:
    app = Listening()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        for command in COMMANDS:
            for key in command.keys:
                app.heard.clear()
                await pilot.press(key_name(key))
                assert app.heard == [(command.name, "")], f"key {key}"
            assert read_command(f":{command.name} {command.takes}") == (command, command.takes)
        palette = {one.title: one for one in app.get_system_commands(app.screen)}
        assert set(palette) == {command.name for command in COMMANDS if command.keys or not command.takes}
        for name, entry in palette.items():
            app.heard.clear()
            entry.callback()
            await pilot.pause()
            assert app.heard == [(name, "")]
            assert entry.help == BY_COMMAND[name].help


async def test_a_line_that_is_typed_reaches_its_command_with_its_words() -> None:
    app = Listening()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.main.ask(":", "")
        await type_in(pilot, "zoom 10s")
        await pilot.press("enter")
        await pilot.pause()
        assert app.heard == [("zoom", "10s")]


async def test_up_brings_back_what_was_typed_before_and_down_what_is_being_typed() -> None:
    app = Listening()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        for words in ("zoom 10s", "theme plain", "theme plain"):
            app.main.ask(":", "")
            await type_in(pilot, words)
            await pilot.press("enter")
        app.main.ask(":", "")
        await type_in(pilot, "wor")
        seen = []
        for key in ("up", "up", "up", "down", "down", "down"):
            await pilot.press(key)
            seen.append(app.main.prompt.value)
        assert seen == ["theme plain", "zoom 10s", "zoom 10s", "theme plain", "wor", "wor"]
        app.main.ask("/", "")
        await pilot.press("up")
        assert app.main.prompt.value == "", "filters have a past of their own"


async def test_below_a_line_that_is_typed_stands_what_may_come_next_and_no_key_that_would_be_typed() -> None:
    async with console(size=(80, 24)) as (pilot, app, _):
        await pilot.press("colon")
        await type_in(pilot, "so")
        await pilot.pause()
        assert (app.main.prompt.region.y, app.main.foot.region.y) == (22, 23), "no panel loses a line to it"
        assert "sort KEY" in app.main.foot.text
        assert "P pause run" not in app.main.foot.text
        await pilot.press("escape")
        assert "P pause run" in app.main.foot.text


async def test_every_command_does_something_that_is_seen_or_sent_and_none_fails_without_its_words() -> None:
    """Done one after the other on one console: each leaves the screen other than it was, or a command at the engine."""
    # What moves a cursor that is there already, clears a filter that is none, or paints what is there.
    quiet = {"back", "live", "redraw", *(command.name for command in COMMANDS if command.group == "rows")}
    async with console(size=(160, 50)) as (pilot, app, door):
        for command in COMMANDS:
            if command.name in LEAVES:
                continue
            app.say("")
            before = (text_of(app), len(door.commands), app.main.focused, app.screen, app.main.prompt.display)
            await app.obey(command.name, "")
            await pilot.pause()
            after = (text_of(app), len(door.commands), app.main.focused, app.screen, app.main.prompt.display)
            assert before != after or command.name in quiet, command.name
            while app.screen is not app.main:
                await app.pop_screen()
            if app.main.prompt.display:
                app.main.prompt.action_leave()
            await pilot.pause()
        assert isinstance(app.main.focused, Widget)


async def test_help_has_every_command_with_its_keys() -> None:
    async with console(size=(132, 50)) as (pilot, app, _):
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        lines = [one.text for one in app.screen.draw(Area(90, 0))]
        text = " ".join(" ".join(lines).split())
        for command in COMMANDS:
            if command.name.startswith("panel-"):
                continue
            assert " ".join(command.help.split()[:2]) in text, f"help does not have {command.name}"


S = 1_000_000_000


def test_a_mark_stands_on_the_time_bar_with_its_name_where_there_is_room() -> None:
    lines = [EventLine(30 * S, "operator", None, "ana@jump1", "mark vacuum: mark vacuum")]
    marks = marks_of(lines, ())
    assert marks == (Mark(30 * S, "M", "vacuum"),)
    line = time_line(Timeline(0, 90 * S, None, marks), 80).text
    assert "=Mvacuum=" in line
    crowded = (*marks, Mark(31 * S, "A"))
    assert "Mvacuum" not in time_line(Timeline(0, 90 * S, None, crowded), 80).text
    assert "M" in time_line(Timeline(0, 90 * S, None, crowded), 80).text
    assert "M?????" not in time_line(Timeline(0, 90 * S, None, marks), 30).text


async def test_a_jump_goes_by_class_and_by_words_in_the_line() -> None:
    still = stills.full()
    async with console(still) as (_, app, _door):
        await app.obey("jump", "hold conflict T99")
        assert (app.jump_class, app.jump_words) == ("hold conflict", "T99")
        assert not app.jumpable()
        await app.obey("jump", "hold_conflict t03")
        assert [line.word for line in app.jumpable()] == ["hold conflict"]
        await app.obey("jump", "operator")
        assert app.jump_words == ""
