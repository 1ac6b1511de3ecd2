"""The databases that a run worked in, opened to be read."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from engine.config import Settings
from engine.database import STEP_ERRORS, Connection, describe
from engine.environment import read
from engine.platform.cluster import Cluster
from engine.platform.databases import names
from engine.records.archive import Manifest
from engine.safety import GuardRefused, dsn_of
from tui.verbs.speak import who

_TIMEOUT_S = 60.0
"""Of one statement: a run may have a million attempts."""


class RunDatabases(msgspec.Struct, frozen=True):
    """Where a run's claims are to be found."""

    dsn: str = ""
    repeats: dict[int, str] = {}
    """DSNs of later repeats of its plan that had a database of their own."""
    gone: str = ""
    """Why there is none."""
    ours: bool = False
    """In the embedded cluster."""


@asynccontextmanager
async def run_databases(settings: Settings, manifest: Manifest, verb: str) -> AsyncIterator[RunDatabases]:
    """The databases of a run, for a verb; the embedded server stays up meanwhile. Raises GuardRefused."""
    if not manifest.database:
        yield RunDatabases(
            gone=f"run {manifest.run_id} names no database: an API without a dsn, or reports that were imported"
        )
    elif manifest.data:
        cluster = await Cluster.open(settings.embedded, f"{verb} by {who()}")
        try:
            there = await names(cluster)
            repeats = {
                int(match[1]): cluster.dsn(name)
                for name in there
                if manifest.database == f"sf_{manifest.run_id}"
                and (match := re.fullmatch(rf"{re.escape(manifest.database)}_r(\d+)", name))
            }
            if manifest.database in there:
                yield RunDatabases(dsn=cluster.dsn(manifest.database), repeats=repeats, ours=True)
            else:
                gone = f"the database {manifest.database} is gone; prune removes them with their runs"
                yield RunDatabases(repeats=repeats, gone=gone, ours=True)
        finally:
            await cluster.close()
    else:
        target = settings.targets.get(manifest.target)
        if target is None:
            raise GuardRefused(f"the run's target {manifest.target} is not in config.toml any more; put it back there")
        yield RunDatabases(dsn=dsn_of(manifest.target, target, read(Path.cwd(), os.environ).values))


@asynccontextmanager
async def opened(dsn: str, ground: RunDatabases, verb: str) -> AsyncIterator[Connection]:
    """A connection to one of them. Raises DatabaseUnreachable."""
    connection = await Connection.open(
        dsn, application_name=f"slotfill {verb}", timeout_s=_TIMEOUT_S, pooled=not ground.ours
    )
    try:
        yield connection
    finally:
        await connection.close()


async def elsewhere(connection: Connection, manifest: Manifest) -> str:
    """Why this is not the database that the run worked in; empty when it is."""
    try:
        name = str(await connection.value("platform/admin/database_name"))
    except STEP_ERRORS as error:
        return f"the database of target {manifest.target} does not say its name: {describe(error)}"
    if name == manifest.database:
        return ""
    return f"the run worked in {manifest.database}, and target {manifest.target} is {name} now"
