"""Keeping the ledger: a journal's last words against the rows the database has. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import msgspec

from engine.metrics.words import Said, Words, waits_for_server
from engine.model.floor import Window
from engine.model.ids import AttemptId
from engine.model.ledger import Entry, HeldRow, Ledger, Reading, Story
from engine.model.outcome import Certainty, Outcome
from engine.model.step import Step

CONFIRMED = "confirmed"
MOST_STORIES = 100
BAD = frozenset({Entry.LOST, Entry.TORN, Entry.ALTERED, Entry.UNRESOLVED})
"""What is told as a story."""
_REPLAY = Outcome.REPLAY.word
_XIDS = 1 << 32
"""A row names its transaction without the epoch."""


def ledger(
    words: Words,
    reading: Reading | None,
    transactions: Mapping[int, str],
    *,
    read_ns: int = 0,
    longest_ns: int = 0,
) -> Ledger:
    """The ledger of these words.

    `reading` is what the database holds, None when it could not be read, begun at `read_ns` of the run; `transactions`
    what became of doubtful ones; `longest_ns` how long a server may work on a request whose answer never came.
    """
    rows = {} if reading is None else reading.rows
    found = part(words, reading, Beyond(transactions, read_ns, longest_ns))
    return msgspec.structs.replace(found, duplicate=_duplicates(rows))


class Beyond(msgspec.Struct, frozen=True):
    """What the entries of some attempts rest on, beside their own words and rows."""

    transactions: Mapping[int, str]
    read_ns: int = 0
    longest_ns: int = 0
    keyed: Mapping[str, HeldRow] = {}
    """Rows by their keys, for attempts that heard no id, where the reading is not all there is."""
    keys: Collection[str] = frozenset()
    """Keys of attempts whose end nobody heard, of whichever words."""


def part(words: Words, reading: Reading | None, beyond: Beyond) -> Ledger:
    """The ledger of some attempts, all of their bookings' among them, and of these bookings; no duplicates counted."""
    counts: Counter[Entry] = Counter()
    stories: list[Story] = []
    read_ns = beyond.read_ns
    judge = _Judge(words, reading, beyond.transactions, read_ns - beyond.longest_ns, beyond.keyed)
    for attempt, one in words.all.items():
        entry = judge.entry(attempt, one)
        counts[entry] += 1
        if entry in BAD and len(stories) < MOST_STORIES:
            stories.append(judge.story(attempt, one, entry, read_ns))
    attempts = len(words.all)
    rows = {} if reading is None else reading.rows
    return Ledger(
        attempts=attempts,
        acknowledged=sum(one.acknowledged for one in words.ended.values()),
        **{entry.value: counts[entry] for entry in Entry},
        phantom=_phantoms(words, rows, beyond.keys),
        balanced=sum(counts.values()) == attempts,
        stories=tuple(stories),
    )


def entries(words: Words, reading: Reading, transactions: Mapping[int, str]) -> dict[AttemptId, Entry]:
    """What each attempt came to, by the same rules; of a reading that began when no server was at work any more."""
    judge = _Judge(words, reading, transactions, max((one.ended_ns for one in words.all.values()), default=0))
    return {attempt: judge.entry(attempt, one) for attempt, one in words.all.items()}


def merged(kept: Sequence[Ledger]) -> Ledger:
    """The ledger of a run whose repeats had a database each, from those of its repeats."""
    counts = {
        name: sum(getattr(one, name) for one in kept)
        for name in ("attempts", "acknowledged", "duplicate", "phantom", *(entry.value for entry in Entry))
    }
    return Ledger(
        **counts,
        balanced=all(one.balanced for one in kept),
        stories=tuple(story for one in kept for story in one.stories)[:MOST_STORIES],
    )


class _Judge:
    """What each attempt came to."""

    def __init__(
        self,
        words: Words,
        reading: Reading | None,
        transactions: Mapping[int, str],
        settled_ns: int,
        keyed: Mapping[str, HeldRow] | None = None,
    ) -> None:
        self._words = words
        self._reading = reading
        self._transactions = transactions
        self._by_key = dict(keyed or {})
        if reading is not None:
            self._by_key |= {row.key: row for row in reading.rows.values() if row.key}
        self._settled_ns = settled_ns
        """Requests without an answer that ended before this moment are over at the server, too."""
        # For each booking the last attempt that was told of tables: what is there is its doing, and no other's.
        self._owners = {
            one.booking_id: attempt for attempt, one in words.ended.items() if one.acknowledged and one.tables
        }
        for attempt, one in words.all.items():
            # Nobody was told, and one of those that nobody heard committed: it was that one.
            if one.certainty is Certainty.INFO and one.xid is not None and transactions.get(one.xid) == "committed":
                self._owners.setdefault(one.booking_id, attempt)

    def entry(self, attempt: AttemptId, one: Said) -> Entry:
        if one.certainty is Certainty.SKIPPED:
            return Entry.SKIPPED
        if self._reading is None:
            return Entry.UNVERIFIED
        row = self.row(one)
        owner = self._owners.get(one.booking_id)
        if one.certainty is Certainty.OK:
            if one.xid is not None and one.xid in self._reading.unseen:
                return Entry.UNVERIFIED
            confirmed = row is not None and row.status == CONFIRMED
            if owner != attempt and not (one.through_api and confirmed):
                # Told success without tables, or told it once more later, which what was there could not have allowed.
                return Entry.LOST
            return compared(one.tables, one.party, one.window, row)
        if one.certainty is Certainty.INFO:
            return self._unheard(one, row, mine=owner in (None, attempt))
        return Entry.VOID

    def row(self, one: Said) -> HeldRow | None:
        """Its booking as it is there; of an attempt that heard no id, the one under its key."""
        if self._reading is None:
            return None
        row = self._reading.rows.get(one.booking_id)
        if row is None and one.certainty is Certainty.INFO and one.key:
            return self._by_key.get(one.key)
        return row

    def _unheard(self, one: Said, row: HeldRow | None, *, mine: bool) -> Entry:
        """Of an attempt whose end nobody heard. Its transaction decides before what is there does.

        What is there may be another attempt's for the same booking; what its own transaction came to is its alone.
        Lost it is never: nobody was told success. Committed and without a trace it had no effect that lasted, or a
        crash gave its transaction's number out again, as it does with what never reached the disk.
        """
        there = mine and row is not None and row.status == CONFIRMED and bool(row.tables)
        if one.xid is not None:
            match self._transactions.get(one.xid, ""):
                case "committed" if mine:
                    found = compared(one.tables, one.party, one.window, row)
                    return {Entry.PERSISTED: Entry.RECOVERED, Entry.LOST: Entry.VOID}.get(found, found)
                case "committed":
                    return Entry.VOID
                case "aborted":
                    return Entry.VOID
                case _:
                    return Entry.RECOVERED if there else Entry.UNRESOLVED
        if there:
            return Entry.RECOVERED
        if waits_for_server(one):
            told = self._reading is not None and one.key not in self._reading.untold
            return Entry.VOID if told and one.ended_ns <= self._settled_ns else Entry.UNRESOLVED
        # Nothing of it can confirm a booking: COMMIT was never sent, or the platform answered and did not confirm yet.
        return Entry.VOID if one.through_api or one.step is not Step.COMMIT else Entry.UNRESOLVED

    def story(self, attempt: AttemptId, one: Said, entry: Entry, read_ns: int) -> Story:
        row = self.row(one)
        missed = self._words.missed.get(attempt)
        seen_ns = None if missed is None else missed.seen_ns
        return Story(
            booking_id=one.booking_id,
            entry=entry,
            attempt=attempt,
            claimed=one.tables,
            status="" if row is None else row.status,
            tables=() if row is None else tuple(row.tables),
            cause=cause(one.outcome, one.tables, entry, row, xid=one.xid, seen=seen_ns is not None),
            key=one.key,
            acknowledged_ns=one.ended_ns if one.acknowledged else None,
            seen_ns=seen_ns,
            absent_ns=(read_ns or None) if missed is None else missed.at_ns,
        )


def compared(tables: tuple[str, ...], party: int, window: Window | None, row: HeldRow | None) -> Entry:
    """What a booking that was acknowledged with these tables is, as it is now. No tables: nothing was named."""
    confirmed = row is not None and row.status == CONFIRMED
    if row is None or not (confirmed or row.tables):
        return Entry.LOST
    if not (confirmed and row.tables) or set(row.tables) < set(tables):
        return Entry.TORN
    same = not tables or sorted(row.tables) == sorted(tables)
    same = same and (not party or not row.party or row.party == party)
    if window is not None:
        taken = row.start is None or (row.start, row.end) == (window.start, window.end)
        same = same and taken and (row.starts is None or row.starts == window.start)
    return Entry.PERSISTED if same else Entry.ALTERED


def _duplicates(rows: Mapping[UUID, HeldRow]) -> int:
    """Intents with more than one booking that is there: under one key, or under another key by the same attempt."""
    live = [row for row in rows.values() if row.status == CONFIRMED]
    keys = Counter(row.key for row in live if row.key)
    twice = {row.attempt for row in live if keys[row.key] > 1}
    attempts = Counter(row.attempt for row in live if row.attempt is not None and row.attempt not in twice)
    return sum(count > 1 for count in keys.values()) + sum(count > 1 for count in attempts.values())


def _phantoms(words: Words, rows: Mapping[UUID, HeldRow], others: Collection[str]) -> int:
    """Bookings that are confirmed with tables and of which no attempt was told, nor is one in doubt."""
    known = {one.booking_id for one in words.all.values() if one.certainty is not Certainty.FAIL}
    keys = {one.key for one in words.all.values() if one.certainty is Certainty.INFO}
    return sum(
        row.status == CONFIRMED
        and bool(row.tables)
        and booking not in known
        and row.key not in keys
        and row.key not in others
        for booking, row in rows.items()
    )


def cause(
    outcome: str,
    claimed: tuple[str, ...],
    entry: Entry,
    row: HeldRow | None,
    *,
    xid: int | None = None,
    seen: bool = False,
) -> str:
    """The likeliest cause by rule, the surest sign first.

    `seen`: an earlier reading had it whole. `xid` is the acknowledged transaction: whoever wrote the booking's row last
    tells what happened at COMMIT from what happened after it. (A platform that writes it in a subtransaction would look
    like the latter; the reference and the owners' do not.)
    """
    if outcome == _REPLAY:
        return "ledger replay: the key had been used, and the platform answered success with no rows"
    if entry is Entry.UNRESOLVED and xid is None:
        return "no answer came to its request, and nothing that can be asked tells what became of that"
    if entry is Entry.UNRESOLVED:
        return "no answer came to COMMIT, and its transaction is still open or too old to be known"
    if row is None:
        return "the booking itself is gone: something deleted it after COMMIT was acknowledged"
    if entry is Entry.ALTERED:
        if claimed and sorted(row.tables) != sorted(claimed):
            return "something gave it other tables after COMMIT was acknowledged"
        return "its tables are as acknowledged, its time or party is not: something moved it, or a time zone did"
    if seen:
        return "a late undo: a reading had it whole"
    if row.status == CONFIRMED:
        return "confirmed and without all its tables: something took them back, at COMMIT or after it"
    if row.tables:
        return f"it has its tables and is {row.status}: assigning and confirming were two steps, or one was undone"
    gone = f"it is {row.status} and without tables"
    if xid is None or row.written_by is None:
        return f"{gone}: the rows were swallowed at COMMIT, or undone after it"
    if row.written_by == xid % _XIDS:
        return f"{gone}: the rows were swallowed at COMMIT, by the very transaction that was acknowledged"
    return "a late undo: another transaction wrote the booking after COMMIT was acknowledged"
