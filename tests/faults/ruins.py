"""A cluster of a test's own, to be broken: killed, filled up, and started again. Nobody else works in it."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from engine.config import EmbeddedSettings
from engine.model.event import AttemptEnded
from engine.platform import server
from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import Cluster, ClusterInUse, _plan, stop
from engine.platform.server import ServerPlan
from engine.records.journal import read
from tests.shell import Shell, wait_until


class Ruins:
    """The cluster, a user's terminal that works in it, and what may be done to it."""

    def __init__(self, home: Path, data: Path, idle_s: float, most_connections: int) -> None:
        self.settings = EmbeddedSettings(data=str(data), idle_s=idle_s, max_connections=most_connections)
        self.shell = Shell(home)
        self.shell.environ |= {
            "SLOTFILL_EMBEDDED_DATA": str(data),
            "SLOTFILL_EMBEDDED_IDLE_S": f"{idle_s:g}",
            "SLOTFILL_EMBEDDED_MAX_CONNECTIONS": f"{most_connections}",
        }

    @property
    def plan(self) -> ServerPlan:
        return _plan(self.settings)

    @property
    def postmaster(self) -> int:
        """The server's process."""
        found = server.postmaster(self.plan.places)
        assert found is not None, "the server does not run"
        return found.pid

    def kill_server(self) -> None:
        """SIGKILL the postmaster, and wait until it is gone: for a moment it is taken for one that runs."""
        old = self.postmaster
        os.kill(old, signal.SIGKILL)

        def is_gone() -> bool:
            found = server.postmaster(self.plan.places)
            return found is None or found.pid != old

        wait_until(is_gone, "the server to be gone")

    def dsn(self, database: str) -> str:
        return f"postgresql://slotfill@/{database}?host={self.plan.places.socket}&port=5432"

    def ask(self, database: str, query: str) -> Any:
        """One value; raises what asyncpg raises."""

        async def asked() -> Any:
            connection = await asyncpg.connect(self.dsn(database), timeout=5, command_timeout=30)
            try:
                return await connection.fetchval(query)
            finally:
                await connection.close()

        return asyncio.run(asked())

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            return bool(self.ask("postgres", "SELECT 1") == 1)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False

    def wait_until_it_answers(self, within_s: float = 60) -> float:
        """When it took a connection, on the monotonic clock."""
        wait_until(self.answers, "the server to take connections", within_s)
        return time.monotonic()

    def start_again(self, within_s: float = 60) -> int:
        """Start it after a crash, again and again while something of the old one lives; how many times it took."""
        until = time.monotonic() + within_s
        times = 0
        while True:
            times += 1
            try:
                asyncio.run(_opened(self.settings))
            except PlatformUnfit:
                assert time.monotonic() < until, "the server did not start again"
                time.sleep(0.05)
            else:
                return times

    def gone(self) -> None:
        """Stop the server, for good."""
        self.shell.clean()
        asyncio.run(_stopped(self.settings))

    def kill_a_worker_s_backend(self) -> int:
        """SIGKILL one backend that works for the run in hand: the server takes all others down and recovers."""
        pids = [worker.pid for worker in self.shell.see().workers if worker.pid]
        os.kill(pids[0], signal.SIGKILL)
        return pids[0]

    def filled(self) -> int:
        """How many bookings the run in hand has filled."""
        return self.shell.see().run.filled


async def _opened(settings: EmbeddedSettings) -> None:
    cluster = await Cluster.open(settings, "a test")
    await cluster.close()


@contextmanager
def ruins(home: Path, data: Path | None = None, idle_s: float = 20.0, most_connections: int = 60) -> Iterator[Ruins]:
    """A cluster of its own, not made yet; gone when this is left. With nobody in it, it stays up for so long."""
    with tempfile.TemporaryDirectory(prefix="sfr-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        found = Ruins(home, data or Path(folder) / "pg", idle_s, most_connections)
        try:
            yield found
        finally:
            found.shell.clean()
            if Path(f"{found.settings.data}.room").exists():
                asyncio.run(_stopped(found.settings))


async def _stopped(settings: EmbeddedSettings) -> None:
    for _ in range(200):
        try:
            await stop(settings)
        except ClusterInUse:
            await asyncio.sleep(0.05)
        else:
            return


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system with so much room. Raises PermissionError where this user may not mount one."""
    with tempfile.TemporaryDirectory(prefix="sfd-") as folder:
        Path(folder).chmod(0o711)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "tmpfs", folder]
        try:
            done = subprocess.run(mount, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            raise PermissionError("there is no mount here") from error
        if done.returncode != 0:
            raise PermissionError(done.stderr.strip())
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def may_mount() -> str:
    """Why a small disk cannot be had here; empty when it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a small disk is a tmpfs, which only root on Linux may mount"
    try:
        with small_disk(1):
            return ""
    except PermissionError as error:
        return f"a tmpfs cannot be mounted here: {error}"


def attempts(folder: Path) -> list[AttemptEnded]:
    """Every attempt's last word."""
    return [event for event in read(folder) if isinstance(event, AttemptEnded)]
