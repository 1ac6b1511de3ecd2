"""The API target against wrk at the reference API: `python -m tests.benchmarks.load_tool [--quick]`. Judges nothing.

Both send the same bookings, body by body, over so many connections; ours does it as a run does, with journal, tally and
samples, and reads the tables of each booking afterwards. Each side of a pair has a fresh clone of the template and an
API process of its own. The ceiling is the bare client's: GET of a page that costs the server next to nothing.
"""

import argparse
import secrets
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import time as time_of_day
from pathlib import Path
from typing import NamedTuple

from engine.allocator.strategies import OPTIMAL
from engine.api_answers import body_of
from engine.api_seat import ApiTerms
from engine.booking_api.launch import start
from engine.booking_api.spec import ApiSpec
from engine.client_floor import echo_server
from engine.clock import RunningClock
from engine.config import EmbeddedSettings, FlagSettings
from engine.database import Connection
from engine.event_loop import run as run_on_loop
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.fill.orders import Orders
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.metrics.tally import Tally
from engine.model.event import AttemptEnded, Event
from engine.model.floor import Floor
from engine.model.ids import RunId
from engine.model.step import Step
from engine.model.turn import Order
from engine.plans.fill import FillPlan
from engine.platform import databases
from engine.platform.cluster import Cluster, stop
from engine.platform.seed import SEEDED_DAY
from engine.records.journal import Journal
from engine.records.samples import Samples
from engine.restaurants import read_floors
from engine.targets.api import ApiTarget
from tests.benchmarks.by_hand import by_hand
from tests.benchmarks.figures import Figure, as_json
from tests.benchmarks.wrk import MISSING, Asked, Side, by_client, by_wrk

LEVELS, QUICK_LEVELS = (1, 4, 8, 15, 32), (1, 8)
PAIRS, QUICK_PAIRS = 5, 1
EACH = 10
"""Bookings of a connection, and never less than LEAST in all."""
LEAST = 80
CHEAP = 600
"""Requests of one side for the ceiling."""
RUN = RunId("bench")


async def by_run(where: "Place", plan: FillPlan, connections: int, count: int, folder: Path) -> Side:
    """The bookings by the API target, as a run makes them; raises RuntimeError when one was not filled."""
    clock = RunningClock()
    journal, tally, samples = Journal(folder, RUN, clock), Tally(), Samples(folder)
    took: list[tuple[float, float]] = []

    def log(event: Event) -> None:
        journal.write(event)
        tally.apply(event)
        if isinstance(event, AttemptEnded):
            samples.take(event)
            if event.refusal is not None:
                raise RuntimeError(f"the run was refused: {event.refusal.message}")
            took.extend((one.started_ns / 1e3, (one.started_ns + one.took_ns) / 1e3)
                        for one in event.steps if one.step is Step.SUBMIT)  # fmt: skip
            if len(took) == count:
                crew.go_home()

    terms = ApiTerms(timeout_s=60, concurrency=connections, dsn=where.dsn)
    target = ApiTarget("api", where.base_url, RUN, where.floors, terms)
    crew = Crew(RUN, Task(plan, (OPTIMAL,), connections), target, Pace(None), Desk(clock, log, Holders(), {}))
    cpu = time.process_time()
    await crew.run()
    cpu = time.process_time() - cpu
    await target.close()
    journal.close()
    return Side(took, cpu / len(took) * 1e6)


class Place(NamedTuple):
    """A fresh clone with the reference API in front of it."""

    dsn: str
    base_url: str
    floors: dict[str, Floor]


@asynccontextmanager
async def place(cluster: Cluster, floors: dict[str, Floor], connections: int) -> AsyncIterator[Place]:
    """The API on a clone of its own; both are gone when the block is left."""
    name = f"sf_bench_{secrets.token_hex(4)}"
    await databases.clone(cluster, name)
    flags = FlagSettings(rate_limit_per_minute=0)
    api = await start(ApiSpec(cluster.dsn(name), flags, run=RUN, seats=max(2, min(16, connections))))
    try:
        yield Place(cluster.dsn(name), api.base_url, floors)
    finally:
        await api.stop()
        await databases.drop(cluster, name)


def plan_for(floors: dict[str, Floor], count: int) -> FillPlan:
    """One booking for two in each half hour of the evening, at every house, over as many days as it takes."""
    for days in range(1, 400):
        plan = FillPlan.of(
            floors, seed=7, first=SEEDED_DAY, days=days, start=time_of_day(12), end=time_of_day(20), interval_min=30,
            stress_max=1, min_party=2, max_party=2, share_slots=True,
        )  # fmt: skip
        if len(plan.turns) >= count:
            return plan
    raise RuntimeError(f"there is no room for {count} bookings")


def bookings(plan: FillPlan, count: int) -> list[Asked]:
    """The requests that a run makes of the plan."""
    orders = Orders(RUN, (OPTIMAL,))
    made: list[Order] = [orders.next(turn, 1) for turn in plan.turns[:count]]
    return [Asked("POST", "/api/bookings", one.key, f"{RUN}-{one.attempt}", body_of(one)) for one in made]


async def ceiling(base_url: str, path: str, name: str, levels: Sequence[int], pairs: int, folder: Path) -> list[Figure]:
    """The bare client and wrk in turns at a cheap page."""
    figures: list[Figure] = []
    requests = [Asked("GET", path)] * CHEAP
    for connections in levels:
        ours, theirs = await _in_turns(
            pairs,
            lambda c=connections: by_client(base_url, c, requests),  # type: ignore[misc]
            lambda c=connections: by_wrk(base_url, c, requests, folder),  # type: ignore[misc]
        )
        figures += [
            Figure(f"http_{name}_rate_c{connections}", _median([one.rate for one in ours]), "1/s", pairs),
            Figure(f"http_{name}_wrk_rate_c{connections}", _median([one.rate for one in theirs]), "1/s", pairs),
            Figure(f"http_{name}_ratio_c{connections}", _ratio(ours, theirs), "-", pairs),
            Figure(f"http_{name}_cpu_us_c{connections}", _median([one.cpu_us for one in ours]), "us", pairs),
            Figure(f"http_{name}_wrk_cpu_us_c{connections}", _median([one.cpu_us for one in theirs]), "us", pairs),
        ]
    return _printed(figures)


async def bookings_in_pairs(
    cluster: Cluster, floors: dict[str, Floor], levels: Sequence[int], pairs: int, folder: Path
) -> list[Figure]:
    """The run and wrk in turns, each at an API of its own."""
    figures = []
    for connections in levels:
        count = max(LEAST, EACH * connections)
        plan = plan_for(floors, count)
        requests = bookings(plan, count)

        async def ours_once(c: int = connections, n: int = count) -> Side:
            records = Path(tempfile.mkdtemp(dir=folder))
            async with place(cluster, floors, c) as where:
                return await by_run(where, plan_for(floors, n), c, n, records)

        async def theirs_once(c: int = connections, some: Sequence[Asked] = requests) -> Side:
            async with place(cluster, floors, c) as where:
                return await by_wrk(where.base_url, c, some, folder)

        ours, theirs = await _in_turns(pairs, ours_once, theirs_once)
        figures += [
            Figure(f"http_ratio_c{connections}", _ratio(ours, theirs), "-", pairs),
            Figure(f"http_rate_c{connections}", _median([one.rate for one in ours]), "1/s", pairs),
            Figure(f"http_wrk_rate_c{connections}", _median([one.rate for one in theirs]), "1/s", pairs),
            Figure(f"http_client_cpu_us_c{connections}", _median([one.cpu_us for one in ours]), "us", pairs),
            Figure(f"http_wrk_cpu_us_c{connections}", _median([one.cpu_us for one in theirs]), "us", pairs),
            *(
                Figure(
                    f"http_added_latency_p{share * 100:.0f}_c{connections}",
                    _median([a.latency_us(share) - b.latency_us(share) for a, b in zip(ours, theirs, strict=True)]),
                    "us",
                    pairs,
                )
                for share in (0.5, 0.99)
            ),
        ]
        _printed(figures[-7:])
    return figures


async def main(words: Sequence[str] = ()) -> list[Figure]:
    """Print `name value unit n` lines and all of them as JSON."""
    parser = argparse.ArgumentParser(prog="load_tool")
    parser.add_argument("--quick", action="store_true", help="two levels, one pair")
    quick = parser.parse_args(words).quick
    if shutil.which("wrk") is None:
        print(MISSING)
        return []
    levels, pairs = (QUICK_LEVELS, QUICK_PAIRS) if quick else (LEVELS, PAIRS)
    with tempfile.TemporaryDirectory(prefix="sfh-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # root's server runs as another user, who must walk in
        async with echo_server(1200) as base_url:
            figures = await ceiling(base_url, "/", "echo", levels, pairs, folder)
        settings = EmbeddedSettings(data=f"{folder}/pg", idle_s=20)
        cluster = await Cluster.open(settings, "benchmark")
        try:
            await databases.ensure_template(cluster)
            await databases.clone(cluster, "sf_bench")
            connection = await Connection.open(cluster.dsn("sf_bench"), application_name="bench", timeout_s=5)
            floors = await read_floors(connection, ("all",))
            await connection.close()
            async with place(cluster, floors, 1) as where:
                figures += await ceiling(where.base_url, "/api/health", "ceiling", levels, pairs, folder)
            figures += await overhead(cluster, floors, pairs)
            figures += await bookings_in_pairs(cluster, floors, levels, pairs, folder)
        finally:
            await cluster.close()
            await stop(settings)
    print(as_json(figures))
    return figures


async def _in_turns(
    pairs: int, ours: Callable[[], Awaitable[Side]], theirs: Callable[[], Awaitable[Side]]
) -> tuple[list[Side], list[Side]]:
    """So many pairs, the other side first in every second one."""
    mine, others = [], []
    for number in range(pairs):
        if number % 2:
            others.append(await theirs())
            mine.append(await ours())
        else:
            mine.append(await ours())
            others.append(await theirs())
    return mine, others


def _ratio(ours: Sequence[Side], theirs: Sequence[Side]) -> float:
    return _median([a.rate / b.rate for a, b in zip(ours, theirs, strict=True)])


async def overhead(cluster: Cluster, floors: dict[str, Floor], pairs: int) -> list[Figure]:
    """What HTTP adds to the platform's work: a booking by POST against the same done in the API's own rooms."""
    requests = bookings(plan_for(floors, LEAST), LEAST)
    added, direct = [], []
    for _ in range(pairs):
        async with place(cluster, floors, 1) as where:
            posted = (await by_client(where.base_url, 1, requests)).latency_us(0.5)
        async with place(cluster, floors, 1) as where:
            inside = (await by_hand(where.dsn, requests)).latency_us(0.5)
        added.append(posted - inside)
        direct.append(inside)
    return _printed(
        [
            Figure("http_api_overhead_us", _median(added), "us", pairs),
            Figure("http_api_direct_us", _median(direct), "us", pairs),
        ]
    )


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def _printed(figures: list[Figure]) -> list[Figure]:
    for one in figures:
        print(one.line(), flush=True)
    return figures


if __name__ == "__main__":
    run_on_loop(main(sys.argv[1:]))
