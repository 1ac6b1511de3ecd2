"""T3 and T4: a backend or the whole server is killed. The engine comes back to it, and nothing is lost."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import Cluster
from tests.faults.campaign import NIGHTS, Campaign
from tests.faults.criteria import criteria, result_of
from tests.faults.ruins import Ruins, attempts, ruins
from tests.shell import PACED, alive, wait_until

LONG = (*PACED, "--days", "360", "--end", "21:00", "--rate", "15", "--set", "run.step_timeout_s=5")
"""A slot ends with its first attempt that fails: there must be enough of them for as long as nobody answers."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Ruins]:
    with ruins(tmp_path) as found:
        yield found


def first_ok_after(own: Ruins, answered: float) -> float:
    """Seconds from the moment the server took connections again to the next booking that was filled."""
    before = own.filled()
    wait_until(lambda: own.filled() > before, "a booking to be filled after the recovery")
    return time.monotonic() - answered


def killed_backend(own: Ruins) -> float:
    """SIGKILL one: the server ends all others, recovers and takes connections again; seconds to the first ok."""
    pid = own.kill_a_worker_s_backend()
    wait_until(lambda: own.shell.see().run.state.value == "running" and _other(own, pid), "the crash to be noticed")
    return first_ok_after(own, own.wait_until_it_answers())


def _other(own: Ruins, pid: int) -> bool:
    return all(worker.pid != pid for worker in own.shell.see().workers)


def killed_server(own: Ruins) -> tuple[float, int]:
    """SIGKILL the postmaster and start it while its children may still live; seconds to the first ok, and starts."""
    old = own.postmaster
    own.kill_server()
    starts = own.start_again()
    assert own.postmaster != old
    return first_ok_after(own, own.wait_until_it_answers()), starts


def judged(own: Ruins, *, least: int) -> dict[str, Any]:
    """Stop the run and hold its result to what every fault test demands; then nothing of it may be left. The ledger."""
    own.shell.do("stop")
    folder = own.shell.runs()[-1]
    wait_until((folder / "result.json").exists, "the run to end")
    # With its result written it still waits for the consoles to see it, and a run that lives is not gone on with.
    wait_until(lambda: not alive(own.shell.manifest(folder)["pid"]), "its engine to be gone")
    result = result_of(folder)
    ends = attempts(folder)
    criteria(result)
    assert result["exit_code"] == 130, result["reason"]
    cut = [one for one in ends if one.outcome == "connection"]
    assert len(cut) >= least, f"the kills were felt by {len(cut)} attempts: {result['outcomes']}"
    # A hold that could not be given back while nobody answered is given back by whoever goes on.
    done = own.shell.do("continue", "last", "--headless", "--json", "--days", "3", "--rate", "1000", timeout=120)
    assert done.code == 0, done.err
    criteria(done.json(), exit_code=0)
    assert own.ask(done.json()["database"], "SELECT count(*) FROM table_holds") == 0
    kept: dict[str, Any] = result["ledger"]
    return kept


def after_some(own: Ruins, drawn: random.Random) -> None:
    """Wait until a number of bookings that a seed draws were filled."""
    until = own.filled() + drawn.randint(2, 15)
    wait_until(lambda: own.filled() >= until, "some bookings")


def test_a_run_comes_back_after_a_backend_and_after_the_whole_server_was_killed(own: Ruins) -> None:
    process = own.shell.begin_run(*LONG)
    wait_until(lambda: own.filled() > 5, "some bookings")
    print(f"first ok {killed_backend(own):.2f} s after the crash recovery")
    took, starts = killed_server(own)
    print(f"first ok {took:.2f} s after the server's start, which took {starts}")
    judged(own, least=2)
    process.communicate(timeout=60)


@pytest.mark.campaign
@pytest.mark.timeout(600)
def test_t3_twenty_backends_killed_one_every_two_seconds(own: Ruins, campaign: Campaign) -> None:
    process = own.shell.begin_run(*LONG)
    wait_until(lambda: own.filled() > 5, "some bookings")
    took = []
    for _ in range(20):
        began = time.monotonic()
        took.append(killed_backend(own))
        wait_until(lambda began=began: time.monotonic() > began + 2, "two seconds")  # type: ignore[misc]
    print("first ok after each recovery:", " ".join(f"{one:.2f}" for one in took), "s")
    campaign.note_seed(0, "T3", 20, judged(own, least=20))
    process.communicate(timeout=60)


@pytest.mark.campaign
@pytest.mark.timeout(2400)
def test_t3_a_backend_killed_at_a_moment_that_a_seed_draws(own: Ruins, campaign: Campaign) -> None:
    for seed in NIGHTS:
        drawn = random.Random(f"T3 {seed}")
        process = own.shell.begin_run(*LONG, "--seed", str(seed))
        for _ in range(2):
            after_some(own, drawn)
            killed_backend(own)
        campaign.note_seed(seed, "T3", 2, judged(own, least=2))
        process.communicate(timeout=60)


@pytest.mark.campaign
@pytest.mark.timeout(2400)
def test_t4_a_server_killed_at_a_moment_that_a_seed_draws(own: Ruins, campaign: Campaign) -> None:
    for seed in NIGHTS:
        drawn = random.Random(f"T4 {seed}")
        process = own.shell.begin_run(*LONG, "--seed", str(seed))
        after_some(own, drawn)
        killed_server(own)
        # It may have been at rest when its server went.
        campaign.note_seed(seed, "T4", 1, judged(own, least=0))
        process.communicate(timeout=60)


@pytest.mark.campaign
@pytest.mark.timeout(2400)
def test_t4_twenty_servers_killed_and_started_again(own: Ruins, campaign: Campaign) -> None:
    process = own.shell.begin_run(*LONG)
    wait_until(lambda: own.filled() > 5, "some bookings")
    took = [killed_server(own) for _ in range(20)]
    print("first ok after each start:", " ".join(f"{one:.2f} ({starts})" for one, starts in took), "s")
    campaign.note_seed(0, "T4", 20, judged(own, least=20))
    process.communicate(timeout=60)


def test_a_server_is_started_again_only_when_the_last_process_of_the_old_one_is_gone(own: Ruins) -> None:
    own.start_again()

    async def survived() -> None:
        connection = await asyncpg.connect(own.dsn("postgres"), timeout=10)
        os.kill(connection.get_server_pid(), signal.SIGSTOP)
        own.kill_server()
        with pytest.raises(PlatformUnfit, match="Terminate any old server processes"):
            await (await Cluster.open(own.settings, "too early")).close()
        os.kill(connection.get_server_pid(), signal.SIGCONT)
        connection.terminate()

    asyncio.run(survived())
    own.start_again()
    assert own.answers()


def test_a_crash_gives_out_again_the_transaction_ids_that_it_took_back(own: Ruins) -> None:
    """Why `committed` alone does not prove that it was ours: the proof ends with the server that gave out the id."""
    own.start_again()

    async def begun() -> int:
        connection = await asyncpg.connect(own.dsn("postgres"), timeout=10)
        await connection.execute("CREATE TABLE IF NOT EXISTS one (number int)")
        await connection.execute("BEGIN; INSERT INTO one VALUES (1)")
        xid = int(await connection.fetchval("SELECT pg_current_xact_id()::text::bigint"))
        own.kill_server()
        connection.terminate()
        return xid

    taken_back = asyncio.run(begun())
    own.start_again()
    own.wait_until_it_answers()
    given = own.ask(
        "postgres", "WITH i AS (INSERT INTO one VALUES (2) RETURNING 1) SELECT pg_current_xact_id()::text FROM i"
    )
    assert int(given) == taken_back
    assert own.ask("postgres", f"SELECT pg_xact_status('{taken_back}')") == "committed"
