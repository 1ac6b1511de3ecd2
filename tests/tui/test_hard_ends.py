"""Runs that end while nobody looks, engines that stand still, other hands on the run, keys that come twice."""

import asyncio
import os
import threading
from argparse import Namespace
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from textual import events

from engine.config import ConsoleSettings
from engine.front import AnswerLost
from engine.model.command import Answer, Command, Verb
from engine.model.run_state import RunState
from engine.model.snapshot import RunSnapshot
from engine.records.archive import Manifest, write_manifest
from engine.records.diary import Diary
from engine.records.process import started
from tests.tui import stills
from tests.tui.fake_door import FakeDoor
from tests.tui.recorded import LENGTH_S, S, run_folder
from tests.tui.test_console import NEVER_S, Console, console, over, shown, text_of
from tests.tui.test_travel import LOOKS, LiveDoor
from tui.app import SlotfillApp
from tui.beside import said
from tui.screens.confirm import TypedScreen
from tui.screens.menu import MenuScreen
from tui.screens.question import QuestionScreen
from tui.screens.settings import SettingsScreen
from tui.verbs import attach, snapshot

# -- the run has ended, and nobody was told


async def test_a_run_that_ended_while_the_view_was_frozen_is_shown_with_its_end(tmp_path: Path) -> None:
    seen = msgspec.structs.replace(LOOKS[40], run=replace(LOOKS[40].run, elapsed_ns=40 * S))
    door = LiveDoor(seen, run_folder(tmp_path, state=RunState.FINISHED))
    app = Console(door, who="ana@jump1", refresh_s=NEVER_S)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("space")
        door.lost = "the engine closed the link"
        await pilot.press("space")
        await app.look()
        text = text_of(app)
        assert "FINISHED exit 0" in text
        assert "ENGINE LOST" not in text
        await pilot.press("q")
        assert f"is finished, exit 0: {LOOKS[-1].run.filled} filled" in (app.return_value or "")


async def test_the_past_of_a_run_that_is_over_speaks_of_no_lost_engine(tmp_path: Path) -> None:
    seen = msgspec.structs.replace(LOOKS[40], run=replace(LOOKS[40].run, elapsed_ns=40 * S))
    door = LiveDoor(seen, run_folder(tmp_path, state=RunState.FINISHED))
    app = Console(door, who="ana@jump1", refresh_s=NEVER_S)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        door.lost = "nobody answers at /tmp/slotfill-0/1"
        await app.look()
        await app.obey("go", "00:07")
        await pilot.pause()
        app.say("")
        text = text_of(app)
        assert "PAST 00:07" in text
        assert "nobody answers" not in text, "it went as its run was over, which is no trouble"


async def test_below_a_run_that_is_over_stand_only_keys_that_do_something(tmp_path: Path) -> None:
    seen = msgspec.structs.replace(LOOKS[40], run=replace(LOOKS[40].run, elapsed_ns=40 * S))
    door = LiveDoor(seen, run_folder(tmp_path, state=RunState.FINISHED))
    app = Console(door, who="ana@jump1", refresh_s=NEVER_S)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "P pause run" in app.main.foot.text
        door.lost = "the engine closed the link"
        await app.look()
        for _ in ("at its end", "in its past"):
            keys = app.main.foot.drawn[-1].text
            assert "q leave" in keys
            assert not any(word in keys for word in ("pause", "worker", "stop", "settings")), keys
            await app.obey("go", "00:07")
            await pilot.pause()


async def test_an_engine_that_died_is_lost_whatever_its_recording_holds(tmp_path: Path) -> None:
    door = LiveDoor(LOOKS[40], run_folder(tmp_path, state=None))
    app = Console(door, who="ana@jump1", refresh_s=NEVER_S)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        door.lost = "the engine closed the link"
        await app.look()
        assert "ENGINE LOST was RUNNING" in text_of(app)


async def test_a_run_that_is_over_is_asked_no_question_and_sent_no_act() -> None:
    async with console(stills.finished()) as (pilot, app, door):
        for key in ("X", "P", "N", "r"):
            await pilot.press(key)
            await pilot.pause()
            assert app.screen is app.main, key
            assert "the run is over: FINISHED exit 0" in text_of(app), key
        assert not door.commands


async def test_quit_with_a_bang_leaves_a_run_that_is_over_with_what_it_came_to() -> None:
    async with console(stills.finished()) as (pilot, app, door):
        await app.obey("quit!", "")
        await pilot.pause()
        assert not door.commands
        assert "is finished, exit 0" in (app.return_value or "")


async def test_quit_with_a_bang_says_when_no_stop_was_sent() -> None:
    async with console() as (pilot, app, door):
        door.lost = "nobody answers"
        await app.obey("quit!", "")
        await pilot.pause()
        assert "stop: not sent" in (app.return_value or "")
        assert "slotfill stop 7f3a91c2" in (app.return_value or "")


# -- the engine stands still


class Still(FakeDoor):
    """Takes acts, and answers them only when told to; what is asked of it otherwise it answers."""

    def __init__(self, snapshot: RunSnapshot) -> None:
        super().__init__(snapshot)
        self.free = asyncio.Event()

    async def act(self, command: Command, who: str) -> Answer:
        await self.free.wait()
        return await super().act(command, who)


async def test_while_an_act_waits_for_its_answer_other_keys_do_what_they_do() -> None:
    door = Still(stills.full())
    app = Console(door, who="ana@jump1", refresh_s=NEVER_S)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.post_message(events.Key("P", "P"))
        app.post_message(events.Key("l", "l"))
        for _ in range(20):
            if shown(app) == ["locks"]:
                break
            await asyncio.sleep(0)
            await pilot._wait_for_screen(timeout=0.1)
        assert shown(app) == ["locks"]
        assert not door.commands
        door.free.set()
        await pilot.pause()
        assert door.commands == [Command(Verb.PAUSE)]


async def test_an_act_whose_answer_never_came_is_not_said_to_be_unsent() -> None:
    class Silent(FakeDoor):
        async def act(self, command: Command, who: str) -> Answer:
            raise AnswerLost("no answer in time")

    app = Console(Silent(stills.full()), who="ana@jump1", refresh_s=NEVER_S)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("P")
        await pilot.pause()
        assert "pause: no answer, and it may be done all the same" in text_of(app)
        assert "not sent" not in text_of(app)


def test_an_engine_that_lives_and_does_not_answer_is_not_called_dead(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_folder(tmp_path, state=None)
    here = str(tmp_path / "nobody")
    began = started(os.getpid()) or ""
    write_manifest(folder, Manifest("0a1b2c3d", "fill", "embedded", "", pid=os.getpid(), pid_started=began))
    for name, value in (("TERM", "xterm-256color"), ("TEXTUAL_COLOR_SYSTEM", "truecolor")):
        monkeypatch.setenv(name, value)
    assert attach.console(here, str(folder), "0a1b2c3d", ConsoleSettings(), watch=False) == 3
    assert "its process lives: slotfill attach 0a1b2c3d tries again" in capsys.readouterr().err


# -- other hands


async def test_of_a_frozen_view_p_does_what_the_run_is_in_now() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("space", "P")
        for _ in range(3):
            await door.snapshot()
        await pilot.press("P")
        await pilot.pause()
        assert door.commands == [Command(Verb.PAUSE), Command(Verb.RESUME)]
        assert "VIEW FROZEN" in text_of(app)


async def test_a_yes_to_drain_cancels_nothing_when_another_console_has_stopped_the_run_meanwhile() -> None:
    async with console() as (pilot, app, door):
        await pilot.press("X")
        over(app, QuestionScreen)
        door.change(state=RunState.DRAINING, in_flight=40)
        await pilot.press("y")
        await pilot.pause()
        assert not door.commands
        assert "somebody else has stopped it already" in text_of(app)


async def test_quit_with_a_bang_cancels_nothing_of_a_run_that_drains_already() -> None:
    async with console() as (pilot, app, door):
        door.change(state=RunState.DRAINING, in_flight=40)
        await app.obey("quit!", "")
        await pilot.pause()
        assert not door.commands, "one more stop so soon after the last could cancel"
        assert app.return_value == "the run drains already; slotfill attach 7f3a91c2"


# -- two keys in one packet


async def twice(app: SlotfillApp, key: str) -> None:
    for _ in range(2):
        app.post_message(events.Key(key, None))


async def test_enter_twice_answers_a_question_once_and_leaves_the_screen_below() -> None:
    async with console() as (pilot, app, door):
        sample = app.last.sample if app.last else None
        assert sample is not None
        await app.obey("terminate", str(sample.backends[0].pid))
        await pilot.pause()
        over(app, TypedScreen)
        await pilot.press(*"terminate")
        await twice(app, "enter")
        await pilot.pause()
        await pilot.pause()
        assert app.screen is app.main
        assert [one.verb for one in door.commands] == [Verb.TERMINATE_BACKEND]


class Judging(FakeDoor):
    """Says what values would do only when told to."""

    def __init__(self, snapshot: RunSnapshot) -> None:
        super().__init__(snapshot)
        self.free = asyncio.Event()
        self.free.set()
        self.asked_what = 0

    async def act(self, command: Command, who: str) -> Answer:
        self.asked_what += 1
        await self.free.wait()
        return await super().act(command, who)


async def test_settings_that_are_left_while_the_engine_judges_them_are_not_set() -> None:
    door = Judging(stills.full())
    app = Console(door, who="ana@jump1", refresh_s=NEVER_S)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("r")
        await pilot.pause()
        sheet = app.screen
        assert isinstance(sheet, SettingsScreen)
        sheet.query("Input").last().value = "1"  # type: ignore[attr-defined]
        await pilot.pause()
        door.free.clear()
        for _ in range(2):
            app.post_message(events.Key("enter", None))
        for _ in range(10):
            await asyncio.sleep(0)
        app.post_message(events.Key("escape", None))
        for _ in range(200):
            if app.screen is not sheet:
                break
            await asyncio.sleep(0)
        door.free.set()
        await pilot.pause()
        await pilot.pause()
        assert app.screen is app.main
        assert not door.commands
        assert "settings: left as they are" in text_of(app)


async def test_settings_are_set_once_by_enter_twice() -> None:
    async with console(size=(80, 24)) as (pilot, app, door):
        await pilot.press("r")
        await pilot.pause()
        sheet = app.screen
        assert isinstance(sheet, SettingsScreen)
        sheet.query("Input").last().value = "1"  # type: ignore[attr-defined]
        await pilot.pause()
        await twice(app, "enter")
        await pilot.pause()
        await pilot.pause()
        assert app.screen is app.main
        assert [one.verb for one in door.commands] == [Verb.SET]


# -- the run's files


async def test_a_key_never_reads_the_journal_beside_the_loop_that_reads_it(tmp_path: Path) -> None:
    class Alone(Diary):
        """Notices when two read at once: both would take the same lines."""

        def __init__(self, folder: Path) -> None:
            super().__init__(folder)
            self.both = threading.Barrier(2)
            self.met = False

        def read_on(self) -> int:
            try:
                self.both.wait(0.05)
                self.met = True
            except threading.BrokenBarrierError:
                self.both.reset()
            return super().read_on()

    folder = run_folder(tmp_path, state=None)
    app = Console(LiveDoor(LOOKS[-1], folder), who="ana@jump1", refresh_s=NEVER_S)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        async with app.reading:
            app.diary = diary = Alone(folder)
        await asyncio.gather(app.read_diary(), app.read_diary())
        assert not diary.met
        whole = Diary(folder)
        whole.read_on()
        assert diary.lines == whole.lines


async def test_the_recording_is_read_by_one_at_a_time_too(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, state=None)
    app = Console(LiveDoor(LOOKS[-1], folder), who="ana@jump1", refresh_s=NEVER_S)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        first, second = await asyncio.gather(app.open_past(), app.open_past())
        assert first is second
        assert first is not None
        assert first.ends_ns >= LENGTH_S * S - S
        assert not first.trouble


async def test_runs_whose_removal_has_begun_go_whole_though_whoever_asked_has_left(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "runs", state=RunState.FINISHED)
    asked = asyncio.ensure_future(said("prune", "--yes", "0a1b2c3d", "--runs", str(folder.parent)))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()
    assert not folder.exists()


# -- whatever is typed


@pytest.mark.parametrize("size", ["\u00b20x50", "99999x99999", "160x", "19x5", "160X50"])
def test_a_picture_of_no_size_is_refused_in_a_sentence(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert snapshot.main(Namespace(size=size)) == 2
    assert f"--size {size}: give COLSxROWS, from 20x5 to 999x999" in capsys.readouterr().err


async def test_a_stretch_of_ages_costs_nothing_to_show() -> None:
    async with console() as (pilot, app, _):
        await app.obey("zoom", "800000h")
        await pilot.pause()
        assert "charts show the last 800000h" in text_of(app)
        for name, words, said in (
            ("zoom", "9" * 400, "is no stretch of time"),
            ("filter", "age>" + "9" * 400, "is no length"),
            ("filter", "try>" + "9" * 5000, "is no number"),
            ("cancel", "9" * 5000, "is not among the backends"),
        ):
            await app.obey(name, words)
            await pilot.pause()
            assert said in app.main.banner.message, name


async def test_a_list_that_is_longer_than_the_screen_follows_its_cursor() -> None:
    async with console(size=(80, 15)) as (pilot, app, _):
        menu = MenuScreen("jump to", [f"word {number}" for number in range(40)], "")
        app.push_screen(menu)
        await pilot.pause()
        for _ in range(25):
            menu.action_choose(1)
            assert f"> word {menu.at}" in menu.sheet.text.replace(">  word", "> word")
        menu.action_choose(-25)
        assert "> word 0" in menu.sheet.text
        menu.action_choose(-1)
        assert "> word 39" in menu.sheet.text
