"""Turns and orders: what workers take and what an attempt is asked to book."""

from datetime import date, time
from enum import StrEnum
from uuid import UUID

import msgspec

from engine.model.ids import AttemptId, TurnId
from engine.model.strategy import Strategy


class TurnEnd(StrEnum):
    """Why a turn takes no more attempts."""

    EXHAUSTED = "exhausted"
    """An attempt in it was not filled."""
    CAPPED = "capped"
    """It has had its share: as many bookings as stress-max allows, or the one it is about."""
    SKIPPED = "skipped"
    """The operator went on to the next pass before it was taken."""


class Before(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a booking stood before the run changed it; `slotfill clean` puts it back so.

    It had no tables: none that has any waits for some.
    """

    status: str = "pending"
    zone_id: UUID | None = None
    """The zone it was locked to; None for any."""
    holds: tuple[UUID, ...] = ()
    """Holds that lay on it; usually none."""


class PendingBooking(msgspec.Struct, frozen=True):
    """A booking that waits for tables, as the database has it."""

    booking_id: UUID
    restaurant: str
    """Slug."""
    on: date
    at: time
    """Local time of the restaurant."""
    party: int
    before: Before | None = None
    """How it stands now; None where that was not asked."""


class Turn(msgspec.Struct, frozen=True, omit_defaults=True):
    """One restaurant, date and start time with one party size: a slot to fill, or one booking that waits for tables."""

    id: TurnId
    restaurant: str
    """Slug."""
    on: date
    at: time
    """Local time of the restaurant."""
    party: int
    booking_id: UUID | None = None
    """The booking that is there already and only wants tables; None where attempts make bookings of their own."""
    twin: int = 0
    """Turns of one run with the same number above 0 send the same request: one idempotency key, one guest."""
    before: Before | None = None
    """How the booking that is there already stood when the turn was planned; None in journals of earlier versions."""

    @property
    def label(self) -> str:
        """The slot as a screen names it: `19:15`; the date is shown apart."""
        return self.at.isoformat("minutes")


class Order(msgspec.Struct, frozen=True):
    """What one attempt is asked to book."""

    attempt: AttemptId
    turn: Turn
    ordinal: int
    """Which booking of its turn this is, from 1; the same for equal seeds."""
    booking_id: UUID
    """Chosen before the send, so that the intent names the row it may make."""
    key: str
    """Idempotency key, `sf-<run>-<n>`."""
    name: str
    email: str
    phone: str
    ladder: tuple[Strategy, ...]
    """The strategies to quote by, one after the other, until one candidate is committed."""

    def of(self, booking_id: UUID) -> "Order":
        """The same order for the row that was really made; a key that names the booking names that one."""
        key = self.key.replace(str(self.booking_id), str(booking_id))
        return msgspec.structs.replace(self, booking_id=booking_id, key=key)

    @property
    def submits(self) -> bool:
        """Whether the booking is still to be made."""
        return self.turn.booking_id is None
