"""The ledger: every attempt is one thing or another, and what is not as claimed is named with its likeliest cause."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.metrics.ledger import Words, ledger
from engine.model.event import AttemptEnded, Intended
from engine.model.ids import AttemptId, Ids, RunId
from engine.model.ledger import Entry, HeldRow, Ledger
from engine.model.outcome import Certainty
from engine.model.path import Path
from engine.model.step import Step

ROW = dict[UUID, HeldRow]


def booking(number: int) -> UUID:
    return UUID(int=number)


def word(
    attempt: int,
    certainty: Certainty = Certainty.OK,
    *,
    of: int | None = None,
    tables: tuple[str, ...] = ("A",),
    outcome: str = "filled",
    xid: int | None = None,
    path: Path | None = None,
) -> AttemptEnded:
    ids = Ids(run=RunId("r"), attempt=AttemptId(attempt))
    return AttemptEnded(
        attempt, ids, 0, 0, 1, outcome, certainty, booking(of or attempt), 1, 1, (), tables=tables, xid=xid, path=path
    )


def row(number: int, status: str = "confirmed", *tables: str, key: str = "") -> HeldRow:
    return HeldRow(booking(number), status, key or f"k{number}", list(tables))


def kept(events: list[AttemptEnded], rows: list[HeldRow] | None, fates: Mapping[int, str] | None = None) -> Ledger:
    found = None if rows is None else {one.booking_id: one for one in rows}
    return ledger(Words(events), found, fates or {})


DOUBT = word(1, Certainty.INFO, tables=(), outcome="connection", xid=7)
CASES: dict[str, tuple[AttemptEnded, list[HeldRow] | None, Mapping[int, str], Entry]] = {
    "there as claimed": (word(1), [row(1, "confirmed", "A")], {}, Entry.PERSISTED),
    "in another order": (word(1, tables=("A", "B")), [row(1, "confirmed", "B", "A")], {}, Entry.PERSISTED),
    "gone": (word(1), [], {}, Entry.LOST),
    "pending and without tables": (word(1), [row(1, "pending")], {}, Entry.LOST),
    "confirmed without tables": (word(1), [row(1)], {}, Entry.TORN),
    "tables without confirmation": (word(1), [row(1, "pending", "A")], {}, Entry.TORN),
    "other tables": (word(1), [row(1, "confirmed", "B")], {}, Entry.ALTERED),
    "a replay": (word(1, tables=(), outcome="replay"), [row(1, "pending")], {}, Entry.LOST),
    "an API that names no tables": (
        word(1, tables=(), path=Path.CONFIRMED_INLINE_API), [row(1, "confirmed", "A")], {}, Entry.PERSISTED,
    ),
    "refused and not there": (word(1, Certainty.FAIL, tables=()), [row(1, "pending")], {}, Entry.VOID),
    "in doubt and there": (DOUBT, [row(1, "confirmed", "A")], {7: "committed"}, Entry.RECOVERED),
    "in doubt and aborted": (DOUBT, [row(1, "pending")], {7: "aborted"}, Entry.VOID),
    "in doubt and open": (DOUBT, [row(1, "pending")], {7: "in progress"}, Entry.UNRESOLVED),
    "in doubt and too old": (DOUBT, [], {7: ""}, Entry.UNRESOLVED),
    "never read": (word(1), None, {}, Entry.UNVERIFIED),
    "never sent": (word(1, Certainty.SKIPPED, tables=()), [], {}, Entry.SKIPPED),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_attempt_is_one_thing(case: str) -> None:
    event, rows, fates, entry = CASES[case]
    found = kept([event], rows, fates)
    assert {one: getattr(found, one.value) for one in Entry if getattr(found, one.value)} == {entry: 1}
    assert found.balanced
    named = entry in (Entry.LOST, Entry.TORN, Entry.ALTERED, Entry.UNRESOLVED)
    assert bool(found.stories) is named
    assert all(story.cause for story in found.stories)


def test_a_claim_that_a_later_attempt_made_good_was_lost_all_the_same() -> None:
    replayed = word(1, of=9, tables=(), outcome="replay")
    found = kept([replayed, word(2, of=9)], [row(9, "confirmed", "A")])
    assert (found.lost, found.persisted) == (1, 1)
    assert found.stories[0].cause.startswith("ledger replay")


def test_an_attempt_without_a_last_word_is_void_or_recovered() -> None:
    sent = Intended(1, Ids(run=RunId("r"), attempt=AttemptId(1), step=Step.SUBMIT), "k", booking(1))
    assert ledger(Words([sent]), {}, {}).void == 1
    assert ledger(Words([sent]), {booking(1): row(1, "confirmed", "A")}, {}).recovered == 1


def test_what_nobody_was_told_of_is_a_phantom_and_two_of_one_key_are_a_duplicate() -> None:
    found = kept([word(1), word(2, Certainty.FAIL, tables=())], [
        row(1, "confirmed", "A", key="k"), row(2, "confirmed", "B", key="k"), row(3, "confirmed", "C"),
    ])  # fmt: skip
    assert found.phantom == 2
    assert found.duplicate == 1


@given(st.lists(st.tuples(st.sampled_from(sorted(CASES)), st.integers(1, 40)), max_size=30))
def test_the_equation_always_balances(drawn: list[tuple[str, int]]) -> None:
    events: list[AttemptEnded] = []
    rows: ROW = {}
    fates: dict[int, str] = {}
    for attempt, (case, number) in enumerate(drawn, start=1):
        event, there, told, _ = CASES[case]
        events.append(
            word(
                attempt, event.certainty, of=number, tables=event.tables, outcome=event.outcome, xid=event.xid,
                path=event.path,
            )
        )  # fmt: skip
        for one in there or ():
            rows[booking(number)] = HeldRow(booking(number), one.status, one.key, one.tables)
        fates.update(told)
    found = ledger(Words(events), rows, fates)
    assert found.balanced
    assert found.attempts == len(drawn)
    assert sum(getattr(found, entry.value) for entry in Entry) == len(drawn)
