"""Reading what a database holds: the words an attempt works under do not bind the reader."""

from pathlib import Path
from uuid import uuid4

from engine.api_seat import ApiTerms
from engine.checks import Checks
from engine.contract import Terms
from engine.database import Connection
from engine.held import read_held
from engine.model.ids import RunId
from engine.standing import DatabaseStanding
from engine.targets.api import ApiTarget
from engine.targets.postgres import PostgresTarget
from engine.verify.ledger import fates
from tests.controls.evening import target_in
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


async def test_nor_does_a_step_that_may_take_next_to_no_time_at_all(database: ScratchDatabase) -> None:
    """Steps of a millisecond are all refused; what became of the run is read all the same."""
    floors = (await target_in(database.dsn, "hasty")).floors
    target = PostgresTarget(
        "embedded", database.dsn, RunId("hasty"), floors, terms=Terms(step_timeout_s=0.001, hold_ttl_s=180)
    )
    many = [uuid4() for _ in range(20_000)]
    assert (await target.held(many)).rows == {}
    assert await target.persisted(many) == {}


async def test_nor_the_checks_nor_what_became_of_a_commit_that_nobody_answered(
    database: ScratchDatabase, tmp_path: Path
) -> None:
    floors = (await target_in(database.dsn, "hasty")).floors
    steps = PostgresTarget(
        "embedded", database.dsn, RunId("hasty"), floors, terms=Terms(step_timeout_s=0.001, hold_ttl_s=180)
    )
    # Of an API with a dsn it is the API's own time that is short.
    requests = ApiTarget(
        "api", "http://127.0.0.1:1", RunId("hasty"), floors, ApiTerms(timeout_s=0.001, dsn=database.dsn)
    )
    for target in (steps, requests):
        checks = Checks(target.connect, target, 180, tmp_path)
        await checks.before()
        await checks.after()
        assert checks.alerts == ()
        assert checks.counts is not None
        connection = await target.connect("slotfill ledger")
        assert await fates(connection, [3]) == {3: ""}
        await connection.close()
        assert (await target.held([uuid4() for _ in range(2_000)])).rows == {}
        await target.close()
