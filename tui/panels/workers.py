"""One row a worker: what it does, since when, for which slot, and what became of its last attempt."""

from collections.abc import Callable
from typing import Any, ClassVar

from engine.model.detail import DetailKind
from engine.model.ids import worker_name
from engine.model.outcome import OUTCOMES
from engine.model.run_state import RunState, WorkerState
from engine.model.sample import Backend
from engine.model.snapshot import RunSnapshot, WorkerFace
from tui.format import age, narrow, took
from tui.lines import Area, Ink, Line, Span, ink_of, line
from tui.panel import Panel, Want
from tui.result import result_lines
from tui.table import Column, choose, head, row
from tui.view import View
from tui.worker_detail import worker_detail

_COLUMNS = (
    Column("W", 4),
    Column("STEP", 11),
    Column("SINCE", 6, right=True),
    Column("SLOT", 5),
    Column("P", 2, 3, right=True),
    Column("TRY", 3, 2, right=True),
    Column("TABLES", 9, 5),
    Column("ZONE", 11, 6),
    Column("BOOKING", 8, 7),
    Column("OK", 4, 3, right=True),
    Column("FAIL", 4, 3, right=True),
    Column("LAST OUTCOME", 24, grow=True),
    Column("PID", 7, 4, right=True),
    Column("WAITS FOR", 14, 8),
    Column("ATTEMPT", 7, 9, right=True),
    Column("DAY", 10, 10),
)
SORTS: dict[str, tuple[Callable[[WorkerFace], Any], bool]] = {
    # Idle workers have waited longest and are the least news: they stand below whoever works.
    "age": (lambda worker: (worker.step is not None, worker.since_ns), True),
    "worker": (lambda worker: worker.worker, False),
    "step": (lambda worker: (worker.step is None, worker.step or "", -worker.since_ns), False),
    "slot": (lambda worker: (not worker.slot, worker.day, worker.slot, worker.worker), False),
    "filled": (lambda worker: worker.filled, True),
    "failed": (lambda worker: worker.failed, True),
    "try": (lambda worker: worker.attempt_try, True),
    "outcome": (lambda worker: (worker.last_outcome, worker.worker), False),
}
"""What workers can be sorted by: the key, and whether the greatest comes first."""


def sorted_workers(snapshot: RunSnapshot, view: View) -> list[WorkerFace]:
    """The workers that the filter lets through, in order."""
    workers = [worker for worker in snapshot.workers if view.sieve.lets(worker)]
    if view.order:
        places = {name: place for place, name in enumerate(view.order)}
        return sorted(workers, key=lambda worker: places.get(worker_name(worker.worker), len(places)))
    key, greatest_first = SORTS[view.sort]
    return sorted(workers, key=key, reverse=greatest_first is not view.reverse)


def _have_gone(snapshot: RunSnapshot) -> bool:
    """Whether the run is over and nobody works any more: its result stands where the workers were."""
    return snapshot.run.state.is_over and all(one.state is WorkerState.GONE for one in snapshot.workers)


def _is_result(snapshot: RunSnapshot, view: View) -> bool:
    """Whether the result is shown; on the whole screen, or by a filter, those who have gone still are."""
    wanted = bool(snapshot.workers) and (view.full or bool(view.sieve.terms))
    return _have_gone(snapshot) and not wanted


def _doing(worker: WorkerFace) -> Span:
    """The step, with the letter of what it waits for: `L` for a lock."""
    if worker.step is None:
        return Span(worker.state.value, Ink.MUTED)
    letter = ""
    if worker.waits_for.startswith("Lock"):
        letter = " L"
    elif worker.state is WorkerState.LEAVING:
        letter = " -"
    return Span(worker.step.value.replace("_wait", "") + letter, Ink.CONTENTION if letter == " L" else Ink.TEXT)


def _last(worker: WorkerFace) -> Span:
    if not worker.last_outcome:
        return Span("-", Ink.MUTED)
    outcome = OUTCOMES.get(worker.last_outcome)
    word = "ok" if worker.last_outcome == "filled" else outcome.label if outcome else worker.last_outcome
    return Span(f"{word} {worker.last_note}".strip(), ink_of(outcome.kind) if outcome else Ink.UNKNOWN)


def _cells(worker: WorkerFace) -> tuple[Span, ...]:
    quiet = Ink.MUTED if worker.step is None else Ink.TEXT

    def text(value: str | int) -> Span:
        return Span(str(value) if value else "-", quiet if value else Ink.MUTED)

    return (
        Span(worker_name(worker.worker), Ink.STRONG if worker.step else Ink.MUTED),
        _doing(worker),
        Span(took(worker.since_ns) if worker.step else age(worker.since_ns), quiet),
        text(worker.slot),
        text(worker.party),
        text(worker.attempt_try),
        text("+".join(worker.tables)),
        text(worker.zone),
        text(worker.booking),
        text(narrow(worker.filled) if worker.filled else 0),
        Span(narrow(worker.failed) if worker.failed else "-", Ink.TEXT if worker.failed else Ink.MUTED),
        _last(worker),
        Span(str(worker.pid) if worker.pid else "-", Ink.MUTED),
        Span(worker.waits_for or "-", Ink.CONTENTION if worker.waits_for.startswith("Lock") else Ink.MUTED),
        text(worker.attempt),
        text(worker.day),
    )


class WorkersPanel(Panel):
    """The crew."""

    NAME: ClassVar[str] = "workers"
    TITLE: ClassVar[str] = "workers"
    KEY: ClassVar[str] = "2"
    HELP: ClassVar[str] = (
        "One row a worker. `confirm L` waits for a lock, ` -` leaves after this attempt, P is the party, TRY the "
        "candidate in hand. s sorts, S turns round, / filters, enter opens the worker, k cancels its backend."
    )

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """A row a worker, and the names of the columns."""
        count = len(snapshot.workers) if snapshot else 4
        if snapshot and _have_gone(snapshot):
            count = 4 + len([one for one in snapshot.outcomes if one.count])
        count = max(1, count)
        return Want(2 + min(4, count), 2 + min(8, count), 2 + count, beside=2 + min(15, count))

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """How many there are, and how they are sorted and filtered."""
        if _is_result(snapshot, view):
            return f"result{'   m shows the workers' if snapshot.workers else ''}"
        shown = len(cls.rows(snapshot, view))
        count = f"{shown} of {len(snapshot.workers)}" if shown != len(snapshot.workers) else f"{shown}"
        room = max(0, area.height - 2)
        top = max(0, min(view.top, shown - room))
        above = f", {top} above" if top and room else ""
        below = f", {shown - top - room} {'' if above else 'more '}below" if shown - top > room > 0 else ""
        turned = " reversed" if view.reverse else ""
        filtered = f"   filter: {view.sieve.text}" if view.sieve.terms else ""
        return f"{cls.TITLE} {count}{above}{below}   sort: {view.sort}{turned}{filtered}"

    @classmethod
    def rows(cls, snapshot: RunSnapshot, view: View) -> tuple[str, ...]:
        """Workers' names."""
        if _is_result(snapshot, view):
            return ()
        return tuple(worker_name(worker.worker) for worker in sorted_workers(snapshot, view))

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """The names of the columns and a row a worker; once they have gone, what the run came to."""
        if _is_result(snapshot, view):
            return result_lines(snapshot, area.width)
        workers = sorted_workers(snapshot, view)
        if not workers:
            if snapshot.workers:
                return [line((f"  no worker passes the filter {view.sieve.text}; escape clears it", Ink.MUTED))]
            starts = snapshot.run.state is RunState.STARTING
            return [line(("  no workers yet: the run starts" if starts else "  no workers; + starts one", Ink.MUTED))]
        chosen = choose(_COLUMNS, area.width)
        seen = workers[view.top : view.top + max(0, area.height - 1)]
        cursor = view.cursor if view.focused else ""
        lines = [row(chosen, _cells(worker), worker_name(worker.worker), cursor) for worker in seen]
        return [head(chosen), *lines]

    @classmethod
    def backend(cls, snapshot: RunSnapshot, row: str) -> Backend | None:
        """The backend of the worker's connection, as far as the last look tells."""
        worker = next((one for one in snapshot.workers if worker_name(one.worker) == row), None)
        if worker is None or worker.pid is None or snapshot.sample is None:
            return None
        return next((one for one in snapshot.sample.backends if one.pid == worker.pid), None)

    @classmethod
    def asks(cls, snapshot: RunSnapshot, row: str) -> tuple[DetailKind, str] | None:
        """The worker's last attempts."""
        return DetailKind.WORKER, row

    @classmethod
    def detail(cls, snapshot: RunSnapshot, row: str) -> tuple[str, list[Line]] | None:
        """All that is known of a worker, its backend, its queue and its last events."""
        return worker_detail(snapshot, row)
