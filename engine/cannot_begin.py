"""What is said instead of a run: by whoever looks at settings, at the ground, or at what stands on it."""

import asyncio
import contextlib
from collections.abc import Iterator

from engine.exit_code import ExitCode


class CannotBegin(Exception):
    """The run was not begun. The message is one sentence; `exit_code` goes with it."""

    def __init__(self, text: str, exit_code: ExitCode) -> None:
        super().__init__(text)
        self.exit_code = exit_code


@contextlib.contextmanager
def or_called_off() -> Iterator[None]:
    """Whoever is cancelled in here has begun nothing, and takes back what there is of it. Raises CannotBegin."""
    try:
        yield
    except asyncio.CancelledError as cancelled:
        if (task := asyncio.current_task()) is not None:
            task.uncancel()
        raise CannotBegin("interrupted before the run stood; nothing of it goes on", ExitCode.STOPPED) from cancelled
