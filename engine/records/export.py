"""A session snapshot: the run at this moment as JSON, Markdown, CSV and a picture."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from engine.model.ids import worker_name
from engine.model.outcome import OUTCOMES
from engine.model.sample import QueueMember
from engine.model.snapshot import RunSnapshot, WorkerFace
from engine.records.tables import Cell, csv_text, markdown
from engine.records.trouble import RecordsFailed
from engine.records.writer import FOLDER_MODE, failed, make_folder, write_json, write_text


def export(snapshot: RunSnapshot, folder: Path, svg: str | None, wall: datetime) -> Path:
    """Write all formats into `snapshots/<stamp>/` of the run's folder; the new folder. Raises RecordsFailed."""
    made = _new_folder(folder / "snapshots", f"{wall.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    try:
        write_json(made / "snapshot.json", snapshot)
        write_text(made / "summary.md", summary(snapshot))
        write_text(made / "workers.csv", _workers(snapshot))
        write_text(made / "outcomes.csv", _outcomes(snapshot))
        write_text(made / "latency.csv", _latency(snapshot))
        write_text(made / "locks.csv", _locks(snapshot))
        if svg is not None:
            write_text(made / "screen.svg", svg)
    except BaseException:
        # Half an export would be taken for a whole one.
        shutil.rmtree(made, ignore_errors=True)
        raise
    return made


def summary(snapshot: RunSnapshot) -> str:
    """The run as a page of Markdown."""
    run = snapshot.run
    reason = f" ({run.reason})" if run.reason else ""
    pace = "closed model" if run.rate_per_s is None else f"{run.rate_per_s:g} attempts a second asked for"
    what = f"{run.plan} on {run.target}, database {run.database or 'none'}, seed {run.seed}, started {run.started_at}."
    how = f"{run.state.value}{reason} after {run.elapsed_ns / 1e9:.1f} s with {run.concurrency} workers, {pace}."
    much = (
        f"{run.filled} filled of {run.attempts} attempts, {run.in_flight} in flight; "
        f"{run.turns_ended} of {run.turns} turns of the pass in hand ended; "
        f"{run.effective_concurrency:.1f} attempts in flight on average."
    )
    whose = f"Milliseconds, of steps that succeeded over the whole run ({population(snapshot)})."
    parts = [
        f"# Run {run.run_id}{f': {run.name}' if run.name else ''}\n",
        f"{what}\n{how}\n",
        *([f"{run.fallback}\n"] if run.fallback else []),
        f"{much}\n",
        "## Outcomes\n",
        markdown(
            ("outcome", "kind", "attempts", "in doubt"),
            ((_label(one.outcome), one.kind.value, one.count, one.in_doubt) for one in snapshot.outcomes),
        ),
        *_ways(snapshot),
        "## Latency\n",
        f"{whose} p99 is left out below 500 samples.\n",
        markdown(
            ("step", "succeeded", "refused", "p50", "p95", "p99", "max"),
            (
                (
                    step.step.value,
                    step.count,
                    step.refused,
                    _ms(step.p50_ns),
                    _ms(step.p95_ns),
                    _ms(step.p99_ns),
                    _ms(step.max_ns),
                )
                for step in snapshot.steps
            ),
        ),
        "## Refusals\n",
        markdown(
            ("step", "outcome", "code", "constraint", "count", "overcome", "last message"),
            (
                (r.step.value, _label(r.outcome), r.sqlstate, r.constraint, r.count, r.overcome, r.message)
                for r in snapshot.refusals
            ),
        ),
        "## Slots\n",
        markdown(
            ("day", "slot", "party", "attempts", "filled", "cap", "conflicts", "end"),
            (
                (s.day, s.slot, s.party, s.attempts, s.filled, s.cap, s.conflicts, s.end.value if s.end else "open")
                for s in snapshot.slots
            ),
        ),
        *_flags(run.flags),
        "## Database\n",
        _database(snapshot),
    ]
    return "\n".join(parts)


def _ways(snapshot: RunSnapshot) -> list[str]:
    """Inline, background and late, and the planner; nothing where quote, hold and confirm are ours."""
    face = snapshot.paths
    if not face.paths:
        return []
    planner = f" Planner, in the request: {face.planner.words}." if face.planner.count else ""
    return [
        "## Inline and background\n",
        markdown(("path", "attempts", "late"), ((one.path.label, one.count, one.late) for one in face.paths)),
        f"{face.backlog} submitted and not yet decided, {face.undecided} of them left so.{planner}\n",
    ]


def _flags(flags: dict[str, str]) -> list[str]:
    return ["## Flags of the platform\n", markdown(("flag", "value"), flags.items())] if flags else []


def population(snapshot: RunSnapshot) -> str:
    """What the latencies are of, in words: they must not be compared across models."""
    if snapshot.run.rate_per_s is None:
        return f"service time, closed model, {snapshot.run.concurrency} workers"
    return f"total from due, open model at {snapshot.run.rate_per_s:g} a second"


def _database(snapshot: RunSnapshot) -> str:
    sample = snapshot.sample
    if sample is None:
        return f"{snapshot.sample_trouble or 'It was not looked at.'}\n"
    queues = markdown(("lock", "holders", "waiters"), ((q.name, *_sides(q.members)) for q in sample.queues))
    return (
        f"Postgres {sample.server_version}, {sample.connections} of {sample.max_connections} connections, "
        f"{sample.ours} of them ours; {sample.deadlocks} deadlocks; {sample.stale_count} stale holds.\n\n{queues}"
    )


_WORKER_COLUMNS = (
    *("worker", "state", "step", "since_ms", "day", "slot", "party", "booking", "attempt", "try", "tables", "zone"),
    *("last_outcome", "last_note", "filled", "failed", "pid", "waits_for"),
)


def _workers(snapshot: RunSnapshot) -> str:
    return csv_text(_WORKER_COLUMNS, map(_worker, snapshot.workers))


def _worker(face: WorkerFace) -> tuple[Cell, ...]:
    return (
        worker_name(face.worker),
        face.state.value,
        face.step.value if face.step else "",
        _ms(face.since_ns),
        face.day,
        face.slot,
        face.party,
        face.booking,
        face.attempt,
        face.attempt_try,
        # As everywhere; with spaces between, three of three digits are dialled.
        "+".join(face.tables),
        face.zone,
        face.last_outcome,
        face.last_note,
        face.filled,
        face.failed,
        face.pid,
        face.waits_for,
    )


def _outcomes(snapshot: RunSnapshot) -> str:
    return csv_text(("outcome", "kind", "attempts"), ((o.outcome, o.kind.value, o.count) for o in snapshot.outcomes))


def _latency(snapshot: RunSnapshot) -> str:
    what = population(snapshot)
    return csv_text(
        ("step", "succeeded", "refused", "p50_ms", "p95_ms", "p99_ms", "max_ms", "population"),
        (
            (s.step.value, s.count, s.refused, _ms(s.p50_ns), _ms(s.p95_ns), _ms(s.p99_ns), _ms(s.max_ns), what)
            for s in snapshot.steps
        ),
    )


def _locks(snapshot: RunSnapshot) -> str:
    """Queues first, then who blocks whom, then locks counted: one row a fact, told apart by its first column."""
    rows: list[tuple[Cell, ...]] = []
    if snapshot.sample is not None:
        sample = snapshot.sample
        for queue in sample.queues:
            rows += [
                ("queue", queue.name, m.mode, m.granted, m.pid, m.who, _ms(m.waited_ns), None, "", None)
                for m in queue.members
            ]
        rows += [
            ("blocked", b.waits_for, "", False, b.pid, b.who, _ms(b.waited_ns), b.blocked_by, b.blocked_by_who, None)
            for b in sample.blockings
        ]
        for lock in sample.lock_counts:
            rows.append(("count", lock.locktype, lock.mode, True, None, "", None, None, "", lock.granted))
            rows.append(("count", lock.locktype, lock.mode, False, None, "", None, None, "", lock.waiting))
    head = ("row", "lock", "mode", "granted", "pid", "who", "waited_ms", "blocked_by", "blocked_by_who", "count")
    return csv_text(head, rows)


def _sides(members: tuple[QueueMember, ...]) -> tuple[int, int]:
    holders = sum(member.granted for member in members)
    return holders, len(members) - holders


def _label(outcome: str) -> str:
    return OUTCOMES[outcome].label if outcome in OUTCOMES else outcome


def _ms(ns: int | None) -> float | None:
    return None if ns is None else round(ns / 1e6, 3)


def _new_folder(snapshots: Path, stamp: str) -> Path:
    make_folder(snapshots)
    for number in range(1, 1000):
        made = snapshots / (stamp if number == 1 else f"{stamp}-{number}")
        try:
            made.mkdir(mode=FOLDER_MODE)
        except FileExistsError:
            continue
        except OSError as error:
            raise failed("could not make the snapshot's folder", made, error) from error
        return made
    raise RecordsFailed(f"{snapshots / stamp}: a thousand snapshots were taken in this second; wait for the next")
