"""How many files and connections this process may have open, and whether that is enough for a run."""

import asyncio
import errno
import resource
import sys
from typing import Any

MOST = 65_536
"""More is never asked for: some systems call it unlimited and refuse to set that."""
SPARE = 32
"""Beside a connection a worker: records, socket, samplers, consoles, and programs of the server that are started."""


def raise_limit() -> None:
    """Let this process and those it starts have as many as the system allows without asking anybody."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def too_few_for(workers: int) -> str:
    """Why so many workers cannot be had here, in a sentence; empty when they can."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if allowed == resource.RLIM_INFINITY or allowed >= workers + SPARE:
        return ""
    cure = f"give {allowed - SPARE} workers or less, or raise it" if allowed > SPARE else "raise it"
    needed = f"concurrency = {workers} needs {workers + SPARE} open files"
    return f"{needed}, and the system allows {allowed} (ulimit -Hn); {cure}"


def tell_once(loop: asyncio.AbstractEventLoop) -> None:
    """Let the loop say in one sentence, and once, that there are none left for those who want to connect.

    It tries again each second by itself, and of its own accord tells each try with a trace.
    """
    told: list[str] = []

    def heard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)):
            loop.default_exception_handler(context)
        elif not told:
            told.append("no console is taken in while this process has as many files open as it may (ulimit -n)")
            sys.stderr.write(f"{told[0]}\n")
            sys.stderr.flush()

    loop.set_exception_handler(heard)
