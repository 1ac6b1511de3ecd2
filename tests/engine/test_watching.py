"""A watch: the front door of a database without a run. It looks, tells, records, and changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from engine.cannot_begin import CannotBegin
from engine.config import RecordSettings, RunSettings, Settings, TargetSettings
from engine.database import Connection, DatabaseUnreachable
from engine.exit_code import ExitCode
from engine.lookout import Lookout
from engine.model.command import Command, Verb
from engine.model.detail import DetailKind
from engine.model.event import Acted
from engine.model.run_state import RunState
from engine.records.archive import Manifest, entry_of, find, new_folder
from engine.records.past import Past
from engine.records.result import read_result
from engine.spec import Spec
from engine.watch_opening import watched
from engine.watch_portrait import WATCH
from engine.watching import Watch, named
from tests.engine.test_opening import no_room_for
from tests.observe.planting import hold_zone, plant_floor, session, until_count, until_waiting
from tests.scratch import ScratchDatabase
from tests.targets.pooler import pooler

QUERY = "SELECT pg_sleep(least(20.0, 30.0))"


def spec_of(tmp_path: Path, dsn: str, **more: Any) -> Spec:
    """A watch on that address, as `slotfill watch --dsn` hands it to an engine."""
    settings = Settings(
        run=RunSettings(target="theirs"),
        records=RecordSettings(runs=str(tmp_path / "runs")),
        targets={"theirs": TargetSettings(kind="postgres", dsn=dsn)},
    )
    return Spec(settings=settings, plan=WATCH, who="test", **more)


@asynccontextmanager
async def watching(spec: Spec) -> AsyncIterator[Watch]:
    """A watch at work, with one console at it."""
    async with watched(spec) as watch:
        watch.consoles = lambda: 1
        working = asyncio.create_task(watch.work())
        try:
            yield watch
        finally:
            watch.end()
            assert await working == ExitCode.PASSED


async def until(watch: Watch, words: str) -> None:
    """Return when an event says so."""
    async with asyncio.timeout(20):
        while not any(words in one.text for one in (await watch.snapshot()).events):  # noqa: ASYNC110 - a real server
            await asyncio.sleep(0.02)


async def rows_written(admin: Any) -> tuple[int, ...]:
    """The server's count of rows that were written in this database, with its own delay behind it."""
    await admin.execute("SELECT pg_stat_force_next_flush()")
    await admin.execute("SELECT pg_stat_clear_snapshot()")
    return tuple(
        await admin.fetchrow(
            "SELECT tup_inserted, tup_updated, tup_deleted FROM pg_stat_database WHERE datname = current_database()"
        )
    )


async def test_it_shows_queues_tells_what_changes_and_writes_nothing(database: ScratchDatabase, tmp_path: Path) -> None:
    async with session(database.dsn, "psql") as holder, session(database.dsn, "slotfill 1a2b3c4d w03") as waiter:
        floor = await plant_floor(holder)
        before = await rows_written(holder)
        await hold_zone(holder, floor.zone)
        waiting = asyncio.create_task(hold_zone(waiter, floor.zone))
        async with session(database.dsn) as admin:
            await until_waiting(admin, 1)
        async with watching(spec_of(tmp_path, database.dsn)) as watch:
            await until(watch, "1 waits for Planted Terrace 19:00 of planted: held by psql (pid ")
            seen = await watch.snapshot()
            await holder.execute("ROLLBACK")
            await waiting
            await until(watch, "nobody waits for Planted Terrace 19:00 of planted any more")
            detail = await watch.detail(DetailKind.POSTGRES, "")
            folder = watch.folder
        after = await rows_written(holder)

    assert (seen.run.state, seen.run.plan, seen.workers, seen.steps) == (RunState.WATCHING, WATCH, (), ())
    assert seen.run.watches.startswith(f"{database.name} as slotfill, PostgreSQL 18.")
    assert seen.sample is not None
    (queue,) = seen.sample.queues
    assert [member.who for member in queue.members] == ["psql", "w03 1a2b3c4d"]
    assert detail.server is not None
    assert detail.server.rights is not None
    assert after == before
    past = Past(folder)
    assert past.read_on() >= 2
    assert past.at(past.ends_ns).run.state is RunState.FINISHED
    result = read_result(folder)
    assert result is not None
    assert (result.state, result.exit_code, result.attempts) == ("finished", 0, 0)


async def test_what_it_opens_can_write_nothing_behind_a_pooler_or_without(
    database: ScratchDatabase, tmp_path: Path
) -> None:
    async with pooler(database.dsn) as through:
        for dsn, words in ((database.dsn, ""), (through, " through a transaction pooler")):
            async with watched(spec_of(tmp_path, dsn)) as watch:
                assert watch._post.place.endswith(words)
                connection = await watch._post.connect("slotfill")
                assert connection.pooled is bool(words)
                with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                    await connection.execute("fill/release_holds", [])
                await connection.close()


async def test_every_act_that_would_change_something_is_refused_in_a_sentence(
    database: ScratchDatabase, tmp_path: Path
) -> None:
    async with watched(spec_of(tmp_path, database.dsn)) as watch:
        said = {verb: await watch.act(Command(verb, ("1",)), "ana@pts/1") for verb in Verb if verb is not Verb.STOP}
        kept = [event for event in (await watch.events(0))[1] if isinstance(event, Acted)]

    assert {verb for verb, answer in said.items() if answer.done} == {Verb.NOTE, Verb.MARK}
    for verb, answer in said.items():
        assert "\n" not in answer.text
        if verb in (Verb.CANCEL_BACKEND, Verb.TERMINATE_BACKEND):
            # The guards of a run: on this machine, and not marked as one that may be acted upon.
            assert answer.text.startswith("only looked at: target theirs")
        elif not answer.done:
            assert answer.text == f"this is a watch and no run: nothing is changed in {database.name}"
    assert [event.who for event in kept] == ["ana@pts/1"] * len(said)


async def test_a_backend_of_the_embedded_cluster_may_be_cancelled(database: ScratchDatabase, tmp_path: Path) -> None:
    async def free() -> str:
        return ""

    async with watched(spec_of(tmp_path, database.dsn)) as watch, session(database.dsn, "app") as busy:
        watch._post = watch._post._replace(refusal=free)
        sleeping = asyncio.create_task(busy.execute(QUERY))
        async with session(database.dsn) as admin:
            await until_count(admin, f"SELECT count(*) FROM pg_stat_activity WHERE query = '{QUERY}'", 1)
        answer = await watch.act(Command(Verb.CANCEL_BACKEND, (str(busy.get_server_pid()), QUERY)), "ana")
        assert answer.done, answer.text
        with pytest.raises(asyncpg.QueryCanceledError):
            await sleeping


async def test_it_ends_when_its_last_console_has_left(database: ScratchDatabase, tmp_path: Path) -> None:
    there = 2
    async with watched(spec_of(tmp_path, database.dsn)) as watch:
        watch.consoles = lambda: there
        working = asyncio.create_task(watch.work())
        await until(watch, "connections")
        there = 1
        await asyncio.sleep(0)
        assert not working.done()
        there = 0
        async with asyncio.timeout(20):
            assert await working == ExitCode.PASSED
        over = (await watch.snapshot()).run

    assert (over.state, over.reason, over.exit_code) == (RunState.FINISHED, "its last console has left", 0)


class Fickle:
    """A server that goes away and comes back."""

    def __init__(self, post: Lookout) -> None:
        self._post = post
        self.away = False

    async def connect(self, application_name: str) -> Connection:
        if self.away:
            raise DatabaseUnreachable("Postgres did not take a connection: nobody listens")
        return await self._post.connect(application_name)


async def test_a_server_that_goes_away_is_told_and_so_is_its_coming_back(
    database: ScratchDatabase, tmp_path: Path
) -> None:
    async with watched(spec_of(tmp_path, database.dsn)) as watch, session(database.dsn, "admin") as admin:
        fickle = Fickle(watch._post)
        watch._post = watch._post._replace(connect=fickle.connect)
        watch.consoles = lambda: 1
        working = asyncio.create_task(watch.work())
        await until(watch, "connections, 0 waiting for locks")
        fickle.away = True
        await admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name ~ ' watch$'"
            " AND datname = current_database()"
        )
        await until(watch, "next try in")
        seen = await watch.snapshot()
        fickle.away = False
        await until(watch, "it answers again, after ")
        watch.end()
        await working

    assert seen.run.state is RunState.WATCHING
    assert seen.sample is not None
    assert seen.sample_trouble


async def test_a_plain_postgres_without_the_platform_s_tables_is_watched_and_what_is_not_there_is_named(
    database: ScratchDatabase, tmp_path: Path
) -> None:
    async with session(database.dsn) as admin:
        await admin.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    async with watching(spec_of(tmp_path, database.dsn)) as watch:
        await until(watch, 'cannot be seen: zone-locked bookings: relation "bookings" does not exist')
        seen = await watch.snapshot()

    assert seen.sample is not None
    assert seen.sample.connections > 0
    about = {line.partition(":")[0] for line in seen.sample.missing}
    assert {"zone names", "stale holds", "live holds", "zone-locked bookings"} <= about


async def test_a_database_that_does_not_answer_is_one_sentence_and_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachable, match="Postgres did not take a connection"):
        async with watched(spec_of(tmp_path, "postgresql://a@127.0.0.1:1/b")):
            pass

    assert not (tmp_path / "runs").exists()


async def test_a_watch_whose_journal_cannot_begin_leaves_no_folder_that_looks_crashed(
    database: ScratchDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_room_for("journal.", monkeypatch)
    with pytest.raises(CannotBegin, match="the journal could not be begun") as said:
        async with watched(spec_of(tmp_path, database.dsn)):
            pass

    assert said.value.exit_code is ExitCode.RECORDS
    assert list((tmp_path / "runs").iterdir()) == []


async def test_an_api_without_a_dsn_has_nothing_to_watch(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, "")
    api = TargetSettings(kind="api", base_url="http://127.0.0.1:1")
    spec = msgspec.structs.replace(spec, settings=msgspec.structs.replace(spec.settings, targets={"theirs": api}))

    with pytest.raises(CannotBegin, match="a booking API without a dsn") as refused:
        async with watched(spec):
            pass

    assert refused.value.exit_code is ExitCode.USAGE


async def test_a_watch_is_not_the_last_run_and_names_no_database_that_could_go_with_it(
    database: ScratchDatabase, tmp_path: Path
) -> None:
    root = tmp_path / "runs"
    async with watched(spec_of(tmp_path, database.dsn)) as watch:
        folder = watch.folder
        assert find(root).folder == str(folder), "there is no other"
        wall = watch.clock.wall()
        run = new_folder(root, "fill", "0000aaaa", wall.replace(year=wall.year - 1))
        (run / "run.json").write_bytes(msgspec.json.encode(Manifest("0000aaaa", "fill", "embedded", "2020-01-01")))

        assert find(root).run_id == "0000aaaa"
        assert find(root, watch.manifest.run_id).folder == str(folder)
    manifest = entry_of(folder).manifest
    assert manifest is not None
    assert manifest.database == ""


@pytest.mark.parametrize(
    ("application", "who"),
    [("psql", "psql"), ("slotfill 1a2b3c4d w03", "w03 1a2b3c4d"), ("", "unnamed"), ("Booking API", "Booking API")],
)
def test_a_backend_is_named_by_its_application(application: str, who: str) -> None:
    assert named(application) == who
