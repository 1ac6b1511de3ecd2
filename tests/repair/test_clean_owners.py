"""Cleaning in databases of the owners' making: other triggers, fewer columns, tables that are not there."""

from tests.owners.build import OwnersDatabase
from tests.owners.conftest import owners, owners_copied_from, owners_template, variant
from tests.repair.prints import differences, fingerprint
from tests.repair.runs import cleaned, listed, mine, played
from tests.repair.test_clean import bookings

__all__ = ["owners", "owners_copied_from", "owners_template", "variant"]


async def test_there_too_every_table_is_again_as_it_was(owners: OwnersDatabase) -> None:
    await see_that_it_comes_back(owners)


async def see_that_it_comes_back(owners: OwnersDatabase) -> None:
    await played(owners.dsn, "fill", "before", workers=1)
    before = await fingerprint(owners.dsn)
    events = await played(owners.dsn, "fill", "run1", seed=3, workers=1)
    assert bookings(events)
    left = await played(owners.dsn, "assign", "run2", workers=1)
    done = await cleaned(owners.dsn, mine("run2", left))
    assert done.restored_count == len(bookings(left))
    await cleaned(owners.dsn, mine("run1", events))
    assert differences(before, await fingerprint(owners.dsn)) == {}
    assert (await cleaned(owners.dsn, mine("run1", events))).is_nothing


async def test_behind_row_security_each_restaurant_is_cleaned_in_its_own_context(owners: OwnersDatabase) -> None:
    before = await fingerprint(owners.dsn)
    events = await played(owners.dsn, "fill", "run1", workers=1)
    dsn = owners.dsn_as("service_role")
    told = await listed(dsn, mine("run1", events), needs_context=True)
    assert told.rows
    done = await cleaned(dsn, mine("run1", events), needs_context=True)
    assert [(one.table, one.rows) for one in done.tables] == [(one.table, one.rows) for one in told.tables]
    assert differences(before, await fingerprint(owners.dsn)) == {}
