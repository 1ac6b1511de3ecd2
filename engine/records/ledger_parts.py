"""The ledger of a run of which not all fits into memory: words and rows are dealt out by booking, part by part.

Whatever the rules of the ledger look at together is in one part: every word about a booking, and its row. What they
look at across bookings is kept apart: rows under the keys of attempts whose end nobody heard, and who shares a key.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Generic, TypeVar
from uuid import UUID
from zlib import crc32

import msgspec

from engine.metrics.ledger import CONFIRMED, Beyond, merged, part
from engine.metrics.words import Said, Words, said, unanswered, waits_for_server
from engine.model.event import AttemptEnded, Event, Intended, Missed, RunPlanned
from engine.model.ids import AttemptId, TurnId
from engine.model.ledger import HeldRow, Ledger, Reading
from engine.model.outcome import Certainty
from engine.records.result import Persisted
from engine.records.spool import Spool

A_PART = 25_000
"""Attempts of a part, about: some fifty megabytes with their rows."""
MOST_PARTS = 64
"""Each has five files open for a while."""
_AT_ONCE = 200
"""Things of a part that wait in memory to be written."""

NOTHING = Beyond({})
MAY_BE_THERE = frozenset({Certainty.OK, Certainty.INFO})
"""Of attempts that ended so the booking may be the run's, with its tag or without: it was there before, and waited."""
Thing = TypeVar("Thing")


class Word(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An attempt's last word, with what else of it is asked for later."""

    attempt: AttemptId
    said: Said
    leg: int
    restaurant: str
    ended: bool
    """Whether it was given; else it is what was sent last."""


class Row(msgspec.Struct, frozen=True, array_like=True):
    """A booking as it is there."""

    row: HeldRow
    tagged: bool
    """Whether the run's tag is on it."""


class _Keyed(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A booking that is confirmed, as far as who shares its key or its attempt goes."""

    key: str
    attempt: int | None


class Dealt(Generic[Thing]):
    """Things in so many parts."""

    def __init__(self, kind: type[Thing], folder: Path, parts: int) -> None:
        self._parts = [Spool(kind, folder, kept=0, block=_AT_ONCE) for _ in range(parts)]

    def add(self, number: int, thing: Thing) -> None:
        """Deal it out by that number. Raises RecordsFailed."""
        self._parts[number % len(self._parts)].append(thing)

    def taken(self, number: int) -> list[Thing]:
        """All of one part; it is empty then. Raises RecordsFailed."""
        found = self._parts[number].all()
        self._parts[number].close()
        return found

    def close(self) -> None:
        """Let go of all of them."""
        for one in self._parts:
            one.close()


class LedgerParts:
    """`hear` the journal, `see` what is there, then `enter` part after part, and `end`. Each in a thread of its own."""

    def __init__(self, folder: Path, attempts: int) -> None:
        self.count = min(MOST_PARTS, max(1, -(-attempts // A_PART)))
        self._words = Dealt(Word, folder, self.count)
        self._missed = Dealt(Missed, folder, self.count)
        self._rows = Dealt(Row, folder, self.count)
        self._by_key = Dealt(_Keyed, folder, self.count)
        self._by_attempt = Dealt(_Keyed, folder, self.count)
        self._unheard_keys: set[str] = set()
        self._keyed: dict[str, HeldRow] = {}
        self._kept: list[Ledger] = []
        self._shares: Counter[tuple[int, str]] = Counter()
        self._there = 0
        self.doubtful: set[int] = set()
        """Transactions of attempts whose end nobody heard."""
        self.last_unheard_ns: int | None = None
        """When the last attempt through an API ended without an answer to its request; None when all had one."""

    def hear(self, events: Iterable[Event], *, through_api: bool) -> None:
        """What a journal says of every attempt. Raises what reading it raises, and RecordsFailed."""
        restaurants: dict[TurnId, str] = {}
        sent: dict[AttemptId, tuple[Said, Intended]] = {}
        for event in events:
            if isinstance(event, RunPlanned):
                restaurants.update((turn.id, turn.restaurant) for turn in event.turns)
                continue
            attempt = event.ids.attempt
            if attempt is None:
                continue
            if isinstance(event, Intended):
                # Those in flight and no others: an attempt's last word takes it out.
                sent[attempt] = unanswered(event, through_api), event
            elif isinstance(event, AttemptEnded):
                before = sent.pop(attempt, None)
                word = said(event, "" if before is None else before[0].key)
                self._hear(Word(attempt, word, event.ids.leg, _where(event, restaurants), ended=True))
            elif isinstance(event, Missed):
                self._missed.add(event.booking_id.int, event)
        for attempt, (word, event) in sent.items():
            self._hear(Word(attempt, word, event.ids.leg, _where(event, restaurants), ended=False))

    def _hear(self, word: Word) -> None:
        one = word.said
        self._words.add(one.booking_id.int, word)
        if one.certainty is Certainty.INFO:
            self._unheard_keys.add(one.key)
            if one.xid is not None:
                self.doubtful.add(one.xid)
            if waits_for_server(one):
                self.last_unheard_ns = max(self.last_unheard_ns or 0, one.ended_ns)

    def see(self, rows: Iterable[HeldRow], *, tagged: bool = True) -> None:
        """Bookings as they are there; `tagged`: the run's tag is on them. Raises RecordsFailed."""
        for row in rows:
            self._rows.add(row.booking_id.int, Row(row, tagged))
            if row.key in self._unheard_keys:
                self._keyed[row.key] = row
            if row.status == CONFIRMED and (row.key or row.attempt is not None):
                self._by_key.add(crc32(row.key.encode()), _Keyed(row.key, row.attempt))

    def part(self, number: int) -> tuple[list[Word], dict[UUID, Row]]:
        """The words of one part, and the rows that were seen of it."""
        return self._words.taken(number), self.rows(number)

    def rows(self, number: int) -> dict[UUID, Row]:
        """The rows that were seen of one part since they were asked for."""
        return {one.row.booking_id: one for one in self._rows.taken(number)}

    @property
    def is_unheard(self) -> bool:
        """Whether the end of any attempt was not heard: its row may be another part's, under its key."""
        return bool(self._unheard_keys)

    def put_back(self, number: int, words: Iterable[Word], rows: Mapping[UUID, Row]) -> None:
        """What `part` gave is to be given once more. Raises RecordsFailed."""
        for word in words:
            self._words.add(number, word)
        for one in rows.values():
            self._rows.add(number, one)

    def enter(
        self,
        number: int,
        words: list[Word],
        rows: Mapping[UUID, Row] | None,
        unseen: frozenset[int] = frozenset(),
        beyond: Beyond = NOTHING,
    ) -> None:
        """Keep the ledger of one part; no rows where the database could not be read."""
        ended = {word.attempt: word.said for word in words if word.ended}
        waiting = {word.attempt: word.said for word in words if not word.ended}
        missed = {one.ids.attempt: one for one in self._missed.taken(number) if one.ids.attempt is not None}
        reading = None if rows is None else Reading({booking: one.row for booking, one in rows.items()}, unseen)
        full = msgspec.structs.replace(beyond, keyed=self._keyed, keys=self._unheard_keys)
        self._kept.append(part(Words.of(ended, waiting, missed), reading, full))
        self._share(words, rows or {})

    def _share(self, words: list[Word], rows: Mapping[UUID, Row]) -> None:
        """Count what is there whole, by leg and restaurant; as `persisted_of` does."""
        claimed = {word.said.booking_id for word in words if word.ended and word.said.certainty in MAY_BE_THERE}
        there = {
            booking
            for booking, one in rows.items()
            if one.row.status == CONFIRMED and one.row.tables and (one.tagged or booking in claimed)
        }
        owners: dict[UUID, tuple[int, str]] = {}
        for word in words:
            booking = word.said.booking_id
            if word.ended and booking in there and (word.said.acknowledged or booking not in owners):
                owners[booking] = word.leg, word.restaurant
        self._there += len(there)
        self._shares.update(owners.values())

    def unread(self) -> Ledger:
        """All parts together where nothing of the database could be read. Raises RecordsFailed."""
        for number in range(self.count):
            self.enter(number, self.part(number)[0], None)
        return self.end()[0]

    def end(self) -> tuple[Ledger, Persisted]:
        """All parts together. Raises RecordsFailed."""
        kept = merged(sorted(self._kept, key=lambda one: [story.attempt for story in one.stories[:1]]))
        kept = msgspec.structs.replace(kept, duplicate=self._duplicates())
        return kept, Persisted(self._there, dict(self._shares))

    def _duplicates(self) -> int:
        """Intents with more than one booking that is there: under one key, or under another key by one attempt."""
        found, twice = 0, set[int | None]()
        for number in range(self.count):
            live = self._by_key.taken(number)
            keys = Counter(one.key for one in live if one.key)
            found += sum(count > 1 for count in keys.values())
            twice.update(one.attempt for one in live if keys[one.key] > 1)
            for one in live:
                if one.attempt is not None:
                    self._by_attempt.add(one.attempt, one)
        for number in range(self.count):
            made = Counter(one.attempt for one in self._by_attempt.taken(number) if one.attempt not in twice)
            found += sum(count > 1 for count in made.values())
        return found

    def close(self) -> None:
        """Let go of what is on disk."""
        for one in (self._words, self._missed, self._rows, self._by_key, self._by_attempt):
            one.close()


def _where(event: Event, restaurants: Mapping[TurnId, str]) -> str:
    turn = event.ids.turn
    return "" if turn is None else restaurants.get(turn, "")
