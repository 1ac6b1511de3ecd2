"""slotfill's own commands, run in a process of their own: the console neither waits for them nor shares their work."""

import asyncio
import os
import subprocess
import sys
from typing import NamedTuple

_MOST_S = 120.0
_MOST_CHARACTERS = 200_000
_WHOLE = ("prune",)
"""Never stopped half way, also when whoever asked leaves: a folder that is gone names its database no more."""


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
    environ = os.environ | {"PYTHONWARNINGS": "ignore", "NO_COLOR": "1"}
    if words[0] in _WHOLE:
        return await asyncio.to_thread(_whole, words, environ)
    process = await asyncio.create_subprocess_exec(
        *command(*words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environ,
    )
    try:
        async with asyncio.timeout(_MOST_S):
            out, err = await process.communicate()
    except TimeoutError:
        return _too_long(words)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Said(process.returncode or 0, _text(out + err))


def _whole(words: tuple[str, ...], environ: dict[str, str]) -> Said:
    """In a thread, which nothing takes away; the console's process waits for it when it ends."""
    try:
        done = subprocess.run(
            command(*words),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environ,
            check=False,
            timeout=_MOST_S,
        )
    except subprocess.TimeoutExpired:
        return _too_long(words)
    return Said(done.returncode, _text(done.stdout + done.stderr))


def _too_long(words: tuple[str, ...]) -> Said:
    return Said(-1, f"slotfill {words[0]} took more than {_MOST_S:g} s and was stopped")


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace")[:_MOST_CHARACTERS].rstrip()


async def lend_terminal(*words: str) -> int:
    """Run it on this terminal, which the console has let go of; its exit code."""
    process = await asyncio.create_subprocess_exec(*command(*words))
    return await process.wait()
