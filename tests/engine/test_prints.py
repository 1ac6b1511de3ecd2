"""Fingerprints of somebody's database: the same while nothing changes, another as soon as anything that counts does."""

from datetime import date

import pytest

from engine.contract import REFERENCE
from engine.database import Connection, DatabaseFailed
from engine.prints import prints
from engine.restaurants import read_floors
from tests.scratch import ScratchDatabase

DAY = date(2027, 3, 1)


async def printed(database: ScratchDatabase, day: date = DAY) -> dict[str, str]:
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=10)
    try:
        floors = await read_floors(connection, ("all",))
    finally:
        await connection.close()

    async def connect(name: str) -> Connection:
        return await Connection.open(database.dsn, application_name=name, timeout_s=10)

    return await prints(connect, floors, day, REFERENCE)


CHANGES = {
    "ALTER TABLE bookings ADD COLUMN remark text": "schema",
    "CREATE INDEX mine ON bookings (party_size)": "schema",
    "ALTER TABLE bookings DISABLE TRIGGER USER": "schema",
    "ALTER TABLE table_hold_windows DROP CONSTRAINT thw_no_overlap": "schema",
    "CREATE OR REPLACE FUNCTION public.mine() RETURNS int LANGUAGE sql AS $$ VALUES (1) $$": "schema",
    "UPDATE table_inventory SET capacity = capacity + 1": "data",
    "UPDATE bookings SET party_size = party_size + 1 WHERE id = (SELECT min(id::text)::uuid FROM bookings)": "data",
    "DELETE FROM bookings WHERE id = (SELECT min(id::text)::uuid FROM bookings)": "data",
}  # fmt: skip


async def test_each_change_that_counts_is_another_fingerprint_and_of_its_kind(stress: ScratchDatabase) -> None:
    before = await printed(stress)
    assert set(before) == {"schema", "data"}
    assert before == await printed(stress)
    connection = await stress.connect()
    try:
        for change, kind in CHANGES.items():
            await connection.execute(change)
            after = await printed(stress)
            assert {name for name in after if after[name] != before[name]} == {kind}, change
            before = after
        # What lies behind the day of a run is none of its business.
        assert (await printed(stress, date(2030, 1, 1)))["data"] != before["data"]
        await connection.execute("ANALYZE bookings")
        assert await printed(stress) == before
    finally:
        await connection.close()


async def test_a_database_that_cannot_be_read_has_none(database: ScratchDatabase) -> None:
    async def connect(name: str) -> Connection:
        raise DatabaseFailed(f"{name}: gone")

    assert await prints(connect, {}, DAY, REFERENCE) == {}


@pytest.mark.parametrize("word", ["bookings", "table_holds"])
async def test_a_table_that_is_not_there_is_another_schema(database: ScratchDatabase, word: str) -> None:
    before = await printed(database)
    connection = await database.connect()
    try:
        await connection.execute(f"ALTER TABLE {word} RENAME TO {word}_before")
    finally:
        await connection.close()
    after = await printed(database)
    assert after == {} or after["schema"] != before["schema"]
