"""Who waits for whom: zone queues by name, locks by mode, and the tree of blocked backends."""

from collections.abc import Iterator
from typing import ClassVar

from engine.model.sample import Backend, Blocking, LockQueue, QueueMember, Sample
from engine.model.snapshot import RunSnapshot
from tui.format import took
from tui.lines import Area, Ink, Line, Span, beside, cut, line
from tui.lock_tree import queue_key, rows, tree_lines
from tui.panel import Panel, Want
from tui.table import follow
from tui.unseen import unseen_lines
from tui.view import View
from tui.worker_detail import BETWEEN, NOBODY, NOT_OURS, backend_lines, queue_line, section, short_name

_NAME = 17


def oldest_wait(queue: LockQueue) -> int:
    """How long its first waiter has waited."""
    return max((member.waited_ns or 0 for member in queue.members if not member.granted), default=0)


def _waiting(queue: LockQueue) -> int:
    return sum(1 for member in queue.members if not member.granted)


def _named(member: QueueMember) -> Span:
    """Who it is; a stranger is pointed out with its pid."""
    name = short_name(member)
    return Span(name, Ink.FAULT if name.endswith(NOT_OURS) else Ink.STRONG if member.granted else Ink.CONTENTION)


def _short(name: str, room: int) -> str:
    """A queue's name in so much room; of `Outdoor Garden 20:00` the zone gives way, never the hour."""
    # A transaction is known by its number alone, of which nothing may be cut off.
    name = name.replace("transactionid ", "xid ") if len(name) > room else name
    zone, found, hour = name.rpartition(" ")
    if len(name) <= room or not found or ":" not in hour:
        return cut(name, room)
    return f"{cut(zone, room - len(hour) - 1)} {hour}"


def _queue_row(queue: LockQueue, width: int, cursor: str) -> Line:
    """`Terrace 19:00  w05 <- w07 w03 +2  2.1 s`."""
    key = queue_key(queue)
    waiters = [member for member in queue.members if not member.granted]
    holders = [member for member in queue.members if member.granted]
    room = max(1, (width - _NAME - 24) // 4)
    name = f"{_short(queue.name, _NAME):<{_NAME}} "
    spans = [Span("> " if key == cursor else "  ", Ink.ACCENT), Span(name, Ink.TEXT)]
    for member in holders:
        spans += [_named(member), Span(" ")]
    if not waiters:
        spans.append(Span("holds, nobody waits" if holders else NOBODY, Ink.MUTED))
        return Line(tuple(spans), key)
    if not holders:
        spans.append(Span(f"{BETWEEN} ", Ink.MUTED))
    spans.append(Span("<- ", Ink.MUTED))
    for member in waiters[:room]:
        spans += [_named(member), Span(" ")]
    if len(waiters) > room:
        spans.append(Span(f"+{len(waiters) - room}", Ink.CONTENTION))
    spans.append(Span(f"  {took(oldest_wait(queue))}", Ink.STRONG))
    return Line(tuple(spans), key)


def _member_row(member: QueueMember, place: int, backend: Backend | None, cursor: str) -> Line:
    """One backend of a queue, with what it does."""
    key = f"pid:{member.pid}"
    how = "holds" if member.granted else f"{place:>3}."
    doing = ""
    if backend is not None:
        # A holder blocks for as long as its transaction lasts, so that age stands beside its state.
        since = (
            f" {took(backend.transaction_age_ns)}" if member.granted and backend.transaction_age_ns is not None else ""
        )
        doing = f"{backend.state}{since}" + (f", {backend.wait}" if backend.wait else "")
    who = _named(member)
    slot = " ".join(member.who.split()[1:]) if who.ink is not Ink.FAULT else ""
    return line(
        ("> " if key == cursor else "  ", Ink.ACCENT),
        (f"   {how:<6}", Ink.MUTED),
        (f"{NOT_OURS if who.ink is Ink.FAULT else who.text:<9}", who.ink),
        (f"{slot:<7}", Ink.TEXT),
        (f"pid {member.pid:<7}", Ink.MUTED),
        (f"{took(member.waited_ns) if not member.granted else '':>7}  ", Ink.STRONG),
        (doing, Ink.MUTED),
        row=key,
    )


def _tree(edges: tuple[Blocking, ...]) -> list[tuple[int, Blocking | None, int, str]]:
    """Who blocks whom as (depth, edge, pid, who), roots first; each backend stands once, under its first blocker."""
    children: dict[int, list[Blocking]] = {}
    names = {edge.blocked_by: edge.blocked_by_who for edge in edges}
    blocked = {edge.pid for edge in edges}
    for edge in edges:
        children.setdefault(edge.blocked_by, []).append(edge)
    seen: set[int] = set()

    def walk(pid: int, depth: int) -> Iterator[tuple[int, Blocking | None, int, str]]:
        for edge in children.get(pid, ()):
            if edge.pid not in seen:
                seen.add(edge.pid)
                yield depth, edge, edge.pid, edge.who
                yield from walk(edge.pid, depth + 1)

    rows: list[tuple[int, Blocking | None, int, str]] = []
    # A ring of backends that wait for one another has no root: whoever is left is begun with in turn.
    for pid in [pid for pid in names if pid not in blocked] + [pid for pid in names if pid in blocked]:
        if pid not in seen:
            seen.add(pid)
            rows.append((0, None, pid, names[pid]))
            rows.extend(walk(pid, 1))
    return rows


def _tree_lines(sample: Sample, cursor: str) -> list[Line]:
    backends = {backend.pid: backend for backend in sample.backends}
    lines = []
    for depth, edge, pid, who in _tree(sample.blockings):
        key = f"pid:{pid}"
        stranger = not who or who.upper() == NOT_OURS
        backend = backends.get(pid)
        waits = (
            f"  waits for {edge.waits_for} {took(edge.waited_ns)}" if edge else f"  {backend.state}" if backend else ""
        )
        lines.append(
            line(
                ("> " if key == cursor else "  ", Ink.ACCENT),
                ("   " * depth + ("`- " if depth else ""), Ink.RULE),
                (
                    f"{NOT_OURS if stranger else who} ",
                    Ink.FAULT if stranger else Ink.CONTENTION if edge else Ink.STRONG,
                ),
                (f"pid {pid}", Ink.MUTED),
                (waits, Ink.TEXT),
                row=key,
            )
        )
    return lines


def _mode_lines(sample: Sample) -> list[Line]:
    lines = [section("locks by mode")]
    for one in sorted(sample.lock_counts, key=lambda one: (-one.waiting, -one.granted)):
        lines.append(
            line(
                f"  {one.locktype:<14}",
                (f"{one.mode:<25}", Ink.MUTED),
                f"{one.granted:>5} held",
                (f"{one.waiting:>5} wait", Ink.CONTENTION if one.waiting else Ink.MUTED),
            )
        )
    return lines if len(lines) > 1 else [*lines, line(("  none", Ink.MUTED))]


def _by_type(sample: Sample) -> Line:
    """Locks held and waited for by type, in one line."""
    counts: dict[str, tuple[int, int]] = {}
    for one in sample.lock_counts:
        held, waiting = counts.get(one.locktype, (0, 0))
        counts[one.locktype] = held + one.granted, waiting + one.waiting
    words = "  ".join(
        f"{name} {held}" + (f" ({waiting} wait)" if waiting else "") for name, (held, waiting) in sorted(counts.items())
    )
    return line((f"  {words or 'no locks'}", Ink.MUTED))


class LocksPanel(Panel):
    """Locks, with worker and slot behind each backend."""

    NAME: ClassVar[str] = "locks"
    TITLE: ClassVar[str] = "locks"
    KEY: ClassVar[str] = "7"
    FROM_LOOK: ClassVar[bool] = True
    HELP: ClassVar[str] = (
        "The platform lets assignments of one zone and hour through one at a time. A queue: who holds, then who "
        "waits, in order, and how long the first has waited. NOT OURS is a session that this run did not make. "
        "LEFT BEHIND is a backend whose worker lost it. Full screen (l): the tree of who blocks whom, with step, age "
        "and query of every backend, and locks by mode."
    )
    ABOVE: ClassVar[int] = 0

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """Its title alone names the worst queue."""
        return Want(1, 1, 8, beside=6)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """The worst queue, where there is no room for more."""
        sample = snapshot.sample
        if sample is None:
            return cls.TITLE
        # Who waits for a row is told twice: in that lock's queue, and by whom it is blocked.
        waiters = {one.pid for queue in sample.queues for one in queue.members if not one.granted}
        waiting = len(waiters | {edge.pid for edge in sample.blockings})
        if area.height > 2 or not sample.queues:
            return f"{cls.TITLE}: {f'{waiting} wait' if waiting else 'nobody waits'}"
        worst = max(sample.queues, key=lambda queue: (_waiting(queue), oldest_wait(queue)))
        oldest = f"   oldest {took(oldest_wait(worst))}" if _waiting(worst) else ""
        return f"queue: {worst.name}   {queue_line(worst, max(1, (area.width - 50) // 4))}{oldest}"

    @classmethod
    def rows(cls, snapshot: RunSnapshot, view: View) -> tuple[str, ...]:
        """Queues; on the whole screen their members, and the blocked backends."""
        sample = snapshot.sample
        if sample is None:
            return ()
        return rows(sample) if view.full else tuple(dict.fromkeys(queue_key(queue) for queue in sample.queues))

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """Queues, then other locks."""
        sample = snapshot.sample
        if sample is None:
            return [line((f"  {snapshot.sample_trouble or 'the server has not been looked at yet'}", Ink.MUTED))]
        cursor = view.cursor if view.focused else ""
        trouble = unseen_lines(snapshot, cls.NAME)
        trouble += [line((f"  {snapshot.sample_trouble}", Ink.UNKNOWN))] if snapshot.sample_trouble else []
        if view.full:
            return [*trouble, *_full(snapshot, sample, Area(area.width, area.height - len(trouble)), cursor)]
        lines = [_queue_row(queue, area.width, cursor) for queue in sample.queues[view.top :]]
        if not lines:
            lines = [line(("  no zone is queued for", Ink.MUTED))]
        # What is missing says how far the rest is to be believed: it is not pushed out.
        rest = [*trouble, *_tree_lines(sample, cursor), _by_type(sample)]
        room = max(1, area.height - min(len(rest), max(1, area.height // 2)))
        if len(lines) > room == 1:
            lines = lines[:1]
        elif len(lines) > room:
            hidden = len(lines) - room + 1
            lines = [*lines[: room - 1], line((f"  and {hidden} queues more; l shows them", Ink.MUTED))]
        return [*lines, *rest]

    @classmethod
    def backend(cls, snapshot: RunSnapshot, row: str) -> Backend | None:
        """The backend under the cursor; for a queue, its first holder."""
        sample = snapshot.sample
        if sample is None:
            return None
        pid = row.removeprefix("pid:")
        if row.startswith("queue:"):
            queue = next((queue for queue in sample.queues if queue_key(queue) == row), None)
            pid = str(queue.members[0].pid) if queue and queue.members else ""
        return next((backend for backend in sample.backends if str(backend.pid) == pid), None)

    @classmethod
    def detail(cls, snapshot: RunSnapshot, row: str) -> tuple[str, list[Line]] | None:
        """A queue with all its members, or a backend."""
        sample = snapshot.sample
        if sample is None:
            return None
        if row.startswith("pid:"):
            return f"backend {row[4:]}", backend_lines(snapshot, int(row[4:]), cls.backend(snapshot, row))
        queue = next((queue for queue in sample.queues if queue_key(queue) == row), None)
        return (f"queue: {queue.name}", _queue_block(queue, sample, "")) if queue else None


def _queue_block(queue: LockQueue, sample: Sample, cursor: str) -> list[Line]:
    backends = {backend.pid: backend for backend in sample.backends}
    count = _waiting(queue)
    said = f"{count} waiting, oldest {took(oldest_wait(queue))}" if count else "nobody waits"
    lines = [line((f" {queue.name}", Ink.TITLE), (f"   {said}", Ink.CONTENTION if count else Ink.MUTED))]
    place = 0
    for member in queue.members:
        place += not member.granted
        lines.append(_member_row(member, place, backends.get(member.pid), cursor))
    return lines


def _full(snapshot: RunSnapshot, sample: Sample, area: Area, cursor: str) -> list[Line]:
    wide = area.width >= 130
    room = area.width - 62 if wide else area.width
    left = [section("who blocks whom"), *tree_lines(snapshot, sample, Area(room, area.height - 1), cursor)]
    modes = _mode_lines(sample)
    if wide:
        return beside(follow(left, cursor, area.height), modes, area.width, room)
    return follow([*left, line(""), *modes], cursor, area.height)
