"""Positive controls: what breaks a promise is planted, one thing at a time, and the verification must name it.

Each first plays the same evening without the plant, and there nothing may be found. The numbers are those of the score.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from engine.database import Connection
from engine.exit_code import ExitCode
from engine.model.fault import FAULTS
from engine.model.ledger import Ledger
from engine.model.verification import Verification
from engine.platform.faults import switch_on
from engine.targets.postgres import PostgresTarget
from engine.verify.ledger import fates
from engine.verify.reconcile import verify
from tests.controls import plants
from tests.controls.crash import Crash, crashed
from tests.controls.evening import MONDAY, Evening, Looking, evening, plan_for, target_in
from tests.scratch import ScratchDatabase

BEFORE = MONDAY - dt.timedelta(days=7)
Prepared = Callable[[PostgresTarget], PostgresTarget]


async def verified(over: Evening) -> Verification:
    async with over.looking() as connection:
        return await verify(over.folder, connection)


async def told_clean(over: Evening) -> Verification:
    """The verification of an evening in which nothing was planted."""
    kept, found = await over.kept(), await verified(over)
    assert found.exit_code == ExitCode.PASSED, found
    assert not any((found.suspects, found.differences, found.problems, found.broken, found.unchecked)), found
    assert (found.ledger.acknowledged, found.ledger.persisted) == (len(over.acknowledged), len(over.acknowledged))
    assert (kept.persisted, kept.balanced, kept.stories) == (len(over.acknowledged), True, ())
    return found


class Told:
    """What both oracles say of an evening: the ledger that an engine keeps, and the verification."""

    def __init__(self, over: Evening, kept: Ledger, found: Verification) -> None:
        self.over = over
        self.kept = kept
        self.found = found

    @classmethod
    async def of(cls, over: Evening) -> "Told":
        return cls(over, await over.kept(), await verified(over))

    def are(self, word: str, bookings: set[UUID], code: ExitCode = ExitCode.LOST) -> None:
        """Exactly these bookings are that, all others are as they were acknowledged, and both oracles say so."""
        assert bookings
        assert {one.booking_id for one in self.found.suspects if one.word == word} == bookings
        assert {one.booking_id for one in self.found.suspects} == bookings
        assert all(one.cause for one in self.found.suspects)
        assert self.found.exit_code == code
        for one in (self.found.ledger, self.kept):
            assert one.balanced
            assert getattr(one, word) == len(bookings)
            if word not in ("duplicate", "phantom"):
                assert one.persisted == len(self.over.acknowledged) - len(bookings)


async def chosen(database: ScratchDatabase, over: Evening, by: str = "chosen(b.id)") -> set[UUID]:
    """Bookings that were acknowledged and that the plant has chosen: some of them, not all."""
    acknowledged = [one.booking_id for one in over.acknowledged]
    connection = await database.connect()
    rows = await connection.fetch(f"SELECT b.id FROM bookings b WHERE b.id = ANY ($1::uuid[]) AND {by}", acknowledged)
    await connection.close()
    assert 0 < len(rows) < len(acknowledged)
    return {row["id"] for row in rows}


class House:
    """A database with one clean evening behind it."""

    def __init__(self, database: ScratchDatabase, folder: Path, name: str) -> None:
        self.database = database
        self._folder = folder
        self._name = name

    async def clean(self) -> None:
        over = await self.play("clean", on=BEFORE)
        await told_clean(over)

    async def plant(self, script: str) -> None:
        await plants.plant(self.database.dsn, script)

    async def play(
        self, how: str = "planted", *, on: dt.date = MONDAY, prepared: Prepared = lambda target: target
    ) -> Evening:
        target = prepared(await target_in(self.database.dsn, f"{self._name}{how}"))
        return await evening(self._folder / how, target, plan_for(target, on=on))


@pytest.fixture
async def house(database: ScratchDatabase, tmp_path: Path, request: pytest.FixtureRequest) -> House:
    """A database in which an evening has been played, verified, and found to be clean."""
    number = request.node.name.split("_")[1]
    found = House(database, tmp_path, number)
    await found.clean()
    return found


@pytest.fixture(scope="module")
def crash() -> Iterator[Crash]:
    """Three evenings on a server that was killed when they were over."""
    with asyncio.Runner() as runner:
        context = crashed()
        yield runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))


async def test_c1_commits_that_never_reached_the_disk_are_lost_when_the_server_is_killed(crash: Crash) -> None:
    await told_clean(crash.clean)
    over = crash.unflushed
    (await Told.of(over)).are("lost", {one.booking_id for one in over.acknowledged})
    # Had nobody been answered, it would be none the less clear that nothing came of them.
    forgotten = [one.xid for one in over.acknowledged if one.xid is not None]
    async with over.looking() as connection:
        assert set((await fates(connection, forgotten)).values()) == {"aborted"}


async def test_c2_what_an_unlogged_table_forgets_in_a_crash_is_torn(crash: Crash) -> None:
    await told_clean(crash.clean)
    told = await Told.of(crash.unlogged)
    told.are("torn", {one.booking_id for one in crash.unlogged.acknowledged})
    assert "confirmed_without_tables" in await crash.unlogged.broken()


async def test_c3_rows_that_a_trigger_swallows_are_lost(house: House) -> None:
    await house.plant(plants.C3_SWALLOWED_BY_A_TRIGGER)
    over = await house.play()
    (await Told.of(over)).are("lost", await chosen(house.database, over))


async def test_c4_a_success_that_is_said_before_commit_and_refused_at_commit_is_lost(house: House) -> None:
    await house.plant(plants.C4_DEFERRED_CONSTRAINT)
    patient = await house.play("patient")
    assert any(one.refusal and one.refusal.step == "commit" for one in patient.ended)
    await told_clean(patient)
    over = await house.play("hasty", prepared=lambda target: plants.seated(target, plants.Hasty))
    (await Told.of(over)).are("lost", await chosen(house.database, over))


async def test_c5_a_status_without_an_assignment_is_torn(house: House) -> None:
    name = "confirmed-without-tables"
    async with Looking(house.database.dsn) as connection:
        await switch_on(connection, FAULTS[name], "0.5", seed=1, on=MONDAY)
    over = await house.play()
    (await Told.of(over)).are("torn", await chosen(house.database, over, f"slotfill_chosen('{name}', b.id)"))


async def test_c6_what_a_sweeper_deletes_half_a_second_later_is_lost_and_was_there_before(house: House) -> None:
    over = await house.play()
    await told_clean(over)
    await house.plant(plants.CHOSEN)
    doomed = await chosen(house.database, over)
    await house.plant(plants.C6_SWEEPER)
    (await Told.of(over)).are("lost", doomed)


async def test_c7_a_conflict_that_is_counted_as_success_is_torn(house: House) -> None:
    await house.plant(plants.C7_CONFLICTS_COUNTED_AS_SUCCESS)
    over = await house.play()
    early = {one.booking_id for one in over.acknowledged if one.window and one.window.start.minute == 15}
    assert 0 < len(early) < len(over.acknowledged)
    (await Told.of(over)).are("torn", early)


async def test_c8_a_confirmation_rolled_back_in_an_exception_that_is_swallowed_is_lost(house: House) -> None:
    await house.plant(plants.C8_SWALLOWED_EXCEPTION)
    over = await house.play()
    (await Told.of(over)).are("lost", await chosen(house.database, over))


async def test_c9_a_second_write_that_flips_the_status_back_leaves_a_torn_booking(house: House) -> None:
    over = await house.play()
    await told_clean(over)
    await house.plant(
        f"{plants.CHOSEN}; UPDATE bookings SET status = 'pending' WHERE status = 'confirmed' AND chosen(id)"
    )
    (await Told.of(over)).are("torn", await chosen(house.database, over))


class Stale(Connection):
    """A connection whose every transaction looks at one moment of the past."""

    snapshot = ""

    async def script(self, text: str) -> str:
        if not text.startswith("BEGIN"):
            return await super().script(text)
        await super().script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return await super().script(f"SET TRANSACTION SNAPSHOT '{self.snapshot}'")


async def test_c10_a_reading_of_an_old_moment_is_neither_lost_nor_fine(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = await house.database.connect()
    await holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    snapshot = await holder.fetchval("SELECT pg_export_snapshot()")

    async def looking_back(name: str, _: float = 0.0) -> Stale:
        connection = await Stale.open(house.database.dsn, application_name=name, timeout_s=10)
        assert isinstance(connection, Stale)
        connection.snapshot = snapshot
        return connection

    over = await house.play()
    old = await looking_back("controls")
    await old.script("BEGIN")
    found = await verify(over.folder, old, wait_s=0.1)
    await old.close()
    monkeypatch.setattr(over.target, "connect", looking_back)
    kept = await over.kept()
    monkeypatch.undo()
    await holder.close()
    for one in (found.ledger, kept):
        assert (one.unverified, one.persisted, one.lost) == (len(over.acknowledged), 0, 0)
        assert one.balanced
    assert found.exit_code == ExitCode.INCONCLUSIVE
    await told_clean(over)


async def test_c11_a_retry_under_a_new_key_makes_a_duplicate(house: House) -> None:
    over = await house.play(prepared=lambda target: plants.seated(target, plants.Twice))
    kept, found = await over.kept(), await verified(over)
    connection = await house.database.connect()
    again = {
        row["id"]
        for row in await connection.fetch(
            "SELECT b.id FROM bookings b WHERE b.idempotency_key LIKE '%-again' AND b.status = 'confirmed'"
        )
    }
    await connection.close()
    assert again
    assert found.exit_code == ExitCode.LOST
    assert again <= {one.booking_id for one in found.suspects if one.word == "duplicate"}
    for one in (found.ledger, kept):
        assert one.duplicate == len(again)
        assert one.persisted == len(over.acknowledged)
        assert one.balanced


async def test_c12_a_window_that_a_time_zone_shifts_is_altered(house: House) -> None:
    await house.plant(plants.C12_SHIFTED_WINDOW)
    over = await house.play()
    (await Told.of(over)).are("altered", {one.booking_id for one in over.acknowledged})
