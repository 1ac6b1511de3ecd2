"""The one transaction of a repair: bounded, told to the platform, and undone as a whole when anything fails."""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe, refusal_of
from engine.model.integrity import Bounds
from engine.model.outcome import Phase
from engine.model.repair import Bound, Counted, Found, Repairable, RepairRow, Taken, TakenRow
from engine.model.step import Step

AT_MOST = 1_000
"""Rows that one repair takes; what is left is counted."""
_STATEMENT_S = 8.0
_LOCK_S = 2.0
"""A repair gives way to whoever works: it waits this long for a lock and then is undone."""


@asynccontextmanager
async def repairing(connection: Connection, what: str) -> AsyncIterator[None]:
    """Commits at the end. Raises DatabaseFailed, and then nothing was changed unless the COMMIT went unanswered."""
    unanswered = Phase.UNCOMMITTED
    try:
        await connection.begin()
        await connection.row("repair/limits", Bound, int(_STATEMENT_S * 1000), int(_LOCK_S * 1000))
        yield
        unanswered = Phase.IN_DOUBT
        word = await connection.commit()
    except STEP_ERRORS as error:
        await _undo(connection)
        # A connection that broke has a SQLSTATE too, and is no answer.
        phase = refusal_of(error, Step.COMMIT, unanswered=unanswered).phase
        step = "nothing was changed"
        if phase is Phase.IN_DOUBT:
            step = "whether it was done is not known: COMMIT was not answered; another repair does nothing twice"
        raise DatabaseFailed(f"{what} failed and {step}: {describe(error)}") from error
    except BaseException:
        # A bug or a cancel: the connection must not go on inside a half-done repair.
        await _undo(connection)
        raise
    if word != "COMMIT":
        raise DatabaseFailed(f"{what} failed and nothing was changed: COMMIT was answered with {word}")


@asynccontextmanager
async def looking(connection: Connection, what: str) -> AsyncIterator[None]:
    """A transaction that can write nothing, bounded as a repair is. Raises DatabaseFailed.

    Rows that a policy would hide are an error here, or nothing to repair would be said where much is.
    """
    try:
        await connection.begin_looking()
        await connection.row("verify/limits", Bounds, int(_STATEMENT_S * 1000))
        yield
        await connection.rollback()
    except STEP_ERRORS as error:
        await _undo(connection)
        raise DatabaseFailed(f"{what} could not be listed: {describe(error)}") from error
    except BaseException:
        await _undo(connection)
        raise


async def told(connection: Connection, event_type: str, context: dict[str, object]) -> None:
    """Write one observability event, where the platform takes any."""
    answer = await connection.row("repair/takes_events", Taken)
    if answer is not None and answer.taken:
        await connection.execute("repair/event", event_type, json.dumps(context))


async def took(connection: Connection, name: str, ids: Collection[UUID], *args: object) -> set[UUID]:
    """The rows of these that a statement locked or changed; nothing is asked of none."""
    if not ids:
        return set()
    return {row.id for row in await connection.rows(name, TakenRow, list(ids), *args)}


def found_in(rows: Sequence[RepairRow]) -> Found:
    """What a listing statement gave."""
    total = rows[0].total if rows else 0
    return Found(tuple(_bare(row) for row in rows), total)


def _bare(row: RepairRow) -> Repairable:
    return Repairable(*(getattr(row, field) for field in Repairable.__struct_fields__))


async def counted(connection: Connection, name: str, *args: object) -> int:
    """The number a counting statement gives."""
    answer = await connection.row(name, Counted, *args)
    return answer.count if answer else 0


async def _undo(connection: Connection) -> None:
    if not connection.is_open:
        return
    try:
        await connection.rollback()
    except STEP_ERRORS:
        connection.terminate()
