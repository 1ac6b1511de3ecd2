"""How the client itself fares while a leg goes on: its loop's lateness and the processor time it takes."""

import os
from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from engine.clock import Clock
from engine.model.round import ClientLoad
from engine.observe.lag import LoopLag

SPOILS = 0.1
"""A lateness spoils an attempt that it falls into and of which it is more than this share."""


class Load(NamedTuple):
    """What was measured of one leg."""

    lag_p99_ns: int
    stalls: tuple[tuple[int, int], ...]
    """When the loop was late: from and until, in their order."""
    cpu_share: float

    def of(self, spans: Iterable[tuple[int, int]]) -> ClientLoad:
        """The same with the attempts that a stall fell into, given when each began and ended."""
        return self.told(sum(self.spoilt(*span) for span in spans))

    def told(self, spoilt: int) -> ClientLoad:
        """The same with how many attempts a stall fell into."""
        return ClientLoad(self.lag_p99_ns, spoilt, self.cpu_share)

    def spoilt(self, began_ns: int, ended_ns: int) -> bool:
        """Whether a stall fell into an attempt that began and ended then."""
        first = bisect_right(self.stalls, began_ns, key=lambda stall: stall[1])
        for from_ns, until_ns in self.stalls[first:]:
            if from_ns >= ended_ns:
                return False
            if until_ns - from_ns > SPOILS * (ended_ns - began_ns):
                return True
        return False


class LoadMeter:
    """Measures one leg after the other."""

    def __init__(self, clock: Clock, lag: LoopLag) -> None:
        self._clock = clock
        self._lag = lag
        self._began_ns = 0
        self._cpu_s = 0.0

    def begin(self) -> None:
        """A leg begins."""
        self._lag.begin_leg()
        self._began_ns, self._cpu_s = self._clock.now_ns(), _cpu_s()

    def end(self) -> Load:
        """It is over."""
        lasted_s = (self._clock.now_ns() - self._began_ns) / 1e9
        share = (_cpu_s() - self._cpu_s) / lasted_s if lasted_s > 0 else 0.0
        return Load(self._lag.leg_p99_ns(), self._lag.stalls(), share)


def _cpu_s() -> float:
    spent = os.times()
    return spent.user + spent.system
