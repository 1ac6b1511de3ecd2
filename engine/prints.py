"""Fingerprints of a database that is not ours: what it is like and what it holds, so that two runs on it compare."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from uuid import UUID

import msgspec

from engine.contract import Contract
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, DatabaseUnreachable
from engine.fitness import NEEDS
from engine.model.floor import Floor
from engine.model.probe_rows import BookRow, SchemaLine
from engine.model.rows import StateRow
from engine.session import RESTAURANT

SHOWN = 16
"""Hexadecimal digits of a checksum that are kept: enough to tell, and short enough to read."""


async def prints(
    connect: Callable[[str], Awaitable[Connection]], floors: Mapping[str, Floor], day: date, contract: Contract
) -> dict[str, str]:
    """`schema` and `data`; neither where the database does not let itself be read, and then nothing is compared.

    Data are the floors, the book from that day on, and how many rows of each kind there are: no ids of bookings, so
    that a database that was cleaned has the fingerprint of before.
    """
    try:
        connection = await connect("slotfill fingerprint")
        try:
            schema = await _schema(connection)
            data = await _data(connection, floors, day, needs_context=contract.needs_context)
        finally:
            await connection.close()
    except (*STEP_ERRORS, DatabaseFailed, DatabaseUnreachable):
        return {}
    return {"schema": schema, "data": data}


async def _schema(connection: Connection) -> str:
    await connection.begin_looking()
    rows = await connection.rows("probe/schema_lines", SchemaLine, list(NEEDS))
    await connection.rollback()
    return _checksum(rows)


async def _data(connection: Connection, floors: Mapping[str, Floor], day: date, *, needs_context: bool) -> str:
    ids = sorted((floor.restaurant_id for floor in floors.values()), key=str)
    groups = [[one] for one in ids] if needs_context else [ids]
    found: list[object] = [floors[slug] for slug in sorted(floors)]
    for group in groups:
        found += await _held(connection, group, day, needs_context=needs_context)
    return _checksum(found)


async def _held(connection: Connection, group: list[UUID], day: date, *, needs_context: bool) -> list[object]:
    await connection.begin_looking()
    if needs_context:
        await connection.execute("fill/set_session", [RESTAURANT], [str(group[0])], True)
    book = await connection.row("probe/book", BookRow, group, day)
    state = await connection.row("truth/state", StateRow, group)
    await connection.rollback()
    return [book, state]


def _checksum(rows: object) -> str:
    return hashlib.sha256(msgspec.json.encode(rows)).hexdigest()[:SHOWN]
