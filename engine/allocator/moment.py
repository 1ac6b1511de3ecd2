"""A floor in one window: what is busy, and what that adds to the score of each set of tables."""

from collections.abc import Sequence
from datetime import datetime
from heapq import heappush, heapreplace
from math import inf
from typing import NamedTuple, TypeAlias

from engine.allocator.candidates import Choice, Stage
from engine.allocator.layout import Layout
from engine.allocator.occupancy import SLOT, bits, busy_bits, slot_range
from engine.allocator.score import DIGITS, lost_slots, zone_balance
from engine.model.floor import Busy, Weights, Window

Ranked: TypeAlias = tuple[float, int, int, int, Choice]
"""A choice behind what orders it: score, coarse rank, slots lost, fine rank. No two of a stage have one fine rank."""

_ROUNDED = 10.0**-DIGITS
"""A score that is worse by so much is worse rounded, too."""


class Scored(NamedTuple):
    """What one look at the choices gave."""

    found: list[Ranked]
    """Free choices, in no order: the best `max_candidates`, and some that were among them for a while."""
    tried: int
    """Combinations that were scored."""
    dropped: int
    """Free choices that were scored and stood too far behind to be given."""
    cut_short: bool
    """Free combinations were left unscored."""


NOTHING_FREE = Scored([], 0, 0, cut_short=False)


class Moment:
    """The floor in one window. Tables are busy, zones are fuller or emptier, gaps are lost."""

    def __init__(self, layout: Layout, window: Window, busy: Sequence[Busy], until: datetime | None = None) -> None:
        """`until` is how far busy time matters beyond the window; what lies too far off to spoil a gap never does."""
        origin, closed = layout.day(window.start.astimezone(layout.timezone).date())
        self._origin = origin
        self.first, self.after = slot_range(origin, window.start, window.end)
        margin = (layout.shortest_turn + 1) * SLOT
        last = window.end if until is None else max(window.end, until)
        self._taken = busy_bits(busy, layout.places, origin, window.start - margin, last + margin)
        self.busy = self.busy_in(self.first, self.after)
        """Tables that are taken in any slot of the window, as a mask."""
        untouched = lost_slots(closed, self.first, self.after, layout.shortest_turn)
        self._lost = [untouched] * len(layout.tables) + [0]
        self._untouched = untouched
        self._uneven = 0
        """Free tables that would lose another number of slots than one that nobody has taken, as a mask."""
        self._low = [untouched] * len(layout.zone_seats)
        """For each zone, what none of its tables loses less than."""
        busy_seats = [0] * len(layout.zone_seats)
        for place, slots in self._taken.items():
            zone = layout.zone_of[place]
            if self.busy >> place & 1:
                busy_seats[zone] += layout.capacities[place]
            else:
                spoilt = self._lost[place] = lost_slots(slots | closed, self.first, self.after, layout.shortest_turn)
                if spoilt != untouched:
                    self._uneven |= 1 << place
                    self._low[zone] = min(self._low[zone], spoilt)
        self._balance = zone_balance(busy_seats, layout.zone_seats)
        self._shortest_turn = layout.shortest_turn

    def busy_in(self, first: int, after: int) -> int:
        """Tables that are taken in any of these slots of the day, as a mask."""
        wanted = bits(first, after)
        return sum([1 << place for place, slots in self._taken.items() if slots & wanted])

    def slots(self, start: datetime, end: datetime) -> tuple[int, int]:
        """The slots of the day that [start, end) touches: the first, and the one after the last."""
        return slot_range(self._origin, start, end)

    def score(self, stage: Stage, weights: Weights) -> Scored:
        """Score the choices that are free, at most `max_combination_evaluations` of them combinations.

        Single tables cost no budget. Choices come best standing first, so what the budget leaves out stood worst, and
        the look ends where no later one could still come among the best `max_candidates`.
        """
        busy, lost, low = self.busy, self._lost, self._low
        uneven = busy | self._uneven
        balance = [share * weights.zone_balance for share in self._balance]
        a_slot = weights.fragmentation / self._shortest_turn
        least = min(balance, default=0.0) + min(lost[:-1], default=0) * a_slot
        budget, most = weights.max_combination_evaluations, weights.max_candidates
        # What one slack has too many of, another one makes up.
        most = len(stage.masks) + 1 if weights.max_plans_per_slack < most else most
        found: list[Ranked] = []
        best: list[float] = []  # a heap of the best scores so far, negated: its head is the worst of them
        tried, dropped, cut_short, worst, far = 0, 0, False, inf, inf
        for standing, zone, size, masks, rows in stage.runs:
            if standing + least > worst:
                break
            several, share = size > 1, balance[zone]
            if standing + low[zone] * size * a_slot + share > far:
                # None of them comes among the best: they are only counted.
                count = len([None for mask in masks if not mask & busy])
                if several:
                    cut_short = cut_short or count > budget - tried
                    count = min(count, budget - tried)
                    tried += count
                dropped += count
                continue
            usual = size * self._untouched
            alike = round(standing + usual * a_slot + share, DIGITS)
            for mask, pick, coarse, fine, choice in rows:
                spoilt, points = usual, alike
                if mask & uneven:
                    if mask & busy:
                        continue
                    spoilt = sum(pick(lost))
                    points = round(standing + spoilt * a_slot + share, DIGITS)
                if standing + least > worst:
                    break
                if several:
                    if tried == budget:
                        cut_short = True
                        break
                    tried += 1
                if points > worst:
                    dropped += 1
                    continue
                found.append((points, coarse, spoilt, fine, choice))
                if len(best) < most:
                    heappush(best, -points)
                elif points < worst:
                    heapreplace(best, -points)
                else:
                    continue
                if len(best) == most:
                    worst = -best[0]
                    far = worst + _ROUNDED
        return Scored(found, tried, dropped, cut_short)
