"""What every attempt of a run works with: clock, log, and who of this run has which table."""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from uuid import UUID

from engine.clock import Clock
from engine.model.event import Event
from engine.model.floor import Window
from engine.model.turn import Order

Log = Callable[[Event], None]
"""Takes an event into journal and tally. Returns only when it is written; raises RecordsFailed."""


class Holders:
    """Who of this run took which table for when, so that a conflict can say with whom."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, str], list[tuple[Window, str, int]]] = {}
        """By restaurant and table number, in the order they were taken."""

    def take(self, order: Order, tables: tuple[str, ...], window: Window, worker: str) -> None:
        """The worker has these tables from now on."""
        for table in tables:
            self._taken.setdefault((order.turn.restaurant, table), []).append((window, worker, order.attempt))

    def give_back(self, order: Order, tables: tuple[str, ...]) -> None:
        """The attempt has these tables no more."""
        for table in tables:
            key = (order.turn.restaurant, table)
            self._taken[key] = [one for one in self._taken.get(key, ()) if one[2] != order.attempt]

    def other(self, order: Order, tables: tuple[str, ...], window: Window | None) -> str | None:
        """The last one but this attempt to take one of the tables for then: `w03 #17`; None when nobody of ours did."""
        if window is None:
            return None
        for table in tables:
            for taken, worker, attempt in reversed(self._taken.get((order.turn.restaurant, table), [])):
                if attempt != order.attempt and taken.start < window.end and taken.end > window.start:
                    return f"{worker} #{attempt}"
        return None


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
