"""Cleaning up after a run: the rows it made go, those it changed are put back, and only those.

That it is only those is proved and not hoped for: the whole cleaning is one transaction that sees one moment, in which
the rows of every table of the platform's schema are counted before and after; a table that lost or gained one row more
than was to go, whatever trigger or cascade took it, undoes everything.

Rows are found by what the journal names and by the run's tag and keys, so that attempts killed in flight are found too.
Rows that a booking shares with earlier runs are told apart by the transaction that wrote them. Not brought back: holds
that expired and were released meanwhile, and what a sweep between passes removed; an allocation without an assignment
that a booking had before, and that the run made use of, goes with its assignment.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe, refusal_of, sql
from engine.model.clean import LISTED, Cleaned, CleanedTable, Footprint, LeftAlone, Restored, RowCount
from engine.model.integrity import Place
from engine.model.outcome import Phase
from engine.model.repair import Bound, LockedBooking, Taken, TakenRow
from engine.model.rows import BookingRow, Occupied
from engine.model.step import Step
from engine.repair.findings import LAST, ORDER, REMOVES, Findings, find, found_audit

_STATEMENT_MS = 30_000
_LOCK_MS = 2_000
_TRIES = 3
_AGAIN_S = 0.05
_MOVED = frozenset({"40001", "40P01", "55P03", "23503"})
"""Somebody wrote one of the rows, or refers to one, since this transaction began: the next one sees it."""


class NotOnlyThose(Exception):
    """More than the run's rows would have gone, or less; nothing was changed. The message names the tables."""


class Busy(Exception):
    """A run works in the database; nothing was changed."""


class Ground(NamedTuple):
    """Where is cleaned."""

    database: str
    places: tuple[Place, ...]
    """The restaurants that may be written to."""
    needs_context: bool = False
    """Row security shows one restaurant at a time."""


async def survey(connection: Connection, mine: Footprint, ground: Ground) -> Cleaned:
    """What would go and what would be put back; nothing is written. Raises DatabaseFailed."""
    try:
        await connection.begin_looking()
        await connection.execute("verify/snapshot")
        found = await _found(connection, mine, ground)
        await connection.rollback()
    except STEP_ERRORS as error:
        await _undo(connection)
        raise DatabaseFailed(f"what run {mine.run} left could not be listed: {describe(error)}") from error
    return _told(found, ground.database)


async def clean(connection: Connection, mine: Footprint, ground: Ground) -> Cleaned:
    """Remove and put back, in one transaction; what was done. Raises NotOnlyThose, Busy, DatabaseFailed.

    Nothing was changed then, unless DatabaseFailed says that COMMIT went unanswered.
    """
    for number in range(1, _TRIES + 1):
        try:
            return await _cleaned(connection, mine, ground)
        except STEP_ERRORS as error:
            await _undo(connection)
            if getattr(error, "sqlstate", None) in _MOVED and number < _TRIES and connection.is_open:
                await asyncio.sleep(_AGAIN_S * number)
                continue
            raise DatabaseFailed(
                f"cleaning run {mine.run} failed and nothing was changed: {describe(error)}"
            ) from error
        except BaseException:
            await _undo(connection)
            raise
    raise AssertionError("the last try raises what it met")


async def _cleaned(connection: Connection, mine: Footprint, ground: Ground) -> Cleaned:
    await connection.script(sql("clean/begin"))
    connection.in_transaction = True
    await connection.row("repair/limits", Bound, _STATEMENT_MS, _LOCK_MS)
    alone = await connection.row("clean/alone", Occupied)
    if alone is None or not alone.free:
        raise Busy(f"a run works in {ground.database}; stop it first")
    found = await _found(connection, mine, ground)
    if all(one.is_nothing for one in found):
        await connection.rollback()
        return _told(found, ground.database, done=True)
    before = [await _counts(connection, one) for one in found]
    for one in found:
        await _bring(connection, one.context)
        await connection.rows("clean/lock_bookings", LockedBooking, [*one.gone, *(b.booking_id for b in one.back)])
        await _remove(connection, one)
    after = [await _counts(connection, one) for one in found]
    _prove(found, before, after)
    try:
        word = await connection.commit()
    except STEP_ERRORS as error:
        if refusal_of(error, Step.COMMIT, unanswered=Phase.IN_DOUBT).phase is Phase.ANSWERED:
            raise
        raise DatabaseFailed(
            f"whether run {mine.run} was cleaned is not known: the COMMIT was not answered ({describe(error)}); "
            "clean it again, which does nothing twice"
        ) from error
    if word != "COMMIT":
        raise DatabaseFailed(f"cleaning run {mine.run} changed nothing: COMMIT was answered with {word}")
    return _told(found, ground.database, before, after, done=True)


async def _found(connection: Connection, mine: Footprint, ground: Ground) -> list[Findings]:
    groups = [[place] for place in ground.places] if ground.needs_context else [list(ground.places)]
    found = []
    for group in groups:
        context = {"app.restaurant_id": str(group[0].id)} if ground.needs_context else {}
        await _bring(connection, context)
        found.append(await find(connection, mine, [place.id for place in group], context))
    return found


async def _remove(connection: Connection, one: Findings) -> None:
    """In the order of the references, members before their holds; the audit last, as removing writes to it too."""
    tables = [
        row.id
        for row in await connection.rows("clean/tables", TakenRow, *one.of("booking_table_assignments", "allocations"))
    ]
    for table in ORDER:
        if table == "bookings" and one.back:
            rows = one.back
            await connection.rows(
                "clean/restore",
                BookingRow,
                [row.booking_id for row in rows],
                [row.becomes for row in rows],
                [row.zone_becomes for row in rows],
            )
        if one.rows.get(table):
            await connection.execute(REMOVES[table], one.rows[table])
    answer = await connection.row("clean/refreshes", Taken)
    if tables and answer is not None and answer.taken:
        await connection.rows("clean/refresh", TakenRow, tables)
    await connection.script(sql("clean/settle"))
    if LAST in one.rows:
        await connection.execute(REMOVES[LAST], await found_audit(connection, one))


def _prove(
    found: Sequence[Findings], before: Sequence[dict[str, RowCount]], after: Sequence[dict[str, RowCount]]
) -> None:
    """Every table lost exactly what was to go. Raises NotOnlyThose."""
    strange: dict[str, str] = {}
    for place, one in enumerate(found):
        for table, was in before[place].items():
            # What row security hides from a group, other groups remove unseen by it.
            groups = [one] if was.row_security else found
            wanted = was.count - sum(len(group.rows.get(table, ())) for group in groups)
            now = after[place][table].count if table in after[place] else 0
            if now != wanted:
                lost = was.count - now
                strange[table] = f"{table} would have {_lost(lost)} and not {was.count - wanted}"
    if strange:
        raise NotOnlyThose(
            f"nothing was changed: {'; '.join(strange.values())} (a trigger or a reference takes or adds rows that are "
            "none of the run's)"
        )


def _lost(rows: int) -> str:
    return f"lost {rows} rows" if rows >= 0 else f"gained {-rows} rows"


async def _counts(connection: Connection, one: Findings) -> dict[str, RowCount]:
    await _bring(connection, one.context)
    return {row.table_name: row for row in await connection.rows("clean/counts", RowCount)}


async def _bring(connection: Connection, context: Mapping[str, str]) -> None:
    if context:
        await connection.execute("fill/set_session", list(context), list(context.values()), True)


def _told(
    found: Sequence[Findings],
    database: str,
    before: Sequence[dict[str, RowCount]] = (),
    after: Sequence[dict[str, RowCount]] = (),
    *,
    done: bool = False,
) -> Cleaned:
    tables = []
    for table in (*ORDER, LAST):
        ids = [key for one in found for key in one.rows.get(table, ())]
        if ids:
            counted = (_total(before, table), _total(after, table)) if before else (None, None)
            tables.append(CleanedTable(table, len(ids), tuple(ids[:LISTED]), *counted))
    back: list[Restored] = [row for one in found for row in one.back]
    left: list[LeftAlone] = [row for one in found for row in one.left]
    return Cleaned(
        database=database,
        tables=tuple(tables),
        restored=tuple(back[:LISTED]),
        restored_count=len(back),
        left=tuple(left[:LISTED]),
        left_count=len(left),
        absent=tuple(sorted({table for one in found for table in one.absent})),
        done=done,
    )


def _total(counts: Sequence[dict[str, RowCount]], table: str) -> int:
    seen = [one[table] for one in counts if table in one]
    return (
        sum(one.count for one in seen) if seen and seen[0].row_security else max((one.count for one in seen), default=0)
    )


async def _undo(connection: Connection) -> None:
    if not connection.is_open or not connection.in_transaction:
        return
    try:
        await connection.rollback()
    except STEP_ERRORS:
        connection.terminate()
