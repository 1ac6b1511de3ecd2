"""Tables of the contract: what is there, and each constraint shown to refuse what it is against."""

import json
import re
from typing import Any

import asyncpg
import pytest

from engine.platform import databases
from tests.platform.house import booking
from tests.scratch import ScratchDatabase

COLUMNS = {
    "strategic_configs": "restaurant_id scarcity_weight demand_multiplier_override future_conflict_penalty",
    "demand_profiles": "restaurant_id day_of_week service_window multiplier",
    "table_scarcity_metrics": "restaurant_id table_type scarcity_score",
    "table_merge_graph": "restaurant_id table_a table_b merge_score notes",
    "allocations_archive": "booking_id resource_type resource_id shadow restaurant_id window is_maintenance "
    "archived_at",
    "booking_assignment_state_history": "booking_id from_state to_state",
    "booking_assignment_attempts": "booking_id attempt_no strategy result reason",
    "manual_assignment_sessions": "state selection hold_id context_version policy_version window_version "
    "tables_version holds_version assignments_version",
    "audit_logs": "actor action entity entity_id metadata",
    "booking_versions": "booking_id version_number change_type old_data new_data",
    "analytics_events": "event_type restaurant_id booking_id payload occurred_at",
    "table_holds": "restaurant_id booking_id zone_id start_at end_at expires_at created_by metadata session_id status "
    "last_touched_at",
    "booking_assignment_idempotency": "booking_id idempotency_key table_ids assignment_window "
    "merge_group_allocation_id table_set_hash payload_checksum expires_at",
    "booking_confirmation_results": "booking_id idempotency_key hold_id table_ids assignment_window actor_id metadata",
    "capacity_outbox": "status event_type dedupe_key attempt_count next_attempt_at restaurant_id booking_id "
    "idempotency_key payload",
    "bookings": "assigned_zone_id auto_assign_idempotency_key auto_assign_last_result assignment_state "
    "assignment_state_version assignment_strategy loyalty_points_awarded confirmation_token_used_at pending_ref",
}
ENUMS = {
    "table_status": "available reserved occupied out_of_service",
    "table_category": "bar dining lounge patio private",
    "table_seating_type": "standard sofa booth high_top",
    "table_mobility": "movable fixed",
    "seating_preference_type": "any indoor outdoor bar window quiet booth",
    "table_hold_status": "active expired confirmed cancelled",
    "area_type": "indoor outdoor covered",
    "booking_status": "confirmed pending cancelled completed PRIORITY_WAITLIST no_show pending_allocation checked_in",
    "booking_assignment_state": "created capacity_verified assignment_pending assignment_in_progress assigned "
    "confirmed failed manual_review",
}
FUNCTIONS = {
    "assign_tables_atomic_v2": (7, 5),
    "confirm_hold_assignment_tx": (13, 10),
    "confirm_hold_assignment_with_transition": (11, 8),
    "create_booking_with_capacity_check": (19, 8),
    "unassign_tables_atomic": (2, 1),
    "release_hold_and_emit": (2, 1),
    "apply_booking_state_transition": (11, 1),
    "sync_confirmed_assignment_windows": (9, 5),
    "validate_booking_capacity_after_assignment": (1, 0),
    "set_hold_conflict_enforcement": (1, 0),
    "is_holds_strict_conflicts_enabled": (0, 0),
    "prune_allocations_history": (2, 1),
    "process_late_arrivals": (0, 0),
    "is_table_available_v2": (4, 1),
    "get_or_create_booking_slot": (4, 1),
    "refresh_table_status": (1, 0),
    "set_restaurant_context": (1, 0),
    "require_restaurant_context": (0, 0),
    "booking_status_summary": (4, 1),
    "assign_single_table": (4, 2),
    "assign_merged_tables": (5, 3),
}
"""Arguments of each, and how many of them have defaults. Once each: an overload would make short calls ambiguous."""

R = "(SELECT id FROM restaurants)"
B = "(SELECT id FROM bookings LIMIT 1)"
HOLD = (
    f"INSERT INTO table_holds (restaurant_id, zone_id, start_at, end_at, expires_at) SELECT {R}, zone_id, "
    "now() + interval '%s', now() + interval '2 h', now() FROM table_inventory LIMIT 1"
)

SCARCE = f"INSERT INTO table_scarcity_metrics (restaurant_id, table_type, scarcity_score) VALUES ({R}, 'booth-4', 0.5)"
PROFILE = "INSERT INTO demand_profiles (day_of_week, service_window) VALUES (0, 'lunch')"
MERGE = f"INSERT INTO table_merge_graph (restaurant_id, table_a, table_b) SELECT {R}, table_a, table_b FROM "
ATTEMPT = (
    f"INSERT INTO booking_assignment_attempts (booking_id, attempt_no, strategy, result) VALUES ({B}, 1, 'x', 'y')"
)
VERSION = (
    "INSERT INTO booking_versions (booking_id, restaurant_id, version_number, change_type) "
    f"VALUES ({B}, {R}, 1, 'created')"
)
ARCHIVED = (
    "INSERT INTO allocations_archive SELECT gen_random_uuid(), NULL, 'table', gen_random_uuid(), false, "
    "gen_random_uuid(), 'empty', NULL, false, now(), now()"
)
SESSION = f"INSERT INTO manual_assignment_sessions (restaurant_id, booking_id, state) VALUES ({R}, {B}, 'conflicted')"
CONFIG = "INSERT INTO strategic_configs DEFAULT VALUES"
ZONE = f"INSERT INTO zones (restaurant_id, name) VALUES ({R}, '%s')"

PLANTED = [
    # the constraint, a statement that is taken, and one that the constraint alone refuses
    ("table_holds_time_order_check", HOLD % "1 h", HOLD % "2 h"),
    ("zones_restaurant_name_idx", ZONE % "New", ZONE % "PATIO"),
    ("strategic_configs_restaurant_key", CONFIG, CONFIG),
    ("strategic_configs_scarcity_weight_check", CONFIG, "UPDATE strategic_configs SET scarcity_weight = -1"),
    (
        "strategic_configs_demand_multiplier_check",
        CONFIG,
        "UPDATE strategic_configs SET demand_multiplier_override = 0",
    ),
    ("strategic_configs_future_conflict_check", CONFIG, "UPDATE strategic_configs SET future_conflict_penalty = -1"),
    ("demand_profiles_day", PROFILE, "UPDATE demand_profiles SET day_of_week = 7"),
    ("demand_profiles_multiplier_check", PROFILE, "UPDATE demand_profiles SET multiplier = 0"),
    ("demand_profiles_restaurant_day_window_key", PROFILE, PROFILE),
    ("table_scarcity_metrics_score_check", SCARCE, "UPDATE table_scarcity_metrics SET scarcity_score = -0.1"),
    ("table_scarcity_metrics_restaurant_type_key", SCARCE, SCARCE),
    ("table_merge_graph_not_equal", f"{MERGE} table_adjacencies", "UPDATE table_merge_graph SET table_b = table_a"),
    ("table_merge_graph_pkey", f"{MERGE} table_adjacencies", f"{MERGE} (SELECT * FROM table_adjacencies LIMIT 1) j"),
    ("allocations_archive_pkey", ARCHIVED, "INSERT INTO allocations_archive SELECT * FROM allocations_archive"),
    ("booking_assignment_attempts_no_check", ATTEMPT, "UPDATE booking_assignment_attempts SET attempt_no = 0"),
    ("booking_assignment_attempts_booking_no_key", ATTEMPT, ATTEMPT),
    ("booking_versions_number_check", VERSION, "UPDATE booking_versions SET version_number = 0"),
    ("booking_versions_change_type_check", VERSION, "UPDATE booking_versions SET change_type = 'guessed'"),
    ("booking_versions_booking_number_key", VERSION, VERSION),
    ("manual_assignment_sessions_state_check", SESSION, "UPDATE manual_assignment_sessions SET state = 'thinking'"),
]


@pytest.fixture
async def c(database: ScratchDatabase) -> Any:
    connection = await database.connect()
    await booking(connection)
    yield connection
    await connection.close()


async def test_every_table_has_the_columns_of_the_contract(database: ScratchDatabase) -> None:
    c = await database.connect()
    rows = await c.fetch(
        "SELECT table_name, json_agg(column_name) AS columns FROM information_schema.columns "
        "WHERE table_schema = 'public' GROUP BY table_name"
    )
    there = {row["table_name"]: set(json.loads(row["columns"])) for row in rows}
    missing = {name: set(columns.split()) - there.get(name, set()) for name, columns in COLUMNS.items()}
    assert not {name: gone for name, gone in missing.items() if gone}
    versions = {name for name in there["manual_assignment_sessions"] if name.endswith("_version")}
    assert len(versions) == 6
    await c.close()


async def test_enums_have_the_platforms_members_in_its_order(database: ScratchDatabase) -> None:
    c = await database.connect()
    for name, members in ENUMS.items():
        assert await c.fetchval(f"SELECT enum_range(NULL::{name})::text[]") == members.split(), name
    await c.close()


async def test_functions_stand_once_with_their_arguments(database: ScratchDatabase) -> None:
    c = await database.connect()
    rows = await c.fetch(
        "SELECT proname, pronargs, pronargdefaults FROM pg_proc "
        "WHERE proname = ANY ($1) AND pronamespace = 'public'::regnamespace",
        list(FUNCTIONS),
    )
    found = sorted((row["proname"], row["pronargs"], row["pronargdefaults"]) for row in rows)
    assert found == sorted((name, *counts) for name, counts in FUNCTIONS.items())
    await c.close()


async def test_each_constraint_refuses_what_it_is_against(c: Any) -> None:
    for constraint, good, bad in PLANTED:
        transaction = c.transaction()
        await transaction.start()
        await c.execute(good)
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as told:
            await c.execute(bad)
        await transaction.rollback()
        assert told.value.constraint_name == constraint


@pytest.mark.parametrize("alone", ["table_holds_window_check", "th_times_consistent"])
async def test_each_name_of_the_holds_order_refuses_by_itself(c: Any, alone: str) -> None:
    for name in {"table_holds_time_order_check", "table_holds_window_check", "th_times_consistent"} - {alone}:
        await c.execute(f"ALTER TABLE table_holds DROP CONSTRAINT {name}")
    with pytest.raises(asyncpg.CheckViolationError) as told:
        await c.execute(HOLD % "3 h")
    assert told.value.constraint_name == alone


async def test_each_name_of_the_zones_index_refuses_by_itself(c: Any) -> None:
    await c.execute("DROP INDEX zones_restaurant_name_idx")
    with pytest.raises(asyncpg.UniqueViolationError, match="zones_restaurant_name_key"):
        await c.execute(f"INSERT INTO zones (restaurant_id, name) VALUES ({R}, 'PATIO')")


async def test_a_hold_may_expire_before_its_dinner(c: Any) -> None:
    await c.execute(HOLD % "1 h")
    assert await c.fetchval("SELECT expires_at < start_at FROM table_holds")


async def test_allocations_refresh_no_table(database: ScratchDatabase) -> None:
    """The platform's trigger would make every hold lock the table's row."""
    c = await database.connect()
    assert not await c.fetch("SELECT FROM pg_trigger WHERE tgrelid = 'allocations'::regclass AND NOT tgisinternal")
    await c.close()


async def test_files_of_functions_and_triggers_can_be_run_again(c: Any) -> None:
    """Switching a fault off is running the reference's file once more."""
    made = "SELECT count(*) FROM pg_proc UNION ALL SELECT count(*) FROM pg_trigger"
    before = await c.fetch(made)
    again = [
        text
        for _, text in databases.platform_scripts()
        if not re.search(r"^(CREATE (TABLE|TYPE|UNIQUE|INDEX|EXTENSION|POLICY)|ALTER|INSERT)", text, re.MULTILINE)
    ]
    assert len(again) > 20
    for text in again:
        await c.execute(text)
    assert await c.fetch(made) == before
