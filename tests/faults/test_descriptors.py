"""No file descriptor is left: a run is refused with a sentence, or goes on when there are some again."""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.clock import RunningClock
from engine.exit_code import ExitCode
from engine.front import LinkLost
from engine.model.event import AttemptEnded, Noticed
from engine.model.ids import Ids, RunId
from engine.model.outcome import Certainty
from engine.open_files import SPARE, too_few_for
from engine.platform.cluster import Cluster
from engine.records.journal import Journal, read
from tests.faults.criteria import criteria, nothing_left, result_of
from tests.faults.killing import rows
from tests.faults.ruins import attempts
from tests.shell import Shell, wait_until

LONG = ("run", "fill", "--concurrency", "4", "--rate", "30", "--days", "120", "--stress-max", "12", "--share-slots")


def limited(files: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))


@pytest.mark.parametrize("files", [10, 30])
def test_a_run_that_would_run_out_of_descriptors_is_not_begun(shell: Shell, files: int) -> None:
    words = shell.command("run", "fill", "--headless", "--concurrency", "4")
    done = subprocess.run(
        words, env=shell.environ, cwd=shell.home, preexec_fn=lambda: limited(files), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.count("\n") == 1
    assert f"needs {4 + SPARE} open files, and the system allows {files}" in done.stderr
    assert shell.runs() == []


def test_what_is_too_few_depends_on_the_workers() -> None:
    script = (
        "import resource; from engine.open_files import raise_limit, too_few_for\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (20, 40)); raise_limit()\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)); print(too_few_for(8)); print(too_few_for(9))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "(40, 40)",
        "",
        "concurrency = 9 needs 41 open files, and the system allows 40 (ulimit -Hn); give 8 workers or less, or raise it",  # noqa: E501
    ]
    assert too_few_for(1) == ""


@contextmanager
def none_left(pid: int) -> Iterator[None]:
    """While the block lasts the process can open nothing; what it has open stays so."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@pytest.mark.campaign
@pytest.mark.skipif(sys.platform != "linux", reason="another process's limit is set by prlimit, which Linux has")
@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", range(1, 4))
def test_a_run_without_a_descriptor_left_loses_nothing_and_goes_on_when_there_are_some(
    shell: Shell, cluster: Cluster, seed: int
) -> None:
    process = shell.begin_run(*LONG, "--seed", str(seed))
    wait_until(lambda: shell.see().run.filled > 5, "some bookings")
    manifest = shell.manifest()
    folder = shell.runs()[-1]
    with none_left(manifest["pid"]):
        terminated = rows(
            cluster, "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE application_name LIKE 'slotfill {manifest['run_id']} %'"
        )  # fmt: skip
        assert len(terminated) > 4
        wait_until(lambda: len(wanting(folder)) >= 2, "attempts that could not connect")
        with pytest.raises(LinkLost):
            shell.see()
    wait_until(lambda: shell.see().run.attempts > 0, "the engine to take consoles again")
    before = shell.see().run.filled
    wait_until(lambda: shell.see().run.filled > before + 3, "the run to go on")
    shell.do("stop")
    process.communicate(timeout=60)
    wait_until((folder / "result.json").exists, "the run to end")
    criteria(result_of(folder), exit_code=ExitCode.STOPPED)
    info = [one for one in attempts(folder) if one.certainty is Certainty.INFO]
    asyncio.run(nothing_left(cluster.dsn(manifest["database"]), {one.booking_id for one in info}))
    assert "Traceback" not in (folder / "engine.log").read_text()


def wanting(folder: Path) -> list[AttemptEnded]:
    return [one for one in attempts(folder) if one.refusal is not None and "open files" in one.refusal.message]


async def test_a_journal_that_has_no_descriptor_to_sync_with_syncs_later(tmp_path: Path) -> None:
    journal = Journal(tmp_path, RunId("test"), RunningClock())
    journal.write(Noticed(1, Ids(run=RunId("test")), "server", "here"))
    with none_left(os.getpid()):
        await journal.sync()
        journal.write(Noticed(2, Ids(run=RunId("test")), "server", "still here"))
    await journal.sync()
    journal.close()
    assert [event.at_ns for event in read(tmp_path)] == [1, 2]
