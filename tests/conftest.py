"""One real Postgres for a whole test session, and a database of its own for each test that wants one."""

import asyncio
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import hypothesis
import pytest

from engine.config import EmbeddedSettings
from engine.platform import databases
from engine.platform.cluster import Cluster, stop
from tests.controls.score import score
from tests.loopback import stay_here
from tests.scratch import FOLDER, ScratchDatabase
from tests.shell import Shell

_numbers = itertools.count(1)
# A test never asserts a time, and a busy machine is no failure.
# The same examples each time, so that a change is judged by what it changes; SLOTFILL_SEARCH=1 looks for new ones.
hypothesis.settings.register_profile("slotfill", deadline=None, derandomize=not os.environ.get("SLOTFILL_SEARCH"))
hypothesis.settings.load_profile("slotfill")


def _settings() -> EmbeddedSettings:
    # Should even the clean-up be killed, the keeper stops the server this long after the last test.
    return EmbeddedSettings(data=f"{os.environ[FOLDER]}/pg", idle_s=20.0, max_connections=150)


def pytest_configure(config: pytest.Config) -> None:
    # Begun under nohup or in the background these are ignored, and so they would be by all that the tests begin.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    starts_workers = not hasattr(config, "workerinput") and bool(getattr(config.option, "numprocesses", None))
    stay_here(tells=not starts_workers)
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="sft-")
        # Root's server runs as another user, who must be able to walk in.
        Path(folder).chmod(0o711 if os.geteuid() == 0 else 0o700)
        os.environ[FOLDER] = folder


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and (folder := os.environ.pop(FOLDER, None)):
        os.environ[FOLDER] = folder
        try:
            if Path(f"{folder}/pg.room").exists():
                asyncio.run(stop(_settings()))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            del os.environ[FOLDER]


def pytest_make_parametrize_id(val: object) -> str | None:
    """What a test is called by a long value: never its bytes, a packed one of which holds the second it was packed in.

    Processes that begin in two seconds would else collect two sets of tests, and none is run.
    """
    if isinstance(val, str | bytes) and len(val) > 100:
        beginning = ascii(val[:20])[1:-1] if isinstance(val, str) else val[:4].hex()
        return f"{beginning}... {len(val)} long"
    return None


LONGEST = ("secrets", "cli", "faults", "controls", "repair", "verify", "observe", "booking_api", "platform", "targets")
"""Rooms whose files take long: begun first, no worker is left alone with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long rooms first; within a room everything stays as it was."""
    places = {room: place for place, room in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many of the planted faults the verification caught."""
    said = [
        one for word in ("passed", "failed", "error", "skipped", "") for one in terminalreporter.stats.get(word, ())
    ]
    for line in score(one for one in said if isinstance(one, pytest.TestReport)):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The session's cluster; all workers share it."""

    async def opened() -> Cluster:
        found = await Cluster.open(_settings(), f"tests {os.getpid()}")
        connection = await asyncpg.connect(found.admin_dsn)
        try:
            # Dropping a database waits for the disk; nothing in a test has to survive a power cut.
            await connection.execute("ALTER SYSTEM SET fsync = off")
            await connection.execute("SELECT pg_reload_conf()")
        finally:
            await connection.close()
        await databases.ensure_template(found)
        return found

    found = asyncio.run(opened())
    yield found
    asyncio.run(found.close())


@pytest.fixture
async def database(cluster: Cluster) -> AsyncIterator[ScratchDatabase]:
    """A fresh clone of the seeded template."""
    async with _cloned(cluster, "white-horse") as found:
        yield found


@pytest.fixture
async def stress(cluster: Cluster) -> AsyncIterator[ScratchDatabase]:
    """A fresh clone of the stress set's template: five restaurants, and 105 bookings that wait for tables."""
    async with _cloned(cluster, "stress") as found:
        yield found


@asynccontextmanager
async def _cloned(cluster: Cluster, data: str) -> AsyncIterator[ScratchDatabase]:
    name = f"sf_test_{os.getpid()}_{next(_numbers)}"
    await databases.clone(cluster, name, data)
    try:
        yield ScratchDatabase(cluster, name)
    finally:
        await databases.drop(cluster, name)


@pytest.fixture
def shell(cluster: Cluster, tmp_path: Path) -> Iterator[Shell]:
    """A user's terminal with an empty home; whatever runs are left in it are stopped."""
    found = Shell(tmp_path)
    yield found
    found.clean()
