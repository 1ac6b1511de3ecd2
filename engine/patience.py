"""Asking a database again that has gone away for a moment: whoever restarts it must not cost a run its result."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from engine.clock import Clock
from engine.database import DatabaseLost, DatabaseUnreachable

PATIENCE_NS = 30_000_000_000
"""As long as a crew without one connection waits for one."""
PAUSE_NS = 500_000_000
Answer = TypeVar("Answer")


async def patiently(
    ask: Callable[[], Awaitable[Answer]],
    clock: Clock,
    patience_ns: int = PATIENCE_NS,
    told: Callable[[str], None] = lambda _: None,
) -> Answer:
    """What is answered, asked again every half second while the database takes no connection or drops the one it took.

    `ask` is begun anew each time and must do nothing twice. `told` hears why it waits, and "" when that is over.
    Raises the last DatabaseUnreachable or DatabaseLost when `patience_ns` are over, whatever else is raised at once.
    """
    until_ns = clock.now_ns() + patience_ns
    waits = False
    while True:
        try:
            answer = await ask()
        except (DatabaseUnreachable, DatabaseLost) as error:
            if clock.now_ns() >= until_ns:
                raise
            waits = True
            told(str(error))
            await clock.sleep_until(min(until_ns, clock.now_ns() + PAUSE_NS))
        else:
            if waits:
                told("")
            return answer
