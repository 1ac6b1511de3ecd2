"""Assignments of different bookings, tables, zones and hours of one restaurant, at once: the owners' worst fault."""

import asyncio
from collections import Counter

import asyncpg

from tests.owners.build import OwnersDatabase
from tests.owners.guest import Conn, assign, booking

CLIENTS = 8
ROUNDS = 4
FREE = (("MD-01", "BA-01", "PT-01", "PR-01", "OG-01"), ("12:00", "14:00"))


async def told_by(owners: OwnersDatabase, **settings: str) -> Counter[str]:
    """What so many clients are told, each with a zone and hour of its own, begun together in each round."""
    sessions = [await owners.connect(deadlock_timeout="50ms", **settings) for _ in range(CLIENTS)]
    places = [(number, at) for at in FREE[1] for number in FREE[0]][:CLIENTS]
    barrier = asyncio.Barrier(CLIENTS)
    told: Counter[str] = Counter()

    async def client(session: Conn, number: str, at: str) -> None:
        for _ in range(ROUNDS):
            b = await booking(session, at=at)
            await barrier.wait()
            try:
                await assign(session, b, number)
                told["assigned"] += 1
                await session.execute("SELECT unassign_tables_atomic($1)", b)
            except asyncpg.PostgresError as error:
                told[str(error.sqlstate)] += 1

    await asyncio.gather(*(client(session, *place) for session, place in zip(sessions, places, strict=True)))
    for session in sessions:
        await session.close()
    return told


async def test_assignments_that_share_nothing_but_the_restaurant_deadlock(owners: OwnersDatabase) -> None:
    told = await told_by(owners)
    assert told["40P01"] > 0
    assert told.keys() <= {"assigned", "40P01"}


async def test_without_the_check_after_the_assignment_none_do(owners: OwnersDatabase) -> None:
    told = await told_by(owners, **{"app.capacity.post_assignment.enabled": "off"})
    assert told == {"assigned": CLIENTS * ROUNDS}
