"""The look at what is to come: which plans would leave an upcoming booking without any table."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, timedelta
from typing import NamedTuple

from engine.allocator.moment import Moment
from engine.allocator.occupancy import SLOT
from engine.model.floor import Upcoming, Weights, Window

_GLANCE = 48
"""Sets of the first look at a booking."""


class Look(NamedTuple):
    """What a look ahead came to."""

    blocked: list[int]
    """For each plan, how many upcoming bookings it would leave without any table."""
    evaluations: int
    cut_short: bool


def in_view(upcoming: Iterable[Upcoming], window: Window, weights: Weights) -> list[Upcoming]:
    """Those that start no earlier than the window and soon enough, and whose own window meets it."""
    if not weights.lookahead_penalty:
        return []
    last = window.start + timedelta(minutes=weights.lookahead_minutes)
    # In slots, as tables are busy in: one that begins in the slot the window ends in finds the table taken.
    until = window.end + (window.start.min.replace(tzinfo=UTC) - window.end) % SLOT
    first = window.start
    if until <= last:
        return [one for one in upcoming if first <= one.start < until]
    return [one for one in upcoming if first <= one.start <= last]


def look(
    moment: Moment,
    plans: Sequence[int],
    upcoming: Iterable[Upcoming],
    options: Callable[[int], Iterable[Sequence[int]]],
    budget: int,
) -> Look:
    """How many upcoming bookings each of the plans (masks) would leave without any table.

    `options` gives the sets that would seat a party, as masks. A booking that has no free set even without the plan is
    not the plan's to answer for. A plan is cleared by the first free set that it leaves alone; most are by the first
    of all. Each booking is looked at by itself: two that need the same last table both still have it.
    """
    blocked = [0] * len(plans)
    wanted = Counter((*moment.slots(one.start, one.end), one.party) for one in upcoming)
    if not wanted:
        return Look(blocked, 0, cut_short=False)
    around = moment.busy_in(min(first for first, _, _ in wanted), max(after for _, after, _ in wanted))
    spent = 0
    for (first, after, party), count in sorted(wanted.items()):
        # First against what is busy at any time ahead: found once for all, and most bookings need no closer look.
        glance = next(iter(options(party)))[:_GLANCE]
        hit, looked = _hit(plans, [glance], around, budget - spent)
        spent += looked
        if hit == []:
            continue
        hit, looked = _hit(plans, options(party), moment.busy_in(first, after), budget - spent)
        spent += looked
        if spent >= budget:
            return Look(blocked, spent, cut_short=True)
        for plan in hit or ():
            blocked[plan] += count
    return Look(blocked, spent, cut_short=False)


def _hit(
    plans: Sequence[int], options: Iterable[Sequence[int]], busy: int, budget: int
) -> tuple[list[int] | None, int]:
    """Plans (by position) that meet every free set, None when no set is free; and how many sets were looked at."""
    standing = None
    looked = 0
    for masks in options:
        for mask in masks:
            if looked >= budget:
                return standing, looked
            looked += 1
            if mask & busy:
                continue
            among = range(len(plans)) if standing is None else standing
            standing = [plan for plan in among if plans[plan] & mask]
            if not standing:
                return standing, looked
    return standing, looked
