"""A console over ssh is cut off, closed and left, and the run goes on."""

import os
import signal
from pathlib import Path

import pytest

from tests.shell import Shell, alive, wait_until
from tests.ssh.far_side import FarSide
from tests.ssh.narrow import NarrowLine
from tests.ssh.pane import Pane
from tests.ssh.walk import RUN, Step, take

LONG = ("run", "fill", "--concurrency", "4", "--share-slots", "--days", "90", "--rate", "10")
"""However slow the machine is, it goes on when the console comes back."""
LOOKED_BACK = (
    Step("time", "t", seen=(r"M mark",)),
    Step("go", typed="go start", seen=(r"PAST 00:0",)),
    Step("jump", typed="jump mark", seen=(r"PAST ", r"before the cut")),
)
NARROW = 16 * 1024
"""Bytes a second, each way."""


def went_on(shell: Shell) -> bool:
    """Whether the run still makes attempts."""
    before = shell.see().run.attempts
    wait_until(lambda: shell.see().run.attempts > before, "an attempt after the console had gone")
    return alive(shell.manifest()["pid"])


def test_over_ssh_a_cut_line_leaves_the_run_alone_and_attach_comes_back_to_it(shell: Shell, far: FarSide) -> None:
    shell.begin_run(*LONG)
    with NarrowLine(far.port) as line, Pane(far.folder) as pane:
        pane.run(far.slotfill("attach", port=line.port))
        pane.wait_for("RUNNING")
        pane.press("Space")
        pane.wait_for("FROZEN")
        pane.press("Space")
        pane.wait_for("RUNNING", gone=("FROZEN",))
        pane.press("+")
        pane.wait_for("workers 5")
        line.cut()
        pane.wait_for("LEFT")
        assert went_on(shell)
        pane.run(far.slotfill("attach", port=line.port))
        pane.wait_for("RUNNING", "workers 5")
        pane.press("q")
        pane.wait_for("the run goes on; slotfill attach", "LEFT 0")


@pytest.mark.campaign
@pytest.mark.parametrize("how", ["client killed", "terminal closed", "line cut", "console killed"])
def test_however_a_console_of_32_workers_is_lost_the_run_goes_on_and_its_history_is_there_again(
    shell: Shell, far: FarSide, how: str
) -> None:
    shell.begin_run(*RUN)
    with NarrowLine(far.port) as line:
        with Pane(far.folder) as pane:
            pane.run(far.slotfill("attach", port=line.port))
            pane.wait_for("RUNNING", "workers 32")
            take(pane, Step("mark", typed="mark before the cut", seen=("mark:",)))
            marked_ns = shell.see().run.elapsed_ns
            if how == "terminal closed":
                pane.close()
            elif how == "client killed":
                os.kill(pane.child(), signal.SIGKILL)
            elif how == "console killed":
                for pid in consoles_of(shell):
                    os.kill(pid, signal.SIGKILL)
                pane.wait_for("LEFT")
            else:
                line.cut()
                pane.wait_for("LEFT")
        wait_until(lambda: shell.see().run.consoles <= 1, "the console to be gone")
        assert went_on(shell)
        with Pane(far.folder, 160, 50) as pane:
            pane.run(far.slotfill("attach", port=line.port))
            print(f"after '{how}' the screen was back after {pane.wait_for('RUNNING', 'workers 32'):.2f} s")
            # Of what has only just happened the present is the first picture, and a jump to it stays there.
            wait_until(lambda: shell.see().run.elapsed_ns > marked_ns + 3_000_000_000, "a picture of after the mark")
            for step in LOOKED_BACK:
                take(pane, step)
            pane.press("End")
            pane.wait_for("view LIVE", gone=("PAST ",))


def consoles_of(shell: Shell) -> list[int]:
    """The processes of consoles that are attached from this home."""
    home = f"HOME={shell.home}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"tui.cli" in words and b"attach" in words and home in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.campaign
def test_on_a_line_of_16_kb_a_second_keys_are_seen_and_the_picture_stays_whole(shell: Shell, far: FarSide) -> None:
    shell.begin_run(*RUN)
    with NarrowLine(far.port, NARROW) as line, Pane(far.folder, 120, 40) as pane:
        pane.run(far.slotfill("attach", port=line.port))
        print(f"the first picture came after {pane.wait_for('RUNNING', 'workers 32', within_s=90):.2f} s")
        took = []
        for _ in range(10):
            pane.press("Space")
            took.append(pane.wait_for("FROZEN", within_s=60))
            pane.press("Space")
            took.append(pane.wait_for("view LIVE", gone=("FROZEN",), within_s=60))
            pane.settle()
        took.sort()
        print(f"a key was seen after {took[len(took) // 2]:.2f} s (median), {took[-1]:.2f} s (longest), n {len(took)}")
        for key, seen in (("l", "run > locks"), ("c", "run > connections"), ("e", "run > outcomes")):
            pane.press(key)
            print(f"{key}: {pane.wait_for(seen, within_s=60):.2f} s")
        pane.press("Escape")
        pane.wait_for("workers", gone=("run > ",), within_s=60)
        line.cut()
        pane.wait_for("LEFT", within_s=60)
        assert went_on(shell)
        pane.run(far.slotfill("attach", port=line.port))
        pane.wait_for("RUNNING", "workers 32", within_s=90)
        pane.press("q")
        pane.wait_for("the run goes on", "LEFT 0", within_s=60)
        print(f"bytes there and back: {line.passed}")
