"""Consoles that go without a word, or whose terminal nobody reads: the run and its record do not mind."""

import json
import signal
from collections.abc import Iterator

import pytest

from tests.shell import Shell, alive, wait_until
from tests.tui.ptys import Terminal

LONG = ("run", "fill", "--concurrency", "4", "--rate", "40", "--days", "30", "--stress-max", "12", "--share-slots")
SIZE = (80, 24)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for one in opened:
        one.close()


@pytest.mark.campaign
def test_a_console_whose_terminal_hangs_up_is_stalled_or_killed_leaves_its_run_and_its_record_whole(
    shell: Shell, terminals: list[Terminal]
) -> None:
    process = shell.begin_run(*LONG)

    def attached() -> Terminal:
        terminals.append(Terminal(shell.command("attach"), shell.environ, shell.home, SIZE))
        assert terminals[-1].shows("RUNNING", "view LIVE"), terminals[-1].text
        return terminals[-1]

    stalled, hung_up, killed = attached(), attached(), attached()
    stalled.stalled = True
    hung_up.process.send_signal(signal.SIGHUP)
    killed.process.send_signal(signal.SIGKILL)
    assert hung_up.process.wait(20) == -signal.SIGHUP
    assert killed.process.wait(20) == -signal.SIGKILL
    before = shell.see().run.attempts
    wait_until(lambda: shell.see().run.attempts > before + 20, "the run to go on")
    assert alive(stalled.process.pid)
    attached()
    stalled.stalled = False
    assert stalled.shows("view LIVE"), stalled.text
    assert shell.do("stop").code == 0
    process.communicate(timeout=60)
    said = [json.loads(line) for line in shell.do("events").out.splitlines()]
    ended = [one["ids"]["attempt"] for one in said if one["type"] == "AttemptEnded"]
    result = json.loads((shell.runs()[-1] / "result.json").read_text())
    assert sorted(ended) == [*range(1, result["attempts"] + 1)], "the record lacks an attempt"
