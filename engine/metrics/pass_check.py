"""What a pass left pending against what it should have left, checked before the next one begins. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from engine.metrics.ledger import CONFIRMED, cause, compared
from engine.model.event import AttemptEnded, Event
from engine.model.ledger import Entry, HeldRow, Reading

NAMED = 100
"""So many differences are named; all are counted."""


class Difference(NamedTuple):
    """A booking that is not where the pass left it by its own account."""

    booking_id: UUID
    entry: Entry | None
    """What became of an acknowledged booking; None where nobody was told success."""
    attempt: int | None
    status: str
    """Now; empty when it is not there."""
    why: str

    @property
    def words(self) -> str:
        """One booking in words."""
        attempt = "" if self.attempt is None else f" #{self.attempt}"
        entry = "" if self.entry is None else f" {self.entry.value}"
        return f"{str(self.booking_id)[:8]}{attempt}{entry}, {self.status or 'gone'} ({self.why})"


class PassCheck(NamedTuple):
    """A pass over so many bookings, and what there was to say when it was over."""

    number: int
    """Which pass, from 1."""
    tried: int
    """Pending when it began."""
    acknowledged: int
    """Of them, those that the platform said success of."""
    persisted: int
    """Of them, those that are confirmed and have tables."""
    pending: int
    differences: tuple[Difference, ...]

    @property
    def text(self) -> str:
        """All of it in a sentence; empty when nothing differs."""
        if not self.differences:
            return ""
        counts: dict[str, int] = {}
        for one in self.differences:
            word = "unexplained" if one.entry is None else one.entry.value
            counts[word] = counts.get(word, 0) + 1
        told = ", ".join(f"{count} {word}" for word, count in counts.items())
        return (
            f"pass {self.number} began with {self.tried} pending: {self.acknowledged} were acknowledged and "
            f"{self.persisted} persisted, so {self.tried - self.acknowledged} should be pending by its own account and "
            f"{self.tried - self.persisted} by the database's; {self.pending} are: {told}"
        )

    @property
    def items(self) -> str:
        """The differences, booking by booking."""
        more = f"; and {len(self.differences) - NAMED} more" if len(self.differences) > NAMED else ""
        return "; ".join(one.words for one in self.differences[:NAMED]) + more

    @property
    def alert(self) -> str:
        """For whoever reads the result: the first of them, and the likeliest cause."""
        names = ", ".join(str(one.booking_id) for one in self.differences[:3])
        causes = dict.fromkeys(one.why for one in self.differences)
        return f"{self.text}: {names}{' …' if len(self.differences) > 3 else ''}; likeliest: {next(iter(causes))}"


def claims_of(events: Iterable[Event], legs: Collection[int]) -> dict[UUID, AttemptEnded]:
    """For every booking that these legs were told success of, who was told last."""
    return {
        event.booking_id: event
        for event in events
        if isinstance(event, AttemptEnded) and event.acknowledged and event.ids.leg in legs
    }


def checked_pass(
    number: int,
    tried: Collection[UUID],
    claims: Mapping[UUID, AttemptEnded],
    reading: Reading,
    pending: Collection[UUID],
) -> PassCheck:
    """The check of a pass over `tried`. `claims` are of all passes so far.

    What should be pending is what was tried less what persisted. A booking that was acknowledged in whichever pass and
    is not there whole is named with its cause; so is every other one that is pending or not without a word from us.
    """
    wanted, now = set(tried), set(pending)
    persisted = {one for one in wanted if _whole(reading.rows.get(one)) and one not in now}
    found = []
    for booking, claim in claims.items():
        row = reading.rows.get(booking)
        if claim.xid is not None and claim.xid in reading.unseen:
            continue
        entry = compared(claim.tables, claim.party, claim.window, row)
        if entry is Entry.PERSISTED and booking in now:
            entry, row = Entry.LOST, HeldRow(booking, "pending", "", [])
        if entry is not Entry.PERSISTED:
            why = cause(claim.outcome, claim.tables, entry, row, xid=claim.xid)
            found.append(Difference(booking, entry, claim.ids.attempt, "" if row is None else row.status, why))
    for booking in sorted((now ^ (wanted - persisted)) - claims.keys()):
        row = reading.rows.get(booking)
        why = "it is pending now and was not when the pass began" if booking in now else (
            "it is not pending any more, and nobody was told success of it"
        )  # fmt: skip
        found.append(Difference(booking, None, None, "pending" if booking in now else (row.status if row else ""), why))
    acknowledged = sum(booking in wanted for booking in claims)
    return PassCheck(number, len(wanted), acknowledged, len(persisted), len(now), tuple(found))


def _whole(row: HeldRow | None) -> bool:
    return row is not None and row.status == CONFIRMED and bool(row.tables)
