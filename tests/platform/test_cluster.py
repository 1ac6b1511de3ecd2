"""The embedded cluster: there when it is wanted, gone when nobody is left, however its users ended."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from engine.config import EmbeddedSettings
from engine.database import Connection
from engine.platform import databases
from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import Cluster, ClusterInUse, status, stop
from tests.scratch import ScratchDatabase
from tests.shell import alive, wait_until


@pytest.fixture
def own() -> Iterator[EmbeddedSettings]:
    """Settings of a cluster that nobody else uses."""
    with tempfile.TemporaryDirectory(prefix="sfc-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        settings = EmbeddedSettings(data=f"{folder}/pg", idle_s=1.0, max_connections=20)
        yield settings
        if Path(f"{folder}/pg.room").exists():
            asyncio.run(_stop(settings))


async def _stop(settings: EmbeddedSettings) -> None:
    for _ in range(100):
        try:
            await stop(settings)
        except ClusterInUse:
            await asyncio.sleep(0.05)
        else:
            return


async def test_it_is_made_started_used_and_stopped(own: EmbeddedSettings) -> None:
    before = await status(own)
    assert (before.exists, before.running) == (False, False)
    cluster = await Cluster.open(own, "the test")
    connection = await asyncpg.connect(cluster.admin_dsn)
    settings = {
        name: await connection.fetchval("SELECT current_setting($1)", name)
        for name in (
            "listen_addresses",
            "unix_socket_permissions",
            "TimeZone",
            "server_encoding",
            "log_lock_waits",
            "fsync",
        )
    }
    assert settings == {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
        "log_lock_waits": "on",
        "fsync": "on",
    }
    await connection.close()
    meanwhile = await status(own)
    assert meanwhile.running
    assert any("the test" in user for user in meanwhile.users)
    assert not Path(meanwhile.socket).stat().st_mode & 0o077
    with pytest.raises(ClusterInUse, match="the test"):
        await stop(own)
    await cluster.close()
    await stop(own)
    after = await status(own)
    assert (after.exists, after.running) == (True, False)


async def test_two_that_open_it_at_once_share_one_server(own: EmbeddedSettings) -> None:
    one, other = await asyncio.gather(Cluster.open(own, "one"), Cluster.open(own, "other"))
    assert one.pid == other.pid
    await one.close()
    connection = await asyncpg.connect(other.admin_dsn)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    await other.close()


async def test_nobody_left_means_nothing_left_though_its_user_was_killed(own: EmbeddedSettings) -> None:
    code = (
        "import asyncio, sys, time\n"
        "from engine.config import EmbeddedSettings\n"
        "from engine.platform.cluster import Cluster\n"
        f"settings = EmbeddedSettings(data={own.data!r}, idle_s=1.0, max_connections=20)\n"
        "cluster = asyncio.run(Cluster.open(settings, 'x'))\n"
        "print(cluster.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    user = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd="/", env=_environ())
    assert user.stdout is not None
    server = int(await asyncio.to_thread(user.stdout.readline))
    assert alive(server)
    user.kill()
    user.communicate()
    await asyncio.to_thread(wait_until, lambda: not alive(server), "the keeper to stop the server")
    assert not (await status(own)).users


def _environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


async def test_a_server_that_was_killed_is_started_again_and_what_was_committed_is_there(own: EmbeddedSettings) -> None:
    first = await Cluster.open(own, "first")
    connection = await asyncpg.connect(first.admin_dsn)
    await connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    connection.terminate()
    os.kill(first.pid, signal.SIGKILL)
    await asyncio.to_thread(wait_until, lambda: not alive(first.pid), "the server to be gone")
    again = await Cluster.open(own, "again")
    connection = await asyncpg.connect(again.admin_dsn, timeout=10)
    assert await connection.fetchval("SELECT n FROM kept") == 7
    await connection.close()
    await first.close()
    await again.close()


async def test_a_folder_without_postgres_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PlatformUnfit) as told:
        await Cluster.open(EmbeddedSettings(bin=str(tmp_path), data=str(tmp_path / "pg")), "x")
    assert str(tmp_path) in str(told.value)
    assert "\n" not in str(told.value)


async def test_the_template_carries_our_marker_and_any_other_database_does_not(
    database: ScratchDatabase, cluster: Cluster
) -> None:
    ours = await Connection.open(database.dsn, application_name="test", timeout_s=5)
    assert await databases.is_ours(ours)
    await ours.close()
    foreign = await Connection.open(cluster.admin_dsn, application_name="test", timeout_s=5)
    assert not await databases.is_ours(foreign)
    await foreign.close()


async def test_a_clone_is_the_template_as_it_was_and_dropping_it_leaves_the_template(cluster: Cluster) -> None:
    name = f"sf_test_clone_{os.getpid()}"
    await databases.clone(cluster, name)
    assert name in await databases.names(cluster)
    connection = await asyncpg.connect(cluster.dsn(name))
    assert await connection.fetchval("SELECT count(*) FROM table_inventory") == 40
    await connection.execute("DELETE FROM table_adjacencies")
    await connection.close()
    await databases.drop(cluster, name)
    assert name not in await databases.names(cluster)
    await databases.clone(cluster, name)
    connection = await asyncpg.connect(cluster.dsn(name))
    assert await connection.fetchval("SELECT count(*) FROM table_adjacencies") == 79
    await connection.close()
    await databases.drop(cluster, name)


async def test_two_data_sets_are_built_at_once_and_stand_side_by_side_while_older_templates_go(
    own: EmbeddedSettings,
) -> None:
    cluster = await Cluster.open(own, "the test")
    admin = await asyncpg.connect(cluster.admin_dsn)
    await admin.execute("CREATE DATABASE slotfill_template_older")
    await admin.execute("ALTER DATABASE slotfill_template_older WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
    built = await asyncio.gather(*(databases.ensure_template(cluster, data) for data in ("white-horse", "stress")))
    assert await databases.ensure_template(cluster, "today") == built[1]
    found = await admin.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, 'slotfill_template_')")
    assert {row["datname"] for row in found} == set(built)
    assert len(set(built)) == 2
    await admin.close()
    await cluster.close()


async def test_dropping_a_run_s_databases_takes_its_repeats_and_no_other_run_s(cluster: Cluster) -> None:
    run = f"sf_test_{os.getpid()}_all"
    for name in (run, f"{run}_2", f"{run}ed"):
        await databases.clone(cluster, name)
    assert await databases.drop_all(cluster, run) == [run, f"{run}_2"]
    assert f"{run}ed" in await databases.names(cluster)
    assert await databases.drop_all(cluster, f"{run}ed") == [f"{run}ed"]
    with pytest.raises(ValueError, match="does not begin the names"):
        await databases.drop_all(cluster, "sf_")
