"""The legs of a run, one a pass or repeat, folded from events."""

from array import array
from collections.abc import Mapping

from engine.metrics.samples import percentile
from engine.model.event import AttemptEnded, LegEnded, RunPlanned
from engine.model.outcome import Outcome
from engine.model.snapshot import LegFace, LegShare

SHOWN = 60
"""So many legs a picture holds at most, the last ones; the result has all of them."""
_FILLED = Outcome.FILLED.word


class _Leg:
    __slots__ = (
        *("began_ns", "concurrency", "end", "first_ns", "last_ns"),
        *("number", "p95_ns", "planned", "repeat", "round", "took", "turns"),
    )

    def __init__(self, event: RunPlanned) -> None:
        self.repeat = event.repeat
        self.round = event.round
        self.began_ns = event.at_ns
        self.first_ns: int | None = None
        self.last_ns = 0
        self.number = event.number
        self.concurrency = event.concurrency
        self.turns = len(event.turns)
        self.planned: dict[str, int] = {}
        for turn in event.turns:
            self.planned[turn.restaurant] = self.planned.get(turn.restaurant, 0) + 1
        self.end: LegEnded | None = None
        self.took = array("q")
        """Of a round, until it is over: how long its filled bookings took, ns."""
        self.p95_ns: int | None = None


class Legs:
    """Every leg that began, and what was said at its end."""

    def __init__(self) -> None:
        self._legs: dict[int, _Leg] = {}

    def begin(self, event: RunPlanned) -> None:
        """A leg begins."""
        self._legs[event.ids.leg] = _Leg(event)

    def take(self, event: AttemptEnded) -> None:
        """An attempt of a leg ended."""
        leg = self._legs.get(event.ids.leg)
        if leg is not None:
            leg.first_ns = event.started_ns if leg.first_ns is None else min(leg.first_ns, event.started_ns)
            leg.last_ns = max(leg.last_ns, event.ended_ns)
            if leg.round is not None and event.outcome == _FILLED:
                leg.took.append(event.ended_ns - event.due_ns)

    def end(self, event: LegEnded) -> None:
        """A leg is over."""
        leg = self._legs.get(event.ids.leg)
        if leg is not None:
            leg.end = event
            if leg.took:
                leg.p95_ns = percentile(sorted(leg.took), 95)
                leg.took = array("q")

    def faces(
        self,
        shares: Mapping[tuple[int, str], Mapping[str, int]],
        acknowledged: Mapping[tuple[int, str], int],
        most: int | None = SHOWN,
    ) -> tuple[LegFace, ...]:
        """The last legs, oldest first, with what each restaurant came to in them; all of them when most is None."""
        found = []
        for number, leg in list(self._legs.items())[-(most or len(self._legs)) :]:
            restaurants = []
            for slug, planned in sorted(leg.planned.items()):
                words = shares.get((number, slug), {})
                restaurants.append(
                    LegShare(
                        restaurant=slug,
                        planned=planned,
                        attempts=sum(words.values()),
                        filled=words.get(_FILLED, 0),
                        acknowledged=acknowledged.get((number, slug), 0),
                    )
                )
            end = leg.end
            filled = sum(one.filled for one in restaurants)
            lasted_ns = 0 if leg.first_ns is None else leg.last_ns - leg.first_ns
            found.append(
                LegFace(
                    leg=number,
                    repeat=leg.repeat,
                    number=leg.number,
                    concurrency=leg.concurrency,
                    turns=leg.turns,
                    attempts=sum(one.attempts for one in restaurants),
                    filled=filled,
                    acknowledged=sum(one.acknowledged for one in restaurants),
                    is_over=end is not None,
                    persisted=end.persisted if end else None,
                    pending=end.pending if end else None,
                    swept_holds=end.swept_holds if end else None,
                    cleared_zone_locks=end.cleared_zone_locks if end else None,
                    restaurants=tuple(restaurants),
                    round=leg.round,
                    fills_per_s=filled * 1e9 / lasted_ns if lasted_ns > 0 else None,
                    began_ns=leg.began_ns,
                    last_ns=leg.last_ns,
                    p95_ns=leg.p95_ns,
                )
            )
        return tuple(found)
