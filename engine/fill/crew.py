"""The crew: as many workers as wanted, each taking turns and making attempts; all change happens between attempts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple, cast

import msgspec

from engine.database import DatabaseUnreachable
from engine.fill.attempt import Attempt
from engine.fill.board import WorkerRow
from engine.fill.desk import Desk
from engine.fill.limits import Limits
from engine.fill.orders import Orders
from engine.fill.pace import Pace
from engine.fill.whole import WholeAttempt
from engine.model.event import AttemptEnded, RunMoved, TurnEnded, WorkerMoved
from engine.model.ids import Ids, RunId, WorkerId, worker_name
from engine.model.outcome import Outcome
from engine.model.run_state import RunState, WorkerState
from engine.model.strategy import Strategy
from engine.model.turn import Order, Turn
from engine.plan import Plan
from engine.target import Capability, Seat, Target, WholeSeat

_FILLED = Outcome.FILLED.word
MOST_WORKERS = 256
SEAT_PATIENCE_NS = 30_000_000_000
SEAT_PAUSE_NS = 500_000_000


class TargetLost(Exception):
    """The target took no connection for too long. The message is one sentence."""


async def _nothing() -> None:
    """What is done between passes where nobody said otherwise; a plan with one pass never asks."""


class Task(NamedTuple):
    """What a crew has to do, and how."""

    plan: Plan
    ladder: tuple[Strategy, ...]
    """The strategies each attempt quotes by."""
    concurrency: int
    gathers: bool = False
    """No attempt begins before every worker has its seat: all of them at once."""
    limits: Limits | None = None
    """What may be taken from the target; None where it is ours."""
    between: Callable[[], Awaitable[None]] = _nothing
    """Done when a pass is over and none is in flight; it ends with `Plan.next_pass`."""


class Crew:
    """Runs a plan at a target. Every method but `run` returns at once: it changes what is wanted, workers follow."""

    def __init__(self, run: RunId, task: Task, target: Target, pace: Pace, desk: Desk) -> None:
        self.state = RunState.STARTING
        self.reason = ""
        self.concurrency = task.concurrency
        self.first_leg = 0
        """The leg of the plan's first pass; a repeat goes on counting."""
        self.orders = Orders(run, task.ladder)
        self.between = task.between
        self.limits = task.limits
        self.rows: dict[WorkerId, WorkerRow] = {}
        self.in_flight = 0
        self.late_ns = 0
        self.trouble = ""
        """Why a worker has no seat; empty when all have."""
        self.pace = pace
        self.run_id = run
        self._plan = task.plan
        self._gathers = task.gathers
        self._goes_home = False
        """The plan is left before its end."""
        self._missing: set[WorkerId] | None = None
        """Workers that all others wait for before the first attempt; None once they need not."""
        self._target = target
        self._desk = desk
        self._clock = desk.clock
        self._tasks: dict[WorkerId, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._told = asyncio.Event()
        """What those wait for who wait for their moment: of two hundred none is to be woken for another one's turn."""
        self._busy_ns = 0
        self._running_ns = 0
        self._counted_at_ns = 0
        self._gather()

    # What an operator may do

    def pause(self) -> bool:
        """No new attempt begins. False when it is not running."""
        if self.state is not RunState.RUNNING:
            return False
        self._count_time()
        self.pace.pause(self._clock.now_ns())
        self._move(RunState.PAUSING)
        if not self.in_flight:
            self._move(RunState.PAUSED)
        return True

    def resume(self) -> bool:
        """Attempts begin again. False when it is neither paused nor about to be."""
        if self.state not in (RunState.PAUSING, RunState.PAUSED):
            return False
        self._count_time()
        self.pace.resume(self._clock.now_ns())
        self._move(RunState.RUNNING)
        return True

    def resize(self, concurrency: int) -> None:
        """That many workers are wanted; those too many leave after the attempt in hand."""
        self.concurrency = concurrency
        for row in self.rows.values():
            if row.worker >= concurrency and row.worker in self._tasks:
                row.state = WorkerState.LEAVING
            elif row.state is WorkerState.LEAVING:
                row.state = WorkerState.WORKING if row.order is not None else WorkerState.IDLE
        if self._missing is not None:
            # Whoever will never be hired is not waited for.
            self._missing = {worker for worker in self._missing if worker < concurrency}
        self._nudge()

    def change_rate(self, rate: float | None) -> None:
        """Another pace from now on."""
        self.pace.change(rate, self._clock.now_ns())
        self._nudge()

    def look_again(self) -> None:
        """The plan was changed: workers that found no turn look again."""
        self._nudge()

    def take_over(self, plan: Plan, first_leg: int, concurrency: int | None = None) -> None:
        """The same plan from its beginning: the next repeat, of so many workers. Only while `run` is not running."""
        self._plan = plan
        self.first_leg = first_leg
        self.concurrency = self.concurrency if concurrency is None else concurrency
        self._goes_home = False
        self._gather()
        self.rows.clear()
        self._desk.holders.forget()

    def go_home(self) -> bool:
        """No attempt begins any more before the next repeat. False when the crew is on its way out anyhow."""
        if self.is_stopping or self._is_done():
            return False
        self._goes_home = True
        self._nudge()
        return True

    async def go_home_after(self, ran_ns: int) -> bool:
        """Go home when it has been running for so long from now on; a pause is no time of the plan's."""
        until_ns = self.running_ns + ran_ns
        while (left_ns := until_ns - self.running_ns) > 0:
            if self.state is RunState.PAUSED:
                await self._changed.wait()
            else:
                await self._clock.sleep_until(self._clock.now_ns() + left_ns)
        return self.go_home()

    def _gather(self) -> None:
        """Let the first attempt wait until every worker has its seat, where the task is like that."""
        self._missing = set(map(WorkerId, range(self.concurrency))) if self._gathers else None

    def stop(self) -> bool:
        """No new attempt begins and the run ends when those in flight have. False when it is over or on its way."""
        if self.state.is_over or self.state in (RunState.DRAINING, RunState.CANCELLING):
            return False
        self._count_time()
        self._move(RunState.DRAINING, "stopped by the operator")
        return True

    def cancel(self) -> None:
        """Attempts in flight are cancelled; each still says how far it came."""
        for task in self._tasks.values():
            task.cancel()
        self._move(RunState.CANCELLING, "cancelled by the operator")

    def conclude(self, state: RunState, reason: str) -> None:
        """The run is over; nothing moves after this."""
        self._count_time()
        self._move(state, reason)

    # What it shows

    @property
    def plan(self) -> Plan:
        """The plan in hand."""
        return self._plan

    @property
    def leg(self) -> int:
        """The leg in hand."""
        return self.first_leg + self._plan.leg

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self.state in (RunState.DRAINING, RunState.CANCELLING)

    @property
    def at_work(self) -> bool:
        """Whether attempts are in flight or may begin at any moment: not between passes, paused, or when over."""
        busy = self.state is RunState.RUNNING and not (self._plan.pass_is_over or self._plan.is_done)
        return busy or self.in_flight > 0

    @property
    def effective_concurrency(self) -> float:
        """Mean number of attempts in flight since the run began, pauses left out."""
        self._count_time()
        return self._busy_ns / self._running_ns if self._running_ns else 0.0

    @property
    def running_ns(self) -> int:
        """How long it has been running, pauses left out."""
        self._count_time()
        return self._running_ns

    @property
    def behind_ns(self) -> int:
        """How long the next attempt has been due and nobody was free to begin it; 0 unless it runs at a pace."""
        return self.pace.behind_ns(self._clock.now_ns()) if self.state is RunState.RUNNING else 0

    def whose(self, pid: int) -> str | None:
        """The worker and slot behind a backend; None when it is none of ours.

        A backend that outlived its connection is its worker's still: `w03 left`.
        """
        for row in self.rows.values():
            if row.pid == pid:
                return row.whose()
        return next((f"{worker_name(row.worker)} left" for row in self.rows.values() if row.left(pid)), None)

    # The run itself

    async def run(self) -> None:
        """Work until the plan is done or the operator stops. A worker's bug ends it loudly, as an ExceptionGroup."""
        self._counted_at_ns = self._clock.now_ns()
        self.pace.begin(self._counted_at_ns)
        # A repeat begins paused where the run was paused when the last one ended, or since.
        if not self.is_stopping and self.state is not RunState.PAUSED:
            self._move(RunState.RUNNING)
        async with asyncio.TaskGroup() as group:
            while not self._is_done():
                self._hire(group)
                if self._plan.pass_is_over and self.state is RunState.RUNNING and not self._goes_home:
                    # Nothing is due while it is read back what the pass came to: that is no lateness of the next one.
                    self.pace.pause(self._clock.now_ns())
                    await self.between()
                    if self.state is RunState.RUNNING:
                        self.pace.resume(self._clock.now_ns())
                    self._nudge()
                else:
                    await self._changed.wait()

    def _is_done(self) -> bool:
        return not self._tasks and (self.is_stopping or self._goes_home or self._plan.is_done)

    def _hire(self, group: asyncio.TaskGroup) -> None:
        """Bring in workers up to the number wanted; the lowest free numbers come first."""
        if self.is_stopping or self._goes_home or self._plan.is_done:
            return
        for number in range(self.concurrency):
            worker = WorkerId(number)
            if worker not in self._tasks:
                row = WorkerRow(self.run_id, worker, self._clock.now_ns())
                old = self.rows.get(worker)
                if old is not None:
                    row.filled, row.failed, row.last = old.filled, old.failed, old.last
                self.rows[worker] = row
                self._tasks[worker] = group.create_task(self._work(row), name=worker_name(worker))

    async def _work(self, row: WorkerRow) -> None:
        seat: Seat | WholeSeat | None = None
        try:
            seat = await self._seat(row)
            while seat is not None and not self._leaves(row):
                if self._missing:
                    await self._rest(row, WorkerState.IDLE)
                elif self.state in (RunState.PAUSING, RunState.PAUSED):
                    await self._rest(row, WorkerState.RESTING)
                elif (turn := self._plan.take(row.worker)) is not None:
                    await self._work_on(row, turn, seat)
                elif self._plan.is_done:
                    break
                else:
                    await self._rest(row, WorkerState.IDLE)
        finally:
            self._tasks.pop(row.worker, None)
            try:
                if seat is not None:
                    await seat.close()
            finally:
                row.stands_up()
                self._tell(row, WorkerState.GONE)
                # While this one's connection was closing, its number may have been given to another.
                if row.worker >= self.concurrency and self.rows.get(row.worker) is row:
                    del self.rows[row.worker]
                self._nudge()

    async def _seat(self, row: WorkerRow) -> Seat | WholeSeat | None:
        """A seat at the target, asked for again while the server refuses; None when the worker is to leave meanwhile.

        Raises TargetLost when nobody had one for longer than SEAT_PATIENCE_NS: while others work, it goes on asking.
        """
        alone_since_ns = self._clock.now_ns()
        while not (self._leaves(row) or self._plan.is_done):
            try:
                seat = await self._target.seat(f"slotfill {self.run_id} {worker_name(row.worker)}")
            except DatabaseUnreachable as error:
                self.trouble = f"{worker_name(row.worker)} has no connection: {error}"
                # Whoever has a seat begins: waiting for one that the server has no room for would last for ever.
                self._missing = None
                self._nudge()
                now_ns = self._clock.now_ns()
                if any(other.can_work for other in self.rows.values()):
                    alone_since_ns = now_ns
                elif now_ns - alone_since_ns > SEAT_PATIENCE_NS:
                    raise TargetLost(f"no worker found a connection for 30 s: {error}") from error
                await self._clock.wait_for(self._changed, now_ns + SEAT_PAUSE_NS)
            else:
                self.trouble = ""
                row.sits(seat)
                if self._missing is not None:
                    self._missing.discard(row.worker)
                    self._nudge()
                return seat
        # Those that still want a seat say so again within SEAT_PAUSE_NS.
        self.trouble = ""
        return None

    async def _work_on(self, row: WorkerRow, turn: Turn, seat: Seat | WholeSeat) -> None:
        row.turn = turn
        try:
            while not self._leaves(row) and self.state is RunState.RUNNING:
                now_ns = self._clock.now_ns()
                due_ns, claim = self.pace.claim(now_ns)
                allowed_ns, place = (due_ns, 0.0) if self.limits is None else self.limits.claim(due_ns, now_ns)
                if not await self._fall_due(row, allowed_ns):
                    self._give_back(claim, place)
                    continue
                spent = self._spends(turn)
                if spent:
                    self._give_back(claim, place)
                    self._run_out(spent)
                    return
                ordinal = self._plan.begin(turn.id)
                if ordinal is None:
                    self._give_back(claim, place)
                    return
                await self._attempt(row, self.orders.next(turn, ordinal), seat, due_ns)
        finally:
            row.turn = None
            self._plan.leave(row.worker, turn.id)
            self._free()

    def _give_back(self, claim: tuple[int, int], place: float) -> None:
        self.pace.give_back(claim)
        if self.limits is not None:
            self.limits.give_back(place)

    def _spends(self, turn: Turn) -> str:
        """Take the turn's next booking from the budget; why the run ends instead, empty when it does not.

        A turn that takes no more attempts costs nothing: its worker has come to see just that.
        """
        if self.limits is None:
            return ""
        told = self._plan.progress(turn.id)
        if told.end is not None or told.begun >= told.cap:
            return ""
        return self.limits.take(self._clock.now_ns())

    def _run_out(self, why: str) -> None:
        """The target's budget is spent: the run drains, and says so."""
        if not self.is_stopping:
            self._count_time()
            self._move(RunState.DRAINING, why)

    async def _attempt(self, row: WorkerRow, order: Order, seat: Seat | WholeSeat, due_ns: int) -> None:
        now_ns = self._count_time()
        self.in_flight += 1
        row.moves(WorkerState.WORKING, now_ns)
        row.begins(order, now_ns)
        if row.ids.leg != self.leg:
            row.ids = msgspec.structs.replace(row.ids, leg=self.leg)
        self.late_ns = max(0, now_ns - due_ns) if self.pace.rate is not None else 0
        ended: AttemptEnded | None = None
        try:
            ended = await self._made(order, row, seat).run(due_ns)
        finally:
            now_ns = self._count_time()
            self.in_flight -= 1
            filled = ended is not None and ended.outcome == _FILLED
            self._close_turn(order, filled=filled)
            if ended is not None:
                row.ends(ended, filled=filled, now_ns=now_ns)
            row.notes_pid()
            if self.state is RunState.PAUSING and self.in_flight == 0:
                self._move(RunState.PAUSED)

    def _made(self, order: Order, row: WorkerRow, seat: Seat | WholeSeat) -> Attempt | WholeAttempt:
        """The kind of attempt that the target's seats are for."""
        if Capability.STEPS in self._target.capabilities:
            return Attempt(order, cast("Seat", seat), row, self._desk)
        return WholeAttempt(order, cast("WholeSeat", seat), row, self._desk)

    def _close_turn(self, order: Order, *, filled: bool) -> None:
        is_shared = len(self._plan.progress(order.turn.id).workers) > 1
        end = self._plan.ended(order.turn.id, filled)
        if end is not None:
            told = self._plan.progress(order.turn.id)
            ids = Ids(run=self.run_id, leg=self.leg, turn=order.turn.id)
            self._desk.log(TurnEnded(self._clock.now_ns(), ids, end, told.ended, told.filled))
            if is_shared or self._plan.is_done or self._plan.pass_is_over:
                # Others wait for their moment in a turn that is over, or for one that never comes.
                self._nudge()
            else:
                self._free()

    async def _fall_due(self, row: WorkerRow, due_ns: int) -> bool:
        """Wait for the moment. False when something changed first: look again."""
        if due_ns <= self._clock.now_ns():
            return True
        row.moves(WorkerState.DUE, self._clock.now_ns())
        return not await self._clock.wait_for(self._told, due_ns)

    async def _rest(self, row: WorkerRow, state: WorkerState) -> None:
        """Wait until something changes."""
        if row.state is not state:
            self._tell(row, state)
        await self._changed.wait()

    def _leaves(self, row: WorkerRow) -> bool:
        return self.is_stopping or self._goes_home or row.worker >= self.concurrency

    def _nudge(self) -> None:
        """Wake everyone who waits for a change. A new event each time: who looks again waits for the next one."""
        self._told.set()
        self._told = asyncio.Event()
        self._free()

    def _free(self) -> None:
        """Wake those who wait for a turn: there may be one."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _tell(self, row: WorkerRow, state: WorkerState) -> None:
        row.moves(state, self._clock.now_ns())
        self._desk.log(WorkerMoved(self._clock.now_ns(), row.ids, state))

    def _move(self, state: RunState, reason: str = "") -> None:
        self.state = state
        self.reason = reason
        # Before it is written: a journal that takes no more must not leave anybody asleep.
        self._nudge()
        ids = Ids(run=self.run_id)
        self._desk.log(RunMoved(self._clock.now_ns(), ids, state, reason, self.in_flight))

    def _count_time(self) -> int:
        """Add up how long how many were at work; now."""
        now_ns = self._clock.now_ns()
        if self.state is not RunState.PAUSED:
            self._busy_ns += self.in_flight * (now_ns - self._counted_at_ns)
            self._running_ns += now_ns - self._counted_at_ns
        self._counted_at_ns = now_ns
        return now_ns
