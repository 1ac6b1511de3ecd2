"""Integrity checks: each asks for the rows that break one rule of the platform; none is a pass."""

import re
from collections.abc import Collection
from datetime import timedelta
from importlib.resources import files
from uuid import UUID

from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe, sql
from engine.model.integrity import Bounds, Check, Finding, FindingRow, Grade, Integrity, Moment, Place

LIMIT_S = 8.0
"""Longest a check may take by default. Below a connection's usual timeout, which would cost the connection."""


def _checks() -> tuple[Check, ...]:
    names = sorted(
        entry.name.removesuffix(".sql")
        for entry in files("queries").joinpath("verify").iterdir()
        if entry.name.endswith(".sql")
    )
    found = (_check(name, sql(f"verify/{name}")) for name in names)
    # Those that break a promise first.
    return tuple(sorted((one for one in found if one), key=lambda one: (one.grade is not Grade.BROKEN, one.name)))


def _check(name: str, text: str) -> Check | None:
    """The check that a file's header describes; None for a file that has no grade and so is none."""
    said = dict(re.findall(r"^-- (grade|why): (.*)$", text, re.MULTILINE))
    if "grade" not in said:
        return None
    return Check(name, text.partition("\n")[0].removeprefix("-- "), Grade(said["grade"]), said["why"])


CHECKS = _checks()
"""Every check, those of the grade `broken` first. A file with a grade in `queries/verify` is one; nothing else is
to be done for it."""


async def check(
    connection: Connection, restaurants: Collection[UUID], ttl: timedelta, limit_s: float = LIMIT_S
) -> Integrity:
    """Run every check on these restaurants; `ttl` is how old a hold may be.

    All see one moment in one read-only transaction, unless one is refused: the others then go on in a new one. A check
    that cannot run is named with the server's words. Raises DatabaseFailed when no transaction can be had.
    """
    ids = list(restaurants)
    counts: dict[str, int] = {}
    findings: dict[str, tuple[Finding, ...]] = {}
    failed: dict[str, str] = {}
    began = await _begin(connection, limit_s)
    for one in CHECKS:
        if not connection.is_open:
            failed[one.name] = "not asked: the connection was lost"
            continue
        try:
            rows = await connection.rows(f"verify/{one.name}", FindingRow, ids, ttl)
        except STEP_ERRORS as error:
            failed[one.name] = describe(error)
            if connection.is_open:
                await _leave(connection)
                await _begin(connection, limit_s)
            continue
        counts[one.name] = rows[0].total if rows else 0
        if rows:
            findings[one.name] = tuple(Finding(row.subject, row.booking_id, row.tables, row.detail) for row in rows)
    ended = await _end(connection) if connection.is_open else None
    took = (ended.at - began.at) if ended else timedelta()
    return Integrity(
        at=began.at,
        took_ns=took // timedelta(microseconds=1) * 1_000,
        counts=counts,
        findings=findings,
        failed=failed,
    )


def grew(before: Integrity, after: Integrity) -> dict[str, int]:
    """Checks of the grade `broken` that found more rows after than before, with how many more.

    A check that ran only once says nothing here: it is in `failed` of the other.
    """
    return {
        one.name: after.counts[one.name] - before.counts[one.name]
        for one in CHECKS
        if one.grade is Grade.BROKEN
        and one.name in before.counts
        and after.counts.get(one.name, 0) > before.counts[one.name]
    }


async def restaurants_of(connection: Connection, slugs: Collection[str] = ()) -> tuple[Place, ...]:
    """The restaurants of these slugs; all of the database when there is none, or `all`. Raises DatabaseFailed."""
    wanted = [] if "all" in slugs else list(slugs)
    try:
        return tuple(await connection.rows("verify/restaurants", Place, wanted))
    except STEP_ERRORS as error:
        raise DatabaseFailed(f"the restaurants could not be read: {describe(error)}") from error


async def _begin(connection: Connection, limit_s: float) -> Bounds:
    try:
        await connection.begin_looking()
        await connection.execute("verify/snapshot")
        bounds = await connection.row("verify/limits", Bounds, max(1, int(limit_s * 1000)))
    except STEP_ERRORS as error:
        raise DatabaseFailed(f"the integrity checks could not begin: {describe(error)}") from error
    if bounds is None:
        raise DatabaseFailed("the integrity checks could not begin: the server gave no row for their limits")
    return bounds


async def _end(connection: Connection) -> Moment | None:
    """Leave the transaction; when that was."""
    try:
        moment = await connection.row("verify/moment", Moment)
    except STEP_ERRORS:
        # Everything was read; only how long it took is not known.
        moment = None
    await _leave(connection)
    return moment


async def _leave(connection: Connection) -> None:
    try:
        await connection.rollback()
    except STEP_ERRORS:
        connection.terminate()
