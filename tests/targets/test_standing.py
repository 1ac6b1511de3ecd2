"""Bookings read again and again: the same as the ledger's own reading, wherever that works."""

import asyncio
from uuid import UUID, uuid4

import msgspec
import pytest

from engine.contract import REFERENCE, Terms
from engine.database import DatabaseFailed
from engine.model.event import AttemptEnded
from engine.model.ids import RunId
from engine.model.ledger import HeldRow
from engine.targets.postgres import PostgresTarget
from tests.owners.build import OwnersDatabase
from tests.scratch import ScratchDatabase
from tests.targets.pooler import pooler
from tests.targets.test_foreign import filled, opened


async def both(target: PostgresTarget, ended: list[AttemptEnded]) -> dict[UUID, HeldRow]:
    """What a standing reads of these bookings, once it was compared with the ledger's reading."""
    bookings = [one.booking_id for one in ended]
    xids = [one.xid for one in ended if one.xid is not None]
    standing = target.standing()
    try:
        await standing.read(bookings[:1], [])
        reading = await standing.read([*bookings, uuid4()], xids)
        whole = await target.held(bookings, xids)
    finally:
        await standing.close()
    assert reading.unseen == whole.unseen == frozenset()
    assert reading.rows == {
        booking: msgspec.structs.replace(row, attempt=None)
        for booking, row in whole.rows.items()
        if booking in bookings
    }
    return reading.rows


async def test_behind_row_security_every_restaurant_s_bookings_are_read(owners: OwnersDatabase) -> None:
    target, contract = await opened(owners.dsn_as("service_role"))
    assert contract.needs_context
    ended, _ = await filled(target, workers=2, stress_max=1)
    rows = await both(target, ended)
    assert len(rows) == len(ended) > 1


async def test_behind_a_transaction_pooler_it_reads_the_same(database: ScratchDatabase) -> None:
    async with pooler(database.dsn) as dsn:
        target, contract = await opened(dsn)
        assert contract.pooled
        ended, _ = await filled(target, workers=2)
        rows = await both(target, ended)
    assert {row.status for row in rows.values()} >= {"confirmed"}
    assert all(row.tables and row.start for row in rows.values() if row.status == "confirmed")


async def test_a_transaction_that_is_not_over_is_named_and_a_slow_statement_is_given_up(
    database: ScratchDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, _ = await opened(database.dsn)
    target = PostgresTarget("slow", database.dsn, RunId("test"), target.floors, REFERENCE, Terms(step_timeout_s=10))
    standing = target.standing()
    c = await database.connect()
    transaction = c.transaction()
    await transaction.start()
    xid = await c.fetchval("SELECT pg_current_xact_id()::text::bigint")
    try:
        assert (await standing.read([uuid4()], [xid])).unseen == {xid}
        await c.execute("LOCK TABLE bookings")
        monkeypatch.setattr("engine.standing.STATEMENT_TIMEOUT", "50ms")
        with pytest.raises(DatabaseFailed, match="57014"):
            await asyncio.wait_for(standing.read([uuid4()], []), 10)
    finally:
        await transaction.rollback()
        await c.close()
    assert (await standing.read([uuid4()], [xid])).rows == {}
    await standing.close()
