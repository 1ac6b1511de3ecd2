"""What a database's backends wait for, folded from the looks of a watch: pure, and bounded in memory.

A watch knows no workers and no steps, and looks twice a second: an application's name stands where a step would.
"""

from collections import Counter
from typing import TypeVar

from engine.model.sample import Sample
from engine.model.waits import CPU, IN_TRANSACTION, OTHER_WAITS, Blocker, WaitCell, Waits
from engine.observe.assemble import SAMPLER
from engine.observe.wait_fold import MOST_BLOCKERS, MOST_CELLS, MOST_KEPT

_Key = TypeVar("_Key", tuple[str, str], tuple[str, str, str])
_NAME = 16
_HIDDEN = "waits of other roles' backends: needs pg_monitor; those that wait for a lock are seen all the same"


class WatchedWaits:
    """Counts since the watch began."""

    def __init__(self) -> None:
        self._looks = 0
        self._active = 0
        self._cells: Counter[tuple[str, str]] = Counter()
        self._blockers: Counter[tuple[str, str, str]] = Counter()
        self._from_ns: int | None = None
        self._until_ns = 0
        self._hidden = False

    def take(self, sample: Sample) -> None:
        """One look."""
        self._looks += 1
        self._from_ns = sample.at_ns if self._from_ns is None else self._from_ns
        self._until_ns = sample.at_ns
        self._hidden = any(one.state == "hidden" for one in sample.backends)
        locks = {member.pid: queue.name for queue in sample.queues for member in queue.members if not member.granted}
        for one in sample.backends:
            if one.who == SAMPLER:
                continue
            wait = _wait_of(one.state, one.wait, in_queue=one.pid in locks)
            if wait is not None:
                self._active += wait != IN_TRANSACTION
                self._cells[_kept(self._cells, (one.who[:_NAME], wait), ("", OTHER_WAITS))] += 1
        for queue in sample.queues:
            holders = [member.who[:_NAME] for member in queue.members if member.granted]
            for member in queue.members:
                if not member.granted and holders:
                    key = (member.who[:_NAME], queue.name, holders[0])
                    self._blockers[_kept(self._blockers, key, ("", OTHER_WAITS, ""))] += 1

    def told(self) -> Waits:
        """What was seen so far."""
        looks = max(1, self._looks)
        seconds = 0.0 if self._from_ns is None else (self._until_ns - self._from_ns) / 1e9
        return Waits(
            leg=0,
            samples=self._looks,
            hz=(self._looks - 1) / seconds if seconds > 0 else 0.0,
            seconds=seconds,
            sessions=self._active / looks,
            cells=tuple(
                WaitCell(who, wait, count, count / looks)
                for (who, wait), count in sorted(self._cells.items(), key=lambda one: (-one[1], one[0]))[:MOST_CELLS]
            ),
            blockers=tuple(
                Blocker(who, lock, "", by, count)
                for (who, lock, by), count in sorted(self._blockers.items(), key=lambda one: (-one[1], one[0]))[
                    :MOST_BLOCKERS
                ]
            ),
            missing=(_HIDDEN,) if self._hidden else (),
        )


def _kept(counts: Counter[_Key], key: _Key, other: _Key) -> _Key:
    """The key, or the one for all that comes after there are too many."""
    return key if key in counts or len(counts) < MOST_KEPT else other


def _wait_of(state: str, wait: str, *, in_queue: bool) -> str | None:
    """What a backend is at; None for one that nobody wants anything of, or that hides it."""
    if state == "hidden":
        return "Lock" if in_queue else None
    if state.startswith("idle in transaction"):
        return IN_TRANSACTION
    if state in ("active", "fastpath function call") and not wait.startswith("Client:"):
        return wait or CPU
    return None
