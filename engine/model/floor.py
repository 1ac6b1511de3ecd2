"""What the table planner sees: tables, zones, adjacency, policy, and what it answers."""

from datetime import date, datetime, time
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
    """Opening hours of one day of the week, or of one date, local time of the restaurant."""

    day_of_week: int
    """0 is Sunday, as the platform stores it."""
    opens_at: time | None
    closes_at: time | None
    is_closed: bool
    effective_date: date | None = None
    """The one date that the row is for: there it stands instead of its weekday's."""


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


class Upcoming(msgspec.Struct, frozen=True):
    """A pending booking that will want tables for [start, end), UTC: its table window, not its booking window."""

    start: datetime
    end: datetime
    party: int


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


class Skips(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the planner left out and why, counted under the platform's names. Sets, where nothing else is said.

    All but `limit` and `bucket` are counted while sets are searched, once for each party size, so that a quote pays
    nothing for them. A quote counts those of the rules that it came to: the strict ones, or with them the relaxed.
    """

    capacity: int = 0
    """Single tables whose largest party is below this one, or whose smallest is above it."""
    overage: int = 0
    """More seats beyond the party than allowed."""
    adjacency: int = 0
    """Sets that would do but do not touch as the strategy wants; counted once the relaxed ones were searched."""
    adjacency_pairwise: int = 0
    """Connected, but not every two of them touch; counted as above."""
    adjacency_neighbors: int = 0
    """Connected, but none of them touches all others."""
    adjacency_frontier: int = 0
    """Sets with seats too few that nothing further touches."""
    kmax: int = 0
    """As many tables as one set may have, and still too few seats."""
    zone: int = 0
    """Adjacency rows between tables of two zones."""
    limit: int = 0
    """Plans beyond the most candidates of one quote, and sets beyond those that are kept of one floor."""
    bucket: int = 0
    """Plans beyond the most of one slack, that is of one overage."""
    capacity_upper_bound: int = 0
    """Sets not grown, as even the largest tables could not make up the seats."""
    timeout: int = 0
    """Zones whose search was ended by the evaluation budget, which stands for the platform's clock here."""
    seed_limit: int = 0
    """Always 0: every table may begin a set here."""


class PlannerStats(msgspec.Struct, frozen=True):
    """What the planner did for one quote, counted.

    The platform's own list (`platform.md` 3.2) has two more: its hold conflicts are the crew's to count, as holding
    comes after the quote, and its duration is the time of the step.
    """

    total_tables: int = 0
    busy_tables: int = 0
    """Time pruned: taken in the window."""
    filtered_tables: int = 0
    """Tables left after the time and party filters."""
    combinations_tried: int = 0
    plans: int = 0
    """Free sets that were scored, before the limits of how many a quote gives."""
    candidates: int = 0
    cut_short: bool = False
    """An evaluation budget ran out, or sets were not kept, before all had been looked at."""
    relaxed: str = ""
    """The rule that gave way last to find anything: `minimum party size`, `adjacency` or `overage`; empty when none
    did."""
    combinations_enabled: bool = True
    """The strategy allows sets of several tables."""
    demand_multiplier: float = 1.0
    """What the overage was multiplied by at that hour."""
    blocking: int = 0
    """Plans that would have left an upcoming booking without any table, and were put back for it."""
    lookahead_evaluations: int = 0
    """Sets that the look-ahead went through."""
    skips: Skips = Skips()

    @property
    def free_tables(self) -> int:
        """Tables left after time pruning alone."""
        return self.total_tables - self.busy_tables

    @property
    def alternates(self) -> int:
        """Candidates beside the best one."""
        return max(0, self.candidates - 1)


class Quote(msgspec.Struct, frozen=True):
    """The planner's answer: candidates best first, or none and the platform's reason text."""

    window: Window | None
    candidates: tuple[Candidate, ...]
    stats: PlannerStats
    reason: str | None = None
    """Why there is no candidate, in the platform's words; None when there is one."""
    requires_adjacency: bool = True
    """Whether the tables of its candidates touch as the strategy wants; to be told to the hold and to the confirming
    function, so that what a quote relaxed is not enforced afterwards."""


class Weights(msgspec.Struct, frozen=True):
    """Weights of the score and limits of the search; the platform's defaults, where the platform has the thing."""

    overage: float = 5
    """A seat beyond the party, times the hour's demand multiplier."""
    table_count: float = 3
    """A table beyond the first."""
    fragmentation: float = 2
    zone_balance: float = 4
    adjacency_cost: float = 1
    """A pair of tables of the set that does not touch."""
    max_overage: int = 4
    """Seats a candidate may have beyond the party."""
    max_tables: int = 3
    max_combination_evaluations: int = 500
    max_candidates: int = 50
    scarcity: float = 22
    """The set's scarcity, a table at most 1."""
    table_size: float = 0
    """A seat of the set's largest table; below 0 the largest tables come first. Not the platform's."""
    zone_order: float = 0
    """A place of its zone in the floor's order of zones. Not the platform's."""
    lookahead_penalty: float = 500
    """An upcoming booking that the plan would leave without any table; 0 looks at none."""
    lookahead_plans: int = 20
    """Best plans that are looked at."""
    lookahead_minutes: int = 120
    """Bookings that start so long after this one at most are looked at."""
    lookahead_evaluations: int = 2_000
    """Sets gone through in one look-ahead; what is not decided by then is not held against a plan."""
    max_plans_per_slack: int = 50
    """Candidates of one overage."""
    max_enumeration: int = 20_000
    """Sets looked at in one zone for one party size. Forty tables that all touch have 10,660 pairs and triples."""
