"""What became of doubtful transactions, as the server itself tells."""

from collections.abc import Collection

from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe
from engine.model.ledger import TransactionRow


async def fates(connection: Connection, transactions: Collection[int]) -> dict[int, str]:
    """What became of these transactions: `committed`, `aborted`, `in progress`, or empty. Raises DatabaseFailed."""
    if not transactions:
        return {}
    try:
        rows = await connection.rows("truth/transactions", TransactionRow, list(transactions))
    except STEP_ERRORS as error:
        text = f"what became of {len(transactions)} transactions is not told: {describe(error)}"
        raise DatabaseFailed(text) from error
    return {row.xid: row.status for row in rows}
