"""The platform under several clients: one winner, no deadlock, no overlap."""

import asyncio
import random
from typing import Any
from uuid import UUID

import asyncpg

from tests.platform.house import assign, booking, confirm, hold
from tests.scratch import ScratchDatabase


async def test_two_holds_of_one_table_have_one_winner_and_one_refusal(database: ScratchDatabase) -> None:
    connections = [await database.connect() for _ in range(2)]
    barrier = asyncio.Barrier(2)
    bookings = [await booking(connections[0]) for _ in range(2)]

    async def race(c: "asyncpg.Connection[Any]", b: UUID) -> str:
        await barrier.wait()
        try:
            await hold(c, b, ["MD-01"])
        except asyncpg.ExclusionViolationError as error:
            return f"{error.sqlstate} {error.constraint_name}"
        return "won"

    for _ in range(10):
        told = await asyncio.gather(*(race(c, b) for c, b in zip(connections, bookings, strict=True)))
        assert sorted(told) == ["23P01 thw_no_overlap", "won"]
        await connections[0].execute("DELETE FROM table_holds")
    for c in connections:
        await c.close()


async def test_holds_of_the_same_tables_in_any_order_do_not_deadlock(database: ScratchDatabase) -> None:
    """Members given in opposite orders are taken in one order."""
    connections = [await database.connect() for _ in range(4)]
    bookings = [await booking(connections[0]) for _ in range(4)]

    async def client(c: "asyncpg.Connection[Any]", b: UUID, order: list[str]) -> None:
        for _ in range(100):
            try:
                held = await hold(c, b, order)
            except asyncpg.ExclusionViolationError:
                continue
            await c.execute("DELETE FROM table_holds WHERE id = $1", held)

    orders = [["MD-01", "MD-02", "MD-03"], ["MD-03", "MD-02", "MD-01"]] * 2
    await asyncio.gather(*(client(*each) for each in zip(connections, bookings, orders, strict=True)))
    assert (
        await connections[0].fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0
    )
    for c in connections:
        await c.close()


async def test_eight_clients_in_five_zones_never_deadlock_and_never_overlap(database: ScratchDatabase) -> None:
    setup = await database.connect()
    rows = await setup.fetch("SELECT table_number, zone_id FROM table_inventory ORDER BY table_number")
    zones: dict[UUID, list[str]] = {}
    for row in rows:
        zones.setdefault(row["zone_id"], []).append(row["table_number"])
    await setup.execute("ALTER SYSTEM SET deadlock_timeout = '100ms'")
    await setup.execute("SELECT pg_reload_conf()")
    told: list[str] = []

    async def client(number: int) -> None:
        c = await database.connect()
        chance = random.Random(number)
        for n in range(12):
            numbers = chance.sample(chance.choice(list(zones.values())), chance.choice([1, 2, 3]))
            hour = chance.choice([12, 13])
            b = await booking(c, party=1, at=f"{hour}:00", until=f"{hour + 1}:30")
            try:
                if n % 2:
                    await assign(c, b, numbers, f"k{n}")
                else:
                    await confirm(c, await hold(c, b, numbers, at=f"{hour}:00"), b)
                told.append("filled")
            except asyncpg.PostgresError as error:
                told.append(f"{error.sqlstate} {error.constraint_name or error.args[0][:30]}")
        await c.close()

    try:
        await asyncio.gather(*(client(number) for number in range(8)))
    finally:
        await setup.execute("ALTER SYSTEM RESET deadlock_timeout")
        await setup.execute("SELECT pg_reload_conf()")
    assert told.count("filled") >= 10
    assert not [line for line in told if line.startswith(("40", "55", "22", "42", "XX"))]
    overlaps = await setup.fetchval(
        "SELECT count(*) FROM booking_table_assignments a JOIN booking_table_assignments b "
        "ON a.table_id = b.table_id AND a.id < b.id AND a.assignment_window && b.assignment_window"
    )
    assert overlaps == 0
    loose = await setup.fetchval(
        "SELECT count(*) FROM booking_table_assignments a LEFT JOIN allocations l ON l.id = a.allocation_id "
        'WHERE l.id IS NULL OR l.shadow OR l."window" <> a.assignment_window'
    )
    assert loose == 0
    await setup.close()
