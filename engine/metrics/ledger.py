"""Keeping the ledger: a journal's last words against the rows the database has. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

import msgspec

from engine.model.event import AttemptEnded, Event, Intended
from engine.model.ids import AttemptId
from engine.model.ledger import Entry, HeldRow, Ledger, Story
from engine.model.outcome import Certainty, Outcome

CONFIRMED = "confirmed"
MOST_STORIES = 100
_REPLAY = Outcome.REPLAY.word


class Said(msgspec.Struct, frozen=True, gc=False):
    """An attempt's last word, as far as the ledger needs it: a run may have a million."""

    booking_id: UUID
    certainty: Certainty
    outcome: str
    tables: tuple[str, ...]
    xid: int | None
    through_api: bool

    @property
    def acknowledged(self) -> bool:
        """The platform said success."""
        return self.certainty is Certainty.OK


class Words:
    """What a journal says of every attempt: its last word, or that it has none."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.ended: dict[AttemptId, Said] = {}
        self.open: dict[AttemptId, Intended] = {}
        """Attempts that sent something and have no last word, with the last thing they sent."""
        for event in events:
            attempt = event.ids.attempt
            if attempt is None:
                continue
            if isinstance(event, Intended):
                self.open[attempt] = event
            elif isinstance(event, AttemptEnded):
                told = event.path is not None
                self.ended[attempt] = Said(
                    event.booking_id, event.certainty, event.outcome, event.tables, event.xid, told
                )
                self.open.pop(attempt, None)

    @property
    def bookings(self) -> frozenset[UUID]:
        """Every booking that an attempt was about."""
        return frozenset(
            (*(one.booking_id for one in self.ended.values()), *(one.booking_id for one in self.open.values()))
        )

    @property
    def in_doubt(self) -> frozenset[UUID]:
        """Bookings of attempts whose end nobody heard: they may be there, and nobody was told."""
        return frozenset(
            (
                *(one.booking_id for one in self.ended.values() if one.certainty is Certainty.INFO),
                *(one.booking_id for one in self.open.values()),
            )
        )

    @property
    def doubtful(self) -> frozenset[int]:
        """Transactions of attempts whose end nobody heard."""
        return frozenset(
            one.xid for one in self.ended.values() if one.certainty is Certainty.INFO and one.xid is not None
        )


def ledger(words: Words, rows: Mapping[UUID, HeldRow] | None, transactions: Mapping[int, str]) -> Ledger:
    """The ledger of these words. `rows` is what the database holds, None when it could not be read."""
    counts: Counter[Entry] = Counter()
    stories: list[Story] = []
    acknowledged = 0
    owners = _owners(words)
    for attempt, one in words.ended.items():
        acknowledged += one.acknowledged
        entry = _entry(one, owners.get(one.booking_id) == attempt, rows, transactions)
        counts[entry] += 1
        if entry in (Entry.LOST, Entry.TORN, Entry.ALTERED, Entry.UNRESOLVED) and len(stories) < MOST_STORIES:
            stories.append(_story(attempt, one, entry, rows or {}))
    for open_one in words.open.values():
        counts[_open_entry(open_one, rows)] += 1
    attempts = len(words.ended) + len(words.open)
    return Ledger(
        attempts=attempts,
        acknowledged=acknowledged,
        **{entry.value: counts[entry] for entry in Entry},
        duplicate=_duplicates(rows or {}),
        phantom=_phantoms(words, rows or {}),
        balanced=sum(counts.values()) == attempts,
        stories=tuple(stories),
    )


def _owners(words: Words) -> dict[UUID, AttemptId]:
    """For each booking the last attempt that was told of tables: what is there is its doing, and no other's."""
    return {one.booking_id: attempt for attempt, one in words.ended.items() if one.acknowledged and one.tables}


def _entry(one: Said, owns: bool, rows: Mapping[UUID, HeldRow] | None, transactions: Mapping[int, str]) -> Entry:
    if one.certainty is Certainty.SKIPPED:
        return Entry.SKIPPED
    if rows is None:
        return Entry.UNVERIFIED
    row = rows.get(one.booking_id)
    confirmed = row is not None and row.status == CONFIRMED
    seated = row is not None and bool(row.tables)
    if one.certainty is Certainty.OK:
        if not owns and not (one.through_api and confirmed):
            return Entry.LOST
        if confirmed and seated:
            # An API may say `confirmed` and no tables: then there is nothing to compare.
            same = not one.tables or row is None or sorted(row.tables) == sorted(one.tables)
            return Entry.PERSISTED if same else Entry.ALTERED
        return Entry.TORN if confirmed or seated else Entry.LOST
    if one.certainty is Certainty.INFO:
        if confirmed and seated:
            return Entry.RECOVERED
        told = transactions.get(one.xid, "") if one.xid is not None else "aborted"
        return Entry.UNRESOLVED if told in ("in progress", "") else Entry.VOID
    return Entry.VOID


def _open_entry(one: Intended, rows: Mapping[UUID, HeldRow] | None) -> Entry:
    if rows is None:
        return Entry.UNVERIFIED
    row = rows.get(one.booking_id)
    return Entry.RECOVERED if row is not None and row.status == CONFIRMED and row.tables else Entry.VOID


def _duplicates(rows: Mapping[UUID, HeldRow]) -> int:
    """Keys under which more than one booking is there."""
    keys = Counter(row.key for row in rows.values() if row.key and row.status == CONFIRMED)
    return sum(count > 1 for count in keys.values())


def _phantoms(words: Words, rows: Mapping[UUID, HeldRow]) -> int:
    """Bookings that are confirmed with tables and of which no attempt was told, nor is one in doubt."""
    known: Collection[UUID] = {
        one.booking_id for one in words.ended.values() if one.certainty is not Certainty.FAIL
    } | {one.booking_id for one in words.open.values()}
    return sum(row.status == CONFIRMED and bool(row.tables) and booking not in known for booking, row in rows.items())


def _story(attempt: AttemptId, one: Said, entry: Entry, rows: Mapping[UUID, HeldRow]) -> Story:
    row = rows.get(one.booking_id)
    return Story(
        booking_id=one.booking_id,
        entry=entry,
        attempt=attempt,
        claimed=one.tables,
        status="" if row is None else row.status,
        tables=() if row is None else tuple(row.tables),
        cause=_cause(one, entry, row),
    )


def _cause(one: Said, entry: Entry, row: HeldRow | None) -> str:
    """The likeliest cause by rule, the surest sign first."""
    if one.outcome == _REPLAY:
        return "ledger replay: the key had been used, and the platform answered success with no rows"
    if entry is Entry.UNRESOLVED:
        return "no answer came to COMMIT, and its transaction is still open or too old to be known"
    if row is None:
        return "the booking itself is gone: something deleted it after COMMIT was acknowledged"
    if entry is Entry.ALTERED:
        return "something gave it other tables after COMMIT was acknowledged"
    if row.status == CONFIRMED:
        return "confirmed and without tables: something took them back, at COMMIT or after it"
    if row.tables:
        return (
            f"it has its tables and is {row.status}: assigning and confirming were two steps, or the second was undone"
        )
    return f"it is {row.status} and without tables: the rows were swallowed at COMMIT, or undone after it"
