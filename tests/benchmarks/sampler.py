"""What the looks at the server cost beside a run: `python -m tests.benchmarks.sampler`. Asserts nothing.

A run of 8 workers, then one of 64, each at a moderate rate; beside it both samplers as the engine has them, at their
default rates, in this process, where nothing else happens: its processor time is theirs, and their two backends' is
what the server gives them. Shares are of one core. The run's own samplers look at the same time.
"""

import asyncio
import os
import shutil
import tempfile
import time
from pathlib import Path

from engine.clock import RunningClock
from engine.config import ObserveSettings
from engine.database import Connection
from engine.model.ids import RunId
from engine.model.sample import Sample
from engine.observe.sampler import Sampler
from engine.observe.wait_fold import Seated
from engine.observe.waits import Terms, WaitSampler, Watched
from tests.benchmarks.figures import Figure, as_json
from tests.observe.planting import Session, session
from tests.scratch import FOLDER
from tests.shell import Shell

WORKERS = (8, 64)
SPAN_S = 15.0
_SETTLE_S = 6.0
"""Until all the workers are at it and every slow lane has had its turn once."""
_ROUNDS = 2
_NAMES = ("slotfill bench sampler", "slotfill bench sampler of waits")


class Cost:
    """Processor time of this process and of the backends that serve it, as the system counts it."""

    def __init__(self, pids: list[int]) -> None:
        self._pids = pids
        self._own_s, self._theirs_s, self._began_s = time.process_time(), self._server_s(), time.perf_counter()

    def shares(self) -> tuple[float, float]:
        """Since it was made, in percent of one core: ours, and the server's for us."""
        took_s = time.perf_counter() - self._began_s
        own_s, theirs_s = time.process_time() - self._own_s, self._server_s() - self._theirs_s
        return 100 * own_s / took_s, 100 * theirs_s / took_s

    def _server_s(self) -> float:
        return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in self._pids) / 1e9


async def beside(dsn: str, workers: int) -> list[Figure]:
    """What both samplers take together and each by itself, and how often they look."""
    settings = ObserveSettings()
    clock = RunningClock()
    looks: list[Sample] = []
    troubles: list[str] = []
    seats: dict[int, Seated] = {}
    async with session(dsn, "bench") as admin:
        seats.update(await _crew(admin))
        named = {pid: one.worker for pid, one in seats.items()}
        both = (
            Sampler(
                lambda: Connection.open(dsn, application_name=_NAMES[0], timeout_s=5),
                clock,
                named.get,
                settings.interval_s,
                settings.timeout_s,
            ),
            WaitSampler(
                lambda: Connection.open(dsn, application_name=_NAMES[1], timeout_s=5),
                clock,
                Watched(lambda _at: seats, lambda _pid: None, lambda: True),
                Terms(RunId("bench"), settings.waits_hz, settings.timeout_s),
                lambda _: None,
            ),
        )
        looking, waiting = both
        figures: list[Figure] = []
        shares: dict[str, list[tuple[float, float]]] = {"sampler": [], "waits_sampler": []}
        for number in range(2 * _ROUNDS):
            name, sampler = ("sampler", looking) if number % 2 == 0 else ("waits_sampler", waiting)
            if name == "waits_sampler":
                await waiting.begin(number)
                task = asyncio.create_task(waiting.run())
            else:
                task = asyncio.create_task(looking.run(looks.append, troubles.append))
            await asyncio.sleep(_SETTLE_S if number < len(both) else 1.0)
            pids = await admin.fetch("SELECT pid FROM pg_stat_activity WHERE application_name = ANY($1)", list(_NAMES))
            cost = Cost([row["pid"] for row in pids])
            await asyncio.sleep(SPAN_S)
            shares[name].append(cost.shares())
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await sampler.close()
    for name, found in shares.items():
        own, theirs = (sum(one) / len(found) for one in zip(*found, strict=True))
        figures.append(Figure(f"{name}_cpu_share_w{workers}", own, "%", len(found)))
        figures.append(Figure(f"{name}_server_share_w{workers}", theirs, "%", len(found)))
    seen = looking.refusals.lines()
    told = waiting.now()
    figures.append(
        Figure(f"sampler_looks_w{workers}", len(looks) / (_ROUNDS * SPAN_S + _SETTLE_S + 1), "/s", len(looks))
    )
    figures.append(Figure(f"waits_sampler_looks_w{workers}", told.hz if told is not None else 0.0, "/s", 1))
    if looks:
        took_ms = sorted(one.took_ns / 1e6 for one in looks)
        figures.append(Figure(f"sampler_look_p50_w{workers}", took_ms[len(took_ms) // 2], "ms", len(took_ms)))
    for line in {*seen, *troubles}:
        print(f"# {line}")
    return figures


async def _crew(admin: Session) -> dict[int, Seated]:
    rows = await admin.fetch("SELECT pid, application_name FROM pg_stat_activity WHERE application_name ~ ' w[0-9]+'")
    return {row["pid"]: Seated(row["application_name"].split()[-1], "hold") for row in rows}


def main() -> list[Figure]:
    """Measure beside each crew: about two minutes and a half."""
    folder = Path(tempfile.mkdtemp(prefix="sfb-"))
    # Root's server runs as another user, who must be able to walk in.
    folder.chmod(0o711)
    os.environ[FOLDER] = str(folder)
    home = folder / "home"
    home.mkdir()
    shell = Shell(home)
    figures: list[Figure] = []
    try:
        for workers in WORKERS:
            shell.begin_run(
                *("run", "fill", "--concurrency", str(workers), "--share-slots", "--rate", "20", "--days", "100"),
                *("--stress-max", "100", "--start", "12:00", "--end", "21:00"),
            )
            time.sleep(2.0)
            dsn = shell.do("db", "url").out.strip()
            figures += asyncio.run(beside(dsn, workers))
            shell.clean()
    finally:
        shell.clean()
        shell.do("db", "stop")
        shutil.rmtree(folder, ignore_errors=True)
    for one in figures:
        print(one.line(), flush=True)
    print(as_json(figures))
    return figures


if __name__ == "__main__":
    main()
