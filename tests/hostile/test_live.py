"""A live engine under everything that may come over its socket goes on, answers its own console, and does not grow."""

import asyncio
from pathlib import Path
from random import Random

import msgspec
import pytest

from engine.link_protocol import AskDetail, AskSnapshot
from engine.link_server import MOST_ASKED_BYTES, MOST_CLIENTS
from tests.hostile.damage import DEEP
from tests.hostile.test_socket import frame, sent
from tests.shell import PACED, Shell, wait_until

MOST_GROWTH_KB = 96 * 1024
"""Half requests of all who may be there at once are a third of it."""


def resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


async def storm(path: Path, draws: Random) -> None:
    """Requests of every bad kind; and, held until its end, half ones and asked ones that nobody reads."""
    held = [await asyncio.open_unix_connection(str(path)) for _ in range(2 * MOST_CLIENTS)]
    asked = frame(msgspec.msgpack.encode(AskSnapshot()))
    for number, (_, writer) in enumerate(held):
        writer.write(asked * 500 if number % 3 == 0 else frame(b"x" * 1000, MOST_ASKED_BYTES))
    for deep in DEEP:
        await sent(path, frame(deep[:MOST_ASKED_BYTES]))
    for _ in range(100):
        await sent(path, draws.randbytes(draws.randrange(200)))
        await sent(path, frame(draws.randbytes(draws.randrange(200))))
    for kind in ("turn", "worker", "booking", "backend", "server", "\x1b[2J", "9" * 5000):
        for wanted in ("", "-1", "9" * 5000, "\x1b[2J", "'; DROP TABLE bookings; --", "%"):
            await sent(path, frame(msgspec.msgpack.encode(AskDetail(kind, wanted))))
    for _, writer in held:
        writer.transport.abort()


@pytest.mark.campaign
def test_a_run_outlives_a_storm_on_its_socket_and_does_not_grow_by_it(shell: Shell) -> None:
    process = shell.begin_run(*PACED)
    pid = shell.manifest()["pid"]
    wait_until(lambda: shell.see().run.attempts > 5, "attempts")
    before_kb = resident_kb(pid)
    asyncio.run(storm(shell.socket(), Random(8)))
    attempts = shell.see().run.attempts
    wait_until(lambda: shell.see().run.attempts > attempts, "the run to go on")
    grown_kb = resident_kb(pid) - before_kb
    print(f"hostile_engine_growth {grown_kb / 1024:.1f} MB 1")
    assert grown_kb < MOST_GROWTH_KB
    assert shell.do("stop").code == 0
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    log = (shell.runs()[-1] / "engine.log").read_text()
    assert "Traceback" not in log, log
