"""What the console costs, on a real run in real terminals: `python -m tests.benchmarks.console [--quick]`.

Asserts nothing. A run of 64 workers at 150 requests a second on an embedded cluster of its own, and consoles attached
to it in ptys: bytes as they leave, processor time as the system counts it, keys from the press to the cells. On a
machine that has not a core for each of engine, Postgres and console, the times say how busy it is.
"""

import argparse
import asyncio
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import msgspec

from engine.model.run_state import RunState
from engine.records.past import Past
from tests.benchmarks import looks
from tests.benchmarks.figures import Figure, as_json, share
from tests.scratch import FOLDER
from tests.shell import Shell, wait_until
from tests.tui.ptys import Terminal

WIDE, SMALL = (120, 40), (80, 24)
SLOW_BYTES_PER_S = 16_000
RUN = (
    *("run", "fill", "--concurrency", "64", "--share-slots"),
    *("--stress-max", "100", "--start", "12:00", "--end", "21:00"),
)
REQUESTS = 5
"""Of one attempt: submit, quote, hold, confirm and commit."""
A_DAY = 40
"""Attempts that a day of the house takes before it is full, and no fewer: a plan that ends too soon ends the bench."""
_SETTLE_S = 2.0
_PROMPT = "command; tab completes"


class Bench:
    """One run, and what is measured at it."""

    def __init__(self, shell: Shell, *, quick: bool, stall_s: float) -> None:
        self.shell = shell
        self.stall_s = stall_s
        self.span_s = 4.0 if quick else 10.0
        self.keys = 20 if quick else 60
        self.slow_keys = 8 if quick else 25
        self.attaches = 3 if quick else 8
        self.seeks = 50 if quick else 200
        self.looks = 50 if quick else 200
        self.longest_s = 180.0 if quick else 420.0
        """How long the run must go on, besides the stall."""
        self.figures: list[Figure] = []

    def tell(self, name: str, value: float, unit: str, n: int) -> None:
        """Print a figure and keep it."""
        self.figures.append(Figure(name, value, unit, n))
        print(self.figures[-1].line(), flush=True)

    @contextmanager
    def console(
        self,
        size: tuple[int, int],
        bytes_per_s: int = 0,
        *,
        state: str = "RUNNING",
        environ: dict[str, str] | None = None,
    ) -> Iterator[Terminal]:
        """A console attached to the run, once it shows it."""
        theirs = self.shell.environ | (environ or {})
        terminal = Terminal(self.shell.command("attach"), theirs, self.shell.home, size, bytes_per_s)
        try:
            if not terminal.shows(state, "view ", within_s=60.0):
                raise SystemExit(f"the console never showed the run:\n{terminal.text}")
            yield terminal
        finally:
            terminal.close()

    # -- bytes and processor ---------------------------------------------------------------------------------

    def sizes(self) -> None:
        """Bytes a second and processor at full load."""
        ansi = {"TEXTUAL_COLOR_SYSTEM": "standard"}
        for name, size, environ in (
            ("120x40_w64", WIDE, None),
            ("80x24_w64", SMALL, None),
            ("ansi_120x40_w64", WIDE, ansi),
        ):
            with self.console(size, environ=environ) as terminal:
                asked = terminal.asked
                sent, cpu_s, took_s = self._watched(terminal, self.span_s)
                self.tell(f"console_bytes_{name}", sent / took_s / 1000, "KB/s", sent)
                # Each paint is followed by a question. Fewer than four a second: the machine, not the console, is full.
                self.tell(
                    f"console_paints_{name}", (terminal.asked - asked) / (took_s + _SETTLE_S), "/s", terminal.asked
                )
                if name == "120x40_w64":
                    self.tell(f"console_cpu_{name}", 100 * cpu_s / took_s, "%", round(took_s))

    def idle(self) -> None:
        """Bytes a second while the run is paused."""
        self.shell.do("pause")
        wait_until(lambda: self.shell.see().run.state is RunState.PAUSED, "the run to rest", within_s=120.0)
        with self.console(WIDE, state="PAUSED") as terminal:
            # Ten seconds in any case: just after a pause the rates of the last ten still run out.
            sent, _, took_s = self._watched(terminal, max(self.span_s, 10.0))
            self.tell("console_bytes_idle", sent / took_s, "B/s", sent)
        self.shell.do("resume")

    def _watched(self, terminal: Terminal, span_s: float) -> tuple[int, float, float]:
        time.sleep(_SETTLE_S)
        sent, cpu_s, began_s = terminal.sent, terminal.cpu_s, time.perf_counter()
        time.sleep(span_s)
        return terminal.sent - sent, terminal.cpu_s - cpu_s, time.perf_counter() - began_s

    # -- keys ------------------------------------------------------------------------------------------------

    def typing(self) -> None:
        """From the press of a key to its sign on the screen."""
        with self.console(WIDE) as terminal:
            took_ms = self._typed(terminal, self.keys, 0.08)
            self.tell("key_to_screen_p95", share(took_ms, 0.95), "ms", len(took_ms))
        with self.console(WIDE, SLOW_BYTES_PER_S) as terminal:
            took_ms = self._typed(terminal, self.slow_keys, 0.3)
            self.tell("key_to_screen_16k_p95", share(took_ms, 0.95), "ms", len(took_ms))

    def _typed(self, terminal: Terminal, count: int, pause_s: float) -> list[float]:
        time.sleep(_SETTLE_S)
        terminal.press(b":")
        terminal.shows(_PROMPT)
        row = next(y for y in range(terminal.cells.height) if _PROMPT in terminal.cells.row(y))
        typed, took_ms = "", []
        for number in range(count):
            typed += "zyxwvu"[number % 6]
            began_s = time.perf_counter()
            terminal.press(typed[-1:].encode())
            if terminal.until(lambda cells, typed=typed: typed in cells.row(row)):  # type: ignore[misc]
                took_ms.append((time.perf_counter() - began_s) * 1e3)
            time.sleep(pause_s)
        return took_ms

    def attaching(self) -> None:
        """From the start of `slotfill attach` to the run on its screen."""
        took_ms = []
        for _ in range(self.attaches):
            began_s = time.perf_counter()
            with self.console(WIDE):
                took_ms.append((time.perf_counter() - began_s) * 1e3)
        self.tell("attach_full_state_p95", share(took_ms, 0.95), "ms", len(took_ms))

    # -- what the engine feels -------------------------------------------------------------------------------

    def engine(self) -> None:
        """The run's own figures with a console, without one, and with one that nobody reads."""
        windows: dict[str, list[tuple[int, int]]] = {"without": [], "with": [], "stalled": []}
        for _ in range(2):
            windows["without"].append(self._window(self.span_s))
            with self.console(WIDE):
                windows["with"].append(self._window(self.span_s))
        with self.console(WIDE) as terminal:
            terminal.stalled = True
            windows["stalled"].append(self._window(self.stall_s))
        said = [json.loads(line) for line in self.shell.do("events").out.splitlines()]
        p99_ms = {}
        for name in ("without", "with"):
            took_ms = [
                (one["ended_ns"] - one["due_ns"]) / 1e6
                for one in said
                if one["type"] == "AttemptEnded" and _in(windows[name], one["at_ns"])
            ]
            p99_ms[name] = share(took_ms, 0.99) if took_ms else 0.0
            self.tell(f"engine_p99_{name}_console", p99_ms[name], "ms", len(took_ms))
        self.tell("console_p99_ratio", p99_ms["with"] / max(0.001, p99_ms["without"]), "x", 4)
        for name in ("without", "stalled"):
            moments = [one["at_ns"] for one in said if _in(windows[name], one["at_ns"])]
            gaps = [
                (after - before) / 1e6 for before, after in pairwise(moments) if _same(windows[name], before, after)
            ]
            told = "stalled_reader_gap_max" if name == "stalled" else "engine_gap_max_without_console"
            self.tell(told, max(gaps, default=0.0), "ms", len(gaps))

    def _window(self, length_s: float) -> tuple[int, int]:
        began_ns = self.shell.see().run.elapsed_ns
        time.sleep(length_s)
        return began_ns, self.shell.see().run.elapsed_ns

    # -- what is kept ----------------------------------------------------------------------------------------

    def kept(self) -> None:
        """Sizes of what the engine tells and records, and how quickly a moment is found again."""
        snapshot = self.shell.see()
        self.tell("snapshot_bytes", len(msgspec.msgpack.encode(snapshot)), "B", 1)
        folder = self.shell.runs()[-1]
        recorded = sum(one.stat().st_size for one in folder.glob("recording.*"))
        events = len(self.shell.do("events").out.splitlines())
        elapsed_s = snapshot.run.elapsed_ns / 1e9
        self.tell("record_events_per_s", events / elapsed_s, "/s", events)
        self.tell("record_bytes_10min", recorded / elapsed_s * 600 / 1e6, "MB", round(elapsed_s))
        past = Past(folder)
        past.read_on()
        took_ms = []
        for number in range(self.seeks):
            at_ns = past.begins_ns + (past.ends_ns - past.begins_ns) * (number * 37 % self.seeks) // self.seeks
            began_s = time.perf_counter()
            past.at(at_ns)
            took_ms.append((time.perf_counter() - began_s) * 1e3)
        self.tell("replay_seek_p95", share(took_ms, 0.95), "ms", len(took_ms))

    def server(self) -> None:
        """A look beside 100 backends, once the run is over."""
        dsn = self.shell.do("db", "url").out.strip()
        for name, value, unit, n in asyncio.run(looks.look_tick(dsn, self.looks)):
            self.tell(name, value, unit, n)


def _in(windows: list[tuple[int, int]], at_ns: int) -> bool:
    return any(began <= at_ns <= ended for began, ended in windows)


def _same(windows: list[tuple[int, int]], before: int, after: int) -> bool:
    return any(began <= before and after <= ended for began, ended in windows)


def main(*words: str) -> None:
    """Measure everything: about three minutes, with --quick about one."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.console")
    parser.add_argument("--quick", action="store_true", help="shorter and fewer measurements")
    parser.add_argument("--rate", type=float, default=150.0, help="requests a second of the run (default 150)")
    parser.add_argument("--stall", type=float, metavar="SECONDS", help="how long nobody reads (default 60, quick 8)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go as JSON, besides the last line")
    args = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="sfb-"))
    # Root's server runs as another user, who must be able to walk in.
    folder.chmod(0o711)
    os.environ[FOLDER] = str(folder)
    home = folder / "home"
    home.mkdir()
    shell = Shell(home)
    stall_s = args.stall if args.stall is not None else 8.0 if args.quick else 60.0
    bench = Bench(shell, quick=args.quick, stall_s=stall_s)
    try:
        rate = args.rate / REQUESTS
        days = math.ceil(rate * (bench.longest_s + stall_s) / A_DAY)
        shell.begin_run(*RUN, "--rate", f"{rate:g}", "--days", str(days))
        time.sleep(_SETTLE_S)
        for measure in (bench.sizes, bench.typing, bench.attaching, bench.engine, bench.kept, bench.idle):
            measure()
        shell.clean()
        bench.server()
    finally:
        shell.clean()
        shell.do("db", "stop")
        shutil.rmtree(folder, ignore_errors=True)
    print(as_json(bench.figures))
    if args.json is not None:
        args.json.write_text(as_json(bench.figures) + "\n")


if __name__ == "__main__":
    import sys

    main(*sys.argv[1:])
