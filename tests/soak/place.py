"""Where a soak happens: a home, a server and temporary files of its own, a run, and the console that stays with it."""

import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from engine.front import LinkLost
from engine.model.snapshot import RunSnapshot
from engine.platform import server
from tests.faults.ruins import Ruins, ruins
from tests.scratch import FOLDER
from tests.tui.ptys import Terminal

PLAN = (
    "run", "fill", "--headless", "--share-slots", "--start", "12:00", "--end", "21:00", "--stress-max", "12",
    "--max-party", "8", "--set", "fill.interval_min=5", "--set", "run.step_timeout_s=5",
)  # fmt: skip
"""A day of it has some hundred slots; a slot ends with its first attempt that is refused."""
DAYS = 360
RATE = 12
BIG, SMALL = (120, 40), (80, 24)


class Place:
    """The home of a soak, and everything in it that is looked at or disturbed."""

    def __init__(self, own: Ruins) -> None:
        self.own = own
        self.shell = own.shell
        self.temp = Path(tempfile.gettempdir())
        self.shell.environ["TMPDIR"] = str(self.temp)
        self.watcher: Terminal | None = None
        self.terminals: list[Terminal] = []

    def begin(self, seed: int) -> Path:
        """Start a run and the console that stays with it; the run's folder."""
        before = len(self.shell.runs())
        words = (*PLAN, "--days", str(DAYS), "--rate", str(RATE), "--seed", str(seed), "--concurrency", "6")
        command = self.shell.begin(*words)
        # Half an hour of a line a second fills a pipe that nobody reads, and the command never ends.
        Thread(target=command.communicate, daemon=True).start()
        assert until(lambda: len(self.shell.runs()) > before and self.answers(), 120), "no engine stood"
        self.watcher = self.attach(BIG)
        return self.shell.runs()[-1]

    def attach(self, size: tuple[int, int], *words: str) -> Terminal:
        """A console on the run, when it shows it."""
        console = Terminal(self.shell.command("attach", *words), self.shell.environ, self.shell.home, size)
        self.terminals.append(console)
        console.shows("view LIVE", within_s=60)
        return console

    def gone(self, console: Terminal) -> None:
        """Close a console's terminal, however it ended."""
        console.close()
        self.terminals.remove(console)

    def seen(self) -> RunSnapshot | None:
        """What the engine says of its run; None when it does not answer."""
        try:
            return self.shell.see()
        except (LinkLost, OSError, TimeoutError, json.JSONDecodeError, KeyError):
            return None

    def answers(self) -> bool:
        """Whether the engine does."""
        return self.seen() is not None

    def is_over(self) -> bool:
        """Whether the last run has its result."""
        return (self.shell.runs()[-1] / "result.json").exists()

    def say(self, *words: str) -> bool:
        """An act on the run; whether it was done. While the run ends it may be refused."""
        return self.shell.do(*words).code == 0

    def restart(self, signal_number: int) -> None:
        """End the server by this signal, and start it again."""
        old = self.own.postmaster
        os.kill(old, signal_number)
        until(lambda: server.postmaster(self.own.plan.places) is None, 60)
        self.own.start_again()
        self.own.wait_until_it_answers()

    def terminate(self, drawn: random.Random, most: int) -> int:
        """Terminate so many backends of the run's workers at most; how many."""
        seen = self.seen()
        pids = sorted(one.pid for one in seen.workers if one.pid) if seen else []
        chosen = drawn.sample(pids, min(most, len(pids)))
        return sum(bool(self.own.ask("postgres", f"SELECT pg_terminate_backend({pid})")) for pid in chosen)

    def processes(self) -> dict[int, str]:
        """Every process of this home but the server and its keeper, with its words: engines, consoles, commands."""
        mark = f"HOME={self.shell.home}".encode()
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environ = (entry / "environ").read_bytes().split(b"\0")
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if mark in environ and words != [b""] and (b"engine" in words or b"tui.cli" in words):
                found[int(entry.name)] = b" ".join(words).decode(errors="replace").strip()
        return found

    def temp_files(self) -> list[Path]:
        """Every file in the folder for temporary ones but the server's; a live engine has its socket there."""
        server_s = Path(self.own.plan.places.socket)
        return [one for one in self.temp.rglob("*") if not one.is_dir() and server_s not in one.parents]

    def close(self) -> None:
        """Hang up every console."""
        for one in tuple(self.terminals):
            self.gone(one)


@contextmanager
def place() -> Iterator[Place]:
    """A place that is gone when this is left, with its server."""
    with tempfile.TemporaryDirectory(prefix="sfs-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        # Root's server runs as another user, who must be able to walk in.
        folder.chmod(0o711)
        home = folder / "h"
        home.mkdir()
        temp = folder / "t"
        temp.mkdir(mode=0o700)
        os.environ[FOLDER] = made
        # Ours, too: the server's socket is there, and the engine must find a server that we start again.
        before, tempfile.tempdir = tempfile.tempdir, str(temp)
        try:
            with ruins(home, folder / "pg", idle_s=300) as own:
                found = Place(own)
                try:
                    yield found
                finally:
                    found.close()
        finally:
            tempfile.tempdir = before
            del os.environ[FOLDER]


def until(condition: Callable[[], Any], within_s: float) -> bool:
    """Look again and again until it holds; whether it came to."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def folder_bytes(folder: Path) -> int:
    """How much a run's folder takes."""
    total = 0
    for one in folder.rglob("*"):
        try:
            total += one.stat().st_size
        except FileNotFoundError:
            continue  # a segment that was being compressed
    return total


def tracebacks(folder: Path) -> int:
    """Python's traces in all files of a run's folder."""
    return sum(
        one.read_bytes().count(b"Traceback (most recent call last)") for one in folder.rglob("*") if one.is_file()
    )
