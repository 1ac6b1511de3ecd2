"""A cluster of its own that is killed with a clean, an unlogged and an unflushed evening in it, and started again."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from engine.config import EmbeddedSettings
from engine.platform import databases
from engine.platform.cluster import Cluster, stop
from tests.controls.evening import Evening, Looking, evening, target_in
from tests.controls.plants import plant
from tests.shell import alive, wait_until

QUIET = (
    # Nothing but a COMMIT that waits for it brings the log to the disk: neither a clock nor a page that is cleaned.
    "wal_writer_delay = '10s'",
    "bgwriter_lru_maxpages = 0",
    "autovacuum = off",
    "fsync = off",
)
C1_NOT_FLUSHED = (
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$"
)
C2_UNLOGGED = "ALTER TABLE booking_table_assignments SET UNLOGGED"


class Crash(NamedTuple):
    """Three evenings that were over and acknowledged when their server was killed."""

    clean: Evening
    unflushed: Evening
    unlogged: Evening


@asynccontextmanager
async def crashed() -> AsyncIterator[Crash]:
    """Three evenings, each in a database of its own, after the crash; the cluster is gone when this is left."""
    with tempfile.TemporaryDirectory(prefix="sfx-", ignore_cleanup_errors=True) as folder:
        # Root's server runs as another user, who must be able to walk in.
        Path(folder).chmod(0o711)
        settings = EmbeddedSettings(data=f"{folder}/pg", idle_s=5.0, max_connections=20)
        first = await Cluster.open(settings, "controls")
        again: Cluster | None = None
        try:
            found = await _played(first, Path(folder))
            os.kill(first.pid, signal.SIGKILL)
            await asyncio.to_thread(wait_until, lambda: not alive(first.pid), "the server to be gone")
            again = await Cluster.open(settings, "controls, once more")
            assert again.pid != first.pid
            yield found
        finally:
            await first.close()
            if again is not None:
                await again.close()
            await stop(settings)


async def _played(cluster: Cluster, folder: Path) -> Crash:
    async with Looking(cluster.admin_dsn) as admin:
        for setting in QUIET:
            await admin.script(f"ALTER SYSTEM SET {setting}")
        await admin.script("SELECT pg_reload_conf()")
    for name in ("clean", "c1", "c2"):
        await databases.clone(cluster, f"sf_{name}")
    await plant(cluster.dsn("sf_c1"), C1_NOT_FLUSHED)
    await plant(cluster.dsn("sf_c2"), C2_UNLOGGED)
    unlogged = await evening(folder / "c2", await target_in(cluster.dsn("sf_c2"), "c2"))
    clean = await evening(folder / "clean", await target_in(cluster.dsn("sf_clean"), "clean"))
    # Last, as every COMMIT that waits for the log takes along what others have in it.
    unflushed = await evening(folder / "c1", await target_in(cluster.dsn("sf_c1"), "c1"))
    return Crash(clean, unflushed, unlogged)
