"""Exit codes, as scripts rely on them."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's end means."""

    PASSED = 0
    THRESHOLD = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    LOST = 5
    INCONCLUSIVE = 6
    RECORDS = 7
    CRASHED = 70
    STOPPED = 130


MEANING: dict[int, str] = {
    0: "passed",
    1: "a threshold failed",
    3: "the target was unreachable or unfit",
    4: "refused by a guard",
    5: "data was lost or integrity broken",
    6: "inconclusive",
    7: "the records could not be written",
    70: "crashed",
    130: "stopped by the operator",
}
"""Of a run's exit code, as people read it."""
