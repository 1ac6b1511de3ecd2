"""A look at one thing, when somebody asks: a short-lived connection, one bounded transaction, nothing refused twice."""

from collections.abc import Mapping
from typing import TypeVar

from engine.database import STEP_ERRORS, Connection
from engine.observe.looking import Refusals
from engine.observe.rows import Limits

Row = TypeVar("Row")

STATEMENT_MS = 1_500
LOCK_MS = 200
"""A table under a long lock is told as such; the rest is shown all the same."""


class CloseUp:
    """One read-only transaction; after a refusal it goes on in another, under the same bounds."""

    def __init__(self, connection: Connection, refusals: Refusals) -> None:
        self._connection = connection
        self._refusals = refusals
        self._bounded = False
        self._context: Mapping[str, str] = {}

    async def begin(self) -> None:
        """Open the transaction. Raises what a statement raises, as all that follow."""
        await self._connection.begin_looking()

    async def bound(self, context: Mapping[str, str]) -> None:
        """Bound every statement that follows, and see what these session settings show."""
        self._bounded, self._context = True, context
        await self._connection.row("observe/limits", Limits, STATEMENT_MS, LOCK_MS)
        if context:
            await self._connection.execute("fill/set_session", list(context), list(context.values()), True)

    async def rows(self, name: str, title: str, into: type[Row], *args: object) -> list[Row] | None:
        """Rows of a statement of `queries/observe`; None when it is refused, now or before."""
        if self._refusals.stands(name):
            return None
        try:
            return await self._connection.rows(f"observe/{name}", into, *args)
        except STEP_ERRORS as error:
            if not self._refusals.note(name, title, error):
                raise
        await self._connection.rollback()
        await self.begin()
        if self._bounded:
            await self.bound(self._context)
        return None

    async def end(self) -> None:
        """End the transaction; its bounds end with it."""
        await self._connection.rollback()
