"""Statements that a connection keeps prepared: once each, none behind a pooler, and made anew when shapes change."""

import asyncpg
import pytest

from engine.database import Connection, drop_left
from engine.model.floor import Zone
from engine.model.rows import RestaurantRow, SlugRow
from tests.scratch import ScratchDatabase

RESHAPE = "ALTER TABLE zones ALTER COLUMN name TYPE varchar(80)"


async def opened(database: ScratchDatabase, *, pooled: bool = False) -> Connection:
    return await Connection.open(database.dsn, application_name="test", timeout_s=10, pooled=pooled)


async def prepared(connection: Connection) -> int:
    """How many statements the server keeps for it; asked so that the question is none of them."""
    text = "DO $$ BEGIN PERFORM set_config('t.n', (SELECT count(*)::text FROM pg_prepared_statements), false); END $$"
    await connection.script(text)
    return int(str(await connection._connection.fetchval("SELECT current_setting('t.n')")))


async def house(connection: Connection) -> RestaurantRow:
    (first, *_) = await connection.rows("fill/slugs", SlugRow)
    found = await connection.row("fill/restaurant", RestaurantRow, first.slug)
    assert found is not None
    return found


async def test_a_statement_is_prepared_once_however_often_it_is_asked(database: ScratchDatabase) -> None:
    connection = await opened(database)
    before = await prepared(connection)
    for _ in range(3):
        await house(connection)
    assert await prepared(connection) <= before + 3  # the two of the house, and the question of the test
    await connection.close()


async def test_behind_a_pooler_nothing_is_kept(database: ScratchDatabase) -> None:
    connection = await opened(database, pooled=True)
    for _ in range(3):
        await house(connection)
    assert await prepared(connection) == 0
    await connection.close()


async def test_a_table_of_another_shape_is_asked_once_more_and_nobody_notices(database: ScratchDatabase) -> None:
    connection, other = await opened(database), await opened(database)
    where = (await house(connection)).id
    zones = await connection.rows("fill/zones", Zone, where)
    await other.script(RESHAPE)
    assert await connection.rows("fill/zones", Zone, where) == zones
    await connection.close()
    await other.close()


async def test_in_a_transaction_another_shape_is_a_refusal_and_the_next_one_goes_well(
    database: ScratchDatabase,
) -> None:
    connection, other = await opened(database), await opened(database)
    where = (await house(connection)).id
    zones = await connection.rows("fill/zones", Zone, where)
    await other.script(RESHAPE)
    await connection.begin()
    with pytest.raises(asyncpg.PostgresError):
        await connection.rows("fill/zones", Zone, where)
    await connection.rollback()
    assert await connection.rows("fill/zones", Zone, where) == zones
    await connection.close()
    await other.close()


async def test_a_connection_that_nobody_closed_is_dropped_when_the_engine_ends(database: ScratchDatabase) -> None:
    left, closed = await opened(database), await opened(database)
    await closed.close()
    assert drop_left() >= 1
    assert not left.is_open
    assert drop_left() == 0
