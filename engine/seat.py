"""A worker's seat at a Postgres target: the steps of an attempt, over one held connection."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from engine.allocator.planner import Planner
from engine.contract import Contract, Terms
from engine.database import STEP_ERRORS, DatabaseUnreachable, conflicting_table, refusal_of
from engine.model.floor import Busy, Candidate, Floor, Quote, Window
from engine.model.ids import AttemptId, RunId
from engine.model.outcome import Phase, Refusal
from engine.model.rows import Confirming, WantingRow, Written
from engine.model.step import Step
from engine.model.strategy import Rules, Strategy
from engine.model.turn import Order
from engine.session import RESTAURANT, Session
from engine.submitting import FunctionBroken, later, submit_by_function, submit_plainly
from engine.target import Committed, Confirmed, Held, Submitted


class Work:
    """What all seats of a target share: the floors, how to plan, and what a session is to have set."""

    def __init__(self, run: RunId, floors: dict[str, Floor], contract: Contract, terms: Terms) -> None:
        self.run = run
        self.contract = contract
        self.terms = terms
        self.hold_ttl = timedelta(seconds=terms.hold_ttl_s)
        self.submits_by_function = contract.submits_by_function
        """Until the function is found not to work after all."""
        self.floors = floors
        self.planners: dict[str, Planner] = {}
        self._rules = terms.rules
        self._session: Mapping[str, str] = {}
        self._contexts: dict[str, Mapping[str, str]] = {}
        self.adopt({}, terms.rules)

    def adopt(self, session: Mapping[str, str], rules: Rules) -> None:
        """Session settings and planner rules from the next attempt on."""
        self._session, self._rules = dict(session), rules
        self.settle(self.floors)

    def settle(self, floors: dict[str, Floor]) -> None:
        """Work on these floors from the next quote on."""
        self.floors = floors
        self.planners = {slug: Planner(floor, self._rules) for slug, floor in floors.items()}
        self._contexts = {slug: self._settings(floor) for slug, floor in floors.items()}

    def settings_for(self, restaurant: str) -> Mapping[str, str]:
        """What a session is to have set while it works in that restaurant; the same object until that changes."""
        return self._contexts[restaurant]

    def _settings(self, floor: Floor) -> Mapping[str, str]:
        if not self.contract.needs_context:
            return self._session
        return {**self._session, RESTAURANT: str(floor.restaurant_id)}


class PostgresSeat:
    """One worker's held connection."""

    def __init__(self, work: Work, session: Session, number: int) -> None:
        self._work = work
        self._session = session
        self._number = number
        self._attempt: AttemptId | None = None
        self._settings: Mapping[str, str] = {}
        """What the session is to have set for the attempt in hand."""
        self._quote: Quote | None = None
        self._expired: dict[UUID, tuple[UUID, ...]] = {}
        """Expired holds that the last quote saw, by table."""

    @property
    def pid(self) -> int | None:
        """The backend behind this seat; None while the connection is lost, and behind a pooler, where it changes."""
        connection = self._session.connection
        return connection.pid if connection.is_open and not connection.pooled else None

    async def submit(self, order: Order) -> Submitted | Refusal:
        """Make the booking; it commits by itself."""
        unready = await self._begin(order, Step.SUBMIT)
        if unready is not None:
            return unready
        connection, floor = self._session.connection, self._work.floors[order.turn.restaurant]
        if self._work.submits_by_function:
            try:
                return await submit_by_function(connection, order, floor, self._work.run)
            except FunctionBroken:
                self._work.submits_by_function = False
        return await submit_plainly(connection, order, floor, self._work.run)

    async def quote(self, order: Order, strategy: Strategy) -> Quote | Refusal:
        """Read what is busy on that day and plan."""
        if order.attempt != self._attempt:
            unready = await self._begin(order, Step.QUOTE)
            if unready is not None:
                return unready
        turn = order.turn
        floor = self._work.floors[turn.restaurant]
        midnight, next_midnight = _day(turn.on, floor.timezone)
        try:
            busy = await self._session.connection.rows("fill/busy", Busy, floor.restaurant_id, midnight, next_midnight)
            wanting = await self._wanting(order, floor, strategy) if strategy.weights.lookahead_penalty else []
        except STEP_ERRORS as error:
            return refusal_of(error, Step.QUOTE, unanswered=Phase.UNCOMMITTED)
        planner = self._work.planners[turn.restaurant]
        quote = planner.quote(
            turn.on,
            turn.at,
            turn.party,
            busy,
            strategy=strategy,
            spread=self._number if self._work.terms.spread else 0,
            upcoming=tuple(filter(None, (planner.upcoming(turn.on, one.at, one.party) for one in wanting))),
        )
        self._quote = quote
        self._expired = _expired_by_table(busy, quote.window)
        return quote

    async def hold(self, order: Order, candidate: Candidate, hold_id: UUID) -> Held | Refusal:
        """Hold the candidate's tables; expired holds on them are released first, as no constraint knows the time."""
        quote, window = self._quoted()
        expired = sorted({hold for table in candidate.tables for hold in self._expired.get(table.id, ())})
        tag = {"run": self._work.run, "attempt": order.attempt}
        try:
            if expired:
                await self._release_expired(expired)
            written = await self._session.connection.row(
                "fill/hold",
                Written,
                hold_id,
                self._work.floors[order.turn.restaurant].restaurant_id,
                order.booking_id,
                candidate.tables[0].zone_id,
                window.start,
                window.end,
                self._work.hold_ttl,
                [table.id for table in candidate.tables],
                msgspec.json.encode({"requireAdjacency": quote.requires_adjacency, "slotfill": tag}).decode(),
                self._work.contract.holds_outlast_window,
            )
        except STEP_ERRORS as error:
            refusal = refusal_of(error, Step.HOLD, unanswered=Phase.IN_DOUBT, tables=candidate.numbers)
            await self._session.roll_back()
            return self._named(refusal, order)
        if written is None:
            return Refusal(
                step=Step.HOLD, phase=Phase.ANSWERED, message="hold: the insert was answered but no row was written"
            )
        return Held(hold_id=hold_id, xid=written.xid)

    async def confirm(self, order: Order, candidate: Candidate, hold_id: UUID) -> Confirmed | Refusal:
        """Open the transaction and confirm the hold in it; a refusal rolls back.

        The platform may answer success with no rows, from its ledger: no refusal, and it commits as it would there.
        """
        quote, window = self._quoted()
        connection = self._session.connection
        adjacent = quote.requires_adjacency and len(candidate.tables) > 1
        terms = order.key, adjacent, window.start, window.end
        try:
            await connection.begin()
            if self._work.contract.confirms_by_tables:
                tables = [table.id for table in candidate.tables]
                answer = await connection.row("fill/confirm_tables", Confirming, order.booking_id, tables, *terms)
                await connection.execute("fill/release_members", [hold_id])
                await connection.execute("fill/release_holds", [hold_id])
            else:
                answer = await connection.row("fill/confirm", Confirming, hold_id, order.booking_id, *terms)
        except STEP_ERRORS as error:
            refusal = refusal_of(error, Step.CONFIRM, unanswered=Phase.UNCOMMITTED, tables=candidate.numbers)
            await self._session.roll_back()
            return self._named(refusal, order)
        if answer is None:
            raise AssertionError("fill/confirm gives one row whatever the function gives")
        numbers = {table.id: table.number for table in candidate.tables}
        given = sorted(numbers.get(table, str(table)) for table in answer.table_ids)
        return Confirmed(tables=tuple(given), xid=answer.xid)

    async def commit(self, order: Order, candidate: Candidate) -> Committed | Refusal:
        """Commit what confirm opened. Once COMMIT was written, only its answer tells what happened."""
        # A connection that is known to be gone takes no COMMIT, so nothing can have come of it.
        unanswered = Phase.IN_DOUBT if self._session.connection.is_open else Phase.UNCOMMITTED
        try:
            word = await self._session.connection.commit()
        except STEP_ERRORS as error:
            refusal = refusal_of(error, Step.COMMIT, unanswered=unanswered, tables=candidate.numbers)
            return self._named(refusal, order)
        if word != "COMMIT":
            # A transaction that had failed answers COMMIT with ROLLBACK, and no error.
            return Refusal(
                step=Step.COMMIT,
                phase=Phase.ANSWERED,
                message=f"COMMIT was answered with {word}: the transaction had failed",
                tables=candidate.numbers,
            )
        return Committed()

    async def release(self, hold_id: UUID) -> Refusal | None:
        """Give a hold back, its tables first, in one transaction.

        What could not be given back, for want of a connection or as the server refused it, is owed: it is tried again
        before the next attempt and at the end.
        """
        try:
            await self._session.reopen()
            # A connection that was opened again has nothing set, and row security shows it no hold.
            await self._session.bring(self._settings)
            await self._session.give_back([hold_id])
        except DatabaseUnreachable as error:
            self._session.owe(hold_id, self._settings)
            return _unsent(error, Step.HOLD)
        except STEP_ERRORS as error:
            refusal = refusal_of(error, Step.HOLD, unanswered=Phase.IN_DOUBT)
            await self._session.roll_back()
            self._session.owe(hold_id, self._settings)
            return refusal
        return None

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()

    async def _begin(self, order: Order, step: Step) -> Refusal | None:
        """Begin an attempt: connected, and with the session settings it is to have."""
        settings = self._work.settings_for(order.turn.restaurant)
        try:
            await self._session.reopen()
            await self._session.pay()
            await self._session.bring(settings)
        except DatabaseUnreachable as error:
            return _unsent(error, step)
        except STEP_ERRORS as error:
            return refusal_of(error, step, unanswered=Phase.UNCOMMITTED)
        self._attempt, self._settings = order.attempt, settings
        return None

    async def _wanting(self, order: Order, floor: Floor, strategy: Strategy) -> list[WantingRow]:
        """Bookings to spare tables for. A turn that makes its own has none: what waits besides was refused already."""
        if order.submits:
            return []
        turn = order.turn
        minutes = strategy.weights.lookahead_minutes
        return await self._session.connection.rows(
            "fill/upcoming",
            WantingRow,
            floor.restaurant_id,
            turn.on,
            turn.at,
            later(turn.at, minutes),
            order.booking_id,
        )

    def _quoted(self) -> tuple[Quote, Window]:
        if self._quote is None or self._quote.window is None:
            raise AssertionError("holding and confirming come after a quote that gave a window")
        return self._quote, self._quote.window

    async def _release_expired(self, holds: list[UUID]) -> None:
        connection = self._session.connection
        await connection.begin()
        await connection.execute("fill/release_expired_members", holds)
        await connection.execute("fill/release_expired_holds", holds)
        await connection.commit()

    def _named(self, refusal: Refusal, order: Order) -> Refusal:
        """The refusal with the one table its proof names, where it names one."""
        table = conflicting_table(refusal)
        if table is None:
            return refusal
        floor = self._work.floors[order.turn.restaurant]
        numbers = tuple(one.number for one in floor.tables if one.id == table)
        return msgspec.structs.replace(refusal, tables=numbers) if numbers else refusal


@lru_cache(maxsize=1024)
def _day(on: date, timezone: str) -> tuple[datetime, datetime]:
    """From that day's midnight to the next, UTC: 23, 24 or 25 hours."""
    zone = ZoneInfo(timezone)
    midnight, next_midnight = (datetime.combine(one, time(0), zone) for one in (on, on + timedelta(days=1)))
    return midnight.astimezone(UTC), next_midnight.astimezone(UTC)


def _expired_by_table(busy: list[Busy], window: Window | None) -> dict[UUID, tuple[UUID, ...]]:
    found: dict[UUID, tuple[UUID, ...]] = {}
    for one in busy:
        if one.expired and one.hold_id and window and one.start < window.end and one.end > window.start:
            found[one.table_id] = (*found.get(one.table_id, ()), one.hold_id)
    return found


def _unsent(error: DatabaseUnreachable, step: Step) -> Refusal:
    cause = error.__cause__
    return Refusal(
        step=step,
        phase=Phase.BEFORE_SEND,
        message=str(error),
        sqlstate=getattr(cause, "sqlstate", None),
        exception="ConnectionRefusedError",
    )
