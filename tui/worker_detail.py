"""All that a snapshot says about one worker, and about one backend, as lines."""

from engine.model.ids import worker_name
from engine.model.outcome import OUTCOMES
from engine.model.sample import Backend, LockQueue, QueueMember
from engine.model.snapshot import RunSnapshot
from tui.format import moment, ratio, took
from tui.lines import Ink, Line, ink_of, line

NOT_OURS = "NOT OURS"


def fact(name: str, value: str, ink: Ink = Ink.TEXT) -> Line:
    """A name and its value."""
    return line((f"  {name:<13}", Ink.MUTED), (value or "-", ink if value else Ink.MUTED))


def section(title: str) -> Line:
    """A heading between facts."""
    return line((f" {title}", Ink.TITLE))


def short_name(member: QueueMember) -> str:
    """The worker without its slot; a stranger with its pid."""
    if not member.who or member.who.upper() == NOT_OURS:
        return f"pid {member.pid} {NOT_OURS}"
    name = member.who.split()[0]
    return f"{name} LEFT BEHIND" if member.who.endswith(" left") else name


BETWEEN = "free just now"
"""Who holds a lock that others wait for, and nobody has."""
NOBODY = "nobody has it now"


def queue_line(queue: LockQueue, members: int) -> str:
    """`w05 <- w07 w03 +2`: the holders, then the waiters in order; without these, `w05 holds, nobody waits`."""
    holders = [short_name(one) for one in queue.members if one.granted]
    waiters = [short_name(one) for one in queue.members if not one.granted]
    if not waiters:
        return f"{' '.join(holders)} holds, nobody waits" if holders else NOBODY
    rest = f" +{len(waiters) - members}" if len(waiters) > members else ""
    # Between the one who let go and the one who is woken a look sees no holder.
    return f"{' '.join(holders) or BETWEEN} <- {' '.join(waiters[:members])}{rest}"


def worker_detail(snapshot: RunSnapshot, row: str) -> tuple[str, list[Line]] | None:
    """The worker's title and lines; None when it is gone."""
    worker = next((one for one in snapshot.workers if worker_name(one.worker) == row), None)
    if worker is None:
        return None
    ended = worker.filled + worker.failed
    outcome = OUTCOMES.get(worker.last_outcome)
    lines = [
        section("now"),
        fact("state", worker.state.value),
        fact("step", f"{worker.step.value}, since {took(worker.since_ns)}" if worker.step else ""),
        fact("slot", f"{worker.slot}  {worker.day}  party {worker.party}" if worker.slot else ""),
        fact(
            "attempt", f"{worker.attempt}, try {worker.attempt_try}, booking {worker.booking}" if worker.attempt else ""
        ),
        fact("tables", f"{'+'.join(worker.tables)}  {worker.zone}".strip() if worker.tables else ""),
        line(""),
        section("so far"),
        fact("filled", f"{worker.filled} of {ended}  {ratio(worker.filled, ended)}" if ended else ""),
        fact(
            "last outcome",
            f"{outcome.label if outcome else worker.last_outcome}  {worker.last_note}".strip(),
            ink_of(outcome.kind) if outcome else Ink.TEXT,
        ),
    ]
    if worker.pid is not None:
        backends = snapshot.sample.backends if snapshot.sample else ()
        lines += [
            line(""),
            *backend_lines(snapshot, worker.pid, next((one for one in backends if one.pid == worker.pid), None)),
        ]
    events = [event for event in reversed(snapshot.events) if event.who == row][:8]
    if events:
        lines += [line(""), section("its last events")]
        lines += [
            line((f"  {moment(one.at_ns):>8}  ", Ink.MUTED), (one.word, ink_of(one.kind)), f"  {one.text}")
            for one in events
        ]
    return f"worker {row}", lines


def backend_lines(snapshot: RunSnapshot, pid: int, backend: Backend | None) -> list[Line]:
    """The facts about a backend, and the locks it holds or waits for."""
    if backend is None:
        return [section(f"backend {pid}"), line(("  idle, or not seen by the last look at the server", Ink.MUTED))]
    lines = [
        section(f"backend {pid}   {backend.who}"),
        fact("application", backend.application_name),
        fact("state", backend.state),
        fact("waits for", backend.wait, Ink.CONTENTION if backend.wait.startswith("Lock") else Ink.TEXT),
        fact("query for", took(backend.age_ns) if backend.age_ns is not None else ""),
        fact("transaction", took(backend.transaction_age_ns) if backend.transaction_age_ns is not None else ""),
        fact("query", " ".join(backend.query.split())),
    ]
    sample = snapshot.sample
    if sample is None:
        return lines
    for queue in sample.queues:
        mine = next((place for place, one in enumerate(queue.members) if one.pid == pid), None)
        if mine is None:
            continue
        member = queue.members[mine]
        how = "holds" if member.granted else f"waits {took(member.waited_ns)} as number {mine} for"
        lines.append(fact("queue", f"{how} {queue.name}: {queue_line(queue, 4)}", Ink.CONTENTION))
    for edge in sample.blockings:
        if edge.pid == pid:
            who = edge.blocked_by_who or "pid"
            lines.append(
                fact(
                    "blocked by", f"{who} {edge.blocked_by} at {edge.waits_for}, {took(edge.waited_ns)}", Ink.CONTENTION
                )
            )
        elif edge.blocked_by == pid:
            lines.append(
                fact("blocks", f"{edge.who} {edge.pid} at {edge.waits_for}, {took(edge.waited_ns)}", Ink.CONTENTION)
            )
    return lines
