"""Who blocks whom, across every kind of lock: a zone's queue may stand behind a row that somebody else holds."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from engine.model.sample import Backend, LockQueue, Sample
from engine.model.snapshot import RunSnapshot, WorkerFace
from tui.format import took
from tui.lines import Area, Ink, Line, Span, line
from tui.worker_detail import NOT_OURS

PREPARED = "prepared transaction"


class Waits(NamedTuple):
    """One backend's wait for one lock."""

    pid: int
    who: str
    behind: int | None
    """The backend that holds it; None where nobody does."""
    behind_who: str
    lock: str
    place: int
    """In the lock's queue, from 1; 0 where the queue is not known."""
    waited_ns: int | None
    others: int
    """Further backends that are in its way."""


class Node(NamedTuple):
    """One backend in the tree."""

    depth: int
    pid: int
    who: str
    waits: Waits | None
    """None for a root: it waits for nobody."""
    blocked: int
    """How many wait for it, directly and through others."""


def waits_of(sample: Sample) -> list[Waits]:
    """Every wait there is, in the order the waits began: advisory ones from their queues, others from their edges."""
    found: dict[int, Waits] = {}
    for queue in sample.queues:
        if not (queue.is_zone or queue.name.startswith("advisory")):
            continue
        holders = [one for one in queue.members if one.granted]
        behind = holders[0] if holders else None
        waiters = [one for one in queue.members if not one.granted]
        for place, one in enumerate(waiters, start=1):
            found[one.pid] = Waits(
                one.pid,
                one.who,
                behind.pid if behind else None,
                behind.who if behind else "",
                queue_name(queue, sample.queues),
                place,
                one.waited_ns,
                max(0, len(holders) - 1),
            )
    for edge in sample.blockings:
        known = found.get(edge.pid)
        if known is not None:
            found[edge.pid] = known._replace(others=known.others + 1)
            continue
        found[edge.pid] = Waits(
            edge.pid, edge.who, edge.blocked_by, edge.blocked_by_who, edge.waits_for, 0, edge.waited_ns, 0
        )
    return sorted(found.values(), key=lambda one: -(one.waited_ns or 0))


def queue_name(queue: LockQueue, among: Iterable[LockQueue]) -> str:
    """Zone and hour; with restaurant or day where another queue has the same."""
    twins = [one for one in among if one.name == queue.name and one is not queue]
    house = f" of {queue.restaurant}" if any(one.restaurant != queue.restaurant for one in twins) else ""
    day = f" on {queue.day}" if any(one.day != queue.day for one in twins) else ""
    return f"{queue.name}{house}{day}"


def queue_key(queue: LockQueue) -> str:
    """The queue's row: two zones may have one name, in two houses or on two days."""
    return f"queue:{queue.name}:{queue.restaurant}:{queue.day}"


def tree(sample: Sample) -> list[Node]:
    """Roots with the most behind them first, each followed by those that wait for it, longest wait first."""
    waits = waits_of(sample)
    by_pid = {one.pid: one for one in waits}
    behind: dict[int, list[Waits]] = {}
    names: dict[int, str] = {}
    for one in waits:
        if one.behind is not None:
            behind.setdefault(one.behind, []).append(one)
            names.setdefault(one.behind, one.behind_who)
    seen: set[int] = set()

    def walk(pid: int, depth: int) -> Iterator[Node]:
        for one in behind.get(pid, ()):
            if one.pid not in seen:
                seen.add(one.pid)
                below = list(walk(one.pid, depth + 1))
                yield Node(depth, one.pid, one.who, one, len(below))
                yield from below

    rooted: list[list[Node]] = []
    # A ring of backends that wait for one another has no root: whoever is left is begun with in turn.
    for pid in [pid for pid in names if pid not in by_pid] + [pid for pid in names if pid in by_pid]:
        if pid not in seen:
            seen.add(pid)
            below = list(walk(pid, 1))
            rooted.append([Node(0, pid, names[pid], by_pid.get(pid), len(below)), *below])
    rooted.sort(key=lambda nodes: -len(nodes))
    free = [Node(0, one.pid, one.who, one, 0) for one in waits if one.behind is None and one.pid not in seen]
    return [node for nodes in rooted for node in nodes] + free


def tree_lines(snapshot: RunSnapshot, sample: Sample, room: Area, cursor: str) -> list[Line]:
    """The tree with all that is known of every backend; then the locks that are held and that nobody waits for.

    Where there is no room for every query, those of the blockers are shown, and the one under the cursor.
    """
    lines = _tree_lines(snapshot, sample, (room.width, cursor), every=True)
    if len(lines) <= room.height:
        return lines
    return _tree_lines(snapshot, sample, (room.width, cursor), every=False)


def _tree_lines(snapshot: RunSnapshot, sample: Sample, room: tuple[int, str], *, every: bool) -> list[Line]:
    cursor = room[1]
    backends = {one.pid: one for one in sample.backends}
    workers = {one.pid: one for one in snapshot.workers if one.pid is not None}
    held = _held(sample)
    lines: list[Line] = []
    for node in tree(sample):
        nodes = _node(node, backends.get(node.pid), workers.get(node.pid), held, room)
        lines += nodes if every or node.waits is None or f"pid:{node.pid}" == cursor else nodes[:1]
    if not lines:
        lines = [line(("  nobody waits for anybody", Ink.MUTED))]
    return [*lines, *_held_alone(sample, workers, cursor)]


def rows(sample: Sample) -> tuple[str, ...]:
    """The backends of the tree and of the locks below it, in the order they are drawn."""
    pids = [node.pid for node in tree(sample)]
    pids += [one.pid for queue in _quiet(sample) for one in queue.members]
    return tuple(dict.fromkeys(f"pid:{pid}" for pid in pids))


def _held(sample: Sample) -> Mapping[int, list[str]]:
    held: dict[int, list[str]] = {}
    for queue in sample.queues:
        if queue.is_zone:
            for one in queue.members:
                if one.granted:
                    held.setdefault(one.pid, []).append(queue_name(queue, sample.queues))
    return held


def _quiet(sample: Sample) -> list[LockQueue]:
    """Zone locks that somebody holds and nobody waits for."""
    return [one for one in sample.queues if one.is_zone and all(member.granted for member in one.members)]


def name_span(who: str, *, waits: bool) -> Span:
    """Who it is, strangers and backends that were left behind pointed out in words."""
    if not who or who.upper() == NOT_OURS:
        return Span(NOT_OURS, Ink.FAULT)
    if who == PREPARED:
        return Span("PREPARED TRANSACTION", Ink.FAULT)
    if who.endswith(" left"):
        return Span(f"{who.removesuffix(' left')} LEFT BEHIND", Ink.FAULT)
    return Span(who, Ink.CONTENTION if waits else Ink.STRONG)


def _node(
    node: Node,
    backend: Backend | None,
    worker: WorkerFace | None,
    held: Mapping[int, list[str]],
    room: tuple[int, str],
) -> list[Line]:
    width, cursor = room
    key = f"pid:{node.pid}"
    indent = "   " * node.depth
    waits = node.waits
    spans: list[Span | tuple[str, Ink]] = [
        ("> " if key == cursor else "  ", Ink.ACCENT),
        (f"{indent[:-3]}`- " if node.depth else "", Ink.RULE),
    ]
    if waits is not None and waits.place:
        spans.append((f"{waits.place}. ", Ink.MUTED))
    spans.append(name_span(node.who, waits=waits is not None))
    # Who waits for what comes first: a narrow screen cuts what stands behind it.
    if waits is not None:
        more = f" and {waits.others} more in the way" if waits.others else ""
        spans.append((f"  waits {took(waits.waited_ns)} for {waits.lock}{more}", Ink.CONTENTION))
    elif node.pid in held:
        spans.append((f"  holds {', '.join(held[node.pid])}", Ink.TEXT))
    if node.blocked:
        spans.append((f"  blocks {node.blocked}", Ink.STRONG))
    # The pid is what :cancel takes.
    spans.append((f"  pid {node.pid}" if node.pid else "", Ink.MUTED))
    spans.append((_step(worker), Ink.TEXT))
    spans.append((f"  b-{worker.booking}" if worker is not None and worker.booking else "", Ink.MUTED))
    lines = [line(*spans, row=key)]
    query = " ".join(backend.query.split()) if backend is not None else ""
    words = "  ".join(filter(None, (_doing(node, backend).strip(), query)))
    before = f"      {indent}"
    for start in range(0, min(len(words), 3 * max(20, width - len(before))), max(20, width - len(before))):
        lines.append(line((before, Ink.RULE), (words[start : start + max(20, width - len(before))], Ink.MUTED)))
    return lines


def _step(worker: WorkerFace | None) -> str:
    if worker is None:
        return ""
    if worker.step is None:
        return f"  {worker.state.value}"
    tried = f" try {worker.attempt_try}" if worker.attempt_try else ""
    return f"  {worker.step.value}{tried} {took(worker.since_ns)}"


def _doing(node: Node, backend: Backend | None) -> str:
    """What the backend does, and for how long."""
    if backend is None:
        if node.who == PREPARED:
            return "  no session holds it: ROLLBACK PREPARED or COMMIT PREPARED by its name ends it (p names it)"
        return "  not among the backends of the last look"
    since = f" {took(backend.transaction_age_ns)}" if backend.transaction_age_ns is not None else ""
    query = f", query {took(backend.age_ns)}" if backend.age_ns is not None else ""
    name = f"  {backend.application_name}" if name_span(node.who, waits=False).ink is Ink.FAULT else ""
    return f"{name}  {backend.state}{since}{query}{f', {backend.wait}' if backend.wait else ''}"


def _held_alone(sample: Sample, workers: Mapping[int, WorkerFace], cursor: str) -> list[Line]:
    quiet = _quiet(sample)
    if not quiet:
        return []
    lines = [line(""), line((" held, and nobody waits", Ink.TITLE))]
    # A backend is one row for the cursor: that of the tree, or of the first lock it holds here.
    told = {node.pid for node in tree(sample)}
    for queue in quiet:
        for one in queue.members:
            key = f"pid:{one.pid}" if one.pid not in told else ""
            told.add(one.pid)
            lines.append(
                line(
                    ("> " if key and key == cursor else "  ", Ink.ACCENT),
                    (f"{queue_name(queue, sample.queues):<24} ", Ink.TEXT),
                    name_span(one.who, waits=False),
                    (_step(workers.get(one.pid)), Ink.TEXT),
                    (f"  pid {one.pid}" if one.pid else "", Ink.MUTED),
                    row=key,
                )
            )
    return lines
