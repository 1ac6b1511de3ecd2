"""Signals go to what the operator saw and to nothing else."""

import asyncio

import pytest

from engine.backends import Backends
from engine.database import Connection
from engine.observe.assemble import shown
from engine.redact import mask
from tests.scratch import ScratchDatabase


@pytest.fixture
def backends(database: ScratchDatabase) -> Backends:
    async def connect(name: str) -> Connection:
        return await Connection.open(database.dsn, application_name=name, timeout_s=5)

    return Backends(connect)


async def busy(database: ScratchDatabase, query: str) -> tuple[Connection, "asyncio.Task[str]"]:
    connection = await Connection.open(database.dsn, application_name="somebody", timeout_s=30)
    running = asyncio.create_task(connection.script(query))
    look = await Connection.open(database.dsn, application_name="look", timeout_s=5)
    waiting = "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid} AND wait_event = 'PgSleep') LOOP PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$"  # noqa: E501
    await look.script(waiting.format(pid=connection.pid))
    await look.close()
    return connection, running


async def test_a_query_that_is_still_the_same_is_cancelled(database: ScratchDatabase, backends: Backends) -> None:
    connection, running = await busy(database, "-- a comment\nSELECT pg_sleep(20), 'guest@example.com'")
    # As the screen showed it: without the comment, masked and on one line.
    answer = await backends.cancel((str(connection.pid), "SELECT", "pg_sleep(20),"))
    assert not answer.done, "half of what was seen is not what is there"
    answer = await backends.cancel((str(connection.pid), seen("SELECT pg_sleep(20), 'guest@example.com'")))
    assert answer.done, answer.text
    with pytest.raises(Exception, match="canceling statement"):
        await running
    await connection.close()


def seen(query: str) -> str:
    return shown(query, mask)[:60]


async def test_a_backend_that_runs_something_else_is_left_alone(database: ScratchDatabase, backends: Backends) -> None:
    connection, running = await busy(database, "SELECT pg_sleep(1)")
    for signal in (backends.cancel, backends.terminate):
        answer = await signal((str(connection.pid), "DELETE FROM bookings"))
        assert not answer.done
        assert "something else" in answer.text
    assert await running == "SELECT 1"
    await connection.close()


async def test_a_session_that_is_still_the_same_is_terminated(database: ScratchDatabase, backends: Backends) -> None:
    connection, running = await busy(database, "SELECT pg_sleep(20)")
    answer = await backends.terminate((str(connection.pid), "SELECT pg_sleep(20)"))
    assert answer.done
    with pytest.raises(Exception, match=r"terminat|connection was closed"):
        await running
    await connection.close()


async def test_a_pid_that_is_none_is_refused_in_a_sentence(backends: Backends) -> None:
    assert not (await backends.cancel(())).done
    assert not (await backends.cancel(("x",))).done
    assert "is gone" in (await backends.cancel(("999999", "SELECT 1"))).text
    assert not (await Backends(None).cancel(("1",))).done
