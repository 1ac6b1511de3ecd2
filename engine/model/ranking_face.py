"""What workers fight for most, and what would clear it, as the ranking shows it."""

from enum import StrEnum

import msgspec


class Where(StrEnum):
    """By what contention is counted."""

    TABLE = "table"
    ZONE = "zone"
    SLOT = "slot"


class Rank(msgspec.Struct, frozen=True, array_like=True):
    """Refusals of one kind at one place."""

    where: Where
    name: str
    outcome: str
    """The outcome's word: a hold conflict, a zone lock or an overlap."""
    count: int
    trend: tuple[int, ...]
    """Refusals in each ten seconds of the last two minutes, oldest first; the last one is still filling."""

    @property
    def last_minute(self) -> int:
        """Refusals of the last minute."""
        return sum(self.trend[len(self.trend) // 2 :])

    @property
    def minute_before(self) -> int:
        """Refusals of the minute before that one."""
        return sum(self.trend[: len(self.trend) // 2])


class Cure(msgspec.Struct, frozen=True):
    """What would clear something, and how much of it."""

    count: int
    """What lies there now; of refusals those of the last minute."""
    what: str
    """`bookings locked to a zone`."""
    command: str
    """As it is typed in the console; empty where only the reason can be told."""
    needs: str = ""
    """What must be so before: `while the run is paused`; empty for nothing."""


class Forecast(msgspec.Struct, frozen=True):
    """Of the turns that come next, those that something waits for that was left behind."""

    turns: int = 0
    """So many were looked at."""
    zone_lock: int = 0
    """Of them, bookings that are locked to a zone, so that any other one would be refused."""
    stale_hold: int = 0
    """Of the others, those at whose time a stale hold blocks tables."""


class RankingFace(msgspec.Struct, frozen=True, omit_defaults=True):
    """Contention of the whole run, ranked."""

    totals: dict[str, int] = {}
    """Refusals by the outcome's word, of the outcomes that are ranked."""
    trend: tuple[int, ...] = ()
    """All of them together in each ten seconds of the last two minutes, oldest first."""
    ranks: tuple[Rank, ...] = ()
    """At most 12 tables, then as many zones, then slots; the most refused first."""
    cures: tuple[Cure, ...] = ()
    """What clears most first."""
    forecast: Forecast = Forecast()
