"""slotfill as its user types it: a command line, a home of its own, and nothing of the machine's."""

import asyncio
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engine.front import LinkLost
from engine.link_door import LinkDoor
from engine.model.command import Command, Verb
from engine.model.snapshot import RunSnapshot
from engine.records.archive import list_runs
from tests.scratch import FOLDER

PACED = ("run", "fill", "--concurrency", "4", "--rate", "40", "--days", "5", "--stress-max", "12", "--share-slots")
"""A run that takes long enough to be steered."""


class Done(NamedTuple):
    code: int
    out: str
    err: str

    def json(self) -> Any:
        assert self.out, f"no document, exit code {self.code}: {self.err}"
        return json.loads(self.out)


class Shell:
    """A terminal of one user. The tests' cluster is used, runs are kept in a folder of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._begun: list[subprocess.Popen[str]] = []
        keep = {key: os.environ[key] for key in ("PATH", "TMPDIR", "LANG") if key in os.environ}
        self.environ = keep | {
            "HOME": str(home),
            "SLOTFILL_EMBEDDED_DATA": f"{os.environ[FOLDER]}/pg",
            "SLOTFILL_EMBEDDED_IDLE_S": "20",
            # A busy machine is no slow server: what a look tells must not depend on it.
            "SLOTFILL_OBSERVE_TIMEOUT_S": "5",
            "SLOTFILL_EMBEDDED_MAX_CONNECTIONS": "150",
            # Its solver takes longer than most runs here; tests/cli/test_optimum.py has it.
            "SLOTFILL_RECORDS_WATERFALL": "false",
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "PYTHONWARNINGS": "error",
            "SLOTFILL_LOCAL_ONLY": "1",
        }

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "tui.cli", *words]

    def do(self, *words: str, timeout: float = 60, stdin: str = "") -> Done:
        """Run a command to its end."""
        done = subprocess.run(
            self.command(*words),
            env=self.environ,
            cwd=self.home,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def begin(self, *words: str) -> "subprocess.Popen[str]":
        """Start a command and leave it running."""
        process = subprocess.Popen(
            self.command(*words),
            env=self.environ,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._begun.append(process)
        return process

    def runs(self) -> list[Path]:
        """The folders of all runs, oldest first."""
        return [entry.path for entry in list_runs(self.home / ".local/state/slotfill/runs")]

    def manifest(self, folder: Path | None = None) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(((folder or self.runs()[-1]) / "run.json").read_text())
        return found

    def console(self, *words: str, painted: bytearray | None = None) -> tuple["subprocess.Popen[bytes]", int]:
        """Start a console in a terminal of its own; its process and the terminal's other end.

        What it paints goes into `painted`, or nowhere.
        """
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        process = subprocess.Popen(
            self.command(*words),
            env=self.environ | {"TERM": "xterm-256color"},
            cwd=self.home,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            # A hang-up reaches only those whose terminal it is. Between fork and exec nothing but this call is made.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        os.close(theirs)
        # Somebody must read what is painted, or the console waits for its terminal.
        threading.Thread(target=_drain, args=(ours, painted), daemon=True).start()
        return process, ours

    def begin_run(self, *words: str) -> "subprocess.Popen[str]":
        """Start a headless run and wait until its engine stands."""
        before = len(self.runs())
        process = self.begin(*words, "--headless")
        wait_until(
            lambda: len(self.runs()) > before and Path(self.manifest()["socket"]).exists(), "the engine to stand"
        )
        return process

    def socket(self) -> Path:
        """The last run's socket."""
        return Path(self.manifest()["socket"])

    def see(self, folder: Path | None = None) -> RunSnapshot:
        """The live run's snapshot, as a console would ask for it."""

        async def ask() -> RunSnapshot:
            door = await LinkDoor.open(Path(self.manifest(folder)["socket"]))
            try:
                return await door.snapshot()
            finally:
                await door.close()

        return asyncio.run(ask())

    def clean(self) -> None:
        """Stop every engine a test left; a run must not outlive its test."""
        for folder in self.runs():
            pid = self.manifest(folder).get("pid")
            if pid and not (folder / "result.json").exists():
                try:
                    asyncio.run(_stop_twice(Path(self.manifest(folder)["socket"])))
                except LinkLost:
                    continue
                wait_until(lambda pid=pid: not alive(pid), "a left engine to end")  # type: ignore[misc]
        for process in self._begun:
            # A test that failed half way has not asked after its processes; unasked, they trouble the next test.
            if process.poll() is None:
                process.kill()
            with process:
                pass


def _drain(terminal: int, painted: bytearray | None) -> None:
    try:
        while seen := os.read(terminal, 65536):
            if painted is not None:
                painted += seen
    except OSError:
        return


async def _stop_twice(socket: Path) -> None:
    door = await LinkDoor.open(socket)
    for _ in range(2):
        await door.act(Command(Verb.STOP), "test")
    await door.close()


def alive(pid: int) -> bool:
    """Whether a process of that number lives; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc/self/stat").exists()
    return state != "Z"


def wait_until(condition: Callable[[], Any], what: str, within_s: float = 30.0) -> None:
    """Look again and again until it holds: for what another process does, and only there."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            if condition():
                return
        except (LinkLost, FileNotFoundError, json.JSONDecodeError):
            pass
        time.sleep(0.03)
    pytest.fail(f"waited {within_s:g} s in vain for {what}")
