"""The ledger: every attempt is one thing or another, and what is not as claimed is named with its likeliest cause."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.metrics.ledger import ledger, merged
from engine.metrics.words import Words
from engine.model.event import AttemptEnded, Intended, Missed
from engine.model.floor import Window
from engine.model.ids import AttemptId, Ids, RunId
from engine.model.ledger import Entry, HeldRow, Ledger, Reading
from engine.model.outcome import Certainty, Phase, Refusal
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
    found = None if rows is None else Reading({one.booking_id: one for one in rows})
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
    "in doubt and committed, and gone": (DOUBT, [row(1, "pending")], {7: "committed"}, Entry.VOID),
    "fewer tables": (word(1, tables=("A", "B")), [row(1, "confirmed", "A")], {}, Entry.TORN),
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
    assert ledger(Words([sent]), Reading({}), {}).void == 1
    assert ledger(Words([sent]), Reading({booking(1): row(1, "confirmed", "A")}), {}).recovered == 1


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
    found = ledger(Words(events), Reading(rows), fates)
    assert found.balanced
    assert found.attempts == len(drawn)
    assert sum(getattr(found, entry.value) for entry in Entry) == len(drawn)


OPEN = Ids(run=RunId("r"), attempt=AttemptId(1))
COMMIT_SENT = Intended(1, msgspec.structs.replace(OPEN, step=Step.COMMIT), "k", booking(1), ("A",), xid=7)


@pytest.mark.parametrize(
    ("status", "entry"),
    [("committed", "void"), ("aborted", "void"), ("in progress", "unresolved"), ("", "unresolved")],
)
def test_a_commit_that_nobody_lived_to_hear_is_resolved_by_its_transaction(status: str, entry: str) -> None:
    words = Words([COMMIT_SENT])
    assert words.doubtful == {7}
    found = ledger(words, Reading({booking(1): row(1, "pending")}), {7: status})
    assert getattr(found, entry) == 1
    assert found.balanced


def test_what_a_reading_cannot_see_yet_is_neither_lost_nor_fine() -> None:
    found = ledger(Words([word(1, xid=7)]), Reading({}, frozenset({7})), {})
    assert (found.unverified, found.lost) == (1, 0)


def test_a_request_that_was_never_answered_is_void_only_after_the_servers_longest_time() -> None:
    said = word(1, Certainty.INFO, tables=(), outcome="timeout", path=Path.FAILED_UNKNOWN)
    refusal = Refusal(step=Step.SUBMIT, phase=Phase.IN_DOUBT, message="no answer")
    words = Words([msgspec.structs.replace(said, ended_ns=100, refusal=refusal)])
    assert words.last_unheard_ns == 100
    assert ledger(words, Reading({}), {}, read_ns=129, longest_ns=30).unresolved == 1
    assert ledger(words, Reading({}), {}, read_ns=130, longest_ns=30).void == 1
    there = Reading({booking(1): row(1, "confirmed", "A")})
    assert ledger(words, there, {}, read_ns=101, longest_ns=30).recovered == 1


def test_other_times_and_parties_than_acknowledged_are_altered() -> None:
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    window = Window("lunch", noon, noon + timedelta(hours=2))
    said = msgspec.structs.replace(word(1), window=window, party=4)
    whole = HeldRow(booking(1), "confirmed", "k", ["A"], 4, 1, noon, noon, noon + timedelta(hours=2))
    hour = timedelta(hours=1)
    moved = [
        msgspec.structs.replace(whole, party=5),
        msgspec.structs.replace(whole, starts=noon + hour),
        msgspec.structs.replace(whole, start=noon + hour),
        msgspec.structs.replace(whole, end=noon + hour),
    ]
    assert kept([said], [whole]).persisted == 1
    for one in moved:
        found = kept([said], [one])
        assert found.altered == 1
        assert "time zone" in found.stories[0].cause


def test_one_attempt_with_two_bookings_under_two_keys_is_a_duplicate() -> None:
    one = msgspec.structs.replace(row(1, "confirmed", "A", key="k"), attempt=1)
    again = msgspec.structs.replace(row(2, "confirmed", "B", key="k again"), attempt=1)
    assert kept([word(1)], [one, again]).duplicate == 1


def test_a_story_says_between_which_readings_a_booking_was_lost() -> None:
    missed = Missed(3_000_000, OPEN, booking(1), Entry.LOST, 1_000_000, ("A",), "pending", (), "", seen_ns=2_000_000)
    acknowledged = msgspec.structs.replace(word(1), ended_ns=1_000_000)
    found = ledger(Words([acknowledged, missed]), Reading({booking(1): row(1, "pending")}), {}, read_ns=9_000_000)
    assert found.stories[0].between == "between 1 and 2 ms after commit"
    assert "late undo" in found.stories[0].cause
    unseen = ledger(Words([acknowledged]), Reading({booking(1): row(1, "pending")}), {}, read_ns=9_000_000)
    assert unseen.stories[0].between == "between commit and the first reading, 8 ms after it"


def test_of_two_doubtful_attempts_for_one_booking_only_the_one_that_committed_is_recovered() -> None:
    doubts = [word(n, Certainty.INFO, of=9, tables=(), outcome="connection", xid=n) for n in (1, 2)]
    found = kept(doubts, [row(9, "confirmed", "A")], {1: "aborted", 2: "committed"})
    assert (found.void, found.recovered) == (1, 1)


def test_of_two_passes_that_nobody_heard_the_end_of_only_the_one_that_committed_seated_the_booking() -> None:
    """The first was cut off at its hold, which seats nobody; the second at its COMMIT."""
    held = Refusal(step=Step.HOLD, phase=Phase.IN_DOUBT, message="the connection was lost")
    first = msgspec.structs.replace(word(1, Certainty.INFO, of=9, tables=(), outcome="connection"), refusal=held)
    second = word(2, Certainty.INFO, of=9, tables=(), outcome="connection", xid=7)
    found = kept([first, second], [row(9, "confirmed", "A")], {7: "committed"})
    assert (found.void, found.recovered) == (1, 1)
    assert kept([second, msgspec.structs.replace(first, booking_id=booking(8))], [row(9, "confirmed", "A")], {
        7: "committed",
    }).recovered == 1  # fmt: skip


def test_a_doubtful_booking_under_another_id_is_found_by_its_key() -> None:
    sent = Intended(1, msgspec.structs.replace(OPEN, step=Step.SUBMIT), "sf-r-1", booking(1))
    said = word(1, Certainty.INFO, tables=(), outcome="timeout", path=Path.FAILED_UNKNOWN)
    there = row(7, "confirmed", "A", key="sf-r-1")
    found = ledger(Words([sent, said]), Reading({there.booking_id: there}), {})
    assert (found.recovered, found.phantom) == (1, 0)


def test_repeats_that_had_a_database_each_add_up() -> None:
    whole = kept([word(1), word(2)], [row(1, "confirmed", "A")])
    twice = merged([whole, whole])
    assert (twice.attempts, twice.persisted, twice.lost, len(twice.stories)) == (4, 2, 2, 2)
    assert twice.balanced


@pytest.mark.parametrize(
    ("written_by", "words"), [(7, "swallowed at COMMIT, by the very"), (9, "a late undo"), (None, "or undone")]
)
def test_whoever_wrote_the_row_last_tells_what_was_swallowed_from_what_was_undone(
    written_by: int | None, words: str
) -> None:
    there = msgspec.structs.replace(row(1, "pending"), written_by=written_by)
    # A row names its transaction without the epoch.
    (story,) = kept([word(1, xid=(3 << 32) + 7)], [there]).stories
    assert words in story.cause
