"""Whole screens as pictures, and screens without colours or without Unicode."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from textual.app import App
from textual.pilot import Pilot

from tests.tui import stills
from tests.tui.fake_door import FakeDoor
from tui.app import SlotfillApp

SIZES = [(80, 24), (120, 40), (160, 50)]
Compare = Callable[..., bool]


def app_of(still: str, **options: Any) -> SlotfillApp:
    return SlotfillApp(FakeDoor(stills.STILLS[still]()), who="ana@jump1", refresh_s=3600.0, **options)


@pytest.fixture(autouse=True)
def _coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("still", "keys"),
    [("full", []), ("full", ["l"]), ("full", ["question_mark"]), ("finished", []), ("through_api", ["L", "L", "L"]),
     ("losing", [])],
    ids=["main", "locks", "help", "finished", "api", "losing"],
)  # fmt: skip
def test_screen(snap_compare: Compare, still: str, keys: list[str], size: tuple[int, int]) -> None:
    assert snap_compare(app_of(still), press=keys, terminal_size=size)


def test_screen_with_questions_and_trouble(snap_compare: Compare) -> None:
    assert snap_compare(app_of("plain_role"), press=["r"], terminal_size=(100, 30))


def written(app: App[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[Pilot[str]], str]:
    """What a terminal would be sent for the whole screen."""

    def render(_: Pilot[str]) -> str:
        out = io.StringIO()
        width, height = app.size
        console = Console(
            file=out,
            force_terminal=True,
            color_system="truecolor",
            width=width,
            height=height,
            legacy_windows=False,
            _environ={},
        )
        console.print(app.screen._compositor.render_update(full=True))
        return out.getvalue()

    return render


_COLOUR = re.compile("\x1b\\[[0-9;]*m")


@pytest.mark.parametrize("keys", [[], ["l"], ["question_mark"], ["r"], ["s"], ["enter"]])
async def test_no_color_sends_no_colour(keys: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_of("full")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        sent = written(app, monkeypatch)(pilot)
    codes = {code for match in _COLOUR.findall(sent) for code in match[2:-1].split(";")}
    # Bold, dim, reverse and their ends, and "the terminal's own colour" (39, 49), which is none.
    assert codes <= {"", "0", "1", "2", "3", "4", "7", "9", "39", "49"}
    assert "38" not in codes


@pytest.mark.parametrize("keys", [[], ["l"], ["question_mark"], ["r"], ["enter"]])
async def test_ascii_sends_no_byte_above_0x7f(keys: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of("full", ascii=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        sent = written(app, monkeypatch)(pilot)
    assert {character for character in sent if not character.isascii()} == set()


async def test_hostile_names_are_drawn_as_text_on_every_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of("hostile")
    async with app.run_test(size=(160, 50)) as pilot:
        for key in ["l", "escape", "v", "enter", "escape", "escape", "c"]:
            await pilot.press(key)
            await pilot.pause()
            sent = _COLOUR.sub("", written(app, monkeypatch)(pilot))
            sent = re.sub("\x1b\\[[0-9;?]*[a-zA-Z]", "", sent)
            assert "\x1b" not in sent
            assert "\x9b" not in sent


def test_the_theme_is_beside_the_app() -> None:
    assert (Path(__file__).parents[2] / "tui" / "theme.tcss").is_file()
