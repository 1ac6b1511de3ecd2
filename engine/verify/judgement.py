"""What each claim comes to, by the rules of the ledger, and what is there that nobody claimed. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import msgspec

from engine.model.ledger import Entry
from engine.model.outcome import Certainty
from engine.model.step import Step
from engine.model.verification import Suspect, VerifyBooking
from engine.verify.claims import Claim
from engine.verify.found import Found, Looked

_ALARMS = frozenset({Entry.LOST, Entry.TORN, Entry.ALTERED, Entry.UNRESOLVED, Entry.UNVERIFIED})
Key = TypeVar("Key", str, int | None)
Word = tuple[Entry, str]
"""What a claim comes to, and why."""


class Terms(msgspec.Struct):
    """What the judgement depends on beside claims and rows."""

    run: str
    goes_on: bool
    opened_at: datetime | None
    """Wall time at which the journal was begun."""
    longest: timedelta | None
    """Longest that an API works on a request; None where nobody said."""


class Judge:
    """Every claim on one database."""

    def __init__(
        self, terms: Terms, claims: Mapping[int, Claim], found: Found, known: Mapping[int, Claim] | None = None
    ) -> None:
        """`known`: the claims as they were after the reading, where the run went on meanwhile."""
        self._terms = terms
        self._found = found
        self._rows = found.rows
        self._on: dict[UUID, list[Claim]] = defaultdict(list)
        self._by_key = {row.booking.key: row for row in self._rows.values() if row.booking.key}
        for claim in (claims if known is None else known).values():
            self._on[claim.booking_id].append(claim)
        self.entries: dict[int, Entry] = {}
        self.suspects: list[Suspect] = []
        self.in_flight = 0
        self._explained: set[UUID] = set()
        """Bookings that an attempt without an answer made under its key."""
        self._open_keys = {one.key for some in self._on.values() for one in some if one.certainty is None}
        for claim in claims.values():
            entry, why = self._entry(claim)
            self.entries[claim.attempt] = entry
            if entry in _ALARMS:
                self._suspect(entry.value, claim.booking_id, claim, why)
        self.duplicate = 0
        self.phantom = 0
        if not found.trouble:
            self._duplicates()
            self._phantoms()

    def _entry(self, claim: Claim) -> Word:
        if claim.certainty is Certainty.SKIPPED:
            return Entry.SKIPPED, ""
        if self._found.trouble:
            return Entry.UNVERIFIED, self._found.trouble
        if claim.certainty is None and self._terms.goes_on:
            self.in_flight += 1
            return Entry.UNRESOLVED, "in flight: the run goes on"
        if claim.certainty is Certainty.OK:
            return self._acknowledged(claim)
        if claim.certainty is Certainty.FAIL:
            return Entry.VOID, ""
        return self._unheard_api(claim) if claim.through_api else self._unheard(claim)

    def _acknowledged(self, claim: Claim) -> Word:
        if not self._found.has(claim.xid):
            return (
                Entry.UNVERIFIED,
                "the moment that was read is older than its acknowledgement: absence proves nothing",
            )
        row = self._rows.get(claim.booking_id)
        if claim.through_api:
            return held_to(claim, claim.tables, row)
        if not claim.tables:
            return Entry.LOST, "ledger replay: the platform answered success with no rows"
        if self._owner(claim.booking_id) != claim.attempt:
            return Entry.LOST, "another attempt was given this booking later: by then nothing of this one was there"
        if row is not None and row.keys and all(self._is_foreign(key) for key in row.keys):
            return Entry.LOST, f"its tables were assigned by another run: {', '.join(sorted(row.keys))}"
        entry, why = held_to(claim, claim.tables, row)
        fate = self._found.fate(claim.xid) if entry is Entry.LOST else ""
        if fate == "aborted":
            why = f"its transaction {claim.xid} was rolled back: success was told all the same"
        if fate == "unknown":
            why = f"the server knows no transaction {claim.xid}: a crash forgot it, or this is another server"
        return entry, why

    def _unheard(self, claim: Claim) -> Word:
        """An attempt of ours without an answer: only its COMMIT can have done anything, and its transaction tells."""
        if claim.step is not Step.COMMIT:
            return Entry.VOID, ""
        row, owner = self._rows.get(claim.booking_id), self._owner(claim.booking_id)
        match self._found.fate(claim.xid):
            case "aborted":
                return Entry.VOID, ""
            case "unknown" if self._found.is_later:
                return Entry.VOID, ""
            case "committed" if not self._found.has(claim.xid):
                return Entry.UNVERIFIED, "the moment that was read is older than its COMMIT"
            case "committed" if owner not in (None, claim.attempt):
                return Entry.VOID, ""
            case "committed":
                entry, why = held_to(claim, claim.wanted, row)
                if entry is Entry.LOST:
                    # Nobody was told success; and a crash gives out again the numbers that never reached the disk.
                    return Entry.VOID, ""
                return (Entry.RECOVERED, "") if entry is Entry.PERSISTED else (entry, why)
            case "in progress":
                return Entry.UNRESOLVED, f"its transaction {claim.xid} is still open"
            case _:
                pass  # too old to be known, or never told: what is there decides
        if owner in (None, claim.attempt) and row is not None and row.seated:
            return Entry.RECOVERED, ""
        return Entry.UNRESOLVED, "no answer came to COMMIT, and its transaction is not known or too old to be known"

    def _unheard_api(self, claim: Claim) -> Word:
        """A request without an answer: only its booking, found by id or key, and time tell what became of it."""
        row = self._rows.get(claim.booking_id) or self._by_key.get(claim.key)
        if row is not None and row.seated and not self._is_acknowledged(row.booking.booking_id):
            self._explained.add(row.booking.booking_id)
            return Entry.RECOVERED, ""
        if not self._found.is_later:
            return Entry.UNVERIFIED, "the moment that was read may be older than the request's end"
        if claim.step is Step.SUBMIT and not self._is_over(claim):
            return Entry.UNRESOLVED, "no answer came, and the server may still be at it"
        return Entry.VOID, ""

    def _is_over(self, claim: Claim) -> bool:
        """Whether the server has ended its request, answered or not."""
        opened, longest, at = self._terms.opened_at, self._terms.longest, self._found.at
        if opened is None or longest is None or at is None:
            return False
        return at >= opened + timedelta(microseconds=claim.heard_ns // 1000) + longest

    def _owner(self, booking: UUID) -> int | None:
        """The attempt whose tables a booking has: by the key they have, else the last that was told of any."""
        told = [one for one in self._on[booking] if one.acknowledged and one.tables]
        unheard = [one for one in self._on[booking] if one.certainty in (Certainty.INFO, None) and one.key]
        row = self._rows.get(booking)
        keys = row.keys if row is not None else set()
        for some in (told, unheard):
            if by_key := [one for one in some if one.key in keys]:
                return by_key[-1].attempt
        return told[-1].attempt if told else None

    def _is_foreign(self, key: str) -> bool:
        return key.startswith("sf-") and not key.startswith(f"sf-{self._terms.run}-")

    def _is_acknowledged(self, booking: UUID) -> bool:
        return any(one.acknowledged for one in self._on[booking])

    def _duplicates(self) -> None:
        """One intent, more than one booking that is there: under one key, or by one attempt under several."""
        live = [row.booking for row in self._rows.values() if row.confirmed]
        for key, some in _several((one.key, one) for one in live if one.key):
            self._duplicate(some, f"{len(some)} confirmed bookings have the key {key}")
            live = [one for one in live if one.attempt not in {one.attempt for one in some}]
        for attempt, some in _several((one.attempt, one) for one in live if one.attempt is not None):
            self._duplicate(some, f"attempt {attempt} made {len(some)} confirmed bookings, each under a key of its own")

    def _duplicate(self, some: list[VerifyBooking], why: str) -> None:
        self.duplicate += 1
        for one in some:
            self._suspect("duplicate", one.booking_id, None, why)

    def _phantoms(self) -> None:
        """Confirmed, with tables, of this run or spoken of by it, and no attempt can have brought that about."""
        for booking, row in self._rows.items():
            if not row.seated or booking in self._explained or (row.keys and all(map(self._is_foreign, row.keys))):
                continue
            if self._terms.goes_on and row.booking.key in self._open_keys:
                continue
            claims = self._on[booking]
            if any(self._may_have_seated(one) for one in claims):
                continue
            said = (
                "no attempt was about it" if not claims else f"its attempt was told {claims[-1].outcome or 'nothing'}"
            )
            self.phantom += 1
            self._suspect("phantom", booking, claims[-1] if claims else None, f"it is there with tables, and {said}")

    def _may_have_seated(self, claim: Claim) -> bool:
        if claim.acknowledged:
            return True
        if claim.certainty not in (Certainty.INFO, None):
            return False
        if claim.through_api or (claim.certainty is None and self._terms.goes_on):
            return True
        return claim.step is Step.COMMIT and self._found.fate(claim.xid) != "aborted"

    def _suspect(self, word: str, booking: UUID, claim: Claim | None, why: str) -> None:
        row = self._rows.get(booking)
        tagged = None if row is None else row.booking.attempt
        claimed = () if claim is None else claim.tables if claim.acknowledged else claim.wanted
        self.suspects.append(
            Suspect(
                word=word,
                booking_id=booking,
                attempt=tagged if claim is None else claim.attempt,
                key=claim.key if claim is not None else row.booking.key if row is not None else "",
                claimed=claimed,
                status="" if row is None else row.booking.status,
                tables=() if row is None else row.numbers,
                cause=why,
                acknowledged_ns=claim.heard_ns if claim is not None and claim.acknowledged else None,
                missed_ns=None if claim is None else claim.missed_ns,
            )
        )


def held_to(claim: Claim, tables: tuple[str, ...], row: Looked | None) -> Word:
    """What a booking is that is to have these tables, as it is now. No tables: nothing was named."""
    if row is None:
        return Entry.LOST, "the booking itself is gone"
    if not row.confirmed and not row.tables:
        return Entry.LOST, f"it is {row.booking.status} and without tables"
    if not row.confirmed:
        return Entry.TORN, f"it has tables and is {row.booking.status}"
    if not row.tables:
        return Entry.TORN, "it is confirmed and has no tables"
    missing = sorted(set(tables) - set(row.numbers))
    if missing and set(row.numbers) < set(tables):
        return Entry.TORN, f"it is confirmed without {', '.join(missing)}"
    wrong = []
    if tables and row.numbers != tuple(sorted(tables)):
        wrong.append("other tables")
    if claim.party and row.booking.party != claim.party:
        wrong.append(f"a party of {row.booking.party} instead of {claim.party}")
    if (window := claim.window) is not None:
        if any(one.starts is not None and (one.starts, one.ends) != (window.start, window.end) for one in row.tables):
            wrong.append("its tables for another time")
        if row.booking.starts not in (None, window.start):
            wrong.append(f"its guests at {row.booking.starts:%Y-%m-%d %H:%M} instead of {window.start:%Y-%m-%d %H:%M}")
    return (Entry.ALTERED, f"it has {' and '.join(wrong)}") if wrong else (Entry.PERSISTED, "")


def _several(pairs: Iterable[tuple[Key, VerifyBooking]]) -> list[tuple[Key, list[VerifyBooking]]]:
    """Those that more than one booking falls to, with the bookings."""
    found: dict[Key, list[VerifyBooking]] = defaultdict(list)
    for key, one in pairs:
        found[key].append(one)
    return [(key, some) for key, some in found.items() if len(some) > 1]
