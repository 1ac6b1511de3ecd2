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
        self._lost = [untouched] * len(layout.tables)
        busy_seats = [0] * len(layout.zone_seats)
        for place, slots in self._taken.items():
            if self.busy >> place & 1:
                busy_seats[layout.zone_of[place]] += layout.capacities[place]
            else:
                self._lost[place] = lost_slots(slots | closed, self.first, self.after, layout.shortest_turn)
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
        busy, lost = self.busy, self._lost
        balance = [share * weights.zone_balance for share in self._balance]
        a_slot = weights.fragmentation / self._shortest_turn
        least = min(balance, default=0.0) + min(lost, default=0) * a_slot
        budget, most = weights.max_combination_evaluations, weights.max_candidates
        if weights.max_plans_per_slack < most:  # what one slack has too many of, another one makes up
            most = len(stage.masks) + 1
        found: list[Ranked] = []
        best: list[float] = []  # a heap of the best scores so far, negated: its head is the worst of them
        tried, dropped, cut_short, worst = 0, 0, False, inf
        for mask, standing, coarse, fine, choice in zip(*stage, strict=True):
            if mask & busy:
                continue
            if standing + least > worst:
                break
            places = choice.places
            if len(places) == 1:
                spoilt = lost[places[0]]
            elif tried < budget:
                tried += 1
                spoilt = sum([lost[place] for place in places])
            else:
                cut_short = True
                continue
            points = round(standing + spoilt * a_slot + balance[choice.zone], DIGITS)
            if points > worst:
                dropped += 1
                continue
            found.append((points, coarse, spoilt, fine, choice))
            if len(best) < most:
                heappush(best, -points)
            else:
                heapreplace(best, -points)
            if len(best) == most:
                worst = -best[0]
        return Scored(found, tried, dropped, cut_short)
