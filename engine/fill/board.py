"""What every worker is doing at this moment, written by the worker itself and read by whoever asks."""

from collections import deque
from typing import Protocol

from engine.model.event import AttemptEnded
from engine.model.ids import Ids, RunId, WorkerId, worker_name
from engine.model.outcome import Outcome
from engine.model.run_state import WorkerState
from engine.model.snapshot import WorkerFace
from engine.model.step import Step
from engine.model.turn import Order, Turn
from engine.redact import mask


class Placed(Protocol):
    """A seat, as far as its backend goes."""

    @property
    def pid(self) -> int | None:
        """The server's process behind it; None while there is none to be named."""
        ...


class WorkerRow:
    """One worker's row. Plain state: nothing is sent when it changes."""

    def __init__(self, run: RunId, worker: WorkerId, now_ns: int) -> None:
        self.worker = worker
        self.name = worker_name(worker)
        self.ids = Ids(run=run, worker=worker)
        self.state = WorkerState.IDLE
        self.step: Step | None = None
        self.since_ns = now_ns
        self.turn: Turn | None = None
        self.order: Order | None = None
        self.attempt_try = 0
        self.tables: tuple[str, ...] = ()
        self.zone = ""
        self.last: AttemptEnded | None = None
        self.filled = 0
        self.failed = 0
        self._seat: Placed | None = None
        self._pids: deque[int] = deque(maxlen=64)
        self._noted: int | None = None
        self._past: deque[tuple[int, Step | None]] = deque(maxlen=64)
        """The last steps with when each began, None for none; for looks that come a moment later."""

    def moves(self, state: WorkerState, now_ns: int) -> None:
        """The worker comes into a state, outside any step."""
        self.state = state
        self._goes_to(None, now_ns)

    def begins(self, order: Order, now_ns: int) -> None:
        """The worker begins an attempt."""
        self.order = order
        self.attempt_try = 0
        self.tables = ()
        self.zone = ""
        self.since_ns = now_ns

    def steps(self, step: Step, now_ns: int) -> None:
        """The worker begins a step of its attempt."""
        # Only before these a lost connection may have been opened again: to begin an attempt, or to give a hold back.
        if step is Step.QUOTE or step is Step.HOLD:
            self.notes_pid()
        self._goes_to(step, now_ns)

    def tries(self, attempt_try: int, tables: tuple[str, ...], zone: str) -> None:
        """The worker begins a try."""
        self.attempt_try = attempt_try
        self.tables = tables
        self.zone = zone

    def ends(self, ended: AttemptEnded, *, filled: bool, now_ns: int) -> None:
        """The worker's attempt ended."""
        self.last = ended
        self.order = None
        self._goes_to(None, now_ns)
        self.tables = ()
        self.zone = ""
        self.attempt_try = 0
        if filled:
            self.filled += 1
        else:
            self.failed += 1

    def step_at(self, at_ns: int) -> Step | None:
        """The step it was in at that moment, a little while ago; None for none, and where it is not remembered."""
        return next((step for since_ns, step in reversed(self._past) if since_ns <= at_ns), None)

    def _goes_to(self, step: Step | None, now_ns: int) -> None:
        self.step = step
        self.since_ns = now_ns
        self._past.append((now_ns, step))

    def sits(self, seat: Placed) -> None:
        """The worker has a seat; the backend behind it changes when its connection is lost."""
        self._seat = seat
        self.notes_pid()

    def stands_up(self) -> None:
        """The seat is given back."""
        self._seat = None

    def notes_pid(self) -> None:
        """Remember the backend of this moment, to know it again when it outlives its connection."""
        pid = self.pid
        if pid is not None and pid != self._noted and pid not in self._pids:
            self._pids.append(pid)
        self._noted = pid

    @property
    def pid(self) -> int | None:
        """The backend behind the worker's seat; None while there is none to be named."""
        return None if self._seat is None else self._seat.pid

    @property
    def can_work(self) -> bool:
        """Whether it has a seat that is connected, as far as can be seen: behind a pooler no backend is named."""
        if self._seat is None:
            return False
        return self.pid is not None or self.last is None or self.last.outcome != Outcome.CONNECTION.word

    def left(self, pid: int) -> bool:
        """Whether it is a backend of a connection this worker has given up: it may still wait, and hold locks."""
        return pid in self._pids and pid != self.pid

    def whose(self) -> str:
        """The name a lock panel gives this worker's backend: `w03 19:15`."""
        return f"{self.name} {self.turn.label}" if self.turn else self.name

    def face(self, now_ns: int, waits_for: str) -> WorkerFace:
        """The row as a snapshot holds it."""
        turn, order, last = self.turn, self.order, self.last
        return WorkerFace(
            worker=self.worker,
            state=self.state,
            step=self.step,
            since_ns=max(0, now_ns - self.since_ns),
            slot=turn.label if turn else "",
            day=turn.on.isoformat() if turn else "",
            party=turn.party if turn else 0,
            booking=str(order.booking_id)[:8] if order else "",
            attempt=order.attempt if order else 0,
            attempt_try=self.attempt_try,
            tables=self.tables,
            zone=self.zone,
            last_outcome=last.outcome if last else "",
            last_note=_note(last) if last else "",
            filled=self.filled,
            failed=self.failed,
            pid=self.pid,
            waits_for=waits_for,
        )


def _note(last: AttemptEnded) -> str:
    if last.refusal is None:
        return "+".join(last.tables)
    return "+".join(last.refusal.tables) or mask(last.refusal.message)
