"""Row security: whose rows a plain role sees, and that the owner of the tables sees all."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.platform.house import assign, booking, table
from tests.scratch import ScratchDatabase

READABLE = {
    "restaurants",
    "zones",
    "table_inventory",
    "table_adjacencies",
    "allowed_capacities",
    "restaurant_operating_hours",
    "restaurant_service_periods",
    "service_policy",
}
"""How a restaurant is set up: everybody reads it, nobody but the owner of the tables writes it."""
SECURED = {
    "customers",
    "bookings",
    "allocations",
    "allocations_archive",
    "booking_slots",
    "booking_table_assignments",
    "booking_confirmation_results",
    "capacity_outbox",
}
OPEN = {
    "table_holds",
    "table_hold_members",
    "table_hold_windows",
    "booking_assignment_idempotency",
    "booking_state_history",
    "booking_assignment_state_history",
    "observability_events",
    "feature_flag_overrides",
    "table_merge_graph",
    "manual_assignment_sessions",
}


@pytest.fixture
async def c(database: ScratchDatabase) -> AsyncIterator[Any]:
    """Somebody who owns nothing and may use everything; roles are the whole cluster's, so this one is dropped."""
    connection = await database.connect()
    role = f"sf_guest_{uuid4().hex[:12]}"
    await connection.execute(f"CREATE ROLE {role}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; SET ROLE {role}")
    yield connection
    await connection.execute(f"RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")
    await connection.close()


async def as_owner(c: Any, what: str, *values: Any) -> Any:
    """One value, as the owner of the tables would get it."""
    role = await c.fetchval("SELECT current_user")
    await c.execute("RESET ROLE")
    try:
        return await c.fetchval(what, *values)
    finally:
        await c.execute(f"SET ROLE {role}")


async def another(c: Any) -> UUID:
    """A second restaurant with a row in every table that is secured."""
    found: UUID = await as_owner(
        c,
        """
        WITH r AS (INSERT INTO restaurants (name, slug) VALUES ('B', 'b') RETURNING id)
        SELECT id FROM r
        """,
    )
    role = await c.fetchval("SELECT current_user")
    await c.execute("RESET ROLE")
    await c.execute("SELECT set_config('test.r', $1, false)", str(found))
    await c.execute(
        """
        INSERT INTO zones (restaurant_id, name) VALUES (current_setting('test.r')::uuid, 'A');
        INSERT INTO allowed_capacities VALUES (current_setting('test.r')::uuid, 2);
        INSERT INTO table_inventory (restaurant_id, table_number, capacity, zone_id, category)
        SELECT restaurant_id, n, 2, id, 'bar' FROM zones, unnest(ARRAY['X-1', 'X-2']) AS n
         WHERE restaurant_id = current_setting('test.r')::uuid;
        INSERT INTO table_adjacencies
        SELECT a.id, b.id FROM table_inventory a, table_inventory b
         WHERE a.table_number = 'X-1' AND b.table_number = 'X-2';
        INSERT INTO restaurant_operating_hours (restaurant_id, day_of_week, is_closed)
        VALUES (current_setting('test.r')::uuid, 1, true);
        INSERT INTO restaurant_service_periods (restaurant_id, name, start_time, end_time)
        VALUES (current_setting('test.r')::uuid, 'All day', '10:00', '20:00');
        INSERT INTO customers (restaurant_id, full_name, email, phone)
        VALUES (current_setting('test.r')::uuid, 'G', 'g@e.uk', '07000000000');
        INSERT INTO bookings (restaurant_id, customer_id, booking_date, start_time, end_time, party_size, customer_name,
                              customer_email, customer_phone, reference, status)
        SELECT restaurant_id, id, '2027-03-01', '12:00', '13:00', 2, 'G', email, phone, '', 'pending' FROM customers
         WHERE restaurant_id = current_setting('test.r')::uuid;
        SELECT assign_single_table(b.id, t.id) FROM bookings b, table_inventory t
         WHERE b.restaurant_id = current_setting('test.r')::uuid AND t.table_number = 'X-1';
        INSERT INTO allocations_archive
        SELECT a.*, now() FROM allocations a WHERE a.restaurant_id = current_setting('test.r')::uuid;
        INSERT INTO booking_confirmation_results
               (booking_id, idempotency_key, hold_id, restaurant_id, table_ids, assignment_window)
        SELECT id, 'k', gen_random_uuid(), restaurant_id, '{}', tstzrange(start_at, end_at) FROM bookings
         WHERE restaurant_id = current_setting('test.r')::uuid;
        INSERT INTO capacity_outbox (event_type, restaurant_id) VALUES ('x', current_setting('test.r')::uuid);
        """
    )
    await c.execute(f"SET ROLE {role}")
    return found


async def test_it_is_enabled_where_the_platform_has_it_and_forced_nowhere(database: ScratchDatabase) -> None:
    c = await database.connect()
    rows = await c.fetch("SELECT relname, relforcerowsecurity FROM pg_class WHERE relrowsecurity AND relkind = 'r'")
    assert {row["relname"] for row in rows} == SECURED | READABLE
    assert not any(row["relforcerowsecurity"] for row in rows)
    assert await c.fetchval("SELECT count(*) FROM pg_class WHERE relname = ANY ($1)", list(OPEN)) == len(OPEN)
    policies = await c.fetch("SELECT tablename, cmd, with_check IS NOT NULL AS both FROM pg_policies")
    wanted = {(name, "ALL", True) for name in SECURED} | {(name, "SELECT", False) for name in READABLE}
    assert {(row["tablename"], row["cmd"], row["both"]) for row in policies} == wanted
    assert len(policies) == len(wanted)
    await c.close()


async def test_without_a_context_nothing_secured_can_be_read(c: Any) -> None:
    await another(c)
    for name in sorted(SECURED):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="Restaurant context is required") as told:
            await c.fetch(f"SELECT * FROM {name}")
        assert told.value.sqlstate == "42501"
    for name in sorted(OPEN | READABLE):
        await c.fetch(f"SELECT * FROM {name}")


async def test_with_a_context_only_its_own_rows_are_there(c: Any) -> None:
    other = await another(c)
    own = await as_owner(c, "SELECT id FROM restaurants WHERE slug <> 'b'")
    seen: dict[str, dict[UUID, int]] = {name: {} for name in SECURED}
    for restaurant in (own, other):
        await c.execute("SELECT set_restaurant_context($1)", restaurant)
        for name in SECURED:
            seen[name][restaurant] = await c.fetchval(f"SELECT count(*) FROM {name}")
    for name in sorted(SECURED):
        assert seen[name][other] > 0, name
        total = await as_owner(c, f"SELECT count(*) FROM {name}")
        assert sum(seen[name].values()) == total, name
    assert (seen["booking_table_assignments"][own], seen["booking_table_assignments"][other]) == (0, 1)


async def test_nobody_writes_into_another_restaurant(c: Any) -> None:
    other = await another(c)
    own = await as_owner(c, "SELECT id FROM restaurants WHERE slug <> 'b'")
    await c.execute("SELECT set_restaurant_context($1)", own)
    with pytest.raises(
        asyncpg.InsufficientPrivilegeError, match='row-level security policy for table "capacity_outbox"'
    ):
        await c.execute("INSERT INTO capacity_outbox (event_type, restaurant_id) VALUES ('y', $1)", other)
    await c.execute("INSERT INTO capacity_outbox (event_type, restaurant_id) VALUES ('y', $1)", own)
    assert await c.execute("DELETE FROM capacity_outbox WHERE restaurant_id = $1", other) == "DELETE 0"


async def test_a_fill_works_as_a_plain_role_with_a_context(c: Any) -> None:
    own = await as_owner(c, "SELECT id FROM restaurants")
    await c.execute("SELECT set_restaurant_context($1)", own)
    b = await booking(c)
    await assign(c, b, ["MD-01"])
    assert await c.fetchval("SELECT table_id FROM booking_table_assignments") == await table(c, "MD-01")


async def test_the_header_of_a_request_is_a_context_too(c: Any) -> None:
    own = await as_owner(c, "SELECT id FROM restaurants")
    headers = "SELECT set_config('request.headers', $1, false)"
    await c.execute(headers, f'{{"x-restaurant-id": "{own}"}}')
    await as_owner(c, "INSERT INTO capacity_outbox (event_type, restaurant_id) VALUES ('y', $1)", own)
    assert await c.fetchval("SELECT count(*) FROM capacity_outbox") == 1
    await c.execute("SELECT set_restaurant_context($1)", uuid4())
    assert await c.fetchval("SELECT count(*) FROM capacity_outbox") == 0, "what was set goes before the header"


@pytest.mark.parametrize("told", ["", "everybody", "%"])
async def test_a_context_that_names_no_restaurant_is_none(c: Any, told: str) -> None:
    await c.execute("SELECT set_config('app.restaurant_id', $1, false)", told)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="Restaurant context is required"):
        await c.fetchval("SELECT require_restaurant_context()")


async def test_the_context_can_be_taken_back(c: Any) -> None:
    await c.execute("SELECT set_restaurant_context($1)", uuid4())
    await c.fetchval("SELECT require_restaurant_context()")
    await c.execute("SELECT set_restaurant_context(NULL)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await c.fetchval("SELECT require_restaurant_context()")


async def test_the_owner_of_the_tables_needs_no_context(database: ScratchDatabase) -> None:
    c = await database.connect()
    assert await c.fetchval("SELECT count(*) FROM zones") == 5
    await c.close()
