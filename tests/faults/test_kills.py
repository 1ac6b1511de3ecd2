"""What is killed, and what stands all the same."""

import json
import os
import resource
import signal
import subprocess

import pytest

from engine.model.event import Intended
from engine.records.journal import read
from tests.shell import PACED, Shell, alive, wait_until


def test_kill_9_of_the_client_changes_nothing_in_the_run(shell: Shell) -> None:
    process = shell.begin_run(*PACED, "--days", "1", "--stress-max", "8")
    wait_until(lambda: shell.see().run.attempts > 5, "some attempts")
    engine = shell.manifest()["pid"]
    process.kill()
    process.communicate()
    assert alive(engine)
    wait_until((shell.runs()[-1] / "result.json").exists, "the run to end by itself")
    result = json.loads((shell.runs()[-1] / "result.json").read_text())
    assert result["exit_code"] == 0
    assert result["outcomes"]["filled"] == result["persisted"]


def test_a_hang_up_of_the_client_s_terminal_leaves_the_run(shell: Shell) -> None:
    process = shell.begin_run(*PACED)
    engine = shell.manifest()["pid"]
    os.killpg(process.pid, signal.SIGHUP)
    process.communicate(timeout=30)
    before = shell.see().run.attempts
    wait_until(lambda: shell.see().run.attempts > before + 3, "the run to go on")
    assert alive(engine)


@pytest.mark.parametrize("end", ["kill -9", pytest.param("hang-up", marks=pytest.mark.campaign)])
def test_a_console_that_is_killed_or_hung_up_changes_nothing_in_the_run(shell: Shell, end: str) -> None:
    process = shell.begin_run(*PACED, "--days", "2", "--stress-max", "10")
    engine = shell.manifest()["pid"]
    consoles = shell.see().run.consoles
    console, terminal = shell.console("attach")
    wait_until(lambda: shell.see().run.consoles > consoles, "the console to be attached")
    if end == "kill -9":
        console.kill()
    else:
        os.close(terminal)
    console.wait(timeout=30)
    assert alive(engine)
    process.communicate(timeout=90)
    result = json.loads((shell.runs()[-1] / "result.json").read_text())
    assert result["exit_code"] == process.returncode == 0
    assert result["outcomes"]["filled"] == result["persisted"]
    assert result["certainties"]["info"] == 0


def test_a_console_left_with_q_says_how_to_come_back_and_ends_with_0(shell: Shell) -> None:
    process = shell.begin_run(*PACED)
    console, terminal = shell.console("attach")
    wait_until(lambda: shell.see().run.consoles > 1, "the console to be attached")
    wait_until(lambda: _typed(terminal, "q") and console.poll() is not None, "the console to be left")
    assert console.returncode == 0
    assert alive(shell.manifest()["pid"])
    shell.do("stop")
    process.communicate(timeout=60)


def _typed(terminal: int, key: str) -> bool:
    try:
        os.write(terminal, key.encode())
    except OSError:
        return True  # its other end has gone
    return True


def test_kill_9_of_the_engine_leaves_every_intent_and_no_process(shell: Shell) -> None:
    process = shell.begin_run(*PACED)
    wait_until(lambda: shell.see().run.attempts > 10, "some attempts")
    manifest = shell.manifest()
    os.kill(manifest["pid"], signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 70
    assert "slotfill events" in err
    wait_until(lambda: not alive(manifest["pid"]), "the engine to be gone")
    said = [json.loads(line) for line in shell.do("events").out.splitlines()]
    ended = {one["ids"]["attempt"] for one in said if one["type"] == "AttemptEnded"}
    intended = {one["ids"]["attempt"] for one in said if one["type"] == "Intended"}
    assert ended <= intended
    assert len(ended) > 10
    listed = shell.do("ls").out
    assert "CRASHED" in listed
    assert "slotfill events" in listed
    refused = shell.do("pause")
    assert refused.code == 3
    assert "crashed" in refused.err
    # Whatever is in the database was intended: nothing left unjournalled.
    there = shell.do("db", "psql", "-c", "SELECT idempotency_key FROM bookings WHERE source = 'slotfill'").out.split()
    assert set(there) <= {one["key"] for one in said if one["type"] == "Intended"}
    assert _backends_of(shell, manifest["run_id"]) == 0


def _backends_of(shell: Shell, run: str) -> int:
    query = f"SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'slotfill {run} %'"
    return int(shell.do("db", "psql", "-c", query).out)


def test_sigterm_to_the_engine_drains(shell: Shell) -> None:
    process = shell.begin_run(*PACED)
    wait_until(lambda: shell.see().run.attempts > 3, "some attempts")
    os.kill(shell.manifest()["pid"], signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_a_backend_killed_in_the_middle_is_an_outcome_and_the_worker_goes_on(shell: Shell) -> None:
    process = shell.begin_run(*PACED, "--json")
    wait_until(lambda: shell.see().run.attempts > 5, "some attempts")
    pid = next(worker.pid for worker in shell.see().workers if worker.pid)
    assert shell.do("db", "psql", "-c", f"SELECT pg_terminate_backend({pid})").out.strip() == "t"
    wait_until(lambda: all(worker.pid != pid for worker in shell.see().workers), "another connection")
    before = shell.see().run.filled
    wait_until(lambda: shell.see().run.filled > before + 3, "the worker to go on")
    shell.do("stop")
    out, _ = process.communicate(timeout=60)
    result = json.loads(out)
    assert result["attempts"] == sum(result["outcomes"].values())


def test_a_disk_that_takes_no_more_ends_the_run_and_nothing_was_sent_without_its_intent(shell: Shell) -> None:
    limit = 150_000

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    words = shell.command("run", "--headless", "--preset", "first-run", "--rate", "200", "--runs", str(shell.home))
    done = subprocess.run(
        words, env=shell.environ, cwd=shell.home, preexec_fn=small_files, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    folder = next(shell.home.glob("2*-fill-*"))
    assert "journal" in done.stderr
    intended = {event.key for event in read(folder) if isinstance(event, Intended)}
    query = "SELECT idempotency_key FROM bookings WHERE source = 'slotfill'"
    there = set(shell.do("db", "psql", "-c", query, "--runs", str(shell.home)).out.split())
    assert there
    assert there <= intended


def test_an_engine_that_stands_still_is_not_called_dead_and_its_run_is_followed_to_the_end(shell: Shell) -> None:
    process = shell.begin_run(*PACED, "--days", "1", "--stress-max", "8")
    wait_until(lambda: shell.see().run.attempts > 3, "some attempts")
    engine = shell.manifest()["pid"]
    os.kill(engine, signal.SIGSTOP)
    assert process.stderr is not None
    said = iter(process.stderr.readline, "")
    assert any("does not answer" in line for line in said)
    os.kill(engine, signal.SIGCONT)
    process.communicate(timeout=60)
    assert process.returncode in (0, 6)
    result = json.loads((shell.runs()[-1] / "result.json").read_text())
    assert result["exit_code"] == process.returncode
    assert result["state"] == "finished"
