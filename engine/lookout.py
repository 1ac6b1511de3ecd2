"""Where a watch looks from: a database that is only read, however it is reached."""

import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from engine.cannot_begin import CannotBegin
from engine.config import Settings, TargetSettings
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe
from engine.environment import read
from engine.exit_code import ExitCode
from engine.model.detail import Rights
from engine.model.room import Whereabouts
from engine.platform.cluster import Cluster
from engine.safety import GuardRefused, cleared, dsn_of, target_of
from engine.spec import Spec

PATIENCE_S = 5.0
"""Longest wait for a connection, and for the answer to one statement of a detail."""
READ_ONLY = "default_transaction_read_only"


class Lookout(NamedTuple):
    """A database that answered."""

    target: str
    database: str
    role: str
    place: str
    """Database, role and server, in words."""
    connect: Callable[[str], Awaitable[Connection]]
    """A connection that can change nothing. Raises DatabaseUnreachable."""
    refusal: Callable[[], Awaitable[str]]
    """Why no backend of it may be cancelled or terminated; empty when one may."""


@contextlib.asynccontextmanager
async def lookout(spec: Spec, who: str) -> AsyncIterator[Lookout]:
    """The database a watch is for; the embedded server stays up meanwhile. Raises CannotBegin, DatabaseUnreachable."""
    settings, variables = spec.settings, read(Path.cwd(), os.environ).values
    name = settings.run.target
    try:
        target = target_of(settings, variables)
        if _is_embedded(target):
            cluster = await Cluster.open(settings.embedded, who)
            try:
                yield await _look_out(name, cluster.dsn(spec.database), _nothing_against_it)
            finally:
                await cluster.close()
            return
        if target.kind == "api" and not (target.dsn or target.dsn_env):
            raise CannotBegin(
                f"target {name} is a booking API without a dsn: there is no database to watch; give it one",
                ExitCode.USAGE,
            )
        dsn = dsn_of(name, target, variables)
        yield await _look_out(name, dsn, lambda connect: _against(connect, settings, spec.said, variables))
    except GuardRefused as error:
        raise CannotBegin(str(error), ExitCode.REFUSED) from error


def _is_embedded(target: TargetSettings) -> bool:
    given = target.dsn or target.dsn_env or target.base_url or target.base_url_env
    return target.kind == "embedded" or (target.kind == "api" and not given)


async def _look_out(name: str, dsn: str, against: "Callable[[Connect], Awaitable[str]]") -> Lookout:
    """Ask who we are there, and whether a pooler stands between. Raises CannotBegin, DatabaseUnreachable."""
    # As long as nobody knows, every statement is given a transaction of its own, and none is kept prepared.
    first = await _opened(dsn, "slotfill watch", pooled=True)
    try:
        where = await first.row("observe/whereabouts", Whereabouts)
        rights = await first.row("observe/rights", Rights)
    except STEP_ERRORS as error:
        raise CannotBegin(f"target {name} could not be looked at: {describe(error)}", ExitCode.UNREACHABLE) from error
    finally:
        await first.close()
    if where is None or rights is None:
        raise AssertionError("a SELECT of functions alone has one row")
    pooled = where.pid != first.pid
    through = " through a transaction pooler" if pooled else ""
    server = f"PostgreSQL {rights.server_version}" + (f" at {where.address}" if where.address else "")

    async def connect(application_name: str) -> Connection:
        return await _opened(dsn, application_name, pooled=pooled)

    return Lookout(
        target=name,
        database=where.database,
        role=rights.role,
        place=f"{where.database} as {rights.role}, {server}{through}",
        connect=connect,
        refusal=lambda: against(connect),
    )


Connect = Callable[[str], Awaitable[Connection]]


async def _opened(dsn: str, application_name: str, *, pooled: bool) -> Connection:
    """A connection whose every transaction is read only."""
    connection = await Connection.open(
        dsn,
        application_name=application_name,
        timeout_s=PATIENCE_S,
        # A pooler refuses a setting it does not know at connect, and gives one of a session to the next client.
        settings=None if pooled else {READ_ONLY: "on"},
        pooled=pooled,
    )
    if pooled:
        connection.local = {"transaction_read_only": "on"}
    return connection


async def _nothing_against_it(connect: Connect) -> str:
    """The embedded cluster is ours."""
    return ""


async def _against(connect: Connect, settings: Settings, said: str | None, variables: Mapping[str, str]) -> str:
    """What a run would be told that wanted to act there: signals are sent only where that is nothing."""
    try:
        connection = await connect("slotfill operator")
        try:
            await cleared(connection, settings, said=said, variables=variables, environ=variables)
        finally:
            await connection.close()
    except GuardRefused as error:
        return str(error)
    except (DatabaseFailed, *STEP_ERRORS) as error:
        return describe(error)
    return ""
