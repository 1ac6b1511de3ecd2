"""The embedded cluster: open it and it runs, close it and it ends when nobody else uses it."""

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec

import engine
from engine.config import EmbeddedSettings
from engine.platform import binaries, server
from engine.platform.binaries import PlatformUnfit
from engine.platform.locks import FileLock, forget_users, leave_note, take_note_back, users_of
from engine.platform.owner import owner, reachable
from engine.platform.places import Places, places, wanted_data
from engine.platform.server import USER, Postmaster, ServerPlan

_JOIN_S = 60.0
"""Longest wait for a server that is just being stopped."""
_ENSURE_S = 180.0


class ClusterInUse(Exception):
    """The cluster cannot be stopped. The message names who uses it."""


class ClusterStatus(msgspec.Struct, frozen=True):
    """The cluster, as far as it can be seen without using it."""

    exists: bool
    running: bool
    pid: int | None
    data: str
    socket: str
    version: str
    users: tuple[str, ...] = ()
    databases: int | None = None
    """Databases of runs; None when nobody counted."""
    bytes: int | None = None
    """What all of it takes on disk; None when nobody added it up."""


class Cluster:
    """A use of the running embedded cluster. It cannot be stopped before every use is closed."""

    def __init__(self, plan: ServerPlan, found: Postmaster, users: FileLock, note: FileLock) -> None:
        self._plan = plan
        self._found = found
        self._users = users
        self._note = note

    @classmethod
    async def open(cls, settings: EmbeddedSettings, who: str) -> "Cluster":
        """Make it when it is not there, start it when it does not run, and use it. Raises PlatformUnfit."""
        plan = await asyncio.to_thread(_plan, settings)
        await asyncio.to_thread(plan.places.prepare, plan.owner)
        with _said(plan.places):
            return await cls._used(plan, who)

    @classmethod
    async def _used(cls, plan: ServerPlan, who: str) -> "Cluster":
        users = FileLock(plan.places.room / "users.lock")
        try:
            try:
                async with asyncio.timeout(_JOIN_S):
                    while not users.try_shared():  # noqa: ASYNC110 - another process lets go, and no event tells of it
                        await asyncio.sleep(0.02)
            except TimeoutError:
                raise PlatformUnfit(
                    f"the embedded cluster in {plan.places.data} is being stopped and does not end"
                ) from None
            note = leave_note(plan.places.users, who)
            try:
                found = await asyncio.to_thread(_ensure, plan)
            except BaseException:
                take_note_back(note)
                raise
        except BaseException:
            users.release()
            raise
        return cls(plan, found, users, note)

    def dsn(self, database: str) -> str:
        """How to reach a database of it: for asyncpg, psql and everything that reads libpq's URIs."""
        return f"postgresql://{USER}@/{quote(database, safe='')}?host={quote(self._found.socket, safe='')}&port=5432"

    @property
    def admin_dsn(self) -> str:
        """How to reach the database that makes databases."""
        return self.dsn("postgres")

    @property
    def data(self) -> str:
        """Its data folder."""
        return self._plan.places.data

    @property
    def pid(self) -> int:
        """Process of the server."""
        return self._found.pid

    @property
    def bin(self) -> str:
        """Folder of its programs: psql lies there."""
        return self._plan.binaries.folder

    @property
    def server_version(self) -> str:
        """`18.6`."""
        return _version(self._plan)

    def outlive_exec(self) -> None:
        """Stay a user of it when this process becomes another program, until that one ends."""
        self._note.outlive_exec()
        self._users.outlive_exec()

    async def close(self) -> None:
        """Use it no more. May be called twice."""
        take_note_back(self._note)
        self._users.release()


async def status(settings: EmbeddedSettings) -> ClusterStatus:
    """What can be seen of the cluster without starting or keeping it. Raises PlatformUnfit."""
    plan = await asyncio.to_thread(_plan, settings)
    with _said(plan.places):
        found = await asyncio.to_thread(server.postmaster, plan.places)
        return ClusterStatus(
            exists=plan.places.exists,
            running=found is not None,
            pid=found.pid if found else None,
            data=plan.places.data,
            socket=found.socket if found else plan.places.socket,
            version=_version(plan),
            users=users_of(plan.places.users),
        )


async def log_of(settings: EmbeddedSettings) -> Path:
    """Where the server of these settings writes its log. Raises PlatformUnfit."""
    return (await asyncio.to_thread(_plan, settings)).places.log


async def stop(settings: EmbeddedSettings) -> None:
    """Stop the server. Raises ClusterInUse while somebody uses it, and PlatformUnfit when it does not go."""
    plan = await asyncio.to_thread(_plan, settings)
    with _said(plan.places):
        if plan.places.room.exists():
            await _stopped(plan)


async def _stopped(plan: ServerPlan) -> None:
    users = FileLock(plan.places.room / "users.lock")
    try:
        if not await asyncio.to_thread(users.wait_exclusive, 1.0):
            names = ", ".join(users_of(plan.places.users)) or "somebody who left no name"
            raise ClusterInUse(f"the embedded cluster is used by {names}; stop that first")
        await asyncio.to_thread(server.stop, plan.places)
        forget_users(plan.places.users)
    finally:
        users.release()


@contextmanager
def _said(where: Places) -> Iterator[None]:
    """What the system refuses there is told in one sentence: raises PlatformUnfit."""
    try:
        yield
    except OSError as error:
        named = f" ({error.filename})" if error.filename else ""
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        cure = "make room there" if is_full else "set [embedded] data to a folder you own"
        raise PlatformUnfit(
            f"the embedded cluster in {where.data} cannot be used: {error.strerror or error}{named}; {cure}"
        ) from error


def _plan(settings: EmbeddedSettings) -> ServerPlan:
    who = owner()
    found = binaries.find(settings)
    return ServerPlan(
        places=places(settings, found.major, who),
        binaries=reachable(found, who),
        owner=who,
        max_connections=settings.max_connections,
        idle_s=settings.idle_s,
    )


def _version(plan: ServerPlan) -> str:
    return ".".join(str(part) for part in plan.binaries.version)


def _ensure(plan: ServerPlan) -> Postmaster:
    """See that the server runs and is kept; one process at a time does."""
    starting = FileLock(plan.places.room / "start.lock")
    try:
        if not starting.wait_exclusive(_ENSURE_S):
            raise PlatformUnfit(f"somebody has been starting the cluster in {plan.places.data} for {_ENSURE_S:.0f} s")
        if not plan.places.exists:
            server.initialise(plan)
        server.check_version(plan)
        if not (_kept(plan.places) and server.postmaster(plan.places)):
            _employ_keeper(plan)
        found = server.postmaster(plan.places)
        if found is None or not server.answers(found):
            raise PlatformUnfit(
                f"Postgres runs on {plan.places.data} but does not answer at its socket; slotfill db stop ends it, and "
                f"the next start makes another ({plan.places.log})"
            )
        return found
    finally:
        starting.release()


def _kept(where: Places) -> bool:
    probe = FileLock(where.room / "keeper.lock")
    try:
        return not probe.try_shared()
    finally:
        probe.release()


def _employ_keeper(plan: ServerPlan) -> None:
    where = plan.places
    fresh = where.room / f"server.json.{os.getpid()}"
    fresh.write_bytes(msgspec.json.encode(plan))
    fresh.replace(where.room / "server.json")
    project = str(Path(engine.__file__).resolve().parent.parent)
    with (where.room / "keeper.log").open("wb") as log:
        try:
            asked = subprocess.run(
                [sys.executable, "-m", "engine.platform.keeper", where.data],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd="/",
                # Where we are found is put before whatever else Python was told to look through.
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(filter(None, (project, os.environ.get("PYTHONPATH")))),
                },
                start_new_session=True,
                check=False,
                timeout=_ENSURE_S,
            )
        except subprocess.TimeoutExpired:
            raise PlatformUnfit(
                f"the keeper of {where.data} did not answer within {_ENSURE_S:g} s; see {where.room}/keeper.log"
            ) from None
    answer = asked.stdout.strip()
    if answer != "ready":
        raise PlatformUnfit(answer or f"the keeper of {where.data} ended without a word; see {where.room}/keeper.log")


__all__ = ["Cluster", "ClusterInUse", "ClusterStatus", "PlatformUnfit", "log_of", "status", "stop", "wanted_data"]
