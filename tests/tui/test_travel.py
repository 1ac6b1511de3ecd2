"""Looking back: each key, on a live run and on a replay; what is on the screen is that moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual import events
from textual.pilot import Pilot

from engine.model.command import Command, Hello, Verb
from engine.model.snapshot import RunSnapshot
from engine.records.past import Past
from tests.clocks import StillClock
from tests.tui.fake_door import FakeDoor
from tests.tui.recorded import CONFLICTS, LENGTH_S, S, pictures, run_folder, story
from tests.tui.test_console import NEVER_S, Console, over, text_of
from tests.tui.test_screens import _COLOUR, Compare, written
from tui.commands import BY_COMMAND, COMMANDS
from tui.panels.workers import WorkersPanel
from tui.past import ReplayDoor
from tui.screens.menu import MenuScreen
from tui.screens.sheet import Sheet

BRACKETS = {"[": "left_square_bracket", "]": "right_square_bracket", "{": "left_curly_bracket",
            "}": "right_curly_bracket"}  # fmt: skip
LOOKS = pictures(story(), LENGTH_S)


class LiveDoor(FakeDoor):
    """A live run whose folder is there to be read."""

    def __init__(self, snapshot: RunSnapshot, folder: Path) -> None:
        super().__init__(snapshot)
        self.folder = folder

    async def hello(self) -> Hello:
        return Hello(1, "0", 1, self.now.run.run_id, str(self.folder))


class Travelled(Console):
    """Its clock is the test's: whether a key is held is not for the machine to say."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.clock: Any = StillClock()


@asynccontextmanager
async def live(
    root: Path, size: tuple[int, int] = (120, 40), **options: Any
) -> AsyncIterator[tuple[Pilot[str], Travelled, LiveDoor]]:
    folder = run_folder(root, state=None)
    now = msgspec.structs.replace(LOOKS[-1], run=msgspec.structs.replace(LOOKS[-1].run, elapsed_ns=LENGTH_S * S + S))
    door = LiveDoor(now, folder)
    app = Travelled(door, who="ana@jump1", refresh_s=NEVER_S, **options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot, app, door


@asynccontextmanager
async def replay(
    root: Path, size: tuple[int, int] = (120, 40), speed: float = 1.0, **options: Any
) -> AsyncIterator[tuple[Pilot[str], Travelled, StillClock]]:
    past = Past(run_folder(root))
    past.read_on()
    clock = StillClock()
    app = Travelled(ReplayDoor(past, clock, speed=speed), who="ana@jump1", refresh_s=NEVER_S, watch=True, **options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot, app, clock


async def press(pilot: Pilot[str], app: Travelled, *keys: str, apart: int = S) -> None:
    for key in keys:
        await app.clock.advance(apart)
        await pilot.press(BRACKETS.get(key, key))
        await pilot.pause()


def second_on_screen(app: Travelled) -> int:
    assert app.main.snapshot is not None
    return app.main.snapshot.run.elapsed_ns // S


def test_every_key_of_time_is_a_command_and_none_acts_on_the_run() -> None:
    keys = {key: command for command in COMMANDS for key in command.keys}
    for key in ("t", "[", "]", "{", "}", "g", "end", "n", "a"):
        assert not keys[key].acts, key
    assert {"zoom", "jump", "behind", "speed", "live"} <= set(BY_COMMAND)


# -- stepping and going


async def test_brackets_step_back_and_on_and_the_run_goes_on(tmp_path: Path) -> None:
    async with live(tmp_path) as (pilot, app, door):
        await press(pilot, app, "[", "[", "[")
        assert second_on_screen(app) == LENGTH_S - 3
        assert "PAST 01:27 of 01:31" in text_of(app)
        assert "view PAST" in text_of(app)
        assert app.main.snapshot == LOOKS[LENGTH_S - 3]
        asked = door.asked
        door.change(attempts=999)
        await app.look()
        assert door.asked == asked + 1
        assert app.main.snapshot == LOOKS[LENGTH_S - 3]
        assert app.last is not None
        assert app.last.run.attempts == 999
        await press(pilot, app, "]")
        assert second_on_screen(app) == LENGTH_S - 2
        await press(pilot, app, "end")
        assert "PAST" not in text_of(app)
        assert "999 of" in text_of(app)


async def test_stepping_onto_the_last_picture_is_the_present_again(tmp_path: Path) -> None:
    async with live(tmp_path) as (pilot, app, _):
        await press(pilot, app, "[", "]", "]")
        assert app.looking_ns is None
        assert "this is the present" in text_of(app)


async def test_a_held_key_goes_faster(tmp_path: Path) -> None:
    async with live(tmp_path) as (pilot, app, _):
        await press(pilot, app, *["["] * 12, apart=100_000_000)
        here = second_on_screen(app)
        assert LENGTH_S - 40 < here < LENGTH_S - 20
        await press(pilot, app, "[")
        assert second_on_screen(app) == here - 1


TIMES = (("00:42", 42), ("80s", 80), ("1m", 60), ("start", 0), ("+5s", 5), ("12:00:33", 33), ("-30s", 3))


async def test_g_goes_to_a_time(tmp_path: Path) -> None:
    async with live(tmp_path) as (pilot, app, _):
        for typed, second in TIMES:
            await pilot.press("g")
            assert app.main.prompt.value == "go "
            app.main.prompt.value = f"go {typed}"
            await pilot.press("enter")
            await pilot.pause()
            assert second_on_screen(app) == second, typed
        await app.obey("go", "end")
        assert app.looking_ns is None


async def test_a_time_that_is_none_is_refused_in_a_sentence(tmp_path: Path) -> None:
    async with live(tmp_path) as (pilot, app, _):
        for typed, cure in (("soon", "is no moment: write 01:23"), ("23:00:00", "is not within the run")):
            await app.obey("go", typed)
            await pilot.pause()
            assert cure in text_of(app)
            assert app.looking_ns is None


async def test_without_a_recording_the_keys_say_so() -> None:
    app = Console(FakeDoor(LOOKS[3]), who="ana", refresh_s=NEVER_S)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        for key in ("[", "{", "}", "n"):
            await pilot.press(BRACKETS.get(key, key))
            await pilot.pause()
            assert "the past cannot be shown: /runs/x: there is no recording in this folder" in text_of(app)
        await pilot.press("t")
        assert "[=" in text_of(app)


# -- jumping


async def test_braces_jump_to_alerts_and_the_picture_shows_them(tmp_path: Path) -> None:
    async with live(tmp_path) as (pilot, app, _):
        await press(pilot, app, "{")
        assert second_on_screen(app) == 63
        assert "timeout at 01:02.2" in text_of(app)
        assert app.main.snapshot is not None
        assert any(one.word == "timeout" and one.at_ns // S == 62 for one in app.main.snapshot.events)
        await press(pilot, app, "{", "{")
        assert second_on_screen(app) == 41
        await press(pilot, app, "{")
        assert "no alert before 00:41" in text_of(app)
        await press(pilot, app, "}", "}")
        assert second_on_screen(app) == 63
        await press(pilot, app, "}")
        assert "no alert after 01:03" in text_of(app)


async def test_jump_takes_a_class_or_an_events_word(tmp_path: Path) -> None:
    async with live(tmp_path) as (pilot, app, _):
        await app.obey("jump", "operator")
        assert second_on_screen(app) == 32
        assert "mark vacuum" in text_of(app)
        await press(pilot, app, "{")
        assert second_on_screen(app) == 21
        await app.obey("go", "start")
        await app.obey("jump", "hold conflict")
        assert second_on_screen(app) == CONFLICTS[0] + 1
        await press(pilot, app, "}")
        assert second_on_screen(app) == CONFLICTS[1] + 1
        await app.obey("jump", "frogs")
        assert "nothing of class frogs has happened; there are alert, operator, error, mark" in text_of(app)
        await app.obey("jump", "")
        await pilot.pause()
        assert isinstance(app.screen, MenuScreen)
        await pilot.press("escape")


async def test_n_goes_from_alert_to_alert_and_a_acknowledges(tmp_path: Path) -> None:
    async with live(tmp_path) as (pilot, app, _):
        await app.read_diary()
        app.tell_time()
        assert "ALERTS 2 !" in text_of(app)
        await press(pilot, app, "n")
        assert second_on_screen(app) == 41
        assert "alert 1 of 2: 00:40.5 timeout, 2 times until 00:42.5" in text_of(app)
        await press(pilot, app, "n")
        assert second_on_screen(app) == 63
        await press(pilot, app, "n")
        assert "no further alert, 2 before it" in text_of(app)
        await press(pilot, app, "o")
        assert second_on_screen(app) == 41
        assert "alert 1 of 2: 00:40.5 timeout" in text_of(app)
        await press(pilot, app, "o")
        assert "no alert before 00:41" in text_of(app)
        await press(pilot, app, "a")
        assert "2 alerts acknowledged" in text_of(app)
        assert "ALERTS" not in text_of(app)
        await press(pilot, app, "end", "n")
        assert "no further alert, 2 acknowledged" in text_of(app)
        await press(pilot, app, "o")
        assert second_on_screen(app) == 63, "an acknowledged alert can be looked at all the same"


# -- what works there, and what does not


async def test_filter_and_details_are_of_that_moment(tmp_path: Path) -> None:
    async with live(tmp_path) as (pilot, app, _):
        await app.obey("go", "00:07")
        look = LOOKS[7]
        assert app.main.snapshot == look
        await app.obey("filter", "step:confirm")
        rows = WorkersPanel.rows(look, app.main.view)
        assert rows != WorkersPanel.rows(LOOKS[-1], app.main.view)
        await press(pilot, app, "down", "enter")
        sheet = over(app, Sheet)
        panel = app.main.panels["workers"]
        assert panel.view.cursor in rows
        await app.look()
        assert sheet.snapshot == look
        await pilot.press("escape")


async def test_acts_go_to_the_run_but_none_on_a_row_of_the_past(tmp_path: Path) -> None:
    async with live(tmp_path) as (pilot, app, door):
        await press(pilot, app, "[", "[")
        await press(pilot, app, "P")
        assert door.commands == [Command(Verb.PAUSE)]
        for words in (("cancel", ""), ("cancel", "20274"), ("terminate", "20274")):
            await app.obey(*words)
            assert "this row is of 01:28, not of now; end returns to live" in text_of(app)
        assert len(door.commands) == 1


async def test_export_takes_the_moment_on_the_screen(tmp_path: Path) -> None:
    taken: list[RunSnapshot] = []

    async def keep(snapshot: RunSnapshot, svg: str) -> str:
        taken.append(snapshot)
        return "there"

    async with live(tmp_path, export=keep) as (pilot, app, _):
        await app.obey("go", "00:10")
        await pilot.press("E")
        await pilot.pause()
        assert taken == [LOOKS[10]]


# -- the time bar


async def test_t_opens_a_bar_with_the_runs_marks(tmp_path: Path) -> None:
    async with live(tmp_path) as (pilot, app, _):
        await app.read_diary()
        before = {panel.NAME: panel.size.height for panel in app.main.shown}
        await press(pilot, app, "t")
        bar = next(line for line in text_of(app).splitlines() if "[=" in line)
        inside = bar[bar.index("[") + 1 : bar.index("]")]
        assert [sign for sign in inside if sign not in "="] == ["R", "M", "A", "A", ">"] or inside.count("A") >= 2
        assert inside.index("R") < inside.index("M") < inside.index("A")
        assert inside.endswith(">")
        assert "|" not in inside
        await app.obey("go", "00:10")
        bar = next(line for line in text_of(app).splitlines() if "[=" in line)
        inside = bar[bar.index("[") + 1 : bar.index("]")]
        assert bar.strip().startswith("00:")
        assert abs(inside.index("|") / len(inside) - 10 / 91) < 0.05
        await press(pilot, app, "t")
        assert "[=" not in text_of(app)
        assert {panel.NAME: panel.size.height for panel in app.main.shown} == before


# -- zoom


async def test_zoom_shows_another_stretch_of_the_run(tmp_path: Path) -> None:
    async with live(tmp_path) as (pilot, app, _):
        assert "steps, last" in text_of(app)
        for words, said in (("10s", "steps, last 10 s"), ("1m", "steps, last 60 s"), ("all", "steps, all 91 s")):
            await app.obey("zoom", words)
            await pilot.pause()
            assert said in text_of(app)
        await app.obey("zoom", "auto")
        assert "steps, last" in text_of(app)
        await app.obey("zoom", "soon")
        assert "soon is no stretch of time" in text_of(app)


# -- another run behind


async def test_another_run_lies_behind_in_rows_and_signs_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOTFILL_RUNS", str(tmp_path / "other"))
    async with live(tmp_path) as (pilot, app, _):
        await app.obey("behind", str(run_folder(tmp_path / "other")))
        await pilot.pause()
        lines = text_of(app).splitlines()
        assert any("~ behind: " in line for line in lines)
        rows = [line for line in lines if line.startswith(" ~")]
        assert [row.split()[0] for row in rows][:1] == ["~fills"]
        assert len(rows) >= 2
        # Told apart without colours: not one sign of one alphabet is in the other.
        for row in rows:
            assert not set(row) & set("▁▂▃▄▅▆▇█")
            assert set(row) & set(".,:;ijlI")
        await app.obey("behind", "off")
        assert not [line for line in text_of(app).splitlines() if line.startswith(" ~")]
        # Nor does the home of nobody, or a name longer than any path.
        for unlikely in ("nothing-like-it", "~nobody-of-that-name/x", f"/{'x' * 5000}"):
            await app.obey("behind", unlikely)
            for _ in range(100):
                # It is looked for in a thread.
                if f"no run begins with '{unlikely[:7]}" in text_of(app):
                    break
                await pilot.pause(0.02)
            # After the folder's name, which may be long.
            assert f"no run begins with '{unlikely[:7]}" in text_of(app)


async def test_the_run_behind_is_aligned_at_the_start(tmp_path: Path) -> None:
    async with live(tmp_path) as (pilot, app, _):
        await app.obey("behind", str(run_folder(tmp_path / "other")))
        behind = app.main.view.behind
        assert behind is not None
        for second in (5, 40, 89):
            look = LOOKS[second]
            ended = look.run.elapsed_ns // S
            step = look.steps[0]
            mine = step.series[:-1]
            assert behind.under(f"step {step.step}", ended, len(step.series))[: len(mine)] == mine
        assert behind.under("fills", 200, 5) == (None,) * 5
        await pilot.pause()


# -- a replay


async def test_a_replay_plays_holds_seeks_and_refuses_acts(tmp_path: Path) -> None:
    async with replay(tmp_path, speed=4.0) as (pilot, app, clock):
        assert "REPLAY 00:00 of 01:30 x4" in text_of(app)
        await clock.advance(5 * S)
        await app.look()
        assert second_on_screen(app) in (19, 20)
        await press(pilot, app, "space")
        await clock.advance(60 * S)
        await app.look()
        assert "REPLAY 00:20 of 01:30 held" in text_of(app)
        await press(pilot, app, "P")
        assert "pause: a replay: nothing acts on it" in text_of(app)
        await app.obey("workers", "3")
        assert "workers: a replay: nothing acts on it" in text_of(app)
        await press(pilot, app, "[")
        assert second_on_screen(app) == 19
        await press(pilot, app, "end")
        assert "REPLAY 01:30 of 01:30 end" in text_of(app)
        assert "FINISHED exit 0" in text_of(app)
        await app.obey("speed", "10")
        assert app.player is not None
        assert app.player.speed == 10
        await app.obey("speed", "fast")
        assert "fast is no number from 0.1 to 1000" in text_of(app)
        await press(pilot, app, "q")
    assert app.return_value is not None
    assert "left at 01:30 of 01:30" in app.return_value


async def test_a_replay_counts_the_alerts_up_to_its_moment(tmp_path: Path) -> None:
    async with replay(tmp_path) as (pilot, app, _):
        await app.read_diary()
        assert "ALERTS" not in text_of(app)
        await app.obey("go", "00:50")
        assert "ALERTS 1 !" in text_of(app)
        await press(pilot, app, "end")
        assert "ALERTS 2 !" in text_of(app)


async def test_what_is_typed_ahead_after_a_colon_is_text(tmp_path: Path) -> None:
    async with live(tmp_path) as (pilot, app, door):
        for key in ("colon", "X", "P", "N", "g", "M", "t", "slash"):
            app.post_message(events.Key(key, {"colon": ":", "slash": "/"}.get(key, key)))
        await pilot.pause()
        await pilot.pause()
        assert app.main.prompt.value == "XPNgMt/"
        assert door.commands == []


async def test_a_replay_in_ascii_without_colours_sends_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with replay(tmp_path, ascii=True) as (pilot, app, _):
        await app.obey("behind", str(run_folder(tmp_path / "other")))
        await press(pilot, app, "t", "n")
        await app.obey("go", "00:40")
        await pilot.pause()
        sent = written(app, monkeypatch)(pilot)
    assert {sign for sign in sent if not sign.isascii()} == set()
    codes = {code for match in _COLOUR.findall(sent) for code in match[2:-1].split(";")}
    assert codes <= {"", "0", "1", "2", "3", "4", "7", "9", "39", "49"}


# -- pictures


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("behind", [False, True], ids=["past", "behind"])
def test_screen_of_a_replay_in_the_past(
    snap_compare: Compare, tmp_path: Path, size: tuple[int, int], behind: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    past = Past(run_folder(tmp_path))
    past.read_on()
    app = Travelled(ReplayDoor(past, StillClock()), who="ana@jump1", refresh_s=NEVER_S, watch=True)

    async def before(pilot: Pilot[str]) -> None:
        await app.read_diary()
        # By age the order is held for two seconds after an act, by the clock on the wall.
        await app.obey("sort", "worker")
        if behind:
            other = run_folder(tmp_path / "other").rename(tmp_path / "other" / "evening")
            await app.obey("behind", str(other))
        await app.obey("time", "")
        await app.obey("next-alert", "")
        await app.obey("go", "00:50")
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)
