"""What is asked for one thing: from the journal and from the database, over the socket, bounded and masked."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from datetime import time as clock_time
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import msgspec
import pytest

from engine.clock import RunningClock
from engine.database import Connection, DatabaseUnreachable
from engine.details import DATABASE_S, REPLAYED, Details, Source, of_recording
from engine.link_door import LinkDoor
from engine.model.detail import Detail, DetailKind
from engine.model.event import AttemptEnded, Event, Intended, Missed, Refused, RunPlanned, StepTook
from engine.model.floor import Window
from engine.model.ids import AttemptId, Ids, RunId, TurnId, WorkerId
from engine.model.ledger import Entry
from engine.model.outcome import Certainty, Phase, Refusal
from engine.model.step import Step
from engine.model.turn import Turn
from engine.records.journal import Journal
from tests.platform.house import booking, hold
from tests.scratch import ScratchDatabase
from tests.shell import PACED, Shell, wait_until

RUN = RunId("7f3a91c2")
MS = 1_000_000


@asynccontextmanager
async def door_of(shell: Shell) -> AsyncIterator[LinkDoor]:
    door = await LinkDoor.open(shell.socket())
    try:
        yield door
    finally:
        await door.close()


def strings(value: object) -> Iterator[str]:
    """Every string in an answer."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(key)
            yield from strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings(inner)


async def test_over_the_socket_of_a_live_run_a_booking_a_slot_a_worker_and_the_server_are_told(shell: Shell) -> None:
    process = await asyncio.to_thread(shell.begin_run, *PACED)
    await asyncio.to_thread(wait_until, lambda: shell.see().run.filled > 5, "fills")
    async with door_of(shell) as door:
        worker = await door.detail("worker", "w01")
        filled = next(one for one in worker.attempts if one.acknowledged)
        told = await door.detail("booking", str(filled.booking_id)[:8])
        by_number = await door.detail("booking", f"#{filled.attempt}")
        turn = await door.detail("turn", str(filled.turn))
        server = await door.detail("postgres", "")
        consoles = (await door.snapshot()).run.consoles

    assert [step.step for step in filled.steps][:2] == [Step.SUBMIT, Step.QUOTE]
    assert filled.slot
    assert filled.restaurant == "white-horse-pub-waterbeach"

    assert told.journal_trouble == told.database_trouble == ""
    assert [one.booking_id for one in told.attempts] == [filled.booking_id]
    assert told.attempts[0].tries[-1].tables == filled.tables
    assert told.comparison is not None
    assert told.comparison.entry is Entry.PERSISTED
    assert told.holdings is not None
    assert told.holdings.booking is not None
    assert told.holdings.booking.status == "confirmed"
    assert told.holdings.booking.run == shell.manifest()["run_id"]
    assert sorted(one.table for one in told.holdings.tables) == sorted(filled.tables)
    own = {one.resource for one in told.holdings.allocations if not one.shadow}
    assert {f"table {number}" for number in filled.tables} <= own, "and a merge group, where there are several"
    assert [one.became for one in told.holdings.history][-1:] == ["confirmed"]
    assert told.holdings.keys[0].tables == sorted(filled.tables)
    assert told.holdings.missing == ()
    assert by_number.holdings == told.holdings

    assert {one.turn for one in turn.attempts} == {filled.turn}
    assert filled.attempt in {one.attempt for one in turn.attempts}

    assert server.server is not None
    assert server.server.rights is not None
    assert any(one.is_here and one.size for one in server.server.databases)
    assert "bookings" in {one.table for one in server.server.tables}
    settings = {one.name: one for one in server.server.settings}
    assert settings["statement_timeout"].value == "0"
    assert settings["deadlock_timeout"].source == "command line"
    assert settings["default_transaction_isolation"].source == "default"
    assert server.server.statements
    assert consoles == 2, "the headless client and this door: a connection that only asks is no console"
    await asyncio.to_thread(shell.do, "stop")
    await asyncio.to_thread(process.communicate, timeout=60)

    past = await of_recording(shell.runs()[-1], shell.manifest()["run_id"]).detail("booking", str(filled.booking_id))
    assert past.attempts == told.attempts
    assert past.holdings is None
    assert past.database_trouble == REPLAYED


BOOKING = UUID("4f00d1ce-77aa-4c1e-8d52-0a1b2c3d4e5f")
TURN = Turn(TurnId(3), "white-horse-pub-waterbeach", date(2027, 3, 1), clock_time(12, 0), 4)


def ids(attempt: int, attempt_try: int | None = None, step: Step | None = None) -> Ids:
    return Ids(RUN, 0, WorkerId(2), TurnId(3), AttemptId(attempt), attempt_try, step)


def story(attempt: int, booking_id: UUID, *, filled: bool = True) -> list[Event]:
    """An attempt with one refused try and a filled one, or only the refused one."""
    key = f"sf-{RUN}-{attempt}"
    told = "could not obtain lock for Guest ana@example.com"
    refusal = Refusal(Step.HOLD, Phase.ANSWERED, told, "23P01", "thw_no_overlap")
    window = Window("lunch", *(RunningClock().wall().replace(microsecond=0),) * 2)
    return [
        Intended(MS, ids(attempt, None, Step.SUBMIT), key, booking_id),
        Intended(5 * MS, ids(attempt, 1, Step.HOLD), key, booking_id, ("MD-01",), BOOKING),
        Refused(9 * MS, ids(attempt, 1, Step.HOLD), refusal, "hold_conflict"),
        AttemptEnded(
            20 * MS, ids(attempt), MS, MS, 20 * MS, "filled" if filled else "hold_conflict",
            Certainty.OK if filled else Certainty.FAIL, booking_id, 1, 1,
            (StepTook(Step.SUBMIT, 0, MS, 3 * MS), StepTook(Step.TOTAL, 0, MS, 19 * MS)),
            ("MD-02",) if filled else (), 4 if filled else 0, 4, "Main", 7812, None if filled else refusal,
            window=window if filled else None,
        ),
    ]  # fmt: skip


def journal_of(folder: Path, events: list[Event], segment_bytes: int = 1 << 20) -> None:
    journal = Journal(folder, RUN, RunningClock(), segment_bytes=segment_bytes)
    journal.write(RunPlanned(0, Ids(RUN), (TURN,), 10, 4))
    for event in events:
        journal.write(event)
    asyncio.run(journal.sync())
    journal.close()


def asked(details: Details, kind: str, wanted: str) -> Detail:
    return asyncio.run(details.detail(kind, wanted))


def test_a_booking_is_found_by_its_id_its_beginning_and_its_attempt_over_packed_segments(tmp_path: Path) -> None:
    others = [event for number in range(2, 60) for event in story(number, UUID(int=number << 96))]
    missed = Missed(90 * MS, ids(1), BOOKING, Entry.LOST, 20 * MS, ("MD-02",), "", (), "gone")
    journal_of(tmp_path, [*story(1, BOOKING, filled=False), *others, *story(70, BOOKING), missed], 4096)
    assert len(list(tmp_path.glob("*.gz"))) > 3
    details = of_recording(tmp_path, RUN)
    for wanted in (str(BOOKING), "4f00d1ce", "4F00D1CE-77aa", "#1", "#70"):
        told = asked(details, "booking", wanted)
        assert [one.attempt for one in told.attempts] == [70, 1], wanted
        newest, first = told.attempts
        assert (newest.slot, newest.day, newest.worker, newest.xid) == ("12:00", "2027-03-01", "w02", 7812)
        assert [one.step for one in newest.steps] == [Step.SUBMIT]
        assert first.outcome == "hold_conflict"
        assert [(one.number, one.tables, one.hold) for one in first.tries] == [(1, ("MD-01",), "4f00d1ce")]
        assert [(one.sqlstate, one.constraint) for one in first.refusals] == [("23P01", "thw_no_overlap")]
        assert [one.entry for one in told.missed] == [Entry.LOST]
        assert "ana@example.com" not in " ".join(strings(_plain(told)))
    assert {one.turn for one in asked(details, "turn", "3").attempts} == {3}
    assert asked(details, "turn", "3").more_attempts == 60 - 40
    assert len(asked(details, "worker", "w02").attempts) == 40
    assert asked(details, "worker", "w03").attempts == ()


def _plain(value: object) -> object:
    return msgspec.to_builtins(value)


def test_an_attempt_that_never_ended_and_half_a_last_line_are_told_as_far_as_they_go(tmp_path: Path) -> None:
    journal_of(tmp_path, story(1, BOOKING)[:3])
    with next(tmp_path.glob("journal.*")).open("ab") as file:
        file.write(b'{"type":"AttemptEnded","at_ns":1,"ids":{"run":"7f3a91c2","attempt":1},"booking_id":"4f00d1ce')
    (told,) = asked(of_recording(tmp_path, RUN), "booking", "4f00d1ce").attempts
    assert told.ended_ns is None
    assert told.sent is Step.HOLD
    assert len(told.refusals) == 1


@pytest.mark.parametrize(
    ("kind", "wanted", "said"),
    [
        ("booking", "", "nothing is no booking's id"),
        ("booking", "zz'; --", "is no booking's id"),
        ("booking", "#999", "no attempt #999 named a booking"),
        ("turn", "x", "x is no turn's number"),
        ("weather", "", "there are booking, turn, worker, postgres"),
    ],
)
def test_a_question_that_means_nothing_gets_one_clear_sentence(
    tmp_path: Path, kind: str, wanted: str, said: str
) -> None:
    journal_of(tmp_path, [])
    assert said in asked(of_recording(tmp_path, RUN), kind, wanted).journal_trouble


def test_a_folder_without_a_journal_and_a_damaged_one_are_said(tmp_path: Path) -> None:
    assert "there is no journal" in asked(of_recording(tmp_path, RUN), "booking", "4f00d1ce").journal_trouble
    journal_of(tmp_path, story(1, BOOKING))
    path = next(tmp_path.glob("journal.*"))
    path.write_bytes(path.read_bytes().replace(b'"booking_id":"4f00d1ce', b'"booking_id":"4f00d1ce-x', 1))
    assert "not a journal's line" in asked(of_recording(tmp_path, RUN), "booking", "4f00d1ce").journal_trouble


# The database


async def opened(dsn: str, **settings: str) -> Connection:
    return await Connection.open(dsn, application_name="details", timeout_s=5, settings=settings)


def details_of(tmp_path: Path, connect: object) -> Details:
    return Details(Source(RUN, tmp_path, RunningClock(), connect, dict, list))  # type: ignore[arg-type]


async def test_holds_shadows_and_a_booking_that_another_made_are_told(
    database: ScratchDatabase, tmp_path: Path
) -> None:
    c = await database.connect()
    one = await booking(c, status="confirmed")
    await hold(c, one, ["MD-01", "MD-02"], ttl_s=-30)
    await c.close()
    await asyncio.to_thread(journal_of, tmp_path, story(1, one))

    async def connect(name: str) -> Connection:
        return await opened(database.dsn)

    told = await details_of(tmp_path, connect).detail("booking", str(one)[:8])
    assert told.holdings is not None
    assert [(one.tables, one.windows, one.expires_in_ns < 0) for one in told.holdings.holds] == [
        (["MD-01", "MD-02"], 2, True)
    ]
    assert told.comparison is not None
    assert told.comparison.entry is Entry.TORN
    assert "claimed MD-02; it is there confirmed without tables" in told.comparison.said
    assert not [text for text in strings(_plain(told)) if "@example.com" in text]
    unknown = await details_of(tmp_path, connect).detail("booking", "0123abcd")
    assert unknown.attempts == ()
    assert unknown.holdings is not None
    assert unknown.holdings.booking is None


async def test_a_role_that_may_read_nothing_is_told_so_part_by_part_and_nothing_refused_is_sent_again(
    database: ScratchDatabase, tmp_path: Path
) -> None:
    c = await database.connect()
    role = f"plain_{database.name}"
    await c.execute(f'CREATE ROLE "{role}"')
    await c.execute(f'GRANT SELECT ON bookings, restaurants, zones TO "{role}"')
    one = await booking(c)
    sent: list[str] = []

    class Listening(Connection):
        async def rows(self, name, into, *args):  # type: ignore[no-untyped-def]
            sent.append(name)
            return await super().rows(name, into, *args)

    async def connect(name: str) -> Connection:
        return await Listening.open(database.dsn, application_name=name, timeout_s=5, settings={"role": role})

    house = await c.fetchval("SELECT id FROM restaurants")
    floors = {"white-horse-pub-waterbeach": SimpleNamespace(restaurant_id=house)}
    try:
        details = Details(Source(RUN, tmp_path, RunningClock(), connect, lambda: floors, list))  # type: ignore[arg-type,return-value]
        for _ in range(3):
            told = await details.detail("booking", str(one))
            assert told.holdings is not None
            assert told.holdings.booking is not None
            missing = " ".join(told.holdings.missing)
            assert "its tables: permission denied" in missing
            assert "its history: permission denied" in missing
            server = await details.detail("postgres", "")
            assert server.server is not None
            assert " ".join(server.server.missing).count("pg_monitor") == 2
            assert {one.state for one in server.server.connections if one.role != role} <= {"hidden"}
        assert sent.count("observe/detail_tables") == 1
        assert sent.count("observe/detail_bookings") == 3
    finally:
        await c.execute(f'DROP OWNED BY "{role}"')
        await c.execute(f'DROP ROLE "{role}"')
        await c.close()


async def test_sizes_are_read_once_in_half_a_minute_and_the_server_once_a_second(
    database: ScratchDatabase, tmp_path: Path
) -> None:
    opened_so_far = 0

    async def connect(name: str) -> Connection:
        nonlocal opened_so_far
        opened_so_far += 1
        return await opened(database.dsn)

    details = details_of(tmp_path, connect)
    answers = await asyncio.gather(*(details.detail("postgres", "") for _ in range(4)))
    assert all(answer.server is not None for answer in answers)
    assert opened_so_far == 1
    details._last_server = None
    later = await details.detail("postgres", "")
    assert later.server is not None
    assert answers[0].server is not None
    assert later.server.databases == answers[0].server.databases
    assert later.server.sizes_age_ns > 0


async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that takes a connection and never says a word."""
    await reader.read()
    writer.close()


async def test_a_server_that_hangs_costs_no_more_than_the_bound_and_the_journals_half_is_there(tmp_path: Path) -> None:
    await asyncio.to_thread(journal_of, tmp_path, story(1, BOOKING))
    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def connect(name: str) -> Connection:
        return await Connection.open(f"postgresql://x@127.0.0.1:{port}/x", application_name=name, timeout_s=60)

    details = details_of(tmp_path, connect)
    began = time.monotonic()
    told, other = await asyncio.gather(details.detail("booking", "4f00d1ce"), details.detail("postgres", ""))
    took_s = time.monotonic() - began
    assert took_s < 60, "the connection's own patience is not what bounded it"
    assert f"the database had no answer within {DATABASE_S:g} s" in told.database_trouble
    assert f"the database had no answer within {DATABASE_S:g} s" in other.database_trouble
    assert len(told.attempts) == 1
    server.close()
    await server.wait_closed()


async def test_a_server_that_is_gone_is_said_without_its_password(tmp_path: Path) -> None:
    async def connect(name: str) -> Connection:
        raise DatabaseUnreachable("Postgres did not take a connection: postgresql://ana:hunter2@db/x is closed")

    told = await details_of(tmp_path, connect).detail("postgres", "")
    assert "did not take a connection" in told.database_trouble
    assert "hunter2" not in told.database_trouble


async def test_statements_are_shown_without_literals(database: ScratchDatabase, tmp_path: Path) -> None:
    c = await database.connect()
    await c.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    await c.execute("SELECT 'ana@example.com' AS planted_name, pg_sleep(0.01)")

    async def connect(name: str) -> Connection:
        return await opened(database.dsn)

    told = await details_of(tmp_path, connect).detail("postgres", "")
    await c.close()
    text = " ".join(strings(_plain(told)))
    assert "planted_name" in text
    assert "ana@example.com" not in text


def test_every_kind_has_an_answer(tmp_path: Path) -> None:
    journal_of(tmp_path, [])
    for kind in DetailKind:
        assert asked(of_recording(tmp_path, RUN), kind.value, "1234").kind == kind
