"""What alerts, events for the platform and counters cost a run: on the rehearsal target, which only the client limits.

Prints `name value unit n` lines. Pairs are taken one after the other, and processor time is counted: neither a noisy
minute nor another process decides.
"""

import asyncio
import datetime as dt
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from engine.alert_rules import rules_of
from engine.allocator.strategies import OPTIMAL
from engine.clock import RunningClock
from engine.config import Settings
from engine.database import Connection
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.metrics.alerts import Alerts
from engine.metrics.tally import Tally
from engine.metrics.told import Telling
from engine.model.event import AttemptEnded, Event
from engine.model.ids import RunId
from engine.model.snapshot import RunSnapshot
from engine.observability import BATCH, EVERY_S, EventTable
from engine.openmetrics import page
from engine.plans.fill import FillPlan
from engine.records.journal import Journal
from engine.targets.rehearsal import RehearsalTarget
from tests.allocator.floors import white_horse
from tests.tui import stills

PAIRS = 9
DAYS = 14


class _Paper(EventTable):
    """Makes every row and writes none: what is left is what the engine itself pays."""

    async def _write_all(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            msgspec.json.encode([row for event in batch for row in self._telling.rows(event)])
            await asyncio.sleep(0)


async def _once(folder: Path, *, tells: bool) -> float:
    """Fills a second of processor time, journalled and tallied; with alerts and events where it tells."""
    clock, tally = RunningClock(), Tally()
    journal = Journal(folder, "bench", clock)
    house = {"white-horse-pub-waterbeach": UUID(int=1)}
    told = _Paper(Telling(datetime.now(UTC), house), _nobody, 1_000_000)
    filled = 0

    def log(event: Event) -> None:
        nonlocal filled
        journal.write(event)
        tally.apply(event)
        if tells:
            told.take(event)
        filled += isinstance(event, AttemptEnded) and event.outcome == "filled"

    floors = {"white-horse-pub-waterbeach": white_horse()}
    plan = FillPlan.of(
        floors, seed=7, first=dt.date(2027, 3, 1), days=DAYS, start=dt.time(17, 0), end=dt.time(20, 0), interval_min=15,
        stress_max=6, min_party=1, max_party=8, share_slots=True,
    )  # fmt: skip
    target = RehearsalTarget(floors, clock, step_ns=0)
    crew = Crew(RunId("bench"), Task(plan, (OPTIMAL,), 8), target, Pace(None), Desk(clock, log, Holders(), {}))
    beside = [asyncio.create_task(told.run()), asyncio.create_task(_judged())] if tells else []
    began = time.process_time()
    await crew.run()
    rate = filled / (time.process_time() - began)
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)
    journal.close()
    return rate


async def _judged() -> None:
    alerts, still = Alerts(rules_of(Settings())), stills.full()
    for at in range(10_000):
        alerts.take(_at(still, at))
        await asyncio.sleep(EVERY_S)


async def _nobody() -> Connection:
    raise AssertionError("nothing is written here")


def _at(still: RunSnapshot, second: int) -> RunSnapshot:
    return msgspec.structs.replace(still, run=msgspec.structs.replace(still.run, elapsed_ns=second * 1_000_000_000))


def _each(name: str, count: int, call: Callable[[int], object]) -> None:
    began = time.process_time()
    for number in range(count):
        call(number)
    print(f"{name} {(time.process_time() - began) / count * 1e6:.2f} us {count}")


async def main() -> None:
    """Print what each part costs, then the pairs."""
    alerts, still, tally = Alerts(rules_of(Settings())), stills.full(), Tally()
    _each("alerts_a_picture", 2_000, lambda at: alerts.take(_at(still, at)))
    _each("openmetrics_a_page", 200, lambda _: page(still, tally.histograms()))
    without: list[float] = []
    told: list[float] = []
    with tempfile.TemporaryDirectory(prefix="sfb-") as folder:
        for pair in range(PAIRS):
            for tells, found in ((False, without), (True, told)):
                records = Path(folder) / f"{pair}-{tells}"
                records.mkdir()
                found.append(await _once(records, tells=tells))
    ratio = [b / a for a, b in zip(without, told, strict=True)]
    print(f"rehearsal_fills_per_s {statistics.median(without):.0f} 1/cpu-s {PAIRS}")
    print(f"rehearsal_fills_per_s_telling {statistics.median(told):.0f} 1/cpu-s {PAIRS}")
    print(f"telling_ratio {statistics.median(ratio):.3f} - {PAIRS}")
    print(f"telling_ratio_range {min(ratio):.3f}..{max(ratio):.3f} - {PAIRS}")


if __name__ == "__main__":
    asyncio.run(main())
