"""Whether a database is fit, from what its catalogue says: what is missing, and how to adapt. Pure."""

import re
from typing import NamedTuple

import msgspec

from engine.contract import Adaptation, Contract
from engine.model.probe_rows import ConstraintRow, DigestRow, FunctionRow, ServerRow, TableRow

OLDEST, NEWEST = 15, 18
"""Major versions of Postgres that slotfill is tested with."""

NEEDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "restaurants": ("SELECT", ("id", "slug", "name", "timezone", "reservation_interval_minutes", "is_active")),
    "zones": ("SELECT", ("id", "restaurant_id", "name", "sort_order")),
    "table_inventory": (
        "SELECT",
        (
            *("id", "restaurant_id", "table_number", "zone_id", "capacity", "min_party_size", "max_party_size"),
            *("category", "seating_type", "mobility", "active", "status"),
        ),
    ),
    "table_adjacencies": ("SELECT", ("table_a", "table_b")),
    "restaurant_operating_hours": (
        "SELECT",
        ("restaurant_id", "day_of_week", "effective_date", "opens_at", "closes_at", "is_closed"),
    ),
    "service_policy": (
        "SELECT",
        ("lunch_start", "lunch_end", "dinner_start", "dinner_end", "clean_buffer_minutes"),
    ),
    "customers": (
        "SELECT INSERT",
        ("id", "restaurant_id", "full_name", "email", "phone", "email_normalized"),
    ),
    "bookings": (
        "SELECT INSERT",
        (
            *("id", "restaurant_id", "customer_id", "booking_date", "start_time", "end_time", "party_size"),
            *("booking_type", "status", "customer_name", "customer_email", "customer_phone", "reference", "source"),
            *("idempotency_key", "details", "assigned_zone_id"),
        ),
    ),
    "booking_table_assignments": (
        "SELECT",
        ("booking_id", "table_id", "start_at", "end_at", "assignment_window"),
    ),
    "table_holds": (
        "SELECT INSERT DELETE",
        ("id", "restaurant_id", "booking_id", "zone_id", "start_at", "end_at", "expires_at", "metadata"),
    ),
    "table_hold_members": ("SELECT INSERT DELETE", ("hold_id", "table_id")),
    "table_hold_windows": (
        "SELECT",
        ("hold_id", "table_id", "restaurant_id", "start_at", "end_at", "expires_at", "hold_window"),
    ),
    "allocations": ("", ("booking_id", "resource_type", "resource_id", "shadow", "restaurant_id", "window")),
    "booking_assignment_idempotency": ("", ("booking_id", "idempotency_key", "table_ids")),
    # What the platform's functions write while they assign and confirm.
    "booking_slots": ("", ("restaurant_id", "slot_date", "slot_time")),
    "booking_confirmation_results": ("", ("booking_id", "idempotency_key", "hold_id", "metadata")),
    "booking_state_history": ("", ("booking_id", "from_status", "to_status")),
    "capacity_outbox": ("", ("event_type", "status", "dedupe_key")),
}
"""Every table a fill touches: rights that our own statements need there, and the columns they name."""

BY_TRIGGER = {"table_hold_windows": "INSERT DELETE", "allocations": "SELECT INSERT UPDATE DELETE"}
"""Rights that holding needs besides, where the trigger that keeps windows does not run as its owner."""

CREATE = "create_booking_with_capacity_check"
CONFIRM = "confirm_hold_assignment_tx"
CONFIRM_TABLES = "confirm_hold_assignment_with_transition"
ASSIGN = "assign_tables_atomic_v2"
HOLD_TRIGGER = "sync_table_hold_windows"
CAPACITY_CHECK = "validate_booking_capacity_after_assignment"
FUNCTIONS = (CONFIRM, CONFIRM_TABLES, ASSIGN, CREATE, HOLD_TRIGGER, CAPACITY_CHECK, "release_hold_and_emit")
ASSIGN_ARGUMENTS = 7

EXCLUSIVE = {
    "table_hold_windows": "two holds of one table for the same time would both be granted",
    "booking_table_assignments": "two bookings could be given one table for the same time",
}
"""Tables that must have an exclusion constraint, with what would happen without."""

_OUTLASTS = re.compile(r"expires_at\s*>=?\s*end_at|end_at\s*<=?\s*expires_at")
_LOCKS_RESTAURANT = re.compile(r"\brestaurants\b[^;]*\bFOR\s+UPDATE", re.IGNORECASE)


class Found(NamedTuple):
    """What the catalogue says."""

    server: ServerRow
    tables: list[TableRow]
    functions: list[FunctionRow]
    constraints: list[ConstraintRow]
    digests: list[DigestRow]

    def overloads(self, name: str) -> list[FunctionRow]:
        """The functions of that name."""
        return [one for one in self.functions if one.name == name]


def judge(found: Found, *, pooled: bool) -> Contract:
    """What the catalogue alone tells. Pure."""
    server = found.server
    outlast = [one for one in found.constraints if not one.is_exclusion and _OUTLASTS.search(one.definition)]
    secured = [one.name for one in found.tables if one.is_there and one.row_security]
    contract = Contract(
        server=server.version,
        database=server.database,
        role=server.role,
        tables=sum(one.is_there for one in found.tables),
        pooled=pooled,
        holds_outlast_window=bool(outlast),
        needs_context=bool(secured),
        confirms_by_tables=_confirms_by_tables(found),
        unfit=(*_server_trouble(server), *_table_trouble(found), *_function_trouble(found)),
        notes=_notes(found),
    )
    adaptations = []
    if pooled:
        adaptations.append(
            Adaptation(
                "every statement has a transaction of its own, and none is kept prepared",
                "a transaction pooler stands between: the backend is not the one the connection was told of",
            )
        )
    if outlast:
        adaptations.append(
            Adaptation(
                "a hold is stored to expire at the end of its window plus its time to live",
                f"the check {outlast[0].name} on table_holds wants {outlast[0].definition}",
            )
        )
    if contract.confirms_by_tables:
        schemas = ", ".join(one.schema_name for one in found.digests)
        adaptations.append(
            Adaptation(
                f"bookings are confirmed by {CONFIRM_TABLES}, and the hold is given back in the same transaction",
                f"{CONFIRM} calls digest() with search_path public, pgcrypto lives in {schemas}: it fails with 42883",
            )
        )
    if secured:
        adaptations.append(
            Adaptation(
                "app.restaurant_id is set before each attempt",
                f"row security applies to {server.role} on {', '.join(secured)}",
            )
        )
    if server.default_time_zone not in (None, "UTC", "Etc/UTC"):
        adaptations.append(
            Adaptation(
                "every session is in UTC", f"sessions begin in {server.default_time_zone} here, which shifts holds"
            )
        )
    return msgspec.structs.replace(contract, adaptations=tuple(adaptations))


def _server_trouble(server: ServerRow) -> list[str]:
    trouble = []
    if server.version_num // 10000 < OLDEST:
        trouble.append(f"PostgreSQL {server.version}: slotfill works with {OLDEST} to {NEWEST}; upgrade the server")
    if server.is_standby:
        trouble.append("this server is a standby and takes no writes; give the primary's address")
    elif server.read_only:
        trouble.append(
            "default_transaction_read_only is on, so nothing can be written; "
            f"ALTER ROLE {server.role} SET default_transaction_read_only = off, or the same for the database"
        )
    return trouble


def _table_trouble(found: Found) -> list[str]:
    there = {one.name: one for one in found.tables if one.is_there}
    if not there:
        absent = (
            f"none of the platform's tables is in the search path of {found.server.role}: not {', '.join(NEEDS)}; "
            "check the database's name and USAGE on its schema, or install the reference schema with slotfill db init"
        )
        return [absent]
    gone = [name for name in NEEDS if name not in there]
    trouble = [f"the table {name} is missing; apply the platform's migrations" for name in gone]
    extra = {} if any(one.as_owner for one in found.overloads(HOLD_TRIGGER)) else BY_TRIGGER
    for name, one in there.items():
        rights, columns = NEEDS[name]
        gone = [column for column in columns if column not in one.columns]
        if gone:
            trouble.append(f"{name} has no column {', '.join(gone)}; apply the platform's migrations")
        wanted = dict.fromkeys([*rights.split(), *extra.get(name, "").split()])
        lacking = [right for right in wanted if right not in one.rights]
        if lacking:
            words = ", ".join(lacking)
            trouble.append(
                f"{found.server.role} may not {words} on {name}; GRANT {words} ON {name} TO {found.server.role}"
            )
        if one.row_security and not one.has_policy and rights:
            trouble.append(
                f"row security on {name} has no policy for {found.server.role}, so every row of it is hidden; "
                "add a policy, or connect as the owner"
            )
    exclusive = {one.table_name for one in found.constraints if one.is_exclusion}
    trouble += [
        f"{name} has no exclusion constraint: {harm}; create extension btree_gist and the constraint"
        for name, harm in EXCLUSIVE.items()
        if name in there and name not in exclusive
    ]
    return trouble


def _function_trouble(found: Found) -> list[str]:
    trouble = []
    if not any(one.most >= ASSIGN_ARGUMENTS for one in found.overloads(ASSIGN)):
        trouble.append(f"the function {ASSIGN} with seven arguments is missing; apply the platform's migrations")
    confirming = found.overloads(CONFIRM)
    if not confirming:
        trouble.append(f"the function {CONFIRM} is missing; apply the platform's migrations")
    elif not any(one.may_execute for one in confirming):
        trouble.append(
            f"{found.server.role} may not execute {CONFIRM}; GRANT EXECUTE ON FUNCTION {CONFIRM} TO {found.server.role}"
        )
    if _wants_digest(found) and not found.digests:
        trouble.append(
            f"the extension pgcrypto is missing, and {CONFIRM} calls its digest(); CREATE EXTENSION pgcrypto"
        )
    return trouble


def _wants_digest(found: Found) -> bool:
    return any("digest(" in one.source for one in found.overloads(CONFIRM))


def _digest_is_elsewhere(found: Found) -> bool:
    schemas = [one.schema_name for one in found.digests]
    return _wants_digest(found) and bool(schemas) and "public" not in schemas


def _confirms_by_tables(found: Found) -> bool:
    """Whether the function that takes a hold must fail, and the one that takes tables is there to be used."""
    return _digest_is_elsewhere(found) and any(one.may_execute for one in found.overloads(CONFIRM_TABLES))


def _notes(found: Found) -> tuple[str, ...]:
    """Faults that are known and that can be seen from outside."""
    notes = []
    if found.server.version_num // 10000 > NEWEST:
        notes.append(f"PostgreSQL {found.server.version} is newer than any slotfill was tested with ({NEWEST})")
    fewer = [one.most for one in found.overloads(ASSIGN) if one.most < ASSIGN_ARGUMENTS]
    if fewer:
        notes.append(
            f"{ASSIGN} has an overload with {fewer[0]} arguments: any call with fewer than seven fails with 42725; "
            "slotfill always has seven given"
        )
    schemas = [one.schema_name for one in found.digests]
    if _digest_is_elsewhere(found) and not _confirms_by_tables(found):
        notes.append(
            f"{CONFIRM} calls digest() with search_path public, and pgcrypto lives in {', '.join(schemas)}: every "
            "confirmation fails with 42883 until it is moved to public"
        )
    if any(_LOCKS_RESTAURANT.search(one.source) for one in found.overloads(CAPACITY_CHECK)):
        notes.append(
            f"{CAPACITY_CHECK} locks the restaurant's row: assignments of one restaurant deadlock (40P01) as soon as "
            "two run at once"
        )
    deferred = [one.name for one in found.constraints if one.is_exclusion and one.is_deferred]
    if deferred:
        notes.append(f"{', '.join(deferred)} is checked at COMMIT only: an overlap shows there and not before")
    return tuple(notes)
