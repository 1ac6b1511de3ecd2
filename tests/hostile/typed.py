"""A command line in this process, as `slotfill` would run it: its exit code and everything it said."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.hostile.signs import OBEYED
from tui.cli import main

CODES = {0, 1, 2, 3, 4, 5, 6, 7, 130}
ODD = (
    *("", "..", "../..", "/", "/etc/passwd", "-1", "--", "\x1b[2J\x1b]52;c;x\x07", "a\nb", "1e309", "NaN", "9" * 5000),
    *("\udcff\udcfe", "%s%n", "\u202eabc", "~nobody-of-that-name", "*", "a" * 100_000, "sf", "\u200b", "🙈" * 50),
)
WORDS: tuple[tuple[str, ...], ...] = (
    *(("ls",), ("replay",), ("report",), ("report", "--audit"), ("verify",), ("optimum",), ("events",), ("check",)),
    *(("compare", "last"), ("snapshot",), ("attach",), ("pause",), ("set",), ("stop",), ("continue",), ("clean",)),
    *(("prune", "--yes"), ("repair", "holds"), ("db", "url"), ("db", "reset", "--yes"), ("import",), ("next-pass",)),
    *(("config", "show"), ("faults",), ("optimum",), ("serve-console",)),
)
"""Verbs that are given the odd word as what they are about."""
OPTIONS: tuple[tuple[str, ...], ...] = (
    *(
        ("replay", "--speed"),
        ("snapshot", "--size"),
        ("snapshot", "--out"),
        ("prune", "--keep"),
        ("report", "--format"),
    ),
    *(("serve-console", "--port"), ("compare", "last", "last", "--by"), ("ls", "--runs"), ("ls", "--config")),
    *(("ls", "--set"), ("config", "show", "--set"), ("events", "--runs"), ("report", "--out"), ("verify", "--set")),
)
"""Options that are given it."""


class Said(NamedTuple):
    code: object
    text: str


def say(*words: str) -> Said:
    """Run it; a SystemExit is its code. Anything else that is raised would have been a trace."""
    out, err, kept = io.StringIO(), io.StringIO(), (sys.stdout, sys.stderr, sys.stdin)
    sys.stdout, sys.stderr, sys.stdin = out, err, io.StringIO()
    try:
        code: object = main(list(words))
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.stdout, sys.stderr, sys.stdin = kept
    return Said(code, out.getvalue() + err.getvalue())


def wrong(said: Said) -> str:
    """What is wrong with how it ended; empty for nothing."""
    if said.code not in CODES:
        return f"exit code {said.code}: {said.text[-300:]}"
    found = OBEYED.search(said.text)
    return "" if found is None else f"said {said.text[max(0, found.start() - 40) : found.end() + 10]!r}"


@contextmanager
def at_home(folder: Path) -> Iterator[Path]:
    """A user whose home it is, and who has no Postgres; gives the folder of the runs."""
    here, environ = Path.cwd(), dict(os.environ)
    for name in [name for name in os.environ if name.startswith(("SLOTFILL_", "XDG_", "PG"))]:
        del os.environ[name]
    os.environ |= {"HOME": str(folder), "SLOTFILL_LOCAL_ONLY": "1", "SLOTFILL_EMBEDDED_BIN": str(folder)}
    os.chdir(folder)
    try:
        runs = folder / ".local/state/slotfill/runs"
        runs.mkdir(parents=True, exist_ok=True)
        yield runs
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ |= environ
