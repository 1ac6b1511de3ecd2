"""Cancelling and terminating backends: only what the operator saw, looked at again just before."""

from collections.abc import Awaitable, Callable

from engine.database import STEP_ERRORS, Connection, DatabaseUnreachable, describe
from engine.model.command import Answer
from engine.model.rows import Signalled

LONGEST_QUERY = 40
"""Characters of the query that must still be the same; the operator's screen shows that many at least."""


class Backends:
    """Sends signals to backends of the run's database."""

    def __init__(self, connect: Callable[[str], Awaitable[Connection]] | None) -> None:
        self._connect = connect

    async def cancel(self, arguments: tuple[str, ...]) -> Answer:
        """Cancel the query of backend `pid`, if it still begins with `query`."""
        return await self._signal("act/cancel_backend", "cancelled", arguments)

    async def terminate(self, arguments: tuple[str, ...]) -> Answer:
        """Terminate backend `pid`, if its query still begins with `query`."""
        return await self._signal("act/terminate_backend", "terminated", arguments)

    async def _signal(self, statement: str, done: str, arguments: tuple[str, ...]) -> Answer:
        if self._connect is None:
            return Answer(done=False, text="this target has no backends")
        if not arguments or not arguments[0].isdigit():
            return Answer(done=False, text="which backend? give its pid, a number")
        pid, query = int(arguments[0]), " ".join(arguments[1:])[:LONGEST_QUERY]
        try:
            connection = await self._connect("slotfill operator")
            try:
                signalled = await connection.row(statement, Signalled, pid, query)
            finally:
                await connection.close()
        except (DatabaseUnreachable, *STEP_ERRORS) as error:
            return Answer(done=False, text=f"backend {pid} was not reached: {describe(error)}")
        if signalled is None:
            return Answer(done=False, text=f"backend {pid} is gone or runs something else now: nothing was sent")
        return Answer(done=signalled.sent, text=f"backend {pid} {done}" if signalled.sent else f"backend {pid} is gone")
