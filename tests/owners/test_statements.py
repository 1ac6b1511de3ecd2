"""Every statement and every check of ours on the owners' database."""

import datetime as dt
import re
from pathlib import Path

import asyncpg
import pytest

from engine.database import Connection, sql
from engine.model.integrity import Integrity
from engine.verify.integrity import CHECKS, check, restaurants_of
from tests.owners.build import VARIANTS, OwnersDatabase
from tests.owners.guest import Conn, booking, confirm, hold

QUERIES = Path(__file__).parents[2] / "queries"
STATEMENTS = sorted(
    f"{room}/{path.stem}"
    for room in ("fill", "truth", "verify", "observe", "repair")
    for path in (QUERIES / room).glob("*.sql")
)


async def checked(owners: OwnersDatabase) -> Integrity:
    connection = await Connection.open(owners.dsn, application_name="check", timeout_s=10)
    try:
        places = await restaurants_of(connection)
        return await check(connection, [place.id for place in places], dt.timedelta(seconds=180))
    finally:
        await connection.close()


@pytest.mark.parametrize("role", [None, "service_role"])
@pytest.mark.parametrize("variant", VARIANTS)
async def test_no_statement_of_ours_fails_on_it(owners: OwnersDatabase, role: str | None) -> None:
    c = await owners.connect(role=role)
    trouble = {}
    for name in STATEMENTS:
        text = sql(name)
        # Statistics of statements are an extension that the owners do not have, and the sampler asks before it looks.
        if "pg_stat_statements" in re.sub(r"--[^\n]*", "", text):
            continue
        try:
            await c.prepare(text)
        except asyncpg.PostgresError as error:
            trouble[name] = str(error)
    await c.close()
    assert trouble == {}


@pytest.mark.parametrize("variant", VARIANTS)
async def test_every_integrity_check_runs_and_an_untouched_floor_passes(owners: OwnersDatabase) -> None:
    found = await checked(owners)
    assert found.failed == {}
    assert set(found.counts) == {one.name for one in CHECKS}
    assert not any(found.counts.values())


async def test_what_their_functions_leave_behind_is_found(owners: OwnersDatabase, c: Conn) -> None:
    undone, held = await booking(c), await booking(c)
    await confirm(c, await hold(c, undone, "MD-01"), undone)
    await c.execute("SELECT unassign_tables_atomic($1)", undone)
    await c.execute("DELETE FROM table_holds WHERE id = $1", await hold(c, held, "MD-02"))
    found = await checked(owners)
    assert {name for name, count in found.counts.items() if count} == {
        "confirmed_without_tables",
        "ledger_without_tables",
        "shadow_allocations",
    }
