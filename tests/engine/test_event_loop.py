"""The loop the engine runs on: uvloop's where there is one, else asyncio's; the same laws hold on both."""

import asyncio
import sys

import pytest

from engine import event_loop
from engine.database import Connection
from engine.model.rows import SlugRow
from tests.loopback import LeftTheMachine
from tests.scratch import ScratchDatabase


@pytest.fixture(params=["uvloop", "asyncio"])
def loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which loop is to be had."""
    name = str(request.param)
    if name == "asyncio":
        monkeypatch.setitem(sys.modules, "uvloop", None)  # as if it were not installed
    else:
        pytest.importorskip("uvloop")
    return name


async def kind() -> str:
    return next(one.__module__ for one in type(asyncio.get_running_loop()).__mro__ if "engine" not in one.__module__)


def test_the_engine_takes_the_loop_that_is_there(loop: str) -> None:
    assert event_loop.run(kind()).startswith(loop)


def test_no_loop_lets_a_connection_leave_the_machine(loop: str) -> None:
    async def leave(host: str) -> None:
        await asyncio.get_running_loop().create_connection(asyncio.Protocol, host, 9)

    for host in ("192.0.2.1", "somewhere.invalid"):
        with pytest.raises(LeftTheMachine):
            event_loop.run(leave(host))


def test_statements_are_asked_bounded_and_dropped_alike_on_every_loop(loop: str, database: ScratchDatabase) -> None:
    async def ask() -> tuple[list[SlugRow], bool]:
        connection = await Connection.open(database.dsn, application_name="test", timeout_s=5)
        slugs = await connection.rows("fill/slugs", SlugRow)
        assert slugs == await connection.rows("fill/slugs", SlugRow)
        await connection.close()
        hasty = await Connection.open(database.dsn, application_name="test", timeout_s=0.2)
        with pytest.raises(TimeoutError):
            await hasty.script("SELECT pg_sleep(30)")
        return slugs, hasty.is_open

    slugs, is_open = event_loop.run(ask())
    assert slugs
    assert not is_open
