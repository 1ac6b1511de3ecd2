"""What the table planner sees: tables, zones, adjacency, policy, and what it answers."""

from datetime import datetime, time
from typing import NewType
from uuid import UUID

import msgspec

TableId = NewType("TableId", UUID)
ZoneId = NewType("ZoneId", UUID)
BookingId = NewType("BookingId", UUID)
HoldId = NewType("HoldId", UUID)


class Zone(msgspec.Struct, frozen=True):
    """A zone of the floor. The booking's zone lock names one."""

    id: UUID
    name: str
    sort_order: int = 0


class Table(msgspec.Struct, frozen=True):
    """A table of the inventory."""

    id: UUID
    number: str
    zone_id: UUID
    capacity: int
    """Seats."""
    min_party: int
    max_party: int | None
    category: str
    seating_type: str
    movable: bool


class Hours(msgspec.Struct, frozen=True):
    """Opening hours of one day of the week, local time of the restaurant."""

    day_of_week: int
    """0 is Sunday, as the platform stores it."""
    opens_at: time | None
    closes_at: time | None
    is_closed: bool


class Policy(msgspec.Struct, frozen=True):
    """The platform's one service policy row: lunch and dinner, local time, and the buffer after each sitting."""

    lunch_start: time
    lunch_end: time
    dinner_start: time
    dinner_end: time
    clean_buffer_minutes: int


class Floor(msgspec.Struct, frozen=True):
    """One restaurant as the planner sees it. Adjacency pairs are undirected and stored in one direction."""

    restaurant_id: UUID
    slug: str
    name: str
    timezone: str
    reservation_interval_minutes: int
    zones: tuple[Zone, ...]
    tables: tuple[Table, ...]
    adjacency: tuple[tuple[UUID, UUID], ...]
    hours: tuple[Hours, ...]
    policy: Policy


class Window(msgspec.Struct, frozen=True):
    """How long tables are taken for a booking: [start, end), UTC, buffers included in `end`."""

    service: str
    """`lunch` or `dinner`."""
    start: datetime
    end: datetime


class Busy(msgspec.Struct, frozen=True):
    """One table that is taken for [start, end), UTC."""

    table_id: UUID
    start: datetime
    end: datetime
    hold_id: UUID | None = None
    """The hold that takes it; None for an assignment."""
    expired: bool = False
    """A hold past its expiry: the exclusion constraint still counts it until it is released."""


class Candidate(msgspec.Struct, frozen=True):
    """One set of tables that would seat the party. Lower score is better."""

    tables: tuple[Table, ...]
    """Ordered by table number."""
    score: float
    capacity: int
    """Seats of all its tables together."""

    @property
    def numbers(self) -> tuple[str, ...]:
        """Its table numbers."""
        return tuple(table.number for table in self.tables)


class PlannerStats(msgspec.Struct, frozen=True):
    """What the planner did for one quote, counted."""

    total_tables: int = 0
    busy_tables: int = 0
    filtered_tables: int = 0
    """Tables left after the time and party filters."""
    combinations_tried: int = 0
    candidates: int = 0
    cut_short: bool = False
    """The evaluation budget ran out before all combinations were tried."""
    relaxed: str = ""
    """The rule that gave way to find anything: `minimum party size` or `overage`; empty when none did."""


class Quote(msgspec.Struct, frozen=True):
    """The planner's answer: candidates best first, or none and the platform's reason text."""

    window: Window | None
    candidates: tuple[Candidate, ...]
    stats: PlannerStats
    reason: str | None = None
    """Why there is no candidate, in the platform's words; None when there is one."""


class Weights(msgspec.Struct, frozen=True):
    """Weights of the score and limits of the search; the platform's defaults."""

    overage: float = 5
    table_count: float = 3
    fragmentation: float = 2
    zone_balance: float = 4
    adjacency_cost: float = 1
    max_overage: int = 4
    """Seats a candidate may have beyond the party."""
    max_tables: int = 3
    max_combination_evaluations: int = 500
    max_candidates: int = 50
