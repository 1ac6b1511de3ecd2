"""Cancelling and terminating backends: only what the operator saw, looked at again just before."""

from collections.abc import Awaitable, Callable

from engine.database import STEP_ERRORS, Connection, DatabaseUnreachable, describe
from engine.model.command import Answer
from engine.model.rows import BackendRow, Signalled
from engine.redact import mask_statement

SAME_CHARACTERS = 40
"""So many characters of the query must still be the same; the operator's screen showed at least that many."""

_HIDDEN = "<insufficient privilege>"
"""What the server says in place of a query that this role may not see."""
_LONGEST_PID = 9
"""Digits; more are no int of the server's."""


class Backends:
    """Sends signals to backends of the run's database."""

    def __init__(self, connect: Callable[[str], Awaitable[Connection]] | None) -> None:
        self._connect = connect

    async def cancel(self, arguments: tuple[str, ...]) -> Answer:
        """Cancel the query of backend `pid`, if it still begins with `query`, masked as screens show it."""
        return await self._signal("act/cancel_backend", "cancelled", arguments)

    async def terminate(self, arguments: tuple[str, ...]) -> Answer:
        """Terminate backend `pid`, if its query still begins with `query`, masked as screens show it."""
        return await self._signal("act/terminate_backend", "terminated", arguments)

    async def _signal(self, statement: str, done: str, arguments: tuple[str, ...]) -> Answer:
        if self._connect is None:
            return Answer(done=False, text="this target has no backends")
        if not arguments or not arguments[0].isdecimal() or len(arguments[0]) > _LONGEST_PID:
            return Answer(done=False, text="which backend? give its pid, a number")
        pid, seen = int(arguments[0]), " ".join(arguments[1:])
        try:
            connection = await self._connect("slotfill operator")
            try:
                found = await connection.row("act/backend", BackendRow, pid)
                if found is None:
                    return Answer(done=False, text=f"backend {pid} is gone: nothing was sent")
                if found.query == _HIDDEN:
                    text = (
                        f"what backend {pid} runs is hidden from this role: nothing was sent; needs pg_read_all_stats"
                    )
                    return Answer(done=False, text=text)
                if not same_query(found.query, seen):
                    return Answer(done=False, text=f"backend {pid} runs something else now: nothing was sent")
                signalled = await connection.row(statement, Signalled, pid, found.backend_start, found.query_start)
            finally:
                await connection.close()
        except (DatabaseUnreachable, *STEP_ERRORS) as error:
            return Answer(done=False, text=f"backend {pid} was not reached: {describe(error)}")
        if signalled is None or not signalled.sent:
            return Answer(done=False, text=f"backend {pid} moved on that very moment: nothing was sent")
        return Answer(done=True, text=f"backend {pid} {done}")


def same_query(now: str, seen: str) -> bool:
    """Whether a backend's query is still the one a screen showed: masked, white space folded, its first characters."""
    return " ".join(mask_statement(now).split())[:SAME_CHARACTERS] == " ".join(seen.split())[:SAME_CHARACTERS]
