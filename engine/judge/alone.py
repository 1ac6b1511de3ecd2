"""What the run's own allocator makes of its bookings with one worker: a replay in which nobody is beside it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import time

import msgspec

from engine.allocator.planner import Planner
from engine.judge.demand import Arrival
from engine.model.floor import Busy, Upcoming
from engine.model.strategy import Strategy

_DAY_MINUTES = 24 * 60


class Alone(msgspec.Struct, frozen=True):
    """Who was seated, and why others were not."""

    placed: dict[str, tuple[str, ...]]
    """Table numbers."""
    refused: dict[str, str]
    """The planner's words."""


def alone(
    planner: Planner, ladder: Sequence[Strategy], arrivals: Sequence[Arrival], busy: Iterable[Busy], *, waiting: bool
) -> Alone:
    """Each booking in its turn at the first candidate of the first strategy that has one, as one worker does.

    `waiting`: those still to come wait in the database already, and the planner spares tables for them. One pass is
    all: tables are only taken, so whoever was refused is refused again.
    """
    taken = list(busy)
    placed: dict[str, tuple[str, ...]] = {}
    refused: dict[str, str] = {}
    for one in arrivals:
        coming = _coming(planner, ladder, one, arrivals, placed) if waiting else ()
        reason = ""
        for strategy in ladder:
            quote = planner.quote(one.on, one.at, one.party, taken, strategy=strategy, upcoming=coming)
            if quote.candidates and quote.window is not None:
                first = quote.candidates[0]
                placed[one.booking] = first.numbers
                taken += [Busy(table.id, quote.window.start, quote.window.end) for table in first.tables]
                break
            reason = quote.reason or reason
        else:
            refused[one.booking] = reason
    return Alone(placed, refused)


def _coming(
    planner: Planner,
    ladder: Sequence[Strategy],
    one: Arrival,
    arrivals: Iterable[Arrival],
    placed: Mapping[str, object],
) -> tuple[Upcoming, ...]:
    """What the others want that wait for tables and start with it or within the look-ahead."""
    until = _minutes(one.at) + max((strategy.weights.lookahead_minutes for strategy in ladder), default=0)
    wanting = (
        planner.upcoming(other.on, other.at, other.party)
        for other in arrivals
        if other.on == one.on
        and other.booking not in placed
        and other.booking != one.booking
        and _minutes(one.at) <= _minutes(other.at) <= min(until, _DAY_MINUTES)
    )
    return tuple(coming for coming in wanting if coming is not None)


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
