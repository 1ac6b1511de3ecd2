"""A histogram of lengths that is cheap to feed: a cache for the live view, never the record."""

from collections.abc import Sequence

from engine.metrics.rank import rank_of

_BITS = 11
"""Values below 2**11 are counted exactly; above, a bucket is at most 1/1024 of its value wide."""
_HALF = _BITS - 1


class Histogram:
    """Log-linear buckets by bit length. A percentile is off by 0.1 % at most, and never outside [min, max]."""

    __slots__ = ("_counts", "_order", "count", "max", "min")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._order: list[int] | None = None
        """The buckets in order, until a new one appears; spares sorting on every look."""
        self.count = 0
        self.min: int | None = None
        self.max: int | None = None

    def record(self, ns: int) -> None:
        """Count one length; below 0 counts as 0."""
        if ns < 0:  # noqa: PLR1730 - max() takes as long as all the rest
            ns = 0
        shift = ns.bit_length() - _BITS
        bucket = ns if shift <= 0 else (shift << _HALF) + (ns >> shift)
        counts = self._counts
        if bucket in counts:
            counts[bucket] += 1
        else:
            counts[bucket] = 1
            self._order = None
        self.count += 1
        if self.min is None or ns < self.min:
            self.min = ns
        if self.max is None or ns > self.max:
            self.max = ns

    def merge(self, other: "Histogram") -> None:
        """Count everything the other counted; the order of merges does not matter."""
        for bucket, count in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + count
        self._order = None
        self.count += other.count
        if other.min is not None:
            self.min = other.min if self.min is None else min(self.min, other.min)
        if other.max is not None:
            self.max = other.max if self.max is None else max(self.max, other.max)

    def at_most(self, bounds_ns: Sequence[int]) -> tuple[int, ...]:
        """How many lengths are no longer than each of these, which must ascend; off by a bucket's width at most."""
        if self._order is None:
            self._order = sorted(self._counts)
        found, seen, place = [], 0, 0
        for bound in bounds_ns:
            while place < len(self._order) and _middle(self._order[place]) <= bound:
                seen += self._counts[self._order[place]]
                place += 1
            found.append(seen)
        return tuple(found)

    def total_ns(self) -> int:
        """All lengths together, off by half a bucket's width each at most."""
        return sum(_middle(bucket) * count for bucket, count in self._counts.items())

    def percentile(self, percent: float) -> int | None:
        """The nearest-rank percentile, 0 to 100; None when nothing was counted."""
        return self.percentiles(percent)[0]

    def percentiles(self, *percents: float) -> tuple[int | None, ...]:
        """Several percentiles, which must ascend, in one walk over the buckets."""
        if self.min is None or self.max is None:
            return (None,) * len(percents)
        if self._order is None:
            self._order = sorted(self._counts)
        found: list[int | None] = []
        buckets = iter(self._order)
        bucket, seen = 0, 0
        for percent in percents:
            rank = rank_of(percent, self.count)
            while seen < rank:
                bucket = next(buckets)
                seen += self._counts[bucket]
            found.append(min(max(_middle(bucket), self.min), self.max))
        return tuple(found)


def _middle(bucket: int) -> int:
    if bucket < 1 << _BITS:
        return bucket
    shift = (bucket >> _HALF) - 1
    return ((bucket - (shift << _HALF)) << shift) + (1 << shift >> 1)
