"""What the console draws of the ledger while a run goes on."""

import msgspec

from engine.model.ledger import Entry


class MissedFace(msgspec.Struct, frozen=True):
    """A booking that a reading did not have as it was acknowledged."""

    booking: str
    """The first eight characters of its id."""
    entry: Entry
    slot: str
    attempt: int | None
    worker: str
    claimed: tuple[str, ...]
    status: str
    """As that reading had it; empty when it was not there."""
    tables: tuple[str, ...]
    after_ns: int
    """From its acknowledgement to that reading's begin."""
    seen_ns: int | None
    """From its acknowledgement to the begin of the last reading that had it whole; None when none had."""
    cause: str


class TruthFace(msgspec.Struct, frozen=True):
    """The ledger so far, as the last reading had it."""

    at_ns: int = 0
    """Begin of the last reading; 0 before the first."""
    took_ns: int = 0
    readings: int = 0
    acknowledged: int = 0
    checked: int = 0
    """Of them, those that were in one reading at least; the rest is not verified yet."""
    persisted: int = 0
    lost: int = 0
    torn: int = 0
    altered: int = 0
    trouble: str = ""
    """Why the last reading failed; empty when it did not."""
    missed: tuple[MissedFace, ...] = ()
    """Newest last, at most 64."""

    @property
    def bad(self) -> int:
        """Acknowledged bookings that are not as acknowledged."""
        return self.lost + self.torn + self.altered
