"""The event loop the engine runs on: uvloop's where there is one, which takes less of the processor, else asyncio's."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Told = TypeVar("Told")


def run(work: Coroutine[Any, Any, Told]) -> Told:
    """Do the work on a loop of its own, to the end, as `asyncio.run` does.

    Every connection must be closed by then: where warnings are errors, uvloop's warning of one that nobody had closed
    keeps it from closing it, and it waits for that without end.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(work)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes a loop: None for asyncio's own."""
    try:
        # Only here: whoever runs no engine does without its two hundredths of a second.
        import uvloop  # noqa: PLC0415
    except ImportError:
        return None

    class Loop(uvloop.Loop):
        """uvloop's, which connects without a word to Python's audit: it is told here, as `local_only` listens there."""

        async def create_connection(self, protocol_factory, host=None, port=None, **more):  # type: ignore[no-untyped-def]
            if host is not None:
                sys.audit("socket.getaddrinfo", host, port, 0, 0, 0)
            return await super().create_connection(protocol_factory, host, port, **more)

    return Loop
