"""The ledger part by part is the ledger: whatever is said, whatever is there, and however many parts there are."""

import random
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics.ledger import MOST_STORIES, Beyond, ledger
from engine.metrics.words import Words
from engine.model.event import AttemptEnded, Event, Intended, Missed
from engine.model.ids import AttemptId, Ids, RunId, TurnId
from engine.model.ledger import Entry, HeldRow, Ledger, Reading
from engine.model.outcome import Certainty, Phase, Refusal
from engine.model.path import Path as Way
from engine.model.step import Step
from engine.records.ledger_parts import A_PART, LedgerParts
from engine.records.result import Persisted, persisted_of
from tests.metrics.stories import planned

RUN = RunId("r")
FATES = ("committed", "aborted", "in progress", "")


class Evening(msgspec.Struct):
    """A journal, what is there, and what became of transactions, drawn so that all that can be confused is."""

    events: list[Event]
    rows: list[tuple[HeldRow, bool]]
    """Each with whether the run's tag is on it."""
    fates: dict[int, str]
    unseen: frozenset[int]


def drawn(seed: int, attempts: int) -> Evening:
    source = random.Random(seed)
    plan = planned()
    turns = plan.turns
    events: list[Event] = [plan]
    ids = [UUID(int=source.getrandbits(128)) for _ in range(max(1, attempts * 3 // 4))]
    for number in range(1, attempts + 1):
        of = Ids(run=RUN, leg=source.randrange(2), turn=source.choice(turns).id, attempt=AttemptId(number))
        booking, key = source.choice(ids), f"k{source.randrange(attempts * 2)}"
        xid = source.choice((None, number, 1))
        step = source.choice((Step.SUBMIT, Step.HOLD, Step.COMMIT))
        if source.random() < 0.8:
            sent = msgspec.structs.replace(of, step=step)
            events.append(Intended(number, sent, key, booking, xid=xid if step is Step.COMMIT else None))
        if source.random() < 0.9:
            certainty = source.choice((Certainty.OK, Certainty.OK, Certainty.FAIL, Certainty.INFO, Certainty.SKIPPED))
            told = certainty is Certainty.OK and source.random() < 0.9
            way = source.choice((None, Way.FAILED_UNKNOWN))
            refusal = None if certainty is Certainty.OK else Refusal(step=step, phase=Phase.IN_DOUBT, message="no")
            events.append(
                AttemptEnded(
                    number, of, 0, 0, number, "filled" if told else "unknown", certainty, booking, 1, 1, (),
                    tables=("A",) if told else (), xid=xid, refusal=refusal, path=way,
                )
            )  # fmt: skip
        if source.random() < 0.1:
            events.append(Missed(number, of, booking, Entry.LOST, 0, ("A",), "", (), "why", seen_ns=1))
    strangers = [UUID(int=source.getrandbits(128)) for _ in range(attempts // 4)]
    rows = []
    # Of two rows under a key that an unheard attempt sent nobody could say which is meant: those are one row's each.
    keys = [f"k{number}" for number in range(attempts * 2)]
    source.shuffle(keys)
    for booking in dict.fromkeys([*ids, *strangers]):
        tagged = booking in strangers or source.random() < 0.6
        if source.random() < 0.8:
            key = keys.pop() if source.random() < 0.6 else f"d{source.randrange(4)}"
            status = source.choice(("confirmed", "confirmed", "pending"))
            attempt = source.randrange(1, attempts + 2) if tagged else None
            row = HeldRow(booking, status, key, source.choice((["A"], ["A"], [], ["B"])), attempt=attempt)
            rows.append((row, tagged))
    fates = {number: source.choice(FATES) for number in range(1, attempts + 1)}
    return Evening(events, rows, fates, frozenset(source.sample(range(1, attempts + 2), min(2, attempts))))


def whole(evening: Evening) -> tuple[Ledger, Persisted]:
    """As it is with everything in memory at once."""
    words = Words(evening.events)
    rows = {row.booking_id: row for row, tagged in evening.rows if tagged or row.booking_id in words.bookings}
    found = ledger(words, Reading(rows, evening.unseen & words.acknowledged), evening.fates, read_ns=9, longest_ns=4)
    claimed = {one.booking_id for one in words.ended.values() if one.certainty in (Certainty.OK, Certainty.INFO)}
    tagged_ids = {row.booking_id for row, tagged in evening.rows if tagged}
    there = {
        booking
        for booking, row in rows.items()
        if row.status == "confirmed" and row.tables and booking in claimed | tagged_ids
    }
    return found, persisted_of(there, evening.events)


def in_parts(evening: Evening, folder: Path, parts: int) -> tuple[Ledger, Persisted]:
    """Part by part, as `Passes` does it."""
    dealt = LedgerParts(folder, parts * A_PART)
    try:
        dealt.hear(evening.events, through_api=False)
        words = Words(evening.events)
        assert dealt.doubtful == words.doubtful
        assert dealt.last_unheard_ns == words.last_unheard_ns
        dealt.see(row for row, tagged in evening.rows if tagged)
        for number in range(dealt.count) if dealt.is_unheard else ():
            said, rows = dealt.part(number)
            others = {word.said.booking_id for word in said} - rows.keys()
            dealt.see((row for row, tagged in evening.rows if row.booking_id in others), tagged=False)
            dealt.put_back(number, said, rows)
        for number in range(dealt.count):
            said, rows = dealt.part(number)
            others = {word.said.booking_id for word in said} - rows.keys()
            if not dealt.is_unheard:
                dealt.see((row for row, tagged in evening.rows if row.booking_id in others), tagged=False)
                rows |= dealt.rows(number)
            xids = {word.said.xid for word in said if word.said.acknowledged and word.said.xid is not None}
            dealt.enter(number, said, rows, evening.unseen & xids, Beyond(evening.fates, 9, 4))
        return dealt.end()
    finally:
        dealt.close()


@settings(max_examples=30)
@given(st.integers(0, 10**9), st.integers(1, 40), st.integers(1, 5))
def test_in_however_many_parts_the_ledger_is_the_same(seed: int, attempts: int, parts: int) -> None:
    evening = drawn(seed, attempts)
    kept, persisted = whole(evening)
    dealt, there = in_parts(evening, Path("/tmp"), parts)
    by_attempt = {story.attempt: story for story in kept.stories}
    assert len(kept.stories) < MOST_STORIES
    assert {story.attempt: story for story in dealt.stories} == by_attempt
    assert msgspec.structs.replace(dealt, stories=()) == msgspec.structs.replace(kept, stories=())
    assert there == persisted


def test_what_one_attempt_of_many_parts_lost_is_found_and_named(tmp_path: Path) -> None:
    ids = [UUID(int=number) for number in range(1, 31)]
    said: list[Event] = [
        AttemptEnded(
            number, Ids(run=RUN, attempt=AttemptId(number)), 0, 0, number, "filled", Certainty.OK, booking, 1, 1, (),
            tables=("A",),
        )
        for number, booking in enumerate(ids, start=1)
    ]  # fmt: skip
    rows = [(HeldRow(booking, "confirmed", f"k{booking.int}", ["A"]), booking.int % 2 == 0) for booking in ids]
    whole_evening = Evening(said, rows, {}, frozenset())
    assert in_parts(whole_evening, tmp_path, 5)[0].persisted == 30
    without = msgspec.structs.replace(whole_evening, rows=[one for one in rows if one[0].booking_id.int != 17])
    kept, persisted = in_parts(without, tmp_path, 5)
    assert (kept.persisted, kept.lost, [story.attempt for story in kept.stories]) == (29, 1, [17])
    assert persisted.total == 29


@pytest.mark.parametrize("parts", [1, 6])
def test_of_a_database_that_cannot_be_read_nothing_is_verified(tmp_path: Path, parts: int) -> None:
    evening = drawn(3, 30)
    dealt = LedgerParts(tmp_path, parts * A_PART)
    dealt.hear(evening.events, through_api=False)
    assert dealt.unread() == ledger(Words(evening.events), None, {})
    dealt.close()
    assert not list(tmp_path.iterdir())


def test_turns_of_no_plan_belong_to_no_restaurant(tmp_path: Path) -> None:
    evening = drawn(5, 20)
    evening.events = [
        msgspec.structs.replace(one, ids=msgspec.structs.replace(one.ids, turn=TurnId(99_999)))
        for one in evening.events
        if isinstance(one, AttemptEnded)
    ]
    assert in_parts(evening, tmp_path, 3)[1] == whole(evening)[1]
