"""One worker of a crew: it asks for a seat, takes turn after turn and makes their attempts, until it is to leave."""

from typing import TYPE_CHECKING, cast

import msgspec

from engine.database import DatabaseUnreachable
from engine.fill.attempt import Attempt
from engine.fill.board import WorkerRow
from engine.fill.whole import WholeAttempt
from engine.model.event import AttemptEnded, TurnEnded, WorkerMoved
from engine.model.ids import Ids
from engine.model.outcome import Outcome
from engine.model.run_state import RunState, WorkerState
from engine.model.turn import Order, Turn
from engine.target import Capability, Seat, WholeSeat

if TYPE_CHECKING:
    from engine.fill.crew import Crew

_FILLED = Outcome.FILLED.word
SEAT_PATIENCE_NS = 30_000_000_000
SEAT_PAUSE_NS = 500_000_000


class TargetLost(Exception):
    """The target took no connection for too long. The message is one sentence."""


class Worker:
    """Works by what its crew wants at each moment. Nothing of an attempt is shared with another worker."""

    def __init__(self, crew: "Crew", row: WorkerRow) -> None:
        self._crew = crew
        self._row = row
        self._clock = crew.clock
        self._desk = crew.desk

    async def work(self) -> None:
        """Work until there is nothing left to do, or the crew wants it no more. Raises TargetLost."""
        crew, row = self._crew, self._row
        seat: Seat | WholeSeat | None = None
        try:
            seat = await self._seat()
            while seat is not None and not self._leaves():
                if crew.missing:
                    await self._rest(WorkerState.IDLE)
                elif crew.state in (RunState.PAUSING, RunState.PAUSED):
                    await self._rest(WorkerState.RESTING)
                elif (turn := crew.plan.take(row.worker)) is not None:
                    await self._work_on(turn, seat)
                elif crew.plan.is_done:
                    break
                else:
                    await self._rest(WorkerState.IDLE)
        finally:
            crew.lets_go(row)
            try:
                if seat is not None:
                    await seat.close()
            finally:
                row.stands_up()
                self._tell(WorkerState.GONE)
                crew.is_gone(row)

    async def _seat(self) -> Seat | WholeSeat | None:
        """A seat at the target, asked for again while the server refuses; None when the worker is to leave meanwhile.

        Raises TargetLost when nobody had one for longer than SEAT_PATIENCE_NS: while others work, it goes on asking.
        """
        crew, row = self._crew, self._row
        alone_since_ns = self._clock.now_ns()
        while not (self._leaves() or crew.plan.is_done):
            try:
                seat = await crew.target.seat(f"slotfill {crew.run_id} {row.name}")
            except DatabaseUnreachable as error:
                crew.trouble = f"{row.name} has no connection: {error}"
                # Whoever has a seat begins: waiting for one that the server has no room for would last for ever.
                crew.missing = None
                crew.nudge()
                now_ns = self._clock.now_ns()
                if any(other.can_work for other in crew.rows.values()):
                    alone_since_ns = now_ns
                elif now_ns - alone_since_ns > SEAT_PATIENCE_NS:
                    raise TargetLost(f"no worker found a connection for 30 s: {error}") from error
                await self._clock.wait_for(crew.changed, now_ns + SEAT_PAUSE_NS)
            else:
                crew.trouble = ""
                row.sits(seat)
                if crew.missing is not None:
                    crew.missing.discard(row.worker)
                    crew.nudge()
                return seat
        # Those that still want a seat say so again within SEAT_PAUSE_NS.
        crew.trouble = ""
        return None

    async def _work_on(self, turn: Turn, seat: Seat | WholeSeat) -> None:
        crew, row = self._crew, self._row
        row.turn = turn
        try:
            while not self._leaves() and crew.state is RunState.RUNNING:
                now_ns = self._clock.now_ns()
                due_ns, claim = crew.pace.claim(now_ns)
                allowed_ns, place = (due_ns, 0.0) if crew.limits is None else crew.limits.claim(due_ns, now_ns)
                if not await self._fall_due(allowed_ns):
                    self._give_back(claim, place)
                    continue
                spent = self._spends(turn)
                if spent:
                    self._give_back(claim, place)
                    crew.run_out(spent)
                    return
                ordinal = crew.plan.begin(turn.id)
                if ordinal is None:
                    self._give_back(claim, place)
                    return
                await self._attempt(crew.orders.next(turn, ordinal), seat, due_ns)
        finally:
            row.turn = None
            crew.plan.leave(row.worker, turn.id)
            crew.free()

    def _give_back(self, claim: tuple[int, int], place: float) -> None:
        crew = self._crew
        crew.pace.give_back(claim)
        if crew.limits is not None:
            crew.limits.give_back(place)

    def _spends(self, turn: Turn) -> str:
        """Take the turn's next booking from the budget; why the run ends instead, empty when it does not.

        A turn that takes no more attempts costs nothing: its worker has come to see just that.
        """
        crew = self._crew
        if crew.limits is None:
            return ""
        told = crew.plan.progress(turn.id)
        if told.end is not None or told.begun >= told.cap:
            return ""
        return crew.limits.take(self._clock.now_ns())

    async def _attempt(self, order: Order, seat: Seat | WholeSeat, due_ns: int) -> None:
        crew, row = self._crew, self._row
        now_ns = crew.count_time()
        crew.in_flight += 1
        row.moves(WorkerState.WORKING, now_ns)
        row.begins(order, now_ns)
        if row.ids.leg != crew.leg:
            row.ids = msgspec.structs.replace(row.ids, leg=crew.leg)
        crew.late_ns = max(0, now_ns - due_ns) if crew.pace.rate is not None else 0
        ended: AttemptEnded | None = None
        try:
            ended = await self._made(order, seat).run(due_ns)
        finally:
            now_ns = crew.count_time()
            crew.in_flight -= 1
            filled = ended is not None and ended.outcome == _FILLED
            self._close_turn(order, filled=filled)
            if ended is not None:
                row.ends(ended, filled=filled, now_ns=now_ns)
            row.notes_pid()
            if crew.state is RunState.PAUSING and crew.in_flight == 0:
                crew.move(RunState.PAUSED)

    def _made(self, order: Order, seat: Seat | WholeSeat) -> Attempt | WholeAttempt:
        """The kind of attempt that the target's seats are for."""
        if Capability.STEPS in self._crew.target.capabilities:
            return Attempt(order, cast("Seat", seat), self._row, self._desk)
        return WholeAttempt(order, cast("WholeSeat", seat), self._row, self._desk)

    def _close_turn(self, order: Order, *, filled: bool) -> None:
        crew = self._crew
        is_shared = len(crew.plan.progress(order.turn.id).workers) > 1
        end = crew.plan.ended(order.turn.id, filled)
        if end is not None:
            told = crew.plan.progress(order.turn.id)
            ids = Ids(run=crew.run_id, leg=crew.leg, turn=order.turn.id)
            self._desk.log(TurnEnded(self._clock.now_ns(), ids, end, told.ended, told.filled))
            if is_shared or crew.plan.is_done or crew.plan.pass_is_over:
                # Others wait for their moment in a turn that is over, or for one that never comes.
                crew.nudge()
            else:
                crew.free()

    async def _fall_due(self, due_ns: int) -> bool:
        """Wait for the moment. False when something changed first: look again."""
        if due_ns <= self._clock.now_ns():
            return True
        self._row.moves(WorkerState.DUE, self._clock.now_ns())
        return not await self._clock.wait_for(self._crew.told, due_ns)

    async def _rest(self, state: WorkerState) -> None:
        """Wait until something changes."""
        if self._row.state is not state:
            self._tell(state)
        await self._crew.changed.wait()

    def _leaves(self) -> bool:
        crew = self._crew
        return crew.is_stopping or crew.goes_home or self._row.worker >= crew.concurrency

    def _tell(self, state: WorkerState) -> None:
        row = self._row
        row.moves(state, self._clock.now_ns())
        self._desk.log(WorkerMoved(self._clock.now_ns(), row.ids, state))
