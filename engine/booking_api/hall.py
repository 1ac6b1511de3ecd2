"""What all requests share: the restaurants, the connections, the event log, the limit. Opened once, closed once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from msgspec.structs import replace

from engine.booking_api.desk import Desk
from engine.booking_api.event_log import EventLog
from engine.booking_api.limiting import RateLimit
from engine.booking_api.pool import Pool
from engine.booking_api.rows import HouseRow, OccasionRow
from engine.booking_api.schedule import House
from engine.booking_api.seat import ApiSeat, TwoStepSeat
from engine.booking_api.spec import ApiSpec, ApiUnfit
from engine.clock import RunningClock
from engine.contract import Contract, Terms
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, DatabaseUnreachable, describe
from engine.model.ids import RunId
from engine.model.strategy import AdjacencyMode, Strategy
from engine.probe import probe
from engine.restaurants import read_floors
from engine.seat import Work
from engine.session import Session

REFRESH_S = 30.0
"""Tables and hours are read anew so often: as long as the platform keeps its tables."""
_USUAL_PARTIES = range(1, 13)


class Hall:
    """Make it with `open`."""

    def __init__(self, spec: ApiSpec, contract: Contract, work: Work) -> None:
        self.spec = spec
        self.flags = spec.flags
        self.clock = RunningClock()
        self.work = work
        self.strategy = effective(spec)
        self.limit = RateLimit(spec.flags.rate_limit_per_minute)
        self.stopping = asyncio.Event()
        """Set when nothing new is to be begun."""
        self.houses: dict[str, House] = {}
        self.by_id: dict[UUID, House] = {}
        self._contract = contract
        self.seats: Pool[ApiSeat]
        self.desks: Pool[Desk]
        self.log: EventLog

    @property
    def default(self) -> House | None:
        """The restaurant of requests that name none."""
        if self.spec.default_restaurant:
            return self.houses.get(self.spec.default_restaurant)
        return next(iter(self.houses.values()), None)

    async def connect(self, what: str) -> Connection:
        """A connection of this server. Raises DatabaseUnreachable."""
        return await Connection.open(
            self.spec.dsn,
            application_name=f"slotfill {self.spec.run} api {what}".replace("  ", " "),
            timeout_s=self.spec.step_timeout_s,
            pooled=self._contract.pooled,
        )

    async def refresh(self) -> None:
        """Read the restaurants anew. Raises DatabaseFailed, DatabaseUnreachable."""
        async with self.desks.one() as desk:
            rows = await desk.rows(None, "booking_api/restaurants", HouseRow)
            lengths = {one.key: one.minutes for one in await desk.rows(None, "booking_api/occasions", OccasionRow)}
        connection = await self.connect("floors")
        try:
            floors = await read_floors(connection, tuple(row.slug for row in rows), self._contract)
        finally:
            await connection.close()
        if floors != self.work.floors:
            # Not otherwise: new planners would have to find every set of tables once more.
            self.work.settle(floors)
            for planner in self.work.planners.values():
                await asyncio.to_thread(planner.prepare, _USUAL_PARTIES, self.strategy)
        self.houses = {row.slug: House(floors[row.slug], row, lengths) for row in rows if row.slug in floors}
        self.by_id = {house.row.id: house for house in self.houses.values()}

    async def keep_fresh(self) -> None:
        """Read the restaurants anew every half minute, until it is stopped; what cannot be read stays as it was."""
        while not await self.clock.wait_for(self.stopping, self.clock.now_ns() + round(REFRESH_S * 1e9)):
            with contextlib.suppress(DatabaseFailed, DatabaseUnreachable):
                await self.refresh()

    def session(self, connection: Connection, what: str) -> Session:
        """A session that connects again when it was lost."""
        return Session(connection, lambda: self.connect(what))


@contextlib.asynccontextmanager
async def opened(spec: ApiSpec) -> AsyncIterator[Hall]:
    """The hall, with its connections open and its restaurants read. Raises ApiUnfit."""
    _require(spec)
    closing: list[Pool[ApiSeat] | Pool[Desk] | Desk] = []
    try:
        try:
            hall = await _open(spec, closing)
        except (DatabaseFailed, DatabaseUnreachable) as error:
            raise ApiUnfit(f"the booking API has no database to work on: {error}") from error
        except STEP_ERRORS as error:
            raise ApiUnfit(f"the booking API has no database to work on: {describe(error)}") from error
        yield hall
    finally:
        for one in reversed(closing):
            await one.close()


async def _open(spec: ApiSpec, closing: list[Pool[ApiSeat] | Pool[Desk] | Desk]) -> Hall:
    contract = await _probed(spec)
    rules = replace(spec.rules, fails_hard=spec.rules.fails_hard or spec.flags.allocator_service_fail_hard)
    terms = Terms(step_timeout_s=spec.step_timeout_s, hold_ttl_s=spec.hold_ttl_s, rules=rules)
    work = Work(RunId(spec.run), {}, contract, terms)
    work.adopt(spec.session, rules)
    hall = Hall(spec, contract, work)
    kind = ApiSeat if spec.flags.allocator_v2_enabled else TwoStepSeat
    desks = [Desk(work, one) for one in await _sessions(hall, "desk", spec.desks)]
    hall.desks = Pool(desks, Desk.close)
    closing.append(hall.desks)
    seats = [kind(work, one, number) for number, one in enumerate(await _sessions(hall, "seat", spec.seats))]
    hall.seats = Pool(seats, ApiSeat.close)
    closing.append(hall.seats)
    notes = Desk(work, (await _sessions(hall, "events", 1))[0])
    closing.append(notes)
    hall.log = EventLog(notes, hall.clock.wall)
    await hall.refresh()
    if hall.default is None:
        wanted = spec.default_restaurant
        raise ApiUnfit(
            f"there is no restaurant {wanted} here; name another default" if wanted else "there is no restaurant here"
        )
    return hall


def effective(spec: ApiSpec) -> Strategy:
    """The strategy with what the flags change of it.

    The selector's time limit becomes the planner's budget of sets, which does not depend on the machine: at the
    platform's 1,000 ms the strategy's own number, and as much more or less as the limit is.
    """
    weights = spec.strategy.weights
    share = spec.flags.selector_enumeration_timeout_ms / 1000
    weights = replace(weights, max_enumeration=max(1, round(weights.max_enumeration * share)))
    adjacency = spec.strategy.adjacency if spec.flags.allocator_require_adjacency else AdjacencyMode.OFF
    return replace(spec.strategy, weights=weights, adjacency=adjacency)


async def _probed(spec: ApiSpec) -> Contract:
    connection = await Connection.open(
        spec.dsn, application_name="slotfill api probe", timeout_s=spec.step_timeout_s, pooled=True
    )
    try:
        contract = await probe(connection)
    finally:
        await connection.close()
    if contract.unfit:
        raise ApiUnfit(f"the database does not speak the platform's contract: {'; '.join(contract.unfit)}")
    return contract


async def _sessions(hall: Hall, what: str, count: int) -> Sequence[Session]:
    connections = await asyncio.gather(*(hall.connect(what) for _ in range(count)), return_exceptions=True)
    failed = [one for one in connections if isinstance(one, BaseException)]
    if failed:
        for one in connections:
            if isinstance(one, Connection):
                await one.close()
        raise failed[0]
    return [hall.session(one, what) for one in connections if isinstance(one, Connection)]


def _require(spec: ApiSpec) -> None:
    if spec.seats < 1 or spec.desks < 1:
        raise ApiUnfit(f"{spec.seats} seats and {spec.desks} desks serve nobody; give 1 or more of each")
    if spec.flags.inline_auto_assign_timeout_ms < 1:
        raise ApiUnfit(f"inline_auto_assign_timeout_ms = {spec.flags.inline_auto_assign_timeout_ms}; give 1 or more")
    if not 0 <= spec.port <= 65535:
        raise ApiUnfit(f"port {spec.port} is none; give 0 to 65535")
