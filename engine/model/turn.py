"""Turns and orders: what workers take and what an attempt is asked to book."""

from datetime import date, time
from enum import StrEnum
from uuid import UUID

import msgspec

from engine.model.ids import AttemptId, TurnId


class TurnEnd(StrEnum):
    """Why a turn takes no more attempts."""

    EXHAUSTED = "exhausted"
    """An attempt in it was not filled."""
    CAPPED = "capped"
    """It made as many bookings as stress-max allows."""


class Turn(msgspec.Struct, frozen=True):
    """A slot to fill: one restaurant, date and start time, with one party size for all its bookings."""

    id: TurnId
    restaurant: str
    """Slug."""
    on: date
    at: time
    """Local time of the restaurant."""
    party: int

    @property
    def label(self) -> str:
        """The slot as a screen names it: `19:15`; the date is shown apart."""
        return self.at.strftime("%H:%M")


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
