"""Every screen that a command opens, in ASCII and under NO_COLOR: no other sign and no colour is painted."""

from collections.abc import Iterator

import pytest
from rich.segment import Segment
from textual._compositor import LayoutUpdate

from tests.tui import detail_stills, stills
from tests.tui.fake_door import FakeDoor
from tui.app import SlotfillApp
from tui.commands import COMMANDS
from tui.screens.main import MainScreen

LEAVES = ("quit", "quit!")
TYPED = {"booking": "4f00d1ce", "theme": "", "jump": "", "sort": "", "repair": "holds", "cancel": "20301"}
"""What stands behind a command's name where there is a screen to be had by it."""


def painted(app: SlotfillApp) -> Iterator[Segment]:
    """All that is on the screen, as it goes to the terminal."""
    update = app.screen._compositor.render_update(full=True)
    assert isinstance(update, LayoutUpdate)
    for line in update.strips:
        for strip in line:
            yield from strip


def beyond_ascii(segments: list[Segment]) -> str:
    return "".join(sorted({sign for one in segments for sign in one.text if not sign.isascii()}))


def coloured(segments: list[Segment]) -> list[str]:
    return [
        one.text
        for one in segments
        if one.style is not None
        and any(colour is not None and not colour.is_default for colour in (one.style.color, one.style.bgcolor))
    ]


def app_of(*, ascii_only: bool) -> SlotfillApp:
    door = detail_stills.know(FakeDoor(stills.full()))
    return SlotfillApp(door, who="ana@jump1", refresh_s=3600.0, ascii=ascii_only)


async def test_every_command_leaves_ascii_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_of(ascii_only=True)
    found: dict[str, tuple[str, list[str]]] = {}
    screens = set()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for command in COMMANDS:
            if command.name in LEAVES:
                continue
            await app.obey(command.name, TYPED.get(command.name, ""))
            await pilot.pause()
            segments = list(painted(app))
            screens.add(type(app.screen).__name__)
            signs, colours = beyond_ascii(segments), coloured(segments)
            if signs or colours:
                found[command.name] = (signs, colours)
            while not isinstance(app.screen, MainScreen):
                app.pop_screen()
            app.main.prompt.action_leave()
            app.main.close_prompt()
    assert found == {}
    assert len(screens) >= 9, sorted(screens)


async def test_what_is_looked_for_is_found_where_there_are_colours_and_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    app = app_of(ascii_only=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        segments = list(painted(app))
    assert "─" in beyond_ascii(segments)
    assert coloured(segments)
