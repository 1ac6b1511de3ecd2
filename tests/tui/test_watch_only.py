"""A console that only watches: every command that steers is refused in one sentence, and nothing is sent."""

import pytest
from textual.keys import _character_to_key

from engine.model.command import Command
from tests.tui.test_console import console, text_of
from tui.commands import COMMANDS, ConsoleCommand

ACTING = [command for command in COMMANDS if command.acts]


def key_name(key: str) -> str:
    """A key as a terminal's driver calls it."""
    return _character_to_key(key) if len(key) == 1 and not key.isalnum() else key


async def test_every_acting_command_is_refused_in_a_sentence_by_key_and_by_name() -> None:
    async with console(watch=True) as (pilot, app, door):
        sent: list[Command] = door.commands
        asked: list[Command] = []
        act = door.act

        async def listening(command: Command, who: str) -> object:
            asked.append(command)
            return await act(command, who)

        door.act = listening  # type: ignore[method-assign, assignment]
        for command in ACTING:
            for way in ("name", *command.keys):
                app.say("")
                if way == "name":
                    await app.obey(command.name, "x")
                else:
                    await pilot.press(key_name(way))
                assert f"{command.name}: this console only watches (--watch)" in text_of(app), (command.name, way)
                assert app.screen is app.main
                assert not app.main.prompt.display
        assert app.return_value is None
        assert (sent, asked) == ([], [])


async def test_the_palette_and_the_footer_of_a_watching_console_have_no_acting_command() -> None:
    async with console(watch=True, size=(160, 50)) as (_, app, _door):
        offered = {command.title for command in app.get_system_commands(app.screen)}
        assert not offered & {command.name for command in ACTING}
        for command in ACTING:
            if command.footer is not None and command.footer[1] not in ("worker",):
                assert command.footer[1] not in app.main.foot.text


@pytest.mark.parametrize("command", ACTING, ids=lambda command: command.name)
def test_every_acting_command_says_what_it_does(command: ConsoleCommand) -> None:
    assert len(command.help.split()) > 1
