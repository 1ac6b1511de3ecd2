"""T17 and T18: a killed console changes no total, and a disk that takes no record lets nothing be sent."""

import json
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.exit_code import ExitCode
from engine.model.event import Intended
from engine.platform.cluster import Cluster
from engine.records.journal import read
from tests.faults.campaign import NIGHTS, Campaign
from tests.faults.criteria import criteria
from tests.faults.killing import EVENING, rows
from tests.faults.ruins import may_mount, small_disk
from tests.shell import PACED, Shell, alive, wait_until

NO_DISK = may_mount()


def totals(shell: Shell) -> dict[str, Any]:
    """What a console that attaches now is shown of all attempts."""
    snapshot = shell.see()
    return {
        "attempts": snapshot.run.attempts,
        "filled": snapshot.run.filled,
        "outcomes": {one.outcome: one.count for one in snapshot.outcomes},
        "legs": snapshot.legs,
        "slots": snapshot.slots,
    }


def killed_console(shell: Shell, *, after_s: float = 0.0) -> None:
    """Attach one, let the run rest, kill it: whoever attaches then is shown the very same."""
    consoles = shell.see().run.consoles
    console, _terminal = shell.console("attach")
    wait_until(lambda: shell.see().run.consoles > consoles, "the console to be attached")
    # At which of its first words it dies is drawn.
    time.sleep(after_s)
    assert shell.do("pause").code == 0
    wait_until(lambda: shell.see().run.state.value == "paused", "the run to rest")
    before = totals(shell)
    console.kill()
    console.wait(timeout=30)
    wait_until(lambda: shell.see().run.consoles == consoles, "the console to be missed")
    assert alive(shell.manifest()["pid"])
    assert totals(shell) == before
    assert shell.do("resume").code == 0
    wait_until(lambda: shell.see().run.attempts > before["attempts"] + 3, "the run to go on")


def stopped(shell: Shell, process: "subprocess.Popen[str]") -> dict[str, Any]:
    """Stop the run; its result."""
    seen = shell.see().run.attempts
    shell.do("stop")
    process.communicate(timeout=60)
    result: dict[str, Any] = json.loads((shell.runs()[-1] / "result.json").read_text())
    assert result["attempts"] == result["ledger"]["attempts"] >= seen
    return result


def test_whoever_attaches_after_a_console_was_killed_sees_the_very_same_totals(shell: Shell) -> None:
    process = shell.begin_run(*PACED)
    wait_until(lambda: shell.see().run.attempts > 10, "some attempts")
    killed_console(shell)
    criteria(stopped(shell, process))


@pytest.mark.campaign
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", NIGHTS)
def test_t17_consoles_killed_at_moments_that_a_seed_draws(shell: Shell, campaign: Campaign, seed: int) -> None:
    drawn = random.Random(f"T17 {seed}")
    process = shell.begin_run(*PACED, "--days", "60", "--seed", str(seed))
    wait_until(lambda: shell.see().run.attempts > 3, "some attempts")
    for _ in range(2):
        killed_console(shell, after_s=drawn.uniform(0, 0.8))
    result = stopped(shell, process)
    criteria(result)
    campaign.note("T17", 2, result["ledger"])


def nothing_unjournalled(cluster: Cluster, folder: Path) -> None:
    """Rows with the run's tag less its intents: none, of bookings and of holds."""
    manifest = json.loads((folder / "run.json").read_text())
    run, database = manifest["run_id"], manifest["database"]
    intents = [event for event in read(folder) if isinstance(event, Intended)]
    made = rows(
        cluster, database, f"SELECT idempotency_key FROM bookings WHERE details -> 'slotfill' ->> 'run' = '{run}'"
    )
    assert made
    assert {key for (key,) in made} <= {event.key for event in intents}
    held = rows(cluster, database, f"SELECT id FROM table_holds WHERE metadata -> 'slotfill' ->> 'run' = '{run}'")
    assert {one for (one,) in held} <= {event.hold_id for event in intents}
    written = rows(cluster, database, "SELECT idempotency_key FROM booking_assignment_idempotency")
    assert {key for (key,) in written} <= {event.key for event in intents if event.ids.step == "commit"}


@pytest.mark.campaign
@pytest.mark.skipif(bool(NO_DISK), reason=NO_DISK)
@pytest.mark.parametrize("seed", NIGHTS)
def test_t18_a_disk_that_fills_up_under_the_journal_ends_the_run_before_the_next_send(
    shell: Shell, cluster: Cluster, campaign: Campaign, seed: int
) -> None:
    with small_disk(2) as disk:
        runs = disk / "runs"
        process = shell.begin(
            *EVENING, "--headless", "--days", "60", "--seed", str(seed), "--concurrency", str(1 + seed % 8),
            "--runs", str(runs),
        )  # fmt: skip
        wait_until(lambda: any(_lines(one) > 40 * (1 + seed % 8) for one in runs.glob("2*/journal.*")), "some attempts")
        with (disk / "filler").open("wb", buffering=0) as filler:
            for size in (1 << 16, 1 << 8, 1):
                _until_full(lambda size=size: filler.write(b"\0" * size))  # type: ignore[misc]
        _, err = process.communicate(timeout=60)
        assert process.returncode == ExitCode.RECORDS, err
        (folder,) = runs.glob("2*")
        # Where `slotfill ls` sends whoever asks why: on a disk on which nothing has room any more.
        assert "No space left on device; free some space" in (folder / "engine.log").read_text()
        nothing_unjournalled(cluster, folder)
        campaign.note("T18", 1, verified(shell, runs))


def verified(shell: Shell, runs: Path) -> dict[str, Any]:
    """The ledger of a run whose own could not be written: of the verifier, from journal and database."""
    done = shell.do("verify", "--runs", str(runs), "--json")
    found: dict[str, Any] = done.json()["ledger"]
    criteria({"ledger": found})
    return found


def _lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n")


def _until_full(write: Callable[[], object]) -> None:
    while True:
        try:
            write()
        except OSError:
            return


def test_a_run_that_cannot_be_recorded_is_not_begun(shell: Shell) -> None:
    # A file where the folder should be stands for every place that takes no files, for root too.
    place = shell.home / "no folder"
    place.write_text("")
    done = shell.do(*EVENING, "--headless", "--runs", str(place))
    assert done.code == ExitCode.RECORDS
    assert done.err.count("\n") == 1
    assert str(place) in done.err
