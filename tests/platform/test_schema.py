"""The reference platform as it stands after installation and seed."""

from datetime import date

import asyncpg
import pytest

from engine.platform.seed import SEEDED_DAY, SEEDED_RESTAURANTS
from tests.platform.house import booking, table
from tests.scratch import ScratchDatabase


async def test_the_white_horse_has_its_floor(database: ScratchDatabase) -> None:
    c = await database.connect()
    assert await c.fetchval("SELECT count(*) FROM table_inventory") == 40
    assert await c.fetchval("SELECT count(*) FROM zones") == 5
    assert await c.fetchval("SELECT count(*) FROM table_adjacencies") == 79
    assert await c.fetchval("SELECT sum(capacity) FROM table_inventory") == 210
    assert [r["slug"] for r in await c.fetch("SELECT slug FROM restaurants")] == list(SEEDED_RESTAURANTS)
    await c.close()


async def test_the_seeded_day_is_open_and_a_monday(database: ScratchDatabase) -> None:
    assert (SEEDED_DAY, SEEDED_DAY.isoweekday()) == (date(2027, 3, 1), 1)
    c = await database.connect()
    assert not await c.fetchval("SELECT is_closed FROM restaurant_operating_hours WHERE day_of_week = 1")
    assert await c.fetchval("SELECT count(*) FROM restaurant_operating_hours WHERE is_closed") == 2
    assert await c.fetchval("SELECT clean_buffer_minutes FROM service_policy") == 10
    await c.close()


async def test_ids_are_the_same_on_every_machine(database: ScratchDatabase) -> None:
    c = await database.connect()
    assert str(await table(c, "MD-01")) == "12282b13-697f-3d31-2925-a117fe788424"
    await c.close()


async def test_the_bar_does_not_touch_its_lounge(database: ScratchDatabase) -> None:
    c = await database.connect()
    pairs = await c.fetch(
        "SELECT a.table_number || '+' || b.table_number AS pair FROM table_adjacencies j "
        "JOIN table_inventory a ON a.id = j.table_a JOIN table_inventory b ON b.id = j.table_b "
        "WHERE a.category <> b.category OR abs(a.capacity - b.capacity) > 2 OR a.zone_id <> b.zone_id"
    )
    assert not pairs
    await c.close()


async def test_a_pair_of_tables_is_stored_in_one_direction_only(database: ScratchDatabase) -> None:
    c = await database.connect()
    with pytest.raises(asyncpg.UniqueViolationError, match="table_adjacencies_canonical_unique"):
        await c.execute("INSERT INTO table_adjacencies SELECT table_b, table_a FROM table_adjacencies LIMIT 1")
    await c.close()


async def test_tables_of_two_zones_are_never_adjacent(database: ScratchDatabase) -> None:
    c = await database.connect()
    with pytest.raises(asyncpg.CheckViolationError, match="Adjacency requires tables to be in the same zone"):
        await c.execute(
            "INSERT INTO table_adjacencies VALUES ($1, $2)", await table(c, "MD-01"), await table(c, "PT-01")
        )
    await c.close()


async def test_instants_follow_the_restaurants_clock_in_any_session(database: ScratchDatabase) -> None:
    c = await database.connect()
    await c.execute("SET TimeZone = 'America/New_York'")
    b = await booking(c)
    row = await c.fetchrow("SELECT start_at, end_at, reference FROM bookings WHERE id = $1", b)
    assert row["start_at"].isoformat() == "2027-03-01T12:00:00+00:00"
    await c.execute("UPDATE bookings SET booking_date = '2027-07-01', start_at = now() WHERE id = $1", b)
    assert str(await c.fetchval("SELECT start_at AT TIME ZONE 'UTC' FROM bookings WHERE id = $1", b)) == (
        "2027-07-01 11:00:00"
    )
    await c.close()


async def test_a_blank_reference_becomes_ten_plain_characters(database: ScratchDatabase) -> None:
    c = await database.connect()
    b = await booking(c)
    reference = await c.fetchval("SELECT reference FROM bookings WHERE id = $1", b)
    assert len(reference) == 10
    assert not set(reference) - set("ABCDEFGHJKLMNPQRSTUVWXYZ23456789")
    await c.close()


async def test_a_booking_is_not_confirmed_without_a_table(database: ScratchDatabase) -> None:
    c = await database.connect()
    b = await booking(c)
    with pytest.raises(asyncpg.RaiseError, match=r"Cannot confirm booking .*: No table assignments exist\.") as told:
        await c.execute("UPDATE bookings SET status = 'confirmed' WHERE id = $1", b)
    assert told.value.sqlstate == "P0001"
    await booking(c, status="confirmed")  # an insert passes unchecked, as on the platform
    await c.close()


@pytest.mark.parametrize("status", ["PRIORITY_WAITLIST", "checked_in", "completed"])
async def test_a_status_without_its_stamps_is_refused(database: ScratchDatabase, status: str) -> None:
    c = await database.connect()
    with pytest.raises(asyncpg.CheckViolationError, match="bookings_lifecycle_timestamp_consistency"):
        await booking(c, status=status)
    await c.close()


async def test_a_booking_ends_after_it_starts(database: ScratchDatabase) -> None:
    c = await database.connect()
    with pytest.raises(asyncpg.CheckViolationError, match="chk_time_order"):
        await booking(c, at="14:00", until="13:00")
    await c.close()


async def test_both_names_of_an_exclusion_are_there(database: ScratchDatabase) -> None:
    c = await database.connect()
    names = {row[0] for row in await c.fetch("SELECT conname FROM pg_constraint WHERE contype = 'x'")}
    assert names == {
        "thw_no_overlap",
        "table_hold_windows_no_overlap",
        "no_overlapping_table_assignments",
        "bta_no_overlap",
        "allocations_no_overlap",
    }
    await c.close()
