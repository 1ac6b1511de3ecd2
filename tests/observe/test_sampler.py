"""Looks are bounded, one at a time, and go on after whatever happened to the last."""

import asyncio
from typing import Any

import asyncpg
import pytest

from engine.clock import RunningClock
from engine.database import Connection, DatabaseUnreachable
from engine.model.sample import Sample
from engine.observe.looking import LookFailed, Looking, Refusals
from engine.observe.sampler import Sampler
from tests.observe.planting import Recorded, until_count
from tests.observe.stage import Stage, nobody


async def test_a_look_leaves_no_limit_on_its_connection(stage: Stage) -> None:
    connection = await Connection.open(stage.dsn, application_name="slotfill", timeout_s=5)
    looking = Looking(connection, Refusals(RunningClock()), 2.0)

    limits = await looking.open()
    assert (limits.statement_timeout, limits.lock_timeout, limits.pid) == ("1s", "200ms", connection.pid)
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await connection.script("DELETE FROM table_holds")
    await connection.rollback()

    await looking.open()
    await looking.close()
    assert await connection._connection.fetchval("SHOW statement_timeout") == "0"
    await connection.close()


class Stuck(Connection):
    """Never answers a look at the locks."""

    async def rows(self, name: str, into: type[Any], *args: object) -> list[Any]:
        if name == "observe/advisory_locks":
            await asyncio.Event().wait()
        return await super().rows(name, into, *args)


async def test_a_server_that_does_not_answer_costs_one_look_its_timeout_and_the_connection(stage: Stage) -> None:
    opened: list[Connection] = []

    async def connect() -> Connection:
        kind = Connection if opened else Stuck
        opened.append(await kind.open(stage.dsn, application_name="slotfill", timeout_s=5))
        return opened[-1]

    sampler = Sampler(connect, RunningClock(), nobody, 0.05, 0.3)
    with pytest.raises(LookFailed, match=r"no answer within \d"):
        await sampler.look()
    assert not opened[0].is_open

    assert (await sampler.look()).connections > 0
    await sampler.close()


class FarAway(Connection):
    """Every answer is 30 ms on its way, as from another continent's server."""

    async def _bounded(self, call: Any) -> Any:
        await asyncio.sleep(0.03)
        return await super()._bounded(call)


class Dawdling(FarAway):
    """And one answer takes longer than all of the way."""

    async def rows(self, name: str, into: type[Any], *args: object) -> list[Any]:
        if name == "observe/lock_counts":
            await asyncio.sleep(30)
        return await super().rows(name, into, *args)


async def test_a_look_is_given_the_way_to_the_server_besides_its_time_and_no_more(stage: Stage) -> None:
    def of(kind: type[Connection]) -> Sampler:
        return Sampler(
            lambda: kind.open(stage.dsn, application_name="slotfill", timeout_s=60),
            RunningClock(),
            nobody,
            interval_s=0.05,
            timeout_s=0.2,
        )

    near, far = of(FarAway), of(Dawdling)
    # A dozen answers are more than 0.3 s on their way, and the time of a look is 0.2 s.
    assert (await near.look()).took_ns > 0
    with pytest.raises(LookFailed, match="had no answer within"):
        await far.look()
    await near.close()
    await far.close()


async def test_a_lost_connection_is_told_in_one_sentence_and_healed(stage: Stage) -> None:
    samples: list[Sample] = []
    troubles: list[str] = []
    arrived = asyncio.Event()

    def sink(sample: Sample) -> None:
        samples.append(sample)
        arrived.set()

    async def fresh() -> Sample:
        arrived.clear()
        async with asyncio.timeout(10):
            await arrived.wait()
        return samples[-1]

    running = asyncio.create_task(stage.sampler().run(sink, troubles.append))
    sampler_pid = next(b.pid for b in (await fresh()).backends if b.who == "slotfill sampler")
    await stage.admin.execute("SELECT pg_terminate_backend($1, 5000)", sampler_pid)
    while not troubles:
        await fresh()
    healed = await fresh()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert running.cancelled()
    assert len(troubles) == 1
    assert troubles[0].endswith("; next try in 0.5 s.")
    assert "\n" not in troubles[0]
    assert all(b.pid != sampler_pid for b in healed.backends)
    # It left: nobody but the planter is connected.
    await until_count(
        stage.admin,
        "SELECT count(*) FROM pg_stat_activity WHERE application_name ~ '^slotfill' AND datname = current_database()",
        0,
    )


class Slipping(RunningClock):
    """Sleeps no time at all and remembers for how long it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.slept_ns: list[int] = []

    async def sleep_until(self, at_ns: int) -> None:
        self.slept_ns.append(at_ns - self.now_ns())
        await asyncio.sleep(0)


async def test_it_keeps_trying_and_waits_longer_each_time_up_to_ten_seconds() -> None:
    clock = Slipping()
    troubles: list[str] = []
    enough = asyncio.Event()

    async def refused() -> Connection:
        raise DatabaseUnreachable("Postgres did not take a connection: 53300 sorry, too many clients already")

    def trouble(text: str) -> None:
        troubles.append(text)
        if len(troubles) == 7:
            enough.set()

    running = asyncio.create_task(Sampler(refused, clock, nobody, 0.5, 2.0).run(lambda _: None, trouble))
    async with asyncio.timeout(5):
        await enough.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert [round(slept / 1e9, 1) for slept in clock.slept_ns[:6]] == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0]
    assert troubles[0] == (
        "The look at the server failed: Postgres did not take a connection: 53300 sorry, too many clients already; "
        "next try in 0.5 s."
    )


async def test_a_look_that_takes_more_than_its_share_makes_the_next_one_wait_and_says_so(stage: Stage) -> None:
    sampler = Sampler(
        lambda: Recorded.to(stage.dsn, stage.asked), clock := Slipping(), nobody, interval_s=0.0001, timeout_s=5
    )
    samples: list[Sample] = []
    enough = asyncio.Event()

    def sink(sample: Sample) -> None:
        samples.append(sample)
        if len(samples) == 2:
            enough.set()

    running = asyncio.create_task(sampler.run(sink, lambda text: None))
    async with asyncio.timeout(10):
        await enough.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert any(line.startswith("looks every 0.0001 s: one took ") for line in samples[0].missing)
    assert clock.slept_ns[0] > 3 * samples[0].took_ns


async def test_two_looks_are_never_under_way_at_once(stage: Stage) -> None:
    sampler = stage.sampler()
    first, second = await asyncio.gather(sampler.look(), sampler.look())

    assert first.server_at < second.server_at
    assert stage.asked.count("observe/activity") == 2
