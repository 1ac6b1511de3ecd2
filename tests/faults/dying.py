"""An engine that dies at a chosen point of an attempt: nothing of it says another word, as after kill -9."""

import datetime as dt
from pathlib import Path
from uuid import UUID

import msgspec

from engine.allocator.strategies import OPTIMAL
from engine.clock import RunningClock
from engine.continuing import Behind
from engine.database import Connection
from engine.fill.attempt import Attempt
from engine.fill.board import WorkerRow
from engine.fill.desk import Desk, Holders
from engine.fill.orders import Orders
from engine.metrics.unfinished import unfinished
from engine.model.event import AttemptEnded, RunPlanned
from engine.model.floor import Candidate, Quote
from engine.model.ids import Ids, RunId, TurnId, WorkerId
from engine.model.outcome import Refusal
from engine.model.step import Step
from engine.model.strategy import Strategy
from engine.model.turn import Order, Turn
from engine.records.journal import Journal, read
from engine.restaurants import read_floors
from engine.target import Committed, Confirmed, Held, Seat, Submitted
from engine.targets.postgres import PostgresTarget
from tests.scratch import ScratchDatabase

SLUG = "white-horse-pub-waterbeach"
MONDAY = dt.date(2027, 3, 1)
DEAD = RunId("dead0001")


class Died(Exception):
    """The engine is no more."""


class DyingSeat:
    """A seat whose engine dies just before a step is sent, or when it was sent and before its answer is heard."""

    def __init__(self, seat: Seat, step: Step, *, sent: bool) -> None:
        self._seat = seat
        self._step = step
        self._sent = sent

    @property
    def pid(self) -> int | None:
        return self._seat.pid

    def _before(self, step: Step) -> None:
        if step is self._step and not self._sent:
            raise Died

    def _after(self, step: Step) -> None:
        if step is self._step:
            raise Died

    async def submit(self, order: Order) -> Submitted | Refusal:
        self._before(Step.SUBMIT)
        answer = await self._seat.submit(order)
        self._after(Step.SUBMIT)
        return answer

    async def quote(self, order: Order, strategy: Strategy) -> Quote | Refusal:
        return await self._seat.quote(order, strategy)

    async def hold(self, order: Order, candidate: Candidate, hold_id: UUID) -> Held | Refusal:
        self._before(Step.HOLD)
        answer = await self._seat.hold(order, candidate, hold_id)
        self._after(Step.HOLD)
        return answer

    async def confirm(self, order: Order, candidate: Candidate, hold_id: UUID) -> Confirmed | Refusal:
        self._before(Step.CONFIRM)
        answer = await self._seat.confirm(order, candidate, hold_id)
        self._after(Step.CONFIRM)
        return answer

    async def commit(self, order: Order, candidate: Candidate) -> Committed | Refusal:
        self._before(Step.COMMIT)
        answer = await self._seat.commit(order, candidate)
        self._after(Step.COMMIT)
        return answer

    async def release(self, hold_id: UUID) -> Refusal | None:
        return await self._seat.release(hold_id)

    async def close(self) -> None:
        await self._seat.close()


class Engine:
    """Makes attempts one after the other, into a journal of its own, until it dies."""

    def __init__(self, target: PostgresTarget, folder: Path, run: RunId = DEAD) -> None:
        self.run = run
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._clock = RunningClock()
        self.journal = Journal(folder, run, self._clock)
        self._target = target
        self._orders = Orders(run, (OPTIMAL,))
        self.left: list[Seat] = []
        """Seats that its death left as they were."""
        turns = tuple(Turn(TurnId(n), SLUG, MONDAY, dt.time(18 + n, 0), 2) for n in range(1, 4))
        self.turns = turns
        self.journal.write(RunPlanned(0, Ids(run=run), turns, 12, 1))

    async def attempt(self, turn: int = 1, ordinal: int = 1) -> AttemptEnded:
        """One attempt to its end."""
        seat = await self._seat()
        try:
            return await self._made(turn, ordinal, seat)
        finally:
            await seat.close()

    async def die(self, step: Step, *, sent: bool, turn: int = 2, ordinal: int = 1) -> Seat:
        """An attempt in which it dies; the seat's connection is as the death left it."""
        seat = await self._seat()
        self.left.append(seat)
        try:
            await self._made(turn, ordinal, DyingSeat(seat, step, sent=sent))
        except Died:
            self.journal.close()
            return seat
        raise AssertionError(f"the attempt never came to {step}")

    async def bury(self) -> None:
        """Close what a dead process's sockets would have closed long ago."""
        self.journal.close()
        for seat in self.left:
            await seat.close()

    async def _seat(self) -> Seat:
        return await self._target.seat(f"slotfill {self.run} w00")

    async def _made(self, turn: int, ordinal: int, seat: Seat) -> AttemptEnded:
        row = WorkerRow(self.run, WorkerId(0), self._clock.now_ns())
        desk = Desk(self._clock, self.journal.write, Holders(), {})
        order = self._orders.next(self.turns[turn - 1], ordinal)
        return await Attempt(order, seat, row, desk).run(self._clock.now_ns())


def behind(*engines: Engine, plan: str = "fill") -> Behind:
    """What lies behind a run that goes on with the last of them, which had gone on with those before."""
    legs = tuple(unfinished(one.run, lambda one=one: read(one.folder), through_api=False) for one in engines)  # type: ignore[misc]
    return Behind(plan, legs, through_api=False, ended_at=None)


async def target_of(database: ScratchDatabase, run: RunId = DEAD) -> PostgresTarget:
    """The White Horse, worked on by the run that dies."""
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=5)
    try:
        floors = await read_floors(connection, ("all",))
    finally:
        await connection.close()
    return PostgresTarget("embedded", database.dsn, run, floors)


def xid_of(folder: Path) -> int | None:
    """The transaction of the last COMMIT that the journal intends."""
    found = [msgspec.to_builtins(event).get("xid") for event in read(folder)]
    return next((xid for xid in reversed(found) if xid), None)
