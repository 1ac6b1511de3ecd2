"""Queues for locks and the edges of who waits for whom: pure, from rows of `pg_locks`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import groupby
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.model.sample import Blocking, LockQueue, QueueMember
from engine.observe.rows import AdvisoryLock, LockWait, ZoneKey

Who = Callable[[int], str]
_LAST_MINUTE = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp()) // 60
"""Since the epoch, that the calendar knows in every time zone: what is beyond is somebody's key for something else."""


def advisory_queues(locks: Iterable[AdvisoryLock], zones: Mapping[int, ZoneKey], who: Who) -> tuple[LockQueue, ...]:
    """Zone locks that are held or wanted, and other advisory locks that somebody waits for; longest first."""
    queues = []
    for (classid, objid, objsubid), rows in groupby(locks, key=lambda lock: (lock.classid, lock.objid, lock.objsubid)):
        members = tuple(
            QueueMember(r.pid, who(r.pid), r.mode, r.granted, _waited(r.granted, r.waited_ns)) for r in rows
        )
        zone = zones.get(classid) if objsubid == 2 and objid <= _LAST_MINUTE else None
        if zone is not None:
            queues.append(_zone_queue(zone, objid, members))
        elif not all(member.granted for member in members):
            name = f"{classid}/{objid}" if objsubid == 2 else str(_signed(classid << 32 | objid))
            queues.append(LockQueue(name=f"advisory {name}", is_zone=False, members=members))
    return _longest_first(queues)


def other_queues(waits: Iterable[LockWait], who: Who) -> tuple[LockQueue, ...]:
    """Locks that are not advisory and that somebody waits for; longest first."""
    queues = []
    for _, rows in groupby(waits, key=lambda wait: wait.key):
        lock = tuple(rows)
        members = tuple(
            QueueMember(r.pid, who(r.pid), r.mode, r.granted, _waited(r.granted, r.waited_ns)) for r in lock
        )
        queues.append(LockQueue(name=lock[0].name, is_zone=False, members=members))
    return _longest_first(queues)


def blockings(waits: Sequence[LockWait], who: Who, query: Callable[[int], str]) -> tuple[Blocking, ...]:
    """One edge for each holder a waiter waits for, longest wait first.

    `pg_blocking_pids` also names everyone ahead in the queue: 192 waiters behind 8 holders are 2,820 pairs. So an edge
    goes to those that hold the lock; only where none of them is in the way does it go to the one right ahead.
    """
    edges: list[Blocking] = []
    for _, rows in groupby(waits, key=lambda wait: wait.key):
        lock = tuple(rows)
        holders = {row.pid for row in lock if row.granted}
        ahead: list[int] = []
        for row in lock:
            if row.granted:
                continue
            in_the_way = [pid for pid in row.blocked_by if pid in holders]
            queued = [pid for pid in ahead if pid in row.blocked_by]
            chosen = in_the_way or queued[-1:] or row.blocked_by
            edges.extend(
                Blocking(
                    pid=row.pid,
                    who=who(row.pid),
                    blocked_by=pid,
                    blocked_by_who=who(pid),
                    waits_for=row.name,
                    waited_ns=row.waited_ns,
                    query=query(row.pid),
                )
                for pid in dict.fromkeys(chosen)
            )
            ahead.append(row.pid)
    return tuple(sorted(edges, key=lambda edge: (-(edge.waited_ns or 0), edge.pid, edge.blocked_by)))


def unknown_keys(locks: Iterable[AdvisoryLock], zones: Mapping[int, ZoneKey]) -> set[int]:
    """First halves of two-int keys that no zone has: zones that came since the keys were read, or somebody else's."""
    return {lock.classid for lock in locks if lock.objsubid == 2 and lock.classid not in zones}


def _zone_queue(zone: ZoneKey, minutes: int, members: tuple[QueueMember, ...]) -> LockQueue:
    local = datetime.fromtimestamp(minutes * 60, UTC).astimezone(_timezone(zone.timezone))
    return LockQueue(
        name=f"{zone.zone} {local:%H:%M}",
        is_zone=True,
        members=members,
        restaurant=zone.restaurant,
        day=f"{local:%Y-%m-%d}",
    )


def _timezone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        # A name only the server knows: UTC is the platform's own clock, and better than no queue.
        return UTC


def _signed(key: int) -> int:
    """A bigint as it was given; `pg_locks` shows its halves unsigned."""
    return key - 2**64 if key >= 2**63 else key


def _waited(granted: bool, waited_ns: int | None) -> int | None:
    return None if granted else waited_ns


def _longest_first(queues: Iterable[LockQueue]) -> tuple[LockQueue, ...]:
    return tuple(sorted(queues, key=lambda queue: (-len(queue.members), queue.day, queue.name, queue.restaurant)))
