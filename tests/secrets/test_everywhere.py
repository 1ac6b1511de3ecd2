"""Sentinels are planted wherever secrets and people are; then everything is done that a user does, and searched."""

import asyncio
import contextlib
import os
import pty
import subprocess

from tests.scratch import ScratchDatabase
from tests.secrets import planting
from tests.secrets.hearing import Heard, begun, do, side_by_side
from tests.secrets.living import a_run, crashes
from tests.secrets.sentinels import leaks
from tests.shell import Shell

AFTERWARDS = (
    ("events",),
    ("ls",),
    ("attach",),
    ("check", "--target", "theirs"),
    ("check", "--target", "theirs", "--json"),
    ("db", "status", "--target", "theirs"),
)


async def test_no_secret_and_nobody_s_name_or_number_is_in_anything_that_a_run_says_or_writes(
    planted: Shell, database: ScratchDatabase
) -> None:
    heard = Heard()
    await begun(planted, database, heard)
    await a_run(planted, database, heard)
    await side_by_side(planted, heard, list(AFTERWARDS))
    await do(planted, heard, "continue", "--target", "theirs", "--headless")
    again = ("run", "fill", "--target", "theirs", "--headless", "--json", "--stress-max", "2", "--share-slots")
    await do(planted, heard, *again)
    await crashes(planted, heard)
    heard.all_of(planted)
    assert heard.leaked == {}
    assert heard.searched > 500_000, "too little was said to prove anything"
    # It was there to be found: the refusals came, the checks named the guests' bookings, and all of it was masked.
    events = (await do(planted, heard, "events", planted.manifest(planted.runs()[0])["run_id"])).out
    assert "[e-mail]" in events
    assert "[phone]" in events
    assert "row contains (***)" in events
    checked = (await do(planted, heard, "check", "--target", "theirs", "--json")).json()
    assert checked["counts"]["confirmed_without_tables"] >= 2


async def test_db_url_hands_the_password_to_a_program_and_not_to_a_terminal(
    planted: Shell, database: ScratchDatabase
) -> None:
    planting.settle(planted, database.dsn)
    piped = await asyncio.to_thread(planted.do, "db", "url", "--target", "theirs")
    assert "password" in leaks(piped.out.encode())
    assert leaks(piped.err.encode()) == set()
    shown = await asyncio.to_thread(_on_a_terminal, planted, "db", "url", "--target", "theirs")
    assert b":***@" in shown
    assert leaks(shown) == set()


def _on_a_terminal(shell: Shell, *words: str) -> bytes:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(shell.command(*words), env=shell.environ, cwd=shell.home, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):
        while part := os.read(ours, 65536):
            said += part
    os.close(ours)
    assert process.wait(timeout=30) == 0
    return said
