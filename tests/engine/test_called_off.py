"""A start that is called off, by a second ctrl-C above all, leaves nothing of it behind."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import asyncpg
import pytest

from engine.__main__ import _served
from engine.cannot_begin import CannotBegin
from engine.exit_code import ExitCode
from engine.front import FrontDoor
from engine.link_server import LinkServer
from engine.opening import opened
from engine.platform.cluster import Cluster
from engine.platform.databases import names
from engine.spec import Spec
from tests.engine.test_opening import own, spec_of

__all__ = ["own"]


async def begin(spec: Spec) -> None:
    """Come to stand; nobody who is called off may."""
    async with opened(spec):
        pytest.fail("it stood before it was called off")


async def called_off(spec: Spec, reached: Callable[[], Awaitable[bool]]) -> CannotBegin:
    """What a start says that is cancelled once it has come so far."""
    start = asyncio.create_task(begin(spec))
    async with asyncio.timeout(60):
        while not await reached():
            await asyncio.sleep(0)
            assert not start.done(), start
    start.cancel()
    with pytest.raises(CannotBegin) as said:
        await start
    return said.value


async def test_a_start_that_is_called_off_leaves_neither_folder_nor_database(
    cluster: Cluster, own: str, tmp_path: Path
) -> None:
    async def has_folder() -> bool:
        return bool(list(tmp_path.iterdir()))

    said = await called_off(spec_of(cluster, tmp_path), has_folder)
    assert said.exit_code is ExitCode.STOPPED
    assert str(said) == "interrupted before the run stood; nothing of it goes on"
    assert list(tmp_path.iterdir()) == []
    assert own not in await names(cluster)


async def test_a_start_that_is_called_off_while_its_database_is_made_leaves_none(
    cluster: Cluster, own: str, tmp_path: Path
) -> None:
    looks = await asyncpg.connect(cluster.admin_dsn, timeout=10, command_timeout=20)

    async def is_made() -> bool:
        made = f"%CREATE DATABASE {own}%"
        asked = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1"
        return bool(await looks.fetchval(asked, made))

    try:
        await called_off(spec_of(cluster, tmp_path), is_made)
        # The server finishes what it was at, whoever has gone.
        async with asyncio.timeout(20):
            while await is_made():  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)
    finally:
        await looks.close()
    assert own not in await names(cluster)


async def test_a_start_that_is_called_off_when_it_listens_already_leaves_no_socket() -> None:
    # Not in tmp_path: the name of a socket is short.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0be9ed00"
        server = LinkServer(cast("FrontDoor", None))

        async def listen() -> None:
            async with _served(server, path):
                pytest.fail("it stood before it was called off")

        start = asyncio.create_task(listen())
        while server._server is None:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0)
        assert path.is_socket()
        start.cancel()
        with pytest.raises(CannotBegin):
            await start
        assert not path.exists()
