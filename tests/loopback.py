"""No test reaches another machine: a socket to anywhere but loopback is refused before it is opened."""

import os

from engine.local_only import VARIABLE, stay


class LeftTheMachine(Exception):
    """A test wanted to reach a host that is not this machine's loopback. No OSError: nobody explains it away."""


def stay_here(*, tells: bool = True) -> None:
    """From now on neither this process nor, when it tells them, one of slotfill's that it starts can leave the machine.

    It stays so. A process that starts workers of the test suite does not tell: they come here themselves.
    """
    if tells:
        os.environ[VARIABLE] = "1"
    stay(LeftTheMachine)
