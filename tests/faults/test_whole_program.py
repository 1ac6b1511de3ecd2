"""T2, T6 and T11: the whole program while backends die, its server stands still, its network breaks."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from engine.config import EmbeddedSettings
from engine.model.event import AttemptEnded
from engine.model.outcome import Certainty, Outcome, Phase
from engine.platform.cluster import ClusterInUse, status, stop
from engine.records.journal import read
from tests.faults.campaign import SEEDS, Campaign
from tests.faults.criteria import criteria, nothing_left, result_of
from tests.faults.night import agree
from tests.faults.proxy import proxied
from tests.scratch import ScratchDatabase
from tests.shell import Shell, wait_until

TIMEOUT_S = 1.0
FILL = (
    "run",
    "fill",
    "--headless",
    "--share-slots",
    "--max-party",
    "3",
    "--start",
    "12:00",
    "--set",
    "fill.interval_min=5",
)
WORKERS = r"application_name ~ '^slotfill .* w\d\d$' AND datname = current_database()"
TERMINATED = f"""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {WORKERS}
 ORDER BY state = 'idle', md5($1::text || pid) LIMIT 1
"""
LONG = ("--end", "13:00", "--days", "60")
"""A slot ends with its first attempt that fails: there are enough of them for as long as nobody answers."""
LONGEST_S = 60.0


def theirs(shell: Shell, dsn: str) -> tuple[str, ...]:
    """Mark that database as one to work in; the options that name it."""
    path = Path(shell.home) / "theirs.toml"
    path.write_text('[targets.embedded]\n[targets.theirs]\nkind = "postgres"\ndsn_env = "THEIRS"\n')
    shell.environ["THEIRS"] = dsn
    config = ("--config", str(path), "--target", "theirs")
    marked = shell.do("db", "init", *config, f"--yes={urlsplit(dsn).path[1:]}")
    assert marked.code == 0, marked.err
    return config


def begin(shell: Shell, dsn: str, *words: str) -> "subprocess.Popen[str]":
    """Start a run on that database, and wait until its engine stands."""
    return shell.begin_run(*FILL, *theirs(shell, dsn), "--set", f"run.step_timeout_s={TIMEOUT_S}", *words)


def ended(shell: Shell, process: "subprocess.Popen[str]") -> tuple[dict[str, Any], list[AttemptEnded]]:
    """The result of the run and its attempts' last words, once it has ended by itself."""
    _, err = process.communicate(timeout=LONGEST_S)
    folder = shell.runs()[-1]
    assert (folder / "result.json").exists(), err
    return result_of(folder), [event for event in read(folder) if isinstance(event, AttemptEnded)]


def hung(attempts: list[AttemptEnded], deadline_s: float) -> int:
    """How many steps outlived their deadline by more than a second."""
    return sum(
        step.took_ns / 1e9 > deadline_s + 1.0 for one in attempts for step in one.steps if step.step.value != "total"
    )


async def checked(dsn: str, result: dict[str, Any], attempts: list[AttemptEnded]) -> list[AttemptEnded]:
    """Those in doubt, after the common criteria were demanded and each was looked up again."""
    assert [one.refusal for one in attempts if one.outcome == Outcome.UNKNOWN.word] == []
    criteria(result)
    info = [one for one in attempts if one.certainty is Certainty.INFO]
    await nothing_left(dsn, {one.booking_id for one in info})
    assert "in progress" not in (await agree(dsn, info)).values()
    return info


def told(info: list[AttemptEnded]) -> Iterator[str]:
    return (f"info at {one.refusal.step.value}" for one in info if one.refusal is not None)


async def killed(dsn: str, process: "subprocess.Popen[str]", seed: int, every_s: float, most: int) -> int:
    """Terminate a random worker's backend again and again while the run goes on, a busy one if there is; how many."""
    drawn = random.Random(seed)
    done = 0
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=20)
    try:
        while process.poll() is None and done < most:
            # Chosen and ended by one statement: most are at rest again a few milliseconds later.
            done += bool(await connection.fetchval(TERMINATED, str(drawn.random())))
            await asyncio.sleep(every_s)
    finally:
        await connection.close()
    return done


@pytest.mark.parametrize("seed", SEEDS)
async def test_t2_backends_that_are_terminated_again_and_again_lose_nothing(
    shell: Shell, database: ScratchDatabase, campaign: Campaign, seed: int
) -> None:
    pace = ("--rate", "60", "--end", "13:00" if seed == 1 else "15:30", "--seed", str(seed))
    process = await asyncio.to_thread(begin, shell, database.dsn, *pace)
    kills = await killed(database.dsn, process, seed, 0.2, most=1000)
    result, attempts = await asyncio.to_thread(ended, shell, process)
    info = await checked(database.dsn, result, attempts)
    lost = [one for one in attempts if one.outcome == Outcome.CONNECTION.word]
    assert kills > 0
    # So short a run may have been at rest whenever one of its backends went.
    assert lost or info or seed == 1
    campaign.note("T2", kills, result["ledger"], told(info), hung(attempts, TIMEOUT_S))


@pytest.mark.campaign
@pytest.mark.parametrize("seed", [1])
async def test_t2_fifty_connections_are_lost_in_mid_flight_and_every_doubt_is_resolved(
    shell: Shell, database: ScratchDatabase, campaign: Campaign, seed: int
) -> None:
    process = await asyncio.to_thread(begin, shell, database.dsn, *LONG, "--concurrency", "8", "--rate", "60")
    kills = await killed(database.dsn, process, seed, 0.1, most=160)
    await asyncio.to_thread(shell.do, "stop")
    result, attempts = await asyncio.to_thread(ended, shell, process)
    info = await checked(database.dsn, result, attempts)
    in_flight = [
        one
        for one in attempts
        if one.refusal is not None
        and one.refusal.phase in (Phase.UNCOMMITTED, Phase.IN_DOUBT)
        and one.outcome == Outcome.CONNECTION.word
    ]
    assert len(in_flight) >= 50
    campaign.note("T2", kills, result["ledger"], told(info), hung(attempts, TIMEOUT_S))


@pytest.fixture
def own(shell: Shell) -> Iterator[EmbeddedSettings]:
    """Settings of a cluster that only this test's shell uses, and which may be stood still."""
    with tempfile.TemporaryDirectory(prefix="sff-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        settings = EmbeddedSettings(data=f"{folder}/pg", idle_s=5.0, max_connections=60)
        shell.environ |= {"SLOTFILL_EMBEDDED_DATA": settings.data, "SLOTFILL_EMBEDDED_IDLE_S": "5"}
        yield settings
        shell.clean()
        if Path(f"{folder}/pg.room").exists():
            asyncio.run(_stopped(settings))


async def _stopped(settings: EmbeddedSettings) -> None:
    for _ in range(200):
        try:
            await stop(settings)
        except ClusterInUse:
            await asyncio.sleep(0.05)
        else:
            return


@contextlib.contextmanager
def still(postmaster: int) -> Iterator[int]:
    """A whole server stands still while the block lasts: the postmaster first, so that it starts nobody meanwhile."""
    os.kill(postmaster, signal.SIGSTOP)
    children = [int(word) for word in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()]
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        yield len(children)
    finally:
        for pid in (*children, postmaster):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", SEEDS)
def test_t6_a_server_that_stands_still_hangs_nothing_and_loses_nothing(
    shell: Shell, own: EmbeddedSettings, campaign: Campaign, seed: int
) -> None:
    stands_s = 2.0 if seed == 1 else 10.0
    timeout = ("--set", f"run.step_timeout_s={TIMEOUT_S}")
    process = shell.begin_run(*FILL, *timeout, *LONG, "--rate", "40", "--seed", str(seed))
    wait_until(lambda: shell.see().run.filled > 5, "some bookings")
    found = asyncio.run(status(own))
    assert found.pid is not None
    began = time.monotonic()
    with still(found.pid) as stopped:
        while time.monotonic() - began < stands_s:
            # The engine answers all the time: nothing of it hangs on the server.
            assert shell.see().run.attempts > 0
            time.sleep(0.1)
    before = shell.see().run.filled
    wait_until(lambda: shell.see().run.filled > before, "a booking after it")
    shell.do("stop")
    result, attempts = ended(shell, process)
    dsn = _dsn(shell)
    info = asyncio.run(checked(dsn, result, attempts))
    assert hung(attempts, TIMEOUT_S) == 0
    assert {one.outcome for one in info} <= {Outcome.TIMEOUT.word, Outcome.CONNECTION.word}
    campaign.note("T6", stopped, result["ledger"], told(info), hung(attempts, TIMEOUT_S))


def _dsn(shell: Shell) -> str:
    done = shell.do("db", "url", "last")
    return (done.out if done.code == 0 else shell.do("db", "url").out).strip()


@pytest.mark.parametrize("seed", SEEDS)
async def test_t11_a_partition_is_a_dip_of_what_can_be_booked_and_no_loss(
    shell: Shell, database: ScratchDatabase, campaign: Campaign, seed: int
) -> None:
    lasts_s = 1.6 if seed == 1 else 3.0
    async with proxied(database.dsn, seed=seed) as proxy:
        process = await asyncio.to_thread(begin, shell, proxy.dsn, *LONG, "--rate", "40", "--seed", str(seed))
        await asyncio.to_thread(wait_until, lambda: shell.see().run.filled > 5, "some bookings")
        async with proxy.partition():
            await asyncio.sleep(lasts_s)
        before = (await asyncio.to_thread(shell.see)).run.filled
        await asyncio.to_thread(wait_until, lambda: shell.see().run.filled > before, "a booking after it")
        await asyncio.to_thread(shell.do, "stop")
        result, attempts = await asyncio.to_thread(ended, shell, process)
    info = await checked(database.dsn, result, attempts)
    # The dip: timeouts, and nothing but timeouts and lost connections; apart from it nothing is missing.
    unavailable = [one for one in attempts if one.outcome in (Outcome.TIMEOUT.word, Outcome.CONNECTION.word)]
    assert unavailable
    assert result["ledger"]["lost"] == 0
    assert result["outcomes"][Outcome.TIMEOUT.word] > 0
    assert hung(attempts, TIMEOUT_S) == 0
    campaign.note("T11", 1, result["ledger"], told(info), hung(attempts, TIMEOUT_S))
