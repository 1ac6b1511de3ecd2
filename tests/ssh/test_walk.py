"""Every key and every command of the console, over ssh, on a live run of 32 workers."""

import re

import pytest

from tests.shell import Shell
from tests.ssh.far_side import FarSide
from tests.ssh.pane import Pane
from tests.ssh.walk import ENDS, RUN, STEPS, TMUX_NAMES, Step, lead_back, take
from tui.commands import COMMANDS, bindings

FACE = (
    "space P + - > < X N / escape s S enter l h c z e v tab 1 2 3 4 5 6 7 8 9 m L k t [ ] { } g end n a E y r M : ? q "
    "ctrl+c"
)
"""The keys that are promised to an operator."""
ALL = (*STEPS, *ENDS)


def test_every_promised_key_does_something() -> None:
    assert set(FACE.split()) <= {key for command in COMMANDS for key in command.keys}


def test_the_walk_presses_every_key_and_types_every_command_there_is() -> None:
    pressed = {(step.command, step.key) for step in ALL if step.key}
    keys = {(command.name, key) for command in COMMANDS for key in command.keys}
    assert keys - pressed == set(), "give each a line in tests/ssh/walk.py"
    assert pressed - keys == set(), "no such key any more"
    assert {command.name for command in COMMANDS} == {step.command for step in ALL}


def test_each_step_of_the_walk_says_what_must_be_seen() -> None:
    for step in ALL:
        assert step.seen or step.gone or step.holds, step.command
        for pattern in (*step.seen, *step.gone, *step.again):
            re.compile(pattern)


def test_keys_that_terminals_and_tmux_take_stay_free() -> None:
    taken = {"ctrl+s", "ctrl+q", "ctrl+z", "ctrl+a", "ctrl+b", *(f"f{number}" for number in range(1, 13))}
    assert not taken & {one.key for one in bindings()}
    assert set(TMUX_NAMES) <= {key for command in COMMANDS for key in command.keys}


@pytest.mark.campaign
@pytest.mark.timeout(900)
@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=["80x24", "160x50"])
def test_every_key_and_command_does_what_it_promises(shell: Shell, far: FarSide, size: tuple[int, int]) -> None:
    with Pane(far.folder, *size) as pane:
        pane.run(far.slotfill(*RUN))
        pane.wait_for("RUNNING", "workers 32", within_s=60)
        pane.wait_for("ALERTS", within_s=60)
        for step in STEPS:
            said(step, take(pane, step))
            lead_back(pane, step)
        for step in ENDS:
            if "LEFT" in pane.picture():
                pane.run(far.slotfill("attach"))
                pane.wait_for("RUNNING", "workers")
            said(step, take(pane, step))
            pane.settle()


def said(step: Step, took: float) -> None:
    print(f"{step.command:14} {step.key or ':' + step.typed:22} seen after {took:.2f} s")
