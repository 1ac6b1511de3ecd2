"""The door to Postgres: what an error proves, and what becomes of a connection that cannot be trusted any more."""

import asyncio

import asyncpg
import pytest

from engine.database import STEP_ERRORS, Connection, DatabaseUnreachable, refusal_of, sql
from engine.model.outcome import Certainty, Outcome, Phase, certainty_of, classify
from engine.model.step import Step
from tests.scratch import ScratchDatabase


class ConfusedConnection:
    """asyncpg's connection after a backend was terminated at the wrong moment: it loses count, and says so."""

    def __init__(self) -> None:
        self.terminated = False

    def get_server_pid(self) -> int:
        return 1

    async def execute(self, text: str) -> str:
        raise asyncpg.InternalClientError("got result for unknown protocol state 0")

    def is_closed(self) -> bool:
        return False

    async def close(self) -> None:
        raise asyncpg.InternalClientError("got result for unknown protocol state 0")

    def terminate(self) -> None:
        self.terminated = True


async def test_a_client_that_lost_count_at_commit_is_an_unknown_and_its_connection_is_dropped() -> None:
    confused = ConfusedConnection()
    connection = Connection(confused, timeout_s=1)
    with pytest.raises(STEP_ERRORS) as raised:
        await connection.commit()
    assert confused.terminated
    refusal = refusal_of(raised.value, Step.COMMIT, unanswered=Phase.IN_DOUBT)
    assert certainty_of(refusal) is Certainty.INFO
    assert classify(refusal) is Outcome.CONNECTION


async def test_a_client_that_lost_count_when_it_is_closed_is_dropped_too() -> None:
    confused = ConfusedConnection()
    await Connection(confused, timeout_s=1).close()
    assert confused.terminated


@pytest.mark.parametrize("phase", [Phase.IN_DOUBT, Phase.UNCOMMITTED])
def test_only_an_answer_of_the_server_makes_an_error_certain(phase: Phase) -> None:
    answered = asyncpg.ExclusionViolationError("conflicting key value")
    assert refusal_of(answered, Step.HOLD, unanswered=phase).phase is Phase.ANSWERED
    for error in (
        TimeoutError(),
        ConnectionResetError(),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InterfaceError("connection is closed"),
        # The server's last words before it drops a backend answer nothing that was asked.
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
    ):
        assert refusal_of(error, Step.HOLD, unanswered=phase).phase is phase, error


async def test_a_server_that_is_not_of_the_kind_the_dsn_wants_is_told_in_one_sentence(
    database: ScratchDatabase,
) -> None:
    # As while a primary is replaced: the one that answers takes no writes, or here, is no standby.
    dsn = f"{database.dsn}{'&' if '?' in database.dsn else '?'}target_session_attrs=standby"
    with pytest.raises(DatabaseUnreachable, match=r"did not take a connection: .*standby"):
        await Connection.open(dsn, application_name="test", timeout_s=5)


async def test_a_server_that_is_not_there_is_told_in_one_sentence() -> None:
    with pytest.raises(DatabaseUnreachable) as told:
        await Connection.open("postgresql://x@/x?host=/nowhere", application_name="test", timeout_s=2)
    assert "\n" not in str(told.value)


async def test_a_cancelled_call_drops_its_connection(database: ScratchDatabase) -> None:
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=30)
    call = asyncio.create_task(connection.script("SELECT pg_sleep(20)"))
    other = await Connection.open(database.dsn, application_name="look", timeout_s=5)
    await other.script(
        "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep') LOOP "
        "PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$"
    )
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not connection.is_open
    await other.close()


async def test_a_server_that_is_silent_is_waited_for_as_long_as_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[object] = []

    async def silent(dsn: str, *, timeout: float | None = 60, **more: object) -> asyncpg.Connection:
        lengths.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(asyncpg, "connect", silent)
    with pytest.raises(DatabaseUnreachable, match=r"no answer within 90 s$"):
        await Connection.open("postgresql://nowhere", application_name="test", timeout_s=90)
    assert lengths == [None], "asyncpg's own minute would end it before"


async def test_every_session_is_in_utc(database: ScratchDatabase) -> None:
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=5)
    told = await connection.script(
        "DO $$ BEGIN IF current_setting('TimeZone') <> 'UTC' "
        "THEN RAISE 'it is %', current_setting('TimeZone'); END IF; END $$"
    )
    assert told == "DO"
    await connection.close()


def test_a_statement_there_is_no_file_of_is_a_bug() -> None:
    with pytest.raises(FileNotFoundError):
        sql("fill/nothing")
