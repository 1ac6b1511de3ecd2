"""A Postgres with the platform's schema: every step is ours to do and to time."""

import json
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from engine.allocator.planner import Planner
from engine.database import (
    STEP_ERRORS,
    Connection,
    DatabaseFailed,
    DatabaseUnreachable,
    conflicting_table,
    describe,
    refusal_of,
)
from engine.model.floor import Busy, Candidate, Floor, Quote, Window
from engine.model.ids import RunId
from engine.model.outcome import Phase, Refusal
from engine.model.rows import Confirming, PersistedRow, Written
from engine.model.step import Step
from engine.model.turn import Order
from engine.target import Capability, Committed, Confirmed, Held, Seat, Submitted

DINNER_FROM = time(17, 0)
"""The platform re-types a booking from the clock: dinner from 17:00, else lunch."""
OCCASION_MINUTES = {"lunch": 90, "dinner": 120}
"""Length of the booking itself; the table's window follows the turn bands and is shorter."""


class PostgresTarget:
    """Bookings made in a database, over one held connection a worker."""

    name: str
    capabilities = frozenset({Capability.STEPS, Capability.SAMPLE, Capability.VERIFY, Capability.RESET})
    steps = (Step.SUBMIT, Step.QUOTE, Step.HOLD, Step.CONFIRM, Step.COMMIT, Step.TOTAL)

    def __init__(
        self, name: str, dsn: str, run: RunId, floors: dict[str, Floor], *, step_timeout_s: float, hold_ttl_s: float
    ) -> None:
        self.name = name
        self.floors = floors
        self.dsn = dsn
        self.run = run
        self.step_timeout_s = step_timeout_s
        self.hold_ttl = timedelta(seconds=hold_ttl_s)
        self.planners = {slug: Planner(floor) for slug, floor in floors.items()}

    async def seat(self, application_name: str) -> Seat:
        """A new seat with a connection of its own. Raises DatabaseUnreachable."""
        return _PostgresSeat(self, application_name, await self.connect(application_name))

    async def connect(self, application_name: str) -> Connection:
        """A connection of this run. Raises DatabaseUnreachable."""
        return await Connection.open(self.dsn, application_name=application_name, timeout_s=self.step_timeout_s)

    async def persisted(self) -> dict[UUID, int]:
        """This run's confirmed bookings that have tables, with how many each. Raises DatabaseFailed."""
        connection = await self.connect(f"slotfill {self.run} truth")
        try:
            rows = await connection.rows("truth/persisted", PersistedRow, self.run)
        except STEP_ERRORS as error:
            raise DatabaseFailed(f"what the run left could not be read: {describe(error)}") from error
        finally:
            await connection.close()
        return {row.booking_id: row.tables for row in rows}

    async def close(self) -> None:
        """Nothing is held here; seats close themselves."""


class _PostgresSeat:
    """One worker's held connection."""

    def __init__(self, target: PostgresTarget, application_name: str, connection: Connection) -> None:
        self._target = target
        self._application_name = application_name
        self._connection = connection
        self._window: Window | None = None
        self._expired: dict[UUID, tuple[UUID, ...]] = {}
        """Expired holds that the last quote saw, by table."""

    @property
    def pid(self) -> int | None:
        """The backend behind this seat; None while the connection is lost."""
        return self._connection.pid if self._connection.is_open else None

    async def submit(self, order: Order) -> Submitted | Refusal:
        """Make the booking, pending; it commits by itself."""
        floor = self._target.floors[order.turn.restaurant]
        occasion = "dinner" if order.turn.at >= DINNER_FROM else "lunch"
        tag = {"run": self._target.run, "attempt": order.attempt, "turn": order.turn.id}
        try:
            if not self._connection.is_open:
                self._connection = await self._target.connect(self._application_name)
        except DatabaseUnreachable as error:
            return _unsent(error)
        try:
            written = await self._connection.row(
                "fill/submit",
                Written,
                order.booking_id,
                floor.restaurant_id,
                order.turn.on,
                order.turn.at,
                _end_time(order.turn.at, OCCASION_MINUTES[occasion]),
                order.turn.party,
                occasion,
                order.name,
                order.email,
                order.phone,
                order.key,
                json.dumps(tag),
            )
        except STEP_ERRORS as error:
            return refusal_of(error, Step.SUBMIT, unanswered=Phase.IN_DOUBT)
        if written is None:
            return _swallowed(Step.SUBMIT)
        return Submitted(xid=written.xid)

    async def quote(self, order: Order) -> Quote | Refusal:
        """Read what is busy on that day and plan."""
        floor = self._target.floors[order.turn.restaurant]
        midnight = datetime.combine(order.turn.on, time(0), ZoneInfo(floor.timezone)).astimezone(UTC)
        try:
            busy = await self._connection.rows(
                "fill/busy", Busy, floor.restaurant_id, midnight, midnight + timedelta(days=1)
            )
        except STEP_ERRORS as error:
            return refusal_of(error, Step.QUOTE, unanswered=Phase.UNCOMMITTED)
        quote = self._target.planners[order.turn.restaurant].quote(order.turn.on, order.turn.at, order.turn.party, busy)
        self._window = quote.window
        self._expired = _expired_by_table(busy, quote.window)
        return quote

    async def hold(self, order: Order, candidate: Candidate, hold_id: UUID) -> Held | Refusal:
        """Hold the candidate's tables; expired holds on them are released first, as no constraint knows the time."""
        window = self._window
        if window is None:
            raise AssertionError("hold comes after a quote that gave a window")
        expired = sorted({hold for table in candidate.tables for hold in self._expired.get(table.id, ())})
        try:
            if expired:
                await self._release_expired(expired)
            written = await self._connection.row(
                "fill/hold",
                Written,
                hold_id,
                self._target.floors[order.turn.restaurant].restaurant_id,
                order.booking_id,
                candidate.tables[0].zone_id,
                window.start,
                window.end,
                self._target.hold_ttl,
                [table.id for table in candidate.tables],
                json.dumps({"requireAdjacency": True, "slotfill": {"run": self._target.run, "attempt": order.attempt}}),
            )
        except STEP_ERRORS as error:
            return self._named(refusal_of(error, Step.HOLD, unanswered=Phase.IN_DOUBT, tables=candidate.numbers), order)
        if written is None:
            return _swallowed(Step.HOLD)
        return Held(hold_id=hold_id, xid=written.xid)

    async def confirm(self, order: Order, candidate: Candidate, hold_id: UUID) -> Confirmed | Refusal:
        """Open the transaction and confirm the hold in it; a refusal rolls back."""
        window = self._window
        if window is None:
            raise AssertionError("confirm comes after a quote that gave a window")
        try:
            await self._connection.begin()
            answer = await self._connection.row(
                "fill/confirm",
                Confirming,
                hold_id,
                order.booking_id,
                order.key,
                len(candidate.tables) > 1,
                window.start,
                window.end,
            )
        except STEP_ERRORS as error:
            refusal = refusal_of(error, Step.CONFIRM, unanswered=Phase.UNCOMMITTED, tables=candidate.numbers)
            await self._roll_back()
            return self._named(refusal, order)
        if answer is None:
            raise AssertionError("fill/confirm gives one row whatever the function gives")
        if not answer.table_ids:
            await self._roll_back()
            return Refusal(
                step=Step.CONFIRM,
                phase=Phase.ANSWERED,
                sqlstate="P0003",
                message="confirm_hold_assignment_tx returned no assignments: a ledger replay, not a success",
                tables=candidate.numbers,
            )
        numbers = {table.id: table.number for table in candidate.tables}
        given = sorted(numbers.get(table, str(table)) for table in answer.table_ids)
        return Confirmed(tables=tuple(given), xid=answer.xid)

    async def commit(self, order: Order, candidate: Candidate) -> Committed | Refusal:
        """Commit what confirm opened. Once COMMIT was written, only its answer tells what happened."""
        try:
            word = await self._connection.commit()
        except STEP_ERRORS as error:
            refusal = refusal_of(error, Step.COMMIT, unanswered=Phase.IN_DOUBT, tables=candidate.numbers)
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
        """Give a hold back, its tables first, in one transaction."""
        try:
            if not self._connection.is_open:
                self._connection = await self._target.connect(self._application_name)
            await self._connection.begin()
            await self._connection.execute("fill/release_members", [hold_id])
            await self._connection.execute("fill/release_holds", [hold_id])
            await self._connection.commit()
        except DatabaseUnreachable as error:
            return _unsent(error)
        except STEP_ERRORS as error:
            refusal = refusal_of(error, Step.HOLD, unanswered=Phase.IN_DOUBT)
            await self._roll_back()
            return refusal
        return None

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def _release_expired(self, holds: list[UUID]) -> None:
        await self._connection.begin()
        await self._connection.execute("fill/release_expired_members", holds)
        await self._connection.execute("fill/release_expired_holds", holds)
        await self._connection.commit()

    async def _roll_back(self) -> None:
        """Leave no transaction open: a connection that cannot roll back is dropped, and the server does it."""
        if not self._connection.is_open:
            return
        try:
            await self._connection.rollback()
        except STEP_ERRORS:
            self._connection.terminate()

    def _named(self, refusal: Refusal, order: Order) -> Refusal:
        """The refusal with the one table its proof names, where it names one."""
        table = conflicting_table(refusal)
        if table is None:
            return refusal
        floor = self._target.floors[order.turn.restaurant]
        numbers = tuple(one.number for one in floor.tables if one.id == table)
        return msgspec.structs.replace(refusal, tables=numbers) if numbers else refusal


def _expired_by_table(busy: list[Busy], window: Window | None) -> dict[UUID, tuple[UUID, ...]]:
    found: dict[UUID, tuple[UUID, ...]] = {}
    for one in busy:
        if one.expired and one.hold_id and window and one.start < window.end and one.end > window.start:
            found[one.table_id] = (*found.get(one.table_id, ()), one.hold_id)
    return found


def _end_time(start: time, minutes: int) -> time:
    """The booking's end, within its day: the platform stores a date and two times."""
    end = start.hour * 60 + start.minute + minutes
    return time(23, 59) if end >= 24 * 60 else time(end // 60, end % 60)


def _unsent(error: DatabaseUnreachable) -> Refusal:
    cause = error.__cause__
    return Refusal(
        step=Step.SUBMIT,
        phase=Phase.BEFORE_SEND,
        message=str(error),
        sqlstate=getattr(cause, "sqlstate", None),
        exception="ConnectionRefusedError",
    )


def _swallowed(step: Step) -> Refusal:
    """A write was answered without its row: something on the server dropped it."""
    return Refusal(step=step, phase=Phase.ANSWERED, message=f"{step}: the insert was answered but no row was written")
