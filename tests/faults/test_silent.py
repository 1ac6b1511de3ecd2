"""A server that takes connections and says nothing: told in a sentence at the start, survived in a run."""

import asyncio

import pytest

from engine.exit_code import ExitCode
from engine.model.outcome import Outcome
from tests.faults.proxy import proxied
from tests.faults.test_whole_program import LONG, begin, checked, ended, theirs
from tests.scratch import ScratchDatabase
from tests.shell import Shell, wait_until

pytestmark = pytest.mark.campaign


async def test_a_server_that_is_silent_from_the_start_is_told_in_a_sentence(
    shell: Shell, database: ScratchDatabase
) -> None:
    async with proxied(database.dsn) as proxy:
        words = await asyncio.to_thread(theirs, shell, proxy.dsn)
        async with proxy.partition():
            timeout = ("--set", "run.step_timeout_s=1")
            done = await asyncio.to_thread(shell.do, "run", "fill", *words, *timeout, "--headless", timeout=100)
    assert done.code == ExitCode.UNREACHABLE, done.err
    assert done.err.count("\n") == 1
    assert shell.runs() == []


async def test_a_server_that_falls_silent_and_never_closes_leaves_no_run_that_hangs(
    shell: Shell, database: ScratchDatabase
) -> None:
    async with proxied(database.dsn) as proxy:
        process = await asyncio.to_thread(begin, shell, proxy.dsn, *LONG, "--rate", "40")
        await asyncio.to_thread(wait_until, lambda: shell.see().run.filled > 5, "some bookings")
        async with proxy.partition():
            # It never speaks again, and a stop is obeyed all the same: the run ends by itself.
            await asyncio.to_thread(shell.do, "stop")
            result, attempts = await asyncio.to_thread(ended, shell, process)
    assert result["exit_code"] == ExitCode.INCONCLUSIVE, result["reason"]
    assert result["ledger"]["balanced"]
    assert result["ledger"]["lost"] == 0
    assert {one.outcome for one in attempts} <= {
        Outcome.FILLED.word, Outcome.TIMEOUT.word, Outcome.CONNECTION.word, Outcome.HOLD_CONFLICT.word,
        Outcome.CAPACITY.word,
    }  # fmt: skip
    assert "Traceback" not in (shell.runs()[-1] / "engine.log").read_text()


async def test_a_run_goes_on_after_a_silence_of_each_of_its_connections(
    shell: Shell, database: ScratchDatabase
) -> None:
    async with proxied(database.dsn) as proxy:
        process = await asyncio.to_thread(begin, shell, proxy.dsn, *LONG, "--rate", "40")
        await asyncio.to_thread(wait_until, lambda: shell.see().run.filled > 5, "some bookings")
        async with proxy.partition():
            await asyncio.to_thread(wait_until, lambda: _timed_out(shell) > 0, "timeouts")
        proxy.cut_all()
        before = (await asyncio.to_thread(shell.see)).run.filled
        await asyncio.to_thread(wait_until, lambda: shell.see().run.filled > before + 3, "the run to go on")
        await asyncio.to_thread(shell.do, "stop")
        result, attempts = await asyncio.to_thread(ended, shell, process)
    await checked(database.dsn, result, attempts)


def _timed_out(shell: Shell) -> int:
    return sum(one.count for one in shell.see().outcomes if one.outcome == Outcome.TIMEOUT.word)
