"""Making a database one that slotfill may write to: the platform where there is nothing, and the marker."""

from enum import StrEnum

from engine.contract import Contract, page
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe, sql
from engine.platform.databases import install
from engine.probe import probe


class Unfit(Exception):
    """The database does not speak the contract; nothing was written. The message is the page of what is missing."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(page(contract))
        self.contract = contract


class Made(StrEnum):
    """What was done."""

    MARKED = "marked"
    """The platform's tables stood already; only the marker was put there."""
    INSTALLED = "installed"
    """The database was empty; it is the reference platform now, seeded and marked."""


async def initialise(connection: Connection, data: str) -> Made:
    """Put the marker into the database, and before it the reference platform where nothing stands.

    `connection` was opened with `pooled=True`. Raises Unfit for a database with half the contract, DatabaseFailed for
    one that holds other tables or refuses. Interrupted between the two, it can be called again.
    """
    contract = await probe(connection, seeded=False)
    made = Made.MARKED
    try:
        if contract.tables == 0:
            await _only_if_empty(connection)
            made = Made.INSTALLED
        elif contract.unfit:
            raise Unfit(contract)
        if made is Made.INSTALLED:
            await install(connection, data)
        await _mark(connection)
    except STEP_ERRORS as error:
        raise DatabaseFailed(f"the database refused: {describe(error)}") from error
    return made


async def _only_if_empty(connection: Connection) -> None:
    strangers = await connection.value("platform/admin/strangers")
    if strangers:
        raise DatabaseFailed(
            f"this database holds {strangers} tables and none of the platform's, so nothing was written; "
            "give an empty one, or one with the platform's schema"
        )


async def _mark(connection: Connection) -> None:
    await connection.begin()
    try:
        await connection.script(sql("platform/900_slotfill_marker"))
        await connection.execute("platform/admin/mark_this")
    except STEP_ERRORS:
        if connection.is_open:
            await connection.rollback()
        raise
    await connection.commit()
