"""The planner once more, slowly and with nothing remembered: every set of tables is tried against the rules as said."""

from datetime import datetime, timedelta
from itertools import combinations
from uuid import UUID

from engine.allocator.demand import demand_multiplier
from engine.allocator.window import hours_on
from engine.model.floor import Busy, Floor, Table, Upcoming, Window
from engine.model.strategy import AdjacencyMode, Rules, Strategy
from tests.allocator.floors import MONDAY, at

Sets = dict[tuple[str, ...], float]
SLOT = timedelta(minutes=5)
ORIGIN = at(MONDAY, 0)
ORDER = ("", "minimum party size", "adjacency", "overage")
MODES = tuple(AdjacencyMode)


def touch(on: Floor, rules: Rules, one: Table, other: Table) -> bool:
    """Whether a row joins them, as the rules read it."""
    large, small = sorted((one, other), key=lambda table: (-table.capacity, table.number))
    return (large.id, small.id) in on.adjacency or (not rules.directed and (small.id, large.id) in on.adjacency)


def is_adjacent(on: Floor, rules: Rules, tables: tuple[Table, ...], mode: AdjacencyMode) -> bool:
    if len(tables) == 1 or mode is AdjacencyMode.OFF:
        return True
    pairs = {frozenset((a.id, b.id)) for a, b in combinations(tables, 2) if touch(on, rules, a, b)}
    stars = [all(frozenset((one.id, other.id)) in pairs for other in tables if other != one) for one in tables]
    if mode is AdjacencyMode.PAIRWISE:
        return all(stars)
    if mode is AdjacencyMode.NEIGHBORS:
        return any(stars)
    reached = [tables[0].id]
    for one in reached:
        reached += [t.id for t in tables if t.id not in reached and frozenset((one, t.id)) in pairs]
    return len(reached) == len(tables)


def is_lone(on: Floor, rules: Rules, table: Table) -> bool:
    here = {one.id for one in on.tables}
    rows = [row for row in on.adjacency if row[0] in here and row[1] in here and row[0] != row[1]]
    return not any(table.id == a or (table.id == b and not rules.directed) for a, b in rows)


def seats_at_all(tables: tuple[Table, ...], party: int, most: int) -> bool:
    """What no relaxation changes: one zone, movable, seats enough, no table too many."""
    seats = sum(table.capacity for table in tables)
    if len(tables) == 1:
        return party <= min(seats, tables[0].max_party or seats)
    return (
        len(tables) <= most
        and seats >= party
        and all(table.movable for table in tables)
        and len({table.zone_id for table in tables}) == 1
        and all(seats - table.capacity < party for table in tables)
    )


def first_relaxation(on: Floor, rules: Rules, tables: tuple[Table, ...], party: int, strategy: Strategy) -> str:
    if sum(table.capacity for table in tables) - party > strategy.weights.max_overage:
        return "overage"
    if not is_adjacent(on, rules, tables, strategy.adjacency):
        return "adjacency"
    return "minimum party size" if len(tables) == 1 and tables[0].min_party > party else ""


def slots_of(start: datetime, end: datetime) -> set[int]:
    return set(range((start - ORIGIN) // SLOT, -((ORIGIN - end) // SLOT)))


def taken(busy: list[Busy]) -> dict[UUID, set[int]]:
    found: dict[UUID, set[int]] = {}
    for one in busy:
        if not one.expired and one.start < one.end:
            found.setdefault(one.table_id, set()).update(slots_of(one.start, one.end))
    return found


def possible(on: Floor, rules: Rules, busy: list[Busy], booking: Upcoming, strategy: Strategy) -> dict[str, Sets]:
    """Every free set by the relaxation that first allows it, with its score but for the look-ahead."""
    occupied, wanted = taken(busy), slots_of(booking.start, booking.end)
    drops = rules.drops_lone_tables and strategy.adjacency is not AdjacencyMode.OFF
    free = sorted(
        (t for t in on.tables if not occupied.get(t.id, set()) & wanted and not (drops and is_lone(on, rules, t))),
        key=lambda table: table.number,
    )
    found: dict[str, Sets] = {relaxation: {} for relaxation in ORDER}
    for size in range(1, strategy.weights.max_tables + 1):
        for tables in combinations(free, size):
            if seats_at_all(tables, booking.party, strategy.weights.max_tables):
                relaxation = first_relaxation(on, rules, tables, booking.party, strategy)
                numbers = tuple(table.number for table in tables)
                found[relaxation][numbers] = score(on, rules, occupied, booking, (tables, strategy))
    return found


def score(
    on: Floor,
    rules: Rules,
    occupied: dict[UUID, set[int]],
    booking: Upcoming,
    plan: tuple[tuple[Table, ...], Strategy],
) -> float:
    tables, strategy = plan
    weights, seats = strategy.weights, sum(table.capacity for table in tables)

    def kind(table: Table) -> tuple[int, str, str]:
        return table.capacity, table.category, table.seating_type

    scarcity = [1 / sum(kind(other) == kind(table) for other in on.tables) for table in tables]
    pairs_apart = sum(not touch(on, rules, a, b) for a, b in combinations(tables, 2))
    penalty = (len(tables) - 1) * weights.table_count + pairs_apart * weights.adjacency_cost
    zones = [zone.id for zone in sorted(on.zones, key=lambda zone: zone.sort_order)]
    wanted = slots_of(booking.start, booking.end)
    return (
        (seats - booking.party) * weights.overage * demand_multiplier(booking.start.time())
        + penalty * min(3, 1 + sum(scarcity) / len(tables))
        + sum(scarcity) * weights.scarcity
        + max(table.capacity for table in tables) * weights.table_size
        + zones.index(tables[0].zone_id) * weights.zone_order
        + weights.fragmentation * sum(_lost(on, occupied.get(table.id, set()), wanted) for table in tables)
        + weights.zone_balance * _balance(on, occupied, wanted, tables[0].zone_id)
    )


def blocked(
    on: Floor,
    rules: Rules,
    busy: list[Busy],
    coming: list[Upcoming],
    plan: tuple[tuple[str, ...], Window, Strategy],
) -> int:
    """How many of them the plan would leave without any table who had one before."""
    numbers, window, strategy = plan
    mine = {table.id for table in on.tables if table.number in numbers}
    more = busy + [Busy(table, window.start, window.end) for table in mine]
    count = 0
    for one in coming:
        soon = window.start <= one.start <= window.start + timedelta(minutes=strategy.weights.lookahead_minutes)
        if soon and _any(on, rules, busy, one, strategy) and not _any(on, rules, more, one, strategy):
            count += 1
    return count


def _any(on: Floor, rules: Rules, busy: list[Busy], one: Upcoming, strategy: Strategy) -> bool:
    found = possible(on, rules, busy, one, strategy)
    return any(found[relaxation] for relaxation in (ORDER if strategy.relaxes else ORDER[:1]))


def _lost(on: Floor, occupied: set[int], wanted: set[int]) -> float:
    shortest = -(-(60 + on.policy.clean_buffer_minutes) // 5)
    hours = hours_on(on, MONDAY)
    assert hours is not None
    opens, closes = ((at(MONDAY, one.hour, one.minute) - ORIGIN) // SLOT for one in hours)
    shut = occupied | set(range(opens)) | {closes}
    before = min((min(wanted) - 1 - slot for slot in shut if slot < min(wanted)), default=shortest)
    behind = min((slot - 1 - max(wanted) for slot in shut if slot > max(wanted)), default=shortest)
    return sum(gap for gap in (before, behind) if gap < shortest) / shortest


def _balance(on: Floor, occupied: dict[UUID, set[int]], wanted: set[int], zone: UUID) -> float:
    def share(tables: list[Table]) -> float:
        busy = sum(table.capacity for table in tables if occupied.get(table.id, set()) & wanted)
        return busy / sum(table.capacity for table in tables)

    return share([table for table in on.tables if table.zone_id == zone]) - share(list(on.tables))
