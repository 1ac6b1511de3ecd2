"""What was in flight when an engine died is settled by proof, at whichever step it died: nothing is guessed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.clock import RunningClock
from engine.continuing import Place, Undecided, settle
from engine.database import Connection
from engine.metrics.ledger import ledger
from engine.metrics.unfinished import Progress
from engine.metrics.words import Words
from engine.model.continued import Continued
from engine.model.ids import RunId
from engine.model.ledger import Entry, Ledger
from engine.model.step import Step
from engine.records.journal import read
from engine.repair.left import quieten
from engine.verify.ledger import fates
from tests.faults.dying import DEAD, Engine, behind, target_of, xid_of
from tests.scratch import ScratchDatabase

COMMITTED = (Step.COMMIT, True)
DEATHS = [
    (Step.SUBMIT, False), (Step.SUBMIT, True), (Step.HOLD, False), (Step.HOLD, True), (Step.CONFIRM, False),
    (Step.CONFIRM, True), (Step.COMMIT, False), COMMITTED,
]  # fmt: skip


class Hasty(RunningClock):
    """A clock on which whatever is waited for comes at once."""

    def __init__(self) -> None:
        super().__init__()
        self._skipped_ns = 0

    def now_ns(self) -> int:
        return super().now_ns() + self._skipped_ns

    async def sleep_until(self, at_ns: int) -> None:
        self._skipped_ns += max(0, at_ns - self.now_ns())
        await asyncio.sleep(0)


class Graveyard(NamedTuple):
    """Engines of one database and one test."""

    database: ScratchDatabase
    folder: Path
    engines: list[Engine]

    async def engine(self, run: str = DEAD) -> Engine:
        self.engines.append(Engine(await target_of(self.database, RunId(run)), self.folder / run, RunId(run)))
        return self.engines[-1]


@pytest.fixture
async def dead(database: ScratchDatabase, tmp_path: Path) -> AsyncIterator[Graveyard]:
    found = Graveyard(database, tmp_path, [])
    yield found
    for engine in found.engines:
        await engine.bury()


async def settled(database: ScratchDatabase, *engines: Engine) -> tuple[Progress, Continued]:
    connection = await Connection.open(database.dsn, application_name="slotfill continue", timeout_s=5)
    try:
        return await settle(behind(*engines), Place(connection, Hasty()))
    finally:
        await connection.close()


async def counted(database: ScratchDatabase, query: str) -> int:
    connection = await database.connect()
    try:
        return int(await connection.fetchval(query))
    finally:
        await connection.close()


HOLDS = "SELECT (SELECT count(*) FROM table_holds) + (SELECT count(*) FROM table_hold_members)"
PENDING = "SELECT count(*) FROM bookings WHERE status = 'pending'"
CONFIRMED = "SELECT count(*) FROM bookings WHERE status = 'confirmed'"


async def test_whichever_step_it_died_at_what_took_effect_counts_and_the_rest_is_undone(
    database: ScratchDatabase, dead: Graveyard
) -> None:
    confirmed = 0
    for number, (step, sent) in enumerate(DEATHS):
        engine = await dead.engine(f"dead10{number:02d}")
        assert (await engine.attempt(1)).outcome == "filled"
        # Its connection is left as it is: idle, in the middle of a transaction, or after COMMIT.
        await engine.die(step, sent=sent)
        progress, continued = await settled(database, engine)
        committed = (step, sent) == COMMITTED
        (one,) = continued.in_flight
        assert one.entry is (Entry.RECOVERED if committed else Entry.VOID), one.why
        assert one.took_effect == committed
        assert bool(one.tables) == committed
        assert continued.ledger.balanced
        assert (continued.ledger.attempts, continued.ledger.persisted) == (2, 1)
        assert (continued.ledger.recovered, continued.ledger.void) == ((1, 0) if committed else (0, 1))
        assert continued.ended == 1, "a client that lives on in this test kept its backend; it had to be ended"
        assert await counted(database, HOLDS) == 0
        assert await counted(database, PENDING) == 0
        made = not committed and (step, sent) != (Step.SUBMIT, False)
        assert len(continued.cancelled) == made
        confirmed += 1 + committed
        assert await counted(database, CONFIRMED) == confirmed
        done = {slot[2].hour: (had.begun, had.filled) for slot, had in progress.slots.items()}
        assert done == {19: (1, 1), 20: (int(committed), int(committed)), 21: (0, 0)}
        # Settled once more, as the next run would: the same answer, and nothing is left to do.
        again, once_more = await settled(database, engine)
        assert again == progress
        assert once_more.in_flight[0].entry is one.entry
        assert (once_more.released, once_more.cancelled) == (0, ())
        # The ledger that anybody else keeps of the dead run says the same.
        assert await ledger_of(engine, database) == continued.ledger


async def ledger_of(engine: Engine, database: ScratchDatabase) -> Ledger:
    words = Words(read(engine.folder))
    target = await target_of(database, engine.run)
    reading = await target.held(words.bookings, words.acknowledged)
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=5)
    try:
        return ledger(words, reading, await fates(connection, words.doubtful), read_ns=1)
    finally:
        await connection.close()


async def test_a_booking_whose_id_the_platform_drew_and_nobody_heard_is_found_by_its_key(
    database: ScratchDatabase, dead: Graveyard
) -> None:
    engine = await dead.engine()
    await engine.die(Step.SUBMIT, sent=True)
    connection = await database.connect()
    await connection.execute("UPDATE bookings SET id = gen_random_uuid() WHERE source = 'slotfill'")
    await connection.close()
    _, continued = await settled(database, engine)
    assert len(continued.cancelled) == 1
    assert continued.in_flight[0].entry is Entry.VOID
    assert continued.in_flight[0].booking_id == continued.cancelled[0]


async def test_a_transaction_that_is_still_open_stops_it_before_anything_is_changed(
    database: ScratchDatabase, dead: Graveyard
) -> None:
    engine = await dead.engine()
    seat = await engine.die(Step.COMMIT, sent=False)
    # The backend goes by another name now, as one that another role or pooler holds: it is none of ours to end.
    xid = xid_of(engine.folder)
    await seat._session.connection.script("SET application_name = 'somebody else'")  # type: ignore[attr-defined]
    before = await counted(database, HOLDS)
    with pytest.raises(Undecided, match=f"transaction {xid} is still in progress.*nothing was changed"):
        await settled(database, engine)
    assert await counted(database, HOLDS) == before > 0
    assert await counted(database, PENDING) == 1
    await seat.close()
    _, continued = await settled(database, engine)
    assert continued.in_flight[0].entry is Entry.VOID
    assert await counted(database, HOLDS) == 0


async def test_others_backends_holds_and_bookings_are_left_alone(database: ScratchDatabase, dead: Graveyard) -> None:
    other = await dead.engine("dead00012")
    others_seat = await other.die(Step.HOLD, sent=True, turn=1)
    engine = await dead.engine()
    await engine.die(Step.HOLD, sent=True)
    _, continued = await settled(database, engine)
    assert continued.released == 1
    assert continued.ended == 1
    assert await counted(database, "SELECT count(*) FROM table_holds") == 1, "the other run's, whose id begins alike"
    assert await counted(database, PENDING) == 1
    assert others_seat.pid is not None, "its connection lives"
    await others_seat.close()


async def test_a_hold_that_no_intent_names_is_released_by_its_tag(database: ScratchDatabase, dead: Graveyard) -> None:
    engine = await dead.engine()
    await engine.die(Step.HOLD, sent=True)
    connection = await database.connect()
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("UPDATE table_hold_members SET hold_id = '00000000-0000-4000-8000-000000000001'")
    await connection.execute("UPDATE table_holds SET id = '00000000-0000-4000-8000-000000000001'")
    await connection.close()
    _, continued = await settled(database, engine)
    assert continued.released == 1
    assert await counted(database, HOLDS) == 0


async def test_what_nobody_was_told_of_and_left_no_trace_is_void_and_its_turn_is_taken_again(
    database: ScratchDatabase, dead: Graveyard
) -> None:
    engine = await dead.engine()
    await engine.die(Step.COMMIT, sent=True)
    connection = await database.connect()
    await connection.execute("DELETE FROM booking_table_assignments")
    await connection.execute("UPDATE bookings SET status = 'pending'")
    await connection.close()
    progress, continued = await settled(database, engine)
    assert continued.in_flight[0].entry is Entry.VOID
    assert (continued.ledger.lost, continued.ledger.void) == (0, 1)
    assert [had.filled for had in progress.slots.values()] == [0, 0, 0]
    assert await counted(database, PENDING) == 0, "the booking it made is cancelled: another takes its turn"


async def test_a_chain_of_deaths_counts_what_each_had_in_flight_once(
    database: ScratchDatabase, dead: Graveyard
) -> None:
    first = await dead.engine()
    await first.attempt(1)
    await first.die(Step.COMMIT, sent=True)
    await settled(database, first)
    second = await dead.engine("dead0002")
    await second.die(Step.COMMIT, sent=True, ordinal=2)
    progress, continued = await settled(database, first, second)
    assert [had.begun for had in progress.slots.values()] == [1, 2, 0]
    assert [had.filled for had in progress.slots.values()] == [1, 2, 0]
    assert continued.run == "dead0002"
    assert continued.ledger.attempts == 1, "the first run's ledger was its own successor's to keep"
    assert len(continued.in_flight) == 1


async def test_a_backend_that_waits_for_a_lock_is_ended_before_anything_is_believed(
    database: ScratchDatabase, dead: Graveyard
) -> None:
    engine = await dead.engine()
    blocker, watcher = await database.connect(), await database.connect()
    await blocker.execute("BEGIN")
    await blocker.execute("LOCK TABLE booking_table_assignments IN SHARE MODE")
    dying = asyncio.create_task(engine.die(Step.CONFIRM, sent=True))
    while not await watcher.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    connection = await Connection.open(database.dsn, application_name="slotfill continue", timeout_s=5)
    assert await quieten(connection, [DEAD], Hasty()) == 1, "its client's end alone would not have woken it"
    await connection.close()
    await asyncio.gather(dying, return_exceptions=True)
    await blocker.close()
    await watcher.close()
    await settled(database, engine)
    assert await counted(database, CONFIRMED) == 0
    assert await counted(database, HOLDS) == 0
