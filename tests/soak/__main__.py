"""`python -m tests.soak MINUTES [SEED]`: hours of moderate load and everything that may happen meanwhile.

A line a minute, then figures, one a line and as JSON; ends with 1 when anything leaked, was lost or failed.
"""

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg

from engine.model.event import AttemptEnded
from engine.model.outcome import Certainty
from engine.records.journal import read
from tests.benchmarks.figures import Figure, as_json
from tests.faults.criteria import leftovers
from tests.soak import judge
from tests.soak.disturb import disturb
from tests.soak.judge import Ended, Left, Reading
from tests.soak.meter import console_mb, descriptors, resident_mb
from tests.soak.place import Place, folder_bytes, place, tracebacks, until
from tests.soak.schedule import deeds

HEAD = (
    "minute", "attempts", "filled", "engine_mb", "console_mb", "descriptors", "connections", "temp_files", "holds",
    "folder_kb",
)  # fmt: skip
BETWEEN_S = 2.0
"""From one deed's end to the next one's begin."""
ENDS_WITHIN_S = 300.0
"""What is known of a long run is read and judged once more at its end."""
LONGEST_RUN_S = 3600.0
"""Then the run is stopped and another begun: what an end leaves is judged as often as what a run gathers."""


class Soak:
    """Runs one after the other, disturbed, until the time is over."""

    def __init__(self, where: Place, minutes: float, seed: int) -> None:
        self.place = where
        self.minutes = minutes
        self.seed = seed
        self.began = time.monotonic()
        self.readings: list[Reading] = []
        self.ended: list[Ended] = []
        self.deeds = 0
        self._drawn = random.Random(f"deeds {seed}")
        self._order = deeds(seed)
        self._told = 0
        self._done: list[str] = []

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.began

    @property
    def is_over(self) -> bool:
        return self.elapsed_s >= self.minutes * 60

    def go(self) -> None:
        """Until the time is over."""
        print(" ".join(f"{word:>11}" for word in HEAD), " what was done", flush=True)
        while not self.is_over:
            folder = self.place.begin(self.seed + len(self.ended))
            began = time.monotonic()
            while self._goes_on(began):
                self._done.append(disturb(self.place, next(self._order), self._drawn))
                self.deeds += 1
                time.sleep(BETWEEN_S)
                if self.elapsed_s >= (self._told + 1) * 60:
                    self._tell(folder)
            self._end(folder)

    def _goes_on(self, began: float) -> bool:
        return not (self.is_over or self.place.is_over()) and time.monotonic() - began < LONGEST_RUN_S

    def _tell(self, folder: Path) -> None:
        self._told = int(self.elapsed_s // 60)
        found = self._reading(folder)
        if found is None:
            print(f"{self._told:>11} the engine did not answer; {', '.join(self._done)}", flush=True)
            return
        self.readings.append(found)
        columns = (
            self._told, found.attempts, found.filled, f"{found.engine_mb:.1f}", f"{found.console_mb:.1f}",
            f"{found.descriptors}/{found.spare_descriptors}", found.connections, found.temp_files, found.holds,
            found.folder_bytes // 1024,
        )  # fmt: skip
        print(" ".join(f"{word:>11}" for word in columns), "", ", ".join(self._done), flush=True)
        self._done.clear()

    def _reading(self, folder: Path) -> Reading | None:
        seen = self.place.seen()
        if seen is None:
            return None
        manifest = self.place.shell.manifest(folder)
        try:
            return Reading(
                run=manifest["run_id"],
                at_s=self.elapsed_s,
                attempts=seen.run.attempts,
                filled=seen.run.filled,
                engine_mb=resident_mb(manifest["pid"]),
                console_mb=console_mb(self.place.watcher),
                descriptors=descriptors(manifest["pid"]),
                workers=seen.run.workers,
                consoles=seen.run.consoles,
                connections=self._counted("postgres", "SELECT count(*) FROM pg_stat_activity WHERE backend_type = "
                                          "'client backend' AND application_name LIKE 'slotfill%'"),
                temp_files=len(self.place.temp_files()),
                holds=self._counted(manifest["database"], "SELECT count(*) FROM table_holds"),
                folder_bytes=folder_bytes(folder),
            )  # fmt: skip
        except FileNotFoundError:
            return None  # it ended meanwhile

    def _counted(self, database: str, query: str) -> int:
        try:
            return int(self.place.own.ask(database, query))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return -1

    def _end(self, folder: Path) -> None:
        """Stop the run where it goes on, and see what it has left."""
        until(lambda: self.place.is_over() or self.place.say("stop"), ENDS_WITHIN_S)
        over = until(self.place.is_over, ENDS_WITHIN_S)
        state = "" if over or (seen := self.place.seen()) is None else f": {seen.run.state.value}, {seen.run.reason}"
        self.place.close()
        alone = until(lambda: not self.place.processes(), 30)
        others = {} if alone else self.place.processes()
        left = asyncio.run(self._left(folder))
        result: dict[str, Any] = json.loads((folder / "result.json").read_text()) if over else {}
        ledger = {word: int(count) for word, count in result.get("ledger", {}).items() if isinstance(count, int)}
        manifest = self.place.shell.manifest(folder)
        self.ended.append(
            Ended(
                manifest["run_id"],
                result.get("exit_code", -1),
                str(result.get("reason", f"it did not end{state}")),
                ledger,
                Left(*left, processes=len(others)),
                tracebacks(folder),
                tuple(others.values()),
            )
        )

    async def _left(self, folder: Path) -> tuple[int, int, int]:
        """Connections, temporary files and holds."""
        ended = [event for event in read(folder) if isinstance(event, AttemptEnded)]
        info = {one.booking_id for one in ended if one.certainty is Certainty.INFO}
        found = await leftovers(self.place.own.dsn(self.place.shell.manifest(folder)["database"]), info)
        return len(found.sessions), len(self.place.temp_files()), len(found.holds)

    def judged(self) -> int:
        """Print every figure and what is wrong; the exit code."""
        whole = [
            Figure("soak_minutes", self.elapsed_s / 60, "min", 1),
            Figure("soak_runs", len(self.ended), "n", 1),
            Figure("soak_deeds", self.deeds, "n", 1),
            *judge.figures(self.readings, self.ended),
        ]
        for one in whole:
            print(one.line())
        print(as_json(whole))
        found = judge.wrong(self.readings, self.ended)
        for sentence in found:
            print(f"WRONG: {sentence}")
        print("nothing leaked and nothing was lost" if not found else f"{len(found)} things are wrong")
        return bool(found)


def main(minutes: float, seed: int = 1) -> int:
    """A soak of so long; 1 when anything is wrong."""
    with place() as where:
        soak = Soak(where, minutes, seed)
        try:
            soak.go()
        finally:
            code = soak.judged()
    return code


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), *(int(word) for word in sys.argv[2:3])))
