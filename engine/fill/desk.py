"""What every attempt of a run works with: clock, log, and who of this run has which table."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from engine.clock import Clock
from engine.model.event import Event
from engine.model.floor import Window
from engine.model.turn import Order

Log = Callable[[Event], None]
"""Takes an event into journal and tally. Returns only when it is written; raises RecordsFailed."""


KEPT = 20_000
"""So many tables taken are remembered at most; the evening that was left alone longest is forgotten first."""
_Evening = tuple[str, date]
"""A restaurant, and the day (UTC) tables are taken from."""


class Holders:
    """Who of this run took which table for when, so that a conflict can say with whom. Bounded by `KEPT`."""

    def __init__(self) -> None:
        self._evenings: dict[_Evening, dict[str, list[tuple[Window, str, int]]]] = {}
        """By table number, in the order they were taken; the evening that was left alone longest comes first."""
        self._count = 0

    def take(self, order: Order, tables: tuple[str, ...], window: Window, worker: str) -> None:
        """The worker has these tables from now on."""
        key = order.turn.restaurant, window.start.date()
        evening = self._evenings.pop(key, None)
        self._evenings[key] = evening = {} if evening is None else evening
        for table in tables:
            evening.setdefault(table, []).append((window, worker, order.attempt))
        self._count += len(tables)
        while self._count > KEPT and len(self._evenings) > 1:
            oldest = self._evenings.pop(next(iter(self._evenings)))
            self._count -= sum(map(len, oldest.values()))

    def give_back(self, order: Order, tables: tuple[str, ...], window: Window | None) -> None:
        """The attempt has these tables no more."""
        for evening in self._near(order, window):
            for table in tables:
                taken = evening.get(table, [])
                evening[table] = left = [one for one in taken if one[2] != order.attempt]
                self._count -= len(taken) - len(left)

    def forget(self) -> None:
        """Nobody has any: a repeat begins."""
        self._evenings.clear()
        self._count = 0

    def other(self, order: Order, tables: tuple[str, ...], window: Window | None) -> str | None:
        """The last one but this attempt to take one of the tables for then: `w03 #17`; None when nobody of ours did."""
        if window is None:
            return None
        for table in tables:
            for evening in self._near(order, window):
                for taken, worker, attempt in reversed(evening.get(table, [])):
                    if attempt != order.attempt and taken.start < window.end and taken.end > window.start:
                        return f"{worker} #{attempt}"
        return None

    def _near(self, order: Order, window: Window | None) -> Iterator[dict[str, list[tuple[Window, str, int]]]]:
        """Evenings that a window may overlap, the last one first: none is as long as a day."""
        if window is not None:
            for on in dict.fromkeys((window.end.date(), window.start.date(), window.start.date() - timedelta(days=1))):
                evening = self._evenings.get((order.turn.restaurant, on))
                if evening is not None:
                    yield evening


class Windows(NamedTuple):
    """How long a booking is asked after that somebody else gives its tables, from its submit; nanoseconds."""

    inline_ns: int = 25_000_000_000
    background_ns: int = 90_000_000_000
    poll_ns: int = 250_000_000


class Desk(NamedTuple):
    """What every attempt of a run works with."""

    clock: Clock
    log: Log
    holders: Holders
    zones: Mapping[UUID, str]
    """Names of the zones, for screens."""
    retries: Callable[[], int] = lambda: 0
    """How many retries an attempt has, as the settings in force say."""
    windows: Windows = Windows()
