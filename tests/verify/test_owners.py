"""The same checks on the owners' own database: what their platform leaves behind is told by the right check."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from engine.database import Connection
from engine.model.integrity import Integrity
from engine.platform.cluster import Cluster
from engine.repair.holds import sweep_holds
from engine.verify.integrity import CHECKS, check
from tests.owners.build import OwnersDatabase, build, drop
from tests.owners.guest import Conn, assign, booking, confirm, hold

TTL = timedelta(seconds=180)


@pytest.fixture
async def owners(cluster: Cluster) -> AsyncIterator[OwnersDatabase]:
    name = f"owners_verify_{os.getpid()}"
    await build(cluster, name)
    yield OwnersDatabase(cluster, name, "plain")
    await drop(cluster, name)


async def look(c: Conn, owners: OwnersDatabase, role: str | None = None) -> Integrity:
    ids: list[UUID] = await c.fetchval("SELECT array_agg(id) FROM restaurants")
    dsn = owners.dsn if role is None else owners.dsn_as(role)
    connection = await Connection.open(dsn, application_name="test", timeout_s=10)
    try:
        return await check(connection, ids, TTL)
    finally:
        await connection.close()


async def found(c: Conn, owners: OwnersDatabase) -> dict[str, int]:
    seen = await look(c, owners)
    assert not seen.failed
    assert set(seen.counts) == {one.name for one in CHECKS}
    return {name: count for name, count in seen.counts.items() if count}


async def sweep(c: Conn, owners: OwnersDatabase) -> int:
    ids: list[UUID] = await c.fetchval("SELECT array_agg(id) FROM restaurants")
    connection = await Connection.open(owners.dsn, application_name="test", timeout_s=10)
    try:
        return len((await sweep_holds(connection, ids, TTL)).holds)
    finally:
        await connection.close()


async def test_what_the_owners_platform_leaves_is_told_apart(owners: OwnersDatabase) -> None:
    """One story, as a database takes a second to build: each step adds what its fault leaves."""
    c = await owners.connect()
    try:
        assert await found(c, owners) == {}
        seated = await booking(c, party=7)
        await confirm(c, await hold(c, seated, "MD-03", "MD-04"), seated)
        waiting = await booking(c)
        immortal = await hold(c, waiting, "MD-01")
        assert await found(c, owners) == {}

        # Older than any hold may be, and its expiry is after the dinner: only age tells.
        await c.execute("UPDATE table_holds SET created_at = now() - interval '10 minutes' WHERE id = $1", immortal)
        assert await found(c, owners) == {"leaked_holds": 1}
        assert await sweep(c, owners) == 1
        assert await found(c, owners) == {}

        # A reset deletes assignments, and nothing else.
        await c.execute("UPDATE bookings SET status = 'pending' WHERE id = $1", seated)
        await c.execute("SELECT unassign_tables_atomic($1)", seated)
        dirt = {"zone_locks_on_pending": 1, "ledger_without_tables": 1, "stale_allocations": 1}
        assert await found(c, owners) == dirt

        # A hold deleted outright leaves its shadow.
        outright = await hold(c, waiting, "MD-02")
        await c.execute("DELETE FROM table_holds WHERE id = $1", outright)
        assert await found(c, owners) == dirt | {"shadow_allocations": 1}

        # A hold on a table that the booking has takes the real allocation away.
        half = await booking(c)
        await assign(c, half, "MD-09")
        await hold(c, half, "MD-09")
        broken = {"tables_without_confirmation": 1, "assignments_without_allocation": 1}
        assert await found(c, owners) == dirt | broken | {"shadow_allocations": 1}

        # Nothing there counts seats.
        crowd = await booking(c, party=12)
        await confirm(c, await hold(c, crowd, "MD-05"), crowd)
        assert await found(c, owners) == dirt | broken | {"shadow_allocations": 1, "too_few_seats": 1}
    finally:
        await c.close()


@pytest.mark.parametrize("role", ["service_role", "authenticated"])
async def test_a_role_under_row_security_is_told_what_it_cannot_check(role: str, owners: OwnersDatabase) -> None:
    c = await owners.connect()
    try:
        await booking(c, status="confirmed")
        seen = await look(c, owners, role)
    finally:
        await c.close()
    assert "confirmed_without_tables" in seen.failed
    assert "confirmed_without_tables" not in seen.counts
