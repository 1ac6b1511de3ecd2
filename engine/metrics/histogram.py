"""A histogram of lengths that is cheap to feed: a cache for the live view, never the record."""

from collections.abc import Iterator, Sequence

from engine.metrics.rank import rank_of

_BITS = 11
"""Values below 2**11 are counted exactly; above, a bucket is at most 1/1024 of its value wide."""
_HALF = _BITS - 1
_ROW = 6
_IN_ROW = (1 << _ROW) - 1
_SUM = 1 << _ROW
_BEYOND = 1 << 63
"""Longer than any length."""


class Histogram:
    """Log-linear buckets by bit length. A percentile is off by 0.1 % at most, and never outside [min, max]."""

    __slots__ = ("_least", "_most", "_rows", "count")

    def __init__(self) -> None:
        self._rows: dict[int, list[int]] = {}
        """Sixty-four neighbouring buckets each, and behind them their sum: a look goes over some hundred rows, and not
        over thousands of buckets that only grow more the longer a run goes on."""
        self.count = 0
        self._least, self._most = _BEYOND, -1

    def record(self, ns: int) -> None:
        """Count one length; below 0 counts as 0."""
        if ns < 0:  # noqa: PLR1730 - max() takes as long as all the rest
            ns = 0
        shift = ns.bit_length() - _BITS
        bucket = ns if shift <= 0 else (shift << _HALF) + (ns >> shift)
        try:
            row = self._rows[bucket >> _ROW]
        except KeyError:
            row = self._rows[bucket >> _ROW] = [0] * (_SUM + 1)
        row[bucket & _IN_ROW] += 1
        row[_SUM] += 1
        self.count += 1
        if ns < self._least:  # noqa: PLR1730 - as above
            self._least = ns
        if ns > self._most:  # noqa: PLR1730
            self._most = ns

    @property
    def min(self) -> int | None:
        """The shortest length; None when nothing was counted."""
        return self._least if self.count else None

    @property
    def max(self) -> int | None:
        """The longest length; None when nothing was counted."""
        return self._most if self.count else None

    def merge(self, other: "Histogram") -> None:
        """Count everything the other counted; the order of merges does not matter."""
        for number, counts in other._rows.items():
            mine = self._rows.get(number)
            self._rows[number] = counts[:] if mine is None else [a + b for a, b in zip(mine, counts, strict=True)]
        self.count += other.count
        self._least, self._most = min(self._least, other._least), max(self._most, other._most)

    def at_most(self, bounds_ns: Sequence[int]) -> tuple[int, ...]:
        """How many lengths are no longer than each of these, which must ascend; off by a bucket's width at most."""
        found, seen = [], 0
        buckets = self._buckets()
        bucket, count = next(buckets, (-1, 0))
        for bound in bounds_ns:
            while bucket >= 0 and _middle(bucket) <= bound:
                seen += count
                bucket, count = next(buckets, (-1, 0))
            found.append(seen)
        return tuple(found)

    def total_ns(self) -> int:
        """All lengths together, off by half a bucket's width each at most."""
        return sum(_middle(bucket) * count for bucket, count in self._buckets())

    def percentile(self, percent: float) -> int | None:
        """The nearest-rank percentile, 0 to 100; None when nothing was counted."""
        return self.percentiles(percent)[0]

    def percentiles(self, *percents: float) -> tuple[int | None, ...]:
        """Several percentiles, which must ascend, in one walk over the rows."""
        if not self.count:
            return (None,) * len(percents)
        found: list[int | None] = []
        rows = iter(sorted(self._rows.items()))
        number, row = next(rows)
        before, within = 0, row[_SUM]
        for percent in percents:
            rank = rank_of(percent, self.count)
            while before + within < rank:
                before += within
                number, row = next(rows)
                within = row[_SUM]
            place, seen = 0, before + row[0]
            while seen < rank:
                place += 1
                seen += row[place]
            found.append(min(max(_middle((number << _ROW) + place), self._least), self._most))
        return tuple(found)

    def _buckets(self) -> Iterator[tuple[int, int]]:
        """Those that hold anything, in ascending order, with how many."""
        for number, row in sorted(self._rows.items()):
            for place, count in enumerate(row):
                if count and place < _SUM:
                    yield (number << _ROW) + place, count


def _middle(bucket: int) -> int:
    if bucket < 1 << _BITS:
        return bucket
    shift = (bucket >> _HALF) - 1
    return ((bucket - (shift << _HALF)) << shift) + (1 << shift >> 1)
