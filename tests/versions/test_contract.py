"""The contract on every version of the server that slotfill promises: 15, 16, 17 and 18."""

import asyncio
import itertools
import os
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from engine.config import EmbeddedSettings
from engine.database import sql
from engine.platform import databases
from engine.platform.cluster import Cluster, stop
from engine.platform.seed import SEEDED_DAY
from tests.platform.house import assign, booking, confirm, hold, table, tables
from tests.scratch import FOLDER, ScratchDatabase
from tests.versions.servers import MAJORS, folders, missing

QUERIES = Path(__file__).parents[2] / "queries"
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=MAJORS)
def server(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A scratch server of one version; it is gone with its data when its tests have ended."""
    major: int = request.param
    found = folders()
    if major not in found:
        pytest.skip(missing(major))
    settings = EmbeddedSettings(
        bin=found[major], data=f"{os.environ[FOLDER]}/version-{major}", idle_s=20.0, max_connections=20
    )
    cluster = asyncio.run(Cluster.open(settings, f"tests {os.getpid()}"))
    try:
        yield cluster
    finally:
        asyncio.run(cluster.close())
        asyncio.run(stop(settings))


@pytest.fixture
async def c(server: Cluster) -> AsyncIterator[Any]:
    name = f"sf_version_{os.getpid()}_{next(_numbers)}"
    await databases.clone(server, name)
    connection = await ScratchDatabase(server, name).connect()
    yield connection
    await connection.close()
    await databases.drop(server, name)


async def told(c: Any, statement: str, **values: Any) -> Any:
    """The first row of a statement of `queries/`, its parameters by the names in its header."""
    text = sql(statement)
    header = re.search(r"^-- params: (.*)$", text, re.MULTILINE)
    names = re.findall(r"\$\d+ (\w+)", header.group(1)) if header else []
    assert set(names) == set(values), f"{statement} takes {names}"
    return await c.fetchrow(text, *(values[name] for name in names))


async def submitted(c: Any) -> UUID:
    """A booking for two at noon, made as a fill makes it."""
    who = uuid4()
    found = await told(
        c,
        "fill/submit",
        booking=who,
        restaurant=await c.fetchval("SELECT id FROM restaurants"),
        day=SEEDED_DAY,
        start=time(12),
        end=time(13, 30),
        party=2,
        occasion="lunch",
        name="Guest",
        email=f"{who.hex}@example.com",
        phone=f"+44{who.int % 10**15:015d}",
        key=str(who),
        tag="{}",
    )
    assert found["xid"] > 0
    return who


async def held(c: Any, booking_id: UUID, number: str) -> UUID:
    """A hold of 90 minutes from noon, taken as a fill takes it."""
    hold_id = uuid4()
    await told(
        c,
        "fill/hold",
        hold=hold_id,
        restaurant=await c.fetchval("SELECT id FROM restaurants"),
        booking=booking_id,
        zone=await c.fetchval("SELECT zone_id FROM table_inventory WHERE table_number = $1", number),
        start=NOON,
        end=NOON + timedelta(minutes=90),
        ttl=timedelta(seconds=180),
        tables=await tables(c, number),
        metadata="{}",
        past_window=False,
    )
    return hold_id


async def turned_down(call: Any, name: str) -> asyncpg.ExclusionViolationError:
    with pytest.raises(asyncpg.ExclusionViolationError) as refusal:
        await call
    assert (refusal.value.sqlstate, refusal.value.constraint_name) == ("23P01", name)
    return refusal.value


async def test_the_server_is_the_version_asked_for(c: Any, server: Cluster) -> None:
    major = int(await c.fetchval("SHOW server_version_num")) // 10000
    assert server.server_version.startswith(f"{major}.")
    assert server.data.endswith(f"version-{major}") or not server.data.startswith(os.environ[FOLDER])


async def test_a_booking_is_filled_by_the_fills_own_statements(c: Any) -> None:
    b = await submitted(c)
    h = await held(c, b, "MD-01")
    assert await c.fetchval("SELECT count(*) FROM table_hold_windows WHERE hold_id = $1", h) == 1
    row = await told(
        c,
        "fill/confirm",
        hold=h,
        booking=b,
        key="k",
        adjacency=False,
        start=NOON,
        end=NOON + timedelta(minutes=90),
    )
    assert row["table_ids"] == await tables(c, "MD-01")
    assert await c.fetchval("SELECT status FROM bookings WHERE id = $1", b) == "confirmed"
    assert await c.fetchval("SELECT count(*) FROM audit_logs") == 1


async def test_the_platforms_own_function_makes_a_booking(c: Any) -> None:
    made = "SELECT create_booking_with_capacity_check($1, $2, '2027-03-01', $3, $4, $5, 'lunch', 'G', 'g', '1', 'any')"
    b = await submitted(c)
    row = await c.fetchrow("SELECT restaurant_id, customer_id FROM bookings WHERE id = $1", b)
    answer = await c.fetchval(made, *row, time(12), time(13), 2)
    assert '"success": true' in answer
    assert '"error": "CAPACITY_EXCEEDED"' in await c.fetchval(made, *row, time(12), time(13), 999)
    assert '"BOOKING_OUTSIDE_OPERATING_HOURS"' in await c.fetchval(made, *row, time(22), time(23), 2)


async def test_a_held_table_is_refused_by_each_constraint_of_the_windows(c: Any) -> None:
    await held(c, await submitted(c), "MD-01")
    b = await submitted(c)
    error = await turned_down(held(c, b, "MD-01"), "thw_no_overlap")
    assert str(await table(c, "MD-01")) in (error.detail or "")
    await c.execute("ALTER TABLE table_hold_members DISABLE TRIGGER table_hold_members_sync_insert")
    other = await held(c, b, "MD-01")
    window = (
        "INSERT INTO table_hold_windows (hold_id, table_id, restaurant_id, start_at, end_at, expires_at) "
        "SELECT id, $2, restaurant_id, start_at, end_at, expires_at FROM table_holds WHERE id = $1"
    )
    await turned_down(c.execute(window, other, await table(c, "MD-01")), "thw_no_overlap")
    await c.execute("ALTER TABLE table_hold_windows DROP CONSTRAINT thw_no_overlap")
    await turned_down(c.execute(window, other, await table(c, "MD-01")), "table_hold_windows_no_overlap")


async def test_a_taken_table_is_refused_by_each_constraint_of_the_assignments(c: Any) -> None:
    await assign(c, await booking(c), ["MD-01"])
    await c.execute("DELETE FROM allocations")
    # At another time: the constraint on table and slot would speak first.
    b = await booking(c, at="12:30")
    await turned_down(assign(c, b, ["MD-01"]), "no_overlapping_table_assignments")
    await c.execute("ALTER TABLE booking_table_assignments DROP CONSTRAINT no_overlapping_table_assignments")
    await turned_down(assign(c, b, ["MD-01"]), "bta_no_overlap")


async def test_a_taken_table_is_refused_by_its_allocation(c: Any) -> None:
    await assign(c, await booking(c), ["MD-01"])
    with pytest.raises(asyncpg.RaiseError, match="allocations_no_overlap") as refusal:
        await assign(c, await booking(c), ["MD-01"])
    assert (refusal.value.sqlstate, refusal.value.constraint_name) == ("P0001", "allocations_no_overlap")
    copied = (
        'INSERT INTO allocations (resource_type, resource_id, restaurant_id, "window") '
        'SELECT resource_type, resource_id, restaurant_id, "window" FROM allocations'
    )
    await turned_down(c.execute(copied), "allocations_no_overlap")


async def test_a_replay_gives_the_same_rows_and_one_without_rows_is_refused(c: Any) -> None:
    b = await booking(c)
    first = await assign(c, b, ["MD-01"], "k")
    assert await assign(c, b, ["MD-01"], "k") == first
    await c.execute("SELECT unassign_tables_atomic($1)", b)
    with pytest.raises(asyncpg.PostgresError, match="returned no assignments") as refusal:
        await assign(c, b, ["MD-01"], "k")
    assert refusal.value.sqlstate == "P0003"


async def test_the_zone_lock_is_an_advisory_lock_and_keeps_another_zone_out(c: Any) -> None:
    b = await booking(c)
    async with c.transaction():
        await assign(c, b, ["MD-01"])
        row = await c.fetchrow(
            "SELECT classid::bigint AS zone, objid::bigint AS minute, objsubid FROM pg_locks "
            "WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        zone = await c.fetchval("SELECT hashtext(zone_id::text) FROM table_inventory WHERE table_number = 'MD-01'")
    assert tuple(row) == (zone % 2**32, int(NOON.timestamp()) // 60, 2)
    await c.execute("DELETE FROM booking_table_assignments")
    with pytest.raises(asyncpg.CheckViolationError, match=f"Booking {b} locked to zone"):
        await assign(c, b, ["PT-01"])


async def test_a_hold_is_confirmed_with_its_merge_group_and_leaves_nothing(c: Any) -> None:
    b = await booking(c, party=7)
    rows = await confirm(c, await hold(c, b, ["MD-03", "MD-04"]), b)
    assert len({row["merge_group_id"] for row in rows}) == 1
    assert await c.fetchval("SELECT count(*) FROM table_hold_windows") == 0
    assert await c.fetchval("SELECT bool_or(shadow) FROM allocations") is False


async def test_row_security_wants_a_context(c: Any) -> None:
    role = f"sf_guest_{uuid4().hex[:12]}"
    await c.execute(f"CREATE ROLE {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}; SET ROLE {role}")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="Restaurant context is required"):
            await c.fetch("SELECT FROM customers")
    finally:
        await c.execute(f"RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")


async def test_every_statement_is_one_this_version_takes(c: Any) -> None:
    names = sorted(str(p.relative_to(QUERIES).with_suffix("")) for p in QUERIES.glob("[!.]*/*.sql"))
    for name in names:
        room, body = name.split("/")[0], re.sub(r"--[^\n]*", "", sql(name)).lstrip()
        if room in {"platform", "seed"} or re.match(r"(BEGIN|COMMIT|ROLLBACK)\b", body):
            continue
        try:
            await c.prepare(sql(name))
        except asyncpg.PostgresError as error:
            pytest.fail(f"{name}: {error}")
