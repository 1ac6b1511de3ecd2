"""Looks at our backends, folded into counts by step and wait: pure, and bounded in memory."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from engine.model.waits import CLIENT, CPU, IN_TRANSACTION, NO_STEP, OTHER_WAITS, Blocker, WaitCell, Waits
from engine.observe.assemble import NOT_OURS, OTHER_RUN
from engine.observe.rows import WaitRow

MOST_KEPT = 512
"""Kinds of cells, and of blockers, that are kept apart; far above what a run of 15 workers shows."""
MOST_CELLS = 64
MOST_BLOCKERS = 32
"""What is told of them."""
_OTHERS = "others"
_Key = TypeVar("_Key", tuple[str, str], tuple[str, str, str, str])


class Seated(NamedTuple):
    """Who is behind a backend at this moment."""

    worker: str
    """`w03`."""
    step: str
    """Empty between two attempts."""


Seats = Mapping[int, Seated]
"""The crew's backends by pid, at one moment."""


class Fold:
    """The counts of one leg."""

    def __init__(self, leg: int, name: Callable[[WaitRow | None, int], str] | None = None) -> None:
        """`name` names a backend that no worker sits at now, from its row (None when there is none) and its pid."""
        self.leg = leg
        self.samples = 0
        self.moved = 0
        self._name = name or stranger
        self._active = 0
        self._cells: Counter[tuple[str, str]] = Counter()
        self._blockers: Counter[tuple[str, str, str, str]] = Counter()

    def take(self, rows: Iterable[WaitRow], seats: Seats, early: Seats, late: Seats) -> bool:
        """Take a look in. False when none of ours was there, or its state hidden: it counts for nothing then.

        `seats` is who was where at the server's moment as well as that is known; `early` and `late` are the moments
        between which it lies for certain, and only tell how often they differ.
        """
        found = {row.pid: row for row in rows}
        ours = [row for row in found.values() if row.is_ours]
        if not ours or any(row.state in ("hidden", "disabled") for row in ours):
            return False
        self.samples += 1
        blocking = in_the_way(found)
        for row in ours:
            seat = seats.get(row.pid)
            step = NO_STEP if seat is None else seat.step
            wait = _wait_of(row, step)
            if wait is None:
                continue
            self.moved += early.get(row.pid) != late.get(row.pid)
            self._active += wait not in (IN_TRANSACTION, CLIENT)
            cell = _kept(self._cells, (step, wait), (step, OTHER_WAITS))
            self._cells[cell] += 1
            for pid in blocking.get(row.pid, ()):
                by = seats.get(pid)
                who = by.worker if by is not None else self._name(found.get(pid), pid)
                key = (step, wait, NO_STEP if by is None else by.step, who)
                self._blockers[_kept(self._blockers, key, (step, OTHER_WAITS, NO_STEP, _OTHERS))] += 1
        return True

    def told(self, seconds: float) -> Waits:
        """What was seen in that time; counters, the log and what is missing are for the caller to add."""
        looks = max(1, self.samples)
        return Waits(
            leg=self.leg,
            samples=self.samples,
            hz=self.samples / seconds if seconds > 0 else 0.0,
            seconds=seconds,
            sessions=self._active / looks,
            cells=tuple(
                WaitCell(step, wait, count, count / looks)
                for (step, wait), count in _most_first(self._cells)[:MOST_CELLS]
            ),
            blockers=tuple(Blocker(*key, count) for key, count in _most_first(self._blockers)[:MOST_BLOCKERS]),
            moved=self.moved,
        )


def in_the_way(rows: Mapping[int, WaitRow]) -> dict[int, tuple[int, ...]]:
    """For each that waits for a lock, who is at the end of its chain: in the way, and waiting for no lock itself.

    `pg_blocking_pids` also names everyone ahead in the queue, and behind one hot row all but the first wait for the
    one that waits first: neither is who holds what all of them want. In a ring, which the server will break as a
    deadlock, nobody is at an end, and it is those right ahead.
    """
    waiting = {pid for pid, row in rows.items() if row.blocked_by}
    ends: dict[int, tuple[int, ...]] = {}
    rings: dict[int, tuple[int, ...]] = {}
    # Those with the fewest ahead come first: whoever waits behind them finds their ends known. Were each of 64 in a
    # queue to walk through all of it, a look would take milliseconds.
    for pid in sorted(waiting, key=lambda pid: len(rows[pid].blocked_by)):
        ahead = rows[pid].blocked_by
        # Who holds the very lock is at an end already, and those queued before this one want the same of it.
        holders = [one for one in ahead if one not in waiting]
        known = {ends[one] for one in ahead if one in ends} if not holders else ()
        if holders:
            ends[pid] = tuple(dict.fromkeys(holders))
        elif known:
            ends[pid] = tuple(dict.fromkeys(one for some in known for one in some))
        elif found := _walked(pid, rows):
            ends[pid] = found
        else:
            rings[pid] = tuple(dict.fromkeys(ahead))
    return ends | rings


def _walked(pid: int, rows: Mapping[int, WaitRow]) -> tuple[int, ...]:
    """Whoever waits for nobody, along every chain from there; none in a ring."""
    found: dict[int, None] = {}
    seen = {pid}
    ahead = list(rows[pid].blocked_by)
    while ahead:
        one = ahead.pop()
        if one in seen:
            continue
        seen.add(one)
        row = rows.get(one)
        if row is None or not row.blocked_by:
            found[one] = None
        else:
            ahead.extend(row.blocked_by)
    return tuple(found)


def stranger(row: WaitRow | None, pid: int) -> str:
    """Who a backend is at which no worker of this run sits."""
    if pid == 0:
        return "prepared transaction"
    # The client chooses its application_name, so it names another run but never one of our workers.
    return OTHER_RUN if row is not None and row.application_name.startswith("slotfill") else NOT_OURS


def _wait_of(row: WaitRow, step: str) -> str | None:
    """What a backend of ours is at; None for one that nobody wants anything of."""
    # One that is active and waits for its client has had half of a request: it waits for us as much as an idle one.
    for_us = row.state == "idle" or row.wait.startswith("Client:")
    if row.state in ("active", "fastpath function call") and not for_us:
        return row.wait or CPU
    if row.state.startswith("idle in transaction"):
        return IN_TRANSACTION
    return CLIENT if for_us and step != NO_STEP else None


def _kept(counts: Mapping[_Key, int], key: _Key, other: _Key) -> _Key:
    """The key, or the one for all that comes after there are too many."""
    return key if key in counts or len(counts) < MOST_KEPT else other


def _most_first(counts: Mapping[_Key, int]) -> list[tuple[_Key, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
