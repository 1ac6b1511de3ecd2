"""Row security: a superuser sees all, service_role what its context shows, anybody else nothing."""

from tests.owners.build import OwnersDatabase
from tests.owners.guest import Conn, booking, refused

ON = {
    *(
        "restaurants",
        "zones",
        "table_inventory",
        "table_adjacencies",
        "allowed_capacities",
        "restaurant_operating_hours",
    ),
    *("restaurant_service_periods", "bookings", "customers", "booking_table_assignments", "allocations"),
    *("allocations_archive", "booking_slots", "capacity_outbox", "booking_confirmation_results", "service_policy"),
}


async def test_it_is_enabled_and_not_forced_where_the_contract_says(c: Conn) -> None:
    rows = await c.fetch(
        "SELECT relname, relforcerowsecurity FROM pg_class "
        "WHERE relrowsecurity AND relnamespace = 'public'::regnamespace"
    )
    assert {row["relname"] for row in rows} == ON
    assert not any(row["relforcerowsecurity"] for row in rows)


async def test_service_role_needs_a_restaurant_context(owners: OwnersDatabase, c: Conn) -> None:
    await booking(c)
    session = await owners.connect(role="service_role")
    assert await session.fetchval("SELECT count(*) FROM restaurants") == 1
    await refused(session.fetch("SELECT * FROM bookings"), "42501", "Restaurant context is required")
    await session.execute("SELECT set_restaurant_context((SELECT id FROM restaurants))")
    assert await session.fetchval("SELECT count(*) FROM bookings") == 1
    await session.execute("RESET app.restaurant_id")
    await session.execute(
        "SELECT set_config('request.headers', json_build_object('x-restaurant-id', id)::text, false) FROM restaurants"
    )
    assert await session.fetchval("SELECT count(*) FROM bookings") == 1
    await session.close()


async def test_without_a_policy_every_read_is_empty(owners: OwnersDatabase, c: Conn) -> None:
    await booking(c)
    session = await owners.connect(role="authenticated")
    assert await session.fetchval("SELECT count(*) FROM restaurants") == 0
    assert await session.fetchval("SELECT count(*) FROM bookings") == 0
    await session.close()
