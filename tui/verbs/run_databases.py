"""The databases that a run worked in, opened to be read."""

import os
import re
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from engine.config import Settings
from engine.database import STEP_ERRORS, Connection, describe
from engine.environment import read
from engine.ground import own_database
from engine.platform.cluster import Cluster
from engine.platform.databases import names
from engine.records.archive import Manifest
from engine.safety import GuardRefused, dsn_of
from tui.verbs.speak import who

_TIMEOUT_S = 60.0
"""Of one statement: a run may have a million attempts."""
_MOST_NAMED = 5


class RunDatabases(msgspec.Struct, frozen=True):
    """Where a run's claims are to be found."""

    dsn: str = ""
    repeats: dict[int, str] = {}
    """DSNs of later repeats of its plan that had a database of their own."""
    gone: str = ""
    """Why there is none."""
    ours: bool = False
    """In the embedded cluster."""


def databases_of(manifest: Manifest, there: Collection[str]) -> dict[int, str]:
    """Those of the embedded cluster's databases that a run worked in, by the repeat of its plan.

    Each repeat has one of its own, but where a run goes on in that of an earlier one.
    """
    first = manifest.database
    found = {1: first} if first in there else {}
    if first == own_database(manifest.run_id):
        repeats = (re.fullmatch(rf"{re.escape(first)}_r(\d+)", name) for name in there)
        found |= {int(match[1]): match[0] for match in repeats if match}
    return dict(sorted(found.items()))


def named(databases: Sequence[str]) -> str:
    """Databases of one run, for a sentence: every one where they are few."""
    if len(databases) <= _MOST_NAMED:
        return ", ".join(databases)
    return f"{len(databases)} databases, {databases[0]} to {databases[-1]}"


def share(one: Manifest, other: Manifest) -> bool:
    """Whether two runs worked in one database: in the same, or one in that of a repeat of the other's."""
    if one.data and other.data:
        return bool(databases_of(one, (other.database,)) or databases_of(other, (one.database,)))
    return bool(one.database) and (one.target, one.database) == (other.target, other.database)


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
                number: cluster.dsn(name) for number, name in databases_of(manifest, there).items() if number > 1
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
    async with connected(dsn, verb, pooled=not ground.ours) as connection:
        yield connection


@asynccontextmanager
async def connected(
    dsn: str, verb: str, *, timeout_s: float = _TIMEOUT_S, pooled: bool = False
) -> AsyncIterator[Connection]:
    """A connection that bears the verb's name. Raises DatabaseUnreachable."""
    connection = await Connection.open(dsn, application_name=f"slotfill {verb}", timeout_s=timeout_s, pooled=pooled)
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
