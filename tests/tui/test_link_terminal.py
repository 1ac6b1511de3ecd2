"""The console in a real terminal: one that answers in pieces, one that does not answer, one that nobody reads."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.shell import wait_until
from tests.tui.ptys import Terminal

Open = Callable[..., Terminal]
SIZE = (80, 24)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for one in opened:
        one.close()


@pytest.fixture
def alone(terminals: list[Terminal], tmp_path: Path) -> Open:
    """A console on a run in memory."""

    def make(bytes_per_s: int = 0) -> Terminal:
        environ = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        environ |= {"HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONWARNINGS": "error"}
        command = [sys.executable, "-P", "-m", "tests.tui.fake_console"]
        terminals.append(Terminal(command, environ, tmp_path, SIZE, bytes_per_s))
        return terminals[-1]

    return make


def test_answers_in_pieces_are_no_keys_and_ctrl_l_paints_over_what_somebody_else_wrote(alone: Open) -> None:
    terminal = alone()
    assert terminal.shows("RUNNING", "view LIVE"), terminal.text
    terminal.scribble("wall: rebooting at noon")
    assert "rebooting" in terminal.text
    terminal.press(b"\x0c")
    assert terminal.until(lambda cells: "rebooting" not in cells.row(12)), terminal.text
    terminal.press(b":")
    terminal.press(b"zzz 12;3R[5")
    assert terminal.shows(" zzz 12;3R[5 "), terminal.text
    before = terminal.asked
    wait_until(lambda: terminal.asked > before + 10, "more answers")
    assert " zzz 12;3R[5 " in terminal.text
    terminal.press(b"\x1b")
    assert terminal.shows("view LIVE"), terminal.text
    terminal.press(b"q")
    assert terminal.process.wait(20) == 0
    assert terminal.shows("the run goes on"), terminal.text
    assert "^[[" not in terminal.text, "an answer that comes when the console has gone is typed into the shell"


def test_a_terminal_that_nobody_reads_stops_neither_the_console_nor_makes_it_grow(alone: Open) -> None:
    terminal = alone()
    assert terminal.shows("RUNNING", "view LIVE"), terminal.text
    terminal.stalled = True
    terminal.press(b":")
    for _ in range(20):
        # More than Textual's own queue of 30 writes would take before everything stood still.
        terminal.press(b"x" * 10)
        wait_until(lambda: terminal.unread() == 0, "the console to read keys")
    terminal.press(b" still here")
    wait_until(lambda: terminal.unread() == 0, "the console to have read all keys")
    before = terminal.sent
    terminal.stalled = False
    assert terminal.shows(" still here "), terminal.text
    # What was painted meanwhile was never sent: at most what was on its way, and the newest picture.
    assert terminal.sent - before < 40_000
    terminal.press(b"\x03")
    assert terminal.process.wait(20) == 0


def test_a_terminal_that_never_answers_is_asked_once_and_shown_everything(alone: Open) -> None:
    terminal = alone()
    terminal.answers = False
    assert terminal.shows("RUNNING", "view LIVE"), terminal.text
    terminal.press(b":")
    terminal.press(b"typed")
    assert terminal.shows(" typed "), terminal.text
    assert terminal.asked == 1
    terminal.press(b"\x03")
    assert terminal.process.wait(20) == 0


def test_a_slow_link_is_said_and_shows_keys(alone: Open) -> None:
    terminal = alone(5000)
    assert terminal.shows("view LIVE", "link ", "/s: "), terminal.text
    terminal.press(b":")
    terminal.press(b"typed")
    assert terminal.shows(" typed "), terminal.text
