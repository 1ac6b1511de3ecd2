"""slotfill's own commands, run in a process of their own: the console neither waits for them nor shares their work."""

import asyncio
import os
import sys
from typing import NamedTuple

_MOST_S = 120.0
_MOST_CHARACTERS = 200_000


class Said(NamedTuple):
    """What a command said."""

    code: int
    text: str
    """Its result, then its words for people."""


def command(*words: str) -> list[str]:
    """The command line of this very slotfill."""
    return [sys.executable, "-P", "-m", "tui.cli", *words]


async def said(*words: str) -> Said:
    """Run it to its end, with nobody to ask; one that takes two minutes is stopped."""
    process = await asyncio.create_subprocess_exec(
        *command(*words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONWARNINGS": "ignore", "NO_COLOR": "1"},
    )
    try:
        async with asyncio.timeout(_MOST_S):
            out, err = await process.communicate()
    except TimeoutError:
        return Said(-1, f"slotfill {words[0]} took more than {_MOST_S:g} s and was stopped")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = (out + err).decode("utf-8", "replace")[:_MOST_CHARACTERS]
    return Said(process.returncode or 0, text.rstrip())


async def lend_terminal(*words: str) -> int:
    """Run it on this terminal, which the console has let go of; its exit code."""
    process = await asyncio.create_subprocess_exec(*command(*words))
    return await process.wait()
