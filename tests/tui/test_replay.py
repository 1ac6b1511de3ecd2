"""`slotfill replay`, as its user types it: in a terminal, on runs that ended, were killed, or go on."""

import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.records.archive import entry_of
from engine.records.result import read_result
from tests.shell import Shell, alive, wait_until
from tests.tui.recorded import run_folder
from tests.tui.terminal import screen
from tui.verbs.replay import recorded

Open = Callable[..., "Terminal"]
LONG = ("run", "fill", "--concurrency", "4", "--rate", "20", "--days", "30", "--stress-max", "12", "--share-slots")
SHORT = ("run", "fill", "--concurrency", "4", "--stress-max", "3", "--seed", "7")
END = b"\x1b[F"


class Terminal:
    """A console at 80x24, and what is on its screen."""

    def __init__(self, shell: Shell, *words: str) -> None:
        self.painted = bytearray()
        self.process, self.ours = shell.console(*words, painted=self.painted)

    def lines(self) -> list[str]:
        return screen(bytes(self.painted))

    def shows(self, *words: str) -> None:
        def there() -> bool:
            return all(word in "\n".join(self.lines()) for word in words)

        try:
            wait_until(there, f"{words} on the screen", within_s=20)
        except pytest.fail.Exception:
            pytest.fail(f"{words} never came:\n" + "\n".join(self.lines()))

    def press(self, keys: bytes) -> None:
        os.write(self.ours, keys)

    def leave(self) -> int:
        self.press(b"q")
        return self.process.wait(30)


@pytest.fixture
def open_terminal(shell: Shell) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def make(*words: str) -> Terminal:
        opened.append(Terminal(shell, *words))
        return opened[-1]

    yield make
    for one in opened:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        os.close(one.ours)


def body(lines: list[str]) -> list[str]:
    """Figures and panels: not the line that says where one stands, and not the two of view and keys.

    The clock of a finished run goes on until its engine leaves, so what only it decides is not compared: rates, ages,
    and in which column from the right a bar stands.
    """
    timed = re.compile(r"[\d.]+(/s| at work)|(?:(?<=gone)|(?<=reading)|(?<=last)) +[\d.]+ m?s")
    return [" ".join(timed.sub(r"\1", line).replace("> w", "  w").split()).strip(" ─") for line in lines[1:-2]]


def test_a_replays_end_is_what_the_live_console_showed_last(shell: Shell, open_terminal: Open) -> None:
    live = open_terminal(*SHORT)
    live.shows("FINISHED exit 0", "view END", "result", "exit 0  passed")
    wait_until((shell.runs()[-1] / "result.json").exists, "the result")
    played = open_terminal("replay", "--speed", "1000")
    played.shows("FINISHED exit 0", "REPLAY", " end ")
    try:
        wait_until(lambda: body(played.lines()) == body(live.lines()), "both screens to be alike", within_s=10)
    except pytest.fail.Exception:
        assert body(played.lines()) == body(live.lines())
    assert live.leave() == 0
    past, result = recorded(entry_of(shell.runs()[-1])), read_result(shell.runs()[-1])
    end = past.at(past.ends_ns).run
    assert result is not None
    assert (end.fills_per_s, end.effective_concurrency) == (result.fills_per_s, result.effective_concurrency)
    played.press(b"[")
    played.shows("held")
    assert "FINISHED" not in played.lines()[0]
    played.press(b"P")
    played.shows("pause: a replay: nothing acts on it")
    played.press(END)
    played.shows("FINISHED exit 0", " end ")
    assert played.leave() == 0
    # Nothing of it was changed, and no database was needed.
    again = open_terminal("replay", str(shell.runs()[-1]), "--ascii")
    again.shows("REPLAY 00:00")
    assert not [sign for line in again.lines() for sign in line if not sign.isascii()]
    assert again.leave() == 0


def test_a_killed_runs_end_comes_from_its_journal(shell: Shell, open_terminal: Open) -> None:
    process = shell.begin_run(*LONG)
    wait_until(lambda: shell.see().run.attempts > 40, "attempts")
    pid = shell.manifest()["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid), "the engine to be gone")
    process.communicate(timeout=60)
    recording = max(shell.runs()[-1].glob("recording.*"))
    recording.write_bytes(recording.read_bytes()[:-3])
    ended = sum('"type":"AttemptEnded"' in line for line in shell.do("events").out.splitlines())
    played = open_terminal("replay", "--speed", "1000")
    played.shows("CRASHED", "the recording's last block is torn")
    assert f" {ended} of " in "\n".join(played.lines())
    assert played.leave() == 0


@pytest.mark.campaign
def test_a_live_run_is_looked_back_at_replayed_as_it_grows_and_its_snapshot_played(
    shell: Shell, open_terminal: Open
) -> None:
    process = shell.begin_run(*LONG)
    wait_until(lambda: shell.see().run.elapsed_ns > 3_000_000_000, "three seconds")
    shell.do("set", "concurrency=+1")
    console = open_terminal("attach")
    console.shows("RUNNING", "view LIVE")
    console.press(b"[[t")
    console.shows("PAST 00:0", "view PAST", "[=")
    # Typed in one go, as a slow link delivers it: none of it is taken for a key.
    console.press(b":jump operator\r")
    console.shows("setting at 00:0", "concurrency: 4")
    console.press(END)
    console.shows("view LIVE")
    assert console.leave() == 0
    folder = shell.do("snapshot", "--json").json()["folder"]
    played = open_terminal("replay", "--speed", "50")
    played.shows("REPLAY", "RUNNING")
    shell.do("stop")
    played.shows("STOPPED")
    assert played.leave() == 0
    process.communicate(timeout=60)
    shutil.copytree(folder, shell.home / "ticket")
    picture = open_terminal("replay", "./ticket")
    picture.shows("REPLAY", "end", "RUNNING")
    assert picture.leave() == 0


def test_a_console_that_is_told_to_end_gives_the_terminal_back(own_home: Shell, open_terminal: Open) -> None:
    played = open_terminal("replay", "7f")
    played.shows("REPLAY")
    played.process.terminate()
    assert played.process.wait(30) == 0
    wait_until(lambda: b"replay of run" in played.painted, "its last words")
    assert b"\x1b[?1049l" in played.painted, "the screen that was there before is back"


# -- what is no replay


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("replay", "--speed", "0"), "--speed 0: give a number from 0.1 to 1000"),
        (("replay", "./nowhere"), "./nowhere: there is no such folder"),
        (("replay", "nothing"), "no run begins with 'nothing'"),
        (("replay", "7f"), "replay needs a terminal"),
        (("replay", "./empty"), "neither a run's folder nor a snapshot's: it has no run.json"),
        (("replay", "./broken"), "snapshot.json: not a snapshot"),
    ],
)
def test_what_cannot_be_played_is_said_in_a_sentence(own_home: Shell, words: tuple[str, ...], told: str) -> None:
    done = own_home.do(*words)
    assert done.code == 2
    assert told in done.err
    assert done.err.count("\n") == 1


@pytest.fixture
def own_home(shell: Shell) -> Shell:
    (shell.home / "empty").mkdir()
    (shell.home / "broken").mkdir()
    (shell.home / "broken" / "snapshot.json").write_text("{}")
    runs = shell.home / ".local/state/slotfill/runs"
    runs.mkdir(parents=True)
    made = run_folder(shell.home / "made")
    made.rename(Path(runs) / made.name.replace("0a1b2c3d", "7fb2c3d0"))
    manifest = next(runs.iterdir()) / "run.json"
    manifest.write_text(manifest.read_text().replace("0a1b2c3d", "7fb2c3d0"))
    return shell
