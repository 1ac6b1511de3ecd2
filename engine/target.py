"""What a target is: where bookings are made, and the seat each worker has there."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import date
from enum import StrEnum
from typing import Protocol, runtime_checkable
from uuid import UUID

import msgspec

from engine.model.floor import Candidate, Floor, Quote
from engine.model.ledger import HeldRow, Reading
from engine.model.outcome import Refusal
from engine.model.step import Step
from engine.model.strategy import Rules, Strategy
from engine.model.turn import Order, PendingBooking


class Capability(StrEnum):
    """What a target can do, so that screens and plans never guess."""

    STEPS = "steps"
    """Quote, hold, confirm and commit are ours to do and to time."""
    SAMPLE = "sample"
    """Its server can be looked at."""
    VERIFY = "verify"
    """What it holds can be read back."""
    RESET = "reset"
    """It can be brought back to its seeded state."""


class Submitted(msgspec.Struct, frozen=True):
    """A booking was accepted as pending."""

    booking_id: UUID
    """The row it made; not always the one the order named, as the platform's own function draws its ids."""
    xid: int | None = None
    heard: "Heard | None" = None
    """What the answer itself told of the booking, where it tells more than that it is there."""


class Heard(msgspec.Struct, frozen=True):
    """What is known of a booking that somebody else gives its tables."""

    status: str
    """The platform's word: `pending`, `confirmed`, `cancelled` …"""
    tables: tuple[str, ...] = ()
    """Table numbers it has."""
    seats: int = 0
    zone: str | None = None
    reason: str | None = None
    """Why the platform could not assign it last: `INLINE_TIMEOUT`, a planner's text; None when nothing refused it."""
    planner_ns: int | None = None
    """How long the platform's planner took in the request, as the platform says."""
    source: str = ""
    """Who assigned it last, as the platform says: `inline`, `job`."""
    is_final: bool = False
    """Nobody will try to assign it any more."""


class Held(msgspec.Struct, frozen=True):
    """A hold was taken on every table of the candidate."""

    hold_id: UUID
    xid: int | None = None


class Confirmed(msgspec.Struct, frozen=True):
    """The confirming statement answered; nothing is true before its COMMIT is."""

    tables: tuple[str, ...]
    """Table numbers the platform says it assigned; none for a ledger replay that answers success with no rows."""
    xid: int | None = None


class Committed(msgspec.Struct, frozen=True):
    """COMMIT was acknowledged."""


class Seat(Protocol):
    """One worker's place at a target: it holds a connection for the run. Refusals are values.

    Every method returns within its step's timeout. A method may raise only for bugs and cancellation.
    """

    @property
    def pid(self) -> int | None:
        """The server's process behind it, where there is one."""
        ...

    async def submit(self, order: Order) -> Submitted | Refusal:
        """Make the booking, pending."""
        ...

    async def quote(self, order: Order, strategy: Strategy) -> Quote | Refusal:
        """Read what is busy and plan; a quote without candidates says why."""
        ...

    async def hold(self, order: Order, candidate: Candidate, hold_id: UUID) -> Held | Refusal:
        """Hold every table of the candidate, or none."""
        ...

    async def confirm(self, order: Order, candidate: Candidate, hold_id: UUID) -> Confirmed | Refusal:
        """Open the transaction and confirm the hold in it."""
        ...

    async def commit(self, order: Order, candidate: Candidate) -> Committed | Refusal:
        """Commit what `confirm` opened."""
        ...

    async def release(self, hold_id: UUID) -> Refusal | None:
        """Give a hold back, tables and all; None when it is gone."""
        ...

    async def close(self) -> None:
        """Leave the target."""
        ...


class WholeSeat(Protocol):
    """One worker's place at a target that assigns tables itself: a booking is made, and then asked after.

    Every method returns within its timeout. A method may raise only for bugs and cancellation.
    """

    @property
    def pid(self) -> int | None:
        """The server's process behind it, where there is one."""
        ...

    @property
    def overcome(self) -> tuple[Refusal, ...]:
        """What the last `submit` was told on the way and waited out: rate limits."""
        ...

    @property
    def rested_ns(self) -> int:
        """How long the last `submit` waited for rate limits, which is no time of the server's."""
        ...

    async def submit(self, order: Order) -> Submitted | Refusal:
        """Make the booking; its answer may come after the platform tried to assign it."""
        ...

    async def look(self, order: Order, booking_id: UUID) -> Heard | Refusal:
        """What has become of it."""
        ...

    async def find(self, order: Order) -> UUID | Refusal | None:
        """The booking that was made with the order's key, when an answer never came; None when there is none."""
        ...

    async def close(self) -> None:
        """Leave the target."""
        ...


class Standing(Protocol):
    """What became of bookings, read again and again while a run goes on."""

    async def open(self) -> None:
        """Come to the target, unless that was done.

        Raises DatabaseFailed, DatabaseUnreachable, the latter too where no database can be read.
        """
        ...

    async def read(self, bookings: Collection[UUID], acknowledged: Collection[int]) -> Reading:
        """These bookings and no others, each whole as it was at one moment since the call.

        `acknowledged` are transactions whose COMMIT was answered: those the reading may not see yet are named in it.
        Raises DatabaseFailed, DatabaseUnreachable.
        """
        ...

    async def close(self) -> None:
        """Leave the target; the next reading comes back to it."""
        ...


class Moment(Protocol):
    """What is there at one moment, read piece by piece.

    Every method raises what a step may raise; leaving the moment tells it as DatabaseFailed.
    """

    def tagged(self) -> AsyncIterator[list[HeldRow]]:
        """All bookings that the run's tag is on, page by page."""
        ...

    async def rows(self, bookings: Collection[UUID]) -> list[HeldRow]:
        """Those of these bookings that are there."""
        ...

    async def unseen(self, acknowledged: Collection[int]) -> frozenset[int]:
        """Transactions whose COMMIT was answered and that this moment does not see yet."""
        ...


@runtime_checkable
class ReadInParts(Protocol):
    """A target that can be read piece by piece, for runs of which not all fits into memory."""

    def moment(self) -> AbstractAsyncContextManager[Moment]:
        """What is there when it is entered. Raises DatabaseFailed, DatabaseUnreachable, as `held` does."""
        ...


class Target(Protocol):
    """Where bookings are made."""

    @property
    def name(self) -> str:
        """Its name in config.toml."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do."""
        ...

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that are seen on it, in order; `total` last."""
        ...

    @property
    def floors(self) -> dict[str, Floor]:
        """The restaurants that were opened, by slug."""
        ...

    async def seat(self, application_name: str) -> Seat | WholeSeat:
        """A new seat: with STEPS a `Seat`, else a `WholeSeat`. Raises DatabaseUnreachable."""
        ...

    def adopt(self, session: Mapping[str, str], rules: Rules) -> None:
        """Session settings and planner rules that every seat has from its next attempt on."""
        ...

    async def reload(self) -> None:
        """Read the floors anew. Raises DatabaseFailed, DatabaseUnreachable."""
        ...

    async def pending(self, restaurants: Collection[str], on: date) -> tuple[PendingBooking, ...]:
        """Bookings of that day that wait for tables, by start and id. Raises DatabaseFailed, DatabaseUnreachable."""
        ...

    async def persisted(self, bookings: Collection[UUID]) -> dict[UUID, int]:
        """Which of these bookings are confirmed and have tables, with how many tables each; and all others that this
        run's tag is on and of which the same is true. Raises DatabaseFailed, DatabaseUnreachable."""
        ...

    async def held(self, bookings: Collection[UUID], acknowledged: Collection[int] = ()) -> Reading:
        """These bookings, and all others that this run's tag is on, as the database has them at one moment.

        `acknowledged` are transactions whose COMMIT was answered: those the reading does not see yet are named in it.
        Raises DatabaseFailed, DatabaseUnreachable, the latter too where no database can be read.
        """
        ...

    def standing(self) -> Standing:
        """To read bookings again and again; nothing is connected yet."""
        ...

    async def close(self) -> None:
        """Leave it as it is."""
        ...
