"""From a command to its first fill: `python -m tests.benchmarks.start [times]`. Prints figures, judges nothing.

Everything is warm: the cluster stands, the template is seeded, and each figure's first round counts for nothing. The
moment of the first fill is read from the run's own records, so that nobody who looks takes anything from it.
"""

import datetime as dt
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.model.event import AttemptEnded
from engine.model.outcome import Outcome
from engine.records.archive import Manifest
from engine.records.journal import read
from tests.benchmarks.figures import Figure, as_json

TIMES = 7
ROOT = Path(__file__).parent.parent.parent
FEW = ("run", "fill", "--headless", "--start", "12:00", "--end", "12:00", "--stress-max", "1")
"""One slot, one booking: what a run costs that hardly does anything."""


class Took(NamedTuple):
    """A command: how long, and what processor time it and its engine took."""

    wall_s: float
    cpu_s: float
    began: float
    """Seconds since 1970 when it was started."""


def command(environ: dict[str, str], *words: str) -> Took:
    """Run it to its end, with the engine it started."""
    before = _spent()
    began, began_s = time.time(), time.perf_counter()
    # As its user starts it: the script that pip made, nothing said of how Python runs.
    done = subprocess.run(
        [str(Path(sys.executable).parent / "slotfill"), *words], env=environ, cwd=environ["HOME"], capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    took_s = time.perf_counter() - began_s
    if done.returncode not in (0, 5):
        raise SystemExit(f"slotfill {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
    return Took(took_s, _spent() - before, began)


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def first_fill_s(folder: Path, began: float) -> float:
    """From the command to the first acknowledged fill in the journal of the newest run."""
    newest = max(folder.iterdir(), key=lambda one: one.name)
    manifest = msgspec.json.decode((newest / "run.json").read_bytes(), type=Manifest)
    stood = dt.datetime.fromisoformat(manifest.started_at).timestamp()
    at_ns = next(
        event.at_ns
        for event in read(newest)
        if isinstance(event, AttemptEnded) and event.outcome == Outcome.FILLED.word
    )
    return stood + at_ns / 1e9 - began


def imported_ms(environ: dict[str, str], *names: str) -> float:
    """What Python says that importing these takes, all that they import included."""
    done = subprocess.run(
        [sys.executable, "-P", "-X", "importtime", "-c", f"import {', '.join(names)}"], env=environ, cwd=ROOT,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = (line.partition("import time:")[2].split("|")[0].strip() for line in done.stderr.splitlines())
    return sum(int(row) for row in rows if row.isdigit()) / 1e3


def _median(times: int, measure: Callable[[], float]) -> float:
    measure()
    return statistics.median(measure() for _ in range(times))


def main(times: int = TIMES) -> list[Figure]:
    """Help, the imports of both processes, and a run of one booking."""
    figures: list[Figure] = []

    def tell(name: str, value: float, unit: str) -> None:
        figures.append(Figure(name, value, unit, times))
        print(figures[-1].line(), flush=True)

    with tempfile.TemporaryDirectory(prefix="sfs-") as name:
        keep = {key: os.environ[key] for key in ("PATH", "TMPDIR", "LANG", "PYTHONPYCACHEPREFIX") if key in os.environ}
        # Of bytecode that is written only once: that is what a warm machine has.
        environ = keep | {"HOME": name, "PYTHONPATH": str(ROOT), "SLOTFILL_EMBEDDED_IDLE_S": "30"}
        runs = Path(name) / "runs"
        tell("start_help", _median(times, lambda: command(environ, "--help").wall_s) * 1e3, "ms")
        tell("start_list_cpu", _median(times, lambda: command(environ, "ls").cpu_s) * 1e3, "ms")
        tell("start_import_engine", _median(times, lambda: imported_ms(environ, "engine.__main__")), "ms")
        client = ("tui.cli", "tui.verbs.run", "tui.headless")
        tell("start_import_client", _median(times, lambda: imported_ms(environ, *client)), "ms")
        firsts: list[float] = []
        cpus: list[float] = []
        for number in range(times + 1):
            took = command(environ, *FEW, "--runs", str(runs))
            if number:
                firsts.append(first_fill_s(runs, took.began) * 1e3)
                cpus.append(took.cpu_s * 1e3)
        tell("start_first_fill", statistics.median(firsts), "ms")
        tell("start_first_fill_max", max(firsts), "ms")
        tell("start_cpu", statistics.median(cpus), "ms")
        command(environ, "db", "stop")
    print(as_json(figures))
    return figures


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
