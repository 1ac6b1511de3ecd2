"""What a database holds of a run, read at one moment: the ledger's side that nobody can claim."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from itertools import islice
from uuid import UUID

from engine.database import Connection
from engine.model.ledger import HeldRow, Reading, UnseenRow

UNTIMED: Mapping[str, str] = {"statement_timeout": "60s", "lock_timeout": "60s"}
"""What a reader sets over the timers an attempt works under, which would end a long one; its connection bounds it."""
READING_S = 10.0
"""What is asked beside the attempts has so long at least, its connection too, however short a time a step has."""


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


PAGE = 2_000
"""Bookings a statement: unpacking many more at once would hold up the loop."""
_FIRST = UUID(int=0)


class HeldMoment:
    """One moment of a database, read piece by piece: of a million bookings nobody has room for all at once.

    Every method raises what a statement raises. Begin it with `begun`; the transaction ends with the connection.
    """

    def __init__(self, connection: Connection, run: str, contexts: Iterable[Mapping[str, str]] = ({},)) -> None:
        """`contexts` as in `read_held`."""
        self._connection = connection
        self._run = run
        self._contexts = tuple(contexts)

    async def begun(self) -> "HeldMoment":
        """Itself, from now on of this moment."""
        await self._connection.begin_looking()
        await self._connection.execute("verify/snapshot")
        return self

    async def tagged(self) -> AsyncIterator[list[HeldRow]]:
        """All bookings with the run's tag, page by page."""
        for context in self._contexts:
            await self._see(context)
            after = _FIRST
            while found := await self._connection.rows("truth/held_after", HeldRow, self._run, after, PAGE):
                after = found[-1].booking_id
                yield found

    async def rows(self, bookings: Collection[UUID]) -> list[HeldRow]:
        """Those of these bookings that are there; who made them is not read."""
        found: list[HeldRow] = []
        for context in self._contexts:
            await self._see(context)
            wanted = iter(bookings)
            while some := list(islice(wanted, PAGE)):
                found += await self._connection.rows("truth/standing", HeldRow, some)
        return found

    async def unseen(self, acknowledged: Collection[int]) -> frozenset[int]:
        """Those of these acknowledged transactions that this moment does not see."""
        if not acknowledged:
            return frozenset()
        return frozenset(row.xid for row in await self._connection.rows("truth/unseen", UnseenRow, list(acknowledged)))

    async def _see(self, context: Mapping[str, str]) -> None:
        settings = {**context, **UNTIMED}
        await self._connection.execute("fill/set_session", list(settings), list(settings.values()), True)
