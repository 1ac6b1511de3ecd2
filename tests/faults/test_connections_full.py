"""`max_connections` is reached: at the start, when more workers are wanted, and when a connection is replaced."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from engine.exit_code import ExitCode
from engine.model.outcome import Certainty, Outcome
from tests.faults.criteria import criteria, nothing_left, result_of
from tests.faults.ruins import Ruins, attempts, ruins
from tests.shell import wait_until

LONG = ("run", "fill", "--concurrency", "4", "--rate", "20", "--days", "120", "--stress-max", "12", "--share-slots")
MOST = 24

pytestmark = pytest.mark.campaign


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Ruins]:
    with ruins(tmp_path, most_connections=MOST) as found:
        yield found


@contextmanager
def taken(small: Ruins, *, but: int = 0) -> Iterator[int]:
    """While the block lasts others have every connection there is, but for so many; how many they have."""
    loop = asyncio.new_event_loop()
    held: list[asyncpg.Connection] = []

    async def take() -> None:
        while True:
            try:
                held.append(await asyncpg.connect(small.dsn("postgres"), timeout=10))
            except asyncpg.TooManyConnectionsError:
                break
        for _ in range(but):
            await held.pop().close()

    async def give_back() -> None:
        for one in held:
            await one.close(timeout=10)

    loop.run_until_complete(take())
    try:
        yield len(held)
    finally:
        loop.run_until_complete(give_back())
        loop.close()


def judged(small: Ruins, folder: Path) -> list[str]:
    """The outcomes of a run that was stopped, after it met what every fault test demands."""
    wait_until((folder / "result.json").exists, "the run to end", 60)
    criteria(result_of(folder), exit_code=ExitCode.STOPPED)
    ends = attempts(folder)
    in_doubt = {one.booking_id for one in ends if one.certainty is Certainty.INFO}
    asyncio.run(nothing_left(small.dsn(small.shell.manifest()["database"]), in_doubt))
    assert "Traceback" not in (folder / "engine.log").read_text()
    return [one.outcome for one in ends]


def test_a_run_on_a_server_without_a_connection_left_is_not_begun(small: Ruins) -> None:
    small.start_again()
    with taken(small) as others:
        assert others > MOST / 2
        done = small.shell.do(*LONG, "--headless")
    assert done.code == ExitCode.UNREACHABLE, done.err
    assert done.err.count("\n") == 1
    assert "53300" in done.err
    assert small.answers()


def test_more_workers_than_there_are_connections_are_refused_and_the_run_goes_on(small: Ruins) -> None:
    process = small.shell.begin_run(*LONG)
    wait_until(lambda: small.filled() > 3, "some bookings")
    with taken(small, but=2) as others:
        wait_until(lambda: small.shell.see().sample is not None and sees(small) >= others, "the sampler to see them")
        refused = small.shell.do("set", "concurrency=20")
        assert refused.code == ExitCode.USAGE
        assert "the server has room for" in refused.err
        before = small.filled()
        wait_until(lambda: small.filled() > before + 3, "the run to go on")
    small.shell.do("stop")
    process.communicate(timeout=60)
    assert Outcome.POOL_EXHAUSTED.word not in judged(small, small.shell.runs()[-1])


def sees(small: Ruins) -> int:
    sample = small.shell.see().sample
    return 0 if sample is None else sample.connections


def test_a_lost_connection_that_cannot_be_replaced_is_no_timeout_and_is_replaced_later(small: Ruins) -> None:
    process = small.shell.begin_run(*LONG)
    wait_until(lambda: small.filled() > 3, "some bookings")
    folder = small.shell.runs()[-1]
    manifest = small.shell.manifest()
    mine = f"FROM pg_stat_activity WHERE application_name LIKE 'slotfill {manifest['run_id']} w%'"
    # The engine stands still meanwhile: else it would have them back before anybody else.
    os.kill(manifest["pid"], signal.SIGSTOP)
    try:
        assert small.ask("postgres", f"SELECT count(pg_terminate_backend(pid)) {mine}") > 0
        wait_until(lambda: small.ask("postgres", f"SELECT count(*) {mine}") == 0, "its backends to be gone")
        with taken(small):
            os.kill(manifest["pid"], signal.SIGCONT)
            wait_until(lambda: exhausted(folder) >= 2, "attempts that found no connection", 60)
    finally:
        os.kill(manifest["pid"], signal.SIGCONT)
    before = small.filled()
    wait_until(lambda: small.filled() > before + 3, "the run to go on", 60)
    small.shell.do("stop")
    process.communicate(timeout=60)
    assert Outcome.TIMEOUT.word not in judged(small, folder)


def exhausted(folder: Path) -> int:
    return sum(one.outcome == Outcome.POOL_EXHAUSTED.word for one in attempts(folder))
