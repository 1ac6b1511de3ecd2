"""How late the engine's own event loop is: what it measures is worth no more than this."""

from collections import deque

from engine.clock import Clock
from engine.metrics.histogram import Histogram

SLEEP_NS = 40_000_000
"""Not 5 ms: that cost 1.6 to 3.0 % of a core on a two-core machine, and 20 ms still 0.9 %; 40 ms cost 0.3 %."""
STALL_NS = 5_000_000
"""A lateness that spoils what it falls into, unless that took more than ten times as long."""
_MOST_STALLS = 10_000
WINDOW_NS = 10_000_000_000
"""The p99 looks back this far: 250 sleeps, so it is the third longest wait of an even load."""


class LoopLag:
    """Sleeps over and over and keeps by how much each sleep was longer than asked for.

    A lateness longer than a sleep counts for the sleeps that would have ended in it too: a stall of two seconds is one
    late sleep, but everything that fell due in it waited. At most two windows of sleeps are kept.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waits: deque[tuple[int, int]] = deque()
        """When each ended, and how long it waited for the loop."""
        self._max_ns = 0
        self._leg = Histogram()
        self._stalls: list[tuple[int, int]] = []

    def begin_leg(self) -> None:
        """Keep what follows apart, until the next leg begins."""
        self._leg = Histogram()
        self._stalls = []

    def leg_p99_ns(self) -> int:
        """The p99 of the lateness since the leg began; 0 before the first sleep ended."""
        return self._leg.percentiles(99)[0] or 0

    def stalls(self) -> tuple[tuple[int, int], ...]:
        """When the loop was late by more than 5 ms since the leg began: from and until; at most 10,000 are kept."""
        return tuple(self._stalls)

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due_ns = self._clock.now_ns() + SLEEP_NS
            await self._clock.sleep_until(due_ns)
            now_ns = self._clock.now_ns()
            self.record(now_ns, max(0, now_ns - due_ns))

    def record(self, at_ns: int, late_ns: int) -> None:
        """Take in a sleep that ended at that moment, late by so much."""
        self._max_ns = max(self._max_ns, late_ns)
        self._leg.record(late_ns)
        if late_ns > STALL_NS and len(self._stalls) < _MOST_STALLS:
            self._stalls.append((at_ns - late_ns, at_ns))
        self._waits.append((at_ns, late_ns))
        for missed in range(1, min(late_ns, WINDOW_NS) // SLEEP_NS + 1):
            self._waits.append((at_ns, late_ns - missed * SLEEP_NS))
        while self._waits[0][0] < at_ns - WINDOW_NS:
            self._waits.popleft()

    def max_ns(self) -> int:
        """The longest wait since the run began."""
        return self._max_ns

    def p99_ns(self) -> int:
        """The p99 of the loop's lateness over the last ten seconds; 0 before the first sleep ended."""
        waits = sorted(wait_ns for _, wait_ns in self._waits)
        return waits[-(-len(waits) * 99 // 100) - 1] if waits else 0
