"""What a hold leaves and takes: windows, shadows, and the table's row."""

import asyncio

import asyncpg

from tests.owners.build import OwnersDatabase
from tests.owners.guest import Conn, assign, booking, hold, refused


async def test_a_second_hold_is_refused_by_the_windows(c: Conn) -> None:
    await hold(c, await booking(c), "MD-01")
    await refused(hold(c, await booking(c), "MD-01"), "23P01", 'exclusion constraint "thw_no_overlap"')
    await c.execute("UPDATE table_hold_windows SET expires_at = now() - interval '1 day'")
    await refused(hold(c, await booking(c), "MD-01"), "23P01", 'exclusion constraint "thw_no_overlap"')
    await c.execute("SELECT set_hold_conflict_enforcement(false)")
    assert not await c.fetchval("SELECT is_holds_strict_conflicts_enabled()")
    await refused(hold(c, await booking(c), "MD-01"), "23P01", 'exclusion constraint "thw_no_overlap"')


async def test_a_hold_deleted_outright_leaves_its_shadow(c: Conn) -> None:
    held = await hold(c, await booking(c), "MD-01")
    await c.execute("DELETE FROM table_holds WHERE id = $1", held)
    assert await c.fetchval("SELECT count(*) FROM table_hold_windows") == 0
    assert await c.fetchval("SELECT count(*) FROM allocations WHERE shadow") == 1


async def test_members_deleted_first_take_the_shadow_along(c: Conn) -> None:
    held = await hold(c, await booking(c), "MD-01")
    await c.execute("DELETE FROM table_hold_members WHERE hold_id = $1", held)
    await c.execute("DELETE FROM table_holds WHERE id = $1", held)
    assert await c.fetchval("SELECT count(*) FROM allocations") == 0


async def test_a_hold_on_a_table_that_the_booking_has_makes_a_shadow_of_the_real_one(c: Conn) -> None:
    b = await booking(c)
    await assign(c, b, "MD-01")
    await hold(c, b, "MD-01")
    row = await c.fetchrow("SELECT count(*), bool_and(shadow) FROM allocations WHERE booking_id = $1", b)
    assert tuple(row or ()) == (1, True)


async def test_a_hold_locks_the_table_s_row(owners: OwnersDatabase, c: Conn) -> None:
    b = await booking(c)
    other = await owners.connect()
    async with c.transaction():
        await hold(c, b, "MD-01")
        await refused(
            other.fetch("SELECT FROM table_inventory WHERE table_number = 'MD-01' FOR UPDATE NOWAIT"),
            "55P03",
            "could not obtain lock",
        )
    await other.close()


async def test_simultaneous_holds_of_one_table_end_in_a_conflict_or_a_deadlock(owners: OwnersDatabase, c: Conn) -> None:
    """Each waits for the other's window where both were entered before either looked; which of the two is chance."""
    sessions = [await owners.connect(deadlock_timeout="20ms") for _ in range(4)]
    barrier = asyncio.Barrier(len(sessions))
    told: list[str] = []

    async def race(session: Conn) -> None:
        b = await booking(session)
        try:
            await hold(session, b, "MD-01", meet=barrier)
            told.append("held")
        except asyncpg.PostgresError as error:
            told.append(str(error.sqlstate))

    for _ in range(10):
        await asyncio.gather(*(race(session) for session in sessions))
        await c.execute("DELETE FROM table_hold_members")
        await c.execute("DELETE FROM table_holds")
    assert set(told) <= {"held", "23P01", "40P01"}
    assert 1 <= told.count("held") <= 10
    for session in sessions:
        await session.close()


async def test_tables_are_taken_row_by_row_in_the_order_given_and_deadlock_in_opposite_ones(
    owners: OwnersDatabase, c: Conn
) -> None:
    # Slow enough that each has its first table before either asks for its second.
    await c.execute(
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END';"
        "CREATE TRIGGER linger AFTER INSERT ON table_hold_windows FOR EACH ROW EXECUTE FUNCTION linger()"
    )
    sessions = [await owners.connect(deadlock_timeout="20ms") for _ in range(2)]
    orders = (("MD-01", "MD-02"), ("MD-02", "MD-01"))
    barrier = asyncio.Barrier(2)

    async def race(session: Conn, numbers: tuple[str, ...]) -> str:
        b = await booking(session)
        try:
            await hold(session, b, *numbers, meet=barrier)
        except asyncpg.PostgresError as error:
            return str(error.sqlstate)
        return "held"

    told = await asyncio.gather(*(race(*each) for each in zip(sessions, orders, strict=True)))
    assert sorted(told) == ["40P01", "held"]
    for session in sessions:
        await session.close()
