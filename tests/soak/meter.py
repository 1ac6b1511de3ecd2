"""What a process holds at the moment, as the system tells it."""

import os
from pathlib import Path

from tests.tui.ptys import Terminal

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_mb(pid: int) -> float:
    """Memory, in megabytes. Raises FileNotFoundError when it has ended."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6


def descriptors(pid: int) -> int:
    """Open ones. Raises FileNotFoundError when it has ended."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def console_mb(console: Terminal | None) -> float:
    """A console's memory; 0 when there is none."""
    if console is None or console.process.poll() is not None:
        return 0.0
    return console.resident_bytes / 1e6
