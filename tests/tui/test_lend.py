"""The list of runs in a real terminal: it is lent to a replay, and comes back to the console."""

from collections.abc import Callable, Iterator

import pytest

from tests.shell import Shell
from tests.tui.test_replay import Terminal

SHORT = ("run", "fill", "--concurrency", "2", "--stress-max", "2", "--interval", "60", "--headless")
LONG = ("run", "fill", "--concurrency", "2", "--rate", "4", "--days", "5", "--share-slots")


@pytest.fixture
def terminals(shell: Shell) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def make(*words: str) -> Terminal:
        opened.append(Terminal(shell, *words))
        return opened[-1]

    yield make
    for one in opened:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.mark.campaign
def test_a_run_is_opened_from_the_list_as_a_replay_and_left_back_into_the_live_console(
    shell: Shell, terminals: Callable[..., Terminal]
) -> None:
    assert shell.do(*SHORT).code == 0
    first = shell.manifest()["run_id"]
    shell.begin_run(*LONG)
    second = shell.manifest()["run_id"]
    terminal = terminals("attach", second)
    terminal.shows("RUNNING", "view LIVE")
    terminal.press(b":booking #1\r")
    terminal.shows("booking", "claim against truth", "in the database now", "persisted")
    terminal.press(b"\x1b")
    terminal.shows("view LIVE")
    terminal.press(b"p")
    terminal.shows("run > Postgres", "primary")
    terminal.press(b"q")
    terminal.shows("view LIVE")
    terminal.press(b"R")
    terminal.shows("run > runs", first, "2 runs")
    terminal.press(b"\x1b[B")
    terminal.press(b"\r")
    terminal.shows("view REPLAY", first)
    terminal.press(b"q")
    terminal.shows("run > runs", f"replay {first}: back, exit 0")
    terminal.press(b"\x1b")
    terminal.shows("view LIVE", "RUNNING")
    assert terminal.leave() == 0
    assert shell.do("stop").code == 0
