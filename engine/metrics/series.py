"""What happened in each second of the last ten minutes."""

from typing import Generic, TypeVar

SECOND_NS = 1_000_000_000
LONGEST = 600
"""Buckets a series has at most; older ones are forgotten."""

Bucket = TypeVar("Bucket")


class _Ring(Generic[Bucket]):
    """One bucket a second, from the run's first on, so that all series of a run have the same length at one moment."""

    __slots__ = ("_blank", "_buckets", "_newest")

    def __init__(self, blank: Bucket) -> None:
        self._blank = blank
        self._buckets: list[Bucket] = [blank] * LONGEST
        self._newest = -1

    def _slot(self, at_ns: int) -> int | None:
        """Where that second's bucket is; None when it is forgotten. Seconds that were skipped become blank."""
        second = at_ns // SECOND_NS if at_ns > 0 else 0
        if second == self._newest:
            return second % LONGEST
        if second > self._newest:
            for skipped in range(max(self._newest + 1, second - LONGEST + 1), second + 1):
                self._buckets[skipped % LONGEST] = self._blank
            self._newest = second
        elif second <= self._newest - LONGEST:
            return None
        return second % LONGEST

    def until(self, now_ns: int) -> tuple[Bucket, ...]:
        """Each second's bucket up to now, oldest first; the last one is still filling."""
        last = max(now_ns // SECOND_NS, self._newest)
        first = max(0, last - LONGEST + 1)
        known: list[Bucket] = []
        if first <= self._newest:
            start, end = first % LONGEST, self._newest % LONGEST + 1
            known = self._buckets[start:end] if start < end else self._buckets[start:] + self._buckets[:end]
        return (*known, *[self._blank] * (last - first + 1 - len(known)))


class Peaks(_Ring[int | None]):
    """The greatest value in each second; None where there was none."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(None)

    def record(self, at_ns: int, value: int) -> None:
        """A value that ended at that moment; seconds may come out of order."""
        second = at_ns // SECOND_NS
        # What is asked a dozen times an attempt: the second in hand, without a call.
        slot = second % LONGEST if second == self._newest else self._slot(at_ns)
        if slot is not None:
            peak = self._buckets[slot]
            if peak is None or value > peak:
                self._buckets[slot] = value


class Levels(_Ring[int]):
    """The greatest level in each second; a second in which nothing changed has the level it began with."""

    __slots__ = ("level", "peak")

    def __init__(self) -> None:
        super().__init__(0)
        self.level = 0
        """As it stands."""
        self.peak = 0
        """The greatest of all."""

    def record(self, at_ns: int, level: int) -> None:
        """It stands so high from that moment on."""
        second = at_ns // SECOND_NS
        slot = second % LONGEST if second == self._newest else self._slot(at_ns)
        if slot is not None and level > self._buckets[slot]:
            self._buckets[slot] = level
        # Seconds that come next begin with it, those that are skipped and those that nothing is known of yet.
        self._blank = self.level = level
        if level > self.peak:  # noqa: PLR1730 - max() takes as long as the rest
            self.peak = level


class Counts(_Ring[int]):
    """How many there were in each second."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(0)

    def record(self, at_ns: int) -> None:
        """One more at that moment; seconds may come out of order."""
        second = at_ns // SECOND_NS
        slot = second % LONGEST if second == self._newest else self._slot(at_ns)
        if slot is not None:
            self._buckets[slot] += 1
