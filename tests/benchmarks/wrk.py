"""The same requests by wrk and by the bare client, each told by when it was sent and when its answer was there."""

import asyncio
import os
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from engine.booking_looks import CORRELATION
from engine.http import HttpClient
from tests.benchmarks.figures import share as quantile

SHARE = 0.85
"""Of the requests that are timed: at the end not all connections are busy any more, on either side."""
SCRIPT = Path(__file__).with_name("load_tool.lua")
MISSING = "load_tool: skipped, wrk is not installed; on Debian and Ubuntu: apt-get install wrk"


class Asked(NamedTuple):
    """One request for wrk."""

    method: str
    path: str
    key: str = ""
    correlation: str = ""
    body: bytes = b""


class Side(NamedTuple):
    """What one side of a pair came to."""

    took: list[tuple[float, float]]
    """Beginning and end of each request, microseconds."""
    cpu_us: float
    """Processor time of the client for one request."""

    @property
    def rate(self) -> float:
        """Requests a second, up to the one that ends the share."""
        ends = sorted(end for _, end in self.took)
        counted = max(1, int(len(ends) * SHARE))
        return counted / (ends[counted - 1] - min(begin for begin, _ in self.took)) * 1e6

    def latency_us(self, share: float) -> float:
        """The latency that this share of the requests does not exceed."""
        return quantile([end - begin for begin, end in self.took], share)


async def by_wrk(base_url: str, connections: int, requests: Sequence[Asked], folder: Path) -> Side:
    """The requests by wrk, a thread for each connection; raises RuntimeError when one was refused."""
    lines = (b"\t".join((*(text.encode() for text in one[:4]), one.body)) for one in requests)
    file = folder / "requests"
    file.write_bytes(b"\n".join(lines) + b"\n")
    before = _children_s()
    process = await asyncio.create_subprocess_exec(
        "wrk", f"-t{connections}", f"-c{connections}", "-d600", "--timeout=60", f"-s{SCRIPT}", base_url,
        env={**os.environ, "BENCH_REQUESTS": str(file), "BENCH_THREADS": str(connections)},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    if process.stderr is None:
        raise AssertionError("stderr was asked for as a pipe")
    for _ in range(connections):
        if await process.stderr.readline() != b"done\n":
            raise RuntimeError("wrk ended before its requests did")
    took: list[tuple[float, float]] = []
    for number in range(connections):
        told = file.with_name(f"{file.name}.{number}")
        for line in told.read_text().splitlines():
            begin, end, status = line.split()
            if int(status) not in (200, 201):
                raise RuntimeError(f"wrk was answered {status}")
            took.append((float(begin), float(end)))
        told.unlink()
    # It would wait for the end of its time, which is none of ours.
    process.kill()
    await process.wait()
    return Side(took, (_children_s() - before) / len(took) * 1e6)


async def by_client(base_url: str, connections: int, requests: Sequence[Asked]) -> Side:
    """The requests by the bare client, without anything of a run."""
    client = HttpClient(base_url, timeout_s=60, connections=connections)
    took: list[tuple[float, float]] = []
    left = list(reversed(requests))

    async def ask() -> None:
        while left:
            one = left.pop()
            began = time.perf_counter_ns()
            if one.method == "POST":
                headers = {"Idempotency-Key": one.key, CORRELATION: one.correlation}
                answer = await client.post(one.path, one.body, headers)
            else:
                answer = await client.get(one.path)
            took.append((began / 1e3, time.perf_counter_ns() / 1e3))
            if answer.status not in (200, 201):
                raise RuntimeError(f"the client was answered {answer.status}: {answer.body[:200]!r}")

    cpu = time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(ask())
    cpu = time.process_time() - cpu
    await client.close()
    return Side(took, cpu / len(took) * 1e6)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
