"""What every worker is doing at this moment, written by the worker itself and read by whoever asks."""

from engine.model.event import AttemptEnded
from engine.model.floor import Candidate
from engine.model.ids import Ids, RunId, WorkerId
from engine.model.run_state import WorkerState
from engine.model.snapshot import WorkerFace
from engine.model.step import Step
from engine.model.turn import Order, Turn
from engine.redact import mask


class WorkerRow:
    """One worker's row. Plain state: nothing is sent when it changes."""

    def __init__(self, run: RunId, worker: WorkerId, now_ns: int) -> None:
        self.worker = worker
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
        self.pid: int | None = None

    def moves(self, state: WorkerState, now_ns: int) -> None:
        """The worker comes into a state, outside any step."""
        self.state = state
        self.step = None
        self.since_ns = now_ns

    def begins(self, order: Order, now_ns: int) -> None:
        """The worker begins an attempt."""
        self.order = order
        self.attempt_try = 0
        self.tables = ()
        self.zone = ""
        self.since_ns = now_ns

    def steps(self, step: Step, now_ns: int) -> None:
        """The worker begins a step of its attempt."""
        self.step = step
        self.since_ns = now_ns

    def tries(self, attempt_try: int, candidate: Candidate, zone: str) -> None:
        """The worker begins a try."""
        self.attempt_try = attempt_try
        self.tables = candidate.numbers
        self.zone = zone

    def ends(self, ended: AttemptEnded, *, filled: bool, now_ns: int) -> None:
        """The worker's attempt ended."""
        self.last = ended
        self.order = None
        self.step = None
        self.tables = ()
        self.zone = ""
        self.attempt_try = 0
        self.since_ns = now_ns
        if filled:
            self.filled += 1
        else:
            self.failed += 1

    def whose(self) -> str:
        """The name a lock panel gives this worker's backend: `w03 19:15`."""
        name = f"w{self.worker:02d}"
        return f"{name} {self.turn.label}" if self.turn else name

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
