"""Our backends' waits, joined to worker and step: on a real server, on a budget, and without a guess."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from engine.clock import RunningClock
from engine.database import Connection, DatabaseUnreachable
from engine.model.ids import RunId
from engine.model.room import Whereabouts
from engine.model.waits import CLIENT, IN_TRANSACTION, Waits
from engine.observe.rows import LegCounters, ServerFacts, WaitRow
from engine.observe.wait_fold import Seated, Seats
from engine.observe.waits import NS, OWN_NS, REST, TELL_NS, Terms, WaitSampler, Watched
from engine.platform.cluster import Cluster
from tests.observe.planting import Recorded, Session, until_waiting
from tests.observe.stage import Stage

Row = TypeVar("Row")
RUN = RunId("ab12cd34")


class Crew:
    """Workers at sessions, each in the step it is put in."""

    def __init__(self) -> None:
        self.seats: dict[int, Seated] = {}
        self.left: dict[int, str] = {}
        self.works = True

    def put(self, session: Session, worker: str, step: str) -> None:
        self.seats[session.get_server_pid()] = Seated(worker, step)

    @property
    def watched(self) -> Watched:
        return Watched(lambda _at: dict(self.seats), self.left.get, lambda: self.works)


def sampler(stage: Stage, crew: Crew, told: list[Waits] | None = None, **settings: str) -> WaitSampler:
    async def connect() -> Connection:
        return await Recorded.to(stage.dsn, stage.asked, **settings)

    sink = (told if told is not None else []).append
    made = WaitSampler(connect, RunningClock(), crew.watched, Terms(RUN, 20.0, 5.0), sink)
    stage._stack.push_async_callback(made.close)
    return made


async def looked(made: WaitSampler, looks: int, leg: int = 0) -> Waits:
    await made.begin(leg)
    for _ in range(looks):
        await made._look_once()
    found = made.now()
    assert found is not None
    return found


def cells(waits: Waits) -> dict[tuple[str, str], int]:
    return {(cell.step, cell.wait): cell.samples for cell in waits.cells}


async def worker(stage: Stage, crew: Crew, number: int, step: str) -> Session:
    found = await stage.session(f"slotfill {RUN} w{number:02}")
    crew.put(found, f"w{number:02}", step)
    return found


async def test_behind_one_hot_row_the_lock_at_confirm_dominates_and_the_worker_that_holds_it_is_named(
    stage: Stage,
) -> None:
    crew = Crew()
    holder = await worker(stage, crew, 0, "commit")
    hot = "UPDATE zones SET name = name WHERE id = $1"
    await holder.execute("BEGIN")
    await holder.execute(hot, stage.floor.zone)
    for number in range(1, 8):
        await stage.background((await worker(stage, crew, number, "confirm")).execute(hot, stage.floor.zone))
    await until_waiting(stage.admin, 7)

    waits = await looked(sampler(stage, crew), 10)

    found = cells(waits)
    assert set(found) == {
        ("commit", IN_TRANSACTION), ("confirm", "Lock:transactionid"), ("confirm", "Lock:tuple"),
    }  # fmt: skip
    # One waits for the transaction, six for the one that waits: all of them for what w00 holds.
    assert (found["confirm", "Lock:transactionid"], found["confirm", "Lock:tuple"]) == (10, 60)
    assert waits.cells[0].sessions == 6.0
    assert waits.sessions == 7.0
    assert {(one.by_who, one.by_step, one.step) for one in waits.blockers} == {("w00", "commit", "confirm")}
    assert sum(one.samples for one in waits.blockers) == 70
    assert [cell.insufficient for cell in waits.cells] == [False, True, True]
    assert not waits.missing


async def test_a_sleep_in_a_step_is_a_timeout_at_that_step_and_a_client_that_thinks_is_no_active_session(
    stage: Stage,
) -> None:
    crew = Crew()
    await stage.background((await worker(stage, crew, 1, "hold")).execute("SELECT pg_sleep(30)"))
    await worker(stage, crew, 2, "quote")
    await worker(stage, crew, 3, "")
    await stage.admin.execute("SELECT pg_sleep(0.05)")

    waits = await looked(sampler(stage, crew), 3)

    assert cells(waits) == {("hold", "Timeout:PgSleep"): 3, ("quote", CLIENT): 3}
    assert waits.sessions == 1.0


async def test_whoever_is_in_the_way_and_not_of_this_run_is_pointed_out(stage: Stage) -> None:
    crew = Crew()
    for name, key in (("psql", 1), ("slotfill 99999999 w00", 2)):
        await (await stage.session(name)).execute("SELECT pg_advisory_lock(4711, $1)", key)
    for number, key in ((1, 1), (2, 2)):
        who = await worker(stage, crew, number, "confirm")
        await stage.background(who.execute("SELECT pg_advisory_lock(4711, $1)", key))
    await until_waiting(stage.admin, 2)

    waits = await looked(sampler(stage, crew), 2)

    assert {(one.wait, one.by_who, one.by_step, one.samples) for one in waits.blockers} == {
        ("Lock:advisory", "NOT OURS", "", 2), ("Lock:advisory", "other run", "", 2),
    }  # fmt: skip


async def test_a_worker_s_new_backend_is_its_own_and_the_old_one_is_named_while_it_holds_on(stage: Stage) -> None:
    crew = Crew()
    old = await worker(stage, crew, 3, "commit")
    await old.execute("SELECT pg_advisory_lock(4711, 1)")
    made = sampler(stage, crew)
    await looked(made, 2)
    crew.left[old.get_server_pid()] = "w03 left"
    del crew.seats[old.get_server_pid()]
    new = await worker(stage, crew, 3, "confirm")
    await stage.background(new.execute("SELECT pg_advisory_lock(4711, 1)"))
    await until_waiting(stage.admin, 1)
    for _ in range(4):
        await made._look_once()

    waits = made.now()
    assert waits is not None
    assert cells(waits) == {("commit", CLIENT): 2, ("confirm", "Lock:advisory"): 4}
    assert [(one.by_who, one.samples) for one in waits.blockers] == [("w03 left", 4)]


async def test_a_plain_role_is_told_what_it_needs_and_not_asked_for_again(stage: Stage) -> None:
    crew = Crew()
    await stage.background((await worker(stage, crew, 1, "hold")).execute("SELECT pg_sleep(30)"))
    made = sampler(stage, crew, role=await stage.plain_role())
    running = asyncio.create_task(made.run())
    await made.begin(0)
    async with asyncio.timeout(10):
        while not (found := made.now()) or not found.missing:  # noqa: ASYNC110 - a real server is awaited
            await asyncio.sleep(0.02)
    await made.end()
    await made.begin(1)
    await asyncio.sleep(0.3)  # six looks' worth
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert "waits of our backends are hidden from this role: needs pg_read_all_stats" in found.missing
    assert (found.samples, found.cells) == (0, ())
    assert stage.asked.count("observe/waits") == 1


async def test_a_refused_look_is_named_and_never_sent_again(stage: Stage) -> None:
    crew = Crew()
    await worker(stage, crew, 1, "hold")
    await stage.admin.execute("REVOKE EXECUTE ON FUNCTION pg_blocking_pids(int) FROM PUBLIC")
    made = sampler(stage, crew, role=await stage.plain_role())

    waits = await looked(made, 3)

    assert waits.missing[0] == "waits: permission denied for function pg_blocking_pids"
    assert (waits.samples, waits.cells) == (0, ())
    assert stage.asked.count("observe/waits") == 1


async def test_backends_nobody_knows_are_not_guessed_at(stage: Stage) -> None:
    crew = Crew()
    await stage.session("some platform")

    waits = await looked(sampler(stage, crew), 3)

    assert waits.samples == 0
    assert waits.missing[0].startswith("none of the server's backends is known to be of this run")


async def test_its_session_is_bounded_and_can_write_nothing(stage: Stage) -> None:
    made = sampler(stage, Crew())
    await made.begin(0)
    connection = made._connection
    assert connection is not None
    shown = [await connection._connection.fetchval(f"SHOW {name}") for name in ("statement_timeout", "lock_timeout")]
    assert shown == ["2500ms", "500ms"]
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await connection.script("DELETE FROM table_holds")


async def test_a_leg_s_counters_are_what_happened_in_it_and_the_looks_own_statements_are_left_out(stage: Stage) -> None:
    await stage.admin.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    told: list[Waits] = []
    crew = Crew()
    ours = await worker(stage, crew, 1, "hold")
    made = sampler(stage, crew, told)
    await looked(made, 3, leg=4)
    for _ in range(7):
        await ours.execute("SELECT count(*) FROM table_holds WHERE id = $1::uuid", stage.floor.zone)
    await made.end()
    await made.end()

    (waits,) = told
    assert waits.leg == 4
    counters = waits.counters
    assert counters is not None
    assert counters.commits is not None
    assert counters.deadlocks == 0
    assert counters.wal_bytes is not None
    calls = {one.query: one.calls for one in counters.statements}
    assert [count for query, count in calls.items() if "FROM table_holds WHERE" in query] == [7]
    assert not [query for query in calls if "pg_blocking_pids" in query or "pg_stat_statements" in query]


async def test_the_server_s_log_is_quoted_for_our_database_only_and_masked(stage: Stage, cluster: Cluster) -> None:
    told: list[Waits] = []
    crew = Crew()
    made = sampler(stage, crew, told)
    made.log = Path(f"{cluster.data}.room/server.log")
    made._mask = lambda text: text.replace("AccessShareLock", "***")
    await made.begin(0)
    locker = await stage.session("psql")
    await locker.execute("BEGIN; LOCK TABLE zones IN ACCESS EXCLUSIVE MODE")
    waiter = await worker(stage, crew, 1, "hold")
    await waiter.execute("SET deadlock_timeout = '10ms'; SET lock_timeout = '100ms'")
    with pytest.raises(asyncpg.LockNotAvailableError):
        await waiter.execute("SELECT count(*) FROM zones")
    await made.end()

    (waits,) = told
    database = await stage.admin.fetchval("SELECT current_database()")
    still = [line for line in waits.server_log if f"process {waiter.get_server_pid()} still waiting for ***" in line]
    assert still
    assert all(f"] {database} " in line for line in waits.server_log)
    assert len(waits.server_log) <= 20


async def test_a_lost_connection_costs_looks_and_no_run(stage: Stage) -> None:
    crew = Crew()
    await stage.background((await worker(stage, crew, 1, "hold")).execute("SELECT pg_sleep(30)"))
    made = sampler(stage, crew)
    running = asyncio.create_task(made.run())
    await made.begin(0)

    async def seen(enough: Callable[[Waits], bool]) -> Waits:
        async with asyncio.timeout(10):
            while not (found := made.now()) or not enough(found):  # noqa: ASYNC110 - a real server is awaited
                await asyncio.sleep(0.01)
        return found

    first = await seen(lambda found: found.samples >= 2)
    await stage.admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = 'slotfill sampler' AND datname = current_database()"
    )
    assert (await seen(lambda found: found.samples > first.samples + 2)).missing == first.missing
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()


# On a budget: a server by rules, and a clock that only it and sleeping move


class Slow:
    """A server that says how long it was at a look; and a clock that stands still but for it and for sleep."""

    def __init__(self, server_ns: int, wall_ns: int) -> None:
        self.now = 0
        self.looks: list[tuple[int, int]] = []
        self.under_way = self.most_under_way = 0
        self.pooled, self.is_open = False, True
        self._server_ns, self._wall_ns = server_ns, wall_ns

    def now_ns(self) -> int:
        return self.now

    async def sleep_until(self, at_ns: int) -> None:
        self.now = max(self.now, at_ns)
        await asyncio.sleep(0)

    async def execute(self, name: str, *args: object) -> str:
        return "SELECT 1"

    async def row(self, name: str, into: type[Any], *args: object) -> object:
        facts = ServerFacts("18.0", 100, 3, is_monitor=True, reads_all_stats=True, has_statements=True)
        return facts if into is ServerFacts else Whereabouts("", 1, "sf")

    async def rows(self, name: str, into: type[Any], *args: object) -> list[Any]:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        began_ns, self.now = self.now, self.now + self._wall_ns
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.under_way -= 1
        if into is WaitRow:
            self.looks.append((began_ns, self.now))
            return [WaitRow(7, "slotfill w01", "active", "", True, [], began_ns, self._server_ns)]
        return [LegCounters(*range(9))] if into is LegCounters else []

    def terminate(self) -> None:
        self.is_open = False

    async def close(self) -> None:
        self.is_open = False


async def budgeted(server: Slow, looks: int, told: list[Waits]) -> None:
    seats: Seats = {7: Seated("w01", "hold")}

    async def connect() -> Any:
        return server

    made = WaitSampler(
        connect,
        server,  # type: ignore[arg-type]
        Watched(lambda _at: seats, lambda _pid: None, lambda: True),
        Terms(RUN, 10.0, 2.0),
        told.append,
    )
    running = asyncio.create_task(made.run())
    await made.begin(0)
    while len(server.looks) < looks:  # noqa: ASYNC110 - the clock of the fake moves on
        await asyncio.sleep(0)
    # A leg ends while a look is under way: it waits for its turn.
    await made.end()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("server_ns", [50_000, 700_000, 20_000_000, 400_000_000])
async def test_a_dear_look_is_followed_by_ninety_nine_times_its_cost_of_rest(server_ns: int) -> None:
    server = Slow(server_ns, wall_ns=server_ns + 100_000)
    told: list[Waits] = []
    await budgeted(server, 40, told)

    rests = [later[0] - earlier[1] for earlier, later in pairwise(server.looks[:40])]
    assert min(rests) >= REST * server_ns
    assert told[-1].share <= 0.01
    slowest_ns = max(NS // 10, server_ns + 100_000 + REST * (server_ns + OWN_NS))
    assert told[-1].hz == pytest.approx(NS / slowest_ns, rel=0.1)
    assert server.most_under_way == 1


async def test_a_slow_way_to_the_server_never_fills_more_than_a_quarter_of_the_time() -> None:
    server = Slow(50_000, wall_ns=200_000_000)
    await budgeted(server, 10, [])

    assert min(later[0] - earlier[1] for earlier, later in pairwise(server.looks[:10])) >= 600_000_000


async def test_what_was_seen_is_told_every_ten_seconds_and_each_time_as_a_whole() -> None:
    told: list[Waits] = []
    await budgeted(Slow(50_000, 100_000), 250, told)

    assert TELL_NS == 10 * NS
    assert [round(waits.seconds) for waits in told[:2]] == [10, 20]
    assert [waits.samples for waits in told] == sorted(waits.samples for waits in told)
    assert told[0].counters is None
    assert told[-1].counters is not None
    assert told[-1].counters.commits == 0


async def test_an_end_in_the_middle_of_a_leg_still_tells_what_was_seen() -> None:
    told: list[Waits] = []
    server = Slow(50_000, 100_000)

    async def connect() -> Any:
        return server

    made = WaitSampler(connect, server, Watched(lambda _at: {}, lambda _pid: None, lambda: True), Terms(RUN, 10, 2), told.append)  # type: ignore[arg-type]  # fmt: skip  # noqa: E501
    running = asyncio.create_task(made.run())
    await made.begin(2)
    while len(server.looks) < 5:  # noqa: ASYNC110 - the clock of the fake moves on
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert [(waits.leg, waits.counters) for waits in told] == [(2, None)]
    assert told[0].samples >= 4
    assert not server.is_open


async def test_no_server_at_all_is_said_and_ends_nothing() -> None:
    async def refused() -> Connection:
        raise DatabaseUnreachable("Postgres did not take a connection: 53300 sorry, too many clients already")

    told: list[Waits] = []
    made = WaitSampler(refused, RunningClock(), Crew().watched, Terms(RUN, 10.0, 2.0), told.append)
    await made.begin(0)
    await made.end()

    assert told[0].samples == 0
    assert "53300 sorry, too many clients already" in told[0].missing[0]


async def test_none_a_second_asks_nobody() -> None:
    async def never() -> Connection:
        raise AssertionError("nobody asked for a look")

    made = WaitSampler(never, RunningClock(), Crew().watched, Terms(RUN, 0.0, 2.0), list[Waits]().append)
    await made.begin(0)
    async with asyncio.timeout(1):
        await made.run()
    await made.end()
    assert made.now() is None


async def test_while_the_crew_rests_nobody_is_looked_at_and_no_time_passes(stage: Stage) -> None:
    crew = Crew()
    crew.works = False
    await worker(stage, crew, 1, "hold")

    waits = await looked(sampler(stage, crew), 3)

    assert (waits.samples, waits.seconds) == (0, 0.0)
    assert "observe/waits" not in stage.asked
