"""A cleaning that would take more than the run's rows, or that somebody is in the way of, changes nothing."""

import pytest

from engine.database import Connection, DatabaseFailed
from engine.repair.clean import Busy, NotOnlyThose
from tests.platform import house
from tests.repair.prints import fingerprint
from tests.repair.runs import cleaned, mine, played
from tests.repair.test_clean import bookings
from tests.scratch import ScratchDatabase


async def test_a_trigger_that_takes_a_neighbours_row_along_undoes_everything(database: ScratchDatabase) -> None:
    events = await played(database.dsn, "fill", "greedy")
    c = await database.connect()
    await house.booking(c, at="15:00", until="16:00")
    for when, name in (("AFTER DELETE ON bookings", "at once"), ("", "at COMMIT")):
        await c.execute(
            """
            CREATE OR REPLACE FUNCTION greedy() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                DELETE FROM bookings b WHERE b.id = (SELECT id FROM bookings WHERE source <> 'slotfill' LIMIT 1);
                RETURN NULL;
            END $$
            """
        )
        deferred = "CONSTRAINT" if not when else ""
        place = when or "AFTER DELETE ON bookings DEFERRABLE INITIALLY DEFERRED"
        await c.execute(f"CREATE {deferred} TRIGGER greedy {place} FOR EACH ROW EXECUTE FUNCTION greedy()")
        before = await fingerprint(database.dsn)
        with pytest.raises(NotOnlyThose, match=r"nothing was changed: bookings would have lost \d+ rows and not \d+"):
            await cleaned(database.dsn, mine("greedy", events))
        assert await fingerprint(database.dsn) == before, name
        await c.execute("DROP TRIGGER greedy ON bookings")
    await cleaned(database.dsn, mine("greedy", events))
    assert await c.fetchval("SELECT count(*) FROM bookings") == 1
    await c.close()


async def test_rows_of_a_table_that_nobody_knows_are_not_dragged_along(database: ScratchDatabase) -> None:
    events = await played(database.dsn, "fill", "points")
    c = await database.connect()
    await c.execute("CREATE TABLE loyalty_points (booking_id uuid REFERENCES bookings (id) ON DELETE CASCADE)")
    await c.execute("INSERT INTO loyalty_points VALUES ($1)", bookings(events)[0])
    before = await fingerprint(database.dsn)
    with pytest.raises(NotOnlyThose, match="loyalty_points would have lost 1 rows and not 0"):
        await cleaned(database.dsn, mine("points", events))
    assert await fingerprint(database.dsn) == before
    await c.execute("ALTER TABLE loyalty_points DROP CONSTRAINT loyalty_points_booking_id_fkey")
    await c.execute("ALTER TABLE loyalty_points ADD FOREIGN KEY (booking_id) REFERENCES bookings (id)")
    with pytest.raises(DatabaseFailed, match="nothing was changed: 23503"):
        await cleaned(database.dsn, mine("points", events))
    await c.close()


async def test_a_trigger_that_keeps_a_row_is_found_too(database: ScratchDatabase) -> None:
    events = await played(database.dsn, "fill", "sticky")
    c = await database.connect()
    await c.execute("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
    await c.execute("CREATE TRIGGER keep BEFORE DELETE ON capacity_outbox FOR EACH ROW EXECUTE FUNCTION keep()")
    with pytest.raises(NotOnlyThose, match="capacity_outbox"):
        await cleaned(database.dsn, mine("sticky", events))
    await c.close()


async def test_tables_that_are_not_there_are_passed_over_and_said(database: ScratchDatabase) -> None:
    events = await played(database.dsn, "fill", "fewer")
    c = await database.connect()
    for table in ("booking_versions", "analytics_events", "observability_events", "slotfill_planted"):
        await c.execute(f"DROP TABLE {table} CASCADE")
    await c.execute("ALTER TABLE booking_assignment_attempts RENAME booking_id TO booking")
    done = await cleaned(database.dsn, mine("fewer", events))
    assert done.absent == (
        "analytics_events", "booking_assignment_attempts", "booking_versions", "observability_events",
    )  # fmt: skip
    assert await c.fetchval("SELECT count(*) FROM bookings") == 0
    await c.close()


async def test_a_run_that_works_in_the_database_is_not_disturbed(database: ScratchDatabase) -> None:
    events = await played(database.dsn, "fill", "busy")
    c = await database.connect()
    assert await c.fetchval("SELECT pg_try_advisory_lock(hashtext('slotfill'), hashtext('run'))")
    before = await fingerprint(database.dsn)
    with pytest.raises(Busy, match="stop it first"):
        await cleaned(database.dsn, mine("busy", events))
    assert await fingerprint(database.dsn) == before
    await c.close()


async def test_whoever_has_a_booking_in_hand_is_waited_for_and_then_given_way_to(
    database: ScratchDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = await played(database.dsn, "fill", "locked")
    monkeypatch.setattr("engine.repair.clean._LOCK_MS", 50)
    c = await database.connect()
    async with c.transaction():
        await c.execute("SELECT FROM bookings WHERE id = $1 FOR UPDATE", bookings(events)[0])
        with pytest.raises(DatabaseFailed, match="failed and nothing was changed: 55P03"):
            await cleaned(database.dsn, mine("locked", events))
    assert not (await cleaned(database.dsn, mine("locked", events))).left
    await c.close()


async def test_a_commit_that_nobody_answered_is_told_as_what_it_is(
    database: ScratchDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = await played(database.dsn, "fill", "doubt")
    c = await database.connect()
    commit = Connection.commit

    async def lost(connection: Connection) -> str:
        await commit(connection)
        await c.execute("SELECT pg_terminate_backend($1, 2000)", connection.pid)
        return await commit(connection)

    monkeypatch.setattr(Connection, "commit", lost)
    with pytest.raises(DatabaseFailed, match="whether run doubt was cleaned is not known"):
        await cleaned(database.dsn, mine("doubt", events))
    monkeypatch.undo()
    assert (await cleaned(database.dsn, mine("doubt", events))).is_nothing
    await c.close()
