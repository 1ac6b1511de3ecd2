"""What stands in the owners' database, and what of ours does not."""

import pytest

from tests.owners.build import VARIANTS, OwnersDatabase, build, drop
from tests.owners.guest import Conn, refused


@pytest.mark.parametrize("variant", VARIANTS)
async def test_nothing_of_ours_is_in_it(c: Conn) -> None:
    rows = await c.fetch(
        "SELECT relname AS name FROM pg_class UNION ALL SELECT proname FROM pg_proc "
        "UNION ALL SELECT typname FROM pg_type UNION ALL SELECT extname FROM pg_extension "
        "UNION ALL SELECT polname FROM pg_policy"
    )
    found = {row["name"] for row in rows}
    assert not {name for name in found if "slotfill" in name}
    assert not found & {"pg_stat_statements", "pgrowlocks", "booking_assignment_state", "area_type"}
    assert await c.fetchval("SELECT count(*) FROM table_inventory") == 40


async def test_columns_that_the_contract_does_not_name_are_gone(c: Conn) -> None:
    for gone in ("booking_confirmation_results.restaurant_id", "allocations.created_at", "allocations.merge_group_id"):
        table, column = gone.split(".")
        await refused(c.fetch(f"SELECT {column} FROM {table}"), "42703", f'column "{column}" does not exist')


@pytest.mark.parametrize(("variant", "areas", "rules"), [("plain", 0, False), ("live", 5, True)])
async def test_areas_and_capacity_rules_are_only_in_the_live_one(c: Conn, areas: int, rules: bool) -> None:
    columns = await c.fetch("SELECT attname FROM pg_attribute WHERE attrelid = 'zones'::regclass")
    assert ("area_type" in {row["attname"] for row in columns}) == bool(areas)
    assert (await c.fetchval("SELECT to_regclass('restaurant_capacity_rules')") is not None) == rules
    assert (await c.fetchval("SELECT to_regtype('booking_type')") is not None) == rules


async def test_the_constraints_that_decide_carry_the_contract_s_names(c: Conn) -> None:
    rows = await c.fetch("SELECT conname, convalidated FROM pg_constraint WHERE connamespace = 'public'::regnamespace")
    found = {row["conname"]: row["convalidated"] for row in rows}
    assert found.keys() >= {
        *("thw_no_overlap", "table_hold_windows_no_overlap", "no_overlapping_table_assignments", "bta_no_overlap"),
        *(
            "allocations_no_overlap",
            "allocations_booking_resource_key",
            "booking_table_assignments_table_id_slot_id_key",
        ),
        *("th_times_consistent", "table_holds_time_order_check", "table_holds_window_check"),
        *("bookings_lifecycle_timestamp_consistency", "booking_table_assignments_booking_table_key"),
    }
    assert found["table_inventory_allowed_capacity_fkey"] is False


async def test_the_stress_set_goes_in_as_well(owners: OwnersDatabase) -> None:
    stress = OwnersDatabase(owners.cluster, f"{owners.name}_stress", "live")
    try:
        await build(stress.cluster, stress.name, variant="live", data="stress")
        connection = await stress.connect()
        pending = await connection.fetchval("SELECT count(*) FROM bookings WHERE status = 'pending'")
        await connection.close()
    finally:
        await drop(stress.cluster, stress.name)
    assert pending == 105


async def test_a_name_or_variant_that_is_none_is_said(owners: OwnersDatabase) -> None:
    with pytest.raises(ValueError, match="no name for a database"):
        await build(owners.cluster, "postgres")
    with pytest.raises(ValueError, match="variant 'mended' is none of plain, live, extensions"):
        await build(owners.cluster, f"{owners.name}_mended", variant="mended")
