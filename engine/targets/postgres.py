"""A Postgres with the platform's schema: every step is ours to do and to time."""

import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import date
from uuid import UUID

from engine.allocator.planner import Planner
from engine.contract import REFERENCE, USUAL_TERMS, Contract, Terms
from engine.database import STEP_ERRORS, Connection, failure
from engine.held import READING_S, UNTIMED, HeldMoment, read_held
from engine.model.floor import Floor
from engine.model.ids import RunId
from engine.model.ledger import Reading
from engine.model.rows import PendingRow, PersistedRow
from engine.model.step import Step
from engine.model.strategy import Rules
from engine.model.turn import Before, PendingBooking
from engine.restaurants import read_floors
from engine.seat import PostgresSeat, Work
from engine.session import Session
from engine.standing import DatabaseStanding
from engine.target import Capability, Seat


class PostgresTarget:
    """Bookings made in a database, over one held connection a worker."""

    name: str
    capabilities = frozenset({Capability.STEPS, Capability.SAMPLE, Capability.VERIFY, Capability.RESET})
    steps = (Step.SUBMIT, Step.QUOTE, Step.HOLD, Step.CONFIRM, Step.COMMIT, Step.TOTAL)

    def __init__(
        self,
        name: str,
        dsn: str,
        run: RunId,
        floors: dict[str, Floor],
        contract: Contract = REFERENCE,
        terms: Terms = USUAL_TERMS,
    ) -> None:
        self.name = name
        self.dsn = dsn
        self.contract = contract
        self._work = Work(run, floors, contract, terms)
        self._seats = 0

    @property
    def run(self) -> RunId:
        """The run whose bookings are made."""
        return self._work.run

    @property
    def floors(self) -> dict[str, Floor]:
        """The restaurants that were opened, by slug."""
        return self._work.floors

    @property
    def planners(self) -> dict[str, Planner]:
        """A planner for each of them; others whenever rules or floors change."""
        return self._work.planners

    def move_to(self, dsn: str, base_url: str) -> None:
        """Work in another database of the same kind from now on; nobody may have a seat."""
        self.dsn = dsn

    async def seat(self, application_name: str) -> Seat:
        """A new seat with a connection of its own. Raises DatabaseUnreachable."""
        step_s = self._work.terms.step_timeout_s
        session = Session(await self._open(application_name, step_s), lambda: self._open(application_name, step_s))
        number, self._seats = self._seats, self._seats + 1
        return PostgresSeat(self._work, session, number)

    async def connect(self, application_name: str) -> Connection:
        """A connection for what is asked beside the attempts; it has as long as a step at least.

        Raises DatabaseUnreachable.
        """
        return await self._open(application_name, max(READING_S, self._work.terms.step_timeout_s))

    def adopt(self, session: Mapping[str, str], rules: Rules) -> None:
        """Session settings and planner rules that every seat has from its next attempt on."""
        self._work.adopt(session, rules)

    async def reload(self) -> None:
        """Read the floors anew. Raises DatabaseFailed, DatabaseUnreachable."""
        async with self._looking("floors") as connection:
            self._work.settle(await read_floors(connection, tuple(self.floors), self.contract))

    async def pending(self, restaurants: Collection[str], on: date) -> tuple[PendingBooking, ...]:
        """Bookings of that day that wait for tables, by start and id. Raises DatabaseFailed, DatabaseUnreachable."""
        wanted = [slug for slug in self.floors if slug in restaurants]
        slugs = {self.floors[slug].restaurant_id: slug for slug in wanted}
        rows: list[PendingRow] = []
        async with self._looking("pending") as connection:
            for group in self._groups(wanted):
                await Session.of(connection).bring({**self._work.settings_for(group[0]), **UNTIMED})
                ids = [self.floors[slug].restaurant_id for slug in group]
                rows += await connection.rows("fill/pending", PendingRow, ids, on)
        rows.sort(key=lambda row: (row.at, row.booking_id))
        return tuple(
            PendingBooking(
                row.booking_id,
                slugs[row.restaurant_id],
                row.on,
                row.at,
                row.party,
                Before(row.status, row.zone_id, tuple(row.holds)),
            )
            for row in rows
        )

    async def persisted(self, bookings: Collection[UUID]) -> dict[UUID, int]:
        """Which of these and of this run's bookings are confirmed and have tables, with how many.

        Raises DatabaseFailed, DatabaseUnreachable.
        """
        found: dict[UUID, int] = {}
        wanted = list(bookings)
        async with self._looking("truth") as connection:
            for group in self._groups(list(self.floors)):
                await Session.of(connection).bring({**self._work.settings_for(group[0]), **UNTIMED})
                rows = await connection.rows("truth/persisted", PersistedRow, self.run, wanted)
                found.update((row.booking_id, row.tables) for row in rows)
        return found

    async def held(self, bookings: Collection[UUID], acknowledged: Collection[int] = ()) -> Reading:
        """These and this run's bookings at one moment. Raises DatabaseFailed, DatabaseUnreachable."""
        async with self._looking("ledger") as connection:
            return await read_held(connection, self.run, bookings, acknowledged, self._settings())

    @contextlib.asynccontextmanager
    async def moment(self) -> AsyncIterator[HeldMoment]:
        """The same piece by piece. Raises DatabaseFailed, DatabaseUnreachable."""
        async with self._looking("ledger") as connection:
            yield await HeldMoment(connection, self.run, self._settings()).begun()

    def standing(self) -> DatabaseStanding:
        """To read bookings again and again, over a connection of its own."""
        return DatabaseStanding(lambda: self.connect(f"slotfill {self.run} reconciler"), self._settings)

    async def close(self) -> None:
        """Nothing is held here; seats close themselves."""

    def _settings(self) -> list[Mapping[str, str]]:
        """Session settings under which all restaurants are seen, one after the other where row security wants it."""
        return [self._work.settings_for(group[0]) for group in self._groups(list(self.floors))]

    def _groups(self, slugs: list[str]) -> list[list[str]]:
        """Restaurants that one statement can see together: all, or each for itself under row security."""
        if self.contract.needs_context:
            return [[slug] for slug in slugs]
        return [slugs] if slugs else []

    async def _open(self, application_name: str, timeout_s: float) -> Connection:
        return await Connection.open(
            self.dsn, application_name=application_name, timeout_s=timeout_s, pooled=self.contract.pooled
        )

    @contextlib.asynccontextmanager
    async def _looking(self, what: str) -> AsyncIterator[Connection]:
        connection = await self.connect(f"slotfill {self.run} {what}")
        try:
            yield connection
        except STEP_ERRORS as error:
            raise failure(f"{what} of run {self.run} could not be read", error) from error
        finally:
            await connection.close()
