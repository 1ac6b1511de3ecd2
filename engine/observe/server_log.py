"""What the server's own log says of a database, between two moments: for a server whose log is a file of ours."""

from collections.abc import Callable
from pathlib import Path

MOST_LINES = 20
_PREFIX = 160
"""Characters of a line in which its time, process and database stand."""
_MOST_BYTES = 1_000_000
"""Read at once at most: a log that grew faster than this tells its end."""


def end_of(log: Path | None) -> int:
    """Where the log ends now; 0 where there is none that can be read."""
    try:
        return log.stat().st_size if log is not None else 0
    except OSError:
        return 0


def said_of(database: str, log: Path | None, since: int, mask: Callable[[str], str]) -> tuple[str, ...]:
    """The last lines from that place on that name the database in their prefix, masked, oldest first, at most 20."""
    if log is None or not database:
        return ()
    try:
        with log.open("rb") as lines:
            end = lines.seek(0, 2)
            # A log that is shorter than it was has been begun anew.
            since = since if since <= end else 0
            lines.seek(max(since, end - _MOST_BYTES))
            text = lines.read(_MOST_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return ()
    # Behind the process comes the database; lines of the server itself name none.
    named = [line for line in text.splitlines() if f"] {database} " in line[:_PREFIX]]
    return tuple(mask(line) for line in named[-MOST_LINES:])
