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
