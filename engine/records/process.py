"""Whether a process that once wrote its id down is still the same one."""

import os
import subprocess
from pathlib import Path


def started(pid: int) -> str | None:
    """When the process began, in words that no later process with its number shares; None when there is none.

    A zombie counts as gone: it holds nothing and only waits for its parent.
    """
    stat = Path(f"/proc/{pid}/stat")
    try:
        # The name in parentheses may hold anything, spaces and parentheses too.
        fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None if Path("/proc/self/stat").exists() else _by_ps(pid)
    return None if fields[0] in "ZX" else f"{_boot()}:{fields[19]}"


def is_alive(pid: int, pid_started: str) -> bool:
    """Whether that very process still runs."""
    return pid > 0 and pid_started != "" and started(pid) == pid_started


def own_start() -> str:
    """When this process began."""
    return started(os.getpid()) or ""


def _boot() -> str:
    """The system's start: ticks are counted from it, so that another boot's process may have the same ones."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _by_ps(pid: int) -> str | None:
    told = subprocess.run(
        ["/bin/ps", "-o", "lstart=,state=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C"},
    )
    when, _, state = told.stdout.strip().rpartition(" ")
    return None if told.returncode != 0 or state.startswith("Z") else " ".join(when.split())
