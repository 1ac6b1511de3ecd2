"""Behind a transaction pooler a look is one transaction, never fails for it, and leaves nothing on a backend."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from engine.clock import RunningClock
from engine.database import Connection
from engine.model.detail import Rights
from engine.observe.looking import Looking, Refusals
from engine.observe.sampler import Sampler
from engine.observe.server import ServerLooks
from tests.observe.bouncer import FOUND, bouncer
from tests.observe.stage import Stage, nobody
from tests.targets.pooler import pooler

SETTINGS = ("statement_timeout", "lock_timeout", "transaction_read_only", "application_name", "TimeZone", "role")
TICKS = 1_000
FEW = 40
CLIENTS = 4


async def ticks(dsn: str, count: int) -> list[str]:
    """What the looks of several clients said was missing, other than slowness; each fails the test if it fails."""
    clients = [
        Sampler(
            lambda: Connection.open(dsn, application_name="slotfill sampler", timeout_s=10, pooled=True),
            RunningClock(),
            nobody,
            0.05,
            10.0,
        )
        for _ in range(CLIENTS)
    ]
    missing: dict[str, None] = {}
    try:
        for number in range(count):
            sampler = clients[number % CLIENTS]
            if number % 3 == 0:
                sampler._due_ns.clear()
            missing.update(dict.fromkeys((await sampler.look()).missing))
    finally:
        for sampler in clients:
            await sampler.close()
    return [line for line in missing if not line.startswith("looks every")]


async def settings_on_backends(dsn: str, times: int = 8) -> dict[int, tuple[str, ...]]:
    """What is set on each backend that a client is given, asked in so many transactions."""
    found: dict[int, tuple[str, ...]] = {}
    client = await asyncpg.connect(dsn, statement_cache_size=0, server_settings={"application_name": "probe"})
    try:
        asked = ", ".join(f"current_setting('{name}')" for name in SETTINGS)
        for _ in range(times):
            row = await client.fetchrow(f"SELECT pg_backend_pid(), {asked}")
            found[row[0]] = tuple(row)[1:]
    finally:
        await client.close()
    return found


@asynccontextmanager
async def watching(dsn: str) -> AsyncIterator[Connection]:
    connection = await Connection.open(dsn, application_name="slotfill", timeout_s=10, pooled=True)
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_look_behind_a_pooler_is_one_bounded_transaction_that_can_write_nothing(stage: Stage) -> None:
    async with pooler(stage.dsn) as through, watching(through) as connection:
        looking = Looking(connection, Refusals(RunningClock()), 0.4)
        limits = await looking.open()
        bounds = await connection._connection.fetchrow(
            "SELECT pg_backend_pid(), current_setting('statement_timeout'), current_setting('lock_timeout')"
        )
        assert tuple(bounds) == (limits.pid, "200ms", "40ms")
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.script("DELETE FROM table_holds")
        await connection.rollback()


async def test_looks_through_a_pooler_that_changes_backends_have_no_error_and_leave_no_setting(stage: Stage) -> None:
    async with pooler(stage.dsn) as through:
        before = await settings_on_backends(through)
        assert len(before) == 2
        async with watching(through) as connection:
            # The stand-in gives each client two backends of its own: what is left is seen by that very client.
            sampler = Sampler(lambda: one(connection), RunningClock(), nobody, 0.05, 10.0)
            for number in range(FEW):
                if number % 3 == 0:
                    sampler._due_ns.clear()
                sample = await sampler.look()
                assert not [line for line in sample.missing if not line.startswith("looks every")]
            server = await ServerLooks(RunningClock(), str).look(connection)
            assert server.pool == "transaction pooler"
            left = set()
            for _ in range(6):
                left.add(await bounds_of(connection))
            assert left == {("0", "0", "off")}
            await connection.script("SET statement_timeout = 77")
            left = {await bounds_of(connection) for _ in range(4)}
            assert ("77ms", "0", "off") in left, "a setting that is left must be found"


async def one(connection: Connection) -> Connection:
    return connection


async def bounds_of(connection: Connection) -> tuple[str, ...]:
    row = await connection._connection.fetchrow(
        "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),"
        " current_setting('transaction_read_only')"
    )
    return tuple(row)


@pytest.mark.skipif(FOUND is None, reason="there is no pgbouncer on this machine: apt install pgbouncer")
async def test_a_real_pgbouncer_takes_every_look_and_keeps_none_of_its_settings(stage: Stage) -> None:
    with bouncer(stage.dsn) as through:
        await looked_through(through, FEW)


@pytest.mark.campaign
@pytest.mark.skipif(FOUND is None, reason="there is no pgbouncer on this machine: apt install pgbouncer")
async def test_a_thousand_looks_through_a_real_pgbouncer_have_no_error_and_leave_no_setting(stage: Stage) -> None:
    with bouncer(stage.dsn) as through:
        await looked_through(through, TICKS)


async def looked_through(through: str, count: int) -> None:
    before = await settings_on_backends(through)

    assert await ticks(through, count) == []

    after = await settings_on_backends(through)
    assert set(after.values()) == set(before.values())
    async with watching(through) as connection:
        rights = await connection.row("observe/rights", Rights)
        assert rights is not None
        # A setting of a session stays on a backend that all share: this is what must not happen.
        await connection.script("SET statement_timeout = 77")
    planted = await settings_on_backends(through)
    assert set(planted.values()) != set(before.values())
