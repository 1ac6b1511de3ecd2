"""Signals go to what the operator saw and to nothing else."""

import asyncio

import pytest

from engine.backends import Backends
from engine.database import STEP_ERRORS, Connection
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
    with pytest.raises(STEP_ERRORS):
        await running
    await connection.close()


async def test_a_pid_that_is_none_is_refused_in_a_sentence(backends: Backends) -> None:
    assert not (await backends.cancel(())).done
    assert not (await backends.cancel(("x",))).done
    assert "is gone" in (await backends.cancel(("999999", "SELECT 1"))).text
    assert not (await Backends(None).cancel(("1",))).done


async def test_a_session_that_does_nothing_and_holds_a_lock_is_terminated(
    database: ScratchDatabase, backends: Backends
) -> None:
    """Its row on the screen has no query, as it has none; what it asked last is nobody's business."""
    idler = await Connection.open(database.dsn, application_name="somebody", timeout_s=30)
    await idler.script("SELECT pg_advisory_lock(1, 2)")
    answer = await backends.terminate((str(idler.pid), ""))
    assert answer.done, answer.text
    with pytest.raises(STEP_ERRORS):
        await idler.script("SELECT 1")
    await idler.close()


async def test_a_session_that_is_at_work_again_is_not_the_idle_one_that_was_seen(
    database: ScratchDatabase, backends: Backends
) -> None:
    connection, running = await busy(database, "SELECT pg_sleep(20)")
    answer = await backends.terminate((str(connection.pid), ""))
    assert not answer.done
    assert "something else" in answer.text
    await let_go(connection, running)


async def let_go(connection: Connection, running: "asyncio.Task[str]") -> None:
    """Leave a query that nobody ended."""
    assert not running.done()
    connection.terminate()
    with pytest.raises(Exception, match="connection was closed"):
        await running


async def test_a_session_whose_query_is_hidden_is_left_alone_and_the_right_is_named(database: ScratchDatabase) -> None:
    connection, running = await busy(database, "SELECT pg_sleep(20)")
    admin = await Connection.open(database.dsn, application_name="admin", timeout_s=5)
    role = f"plain_{database.name}"
    await admin.script(f'CREATE ROLE "{role}" IN ROLE pg_signal_backend')

    async def connect(name: str) -> Connection:
        return await Connection.open(database.dsn, application_name=name, timeout_s=5, settings={"role": role})

    try:
        answer = await Backends(connect).cancel((str(connection.pid), ""))
        assert not answer.done
        assert "hidden" in answer.text
        assert "pg_read_all_stats" in answer.text
    finally:
        await admin.script(f'DROP ROLE "{role}"')
        await admin.close()
    await let_go(connection, running)


@pytest.mark.parametrize("pid", ["²", "99999999999999999999", "-1", ""])
async def test_a_number_that_is_no_pid_is_refused_in_a_sentence(backends: Backends, pid: str) -> None:
    answer = await backends.cancel((pid, "SELECT 1"))
    assert not answer.done
    assert "nothing was sent" in answer.text or "which backend?" in answer.text
