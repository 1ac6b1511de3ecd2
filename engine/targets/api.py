"""The booking API: it makes bookings and gives them their tables itself; we ask, wait and look."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import date
from itertools import islice
from uuid import UUID

import msgspec

from engine.api_answers import looked
from engine.api_problems import absent, told_to_wait_s
from engine.api_seat import ApiSeat, ApiTerms, Work
from engine.booking_looks import CORRELATION, ApiLooks, DatabaseLooks, Looks
from engine.clock import Clock, RunningClock
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, DatabaseLost, DatabaseUnreachable, failure
from engine.held import PAGE, READING_S, HeldMoment, read_held
from engine.http import HTTP_ERRORS, HttpClient
from engine.http import describe as describe_http
from engine.model.floor import Floor
from engine.model.ids import RunId
from engine.model.ledger import HeldRow, Reading
from engine.model.outcome import Certainty, Refusal, certainty_of
from engine.model.rows import PersistedRow
from engine.model.step import Step
from engine.model.strategy import Rules
from engine.model.turn import PendingBooking
from engine.session import RESTAURANT, Session
from engine.standing import DatabaseStanding
from engine.target import Capability, Heard, Moment, WholeSeat

CONFIRMED = "confirmed"
_ASKS = 4
"""Of one booking, before what it came to cannot be read."""


class ApiTarget:
    """Bookings made over HTTP, all seats over one client; read back from the database where there is a DSN."""

    steps = (Step.SUBMIT, Step.INLINE_WAIT, Step.BACKGROUND_WAIT, Step.TOTAL)

    def __init__(
        self,
        name: str,
        base_url: str,
        run: RunId,
        floors: dict[str, Floor],
        terms: ApiTerms,
        clock: Clock | None = None,
    ) -> None:
        """Raises BaseUrlInvalid. Connects nowhere."""
        self.name = name
        self.floors = floors
        self.terms = terms
        self._clock = clock or RunningClock()
        self._client = HttpClient(base_url, timeout_s=terms.timeout_s, connections=terms.concurrency)
        self._work = Work(self._client, self._looks(), self._clock, run, terms)
        self._keys: dict[UUID, str] = {}
        """Of bookings that no attempt heard of and that were found by their keys."""

    def move_to(self, dsn: str, base_url: str) -> None:
        """Work at another API of the same kind from now on; nobody may have a seat. Raises BaseUrlInvalid."""
        self.terms = msgspec.structs.replace(self.terms, dsn=dsn or None)
        self._client = HttpClient(base_url, timeout_s=self.terms.timeout_s, connections=self.terms.concurrency)
        self._work = Work(self._client, self._looks(), self._clock, self.run, self.terms)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """With a DSN its server can be looked at and its rows be read back."""
        return frozenset({Capability.SAMPLE, Capability.VERIFY} if self.terms.dsn else ())

    @property
    def base_url(self) -> str:
        """Where requests go."""
        return self._client.base_url

    @property
    def run(self) -> RunId:
        """The run whose bookings are made."""
        return self._work.run

    async def seat(self, application_name: str) -> WholeSeat:
        """A new seat; it connects to nothing."""
        return ApiSeat(self._work)

    async def connect(self, application_name: str) -> Connection:
        """A connection to the database of the DSN, for what is asked beside the attempts.

        Raises DatabaseUnreachable, also where there is none.
        """
        return await self._open(application_name, max(READING_S, self.terms.timeout_s))

    async def _open(self, application_name: str, timeout_s: float) -> Connection:
        if self.terms.dsn is None:
            raise DatabaseUnreachable(f"target {self.name} has no dsn, so its database is not looked at; give it one")
        return await Connection.open(
            self.terms.dsn,
            application_name=application_name,
            timeout_s=timeout_s,
            pooled=self.terms.contract.pooled,
        )

    def adopt(self, session: Mapping[str, str], rules: Rules) -> None:
        """The platform plans with rules and sessions of its own."""

    async def reload(self) -> None:
        """Opening hours are as they were given, and nothing else of the floors is used."""

    async def pending(self, restaurants: Collection[str], on: date) -> tuple[PendingBooking, ...]:
        """None: what waits for tables is the platform's to assign."""
        return ()

    async def persisted(self, bookings: Collection[UUID]) -> dict[UUID, int]:
        """Which of these and of this run's bookings are confirmed and have tables, with how many.

        Raises DatabaseFailed, DatabaseUnreachable; DatabaseFailed too where the API has to be asked and says nothing.
        """
        if self.terms.dsn is None:
            await self._find_unheard()
            told = await self._told(dict(self._work.made))
            return {one: len(heard.tables) for one, heard in told.items() if heard.status == CONFIRMED and heard.tables}
        found: dict[UUID, int] = {}
        async with self._reading() as connection:
            for slug in self.floors if self.terms.contract.needs_context else ("",):
                if slug:
                    await Session.of(connection).bring(self._context(slug))
                rows = await connection.rows("truth/persisted", PersistedRow, self.run, [*bookings])
                found.update((row.booking_id, row.tables) for row in rows)
        return found

    async def held(self, bookings: Collection[UUID], acknowledged: Collection[int] = ()) -> Reading:
        """These and this run's bookings: at one moment, or one after the other where the API has to be asked.

        Raises DatabaseFailed, DatabaseUnreachable.
        """
        if self.terms.dsn is None:
            untold = await self._find_unheard()
            rows = await self._rows_told(dict(self._work.made))
            return Reading({row.booking_id: row for row in rows}, untold=untold)
        async with self._reading() as connection:
            return await read_held(connection, self.run, [*bookings], acknowledged, self._contexts())

    @contextlib.asynccontextmanager
    async def moment(self) -> AsyncIterator[Moment]:
        """The same piece by piece. Raises DatabaseFailed, DatabaseUnreachable."""
        if self.terms.dsn is None:
            yield ToldMoment(self)
            return
        async with self._reading() as connection:
            yield await HeldMoment(connection, self.run, self._contexts()).begun()

    async def told_by_page(self) -> AsyncIterator[list[HeldRow]]:
        """All bookings that were made here, as the API tells them. Raises DatabaseFailed."""
        await self._find_unheard()
        made = iter(self._work.made)
        while some := dict(islice(made, PAGE)):
            yield await self._rows_told(some)

    async def rows_of(self, bookings: Collection[UUID]) -> list[HeldRow]:
        """The same of these bookings, as far as they were made here. Raises DatabaseFailed."""
        return await self._rows_told({one: attempt for one, attempt in self._work.made if one in bookings})

    def standing(self) -> DatabaseStanding:
        """To read bookings again and again from the database, where there is a DSN.

        The API itself is not asked each second after what it made: that would be load of ours on what is measured.
        """
        return DatabaseStanding(lambda: self.connect(f"slotfill {self.run} reconciler"), self._contexts)

    async def close(self) -> None:
        """Drop every connection."""
        await self._work.looks.close()
        await self._client.close()

    def _looks(self) -> Looks:
        if self.terms.dsn is None:
            return ApiLooks(self._client)
        context = self._context if self.terms.contract.needs_context else None
        return DatabaseLooks(lambda: self._open(f"slotfill {self._work.run} looks", self.terms.timeout_s), context)

    def _contexts(self) -> list[Mapping[str, str]]:
        """Session settings under which all restaurants are seen, one after the other where row security wants it."""
        return [self._context(slug) for slug in self.floors] if self.terms.contract.needs_context else [{}]

    def _context(self, slug: str) -> Mapping[str, str]:
        return {RESTAURANT: str(self.floors[slug].restaurant_id)}

    async def _rows_told(self, made: Mapping[UUID, int]) -> list[HeldRow]:
        told = await self._told(made)
        keys = self._keys
        return [HeldRow(one, heard.status, keys.get(one, ""), list(heard.tables)) for one, heard in told.items()]

    async def _find_unheard(self) -> frozenset[str]:
        """Ask by their keys after orders of which nobody knows what became of them; those the API does not tell of.

        After the first of these no other is asked after: it is away, or finds nothing by a key.
        """
        unheard = list(self._work.unheard.values())
        for number, order in enumerate(unheard):
            told = await self._work.looks.find(order, self._work.correlation(order.attempt))
            if isinstance(told, Refusal):
                return frozenset(one.key for one in unheard[number:])
            if told is not None:
                self._keys[told] = order.key
                self._work.keep(told, order)
        return frozenset()

    async def _told(self, made: Mapping[UUID, int]) -> dict[UUID, Heard]:
        """What the API says of these bookings, each with its attempt; as many at once as the run has workers.

        Raises DatabaseFailed when one cannot be asked after.
        """
        found: dict[UUID, Heard] = {}
        troubles: list[DatabaseFailed] = []
        left = iter(made.items())

        async def ask() -> None:
            for booking, attempt in left:
                if troubles:
                    return
                try:
                    heard = await self._told_of(booking, self._work.correlation(attempt))
                except DatabaseFailed as failed:
                    troubles.append(failed)
                    return
                if heard is not None:
                    found[booking] = heard

        async with asyncio.TaskGroup() as group:
            for _ in range(self.terms.concurrency):
                group.create_task(ask())
        if troubles:
            raise troubles[0]
        return found

    async def _told_of(self, booking: UUID, correlation: str) -> Heard | None:
        """What the API says of a booking; None when it is not there. Raises DatabaseFailed.

        Asked again where time may help: it is only read, and one answer of many thousands that fails must not cost a
        run its ledger.
        """
        failed, wait_s = DatabaseFailed(""), self.terms.poll_s
        for ask in range(_ASKS):
            if ask:
                await self._clock.sleep_until(self._clock.now_ns() + round(wait_s * 1e9))
            wait_s = self.terms.poll_s * 2**ask
            try:
                answer = await self._client.get(f"/api/bookings/{booking}", {CORRELATION: correlation})
            except HTTP_ERRORS as error:
                failed = DatabaseLost(f"booking {booking} could not be asked after: {describe_http(error)}")
                continue
            if absent(answer):
                return None
            heard = looked(answer)
            if isinstance(heard, Heard):
                return heard
            failed = DatabaseFailed(f"booking {booking} could not be asked after: {heard.message}")
            if answer.status == 429:
                told_s = told_to_wait_s(answer, self._clock.wall()) or wait_s
                wait_s = min(max(told_s, wait_s), self.terms.patience_s)
            elif certainty_of(heard) is not Certainty.INFO:
                break
        raise failed

    @contextlib.asynccontextmanager
    async def _reading(self) -> AsyncIterator[Connection]:
        connection = await self.connect(f"slotfill {self.run} truth")
        try:
            yield connection
        except STEP_ERRORS as error:
            raise failure(f"truth of run {self.run} could not be read", error) from error
        finally:
            await connection.close()


class ToldMoment:
    """What an API tells of its bookings, one after the other: no moment, but all there is to be had."""

    def __init__(self, target: ApiTarget) -> None:
        self._target = target

    def tagged(self) -> AsyncIterator[list[HeldRow]]:
        """All bookings that were made here, page by page."""
        return self._target.told_by_page()

    async def rows(self, bookings: Collection[UUID]) -> list[HeldRow]:
        """Those of them that were made here, and no others: an API tells nobody of those."""
        return await self._target.rows_of(frozenset(bookings))

    async def unseen(self, acknowledged: Collection[int]) -> frozenset[int]:
        """None: an API tells of no transactions."""
        return frozenset()
