"""What watching costs the run: `python -m tests.benchmarks.watching [--quick]`. Asserts nothing.

At half of capacity throughput and p99 from due with one console and with three, in ptys, beside a pair without any
(none against none): window by window in turns, so that whatever else the machine does meets all alike. At full
capacity what watching costs in fills. Beside both what of a core the engine takes in these windows.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.figures import Figure, as_json, share
from tests.scratch import FOLDER
from tests.shell import Shell, alive, wait_until
from tests.tui.ptys import Terminal

SIZE = (120, 40)
WORKERS = 16
RUN = (
    *("run", "fill", "--concurrency", str(WORKERS), "--share-slots", "--stress-max", "100"),
    *("--start", "12:00", "--end", "21:00", "--days", "366"),
)
CONSOLES = {"none": 0, "aa": 0, "1": 1, "3": 3}
"""What is compared with the windows of `none`."""
_SETTLE_S = 1.5
_TICK_S = os.sysconf("SC_CLK_TCK")


class Window(NamedTuple):
    """A stretch of the run."""

    began_ns: int
    ended_ns: int
    engine_share: float
    """Of one core."""

    @property
    def length_s(self) -> float:
        """In seconds of the run."""
        return (self.ended_ns - self.began_ns) / 1e9


class Ended(NamedTuple):
    """An attempt, as far as it is judged here."""

    at_ns: int
    took_ns: int
    filled: bool


class Bench:
    """One home, one run at a time."""

    def __init__(self, shell: Shell, rounds: int, span_s: float) -> None:
        self.shell = shell
        self.rounds = rounds
        self.span_s = span_s
        self.figures: list[Figure] = []

    def tell(self, name: str, value: float, unit: str, n: int, more: str = "") -> None:
        """Print a figure and keep it."""
        self.figures.append(Figure(name, value, unit, n))
        print(self.figures[-1].line() + more, flush=True)

    def full(self) -> float:
        """As quick as it goes: what consoles cost, and the attempts a second without any."""
        windows = self._windows(["none", "1", "3"])
        ended = self._ended()
        rates = {name: [_rate(ended, one, filled=True) for one in found] for name, found in windows.items()}
        self.tell("watching_capacity_fills", statistics.median(rates["none"]), "/s", self.rounds)
        for name in ("1", "3"):
            ratios = [one / max(0.001, none) for one, none in zip(rates[name], rates["none"], strict=True)]
            self.tell(f"watching_cost_{name}", statistics.median(ratios), "x", self.rounds, _range(ratios))
        self._engine_shares("full", windows)
        return statistics.median(_rate(ended, one, filled=False) for one in windows["none"])

    def half(self) -> None:
        """At a pace that leaves room: whether a window with consoles can be told from one without."""
        windows = self._windows(list(CONSOLES))
        ended = self._ended()
        self._compared(
            "rate", {name: [_rate(ended, one, filled=False) for one in found] for name, found in windows.items()}
        )
        self._compared("p99", {name: [_p99(ended, one) for one in found] for name, found in windows.items()})
        self._engine_shares("half", windows)

    @contextmanager
    def run(self, *words: str) -> Iterator[None]:
        """A run, until it has been measured."""
        self.shell.begin_run(*RUN, *words)
        time.sleep(_SETTLE_S)
        try:
            yield
        finally:
            pid = int(self.shell.manifest()["pid"])
            self.shell.do("stop")
            # What it has not come to is many turns, and all that it did is looked up once more.
            wait_until(lambda: not alive(pid), "the run to end", within_s=180.0)
            self.shell.clean()

    def _windows(self, names: Sequence[str]) -> dict[str, list[Window]]:
        found: dict[str, list[Window]] = {name: [] for name in names}
        for number in range(self.rounds):
            # Another one begins each round: what the machine does at its own beat meets none of them always.
            for place in range(len(names)):
                name = names[(number + place) % len(names)]
                with ExitStack() as stack:
                    for _ in range(CONSOLES[name]):
                        stack.enter_context(self._console())
                    time.sleep(_SETTLE_S)
                    found[name].append(self._window())
        return found

    @contextmanager
    def _console(self) -> Iterator[Terminal]:
        terminal = Terminal(self.shell.command("attach"), self.shell.environ, self.shell.home, SIZE)
        try:
            if not terminal.shows("RUNNING", "view ", within_s=60.0):
                raise SystemExit(f"the console never showed the run:\n{terminal.text}")
            yield terminal
        finally:
            terminal.close()

    def _window(self) -> Window:
        pid = int(self.shell.manifest()["pid"])
        began_ns, cpu_s, began_s = self.shell.see().run.elapsed_ns, _cpu_s(pid), time.perf_counter()
        time.sleep(self.span_s)
        took_s, cpu_s = time.perf_counter() - began_s, _cpu_s(pid) - cpu_s
        return Window(began_ns, self.shell.see().run.elapsed_ns, cpu_s / took_s)

    def _ended(self) -> list[Ended]:
        said = [json.loads(line) for line in self.shell.do("events", timeout=180).out.splitlines()]
        return [
            Ended(one["at_ns"], one["ended_ns"] - one["due_ns"], one["outcome"] == "filled")
            for one in said
            if one["type"] == "AttemptEnded"
        ]

    def _compared(self, what: str, found: dict[str, list[float]]) -> None:
        ratios = {
            name: [one / max(1e-9, none) for one, none in zip(found[name], found["none"], strict=True)]
            for name in ("aa", "1", "3")
        }
        low, high = min(ratios["aa"]), max(ratios["aa"])
        for name, values in ratios.items():
            judged = ", above the pair's" if min(values) > high else ", below the pair's" if max(values) < low else ""
            judged = judged or ", not to be told apart" * (name != "aa")
            self.tell(
                f"watching_{what}_ratio_{name}", statistics.median(values), "x", self.rounds, _range(values) + judged
            )

    def _engine_shares(self, pace: str, windows: dict[str, list[Window]]) -> None:
        for name in ("none", "1", "3"):
            shares = [100 * one.engine_share for one in windows[name]]
            self.tell(f"watching_engine_cpu_{pace}_{name}", statistics.median(shares), "%", self.rounds, _range(shares))


def _rate(ended: list[Ended], window: Window, *, filled: bool) -> float:
    within = (one for one in ended if window.began_ns <= one.at_ns < window.ended_ns)
    return sum(one.filled or not filled for one in within) / window.length_s


def _p99(ended: list[Ended], window: Window) -> float:
    took_ms = [one.took_ns / 1e6 for one in ended if window.began_ns <= one.at_ns < window.ended_ns]
    return share(took_ms, 0.99) if took_ms else 0.0


def _range(values: list[float]) -> str:
    return f"  range {min(values):.4g} to {max(values):.4g}"


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK_S


def main(*words: str) -> list[Figure]:
    """Measure both paces: about five minutes, with --quick about two."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.watching")
    parser.add_argument("--quick", action="store_true", help="shorter windows")
    parser.add_argument("--rounds", type=int, default=5, help="windows of each kind (default 5)")
    parser.add_argument("--rate", type=float, help="attempts a second for the half; default: half of what was measured")
    args = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="sfb-"))
    # Root's server runs as another user, who must be able to walk in.
    folder.chmod(0o711)
    os.environ[FOLDER] = str(folder)
    home = folder / "home"
    home.mkdir()
    shell = Shell(home)
    bench = Bench(shell, args.rounds, 2.0 if args.quick else 4.0)
    try:
        with bench.run():
            capacity = bench.full()
        with bench.run("--rate", f"{args.rate or max(1.0, capacity / 2):.0f}"):
            bench.half()
    finally:
        shell.clean()
        shell.do("db", "stop")
        shutil.rmtree(folder, ignore_errors=True)
    print(as_json(bench.figures))
    return bench.figures


if __name__ == "__main__":
    import sys

    main(*sys.argv[1:])
