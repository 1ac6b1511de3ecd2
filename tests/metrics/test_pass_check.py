"""T22, the rule: what the next pass takes is what was pending less what persisted, and every difference has a name."""

from collections.abc import Collection
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.metrics.pass_check import PassCheck, checked_pass, claims_of
from engine.model.event import AttemptEnded
from engine.model.ids import AttemptId, Ids, RunId
from engine.model.ledger import Entry, HeldRow, Reading
from engine.model.outcome import Certainty, Outcome


def claim(number: int, *, tables: tuple[str, ...] = ("4",), outcome: Outcome = Outcome.FILLED) -> AttemptEnded:
    return AttemptEnded(
        at_ns=number, ids=Ids(RunId("test"), 0, attempt=AttemptId(number)), due_ns=0, started_ns=0, ended_ns=number,
        outcome=outcome.word, certainty=Certainty.OK, booking_id=UUID(int=number), ordinal=1, tries=1, steps=(),
        tables=tables, xid=number,
    )  # fmt: skip


def row(number: int, status: str = "confirmed", *tables: str) -> HeldRow:
    return HeldRow(UUID(int=number), status, "", list(tables))


def checked(claims: Collection[AttemptEnded], rows: Collection[HeldRow], pending: Collection[int]) -> PassCheck:
    reading = Reading({one.booking_id: one for one in rows})
    tried = [UUID(int=number) for number in range(1, 6)]
    return checked_pass(1, tried, claims_of(claims, [0]), reading, [UUID(int=number) for number in pending])


def test_a_pass_that_left_what_it_should_have_left_has_nothing_to_say() -> None:
    found = checked([claim(1), claim(2)], [row(1, "confirmed", "4"), row(2, "confirmed", "4")], [3, 4, 5])
    assert found == PassCheck(1, 5, 2, 2, 3, ())
    assert found.text == ""


def test_what_was_acknowledged_and_is_pending_again_is_lost_and_the_whole_sum_is_told() -> None:
    replay = claim(2, tables=(), outcome=Outcome.REPLAY)
    found = checked([claim(1), replay], [row(1, "pending"), row(2, "pending")], [1, 2, 3, 4, 5])
    assert [(one.attempt, one.entry) for one in found.differences] == [(1, Entry.LOST), (2, Entry.LOST)]
    assert found.text == (
        "pass 1 began with 5 pending: 2 were acknowledged and 0 persisted, so 3 should be pending by its own account "
        "and 5 by the database's; 5 are: 2 lost"
    )
    assert "ledger replay" in found.differences[1].why
    assert "#2 lost, pending (ledger replay" in found.items


def test_what_is_not_pending_and_not_there_whole_is_named_too() -> None:
    rows = [row(1), row(2, "pending", "4"), row(3, "cancelled")]
    found = checked([claim(1), claim(2)], rows, [4, 5])
    assert [(one.booking_id.int, one.entry) for one in found.differences] == [
        (1, Entry.TORN), (2, Entry.TORN), (3, None),
    ]  # fmt: skip
    assert "cancelled (it is not pending any more, and nobody was told success of it)" in found.items
    assert "2 torn, 1 unexplained" in found.text


def test_what_nobody_knew_of_is_named_and_so_is_what_an_earlier_pass_was_told() -> None:
    found = checked([claim(9)], [row(9, "pending")], [1, 2, 3, 4, 5, 9, 8])
    assert [(one.booking_id.int, one.entry) for one in found.differences] == [(9, Entry.LOST), (8, None)]
    assert found.acknowledged == 0, "it was not this pass that was told"


def test_one_that_was_undone_between_the_two_readings_is_lost() -> None:
    found = checked([claim(1)], [row(1, "confirmed", "4")], [1, 2, 3, 4, 5])
    assert found.differences[0].entry is Entry.LOST
    assert found.persisted == 0


def test_a_reading_that_could_not_see_it_yet_says_nothing_of_it() -> None:
    reading = Reading({UUID(int=1): row(1, "pending")}, frozenset({1}))
    found = checked_pass(1, [UUID(int=1)], claims_of([claim(1)], [0]), reading, [])
    assert found.differences == ()


@given(
    tried=st.sets(st.integers(1, 9)), told=st.sets(st.integers(1, 9)), there=st.sets(st.integers(1, 9)),
    now=st.sets(st.integers(1, 12)),
)  # fmt: skip
def test_there_is_a_difference_exactly_where_the_sets_differ(
    tried: set[int], told: set[int], there: set[int], now: set[int]
) -> None:
    now -= there
    reading = Reading({UUID(int=one): row(one, "confirmed", "4") for one in there})
    claims = claims_of([claim(one) for one in told], [0])
    found = checked_pass(1, [UUID(int=one) for one in tried], claims, reading, [UUID(int=one) for one in now])
    named = {one.booking_id.int for one in found.differences}
    assert named == (told - there) | ((now ^ (tried - there)) - told)
    assert len(found.differences) == len(named)
    assert bool(found.text) == bool(named)
    assert msgspec.to_builtins(found)
