"""Databases of the embedded cluster: one seeded template, and a clone of it for every run."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import msgspec

from engine.database import STEP_ERRORS, Connection, DatabaseFailed, DatabaseUnreachable, describe, sql
from engine.platform.cluster import Cluster
from engine.platform.seed import SEEDS
from engine.platform.server import ServerPlan

_TEMPLATES = "slotfill_template_"
_RUNS = "sf_"
_NAME = re.compile(r"(?:sf_|slotfill_template_)[a-z0-9_]{1,40}")
_TIMEOUT_S = 60.0


class DatabaseName(msgspec.Struct, frozen=True):
    """A database's name."""

    name: str


class Identity(msgspec.Struct, frozen=True):
    """Where a database says it was made, and where it is."""

    made_on: str
    server: str
    data: str
    over_socket: bool


@cache
def schema_checksum() -> str:
    """12 hex digits of all SQL that a template is made of; another text makes another template."""
    digest = sha256()
    for name, text in _scripts():
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:12]


async def ensure_template(cluster: Cluster) -> str:
    """The name of the seeded template; built when it is not there. Raises DatabaseFailed or DatabaseUnreachable."""
    template = f"{_TEMPLATES}{schema_checksum()}"
    async with _admin(cluster) as admin:
        if await admin.value("platform/admin/template_sealed", template):
            return template
        await admin.execute("platform/admin/lock_building")
        try:
            if not await admin.value("platform/admin/template_sealed", template):
                await _build(cluster, admin, template)
                await _drop_older(admin, template)
        finally:
            await admin.execute("platform/admin/unlock_building")
    return template


async def clone(cluster: Cluster, database: str) -> None:
    """Make a run's database from the template. Raises DatabaseFailed when there is one of that name."""
    template = await ensure_template(cluster)
    async with _admin(cluster) as admin:
        await admin.script(_named("create_database", database=database, template=template))


async def drop(cluster: Cluster, database: str) -> None:
    """End a run's database, whoever is in it; nothing happens when there is none."""
    async with _admin(cluster) as admin:
        await admin.script(_named("drop_database", database=database))


async def names(cluster: Cluster) -> list[str]:
    """Names of the runs' databases."""
    async with _admin(cluster) as admin:
        return [row.name for row in await admin.rows("platform/admin/database_names", DatabaseName, _RUNS)]


async def is_ours(connection: Connection) -> bool:
    """Whether this is plainly a database of an embedded cluster on this machine: nothing else may be reset unasked.

    It carries the marker, the marker names this very server, the server is reached over a socket, and its data folder
    is one that the embedded cluster keeps here. Whatever cannot be seen speaks against it.
    """
    try:
        if not await connection.value("platform/admin/marked"):
            return False
        found = await connection.row("platform/admin/identity", Identity)
    except STEP_ERRORS:
        return False
    if found is None or found.made_on != found.server or not found.over_socket:
        return False
    return await asyncio.to_thread(_kept, found)


def _kept(found: Identity) -> bool:
    """Whether a keeper on this machine was told to keep that data folder."""
    try:
        plan = msgspec.json.decode(Path(f"{found.data}.room", "server.json").read_bytes(), type=ServerPlan)
    except (OSError, msgspec.MsgspecError):
        return False
    return plan.places.data == found.data


async def _build(cluster: Cluster, admin: Connection, template: str) -> None:
    # What a builder that was killed left behind is not sealed, and not worth keeping.
    await admin.script(_named("drop_database", database=template))
    await admin.script(_named("create_database", database=template, template="template0"))
    connection = await Connection.open(
        cluster.dsn(template), application_name="slotfill template", timeout_s=_TIMEOUT_S
    )
    try:
        for _, text in _scripts():
            await connection.script(text)
        await connection.execute("platform/admin/mark", template)
        await connection.script(sql("platform/admin/settle"))
    finally:
        await connection.close()
    await admin.script(_named("seal_template", database=template))


async def _drop_older(admin: Connection, template: str) -> None:
    for row in await admin.rows("platform/admin/database_names", DatabaseName, _TEMPLATES):
        if row.name == template:
            continue
        try:
            await admin.script(_named("unseal_template", database=row.name))
            await admin.script(_named("drop_unused_database", database=row.name))
        except STEP_ERRORS:
            # An older slotfill is just copying it and will be gone next time.
            continue


@asynccontextmanager
async def _admin(cluster: Cluster) -> AsyncIterator[Connection]:
    connection = await Connection.open(cluster.admin_dsn, application_name="slotfill", timeout_s=_TIMEOUT_S)
    try:
        yield connection
    except DatabaseUnreachable:
        raise
    except STEP_ERRORS as error:
        raise DatabaseFailed(f"the embedded cluster refused: {describe(error)}") from error
    finally:
        await connection.close()


def _named(statement: str, **databases: str) -> str:
    """A statement about databases. Names cannot be parameters, so only such as we make ourselves get through."""
    for name in databases.values():
        if name != "template0" and not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of ours for a database")
    return sql(f"platform/admin/{statement}").format(**databases)


def _scripts() -> Iterator[tuple[str, str]]:
    """The files a template is made of, in order."""
    room = files("queries").joinpath("platform")
    for name in sorted(entry.name for entry in room.iterdir()):
        if re.fullmatch(r"\d{3}_\w+\.sql", name):
            yield f"platform/{name}", room.joinpath(name).read_text(encoding="utf-8")
    for seed in SEEDS:
        yield f"seed/{seed}", sql(f"seed/{seed}")
