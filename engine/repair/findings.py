"""Finding a run's rows, table by table: each by a statement of its own, in the order in which one leads to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from engine.database import Connection
from engine.model.clean import CleanRow, Footprint, GuestRow, LeftAlone, Restored, StandingBooking
from engine.model.probe_rows import TableRow
from engine.repair.belongings import judged, short

REMOVES = {
    "table_hold_members": "clean/remove_table_hold_members",
    "table_hold_windows": "clean/remove_table_hold_windows",
    "table_holds": "clean/remove_table_holds",
    "booking_table_assignments": "clean/remove_booking_table_assignments",
    "booking_assignment_idempotency": "clean/remove_booking_assignment_idempotency",
    "booking_confirmation_results": "clean/remove_booking_confirmation_results",
    "allocations": "clean/remove_allocations",
    "capacity_outbox": "clean/remove_capacity_outbox",
    "booking_state_history": "clean/remove_booking_state_history",
    "booking_assignment_state_history": "clean/remove_booking_assignment_state_history",
    "booking_assignment_attempts": "clean/remove_booking_assignment_attempts",
    "booking_versions": "clean/remove_booking_versions",
    "observability_events": "clean/remove_observability_events",
    "analytics_events": "clean/remove_analytics_events",
    "slotfill_planted": "clean/remove_slotfill_planted",
    "bookings": "clean/remove_bookings",
    "customers": "clean/remove_customers",
    "booking_slots": "clean/remove_booking_slots",
    "audit_logs": "clean/remove_audit_logs",
}
"""The tables a run leaves rows in, in the order they are removed in, each with its statement."""
LAST = "audit_logs"
"""Removing assignments is audited too: these rows are looked for once more when all else is gone."""
ORDER = tuple(table for table in REMOVES if table != LAST)
_SESSIONS = "manual_assignment_sessions"
_OURS = frozenset({"slotfill_planted"})
"""Part of the embedded platform alone: nobody misses it elsewhere."""
_COLUMNS: dict[str, tuple[str, ...]] = {
    "booking_state_history": ("id", "booking_id", "changed_at"),
    "booking_assignment_state_history": ("id", "booking_id"),
    "booking_assignment_attempts": ("id", "booking_id"),
    "booking_versions": ("id", "booking_id"),
    "observability_events": ("id", "booking_id", "context", "source"),
    "analytics_events": ("id", "booking_id", "customer_id"),
    "slotfill_planted": ("fault", "relation", "id"),
    "audit_logs": ("id", "entity_id", "metadata"),
    _SESSIONS: ("booking_id",),
}
"""Tables that no fill needs, so that nobody has looked at them: with other columns they are passed over, and said."""


class _Keep(Protocol):
    async def __call__(self, table: str, statement: str, *args: object) -> list[str]: ...


@dataclass
class Findings:
    """The run's rows in one group of restaurants."""

    mine: Footprint
    restaurants: list[UUID]
    context: Mapping[str, str]
    """Session settings under which row security shows them."""
    gone: list[UUID] = field(default_factory=list)
    back: list[Restored] = field(default_factory=list)
    left: list[LeftAlone] = field(default_factory=list)
    rows: dict[str, list[str]] = field(default_factory=dict)
    """Keys of the rows that go, by table; a table that is not there is not in it."""
    absent: list[str] = field(default_factory=list)

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to do."""
        return not self.back and not any(self.rows.values())

    @property
    def backs(self) -> list[UUID]:
        """Bookings that are put back."""
        return [one.booking_id for one in self.back]

    def of(self, *tables: str) -> list[list[str]]:
        """The keys found in some tables."""
        return [self.rows.get(table, []) for table in tables]


async def find(
    connection: Connection, mine: Footprint, restaurants: list[UUID], context: Mapping[str, str]
) -> Findings:
    """What is there of the run at these restaurants. Raises what a statement raises."""
    found = Findings(mine, restaurants, context)
    there = await _tables(connection, found)
    named = [*mine.made, *mine.changed]
    standing = await connection.rows(
        "clean/bookings", StandingBooking, mine.run, mine.prefix, named, list(mine.holds), restaurants
    )
    in_use: set[UUID] = set()
    if _SESSIONS in there:
        ids = [one.booking_id for one in standing]
        in_use = {UUID(row.key) for row in await connection.rows("clean/manual_assignment_sessions", CleanRow, ids)}
    found.gone, found.back, found.left = judged(standing, mine, in_use)

    async def keep(table: str, statement: str, *args: object) -> list[str]:
        """The keys that the statement finds in a table, kept; none where there is no such table."""
        if table not in there:
            return []
        found.rows[table] = [row.key for row in await connection.rows(statement, CleanRow, *args)]
        return found.rows[table]

    await _find_tables(keep, found)
    await _find_told(keep, found)
    await _find_guests(connection, keep, found)
    found.rows["bookings"] = [str(one) for one in found.gone]
    if LAST in there:
        found.rows[LAST] = await found_audit(connection, found)
    return found


async def found_audit(connection: Connection, found: Findings) -> list[str]:
    """Rows of the audit trail that tell of what goes."""
    assignments = found.rows.get("booking_table_assignments", [])
    rows = await connection.rows(
        "clean/audit_logs", CleanRow, found.gone, found.backs, assignments, short(found.mine.transactions)
    )
    return [row.key for row in rows]


async def _find_tables(keep: _Keep, found: Findings) -> None:
    """Holds, assignments, what the books say of them, and what takes tables by them."""
    mine, gone, back = found.mine, found.gone, found.backs
    holds = [
        UUID(key)
        for key in await keep("table_holds", "clean/table_holds", mine.run, list(mine.holds), found.restaurants)
    ]
    await keep("table_hold_members", "clean/table_hold_members", holds)
    await keep("table_hold_windows", "clean/table_hold_windows", holds)
    assignments = await keep("booking_table_assignments", "clean/booking_table_assignments", [*gone, *back])
    results = await keep(
        "booking_confirmation_results",
        "clean/booking_confirmation_results",
        gone,
        back,
        mine.run,
        mine.prefix,
        list(mine.holds),
    )
    ledger = await keep(
        "booking_assignment_idempotency", "clean/booking_assignment_idempotency", gone, back, mine.prefix, results
    )
    granted = [f"{one}/{number}" for one, numbers in mine.granted.items() for number in numbers]
    await keep(
        "allocations",
        "clean/allocations",
        gone,
        list(mine.granted),
        holds,
        assignments,
        ledger,
        granted,
        found.restaurants,
    )


async def _find_told(keep: _Keep, found: Findings) -> None:
    """What tells of the run's bookings."""
    mine, gone, back = found.mine, found.gone, found.backs
    results = found.rows.get("booking_confirmation_results", [])
    await keep("capacity_outbox", "clean/capacity_outbox", gone, back, mine.prefix, list(mine.holds))
    await keep("booking_state_history", "clean/booking_state_history", gone, back, short(mine.transactions), results)
    await keep("booking_assignment_state_history", "clean/booking_assignment_state_history", gone)
    await keep("booking_assignment_attempts", "clean/booking_assignment_attempts", gone)
    await keep("booking_versions", "clean/booking_versions", gone)
    await keep("observability_events", "clean/observability_events", gone, mine.run)
    await keep("slotfill_planted", "clean/slotfill_planted", gone)


async def _find_guests(connection: Connection, keep: _Keep, found: Findings) -> None:
    """The run's guests, and the slots that it made."""
    mine = found.mine
    emails = [f"sf-{one}@example.invalid" for one in mine.guests]
    guests = await connection.rows("clean/customers", GuestRow, found.gone, emails, found.restaurants)
    found.rows["customers"] = [one.key for one in guests if not one.is_kept]
    found.left += [
        LeftAlone("customers", one.key, "a booking that stays refers to this guest") for one in guests if one.is_kept
    ]
    await keep("analytics_events", "clean/analytics_events", found.gone, found.rows["customers"])
    await keep(
        "booking_slots",
        "clean/booking_slots",
        [*found.gone, *found.backs],
        found.restaurants,
        short(found.mine.transactions),
        *found.of("booking_table_assignments", "booking_confirmation_results", "booking_state_history"),
    )


async def _tables(connection: Connection, found: Findings) -> set[str]:
    """Tables that can be looked into; the others are noted."""
    there = set()
    for one in await connection.rows("probe/tables", TableRow, [*REMOVES, _SESSIONS]):
        usable = one.is_there and set(_COLUMNS.get(one.name, ())) <= set(one.columns) and "SELECT" in one.rights
        if usable:
            there.add(one.name)
        elif one.name not in _OURS:
            found.absent.append(one.name)
    return there
