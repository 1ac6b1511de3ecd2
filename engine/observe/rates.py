"""Rates from the server's counters: pure, and by the server's own clock."""

from collections import deque

import msgspec

from engine.observe.rows import DatabaseCounters

SPAN_S = 2.0
"""Rates look back this far. Backends publish their counters at most once a second, so between two looks closer than
that a steady load would read 0 and then double."""


class Rates(msgspec.Struct, frozen=True):
    """Changes a second, and sums since the first look. None where there is nothing to compare, or a counter fell."""

    commits_per_s: float | None = None
    rollbacks_per_s: float | None = None
    inserts_per_s: float | None = None
    updates_per_s: float | None = None
    deadlocks: int = 0
    temp_bytes: int = 0


class Counters:
    """The counters of the last looks; bounded by `SPAN_S`."""

    def __init__(self) -> None:
        self._past: deque[DatabaseCounters] = deque()
        self._deadlocks = 0
        self._temp_bytes = 0

    def add(self, now: DatabaseCounters) -> Rates:
        """Take a look's counters in; the rates up to it."""
        if self._past:
            last = self._past[-1]
            self._deadlocks += _risen(last.deadlocks, now.deadlocks)
            self._temp_bytes += _risen(last.temp_bytes, now.temp_bytes)
            if now.server_at <= last.server_at or _fell(last, now):
                # A reset, or a clock put back: nothing before it can be compared with anything after it.
                self._past.clear()
        self._past.append(now)
        while len(self._past) > 1 and (now.server_at - self._past[1].server_at).total_seconds() >= SPAN_S:
            self._past.popleft()
        first = self._past[0]
        return Rates(
            commits_per_s=_rate(first, now, "commits"),
            rollbacks_per_s=_rate(first, now, "rollbacks"),
            inserts_per_s=_rate(first, now, "inserts"),
            updates_per_s=_rate(first, now, "updates"),
            deadlocks=self._deadlocks,
            temp_bytes=self._temp_bytes,
        )


def _fell(last: DatabaseCounters, now: DatabaseCounters) -> bool:
    return any(
        getattr(now, name) < getattr(last, name)
        for name in ("commits", "rollbacks", "inserts", "updates", "deadlocks", "temp_bytes")
    )


def _risen(last: int, now: int) -> int:
    # After a reset the counter began at 0 again, so what it shows is what came since.
    return now - last if now >= last else now


def _rate(first: DatabaseCounters, now: DatabaseCounters, name: str) -> float | None:
    seconds = (now.server_at - first.server_at).total_seconds()
    if seconds <= 0:
        return None
    return float(getattr(now, name) - getattr(first, name)) / seconds
