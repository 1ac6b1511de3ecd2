"""Which way bookings came to their end, what the platform's planner took, and what waits, folded from events."""

from collections import deque
from collections.abc import Callable
from math import ceil

from engine.metrics.histogram import Histogram
from engine.metrics.humps import Humps, hump_words
from engine.metrics.rank import LEAST_FOR_P99
from engine.metrics.series import Levels, Peaks
from engine.model.event import AttemptEnded, Intended
from engine.model.ids import AttemptId, TurnId, WorkerId
from engine.model.outcome import Certainty
from engine.model.path import Path
from engine.model.paths_face import PathFigures, PathsFace, PlannerFace, WasteOutlier
from engine.model.step import Step

LEAST_OUTLIER = 3
"""Seats too many that are worth a word, however narrow the distribution."""
NAMED = 20
"""Outliers that are named, the last ones."""
_MOST_SEATS = 99


class Planner:
    """In-request planner times, as the platform says them."""

    def __init__(self) -> None:
        self._histogram = Histogram()
        self._humps = Humps()
        self._peaks = Peaks()

    def take(self, event: AttemptEnded, planner_ns: int) -> None:
        """One attempt's; it counts for the second in which it became known, as a recording keeps ten seconds only."""
        self._histogram.record(planner_ns)
        self._humps.record(planner_ns)
        self._peaks.record(event.ended_ns, planner_ns)

    def face(self, now_ns: int) -> PlannerFace:
        """Percentiles, humps and bars."""
        times = self._histogram
        p50, p95, p99 = times.percentiles(50, 95, 99)
        humps = self._humps.found()
        return PlannerFace(
            count=times.count,
            min_ns=times.min,
            p50_ns=p50,
            p95_ns=p95,
            p99_ns=p99 if times.count >= LEAST_FOR_P99 else None,
            max_ns=times.max,
            series=self._peaks.until(now_ns),
            humps=humps,
            words=hump_words(humps, times.count),
            bars=self._humps.bars(),
        )


class Waste:
    """Seats given beyond the party: how they are distributed, and which bookings stand out."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._last: dict[int, deque[WasteOutlier]] = {}
        """The last bookings of each waste that might stand out: what does is only known when somebody looks."""
        self.peaks = Peaks()

    def take(self, event: AttemptEnded, slot_name: Callable[[TurnId | None], str]) -> None:
        """One filled booking."""
        waste = min(max(event.seat_waste, -_MOST_SEATS), _MOST_SEATS)
        self._counts[waste] = self._counts.get(waste, 0) + 1
        self.peaks.record(event.ended_ns, max(0, waste))
        if waste >= LEAST_OUTLIER:
            last = self._last.get(waste)
            if last is None:
                last = self._last[waste] = deque(maxlen=NAMED)
            last.append(
                WasteOutlier(
                    at_ns=event.ended_ns,
                    booking=str(event.booking_id)[:8],
                    attempt=event.ids.attempt or 0,
                    slot=slot_name(event.ids.turn),
                    party=event.party,
                    seats=event.seats,
                    tables=event.tables,
                )
            )

    def distribution(self) -> tuple[tuple[int, int], ...]:
        """Seats beyond the party, and at how many bookings."""
        return tuple(sorted(self._counts.items()))

    def fence(self) -> float | None:
        """Q3 + 1.5 IQR, quartiles by nearest rank; None before anything was filled."""
        ordered = self.distribution()
        count = sum(number for _, number in ordered)
        if not count:
            return None
        first, third = (_at_rank(ordered, ceil(count * quarter / 4)) for quarter in (1, 3))
        return third + 1.5 * (third - first)

    def outliers(self) -> tuple[int, tuple[WasteOutlier, ...]]:
        """How many lie above the fence and waste `LEAST_OUTLIER` seats at least; and the last of them, newest first."""
        fence = self.fence()
        if fence is None:
            return 0, ()
        above = [waste for waste in self._counts if waste >= LEAST_OUTLIER and waste > fence]
        found = sorted((one for waste in above for one in self._last[waste]), key=lambda one: (-one.at_ns, one.booking))
        return sum(self._counts[waste] for waste in above), tuple(found[:NAMED])


class Paths:
    """Paths, planner, seat waste, and the queue: what was submitted and is not yet decided."""

    def __init__(self) -> None:
        self._ended: dict[tuple[str, Path, bool], int] = {}
        """By restaurant, path and whether it was late."""
        self._planner = Planner()
        self._waste = Waste()
        self._submitted: dict[WorkerId | None, AttemptId] = {}
        """Each worker's booking that was submitted and has no last word."""
        self._in_flight = Levels()
        self._backlog = Levels()
        self._undecided = 0

    def intended(self, event: Intended) -> None:
        """A submit is about to be sent; a second one of the same attempt is the same booking."""
        ids = event.ids
        attempt = ids.attempt
        if ids.step is Step.SUBMIT and attempt is not None and self._submitted.get(ids.worker) != attempt:
            self._submitted[ids.worker] = attempt
            self._backlog.record(event.at_ns, len(self._submitted) + self._undecided)

    def take(self, event: AttemptEnded, restaurant: str, slot_name: Callable[[TurnId | None], str]) -> None:
        """One attempt; the restaurant is empty for a turn that was not planned."""
        path = event.path
        if path is not None:
            key = restaurant, path, event.late and path.is_confirmed
            self._ended[key] = self._ended.get(key, 0) + 1
            # The window closed on it: the platform may go on with it, and nobody here will hear how it ended.
            self._undecided += event.certainty is Certainty.INFO
        if event.planner_ns is not None:
            self._planner.take(event, event.planner_ns)
        if event.tables:
            self._waste.take(event, slot_name)
        if self._submitted.get(event.ids.worker) == event.ids.attempt is not None:
            del self._submitted[event.ids.worker]
            self._backlog.record(event.ended_ns, len(self._submitted) + self._undecided)

    @property
    def level(self) -> int:
        """So many attempts are in flight, as it was said last."""
        return self._in_flight.level

    def in_flight(self, at_ns: int, level: int) -> None:
        """So many attempts are in flight from now on."""
        if level != self._in_flight.level:
            self._in_flight.record(at_ns, level)

    def figures(self, restaurant: str | None = None) -> tuple[PathFigures, ...]:
        """Each path that was seen, in their order; of one restaurant where one is named."""
        counts = {path: [0, 0] for path in Path}
        for (where, path, late), count in self._ended.items():
            if restaurant in (None, where):
                counts[path][late] += count
        return tuple(PathFigures(path, sum(pair), pair[True]) for path, pair in counts.items() if sum(pair))

    def face(self, now_ns: int) -> PathsFace:
        """Everything at one moment."""
        outlying, outliers = self._waste.outliers()
        return PathsFace(
            paths=self.figures(),
            planner=self._planner.face(now_ns),
            waste=self._waste.distribution(),
            waste_fence=self._waste.fence(),
            outlying=outlying,
            outliers=outliers,
            backlog=self._backlog.level,
            backlog_peak=self._backlog.peak,
            undecided=self._undecided,
            in_flight_series=self._in_flight.until(now_ns),
            waste_series=self._waste.peaks.until(now_ns),
            backlog_series=self._backlog.until(now_ns),
        )


def _at_rank(ordered: tuple[tuple[int, int], ...], rank: int) -> int:
    """The value at that rank, from 1, of values with their counts in ascending order."""
    seen = 0
    for value, count in ordered:
        seen += count
        if seen >= rank:
            return value
    return ordered[-1][0]
