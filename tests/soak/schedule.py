"""What is done to a run, and in which order: drawn by a seed, each deed as often as every other."""

import random
from collections.abc import Iterator
from enum import StrEnum


class Deed(StrEnum):
    """One thing an operator, an accident or another program does."""

    PAUSE = "pause"
    RESIZE = "resize"
    RATE = "rate"
    SETTING = "setting"
    LOOK = "look"
    """A console is attached, used and left."""
    KILL_CONSOLE = "kill console"
    HANG_UP = "hang up"
    EXPORT = "export"
    """A console exports a snapshot."""
    SNAPSHOT = "snapshot"
    """So does the command."""
    SLOW_STEP = "slow step"
    DEADLOCKS = "deadlocks"
    TERMINATE = "terminate"
    """A few of the run's backends are terminated."""
    RESTART_FAST = "restart fast"
    RESTART_IMMEDIATE = "restart immediate"


SERVER = (Deed.RESTART_FAST, Deed.RESTART_IMMEDIATE)
"""After these the server is another process."""


def deeds(seed: int) -> Iterator[Deed]:
    """Round after round of all of them, each in another order."""
    drawn = random.Random(f"soak {seed}")
    while True:
        bag = list(Deed)
        drawn.shuffle(bag)
        yield from bag
