"""The database of a target, looked at and never written to: what it is, what it allows, and what its clock says."""

import time
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from engine.config import Settings, TargetSettings
from engine.contract import Contract
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, DatabaseUnreachable, describe
from engine.model.environment import DatabaseFound
from engine.model.probe_rows import ClockRow, ExtensionRow, RoleRow, ServerRow
from engine.model.room import Room
from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import status
from engine.platform.server import USER
from engine.probe import probe
from engine.safety import is_marked
from engine.same_place import PlaceInvalid, place

PATIENCE_S = 5.0
"""Longest wait for any one answer."""
_CLOCK_READINGS = 7


def dsn_of(target: TargetSettings, variables: Mapping[str, str]) -> tuple[str, str]:
    """The address of the target's database and what names it; both empty for a target without one."""
    if target.dsn:
        return target.dsn, "dsn of the target"
    return (variables.get(target.dsn_env, ""), target.dsn_env) if target.dsn_env else ("", "")


async def database_of(settings: Settings, target: TargetSettings, variables: Mapping[str, str]) -> DatabaseFound:
    """The database of a target: the embedded cluster as it stands, or the one that is named. Raises nothing."""
    if target.kind == "embedded" or (target.kind == "api" and not (target.base_url or target.base_url_env)):
        return await _cluster(settings)
    dsn, named_by = dsn_of(target, variables)
    if not dsn:
        if target.dsn_env or target.kind == "postgres":
            trouble = f"{target.dsn_env} is not set; set it" if target.dsn_env else "the target has no dsn; give it one"
            return DatabaseFound(named_by=target.dsn_env, is_used=True, trouble=trouble)
        return DatabaseFound(note="none is named: status and tables are asked of the API")
    try:
        where = place(dsn)
    except PlaceInvalid as error:
        return DatabaseFound(named_by=named_by, is_used=True, trouble=f"its address {error}")
    if not where.is_database:
        return DatabaseFound(named_by=named_by, is_used=True, trouble="its address begins with no postgresql://")
    found = DatabaseFound(where=where.shown, named_by=named_by, is_used=True)
    return await _asked(dsn, found, target)


async def _cluster(settings: Settings) -> DatabaseFound:
    """The embedded cluster. It is neither made nor started by looking at it."""
    found = DatabaseFound(where="the embedded cluster", named_by="embedded", is_used=True)
    try:
        seen = await status(settings.embedded)
    except PlatformUnfit as error:
        return msgspec.structs.replace(found, trouble=f"{error}")
    found = msgspec.structs.replace(found, server=seen.version, is_fit=True)
    if not seen.running:
        note = "stopped; a run starts it" if seen.exists else "not made yet; a run makes it"
        return msgspec.structs.replace(found, note=note)
    dsn = f"postgresql://{USER}@/postgres?host={quote(seen.socket, safe='')}&port=5432"
    found = msgspec.structs.replace(found, note="each run gets a database of its own in it")
    return await _asked(dsn, found, None)


async def _asked(dsn: str, found: DatabaseFound, target: TargetSettings | None) -> DatabaseFound:
    """The server's own word. Of the embedded cluster, without a target, the contract is known."""
    try:
        connection = await _open(dsn, pooled=True)
        try:
            contract = Contract() if target is None else await probe(connection)
            marked = None if target is None else await is_marked(connection)
        finally:
            await connection.close()
        # A statement kept prepared takes one round trip, so the clock is read on a connection that may keep them.
        connection = await _open(dsn, pooled=contract.pooled)
        try:
            found = await _described(connection, found, target)
            offset_ns, trip_ns = await _clock(connection)
        finally:
            await connection.close()
    except (DatabaseUnreachable, DatabaseFailed) as error:
        return msgspec.structs.replace(found, is_fit=False, trouble=f"{error}")
    except STEP_ERRORS as error:
        return msgspec.structs.replace(found, is_fit=False, trouble=f"it failed: {describe(error)}")
    return msgspec.structs.replace(
        found,
        is_reached=True,
        is_pooled=contract.pooled,
        clock_offset_ns=offset_ns,
        clock_error_ns=trip_ns // 2,
        round_trip_ns=trip_ns,
        is_marked=marked,
        is_fit=not contract.unfit,
        unfit=contract.unfit,
        adaptations=tuple(f"{one.does}: {one.reason}" for one in contract.adaptations),
        notes=contract.notes,
    )


async def _open(dsn: str, *, pooled: bool) -> Connection:
    return await Connection.open(dsn, application_name="slotfill env check", timeout_s=PATIENCE_S, pooled=pooled)


async def _described(connection: Connection, found: DatabaseFound, target: TargetSettings | None) -> DatabaseFound:
    await connection.begin_looking()
    try:
        server = await connection.row("probe/server", ServerRow)
        role = await connection.row("probe/role", RoleRow)
        room = await connection.row("observe/connection_room", Room)
        extensions = await connection.rows("probe/extensions", ExtensionRow)
    finally:
        if connection.is_open:
            await connection.rollback()
    if server is None or role is None or room is None:
        raise AssertionError("the role one is connected as is in pg_roles")
    narrower = ((role.role_limit, role.role_used), (role.database_limit, role.database_used))
    # This connection counts as used there, and will not be when a run begins.
    free = min([room.free, *(limit - used + 1 for limit, used in narrower if limit is not None)])
    return msgspec.structs.replace(
        found,
        server=server.version,
        database=server.database,
        role=server.role,
        rights=_rights(server, role),
        extensions=tuple(extensions),
        connections=room,
        limits=role,
        free=max(0, free),
        budget=None if target is None else int(max(0, free) * target.connection_share),
        time_zone=server.default_time_zone or "",
    )


def _rights(server: ServerRow, role: RoleRow) -> tuple[str, ...]:
    told = (
        (role.is_superuser, "superuser"),
        (server.passes_row_security and not role.is_superuser, "passes row security"),
        (not server.passes_row_security, "row security applies to it, but for tables of its own"),
        (role.creates_databases and not role.is_superuser, "creates databases"),
        (role.is_monitor and not role.is_superuser, "pg_monitor: sees everybody's statements and waits"),
        (not role.is_monitor and not role.is_superuser, "no pg_monitor: others' statements and waits are hidden"),
        (server.is_standby, "on a standby, which takes no writes"),
        (server.read_only, "default_transaction_read_only is on"),
    )
    return tuple(words for holds, words in told if holds)


async def _clock(connection: Connection) -> tuple[int, int]:
    """The server's clock less ours, by the middle of the shortest of several round trips, and its length."""
    readings = []
    await connection.begin_looking()
    try:
        for _ in range(_CLOCK_READINGS):
            wall_ns, began_ns = time.time_ns(), time.perf_counter_ns()
            told = await connection.row("probe/clock", ClockRow)
            trip_ns = time.perf_counter_ns() - began_ns
            if told is not None:
                readings.append((trip_ns, told.server_ns - wall_ns - trip_ns // 2))
    finally:
        if connection.is_open:
            await connection.rollback()
    trip_ns, offset_ns = min(readings)
    return offset_ns, trip_ns
