"""What became of bookings, read again and again while a run goes on: by their ids, over one held connection."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from itertools import islice
from uuid import UUID

from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe
from engine.model.ledger import HeldRow, Reading, UnseenRow
from engine.session import Session

STATEMENT_TIMEOUT = "1500ms"
"""A reading gives way: a server that takes longer has other troubles, and the next reading comes."""
AT_ONCE = 500
"""Bookings a statement: unpacking many more at once would hold up the loop that the attempts are timed on."""

_FIRST_XID = 3
"""The first transaction a server ever gives out; it is seen by everybody."""


class DatabaseStanding:
    """Readings of a database, over one connection that is opened again when it was lost.

    A reading is few statements and no transaction, as each takes its turn among those of the run: a booking is whole in
    one row of one statement, and a transaction that one statement sees is seen by those after it.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[Connection]], contexts: Callable[[], Iterable[Mapping[str, str]]]
    ) -> None:
        """`contexts`: session settings of each group of restaurants that row security shows together."""
        self._connect = connect
        self._contexts = contexts
        self._session: Session | None = None

    async def open(self) -> None:
        """Connect, unless there is a connection. Raises DatabaseFailed, DatabaseUnreachable."""
        await self._opened()

    async def read(self, bookings: Collection[UUID], acknowledged: Collection[int]) -> Reading:
        """These bookings, and which of the transactions they may lack.

        Raises DatabaseFailed, DatabaseUnreachable; after a statement that failed the connection is dropped.
        """
        session = await self._opened()
        try:
            return await self._read(session, bookings, acknowledged)
        except STEP_ERRORS as error:
            self._drop()
            raise DatabaseFailed(f"what became of the bookings could not be read: {describe(error)}") from error

    async def close(self) -> None:
        """Leave the server."""
        session, self._session = self._session, None
        if session is not None:
            await session.connection.close()

    async def _opened(self) -> Session:
        if self._session is None or not self._session.connection.is_open:
            self._session = session = Session.of(await self._connect())
            # Once for nothing: with the statements read and planned, the first reading costs what each costs.
            await self.read((UUID(int=0),), (_FIRST_XID,))
            return session
        return self._session

    async def _read(self, session: Session, bookings: Collection[UUID], acknowledged: Collection[int]) -> Reading:
        connection = session.connection
        unseen = await connection.rows("truth/unseen", UnseenRow, list(acknowledged)) if acknowledged else []
        rows: dict[UUID, HeldRow] = {}
        for context in self._contexts():
            await session.bring({**context, "statement_timeout": STATEMENT_TIMEOUT, "lock_timeout": STATEMENT_TIMEOUT})
            wanted = iter(bookings)
            while some := list(islice(wanted, AT_ONCE)):
                found = await connection.rows("truth/standing", HeldRow, some)
                rows.update((row.booking_id, row) for row in found)
        return Reading(rows, frozenset(row.xid for row in unseen))

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.connection.terminate()
