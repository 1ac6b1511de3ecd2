"""Reading what a database holds: the words an attempt works under do not bind the reader."""

from uuid import uuid4

from engine.database import Connection
from engine.held import read_held
from engine.standing import DatabaseStanding
from tests.scratch import ScratchDatabase

HASTY = {"statement_timeout": "1ms", "lock_timeout": "1ms"}


async def opened(database: ScratchDatabase) -> Connection:
    return await Connection.open(database.dsn, application_name="test", timeout_s=30)


async def test_a_timer_of_the_runs_own_session_does_not_end_the_ledgers_reading(database: ScratchDatabase) -> None:
    connection = await opened(database)
    many = [uuid4() for _ in range(20_000)]
    assert (await read_held(connection, "nobody", many, contexts=[HASTY])).rows == {}
    await connection.close()


async def test_nor_that_of_the_reading_again_and_again(database: ScratchDatabase) -> None:
    standing = DatabaseStanding(lambda: opened(database), lambda: [HASTY])
    many = [uuid4() for _ in range(20_000)]
    assert (await standing.read(many, ())).rows == {}
    await standing.close()
