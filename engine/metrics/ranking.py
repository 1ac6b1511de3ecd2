"""What workers fight for most, folded from refusals: by table, zone and slot, with a trend of two minutes."""

from collections.abc import Iterable
from heapq import nsmallest

from engine.model.event import Refused
from engine.model.outcome import Outcome
from engine.model.ranking_face import Cure, Forecast, Rank, RankingFace, Where

RANKED = (Outcome.HOLD_CONFLICT.word, Outcome.ZONE_LOCK.word, Outcome.OVERLAP.word)
"""Outcomes that say somebody or something else was there first."""
MOST = 12
"""So many places of a sort a picture holds."""
MOST_NAMES = 4_000
"""So many places are counted at most; what comes after goes into the totals alone."""
BUCKET_NS = 10_000_000_000
BUCKETS = 12
"""Two minutes, so that the last one can be held against the one before it."""


class Trend:
    """How many in each ten seconds of the last two minutes, and in all."""

    __slots__ = ("_buckets", "_newest", "count")

    def __init__(self) -> None:
        self._buckets = [0] * BUCKETS
        self._newest = -1
        self.count = 0

    def record(self, at_ns: int) -> None:
        """One more at that moment."""
        self.count += 1
        bucket = at_ns // BUCKET_NS
        if bucket > self._newest:
            for skipped in range(max(self._newest + 1, bucket - BUCKETS + 1), bucket + 1):
                self._buckets[skipped % BUCKETS] = 0
            self._newest = bucket
        if bucket > self._newest - BUCKETS:
            self._buckets[bucket % BUCKETS] += 1

    def until(self, now_ns: int) -> tuple[int, ...]:
        """The buckets up to now, oldest first."""
        last = max(now_ns // BUCKET_NS, self._newest)
        return tuple(
            self._buckets[bucket % BUCKETS] if max(-1, self._newest - BUCKETS) < bucket <= self._newest else 0
            for bucket in range(last - BUCKETS + 1, last + 1)
        )


class Ranking:
    """Refusals that were contention, counted by where they were. Memory is bounded by `MOST_NAMES`."""

    def __init__(self) -> None:
        self._totals: dict[str, int] = {}
        self._all = Trend()
        self._places: dict[Where, dict[tuple[str, str], Trend]] = {where: {} for where in Where}
        self.by_ours = Trend()
        """Tables that another worker of this run had first, held or given."""
        self.by_strangers = Trend()
        """Hold conflicts with nobody of this run."""
        self.by_allocation = Trend()
        """Overlaps that an allocation decided and none of our workers explains."""

    def take(self, event: Refused, tables: Iterable[str], zones: Iterable[str], slot: str) -> None:
        """One refusal of `RANKED`; tables, zones and slot as a line names them, each zone once."""
        at_ns, word, refusal = event.at_ns, event.outcome, event.refusal
        self._totals[word] = self._totals.get(word, 0) + 1
        self._all.record(at_ns)
        if refusal.held_by:
            self.by_ours.record(at_ns)
        elif word == RANKED[0]:
            self.by_strangers.record(at_ns)
        elif "allocations_no_overlap" in (refusal.constraint or refusal.message):
            self.by_allocation.record(at_ns)
        for table in tables:
            self._count(Where.TABLE, table, word, at_ns)
        for zone in zones:
            self._count(Where.ZONE, zone, word, at_ns)
        self._count(Where.SLOT, slot, word, at_ns)

    def _count(self, where: Where, name: str, word: str, at_ns: int) -> None:
        if not name:
            return
        places = self._places[where]
        trend = places.get((name, word))
        if trend is None:
            if len(places) >= MOST_NAMES:
                return
            trend = places[name, word] = Trend()
        trend.record(at_ns)

    def face(self, now_ns: int, cures: tuple[Cure, ...] = (), forecast: Forecast | None = None) -> RankingFace:
        """All of it at one moment, with what would clear it."""
        ranks: list[Rank] = []
        for where, places in self._places.items():
            worst = nsmallest(MOST, places.items(), key=lambda place: (-place[1].count, place[0]))
            ranks += [Rank(where, name, word, trend.count, trend.until(now_ns)) for (name, word), trend in worst]
        return RankingFace(
            totals=dict(self._totals),
            trend=self._all.until(now_ns) if self._totals else (),
            ranks=tuple(ranks),
            cures=cures,
            forecast=forecast or Forecast(),
        )
