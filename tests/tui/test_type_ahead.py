"""The line to type on: what is typed fast, or after a click elsewhere, is text and never acts as keys."""

from tests.tui.test_console import console


async def test_a_panel_that_opens_late_takes_no_keys_from_the_line_that_was_opened_after_it() -> None:
    async with console() as (pilot, app, _):
        # As on a slow link, where both keys come in one packet.
        app.main.show_alone("locks")
        app.main.ask(":", "")
        await pilot.pause()
        assert app.main.prompt.has_focus
        await pilot.press("s", "o", "r", "t")
        assert app.main.prompt.value == "sort"


async def test_a_line_that_a_click_has_left_open_is_closed_by_escape_and_opened_anew_by_its_key() -> None:
    async with console(size=(160, 50)) as (pilot, app, _):
        await pilot.press("colon")
        app.main.set_focus(app.main.panels["workers"])
        await pilot.pause()
        await pilot.press("colon")
        assert app.main.prompt.has_focus
        app.main.set_focus(app.main.panels["workers"])
        await pilot.press("escape")
        assert not app.main.prompt.display
        assert app.main.focused_panel is not None
