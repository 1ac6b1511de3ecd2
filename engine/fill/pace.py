"""When the next attempt is due: at once in a closed model, on schedule in an open one."""

import heapq

NS = 1_000_000_000
NEVER_NS = 1e18
"""Thirty years: a rate so small that its next attempt is further off has none."""


class Pace:
    """A schedule of attempts, claimed one by one. Pure: moments come in.

    In an open model attempt k is due at `anchor + k / rate`, whatever the answers; with `together`, so many fall due
    at the same moment and the mean rate stays: that is how guests come when a day is opened for booking. A claim that
    could not be used is given back and taken first. A pause moves the schedule on; a new rate begins a new one.
    """

    def __init__(self, rate: float | None, together: int = 1) -> None:
        self._rate = rate
        self._together = together
        self._anchor_ns = 0
        self._next = 0
        self._returned: list[int] = []
        self._epoch = 0
        self._paused_at_ns: int | None = None

    @property
    def rate(self) -> float | None:
        """Attempts a second; None in a closed model."""
        return self._rate

    def begin(self, now_ns: int) -> None:
        """The schedule starts now, from its first attempt on; a repeat's too."""
        self.change(self._rate, now_ns)

    def claim(self, now_ns: int) -> tuple[int, tuple[int, int]]:
        """The moment the next attempt is due, and the claim to give back when it is not used."""
        if self._rate is None:
            return now_ns, (self._epoch, -1)
        if self._returned:
            place = heapq.heappop(self._returned)
        else:
            place = self._next
            self._next += 1
        return self._due_ns(place, self._rate), (self._epoch, place)

    def behind_ns(self, now_ns: int) -> int:
        """How long the next attempt has been due and nobody was free to begin it; 0 in a closed model."""
        if self._rate is None or self._paused_at_ns is not None:
            return 0
        place = self._returned[0] if self._returned else self._next
        return max(0, now_ns - self._due_ns(place, self._rate))

    def give_back(self, claim: tuple[int, int]) -> None:
        """The claim was not used."""
        epoch, place = claim
        if place >= 0 and epoch == self._epoch:
            heapq.heappush(self._returned, place)

    def pause(self, now_ns: int) -> None:
        """The schedule stands still from now on."""
        if self._paused_at_ns is None:
            self._paused_at_ns = now_ns

    def resume(self, now_ns: int) -> None:
        """The schedule goes on, later by the length of the pause."""
        if self._paused_at_ns is not None:
            self._anchor_ns += now_ns - self._paused_at_ns
            self._paused_at_ns = None

    def change(self, rate: float | None, now_ns: int) -> None:
        """Another rate from now on; claims of the old schedule are void."""
        self._rate = rate
        self._epoch += 1
        self._anchor_ns = now_ns
        self._next = 0
        self._returned = []
        if self._paused_at_ns is not None:
            self._paused_at_ns = now_ns

    def _due_ns(self, place: int, rate: float) -> int:
        begins = place // self._together * self._together
        return self._anchor_ns + round(min(begins * NS / rate, NEVER_NS))
