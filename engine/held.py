"""What a database holds of a run, read at one moment: the ledger's side that nobody can claim."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from engine.database import Connection
from engine.model.ledger import HeldRow, Reading, UnseenRow

UNTIMED: Mapping[str, str] = {"statement_timeout": "60s", "lock_timeout": "60s"}
"""What a reader sets over the timers an attempt works under, which would end a long one; its connection bounds it."""


async def read_held(
    connection: Connection,
    run: str,
    bookings: Collection[UUID],
    acknowledged: Collection[int] = (),
    contexts: Iterable[Mapping[str, str]] = ({},),
) -> Reading:
    """These bookings and all with the run's tag, in one snapshot; and which acknowledged transactions it lacks.

    `contexts` are the session settings of each group of restaurants that row security shows together. Raises what a
    statement raises.
    """
    rows: dict[UUID, HeldRow] = {}
    await connection.begin_looking()
    await connection.execute("verify/snapshot")
    for context in contexts:
        settings = {**context, **UNTIMED}
        await connection.execute("fill/set_session", list(settings), list(settings.values()), True)
        found = await connection.rows("truth/held", HeldRow, run, list(bookings))
        rows.update((row.booking_id, row) for row in found)
    unseen = await connection.rows("truth/unseen", UnseenRow, list(acknowledged)) if acknowledged else []
    await connection.rollback()
    return Reading(rows, frozenset(row.xid for row in unseen))
