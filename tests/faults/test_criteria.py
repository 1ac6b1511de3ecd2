"""The common criteria let a good result pass and name everything that is wrong with a bad one."""

from typing import Any
from uuid import uuid4

import pytest

from engine.model.ledger import Ledger
from tests.faults.criteria import broken, criteria, leftovers, nothing_left, of_ledger
from tests.platform import house
from tests.scratch import ScratchDatabase

GOOD = Ledger(attempts=5, acknowledged=2, persisted=2, recovered=1, void=2)


def result(**changed: int) -> dict[str, Any]:
    found = of_ledger(GOOD)
    found["ledger"] |= changed
    return found


def test_a_ledger_that_balances_meets_every_criterion() -> None:
    criteria(result())


@pytest.mark.parametrize("word", ["lost", "torn", "altered", "unverified", "unresolved"])
def test_one_bad_attempt_is_named(word: str) -> None:
    bad = result(**{word: 1, "attempts": 6})
    assert broken(bad) == [next(one for one in broken(bad) if word in one)]
    with pytest.raises(AssertionError, match=f"1 {word}"):
        criteria(bad)


@pytest.mark.parametrize("word", ["duplicate", "phantom"])
def test_what_stands_beside_the_equation_is_named_too(word: str) -> None:
    assert [word in one for one in broken(result(**{word: 1}))] == [True]


def test_a_ledger_that_says_it_balances_is_counted_again() -> None:
    assert "does not balance" in " ".join(broken(result(attempts=7)))


def test_as_many_unresolved_as_are_allowed_pass() -> None:
    criteria(result(unresolved=1, attempts=6), unresolved=1)


async def test_a_session_and_a_hold_that_are_left_are_named_and_those_in_doubt_excepted(
    database: ScratchDatabase,
) -> None:
    await nothing_left(database.dsn)
    connection = await database.connect()
    booking = await house.booking(connection)
    await house.hold(connection, booking, ["MD-05"])
    assert (await leftovers(database.dsn)).holds == (booking,)
    assert (await leftovers(database.dsn, [booking])).holds == ()
    assert (await leftovers(database.dsn, [uuid4()])).holds == (booking,)
    await connection.execute("SET application_name = 'slotfill 0301-1200-xxxx w00'")
    assert (await leftovers(database.dsn, within_s=0.0)).sessions == ("slotfill 0301-1200-xxxx w00",)
    await connection.close()
