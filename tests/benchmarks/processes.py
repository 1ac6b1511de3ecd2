"""Processor time of processes that are not ours, as the system counts it."""

import os
from pathlib import Path

_TICK_S = os.sysconf("SC_CLK_TCK")


def cpu_of(pid: int) -> float:
    """Seconds of processor a process has taken so far, its ended children's too; 0 when it is gone."""
    return sum(_times(pid)) / _TICK_S


def cpu_of_tree(pid: int) -> float:
    """The same with all its living children: of a Postgres, the whole server."""
    return sum(map(cpu_of, (pid, *_children(pid))))


def _times(pid: int) -> tuple[int, ...]:
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ()
    return tuple(map(int, words[11:15]))


def _children(pid: int) -> tuple[int, ...]:
    try:
        return tuple(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except FileNotFoundError:
        return ()
