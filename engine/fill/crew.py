"""The crew: as many workers as wanted, what an operator asks of them, what it shows. All change is between attempts."""

import asyncio

from engine.fill.board import WorkerRow
from engine.fill.desk import Desk
from engine.fill.orders import Orders
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.fill.worker import Worker
from engine.model.event import RunMoved
from engine.model.ids import Ids, RunId, WorkerId, worker_name
from engine.model.run_state import RunState, WorkerState
from engine.plan import Plan
from engine.target import Target


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
        self.plan = task.plan
        """The plan in hand."""
        self._gathers = task.gathers
        self.goes_home = False
        """The plan is left before its end."""
        self.reads_back = True
        """No attempt may begin, whatever the state: before its plan, after it, and while a pass is read back."""
        self.missing: set[WorkerId] | None = None
        """Workers that all others wait for before the first attempt; None once they need not."""
        self.target = target
        self.desk = desk
        self.clock = desk.clock
        self._tasks: dict[WorkerId, asyncio.Task[None]] = {}
        self.changed = asyncio.Event()
        """What those wait for who wait for a turn. Another one after each change: look it up anew."""
        self.told = asyncio.Event()
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
        self._count_on()
        self.pace.pause(self.clock.now_ns())
        self.move(RunState.PAUSING)
        if not self.in_flight:
            self.move(RunState.PAUSED)
        return True

    def resume(self) -> bool:
        """Attempts begin again. False when it is neither paused nor about to be."""
        if self.state not in (RunState.PAUSING, RunState.PAUSED):
            return False
        self._count_on()
        if not self.reads_back:
            self.pace.resume(self.clock.now_ns())
        self.move(RunState.RUNNING)
        return True

    def resize(self, concurrency: int) -> None:
        """That many workers are wanted; those too many leave after the attempt in hand."""
        self.concurrency = concurrency
        for row in self.rows.values():
            if row.worker >= concurrency and row.worker in self._tasks:
                row.state = WorkerState.LEAVING
            elif row.state is WorkerState.LEAVING:
                row.state = WorkerState.WORKING if row.order is not None else WorkerState.IDLE
        if self.missing is not None:
            # Whoever will never be hired is not waited for.
            self.missing = {worker for worker in self.missing if worker < concurrency}
        self.nudge()

    def change_rate(self, rate: float | None) -> None:
        """Another pace from now on."""
        self.pace.change(rate, self.clock.now_ns())
        self.nudge()

    def take_over(self, plan: Plan, first_leg: int, concurrency: int | None = None) -> None:
        """The same plan from its beginning: the next repeat, of so many workers. Only while `run` is not running."""
        self.plan = plan
        self.first_leg = first_leg
        self.concurrency = self.concurrency if concurrency is None else concurrency
        self.goes_home = False
        self._gather()
        self.rows.clear()
        self.desk.holders.forget()

    def go_home(self) -> bool:
        """No attempt begins any more before the next repeat. False when the crew is on its way out anyhow."""
        if self.is_stopping or self._is_done():
            return False
        self.goes_home = True
        self.nudge()
        return True

    async def go_home_after(self, ran_ns: int) -> bool:
        """Go home when it has been running for so long from now on; a pause is no time of the plan's."""
        until_ns = self.running_ns + ran_ns
        while (left_ns := until_ns - self.running_ns) > 0:
            if self.state is RunState.PAUSED:
                await self.changed.wait()
            else:
                await self.clock.sleep_until(self.clock.now_ns() + left_ns)
        return self.go_home()

    def _gather(self) -> None:
        """Let the first attempt wait until every worker has its seat, where the task is like that."""
        self.missing = set(map(WorkerId, range(self.concurrency))) if self._gathers else None

    def stop(self) -> bool:
        """No new attempt begins and the run ends when those in flight have. False when it is over or on its way."""
        if self.state.is_over or self.state in (RunState.DRAINING, RunState.CANCELLING):
            return False
        self._count_on()
        self.move(RunState.DRAINING, "stopped by the operator")
        return True

    def cancel(self) -> None:
        """Attempts in flight are cancelled; each still says how far it came."""
        for task in self._tasks.values():
            task.cancel()
        self.move(RunState.CANCELLING, "cancelled by the operator")

    def conclude(self, state: RunState, reason: str) -> None:
        """The run is over; nothing moves after this."""
        self._count_on()
        self.move(state, reason)

    # What it shows

    @property
    def leg(self) -> int:
        """The leg in hand."""
        return self.first_leg + self.plan.leg

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self.state in (RunState.DRAINING, RunState.CANCELLING)

    @property
    def at_work(self) -> bool:
        """Whether attempts are in flight or may begin at any moment: not between passes, paused, or when over."""
        busy = self.state is RunState.RUNNING and not (self.plan.pass_is_over or self.plan.is_done)
        return busy or self.in_flight > 0

    @property
    def effective_concurrency(self) -> float:
        """Mean number of attempts in flight while some might be: pauses and what is read back are left out."""
        self._count_on()
        return self._busy_ns / self._running_ns if self._running_ns else 0.0

    @property
    def running_ns(self) -> int:
        """How long attempts might begin: pauses and what is read back are left out."""
        self._count_on()
        return self._running_ns

    @property
    def behind_ns(self) -> int:
        """How long the next attempt has been due and nobody was free to begin it; 0 unless it runs at a pace."""
        return self.pace.behind_ns(self.clock.now_ns()) if self.state is RunState.RUNNING else 0

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
        self._counted_at_ns = self.clock.now_ns()
        self.pace.begin(self._counted_at_ns)
        self.reads_back = False
        # A repeat begins paused where the run was paused when the last one ended, or since.
        if not self.is_stopping and self.state is not RunState.PAUSED:
            self.pace.resume(self._counted_at_ns)
            self.move(RunState.RUNNING)
        try:
            async with asyncio.TaskGroup() as group:
                while not self._is_done():
                    self._hire(group)
                    if self.plan.pass_is_over and self.state is RunState.RUNNING and not self.goes_home:
                        await self._read_back()
                    else:
                        await self.changed.wait()
        finally:
            self._count_on()
            self.reads_back = True

    async def _read_back(self) -> None:
        """Let the pass that is over be ended, and the next one be planned."""
        # Nothing is due while it is read back what the pass came to: that is no lateness of the next one.
        self.pace.pause(self.count_time())
        self.reads_back = True
        await self.between()
        self._count_on()
        self.reads_back = False
        if self.state is RunState.RUNNING:
            self.pace.resume(self.clock.now_ns())
        self.nudge()

    def _is_done(self) -> bool:
        return not self._tasks and (self.is_stopping or self.goes_home or self.plan.is_done)

    def _hire(self, group: asyncio.TaskGroup) -> None:
        """Bring in workers up to the number wanted; the lowest free numbers come first."""
        if self.is_stopping or self.goes_home or self.plan.is_done:
            return
        for number in range(self.concurrency):
            worker = WorkerId(number)
            if worker not in self._tasks:
                row = WorkerRow(self.run_id, worker, self.clock.now_ns())
                old = self.rows.get(worker)
                if old is not None:
                    row.filled, row.failed, row.last = old.filled, old.failed, old.last
                self.rows[worker] = row
                self._tasks[worker] = group.create_task(Worker(self, row).work(), name=worker_name(worker))

    # What its workers say

    def lets_go(self, row: WorkerRow) -> None:
        """The worker works no more, and its connection is about to be closed."""
        self._tasks.pop(row.worker, None)

    def is_gone(self, row: WorkerRow) -> None:
        """The worker's connection is closed."""
        # While it was closing, its number may have been given to another.
        if row.worker >= self.concurrency and self.rows.get(row.worker) is row:
            del self.rows[row.worker]
        self.nudge()

    def run_out(self, why: str) -> None:
        """The target's budget is spent: the run drains, and says so."""
        if not self.is_stopping:
            self.count_time()
            self.move(RunState.DRAINING, why)

    def nudge(self) -> None:
        """Wake everyone who waits for a change. A new event each time: who looks again waits for the next one."""
        self.told.set()
        self.told = asyncio.Event()
        self.free()

    def free(self) -> None:
        """Wake those who wait for a turn: there may be one."""
        self.changed.set()
        self.changed = asyncio.Event()

    def move(self, state: RunState, reason: str = "") -> None:
        """The run comes into that state, and says so. Raises RecordsFailed."""
        self.state = state
        self.reason = reason
        # Before it is written: a journal that takes no more must not leave anybody asleep.
        self.nudge()
        self.desk.log(RunMoved(self.clock.now_ns(), Ids(run=self.run_id), state, reason, self.in_flight))

    def _count_on(self) -> None:
        """Add up what there is to add: while no attempt may begin, time is nobody's, whoever looks at it."""
        if self.reads_back:
            self._counted_at_ns = self.clock.now_ns()
        else:
            self.count_time()

    def count_time(self) -> int:
        """Add up how long how many were at work; now."""
        now_ns = self.clock.now_ns()
        if self.state is not RunState.PAUSED:
            self._busy_ns += self.in_flight * (now_ns - self._counted_at_ns)
            self._running_ns += now_ns - self._counted_at_ns
        self._counted_at_ns = now_ns
        return now_ns
