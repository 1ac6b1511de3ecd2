"""Faults in a platform's database: switched on and off in one transaction, also while a run goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

import msgspec

from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe, failure, sql
from engine.model.fault import Fault

_PATIENCE_MS = (400, 400, 400, 800, 2000, 4000)
"""How long a lock is waited for, try by try. The first are shorter than the server's deadlock_timeout, so that of a
fill and a switch that wait for each other it is the switch that steps back; the last are for fills that are slow."""
_BETWEEN_TRIES_S = 0.02
_TRANSIENT = frozenset({"55P03", "40P01", "40001", "23P01"})
"""Somebody had the lock, or took a table in the moment rows were planted on it: another try sees what is there then."""


class SwitchedRow(msgspec.Struct, frozen=True):
    """A fault that is on."""

    name: str
    value: str
    seed: int
    day: date


async def switch_on(connection: Connection, fault: Fault, value: str, *, seed: int, on: date) -> None:
    """Switch a fault on, or to another value; one that is on like this already stays as it is.

    `value` is as `parse` gives it; rows are planted on the local day `on`. The caller has made sure that the database
    is ours. Raises DatabaseFailed, and then nothing has changed.
    """
    wanted = SwitchedRow(fault.name, value, seed, on)

    async def change() -> None:
        found = {row.name: row for row in await _rows(connection)}.get(fault.name)
        if found == wanted:
            return
        if found is not None:
            await _off(connection, fault)
        await connection.execute("platform/faults/note", fault.name, value, seed, on)
        await connection.script(_script(fault, "on"))

    await _switch(connection, f"{fault.name} on", change)


async def switch_off(connection: Connection, fault: Fault) -> None:
    """Switch a fault off; nothing happens to one that is off. What it did to bookings meanwhile stays done.

    Raises DatabaseFailed, and then nothing has changed.
    """

    async def change() -> None:
        if fault.name in {row.name for row in await _rows(connection)}:
            await _off(connection, fault)

    await _switch(connection, f"{fault.name} off", change)


async def switched(connection: Connection) -> dict[str, str]:
    """The faults that are on, by name, with their values. Raises DatabaseFailed."""
    try:
        return {row.name: row.value for row in await _rows(connection)}
    except STEP_ERRORS as error:
        raise DatabaseFailed(f"which faults are on could not be read: {describe(error)}") from error


async def _rows(connection: Connection) -> list[SwitchedRow]:
    return await connection.rows("platform/faults/switched", SwitchedRow)


async def _off(connection: Connection, fault: Fault) -> None:
    await connection.script(_script(fault, "off"))
    await connection.execute("platform/faults/forget", fault.name)


async def _switch(connection: Connection, what: str, change: Callable[[], Awaitable[None]]) -> None:
    """Make a change in a transaction of its own, again when somebody was in the way."""
    last = len(_PATIENCE_MS)
    for number, patience_ms in enumerate(_PATIENCE_MS, start=1):
        try:
            await connection.begin()
            await connection.execute("platform/faults/patience", f"{patience_ms}ms")
            await connection.execute("platform/faults/alone")
            await change()
            await connection.commit()
        except STEP_ERRORS as error:
            await _roll_back(connection)
            if getattr(error, "sqlstate", None) in _TRANSIENT and number < last and connection.is_open:
                await asyncio.sleep(_BETWEEN_TRIES_S)
                continue
            tries = f" after {number} tries" if number > 1 else ""
            raise failure(f"{what}: the database refused{tries}", error) from error
        else:
            return


async def _roll_back(connection: Connection) -> None:
    """Leave no transaction open: a connection that cannot roll back is dropped, and the server does it."""
    if not connection.is_open:
        return
    try:
        await connection.rollback()
    except STEP_ERRORS:
        connection.terminate()


def _script(fault: Fault, which: str) -> str:
    return sql(f"platform/faults/{fault.name.replace('-', '_')}_{which}")
