"""Keys, as an operator presses them: what is sent, and what the screen says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widgets import Input

from engine.model.command import Command, Verb
from engine.model.run_state import RunState
from engine.model.snapshot import RunSnapshot
from tests.tui import stills
from tests.tui.fake_door import FakeDoor
from tui.app import SlotfillApp
from tui.inked import Inked
from tui.screens.asked import AskedScreen
from tui.screens.confirm import ConfirmScreen, TypedScreen
from tui.screens.help import HelpScreen
from tui.screens.question import QuestionScreen
from tui.screens.sheet import Sheet

NEVER_S = 3600.0


class Console(SlotfillApp):
    """Looks only when a test says so, and does not wait for more presses."""

    BATCH_S = 0.001


@asynccontextmanager
async def console(
    snapshot: RunSnapshot | None = None,
    size: tuple[int, int] = (120, 40),
    *,
    watch: bool = False,
    ascii_only: bool = False,
) -> AsyncIterator[tuple[Pilot[str], Console, FakeDoor]]:
    door = FakeDoor(snapshot or stills.full())
    app = Console(door, who="ana@jump1", refresh_s=NEVER_S, watch=watch, export=_export)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot, app, door


async def _export(snapshot: RunSnapshot, svg: str) -> str:
    assert svg.startswith("<svg")
    return f"/runs/{snapshot.run.run_id}/snapshots/1"


async def type_in(pilot: Pilot[str], text: str) -> None:
    await pilot.press(*(_NAMES.get(character, character) for character in text))


_NAMES = {
    " ": "space", ":": "colon", "=": "equals_sign", ">": "greater_than_sign", "_": "underscore",
}  # fmt: skip


Over = TypeVar("Over", bound=Sheet[Any])


def over(app: SlotfillApp, kind: type[Over]) -> Over:
    """The sheet that lies over the screen."""
    sheet = app.screen
    assert isinstance(sheet, kind)
    return sheet


async def sent(pilot: Pilot[str], door: FakeDoor) -> None:
    """Wait for the timer that gathers presses."""
    for _ in range(200):
        if door.commands:
            return
        await pilot.pause(0.001)


def shown(app: SlotfillApp) -> list[str]:
    """Names of the panels on the screen."""
    return [panel.NAME for panel in app.main.shown]


def text_of(app: SlotfillApp) -> str:
    """Everything that is on the screen."""
    return "\n".join(one.text for screen in app.screen_stack for one in screen.query(Inked) if one.display)


async def test_the_first_picture_is_there_at_once() -> None:
    async with console() as (_, app, _door):
        text = text_of(app)
        assert "RUNNING 03:41" in text
        assert "Terrace 19:00" in text


async def test_p_pauses_and_the_screen_says_the_in_between() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("P")
        assert door.commands == [Command(Verb.PAUSE)]
        assert door.who == ["ana@jump1"]
        assert "pause: PAUSING, 12 in flight" in text_of(app)
        await app.look()
        assert "PAUSING 8 in flight" in text_of(app)
        for _ in range(2):
            await app.look()
        assert "PAUSED" in text_of(app)
        await pilot.press("P")
        assert door.commands[-1] == Command(Verb.RESUME)


async def test_presses_of_plus_and_minus_are_sent_as_one() -> None:
    async with console() as (pilot, app, door):
        app.resize(1)
        app.resize(1)
        app.resize(-5)
        assert "workers 15 -> 12" in text_of(app)
        await sent(pilot, door)
        assert door.commands == [Command(Verb.SET, ("concurrency=-3",))]
        await app.look()
        assert "workers 14 -> 12, draining 2" in text_of(app)


@pytest.mark.parametrize(
    ("key", "change"), [("plus", "+1"), ("minus", "-1"), ("greater_than_sign", "+5"), ("less_than_sign", "-5")]
)
async def test_worker_keys(key: str, change: str) -> None:
    async with console() as (pilot, _, door):
        await pilot.press(key)
        await sent(pilot, door)
        assert door.commands == [Command(Verb.SET, (f"concurrency={change}",))]


async def test_x_asks_with_what_it_would_touch_and_then_drains() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("X")
        assert "12 attempts in flight" in over(app, QuestionScreen).sheet.text
        assert not door.commands
        await pilot.press("y")
        assert door.commands == [Command(Verb.STOP)]
        assert "stop: draining" in text_of(app)


async def test_a_question_says_one_number_of_attempts_in_flight_though_it_changes_meanwhile() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("X")
        door.change(in_flight=5)
        await app.look()
        text = over(app, QuestionScreen).sheet.text
        assert "5 attempts in flight" in text
        assert "12 attempts" not in text


async def test_x_twice_cancels_what_is_in_flight() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("X", "X")
        assert door.commands == [Command(Verb.STOP), Command(Verb.STOP)]
        assert "stop: cancelling" in text_of(app)


async def test_n_shows_what_the_engine_answers() -> None:
    async with console() as (pilot, app, _):
        await pilot.press("N")
        assert "next pass: this plan has one pass" in text_of(app)


async def test_freezing_is_not_asking() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("space")
        assert "VIEW FROZEN since 03:41" in text_of(app)
        app.refresh_s = 0.0
        asked = door.asked
        await pilot.pause()
        assert door.asked == asked
        await pilot.press("space")
        assert "VIEW FROZEN" not in text_of(app)


@pytest.mark.parametrize(
    ("typed", "command"),
    [("workers 12", Command(Verb.SET, ("concurrency=12",))), ("set stress_max=8", Command(Verb.SET, ("stress_max=8",))),
     ("mark before", Command(Verb.MARK, ("before",))), ("pause", Command(Verb.PAUSE))],
)  # fmt: skip
async def test_the_command_line_does_what_keys_do(typed: str, command: Command) -> None:
    async with console() as (pilot, _, door):
        await pilot.press("colon")
        await type_in(pilot, typed)
        await pilot.press("enter")
        assert door.commands == [command]


async def test_tab_completes_a_command() -> None:
    async with console() as (pilot, app, _):
        await pilot.press("colon", "w", "o")
        await pilot.pause()
        await pilot.press("tab")
        assert app.main.prompt.value == "workers"


async def test_a_mistyped_command_is_answered_in_words() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("colon")
        await type_in(pilot, "paws")
        await pilot.press("enter")
        assert ":paws is no command" in text_of(app)
        assert not door.commands


async def test_a_filter_narrows_the_workers_and_escape_clears_it() -> None:
    async with console() as (pilot, app, _):
        await pilot.press("slash")
        await type_in(pilot, "step:hold")
        await pilot.press("enter")
        assert "workers 3 of 15" in app.main.panels["workers"].text
        await pilot.press("escape")
        assert "workers 15" in app.main.panels["workers"].text


async def test_a_wrong_filter_says_what_would_be_right() -> None:
    async with console() as (pilot, app, _):
        await pilot.press("slash")
        await type_in(pilot, "stpe:hold")
        await pilot.press("enter")
        assert "there is no field stpe" in text_of(app)


async def test_the_cursor_stays_on_its_worker_when_rows_move() -> None:
    async with console() as (pilot, app, door):
        workers = app.main.panels["workers"]
        await pilot.press("down", "down")
        held = workers.view.cursor
        oldest = replace(door.now.workers[3], since_ns=10**12)
        door.now = replace(door.now, workers=(*door.now.workers[:3], oldest, *door.now.workers[4:]))
        await app.look()
        assert workers.view.cursor == held
        assert workers.row_text().startswith(held)


async def test_a_cursor_that_nobody_has_moved_stays_on_top_and_hides_no_row() -> None:
    async with console() as (_, app, door):
        workers, top = app.main.panels["workers"], 0
        for worker in door.now.workers[:3]:
            # Another is the oldest each time: nobody is to be carried away from the top with the last one.
            oldest = replace(worker, since_ns=10**12 + (top := top + 1))
            rest = [one for one in door.now.workers if one.worker != worker.worker]
            door.now = replace(door.now, workers=(oldest, *rest))
            await app.look()
            assert workers.view.cursor == f"w{worker.worker:02d}"
            assert workers.view.top == 0


async def test_events_are_followed_until_a_row_is_chosen_and_again_from_home_on() -> None:
    async with console(size=(80, 24)) as (pilot, app, door):
        await pilot.press("v")
        await pilot.pause()
        events = app.main.panels["events"]

        async def more() -> None:
            newest = replace(door.now.events[-1], at_ns=door.now.events[-1].at_ns + 10**9)
            door.now = replace(door.now, events=(*door.now.events, *(replace(newest, who=f"w{n}") for n in range(20))))
            await app.look()

        await more()
        assert "newer above" not in events.text, "a diary that runs away from its reader is not followed"
        await pilot.press("down")
        await more()
        assert "newer above" in events.text, "a row that was chosen stays under the cursor"
        await pilot.press("home")
        await more()
        assert "newer above" not in events.text


async def test_rows_hold_their_places_for_two_seconds_after_a_key() -> None:
    async with console() as (pilot, app, door):
        workers = app.main.panels["workers"]
        await pilot.press("down")
        before = [line.row for line in workers.drawn]
        door.now = replace(
            door.now, workers=tuple(replace(one, since_ns=10**11 - one.since_ns) for one in door.now.workers)
        )
        await app.look()
        assert [line.row for line in workers.drawn] == before
        app.main._held_until_ns = 0
        await app.look()
        assert [line.row for line in workers.drawn] != before


async def test_s_chooses_an_order_and_capital_s_turns_it() -> None:
    async with console() as (pilot, app, _):
        await pilot.press("s", "down", "enter")
        assert "sort: worker" in app.main.panels["workers"].text
        await pilot.press("S")
        assert "sort: worker reversed" in app.main.panels["workers"].text


async def test_enter_opens_the_worker_and_follows_it() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("enter")
        assert "worker w12" in over(app, AskedScreen).title_words()
        door.now = replace(door.now, workers=door.now.workers[:5])
        await app.look()
        assert "it is gone" in text_of(app)
        await pilot.press("escape")
        assert app.screen is app.main


@pytest.mark.parametrize(
    ("key", "panel"),
    [("l", "locks"), ("h", "conflicts"), ("c", "connections"), ("z", "zone_locks"), ("e", "outcomes"), ("v", "events")],
)
async def test_a_letter_gives_a_panel_the_whole_screen_and_escape_goes_back(key: str, panel: str) -> None:
    async with console(size=(80, 24)) as (pilot, app, _):
        await pilot.press(key)
        await pilot.pause()
        assert shown(app) == [panel]
        assert app.main.panels[panel].size == (80, 19)
        await pilot.press("escape")
        await pilot.pause()
        assert len(app.main.shown) > 1


async def test_a_digit_shows_a_panel_that_had_no_room_and_hides_it_again() -> None:
    async with console(size=(80, 24)) as (pilot, app, _):
        assert "slots" not in shown(app)
        await pilot.press("4")
        await pilot.pause()
        assert "slots" in shown(app)
        await pilot.press("4")
        await pilot.pause()
        assert "slots" not in shown(app)


async def test_tab_and_m_and_layouts() -> None:
    async with console() as (pilot, app, _):
        first = app.main.focused_panel
        await pilot.press("tab")
        assert app.main.focused_panel is not first
        await pilot.press("m")
        assert len(app.main.shown) == 1
        await pilot.press("m", "L")
        assert "layout contention" in text_of(app)


async def test_help_is_of_the_focused_panel_and_names_every_key() -> None:
    async with console(size=(130, 60)) as (pilot, app, _):
        await pilot.press("question_mark")
        text = over(app, HelpScreen).sheet.text
        assert "One row a worker" in text
        for words in (":workers N", ":terminate PID", ":quit!", "step:confirm", "1..9"):
            assert words in text


async def test_k_asks_with_pid_age_and_query_and_sends_them_at_yes() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("l", "k")
        question = over(app, ConfirmScreen)
        assert "pid 20273" in question.title_words()
        assert "1.7 s" in question.sheet.text
        assert "confirm_hold_assignment" in question.sheet.text
        await pilot.press("y")
        assert door.commands == [Command(Verb.CANCEL_BACKEND, ("20273", "select confirm_hold_assignment($1)"))]


async def test_k_sends_nothing_when_the_backend_does_something_else_by_now() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("l", "k")
        sample = stills.sample()
        changed = tuple(replace(one, query="vacuum", age_ns=1) for one in sample.backends)
        door.now = replace(door.now, sample=replace(sample, backends=changed))
        await app.look()
        assert "yes would send nothing" in text_of(app)
        await pilot.press("y")
        assert not door.commands
        assert "nothing was sent" in text_of(app)


async def test_n_at_the_question_leaves_the_backend_alone() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("l", "k", "n")
        assert not door.commands
        assert "left alone" in text_of(app)


async def test_terminate_wants_the_word_typed() -> None:
    async with console() as (pilot, app, door):
        await app.obey("terminate", "20301")
        await pilot.pause()
        over(app, TypedScreen)
        await type_in(pilot, "term")
        await pilot.press("enter")
        assert not door.commands
        await app.obey("terminate", "20301")
        await pilot.pause()
        await type_in(pilot, "terminate")
        await pilot.press("enter")
        assert door.commands[0].verb is Verb.TERMINATE_BACKEND
        assert door.commands[0].arguments[0] == "20301"


async def test_settings_show_differences_before_they_apply() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("r")
        boxes = list(app.screen.query(Input))
        assert [box.name for box in boxes][:2] == ["concurrency", "stress_max"]
        boxes[1].value = "8"
        await pilot.pause()
        assert "stress_max  10 -> 8" in text_of(app)
        assert not door.commands
        await pilot.press("enter")
        assert door.commands == [Command(Verb.SET, ("stress_max=8",))]


async def test_m_asks_for_a_name() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("M")
        assert app.main.prompt.value == "mark "
        await type_in(pilot, "x")
        await pilot.press("enter")
        assert door.commands == [Command(Verb.MARK, ("x",))]


async def test_export_shows_the_path() -> None:
    async with console() as (pilot, app, _):
        await pilot.press("E")
        assert "exported to /runs/7f3a91c2/snapshots/1" in text_of(app)


async def test_y_sends_the_row_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    async with console() as (pilot, app, _):
        await pilot.press("y")
        assert app.clipboard.startswith("w12  confirm L")


async def test_a_watching_console_has_no_acting_keys() -> None:
    async with console(watch=True) as (pilot, app, door):
        await pilot.press("P", "plus", "X", "N", "k", "r", "M")
        await pilot.pause()
        assert not door.commands
        assert app.screen is app.main
        assert "only watches" in text_of(app)
        assert "pause run" not in app.main.foot.text


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_leaving_leaves_the_run_alone_and_says_how_to_come_back(key: str) -> None:
    async with console() as (pilot, app, door):
        await pilot.press(key)
        assert app.return_value == "the run goes on; slotfill attach 7f3a91c2"
        assert not door.commands


async def test_ctrl_c_leaves_even_from_the_command_line() -> None:
    async with console() as (pilot, app, _):
        await pilot.press("colon", "p", "ctrl+c")
        assert app.return_value is not None


async def test_ctrl_q_does_nothing() -> None:
    async with console() as (pilot, app, _):
        await pilot.press("ctrl+q")
        assert app.return_value is None


async def test_quit_with_a_bang_stops_first() -> None:
    async with console() as (pilot, app, door):
        await app.obey("quit!", "")
        await pilot.pause()
        assert door.commands == [Command(Verb.STOP)]
        assert "told to stop" in (app.return_value or "")


async def test_a_lost_engine_keeps_the_last_picture_and_is_found_again() -> None:
    async with console() as (_, app, door):
        door.lost = "the socket is closed"
        await app.look()
        text = text_of(app)
        assert "ENGINE LOST was RUNNING" in text
        assert "the socket is closed" in text
        assert "q leaves" in text
        assert "Terrace 19:00" in text
        door.lost = ""
        await app.look()
        assert "ENGINE LOST" not in text_of(app)
        assert "answers again" in text_of(app)


async def test_a_command_to_a_lost_engine_is_said_not_to_be_sent() -> None:
    async with console() as (pilot, app, door):
        door.lost = "gone"
        await pilot.press("P")
        assert "pause: not sent" in text_of(app)


async def test_an_engine_that_never_answered_shows_why() -> None:
    door = FakeDoor(stills.full())
    door.lost = "no such socket"
    app = Console(door, who="ana", refresh_s=NEVER_S)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "no such socket" in text_of(app)
        await pilot.press("q")


async def test_a_run_that_is_over_stays_with_its_result_though_the_engine_goes() -> None:
    async with console(stills.finished()) as (pilot, app, door):
        door.lost = "the engine has ended"
        await app.look()
        text = text_of(app)
        assert "FINISHED exit 0" in text
        assert "ENGINE LOST" not in text
        await pilot.press("q")
        assert app.return_value == "run 7f3a91c2 is finished, exit 0: 371 filled of 412 attempts in 03:41"


async def test_a_tiny_terminal_shows_one_line_of_numbers_and_below_it_why_or_the_last_word() -> None:
    async with console(size=(50, 12)) as (pilot, app, _):
        assert not app.main.shown
        numbers, why = app.main.status.text.split("\n")
        assert "RUNNING 03:41" in numbers
        assert why.strip() == "panels need 60x15   this is 50x12   q leaves"
        await pilot.press("P")
        await pilot.pause()
        assert "pause: PAUSING" in app.main.status.text
        await pilot.resize_terminal(50, 1)
        await pilot.pause()
        assert "RUNNING 03:41" in app.main.status.text
        assert app.main.status.size.height == 1
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert len(app.main.shown) > 4


async def test_stopping_ends_with_the_exit_code_on_the_screen_and_no_word_from_before() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("X", "y")
        await pilot.pause()
        assert "stop: draining" in text_of(app)
        for _ in range(4):
            await app.look()
        assert door.now.run.state is RunState.STOPPED
        assert "STOPPED exit 130" in text_of(app)
        assert "stop: draining" not in text_of(app), "what was said of a run that went on is not so any more"
        assert "the run is over; its result stays here" in text_of(app)


async def test_a_picture_without_changes_paints_nothing() -> None:
    async with console() as (pilot, app, _):
        await pilot.pause()
        asked: list[object] = []
        for panel in app.main.panels.values():
            panel.refresh = lambda *regions, **_: asked.extend(regions)  # type: ignore[method-assign, assignment]
        app.draw(app.last or stills.full())
        assert not asked


async def test_only_the_spans_that_differ_are_painted() -> None:
    async with console() as (pilot, app, door):
        await pilot.pause()
        workers = app.main.panels["workers"]
        asked: list[Region] = []
        workers.refresh = lambda *regions, **_: asked.extend(regions)  # type: ignore[method-assign, assignment]
        one = next(one for one in door.now.workers if one.worker == 12)
        changed = replace(one, since_ns=one.since_ns + 10**9)
        door.now = replace(door.now, workers=tuple(changed if one.worker == 12 else one for one in door.now.workers))
        await app.look()
        assert [region.height for region in asked] == [1]
        assert asked[0].width < 10


async def test_a_slow_engine_is_never_asked_twice_at_once() -> None:
    class SlowDoor(FakeDoor):
        asking = 0

        async def snapshot(self) -> RunSnapshot:
            self.asking += 1
            assert self.asking == 1
            for _ in range(5):
                await asyncio.sleep(0)
            self.asking -= 1
            return await super().snapshot()

    door = SlowDoor(stills.full())
    app = Console(door, who="ana", refresh_s=0.01)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("down", "down")
    assert door.asked > 1


async def test_the_palette_offers_the_same_commands() -> None:
    async with console() as (_, app, _door):
        names = {command.title for command in app.get_system_commands(app.screen)}
        assert {"pause", "stop", "export", "locks", "help"} <= names


async def test_i_shows_the_paths_and_r_the_flags_they_were_made_under() -> None:
    async with console(stills.through_api(), (100, 40)) as (pilot, app, _door):
        await pilot.press("i")
        assert "paths" in shown(app)
        assert "2 humps" in text_of(app)
        await pilot.press("r")
        await pilot.pause()
        assert "flags of the platform, fixed for this run" in text_of(app)
        assert "5000 (platform: 12000)" in text_of(app)
        await pilot.press("escape", "i")
        assert "paths" not in shown(app)
