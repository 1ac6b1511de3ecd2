"""A folder that nothing can be written to, before a run and during one: exit 7, one sentence, nothing unjournalled."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import pytest

from engine.exit_code import ExitCode
from engine.model.event import Intended
from engine.records.journal import read
from tests.faults.proxy import proxied
from tests.faults.test_whole_program import LONG, begin, theirs
from tests.scratch import ScratchDatabase
from tests.shell import Shell, wait_until

_DROP = (
    "import ctypes, os, sys; [ctypes.CDLL(None).prctl(24, one, 0, 0, 0) for one in (1, 2)]; "
    "os.execv(sys.argv[1], sys.argv[1:])"
)
"""Without these two capabilities (overriding and ignoring modes) root is bound by a folder's mode as everybody is."""

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.skipif(sys.platform != "linux", reason="root is made to obey a folder's mode by a call of Linux"),
]


class Bound(Shell):
    """A user who may not write where the mode says so, even as root."""

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-c", _DROP, *super().command(*words)]


@pytest.fixture
def bound(cluster: object, tmp_path: Path) -> Iterator[Bound]:
    found = Bound(tmp_path)
    yield found
    found.clean()


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    before = folder.stat().st_mode
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's cluster belongs to somebody else")
def test_a_cluster_that_belongs_to_somebody_else_is_told_in_a_sentence(bound: Bound) -> None:
    done = bound.do("run", "fill", "--headless")
    assert done.code == ExitCode.UNREACHABLE, done.err
    assert done.err.count("\n") == 1
    assert "cannot be used: Permission denied" in done.err


async def test_a_run_whose_folder_cannot_be_made_is_not_begun(bound: Bound, database: ScratchDatabase) -> None:
    place = bound.home / "runs"
    place.mkdir()
    async with through(database) as dsn:
        words = await asyncio.to_thread(theirs, bound, dsn)
        with read_only(place):
            done = await asyncio.to_thread(bound.do, "run", "fill", *words, "--headless", "--runs", str(place))
    assert done.code == ExitCode.RECORDS, done.err
    assert done.err.count("\n") == 1
    assert str(place) in done.err
    assert "Permission denied" in done.err
    assert list(place.iterdir()) == []


async def test_a_run_whose_folder_becomes_read_only_ends_with_a_sentence_and_sends_nothing_unjournalled(
    bound: Bound, database: ScratchDatabase
) -> None:
    async with through(database) as dsn:
        process = await asyncio.to_thread(begin, bound, dsn, *LONG, "--rate", "40")
        await asyncio.to_thread(wait_until, lambda: bound.see().run.filled > 5, "some bookings")
        folder = bound.runs()[-1]
        with read_only(folder):
            _, err = await asyncio.to_thread(process.communicate, timeout=60)
        assert process.returncode == ExitCode.RECORDS, err
        assert "Permission denied" in err.splitlines()[-1]
        assert "Traceback" not in err + (folder / "engine.log").read_text()
        await nothing_unjournalled(database, folder)
        words = ("--config", str(bound.home / "theirs.toml"))
        done = await asyncio.to_thread(bound.do, "verify", *words, "--json")
        assert done.json()["ledger"]["balanced"], done.err


@asynccontextmanager
async def through(database: ScratchDatabase) -> AsyncIterator[str]:
    """A DSN that leads there over a port: this user cannot walk into the cluster's folder."""
    async with proxied(database.dsn) as proxy:
        yield proxy.dsn


async def nothing_unjournalled(database: ScratchDatabase, folder: Path) -> None:
    keys = {event.key for event in read(folder) if isinstance(event, Intended)}
    connection: asyncpg.Connection = await database.connect()
    made = await connection.fetch("SELECT idempotency_key AS key FROM bookings WHERE source = 'slotfill'")
    left = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name LIKE 'slotfill %'"
    )
    await connection.close()
    assert made
    assert {row["key"] for row in made} <= keys
    assert left == 0
