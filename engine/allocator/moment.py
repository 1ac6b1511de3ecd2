"""A floor in one window: what is busy, and what that adds to the score of each set of tables."""

from collections.abc import Sequence
from datetime import time
from math import inf
from typing import NamedTuple

from engine.allocator.candidates import Choice, Stage
from engine.allocator.layout import Layout
from engine.allocator.occupancy import SLOT, bits, busy_bits, slot_range
from engine.allocator.score import DIGITS, fragmentation, zone_balance
from engine.allocator.window import hours_on, instant
from engine.model.floor import Busy, Weights, Window


class Scored(NamedTuple):
    """What one look at the choices gave."""

    found: list[tuple[float, int, Choice]]
    """Free choices, each with its score and its rank among equal scores."""
    tried: int
    """Combinations that were scored."""
    cut_short: bool
    """Free combinations were left unscored."""


class Moment:
    """The floor in one window. Tables are busy, zones are fuller or emptier, gaps are lost."""

    def __init__(self, layout: Layout, window: Window, busy: Sequence[Busy]) -> None:
        on = window.start.astimezone(layout.timezone).date()
        origin = instant(layout.timezone, on, time(0))
        first, after = slot_range(origin, window.start, window.end)
        wanted = bits(first, after)
        taken = busy_bits(busy, layout.places, origin)
        self.busy = sum(1 << place for place, slots in enumerate(taken) if slots & wanted)
        """Tables that are taken in any slot of the window, as a mask."""
        closed = 0
        hours = hours_on(layout.floor, on)
        if hours is not None:
            opens, closes = ((instant(layout.timezone, on, at) - origin) // SLOT for at in hours)
            closed = bits(0, opens) | 1 << closes
        untouched = fragmentation(closed, first, after, layout.shortest_turn)
        self._fragmentation = [
            fragmentation(slots | closed, first, after, layout.shortest_turn) if slots else untouched for slots in taken
        ]
        busy_seats = [
            sum(layout.capacities[place] for place in members if self.busy >> place & 1)
            for members in layout.zone_members
        ]
        self._balance = zone_balance(busy_seats, layout.zone_seats)

    def score(self, stage: Stage, weights: Weights) -> Scored:
        """Score the choices that are free, at most `max_combination_evaluations` of them combinations.

        Single tables cost no budget. Choices come best standing first, so what the budget leaves out stood worst, and
        the look ends where no later one could still come among the best `max_candidates`.
        """
        busy, lost = self.busy, self._fragmentation
        balance = [share * weights.zone_balance for share in self._balance]
        least = min(balance, default=0.0)
        found: list[tuple[float, int, Choice]] = []
        tried, cut_short, worst = 0, False, -inf
        for mask, rank, choice in zip(*stage, strict=True):
            if mask & busy:
                continue
            if len(found) >= weights.max_candidates and choice.standing + least > worst:
                break
            if len(choice.places) == 1:
                spoilt = lost[choice.places[0]]
            elif tried < weights.max_combination_evaluations:
                tried += 1
                spoilt = sum([lost[place] for place in choice.places])
            else:
                cut_short = True
                continue
            points = round(choice.standing + spoilt * weights.fragmentation + balance[choice.zone], DIGITS)
            if len(found) < weights.max_candidates:
                worst = max(worst, points)
            found.append((points, rank, choice))
        return Scored(found, tried, cut_short)
