"""What the probe says of a database: fit, fit with adaptations, or what is missing."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from engine.contract import Contract, page
from engine.database import Connection
from engine.fitness import NEEDS
from engine.platform.cluster import Cluster
from engine.probe import probe
from tests.owners.build import OwnersDatabase
from tests.scratch import ScratchDatabase


async def look(dsn: str, *, seeded: bool = True) -> Contract:
    connection = await Connection.open(dsn, application_name="probe", timeout_s=10, pooled=True)
    try:
        return await probe(connection, seeded=seeded)
    finally:
        await connection.close()


@pytest.fixture
async def c(database: ScratchDatabase) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await database.connect()
    yield connection
    await connection.close()


async def counts(c: "asyncpg.Connection[Any]") -> list[int]:
    return [await c.fetchval(f"SELECT count(*) FROM {name}") for name in NEEDS]


async def test_the_reference_platform_is_fit_and_nothing_is_written(
    database: ScratchDatabase, c: "asyncpg.Connection[Any]"
) -> None:
    before = await counts(c)
    contract = await look(database.dsn)
    assert contract.unfit == ()
    assert contract.submits_by_function
    assert (contract.pooled, contract.holds_outlast_window, contract.needs_context) == (False, False, False)
    assert await counts(c) == before
    assert "speaks the booking platform's contract" in page(contract)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        *((f"DROP TABLE {name} CASCADE", f"the table {name} is missing") for name in NEEDS),
        ("DROP FUNCTION confirm_hold_assignment_tx", "the function confirm_hold_assignment_tx is missing"),
        ("DROP FUNCTION assign_tables_atomic_v2", "assign_tables_atomic_v2 with seven arguments is missing"),
        ("ALTER TABLE bookings DROP COLUMN details", "bookings has no column details"),
        ("DROP EXTENSION btree_gist CASCADE", "has no exclusion constraint"),
        ("DELETE FROM restaurants", "sees no active restaurant"),
    ],
)
async def test_what_is_missing_is_told_on_the_page(
    database: ScratchDatabase, c: "asyncpg.Connection[Any]", damage: str, told: str
) -> None:
    if damage.startswith("DELETE"):
        await c.execute("TRUNCATE restaurants CASCADE")
    else:
        await c.execute(damage)
    contract = await look(database.dsn)
    assert any(told in one for one in contract.unfit), contract.unfit
    assert told in page(contract)
    assert "no row was written" in page(contract)


async def test_a_right_that_is_missing_is_told_with_the_grant_that_cures_it(
    database: ScratchDatabase, c: "asyncpg.Connection[Any]"
) -> None:
    role = f"clerk_{database.name}"
    await c.execute(f"CREATE ROLE {role} LOGIN")
    try:
        await c.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
        contract = await look(as_role(database, role))
        assert f"{role} may not INSERT on bookings; GRANT INSERT ON bookings TO {role}" in contract.unfit
    finally:
        await c.execute(f"DROP OWNED BY {role}")
        await c.execute(f"DROP ROLE {role}")


def as_role(database: ScratchDatabase, role: str) -> str:
    before, _, after = database.dsn.partition("@")
    return f"{before.partition('//')[0]}//{role}@{after}"


@pytest.mark.parametrize("setting", ["default_transaction_read_only = on"])
async def test_a_database_that_takes_no_writes_is_unfit(
    database: ScratchDatabase, c: "asyncpg.Connection[Any]", setting: str
) -> None:
    await c.execute(f'ALTER DATABASE "{database.name}" SET {setting}')
    contract = await look(database.dsn)
    assert any("default_transaction_read_only" in one for one in contract.unfit)


async def test_sessions_that_begin_in_another_time_zone_are_told(
    database: ScratchDatabase, c: "asyncpg.Connection[Any]"
) -> None:
    await c.execute(f"ALTER DATABASE \"{database.name}\" SET TimeZone = 'America/New_York'")
    contract = await look(database.dsn)
    assert contract.unfit == ()
    assert any("America/New_York" in one.reason for one in contract.adaptations)


async def test_a_function_that_cannot_work_is_found_out_without_a_row(
    database: ScratchDatabase, c: "asyncpg.Connection[Any]"
) -> None:
    await c.execute("DROP FUNCTION booking_refusal")
    before = await counts(c)
    contract = await look(database.dsn)
    assert contract.unfit == ()
    assert not contract.submits_by_function
    assert any("42883" in one.reason for one in contract.adaptations)
    assert await counts(c) == before


async def test_another_database_altogether_is_told_at_once(cluster: Cluster) -> None:
    contract = await look(cluster.admin_dsn)
    assert contract.tables == 0
    assert len([one for one in contract.unfit if "none of the platform's tables" in one]) == 1


@pytest.mark.parametrize("variant", ["plain", "live", "extensions"])
async def test_the_owners_database_is_fit_with_its_faults_in_place(owners: OwnersDatabase, variant: str) -> None:
    contract = await look(owners.dsn)
    assert contract.unfit == ()
    assert contract.holds_outlast_window
    assert contract.submits_by_function is (variant == "live")
    assert any("42725" in one for one in contract.notes)
    assert any("40P01" in one for one in contract.notes)
    assert any("42883" in one.reason for one in contract.adaptations) is (variant == "extensions")
    assert contract.confirms_by_tables is (variant == "extensions")


async def test_the_owners_service_role_wants_a_restaurant_context(owners: OwnersDatabase) -> None:
    contract = await look(owners.dsn_as("service_role"))
    assert contract.unfit == ()
    assert contract.needs_context


async def test_a_role_that_sees_nothing_is_unfit(owners: OwnersDatabase) -> None:
    contract = await look(owners.dsn_as("authenticated"))
    assert any("has no policy for authenticated" in one for one in contract.unfit)
