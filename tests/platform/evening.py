"""An evening in a house with faults: the same few fills, told as the places where something showed."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import msgspec

from engine.database import STEP_ERRORS, Connection, refusal_of, sql
from engine.model.fault import Fault, Shown, Where, rules_of, session_of
from engine.model.floor import Busy
from engine.model.outcome import Outcome, Phase, Refusal, classify
from engine.model.rows import Confirming, Submission, Written
from engine.model.step import Step
from engine.model.strategy import Rules
from engine.verify.integrity import CHECKS
from tests.scratch import ScratchDatabase

NAMES = UUID("6f1c2a4e-0000-4000-8000-000000000000")
TABLES = ("MD-03", "MD-12", "BA-05", "PT-01")
"""Tables of four zones. MD-12 and BA-05 each stand in pairs; MD-12 only as the second of them."""
SITTING = timedelta(minutes=90)


class Table(msgspec.Struct, frozen=True):
    id: UUID
    restaurant_id: UUID
    zone_id: UUID


class Evening:
    """Fills at two sittings that follow one another, and what they met. Says all that showed, whatever is expected."""

    def __init__(self, database: ScratchDatabase, fault: Fault, *, on: date, at: time, is_on: bool) -> None:
        self._database = database
        self._session = session_of([fault]) if is_on else {}
        self._rules = rules_of([fault], Rules()) if is_on else Rules()
        self._start = datetime.combine(on, at, UTC)
        self._claimed: list[UUID] = []
        self._number = 0
        self.shown: set[Shown] = set()

    async def spend(self) -> set[Shown]:
        """The whole evening; what showed."""
        self._desk = await self._database.connect()
        look = await self._database.connect()
        watching = asyncio.create_task(self._watch(look))
        try:
            seats = [await self._seat() for _ in range(2)]
            for sitting in range(2):
                for number in TABLES:
                    await self._fill(seats[0], number, self._start + sitting * SITTING)
            await self._two_at_once(seats, self._start + 2 * SITTING)
            for seat in seats:
                await seat.close()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            look.terminate()
        await self._reconcile()
        await self._desk.close()
        return self.shown

    async def integrity(self) -> set[Shown]:
        """The checks that name rows."""
        look = await self._database.connect()
        found = set()
        for check in (one.name for one in CHECKS):
            restaurants = "SELECT array_agg(id) FROM restaurants"
            if await look.fetch(sql(f"verify/{check}"), await look.fetchval(restaurants), timedelta(seconds=180)):
                found.add(Shown(Where.INTEGRITY, check))
        await look.close()
        return found

    async def _seat(self) -> Connection:
        seat = await Connection.open(
            self._database.dsn, application_name="evening", timeout_s=20, settings=self._session
        )
        await seat.script("SET deadlock_timeout = '100ms'")
        return seat

    async def _watch(self, look: "asyncpg.Connection[Any]") -> None:
        while True:
            # A server's own short waits on a busy machine (SpinDelay) tell nothing of a fault.
            rows = await look.fetch(
                "SELECT DISTINCT wait_event_type || ':' || wait_event FROM pg_stat_activity "
                "WHERE datname = current_database() AND backend_type = 'client backend' "
                "AND (wait_event_type = 'Lock' OR wait_event = 'PgSleep')"
            )
            self.shown |= {Shown(Where.WAIT, row[0]) for row in rows}

    async def _fill(self, seat: Connection, number: str, start: datetime) -> None:
        table = await self._table(number)
        booking = await self._submit(seat, table, start)
        if not await self._quoted(seat, table, start):
            self.shown.add(Shown(Where.OUTCOME, "capacity"))
            return
        hold = await self._hold(seat, table, booking, start)
        if hold and await self._confirm(seat, booking, hold, start):
            await self._commit(seat, booking)

    async def _two_at_once(self, seats: list[Connection], start: datetime) -> None:
        """Two of different zones that confirm what each of them began in its own transaction."""
        begun = []
        # At two times, or the second would wait for the first to have made the slot.
        starts = (start, start + timedelta(minutes=15))
        for seat, number, at in zip(seats, TABLES[::3], starts, strict=True):
            await seat.begin()
            booking = await self._submit(seat, await self._table(number), at)
            begun.append((seat, booking, await self._hold(seat, await self._table(number), booking, at), at))

        async def end(seat: Connection, booking: UUID, hold: UUID | None, at: datetime) -> None:
            if hold is not None and await self._confirm(seat, booking, hold, at, begins=False):
                await self._commit(seat, booking)

        await asyncio.gather(*(end(*each) for each in begun))

    async def _table(self, number: str) -> Table:
        row = await self._desk.fetchrow(
            "SELECT id, restaurant_id, zone_id FROM table_inventory WHERE table_number = $1", number
        )
        return Table(**dict(row))

    async def _submit(self, seat: Connection, table: Table, start: datetime) -> UUID:
        self._number += 1
        booking = uuid5(NAMES, f"{self._start} {self._number}")
        made = await seat.row(
            "fill/submit",
            Submission,
            booking,
            table.restaurant_id,
            start.date(),
            start.time(),
            (start + SITTING).time(),
            1,
            "dinner",
            "Guest",
            f"{booking.hex}@example.com",
            f"+44{booking.int % 10**15:015d}",
            f"ultra-fast-{booking}",
            '{"run": "evening"}',
        )
        assert made is not None
        assert made.booking_id == booking
        return booking

    async def _quoted(self, seat: Connection, table: Table, start: datetime) -> bool:
        """Whether a planner with these rules would offer the table."""
        midnight = start.replace(hour=0, minute=0)
        busy = await seat.rows("fill/busy", Busy, table.restaurant_id, midnight, midnight + timedelta(days=1))
        if any(b.table_id == table.id and b.start < start + SITTING and start < b.end for b in busy):
            return False
        pairs = await self._desk.fetchrow(
            "SELECT count(*) FILTER (WHERE table_a = $1), count(*) FROM table_adjacencies "
            "WHERE $1 IN (table_a, table_b)",
            table.id,
        )
        touches = pairs[0] if self._rules.directed else pairs[1]
        return bool(touches) or not self._rules.drops_lone_tables

    async def _hold(self, seat: Connection, table: Table, booking: UUID, start: datetime) -> UUID | None:
        hold = uuid5(booking, "hold")
        try:
            await seat.row(
                "fill/hold",
                Written,
                hold,
                table.restaurant_id,
                booking,
                table.zone_id,
                start,
                start + SITTING,
                timedelta(seconds=180),
                [table.id],
                "{}",
                False,
            )
        except STEP_ERRORS as error:
            self._refused(refusal_of(error, Step.HOLD, unanswered=Phase.IN_DOUBT))
            return None
        return hold

    async def _confirm(
        self, seat: Connection, booking: UUID, hold: UUID, start: datetime, *, begins: bool = True
    ) -> bool:
        try:
            if begins:
                await seat.begin()
            answer = await seat.row(
                "fill/confirm", Confirming, hold, booking, f"ultra-fast-{booking}", False, start, start + SITTING
            )
        except STEP_ERRORS as error:
            self._refused(refusal_of(error, Step.CONFIRM, unanswered=Phase.UNCOMMITTED))
            await seat.rollback()
            if begins:
                await seat.execute("fill/release_members", [hold])
                await seat.execute("fill/release_holds", [hold])
            return False
        assert answer is not None
        if not answer.table_ids:
            self.shown.add(Shown(Where.OUTCOME, Outcome.REPLAY.word))
        return True

    async def _commit(self, seat: Connection, booking: UUID) -> None:
        try:
            await seat.commit()
        except STEP_ERRORS as error:
            self._refused(refusal_of(error, Step.COMMIT, unanswered=Phase.IN_DOUBT))
            return
        self._claimed.append(booking)

    def _refused(self, refusal: Refusal) -> None:
        self.shown.add(Shown(Where.REFUSAL, classify(refusal).word, step=refusal.step, sqlstate=refusal.sqlstate))

    async def _reconcile(self) -> None:
        """What was said to be done and is not: lost, or torn where a half of it is there."""
        for booking in self._claimed:
            confirmed, tables = await self._desk.fetchrow(
                "SELECT b.status = 'confirmed', "
                "EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id) "
                "FROM bookings b WHERE b.id = $1",
                booking,
            )
            if not (confirmed and tables):
                self.shown.add(Shown(Where.LEDGER, "torn" if confirmed or tables else "lost"))
