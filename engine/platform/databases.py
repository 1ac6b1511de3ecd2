"""Databases of the embedded cluster: a seeded template for each data set, and a clone of one for every run."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import date
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import msgspec

from engine.database import STEP_ERRORS, Connection, DatabaseFailed, DatabaseUnreachable, describe, failure, sql
from engine.model.rows import SlugRow
from engine.platform.cluster import Cluster
from engine.platform.seed import DATA, SEEDED_DAY, data_set
from engine.platform.server import ServerPlan

_TEMPLATES = "slotfill_template_"
_RUNS = "sf_"
_NAME = re.compile(r"(?:sf_|slotfill_template_)[a-z0-9_]{1,40}")
_RUN = re.compile(r"sf_[a-z0-9][a-z0-9_]*")
_SCRIPT = re.compile(r"\d{3}_\w+\.sql")
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


def platform_scripts() -> Iterator[tuple[str, str]]:
    """The files that make an empty database the platform, in order: name and text. Nothing is seeded by them."""
    room = files("queries").joinpath("platform")
    for name in sorted(entry.name for entry in room.iterdir()):
        # Only what lies in the room itself: its drawers hold what an installed platform is asked or given later.
        if _SCRIPT.fullmatch(name):
            yield f"platform/{name}", room.joinpath(name).read_text(encoding="utf-8")


def scripts(data: str) -> Iterator[tuple[str, str]]:
    """The files a data set's template is made of, in order: the platform's, then the seeds. ValueError for no set."""
    seeds = _seeds(data)
    yield from platform_scripts()
    yield from seeds


@cache
def schema_checksum(data: str = "white-horse") -> str:
    """12 hex digits of all SQL that a data set's template is made of; another text makes another template."""
    digest = sha256()
    for name, text in scripts(data):
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:12]


async def install(connection: Connection, data: str) -> None:
    """Make an empty database the platform and seed it; all of it or, raising DatabaseFailed, nothing.

    The marker's table is made, the row that says whose database this is stays the caller's.
    """
    async with _all_or_nothing(connection):
        await _run(connection, scripts(data))


async def seed(connection: Connection, data: str, on: date | None = None) -> None:
    """Seed a database where the platform's tables stand; `on` is the day of `today`. All of it or nothing.

    Raises DatabaseFailed when a restaurant of the set is there already, or when the tables do not stand.
    """
    found = data_set(data)
    day = _moved_to(data, on)
    try:
        standing = [row.slug for row in await connection.rows("seed/standing", SlugRow, list(found.restaurants))]
    except STEP_ERRORS as error:
        raise DatabaseFailed(
            f"the platform's tables cannot be read here ({describe(error)}), so nothing was seeded; install them first"
        ) from error
    if standing:
        raise DatabaseFailed(
            f"{', '.join(standing)} of {data} already stand here, so nothing was seeded; seed a database without them"
        )
    async with _all_or_nothing(connection):
        await _run(connection, _seeds(data))
        if day is not None:
            await _move(connection, data, day)


async def ensure_template(cluster: Cluster, data: str = "white-horse") -> str:
    """The name of a data set's template; built when it is not there. Raises DatabaseFailed or DatabaseUnreachable."""
    async with _admin(cluster) as admin:
        return await _ensured(cluster, admin, data)


async def clone(cluster: Cluster, database: str, data: str = "white-horse", on: date | None = None) -> None:
    """Make a run's database from a data set's template. Raises DatabaseFailed when there is one of that name.

    `on` is the day that the bookings of `today` are for, which only the caller knows; other sets keep theirs.
    The server copies through its log, as it does unless told otherwise: STRATEGY file_copy makes it wait for two
    checkpoints and took two to three times as long, and a template after VACUUM FULL was copied no faster.
    """
    day = _moved_to(data, on)
    async with _admin(cluster) as admin:
        template = await _ensured(cluster, admin, data)
        await admin.script(_named("create_database", database=database, template=template))
    if day is not None:
        try:
            async with _opened(cluster, database) as connection:
                await _move(connection, data, day)
        except STEP_ERRORS as error:
            await drop(cluster, database)
            raise DatabaseFailed(f"the bookings could not be moved to {day}: {describe(error)}") from error


async def drop(cluster: Cluster, database: str) -> None:
    """End a run's database, whoever is in it; nothing happens when there is none."""
    async with _admin(cluster) as admin:
        await admin.script(_named("drop_database", database=database))


async def drop_all(cluster: Cluster, prefix: str) -> list[str]:
    """End the databases of a run with repeats, `sf_<run>` and `sf_<run>_…`, whoever is in them; gives their names."""
    if not _RUN.fullmatch(prefix):
        raise ValueError(f"{prefix!r} does not begin the names of a run's databases")
    doomed = [name for name in await names(cluster) if name == prefix or name.startswith(f"{prefix}_")]
    for name in doomed:
        await drop(cluster, name)
    return doomed


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


def _seeds(data: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"seed/{name}", sql(f"seed/{name}")) for name in data_set(data).seeds)


def _template(data: str) -> str:
    return f"{_TEMPLATES}{schema_checksum(data)}"


async def _ensured(cluster: Cluster, admin: Connection, data: str) -> str:
    template = _template(data)
    if await admin.value("platform/admin/template_sealed", template):
        return template
    await admin.execute("platform/admin/lock_building")
    try:
        if not await admin.value("platform/admin/template_sealed", template):
            await _build(cluster, admin, data)
            await _drop_older(admin)
    finally:
        await admin.execute("platform/admin/unlock_building")
    return template


async def _build(cluster: Cluster, admin: Connection, data: str) -> None:
    template = _template(data)
    # What a builder that was killed left behind is not sealed, and not worth keeping.
    await admin.script(_named("drop_database", database=template))
    await admin.script(_named("create_database", database=template, template="template0"))
    async with _opened(cluster, template) as connection:
        await install(connection, data)
        await connection.execute("platform/admin/mark", template)
        await connection.script(sql("platform/admin/settle"))
    await admin.script(_named("seal_template", database=template))


async def _drop_older(admin: Connection) -> None:
    present = {_template(data) for data in DATA}
    for row in await admin.rows("platform/admin/database_names", DatabaseName, _TEMPLATES):
        if row.name in present:
            continue
        try:
            await admin.script(_named("unseal_template", database=row.name))
            await admin.script(_named("drop_unused_database", database=row.name))
        except STEP_ERRORS:
            # An older slotfill is just copying it and will be gone next time.
            continue


def _moved_to(data: str, on: date | None) -> date | None:
    """The day a set's bookings go to; None when they stay. Raises ValueError when nobody said it."""
    if not data_set(data).moves:
        return None
    if on is None:
        raise ValueError(f"{data} follows the calendar, whose day the caller must give")
    return on


async def _move(connection: Connection, data: str, day: date) -> None:
    await connection.execute("seed/move_day", SEEDED_DAY, day, list(data_set(data).restaurants))


@asynccontextmanager
async def _all_or_nothing(connection: Connection) -> AsyncIterator[None]:
    """One transaction. Raises DatabaseFailed with the server's word for whatever was refused in it."""
    try:
        await connection.begin()
        yield
        await connection.commit()
    except BaseException as error:
        if connection.is_open:
            with suppress(*STEP_ERRORS):
                await connection.rollback()
        if isinstance(error, STEP_ERRORS):
            raise DatabaseFailed(f"{describe(error)}; nothing was kept") from error
        raise


async def _run(connection: Connection, files: Iterable[tuple[str, str]]) -> None:
    for name, text in files:
        try:
            await connection.script(text)
        except STEP_ERRORS as error:
            raise DatabaseFailed(f"{name} was refused, and nothing was kept: {describe(error)}") from error


@asynccontextmanager
async def _opened(cluster: Cluster, database: str) -> AsyncIterator[Connection]:
    connection = await Connection.open(
        cluster.dsn(database), application_name="slotfill template", timeout_s=_TIMEOUT_S
    )
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _admin(cluster: Cluster) -> AsyncIterator[Connection]:
    connection = await Connection.open(cluster.admin_dsn, application_name="slotfill", timeout_s=_TIMEOUT_S)
    try:
        yield connection
    except DatabaseUnreachable:
        raise
    except STEP_ERRORS as error:
        raise failure("the embedded cluster refused", error) from error
    finally:
        await connection.close()


def _named(statement: str, **databases: str) -> str:
    """A statement about databases. Names cannot be parameters, so only such as we make ourselves get through."""
    for name in databases.values():
        if name != "template0" and not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of ours for a database")
    return sql(f"platform/admin/{statement}").format(**databases)
