"""What became of doubtful transactions, as the server itself tells."""

from collections.abc import Collection

from engine.database import STEP_ERRORS, Connection, failure
from engine.model.ledger import TransactionRow
from engine.model.rows import Signalled

IN_PROGRESS = "in progress"
"""What the server says of a transaction that it is still at."""


async def fates(connection: Connection, transactions: Collection[int]) -> dict[int, str]:
    """What became of these transactions: `committed`, `aborted`, `in progress`, or empty. Raises DatabaseFailed."""
    if not transactions:
        return {}
    try:
        rows = await connection.rows("truth/transactions", TransactionRow, list(transactions))
    except STEP_ERRORS as error:
        raise failure(f"what became of {len(transactions)} transactions is not told", error) from error
    return {row.xid: row.status for row in rows}


async def end_at_work(connection: Connection, transactions: Collection[int]) -> None:
    """End the backends that these transactions are still at work in. Raises DatabaseFailed."""
    try:
        await connection.rows("act/end_at_work", Signalled, list(transactions))
    except STEP_ERRORS as error:
        raise failure(f"{len(transactions)} transactions are still at work and cannot be ended", error) from error
