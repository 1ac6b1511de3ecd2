"""How many humps a distribution of lengths has, where they are, and what share each has: a rule, not an estimate."""

from collections.abc import Iterable
from itertools import pairwise
from math import log2, sqrt

from engine.model.paths_face import Hump

FEWEST = 20
"""Below so many lengths nothing is said of humps."""
AN_OCTAVE = 8
"""Buckets between a length and its double: each is 9 % wide."""
CLEAR = 2.8
"""A valley is one when it lies so many times the square root of the lower summit below it: with nothing in between,
eight lengths are a hump. On lengths drawn from one hump (normal, log-normal up to sigma 1, exponential, uniform) it
finds a second one in 1 to 5 % of cases at 200 lengths, and in none at 2,000; on two as the platform has them,
always from 50 on."""
DEEP = 0.5
"""A valley is no higher than this part of the lower summit, however many lengths there are."""
LEAST_SHARE = 0.05
"""What holds less of all lengths is no hump: stragglers, and none of the hump they are nearest to."""
GAP = 3
"""Stragglers are those beyond so many buckets, less one, in which there is nothing."""
STRAY = 0.02
"""A hump's edges leave out so much of it at either end."""


class _Bucket:
    __slots__ = ("count", "max", "min")

    def __init__(self, ns: int) -> None:
        self.count = 0
        self.min = self.max = ns


class Humps:
    """Counts lengths in logarithmic buckets; at most eight a doubling, so its memory does not grow."""

    def __init__(self) -> None:
        self._buckets: dict[int, _Bucket] = {}
        self.count = 0

    def record(self, ns: int) -> None:
        """Count one length; below 1 counts as 1."""
        at = int(log2(ns) * AN_OCTAVE) if ns > 1 else 0
        bucket = self._buckets.get(at)
        if bucket is None:
            bucket = self._buckets[at] = _Bucket(ns)
        bucket.count += 1
        if ns < bucket.min:
            bucket.min = ns
        elif ns > bucket.max:
            bucket.max = ns
        self.count += 1

    def bars(self) -> tuple[int, ...]:
        """Counts of all buckets from the least to the greatest length; the axis is logarithmic."""
        if not self._buckets:
            return ()
        return tuple(self._heights(min(self._buckets), max(self._buckets)))

    def found(self) -> tuple[Hump, ...]:
        """The humps in ascending order; none below `FEWEST` lengths."""
        if self.count < FEWEST:
            return ()
        low, high = min(self._buckets) - 1, max(self._buckets) + 1
        raw = self._heights(low, high)
        smooth = [sum(raw[max(0, at - 1) : at + 2]) for at in range(len(raw))]
        valleys = _valleys(smooth, _summits(smooth))
        humps = []
        for start, end in pairwise([-1, *valleys, len(raw) - 1]):
            hump = self._hump(range(low + start + 1, low + end + 1))
            if hump is not None:
                humps.append(hump)
        return tuple(humps)

    def _heights(self, low: int, high: int) -> list[int]:
        return [self._buckets[at].count if at in self._buckets else 0 for at in range(low, high + 1)]

    def _hump(self, places: range) -> Hump | None:
        there = self._joined([at for at in places if at in self._buckets])
        buckets = [self._buckets[at] for at in self._joined(there[::-1])[::-1]]
        count = sum(bucket.count for bucket in buckets)
        if count < LEAST_SHARE * self.count:
            return None
        core = _trimmed(_trimmed(buckets, count)[::-1], count)[::-1]
        return Hump(from_ns=core[0].min, to_ns=core[-1].max, count=count, share=count / self.count)

    def _joined(self, places: list[int]) -> list[int]:
        """Without the few at the beginning that lie across a gap."""
        before, start = 0, 0
        for number, (here, following) in enumerate(pairwise(places), start=1):
            before += self._buckets[here].count
            if before >= LEAST_SHARE * self.count:
                break
            if abs(following - here) >= GAP:
                start = number
        return places[start:]


def humps_of(lengths: Iterable[int]) -> Humps:
    """Those lengths, counted."""
    humps = Humps()
    for ns in lengths:
        humps.record(ns)
    return humps


def hump_words(humps: tuple[Hump, ...], count: int) -> str:
    """`2 humps: 4.9-6.3 s (61 %), 12.0 s (39 %)`; says so when there are too few lengths for that."""
    if count < FEWEST:
        return f"{count} so far: too few to tell humps, which takes {FEWEST}" if count else "none told"
    named = ", ".join(f"{_span(hump)} ({hump.share:.0%})".replace("%", " %") for hump in humps)
    beyond = 1 - sum(hump.share for hump in humps)
    rest = f", {beyond:.0%} elsewhere".replace("%", " %") if beyond >= 0.005 else ""
    return f"{len(humps)} hump{'s' if len(humps) != 1 else ''}: {named}{rest}"


def _summits(smooth: list[int]) -> list[int]:
    """Where it is higher than to the left and to the right; the middle of a plateau."""
    summits = []
    start = 0
    while start < len(smooth):
        end = start
        while end + 1 < len(smooth) and smooth[end + 1] == smooth[start]:
            end += 1
        rises = start == 0 or smooth[start - 1] < smooth[start]
        falls = end == len(smooth) - 1 or smooth[end + 1] < smooth[end]
        if rises and falls:
            summits.append((start + end) // 2)
        start = end + 1
    return summits


def _valleys(smooth: list[int], summits: list[int]) -> list[int]:
    """Where to cut: the middles of the valleys that stay once the least of them have been filled up, one by one."""
    summits = list(summits)
    while len(summits) > 1:
        worth = {pair: _worth(smooth, pair) for pair in pairwise(summits)}
        pair = min(worth, key=lambda one: worth[one])
        if worth[pair] >= CLEAR:
            break
        summits.remove(min(pair, key=lambda at: smooth[at]))
    cuts = []
    for left, right in pairwise(summits):
        floor = min(smooth[left : right + 1])
        lowest = [at for at in range(left, right + 1) if smooth[at] == floor]
        cuts.append(lowest[len(lowest) // 2])
    return cuts


def _worth(smooth: list[int], pair: tuple[int, int]) -> float:
    """How clear the valley between two summits is; one that is not deep is worth less than any that is."""
    left, right = pair
    lower = min(smooth[left], smooth[right])
    floor = min(smooth[left : right + 1])
    worth = (lower - floor) / sqrt(lower)
    return worth if floor <= DEEP * lower else min(worth, CLEAR) * (lower - floor) / lower / 2


def _trimmed(buckets: list[_Bucket], count: int) -> list[_Bucket]:
    """Without the first buckets that together hold a stray share of the count at most."""
    left_out = 0
    for place, bucket in enumerate(buckets):
        left_out += bucket.count
        if left_out > STRAY * count:
            return buckets[place:]
    return buckets


def _span(hump: Hump) -> str:
    low, high = _length(hump.from_ns), _length(hump.to_ns)
    if low == high:
        return high
    number, unit = low.split()
    return f"{number}-{high}" if high.endswith(f" {unit}") else f"{low}-{high}"


def _length(ns: int) -> str:
    if ns >= 999_500_000:
        return f"{ns / 1e9:.1f} s"
    return f"{ns / 1e6:.0f} ms" if ns >= 9_950_000 else f"{ns / 1e6:.1f} ms"
