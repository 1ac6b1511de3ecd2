"""Statements that are no attempt: making bookings, reading them, noting things; over one held connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import date, time
from typing import TypeVar
from uuid import UUID

import msgspec

from engine.booking_api.rows import BookingRow, CreatedRow, LockedRow, LookRow, StatusRow
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe
from engine.seat import Work
from engine.session import Session
from engine.submitting import CANNOT_WORK

Row = TypeVar("Row")

_ASKS = 4
"""A guest whom another request makes at the same moment is found by the next ask."""
_BACKOFF_S = 0.02
_MOST_BOOKINGS = 20
CONFLICT = "BOOKING_CONFLICT"


class Facts(msgspec.Struct, frozen=True):
    """What a booking is made of, as both statements take it."""

    restaurant: UUID
    on: date
    start: time
    end: time
    party: int
    occasion: str
    name: str
    email: str
    phone: str
    seating: str
    notes: str | None
    marketing: bool
    key: str | None
    details: str
    """JSON."""


class Made(msgspec.Struct, frozen=True):
    """A booking that was made, or found by its key."""

    row: BookingRow
    others: tuple[BookingRow, ...]
    """Further ones of the same guest."""
    duplicate: bool
    fallback: str
    """Why the platform's function would not make it, where a plain insert did."""


class Desk:
    """One connection for short statements. Its calls raise DatabaseFailed and DatabaseUnreachable."""

    def __init__(self, work: Work, session: Session) -> None:
        self._work = work
        self._session = session

    async def close(self) -> None:
        """Close the connection."""
        await self._session.connection.close()

    async def rows(self, slug: str | None, statement: str, into: type[Row], *arguments: object) -> list[Row]:
        """All rows of a statement; of one restaurant, where it is about one."""
        async with self._at(slug) as connection:
            return await connection.rows(statement, into, *arguments)

    async def execute(self, slug: str | None, statement: str, *arguments: object) -> None:
        """Run a statement."""
        async with self._at(slug) as connection:
            await connection.execute(statement, *arguments)

    async def status(self, slug: str, booking: UUID) -> str | None:
        """A booking's status; None when it is gone."""
        found = await self.rows(slug, "booking_api/status", StatusRow, booking)
        return found[0].status if found else None

    async def look(self, booking: UUID) -> LookRow | None:
        """What has become of a booking; None when there is none."""
        for slug in self._contexts():
            found = await self.rows(slug, "booking_api/look", LookRow, booking)
            if found:
                return found[0]
        return None

    async def find(self, key: str, correlation: str) -> list[LookRow]:
        """What has become of the bookings made with that key and correlation."""
        found: list[LookRow] = []
        for slug in self._contexts():
            found += await self.rows(slug, "booking_api/find", LookRow, key, correlation)
        return found

    async def make(self, slug: str, facts: Facts, token: str) -> Made:
        """Make the booking, or find the one of the same key; with a confirmation token, which is `token` when new."""
        async with self._at(slug) as connection:
            created, fallback = await self._create(connection, facts)
            if created is None or created.booking_id is None:
                raise DatabaseFailed("the booking was answered but no row was written")
            row = None
            if created.duplicate:
                row = await connection.row("booking_api/booking", BookingRow, created.booking_id)
            if row is None or row.confirmation_token is None:
                row = await connection.row("booking_api/issue_token", BookingRow, created.booking_id, token)
            if row is None:
                raise DatabaseFailed("the booking was made and then not found")
            others: list[BookingRow] = []
            if created.guest_known:
                rows = await connection.rows(
                    "booking_api/bookings_of_guest", BookingRow, created.booking_id, _MOST_BOOKINGS
                )
                others = [other for other in rows if other.id != row.id]
        return Made(row, tuple(others), created.duplicate, fallback)

    async def _create(self, connection: Connection, facts: Facts) -> tuple[CreatedRow | None, str]:
        """By the platform's function; where that says no, by a plain insert, as the platform's application does it.

        So no cover is counted at creation: a full house shows as bookings that get no tables.
        """
        said = "there is no function that can make it"
        if self._work.submits_by_function:
            created: CreatedRow | None = None
            for ask in range(_ASKS):
                try:
                    created = await connection.row("booking_api/create", CreatedRow, *msgspec.structs.astuple(facts))
                except STEP_ERRORS as error:
                    if not (getattr(error, "sqlstate", None) or "").startswith(CANNOT_WORK):
                        raise
                    self._work.submits_by_function = False
                    said = describe(error)
                    break
                if created is not None and created.success:
                    return created, ""
                if created is not None:
                    said = f"{created.error}: {created.message}"
                    if created.error != CONFLICT:
                        break
                await asyncio.sleep(_BACKOFF_S * ask)
            if created is not None and created.error == CONFLICT:
                raise DatabaseFailed(said)
        return await self._create_plainly(connection, facts), said

    async def _create_plainly(self, connection: Connection, facts: Facts) -> CreatedRow | None:
        await connection.begin()
        if facts.key is not None:
            await connection.row("booking_api/lock_key", LockedRow, facts.restaurant, facts.key)
        created: CreatedRow | None = None
        for _ in range(_ASKS):
            created = await connection.row("booking_api/create_plainly", CreatedRow, *msgspec.structs.astuple(facts))
            if created is not None:
                break
        await connection.commit()
        return created

    def _contexts(self) -> tuple[str | None, ...]:
        """Where to look for a booking: everywhere at once, or under row security in each restaurant for itself."""
        return tuple(self._work.floors) if self._work.contract.needs_context else (None,)

    @contextlib.asynccontextmanager
    async def _at(self, slug: str | None) -> AsyncIterator[Connection]:
        try:
            await self._session.reopen()
            if slug is not None:
                await self._session.bring(self._work.settings_for(slug))
            yield self._session.connection
        except STEP_ERRORS as error:
            raise DatabaseFailed(describe(error)) from error
        finally:
            connection = self._session.connection
            if connection.in_transaction:
                await _leave(connection)


async def _leave(connection: Connection) -> None:
    """Leave no transaction open: a connection that cannot roll back is dropped, and the server does it."""
    if not connection.is_open:
        connection.in_transaction = False
        return
    try:
        await connection.rollback()
    except STEP_ERRORS:
        connection.terminate()
