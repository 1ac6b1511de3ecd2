"""The ledger during a run: what is missing is found while it goes on, none is missed falsely, and looks are cheap."""

import asyncio
import datetime as dt
from collections.abc import Callable, Collection
from pathlib import Path
from uuid import UUID, uuid5

import pytest

from engine.allocator.strategies import OPTIMAL
from engine.clock import Clock, RunningClock
from engine.database import Connection, DatabaseFailed, DatabaseUnreachable
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.fill.orders import _NAMESPACE
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.metrics.ledger import ledger
from engine.metrics.words import Words
from engine.model.event import AttemptEnded, Event, Missed, Reconciled
from engine.model.floor import Window
from engine.model.ids import AttemptId, Ids, RunId, WorkerId
from engine.model.ledger import Entry, HeldRow, Reading
from engine.model.outcome import Certainty, Outcome
from engine.plan import Plan
from engine.plans.assign import AssignPlan
from engine.plans.fill import FillPlan
from engine.reconciler import EVERY_NS, LONGEST_REST_NS, MOST, SHARE, Claim, Reconciler
from engine.records.spool import Spool
from engine.restaurants import read_floors
from engine.standing import DatabaseStanding
from engine.targets.postgres import PostgresTarget
from engine.targets.rehearsal import RehearsalTarget
from tests.clocks import StillClock
from tests.fill.crews import MONDAY, MS, crew_for, rehearse
from tests.fill.test_passes import at_white_horse, waiting
from tests.scratch import ScratchDatabase

S = 1_000_000_000
RUN = RunId("test")
STARTS = dt.datetime(2027, 3, 1, 18, 0, tzinfo=dt.UTC)
WINDOW = Window("dinner", STARTS, STARTS + dt.timedelta(minutes=90))


class Shelf:
    """A standing with rows that a test puts there and takes away; a reading takes `took_ns`, or fails."""

    def __init__(self, clock: StillClock) -> None:
        self.clock = clock
        self.rows: dict[UUID, HeldRow] = {}
        self.took_ns = MS
        self.unseen: set[int] = set()
        self.fails: Exception | None = None
        self.read_at_ns: list[int] = []
        self.sizes: list[int] = []
        self.before: Callable[[], None] = lambda: None
        """Happens while a reading is under way, after its moment."""

    async def open(self) -> None:
        """Nothing is connected."""

    async def read(self, bookings: Collection[UUID], acknowledged: Collection[int]) -> Reading:
        self.read_at_ns.append(self.clock.now_ns())
        self.sizes.append(len(bookings))
        reading = Reading(
            {one: self.rows[one] for one in bookings if one in self.rows}, frozenset(self.unseen & set(acknowledged))
        )
        self.before()
        await self.clock.sleep_until(self.clock.now_ns() + self.took_ns)
        if self.fails is not None:
            raise self.fails
        return reading

    async def close(self) -> None:
        """Nothing is held."""


class Stand:
    """A reconciler beside nothing but a test."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.shelf = Shelf(self.clock)
        self.events: list[Event] = []
        self.reconciler = Reconciler(RUN, self.shelf, self.clock, self.events.append)
        self.attempts = 0

    def acknowledge(self, *tables: str, booking: UUID | None = None, there: bool = True, xid: int = 0) -> UUID:
        """One more success; with tables, its row is there as it was acknowledged unless the test says otherwise."""
        self.attempts += 1
        booking = booking or uuid5(_NAMESPACE, f"booking {self.attempts}")
        event = AttemptEnded(
            at_ns=self.clock.now_ns(),
            ids=Ids(RUN, worker=WorkerId(3), attempt=AttemptId(self.attempts)),
            due_ns=0,
            started_ns=0,
            ended_ns=self.clock.now_ns(),
            outcome=(Outcome.FILLED if tables else Outcome.REPLAY).word,
            certainty=Certainty.OK,
            booking_id=booking,
            ordinal=1,
            tries=1,
            steps=(),
            tables=tables,
            party=4,
            xid=xid or self.attempts,
            window=WINDOW if tables else None,
        )
        self.events.append(event)
        self.reconciler.take(event)
        if there:
            self.put(booking, *tables)
        return booking

    def put(self, booking: UUID, *tables: str, status: str = "confirmed") -> None:
        begin, end = (WINDOW.start, WINDOW.end) if tables else (None, None)
        self.shelf.rows[booking] = HeldRow(booking, status, "", list(tables), 4, None, STARTS, begin, end)

    async def look(self) -> int:
        """One look, played to its end; how long it wants to rest."""
        task = asyncio.ensure_future(self.reconciler.look())
        await self.clock.play(task)  # type: ignore[arg-type]
        return await task

    async def run_for(self, seconds: float) -> None:
        task = asyncio.create_task(self.reconciler.run())
        await self.clock.advance(round(seconds * S))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    @property
    def missed(self) -> list[Missed]:
        return [event for event in self.events if isinstance(event, Missed)]

    @property
    def said(self) -> list[Reconciled]:
        return [event for event in self.events if isinstance(event, Reconciled)]

    @property
    def last(self) -> Reconciled:
        return self.said[-1]


@pytest.fixture
def stand() -> Stand:
    return Stand()


async def test_what_is_there_as_acknowledged_is_persisted_and_nothing_is_missed(stand: Stand) -> None:
    for _ in range(3):
        stand.acknowledge("T1", "T2")
    await stand.look()
    assert not stand.missed
    assert (stand.last.acknowledged, stand.last.checked, stand.last.persisted) == (3, 3, 3)


@pytest.mark.parametrize(
    ("row", "entry"),
    [
        (None, Entry.LOST),
        (("pending", ()), Entry.LOST),
        (("confirmed", ()), Entry.TORN),
        (("pending", ("T1", "T2")), Entry.TORN),
        (("confirmed", ("T1",)), Entry.TORN),
        (("confirmed", ("T1", "T9")), Entry.ALTERED),
    ],
)
async def test_what_is_not_there_as_acknowledged_is_missed_once_with_what_is_there(
    stand: Stand, row: tuple[str, tuple[str, ...]] | None, entry: Entry
) -> None:
    booking = stand.acknowledge("T1", "T2", there=False)
    if row is not None:
        stand.put(booking, *row[1], status=row[0])
    await stand.clock.advance(5 * MS)
    await stand.look()
    await stand.look()
    (missed,) = stand.missed
    assert (missed.booking_id, missed.entry, missed.claimed) == (booking, entry, ("T1", "T2"))
    assert (missed.status, missed.tables) == (row or ("", ()))
    assert missed.at_ns - missed.acknowledged_ns == 5 * MS
    assert missed.seen_ns is None
    assert missed.cause
    assert missed.ids.worker == 3
    assert getattr(stand.last, entry.value) == 1
    assert (stand.last.checked, stand.last.persisted) == (1, 0)


async def test_a_booking_undone_later_is_found_by_a_later_look_and_says_when_it_was_last_whole(stand: Stand) -> None:
    booking = stand.acknowledge("T1")
    await stand.run_for(1.5)
    stand.put(booking, status="pending")
    await stand.run_for(1.5)
    (missed,) = stand.missed
    assert missed.entry is Entry.LOST
    assert missed.seen_ns == EVERY_NS
    assert missed.seen_ns is not None
    assert missed.seen_ns < missed.at_ns
    assert "late undo" in missed.cause


async def test_success_without_tables_is_lost_and_the_replay_is_named(stand: Stand) -> None:
    booking = stand.acknowledge(there=False)
    stand.put(booking, status="pending")
    await stand.look()
    (missed,) = stand.missed
    assert missed.entry is Entry.LOST
    assert "ledger replay" in missed.cause


async def test_a_reading_that_does_not_see_the_transaction_yet_proves_nothing(stand: Stand) -> None:
    stand.acknowledge("T1", there=False, xid=77)
    stand.shelf.unseen = {77}
    await stand.look()
    assert not stand.missed
    assert (stand.last.acknowledged, stand.last.checked) == (1, 0)
    stand.shelf.unseen = set()
    await stand.look()
    assert [one.entry for one in stand.missed] == [Entry.LOST]


async def test_what_is_acknowledged_while_a_reading_is_under_way_waits_for_the_next_one(stand: Stand) -> None:
    stand.acknowledge("T1")
    late: list[UUID] = []
    stand.shelf.before = lambda: None if late else late.append(stand.acknowledge("T2"))
    await stand.look()
    assert not stand.missed
    assert (stand.last.acknowledged, stand.last.checked) == (2, 1)
    await stand.look()
    assert not stand.missed
    assert stand.last.checked == 2


async def test_a_later_success_takes_over_the_booking_and_the_earlier_one_is_lost_as_in_the_ledger(
    stand: Stand,
) -> None:
    booking = stand.acknowledge("T1")
    await stand.look()
    stand.put(booking, status="pending")
    stand.acknowledge("T2", booking=booking)
    await stand.look()
    assert [(one.ids.attempt, one.entry) for one in stand.missed] == [(1, Entry.LOST)]
    assert (stand.last.acknowledged, stand.last.persisted, stand.last.lost) == (2, 1, 1)
    words = Words(stand.events)
    final = ledger(words, Reading(dict(stand.shelf.rows)), {})
    assert (final.acknowledged, final.persisted, final.lost) == (2, 1, 1)


async def test_a_reading_that_fails_is_said_ends_nothing_and_counts_no_absence(stand: Stand) -> None:
    stand.acknowledge("T1", there=False)
    for error in (DatabaseFailed("it was in the way"), DatabaseUnreachable("nobody there")):
        stand.shelf.fails = error
        await stand.look()
        assert stand.last.trouble == str(error)
        assert stand.last.checked == 0
    assert not stand.missed
    stand.shelf.fails = None
    await stand.look()
    assert stand.last.trouble == ""
    assert len(stand.missed) == 1


async def test_a_reading_that_never_ends_is_given_up(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.reconciler.LOOK_S", 0.01)
    stand.acknowledge("T1")
    stand.shelf.took_ns = 10**15  # the still clock never comes there
    await stand.reconciler.look()
    assert "not read within" in stand.last.trouble


async def test_a_look_rests_fifty_times_as_long_as_it_took_at_least_a_second_and_half_a_minute_at_most(
    stand: Stand,
) -> None:
    stand.acknowledge("T1")
    for took_ns, rest_ns in ((MS, S), (100 * MS, 5 * S), (2 * S, LONGEST_REST_NS)):
        stand.shelf.took_ns = took_ns
        assert await stand.look() == rest_ns


@pytest.mark.parametrize("took_ns", [MS, 50 * MS, 300 * MS])
async def test_looks_take_no_more_than_their_share_of_the_time(stand: Stand, took_ns: int) -> None:
    stand.acknowledge("T1")
    stand.shelf.took_ns = took_ns
    await stand.run_for(120)
    looks = len(stand.shelf.read_at_ns)
    assert looks > 2
    assert looks * took_ns <= 120 * S / SHARE + took_ns


async def test_a_look_takes_two_thousand_bookings_at_most_fewer_when_slow_and_comes_round_to_every_one(
    stand: Stand,
) -> None:
    bookings = [stand.acknowledge("T1") for _ in range(5_000)]
    await stand.run_for(12)
    assert max(stand.shelf.sizes) <= MOST
    assert stand.last.checked == 5_000
    stand.put(bookings[17], status="pending")
    await stand.run_for(4)
    assert [one.booking_id for one in stand.missed] == [bookings[17]]
    stand.shelf.took_ns = S
    await stand.run_for(70)
    assert stand.shelf.sizes[-1] < MOST


async def test_a_look_that_finds_nothing_new_is_said_every_ten_seconds_only(stand: Stand) -> None:
    stand.acknowledge("T1")
    await stand.run_for(31)
    assert len(stand.shelf.read_at_ns) >= 28
    assert len(stand.said) == 3


async def test_nothing_acknowledged_is_nothing_asked(stand: Stand) -> None:
    await stand.run_for(10)
    assert not stand.shelf.read_at_ns
    assert not stand.events


async def test_another_database_makes_it_forget_the_bookings_and_not_the_counts(stand: Stand) -> None:
    stand.acknowledge("T1", there=False)
    stand.acknowledge("T2")
    await stand.look()
    stand.reconciler.forget()
    stand.shelf.rows.clear()
    await stand.run_for(5)
    assert len(stand.missed) == 1
    assert (stand.last.acknowledged, stand.last.persisted, stand.last.lost) == (2, 1, 1)


async def test_the_last_look_leaves_nothing_unchecked(stand: Stand) -> None:
    for _ in range(3_500):
        stand.acknowledge("T1")
    task = asyncio.ensure_future(stand.reconciler.last_look())
    await stand.clock.play(task)
    assert stand.last.checked == 3_500


async def test_a_cancel_in_the_middle_of_a_look_leaves_no_booking_out(stand: Stand) -> None:
    for _ in range(900):
        stand.acknowledge("T1")
    stand.shelf.took_ns = 0
    for turns in range(1, 12):
        task = asyncio.ensure_future(stand.reconciler.look())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        reconciler = stand.reconciler
        assert len(reconciler._fresh) + len(reconciler._whole) == 900


# Beside a crew


class Told(list[Event]):
    """What a crew said, heard by a reconciler too."""

    def __init__(self, target: RehearsalTarget | PostgresTarget, clock: Clock) -> None:
        super().__init__()
        self.reconciler = Reconciler(RUN, target.standing(), clock, super().append)

    def append(self, event: Event) -> None:
        super().append(event)
        if isinstance(event, AttemptEnded):
            self.reconciler.take(event)

    @property
    def missed(self) -> list[Missed]:
        return [event for event in self if isinstance(event, Missed)]

    @property
    def last(self) -> Reconciled:
        return [event for event in self if isinstance(event, Reconciled)][-1]


async def rehearsed(plan: Plan, target: RehearsalTarget, concurrency: int) -> Told:
    """What is said of a plan on the rehearsal target, with a reconciler that looks all the time."""
    clock = target.clock
    assert isinstance(clock, StillClock)
    told = Told(target, clock)
    crew = asyncio.create_task(crew_for(plan, target, told, concurrency=concurrency).run())
    while not crew.done():
        await clock.advance(7 * MS)
        await told.reconciler.look()
    await crew
    await told.reconciler.last_look()
    return told


async def test_a_rehearsed_evening_with_many_workers_has_nothing_missed() -> None:
    rehearsal = rehearse(concurrency=8, slots=12, stress_max=6, share_slots=True)
    told = await rehearsed(rehearsal.plan, rehearsal.target, 8)
    assert not told.missed
    assert told.last.persisted == told.last.acknowledged == len(rehearsal.target.confirmed) > 10


async def test_passes_of_pending_bookings_have_nothing_missed() -> None:
    pending = waiting(60, party=8)
    target = at_white_horse(pending)
    told = await rehearsed(AssignPlan.of(pending, seed=1, max_iterations=3, passes=0), target, 4)
    assert not told.missed
    assert told.last.persisted == len(target.confirmed) > 10


async def filled(database: ScratchDatabase, *, workers: int, share: bool = True) -> tuple[PostgresTarget, Told]:
    """An evening on a real server, looked at all the while."""
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=5)
    floors = await read_floors(connection, ("all",))
    await connection.close()
    clock = RunningClock()
    target = PostgresTarget("embedded", database.dsn, RUN, floors)
    plan = FillPlan.of(
        floors, seed=7, first=MONDAY, days=2, start=dt.time(17, 0), end=dt.time(19, 0), interval_min=15,
        stress_max=4, min_party=1, max_party=8, share_slots=share,
    )  # fmt: skip
    told = Told(target, clock)
    desk = Desk(clock, told.append, Holders(), {})
    crew = asyncio.create_task(Crew(RUN, Task(plan, (OPTIMAL,), workers), target, Pace(None), desk).run())
    while not crew.done():
        await told.reconciler.look()
        await asyncio.sleep(0)
    await crew
    await told.reconciler.last_look()
    return target, told


async def test_a_clean_evening_of_eight_workers_has_nothing_missed_however_often_it_is_looked_at(
    database: ScratchDatabase,
) -> None:
    target, told = await filled(database, workers=8)
    there = await target.persisted([])
    assert not told.missed
    assert told.last.persisted == told.last.acknowledged == told.last.checked == len(there) > 20
    assert sum(isinstance(event, Reconciled) for event in told) > 10
    await told.reconciler._standing.close()


async def test_over_a_real_server_one_connection_serves_all_looks_and_is_opened_again_when_lost(
    database: ScratchDatabase,
) -> None:
    target, told = await filled(database, workers=2)
    reconciler = told.reconciler
    standing = reconciler._standing
    assert isinstance(standing, DatabaseStanding)
    session = standing._session
    await reconciler.look()
    assert standing._session is session is not None
    mine = next(event for event in told if isinstance(event, AttemptEnded) and event.tables)
    c = await database.connect()
    try:
        await c.execute("SELECT pg_terminate_backend($1, 5000)", session.connection.pid)
        await reconciler.look()
        await reconciler.look()
        assert standing._session is not session
        assert not told.missed
        # An assignment of other times, and nothing else about it, is a booking that was altered.
        await c.execute(
            "UPDATE booking_table_assignments SET end_at = end_at - interval '10 minutes' WHERE booking_id = $1",
            mine.booking_id,
        )
        await reconciler.look()
    finally:
        await c.close()
    assert told.last.trouble == ""
    assert [(one.booking_id, one.entry) for one in told.missed] == [(mine.booking_id, Entry.ALTERED)]
    assert told.missed[0].seen_ns is not None
    await standing.close()
    assert await target.persisted([])


async def test_what_waits_for_its_look_on_disk_is_looked_at_as_what_waits_in_memory(tmp_path: Path) -> None:
    stand = Stand()
    stand.reconciler._fresh = Spool(Claim, tmp_path, kept=5, block=4)
    stand.reconciler._whole = Spool(Claim, tmp_path, kept=5, block=4)
    stand.reconciler._most = 20
    ids = [stand.acknowledge("A1", there=number % 10 != 7) for number in range(120)]
    twice = stand.acknowledge("A2", booking=ids[3])
    stand.put(twice, "A2")
    await stand.run_for(60)
    lost = {event.booking_id for event in stand.missed}
    # An older claim of a booking is not its owner: what is there is the newer one's doing.
    assert lost == {ids[number] for number in range(7, 120, 10)} | {ids[3]}
    assert (stand.last.acknowledged, stand.last.checked, stand.last.lost) == (121, 121, 13)
    # What was whole is looked at again, from the disk too.
    del stand.shelf.rows[ids[100]]
    await stand.run_for(60)
    assert ids[100] in {event.booking_id for event in stand.missed}
