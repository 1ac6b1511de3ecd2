"""`slotfill verify` on runs of every kind: alive, killed, through the API, repeated, and under row security."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from engine.database import Connection
from engine.model.verification import Verification
from engine.platform.cluster import Cluster
from engine.verify.reconcile import verify
from tests.cli.test_targets import write
from tests.owners.build import build, drop
from tests.shell import PACED, Shell, alive, wait_until
from tests.verify.test_reconcile import in_doubt, is_end_of, lines_of, rewrite

SHORT = ("--headless", "--concurrency", "4", "--start", "18:00", "--end", "18:30", "--max-party", "6")


def verified(shell: Shell, *words: str) -> tuple[int, dict[str, Any]]:
    done = shell.do("verify", "--json", *words)
    assert done.out, done.err
    return done.code, done.json()


def test_a_run_that_goes_on_raises_no_alarm_and_killed_its_open_ends_are_resolved(shell: Shell) -> None:
    process = shell.begin_run(*PACED)
    wait_until(lambda: shell.see().run.filled > 10, "some bookings")
    told = shell.do("verify")
    assert told.code == 0, told.out
    assert "goes on" in told.err
    assert "as claimed so far" in told.out or "everything as claimed" in told.out
    before = shell.see().run.attempts
    wait_until(lambda: shell.see().run.attempts > before + 5, "some more")
    os.kill(shell.manifest()["pid"], signal.SIGKILL)
    process.communicate(timeout=60)
    wait_until(lambda: not alive(shell.manifest()["pid"]), "the engine to be gone")
    code, found = verified(shell)
    assert code == 0, found
    ledger = found["ledger"]
    assert ledger["persisted"] == ledger["acknowledged"] > 10
    assert (ledger["unresolved"], ledger["unverified"], found["in_flight"]) == (0, 0, 0)
    assert "there is no result.json: the run did not come to its end" in found["notes"]
    assert not found["problems"]


@pytest.mark.campaign
def test_a_run_through_the_api_is_verified_by_ids_and_keys(shell: Shell, cluster: Cluster) -> None:
    # A booking that the server goes on with in the background is decided after a minute.
    assert shell.do("run", "fill", "--target", "api", *SHORT, timeout=150).code == 0
    folder, dsn = shell.runs()[-1], cluster.dsn(shell.manifest()["database"])
    found = asyncio.run(_verified(folder, dsn))
    assert found.exit_code == 0, found
    assert found.ledger.persisted == found.ledger.acknowledged > 3
    # Its answers lost, all that is known of a booking is the key that was sent.
    filled = [one["ids"]["attempt"] for one in lines_of(folder) if one.get("outcome") == "filled"]
    rewrite(folder, lambda line: None if any(is_end_of(line, one) for one in filled[:2]) else line)
    (folder / "result.json").unlink()
    found = asyncio.run(_verified(folder, dsn))
    assert found.exit_code == 0, found
    assert found.ledger.recovered == found.unanswered == 2
    # A request of which nothing is there may still be worked on, until the server's longest time is over.
    unheard = in_doubt(None) | {"path": "failed_unknown", "booking_id": str(uuid4())}
    unheard["refusal"]["step"] = "submit"
    key = f"sf-{shell.manifest()['run_id']}-{filled[2]}"
    asyncio.run(_do(dsn, "DELETE FROM bookings WHERE idempotency_key = $1", key))
    rewrite(folder, lambda line: line | unheard if is_end_of(line, filled[2]) else line)
    manifest = json.loads((folder / "run.json").read_text())
    for longest_s, code in (("86400", 6), ("0.01", 0)):
        manifest["settings"]["api.longest_request_s"] = longest_s
        (folder / "run.json").write_text(json.dumps(manifest))
        found = asyncio.run(_verified(folder, dsn))
        assert (found.exit_code, found.ledger.unresolved) == (code, code // 6)


async def _do(dsn: str, statement: str, *args: object) -> None:
    connection = await asyncpg.connect(dsn)
    assert (await connection.execute(statement, *args)).split()[-1] != "0"
    await connection.close()


@pytest.mark.campaign
def test_each_repeat_is_held_against_its_own_database(shell: Shell, cluster: Cluster) -> None:
    shell.do("run", "assign", "--headless", "--concurrency", "4", "--repeat", "2", "--restaurant", "pub-1")
    code, found = verified(shell)
    database = shell.manifest()["database"]
    assert found["databases"] == [database, f"{database}_r2"]
    assert found["ledger"]["persisted"] == found["ledger"]["acknowledged"] > 20, found
    assert not found["suspects"]
    # Held against the first one's alone, the second repeat's claims cannot be told.
    asyncio.run(_do(cluster.admin_dsn, f'DROP DATABASE "{database}_r2"'))
    code, found = verified(shell)
    assert code == 6
    assert found["ledger"]["lost"] == 0
    assert 0 < found["ledger"]["unverified"] < found["ledger"]["attempts"]


async def _verified(folder: Path, dsn: str, **settings: str) -> Verification:
    connection = await Connection.open(dsn, application_name="verify", timeout_s=15, settings=settings, pooled=True)
    try:
        return await verify(folder, connection, wait_s=0.1)
    finally:
        await connection.close()


@pytest.fixture
def theirs(cluster: Cluster) -> Iterator[str]:
    """A database of the owners' own making."""
    name = f"owners_verify_{uuid4().hex[:12]}"
    asyncio.run(build(cluster, name, variant="plain"))
    yield name
    asyncio.run(drop(cluster, name))


@pytest.mark.campaign
def test_row_security_hides_no_booking_from_it(shell: Shell, cluster: Cluster, theirs: str) -> None:
    dsn = cluster.dsn(theirs)
    config = ("--config", str(write(shell, dsn)), "--target", "theirs")
    assert shell.do("db", "init", *config, f"--yes={theirs}").code == 0
    assert shell.do("run", "fill", *config, *SHORT[:1], *SHORT[3:], "--concurrency", "1").code == 0
    code, found = verified(shell, *config[:2])
    assert (code, found["databases"]) == (0, [theirs])
    seen = asyncio.run(_verified(shell.runs()[-1], dsn, role="service_role"))
    assert seen.ledger.persisted == seen.ledger.acknowledged == found["ledger"]["persisted"] > 1
    assert seen.exit_code == 0
    assert seen.unchecked, "the checks would rather be refused than pass on what a policy hides"
    # Where the target leads elsewhere now, nothing of it proves anything.
    elsewhere = write(shell, cluster.admin_dsn)
    code, found = verified(shell, "--config", str(elsewhere))
    assert code == 6
    assert any("the run worked in" in one for one in found["notes"])
