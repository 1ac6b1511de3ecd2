"""What a run found that goes on with another: what had been in flight, what became of it, and the other's ledger."""

from uuid import UUID

import msgspec

from engine.model.ids import AttemptId, RunId, TurnId
from engine.model.ledger import Entry, Ledger
from engine.model.step import Step

NAMED = 20
"""So many attempts are named in a sentence; a result has them all."""


class RunBackend(msgspec.Struct, frozen=True):
    """A backend that still works for a run."""

    pid: int
    application_name: str
    state: str


class InFlight(msgspec.Struct):
    """An attempt that has no last word, or whose last word was that it was cancelled."""

    run: RunId
    attempt: AttemptId
    turn: TurnId
    booking_id: UUID
    key: str
    makes_booking: bool
    """Its first write was the submit; else the booking was there before it."""
    step: Step
    """The last write it was about to send."""
    holds: list[UUID]
    tables: tuple[str, ...] = ()
    """Of its last try."""
    xid: int | None = None
    """The transaction of its COMMIT; None when COMMIT was never sent."""


class Settled(msgspec.Struct, frozen=True):
    """An attempt that was in flight, and what became of it."""

    attempt: AttemptId
    turn: TurnId
    slot: str
    """Date and start of its turn."""
    booking_id: UUID
    key: str
    entry: Entry
    """Recovered, or void, which is: given up; lost, torn or altered when it was committed and is not there whole."""
    why: str
    """The proof, in words."""
    tables: tuple[str, ...] = ()
    """Table numbers it has now, where it was committed."""

    @property
    def took_effect(self) -> bool:
        """It was committed: it had its share of its turn, whatever became of its rows."""
        return self.entry is not Entry.VOID

    @property
    def words(self) -> str:
        """One attempt in words: `#57 2027-03-01 18:15 1c2d3e4f recovered with 4+5 (transaction 812 committed)`."""
        what = "given up" if self.entry is Entry.VOID else self.entry.value
        tables = f" with {'+'.join(self.tables)}" if self.tables else ""
        return f"#{self.attempt} {self.slot} {str(self.booking_id)[:8]} {what}{tables} ({self.why})"


class Continued(msgspec.Struct, frozen=True):
    """What lay behind a run that goes on with another."""

    run: RunId
    """The other run."""
    ledger: Ledger
    """Of the other run, once everything in flight was settled: with this run's own it accounts for every attempt."""
    in_flight: tuple[Settled, ...] = ()
    cancelled: tuple[UUID, ...] = ()
    """Bookings that were made and that nobody goes on with."""
    released: int = 0
    """Holds that were given back."""
    ended: int = 0
    """Backends of the other run that had to be ended."""

    @property
    def text(self) -> str:
        """What became of it, in words, for the journal."""
        effect = [one for one in self.in_flight if one.took_effect]
        named = "".join(f"; {one.words}" for one in self.in_flight[:NAMED])
        more = f"; and {len(self.in_flight) - NAMED} more" if len(self.in_flight) > NAMED else ""
        recovered = sum(one.entry is Entry.RECOVERED for one in effect)
        bad = f"{len(effect) - recovered} committed and not there whole, " if len(effect) > recovered else ""
        given_up = len(self.in_flight) - len(effect)
        return (
            f"{len(self.in_flight)} were in flight: {recovered} recovered, {bad}{given_up} given up; "
            f"{len(self.cancelled)} bookings cancelled, {self.released} holds released{named}{more}; "
            f"run {self.run}: {self.ledger.equation}"
        )

    @property
    def alerts(self) -> tuple[str, ...]:
        """What a reader of this run must know of the other one."""
        kept = self.ledger
        counts = {
            "lost": kept.lost, "torn": kept.torn, "altered": kept.altered, "duplicate": kept.duplicate,
            "phantom": kept.phantom,
        }  # fmt: skip
        bad = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
        if not bad:
            return ()
        return (f"run {self.run}, which this one goes on with: {bad}; slotfill verify {self.run} names them",)
