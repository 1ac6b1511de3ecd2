"""What a data set puts into a database: the same everywhere, once, and all of it or nothing."""

import itertools
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from engine.database import Connection, DatabaseFailed
from engine.platform import databases
from engine.platform.cluster import Cluster
from engine.platform.seed import DATA, DATA_SETS, SEEDED_DAY, STRESS_RESTAURANTS, data_set
from tests.scratch import ScratchDatabase

SUNDAY = date(2027, 6, 6)
"""Another weekday, and summer time, so that instants have to follow."""

CONTENT = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line COLLATE "C")) FROM (
    SELECT concat_ws('|', r.slug, z.name, t.table_number, t.capacity, t.min_party_size, t.max_party_size, t.category,
                     t.seating_type, t.mobility, t.id)
      FROM table_inventory t JOIN zones z ON z.id = t.zone_id JOIN restaurants r ON r.id = t.restaurant_id
    UNION ALL
    SELECT concat_ws('+', a.table_number, b.table_number)
      FROM table_adjacencies j JOIN table_inventory a ON a.id = j.table_a JOIN table_inventory b ON b.id = j.table_b
    UNION ALL
    SELECT concat_ws('|', b.id, r.slug, b.booking_date, b.start_time, b.end_time, b.start_at AT TIME ZONE 'UTC',
                     b.party_size, b.booking_type, b.status, b.reference, b.customer_email, b.customer_phone)
      FROM bookings b JOIN restaurants r ON r.id = b.restaurant_id
) AS lines (line)
"""

TABLES = """
SELECT c.oid::regclass::text
  FROM pg_class c
 WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'slotfill_marker'
"""

ROWS = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line COLLATE "C"))
  FROM (SELECT (to_jsonb(t) - 'created_at' - 'updated_at')::text FROM {table} t) AS lines (line)
"""


async def everything(c: "asyncpg.Connection[Any]") -> dict[str, str | None]:
    """A digest of each table's rows, without the stamps of their making."""
    return {row[0]: await c.fetchval(ROWS.format(table=row[0])) for row in await c.fetch(TABLES)}


async def counts(c: "asyncpg.Connection[Any]", query: str) -> dict[Any, int]:
    return {row[0]: row[1] for row in await c.fetch(query)}


@asynccontextmanager
async def seeding(database: ScratchDatabase) -> AsyncIterator[Connection]:
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=20)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def empty(cluster: Cluster, database: ScratchDatabase) -> AsyncIterator[ScratchDatabase]:
    """A database nothing was put into."""
    found = ScratchDatabase(cluster, f"{database.name}_empty")
    admin = await asyncpg.connect(cluster.admin_dsn)
    await admin.execute(f"CREATE DATABASE {found.name} TEMPLATE template0")
    await admin.close()
    yield found
    await databases.drop(cluster, found.name)


async def test_the_stress_floor_is_five_houses_of_three_zones_of_six_tables(stress: ScratchDatabase) -> None:
    c = await stress.connect()
    tables = await c.fetch("SELECT t.*, r.slug FROM table_inventory t JOIN restaurants r ON r.id = t.restaurant_id")
    assert Counter(t["slug"] for t in tables) == dict.fromkeys(STRESS_RESTAURANTS, 18)
    assert set(Counter(t["zone_id"] for t in tables).values()) == {6}
    assert sorted(t["table_number"] for t in tables) == [f"T{n:03d}" for n in range(1, 91)]
    assert {t["slug"] for t in tables if 37 <= int(t["table_number"][1:]) <= 54} == {"cafe-3"}
    assert all((t["min_party_size"], t["max_party_size"]) == (t["capacity"] - 1, t["capacity"]) for t in tables)
    assert Counter(t["mobility"] for t in tables) == {"movable": 63, "fixed": 27}
    assert set(Counter(t["category"] for t in tables)) == {"dining", "bar", "lounge", "patio"}
    assert set(Counter(t["seating_type"] for t in tables)) == {"standard", "booth", "high_top"}
    # 44 are known; the other 46 are cut 40, 30, 20 and 10 of a hundred.
    assert Counter(t["capacity"] for t in tables) == {2: 35, 4: 31, 6: 16, 8: 8}
    assert await c.fetchval("SELECT count(*) FROM table_adjacencies") == 77
    assert await c.fetchval("SELECT count(*) FROM table_adjacencies WHERE table_a > table_b") == 0
    sizes = "SELECT restaurant_id, count(*) FROM allowed_capacities WHERE capacity BETWEEN 1 AND 12 GROUP BY 1"
    assert set((await counts(c, sizes)).values()) == {12}
    guests = "SELECT r.slug, count(*) FROM customers u JOIN restaurants r ON r.id = u.restaurant_id GROUP BY 1"
    assert await counts(c, guests) == dict.fromkeys(STRESS_RESTAURANTS, 100)
    await c.close()


async def test_the_stress_houses_are_open_as_the_original_was(stress: ScratchDatabase) -> None:
    c = await stress.connect()
    rows = await c.fetch(
        "SELECT DISTINCT day_of_week, to_char(opens_at, 'HH24'), to_char(closes_at, 'HH24') "
        "FROM restaurant_operating_hours ORDER BY 1"
    )
    week = [("10", "22"), *[("11", "22")] * 3, *[("11", "23")] * 2, ("10", "23")]
    assert [tuple(row) for row in rows] == [(day, *hours) for day, hours in enumerate(week)]
    policy = await c.fetchrow(
        "SELECT to_char(lunch_start, 'HH24:MI') || '-' || to_char(lunch_end, 'HH24:MI') AS lunch, "
        "to_char(dinner_start, 'HH24:MI') || '-' || to_char(dinner_end, 'HH24:MI') AS dinner, "
        "clean_buffer_minutes AS buffer FROM service_policy"
    )
    assert tuple(policy or ()) == ("12:00-15:00", "17:00-22:00", 5)
    await c.close()


async def test_105_bookings_wait_with_the_counts_of_the_original(stress: ScratchDatabase) -> None:
    c = await stress.connect()
    by_slug = "SELECT r.slug, count(*) FROM bookings b JOIN restaurants r ON r.id = b.restaurant_id GROUP BY 1"
    assert await counts(c, by_slug) == {
        "cafe-3": 30, "pub-1": 23, "finedining-5": 20, "finedining-4": 19, "pub-2": 13,
    }  # fmt: skip
    by_party = "SELECT party_size, count(*) FROM bookings GROUP BY 1"
    assert await counts(c, by_party) == {2: 45, 3: 11, 4: 31, 6: 14, 8: 4}
    by_hour = "SELECT extract(hour FROM start_time)::int, count(*) FROM bookings GROUP BY 1"
    assert await counts(c, by_hour) == {11: 2, 12: 11, 13: 13, 14: 2, 15: 7, 16: 3, 18: 22, 19: 27, 20: 18}
    by_type = "SELECT booking_type, count(*) FROM bookings GROUP BY 1"
    assert await counts(c, by_type) == {"lunch": 28, "drinks": 10, "dinner": 67}
    assert await counts(c, "SELECT status::text, count(*) FROM bookings GROUP BY 1") == {"pending": 105}
    assert await counts(c, "SELECT booking_date, count(*) FROM bookings GROUP BY 1") == {SEEDED_DAY: 105}
    assert await c.fetchval("SELECT count(DISTINCT customer_id) FROM bookings") == 105
    assert await c.fetchval("SELECT count(*) FROM bookings WHERE reference !~ '^[A-HJ-NP-Z2-9]{10}$'") == 0
    lengths = await c.fetch("SELECT DISTINCT extract(epoch FROM end_at - start_at)::int / 60 AS m FROM bookings")
    assert all(90 <= row["m"] <= 149 for row in lengths)
    assert len(lengths) > 30
    assert await c.fetchval("SELECT count(DISTINCT extract(minute FROM start_time)) FROM bookings") > 30
    await c.close()


async def test_every_party_has_tables_in_an_empty_house_without_any_rule_relaxed(stress: ScratchDatabase) -> None:
    c = await stress.connect()
    near: dict[UUID, set[UUID]] = defaultdict(set)
    for a, b in await c.fetch("SELECT table_a, table_b FROM table_adjacencies"):
        near[a].add(b)
        near[b].add(a)
    floor = await c.fetch("SELECT * FROM table_inventory")
    parties = await c.fetch("SELECT DISTINCT restaurant_id, party_size FROM bookings")
    await c.close()

    def seats(house: UUID, party: int) -> bool:
        # A table that touches no other is offered to nobody while adjacency is required.
        tables = [t for t in floor if t["restaurant_id"] == house and near[t["id"]]]
        pairs = (p for p in itertools.combinations(tables, 2) if p[1]["id"] in near[p[0]["id"]])
        return any(t["min_party_size"] <= party <= t["max_party_size"] for t in tables) or any(
            a["mobility"] == b["mobility"] == "movable" and party <= a["capacity"] + b["capacity"] <= party + 4
            for a, b in pairs
        )

    assert not [tuple(row) for row in parties if not seats(row["restaurant_id"], row["party_size"])]
    assert not any(seats(house, 40) for house in {row["restaurant_id"] for row in parties})


async def test_the_stress_set_is_the_same_on_every_server_and_machine(stress: ScratchDatabase) -> None:
    c = await stress.connect()
    assert await c.fetchval(CONTENT) == "57e5c2953d33d5306d0d77aba07b8eb1"
    await c.close()


@pytest.mark.parametrize("data", ["white-horse", "stress"])
async def test_two_builds_differ_in_no_row(
    data: str, database: ScratchDatabase, stress: ScratchDatabase, empty: ScratchDatabase
) -> None:
    async with seeding(empty) as connection:
        await databases.install(connection, data)
    one = await (stress if data == "stress" else database).connect()
    other = await empty.connect()
    assert await everything(other) == (before := await everything(one))
    assert sum(digest is not None for digest in before.values()) >= 9
    await one.execute("UPDATE table_inventory SET notes = 'by the window' WHERE table_number IN ('T001', 'MD-01')")
    assert await everything(one) != before
    await one.close()
    await other.close()


async def test_an_installation_that_is_refused_leaves_the_database_empty(empty: ScratchDatabase) -> None:
    c = await empty.connect()
    await c.execute("CREATE TABLE booking_occasions (key text)")
    async with seeding(empty) as connection:
        with pytest.raises(DatabaseFailed, match=r"platform/080_booking_occasions\.sql was refused"):
            await databases.install(connection, "stress")
    assert list(await everything(c)) == ["booking_occasions"]
    await c.close()


async def test_today_is_the_stress_set_on_the_calendar_s_day(cluster: Cluster, stress: ScratchDatabase) -> None:
    moved = ScratchDatabase(cluster, f"{stress.name}_today")
    await databases.clone(cluster, moved.name, "today", SUNDAY)
    there, here = await moved.connect(), await stress.connect()
    assert await counts(there, "SELECT booking_date, count(*) FROM bookings GROUP BY 1") == {SUNDAY: 105}
    times = "SELECT id, start_time, end_time, party_size, reference FROM bookings ORDER BY id"
    assert await there.fetch(times) == await here.fetch(times)
    # Noon in June is eleven in UTC.
    utc = "(booking_date + start_time - interval '1 hour', booking_date + end_time - interval '1 hour')"
    moments = "(start_at AT TIME ZONE 'UTC', end_at AT TIME ZONE 'UTC')"
    assert await there.fetchval(f"SELECT count(*) FROM bookings WHERE {moments} = {utc}") == 105
    await there.close()
    await here.close()
    await databases.drop(cluster, moved.name)


async def test_slots_move_with_their_bookings_and_other_houses_stay(stress: ScratchDatabase) -> None:
    async with seeding(stress) as connection:
        await databases.seed(connection, "white-horse")
        c = await stress.connect()
        await c.execute(
            "INSERT INTO booking_slots (restaurant_id, slot_date, slot_time) "
            "SELECT id, DATE '2027-03-01', '12:00' FROM restaurants"
        )
        await connection.execute("seed/move_day", SEEDED_DAY, SUNDAY, list(STRESS_RESTAURANTS))
    assert await counts(c, "SELECT slot_date, count(*) FROM booking_slots GROUP BY 1") == {SEEDED_DAY: 1, SUNDAY: 5}
    await c.close()


async def test_today_without_a_day_is_a_bug_of_the_caller(cluster: Cluster) -> None:
    with pytest.raises(ValueError, match="follows the calendar"):
        await databases.clone(cluster, "sf_test_never", "today")
    assert "sf_test_never" not in await databases.names(cluster)


async def test_a_second_set_is_seeded_beside_the_first_and_the_house_s_policy_stays(database: ScratchDatabase) -> None:
    async with seeding(database) as connection:
        await databases.seed(connection, "today", SUNDAY)
    c = await database.connect()
    assert await c.fetchval("SELECT count(*) FROM restaurants") == 6
    assert await counts(c, "SELECT booking_date, count(*) FROM bookings GROUP BY 1") == {SUNDAY: 105}
    assert [row[0] for row in await c.fetch("SELECT clean_buffer_minutes FROM service_policy")] == [10]
    await c.close()


@pytest.mark.parametrize("data", DATA)
async def test_seeding_what_stands_already_is_refused_and_nothing_changes(
    data: str, database: ScratchDatabase, stress: ScratchDatabase
) -> None:
    found = database if data == "white-horse" else stress
    c = await found.connect()
    before = await everything(c)
    async with seeding(found) as connection:
        with pytest.raises(DatabaseFailed) as told:
            await databases.seed(connection, data, SUNDAY)
    assert all(slug in str(told.value) for slug in data_set(data).restaurants)
    assert "\n" not in str(told.value)
    assert await everything(c) == before
    await c.close()


async def test_a_seed_that_is_refused_half_way_leaves_nothing(database: ScratchDatabase) -> None:
    c = await database.connect()
    await c.execute("ALTER TABLE bookings ADD CONSTRAINT small_parties CHECK (party_size < 8)")
    before = await everything(c)
    async with seeding(database) as connection:
        with pytest.raises(DatabaseFailed, match=r"seed/stress_bookings was refused.*small_parties"):
            await databases.seed(connection, "stress")
    assert await everything(c) == before
    await c.close()


async def test_seeding_where_no_tables_stand_says_so(empty: ScratchDatabase) -> None:
    async with seeding(empty) as connection:
        with pytest.raises(DatabaseFailed, match="tables cannot be read here"):
            await databases.seed(connection, "stress")


async def test_the_white_horse_is_seeded_where_zones_have_no_area(stress: ScratchDatabase) -> None:
    c = await stress.connect()
    await c.execute("ALTER TABLE zones DROP COLUMN area_type")
    async with seeding(stress) as connection:
        await databases.seed(connection, "white-horse")
    assert await c.fetchval("SELECT count(*) FROM zones") == 20
    await c.close()


def test_only_numbered_files_of_the_room_itself_make_a_platform() -> None:
    names = [name for name, _ in databases.platform_scripts()]
    assert names == sorted(names)
    assert all(name.count("/") == 1 for name in names)
    for data in DATA:
        assert [name for name, _ in databases.scripts(data)][: len(names)] == names


def test_each_set_has_a_template_of_its_own_but_today_shares_that_of_stress() -> None:
    assert databases.schema_checksum("stress") == databases.schema_checksum("today")
    assert (
        databases.schema_checksum() == databases.schema_checksum("white-horse") != databases.schema_checksum("stress")
    )
    assert {name: found.day for name, found in DATA_SETS.items()} == {
        "white-horse": SEEDED_DAY, "stress": SEEDED_DAY, "today": None,
    }  # fmt: skip
    with pytest.raises(ValueError, match="no data set 'moon'; there are white-horse, stress, today"):
        databases.schema_checksum("moon")
