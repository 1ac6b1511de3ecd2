"""What is other in a database than at the look before, a sentence each: pure."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from engine.model.outcome import Kind
from engine.model.sample import LockQueue, QueueMember, Sample, StaleHold

IDLE_NS = 5_000_000_000
"""A transaction that stands idle for so long is told: whatever it locked stays locked."""
_NAMED = 3
"""So many of a kind are named in a sentence; the rest are counted."""
_SHARE = 10
"""Connections that came or went are told when they are a tenth of those there were."""
_FEW_LEFT = 5
_Key = tuple[str, str, str]


class Change(NamedTuple):
    """One sentence."""

    word: str
    """What it is about."""
    text: str
    kind: Kind | None = None


class _Waited(NamedTuple):
    """A lock that is waited for."""

    since_ns: int
    most: int


class Changes:
    """Compares each look with the one before. What a look could not see is as it was: nothing has become of it."""

    def __init__(self) -> None:
        self._begun = False
        self._queues: dict[_Key, _Waited] = {}
        self._holds: dict[str, StaleHold] = {}
        self._stale_count = 0
        self._locked: int | None = None
        self._idle: dict[int, str] = {}
        self._connections = 0
        self._scarce = False
        self._deadlocks = 0
        self._missing: dict[str, int] = {}
        """In how many looks each was."""
        self._lost_ns: int | None = None

    def take(self, sample: Sample) -> list[Change]:
        """A look succeeded: what is other than at the one before. The first tells how it stands."""
        found = [*self._server(sample), *self._unseen(sample), *self._waits(sample), *self._idling(sample)]
        found += [*self._stale(sample), *self._zones(sample), *self._crowd(sample), *self._died(sample)]
        self._begun = True
        return found

    def fail(self, at_ns: int, text: str) -> list[Change]:
        """A look failed; only the first of several is told."""
        if self._lost_ns is not None:
            return []
        self._lost_ns = at_ns
        return [Change("server", text.rstrip("."), Kind.FAULT)]

    # Each aspect

    def _server(self, sample: Sample) -> Iterator[Change]:
        if not self._begun:
            self._connections = sample.connections
            waiting = sum(count.waiting for count in sample.lock_counts)
            yield Change(
                "server",
                f"PostgreSQL {sample.server_version}: {sample.connections} of {sample.max_connections} connections, "
                f"{waiting} waiting for locks",
            )
        if self._lost_ns is not None:
            yield Change("server", f"it answers again, after {_seconds(sample.at_ns - self._lost_ns)}", Kind.FILLED)
            self._lost_ns = None

    def _unseen(self, sample: Sample) -> Iterator[Change]:
        for text in sample.missing:
            # A figure in it may differ at each look: what it is about stands before the colon.
            about = text.partition(":")[0]
            is_slow = text.startswith("looks every")
            if self._missing.get(about, 0) == is_slow:
                # One slow look is the first one, or chance.
                yield Change("server", text if is_slow else f"cannot be seen: {text}", Kind.UNKNOWN)
            self._missing[about] = self._missing.get(about, 0) + 1

    def _waits(self, sample: Sample) -> Iterator[Change]:
        now: dict[_Key, LockQueue] = {}
        for queue in sample.queues:
            if any(not member.granted for member in queue.members):
                now[queue.name, queue.restaurant, queue.day] = queue
        for key, queue in now.items():
            waiting = sum(not member.granted for member in queue.members)
            known = self._queues.get(key)
            if known is None:
                oldest_ns = max((one.waited_ns or 0 for one in queue.members if not one.granted), default=0)
                self._queues[key] = _Waited(sample.at_ns - oldest_ns, waiting)
                yield Change("lock", _queued(queue, sample), Kind.CONTENTION)
            elif waiting >= 2 * known.most:
                self._queues[key] = known._replace(most=waiting)
                yield Change("lock", f"{waiting} wait for {_named(queue)} now", Kind.CONTENTION)
        if not (sample.shows("zone queues") and sample.shows("lock waits")):
            return
        for key in [key for key in self._queues if key not in now]:
            gone = self._queues.pop(key)
            name = " of ".join(filter(None, key[:2]))
            lasted = _seconds(sample.at_ns - gone.since_ns)
            yield Change("lock", f"nobody waits for {name} any more, after {lasted} and {gone.most} at most")

    def _idling(self, sample: Sample) -> Iterator[Change]:
        if not sample.shows("backends"):
            return
        now = {
            one.pid: one
            for one in sample.backends
            if one.state.startswith("idle in transaction") and (one.age_ns or 0) >= IDLE_NS
        }
        for pid, one in now.items():
            if pid not in self._idle:
                self._idle[pid] = f"{one.who} (pid {pid})"
                since = _seconds(one.age_ns or 0)
                yield Change("lock", f"{self._idle[pid]} has been idle in a transaction for {since}", Kind.CONTENTION)
        for pid in [pid for pid in self._idle if pid not in now]:
            yield Change("lock", f"{self._idle.pop(pid)} is idle in its transaction no more")

    def _stale(self, sample: Sample) -> Iterator[Change]:
        if not sample.shows("stale holds"):
            return
        now = {hold.hold_id: hold for hold in sample.stale_holds}
        came = [hold for key, hold in now.items() if key not in self._holds]
        went = [hold for key, hold in self._holds.items() if key not in now]
        before, self._stale_count = self._stale_count, sample.stale_count
        is_whole = len(self._holds) == before
        self._holds = now
        if not is_whole:
            # The list was a part of them: which ones came and went is not known, but how many.
            more = sample.stale_count - before
            words = f"{_count(abs(more), 'hold')} {'more' if more > 0 else 'less'} past expiry and still blocking"
            if more:
                yield Change("hold", f"{words}, {sample.stale_count} in all", Kind.CONTENTION if more > 0 else None)
            return
        if came:
            oldest = _seconds(max(hold.expired_for_ns for hold in came))
            beyond = sample.stale_count - len(now)
            yield Change(
                "hold", f"{_holds(came, beyond)} past expiry, by {oldest} at most, and still blocking", Kind.CONTENTION
            )
        if went:
            yield Change("hold", f"{_holds(went)} past expiry and blocking no more")

    def _zones(self, sample: Sample) -> Iterator[Change]:
        if not sample.shows("zone-locked bookings"):
            return
        before, self._locked = self._locked, sample.zone_locked_count
        if self._locked == before or (before is None and not self._locked):
            return
        zones = ", ".join(list(dict.fromkeys(one.zone for one in sample.zone_locked))[:_NAMED])
        where = f" ({zones})" if zones else ""
        said = f"{_count(self._locked, 'booking')} without tables locked to a zone{where}"
        rose = before is None or self._locked > before
        yield Change("zone", said if before is None else f"{said}, before {before}", Kind.CONTENTION if rose else None)

    def _crowd(self, sample: Sample) -> Iterator[Change]:
        if not sample.shows("connections"):
            return
        moved = sample.connections - self._connections
        if moved and abs(moved) * _SHARE >= self._connections:
            yield Change("connections", f"{sample.connections} of {sample.max_connections}, before {self._connections}")
            self._connections = sample.connections
        left = sample.max_connections - sample.reserved_connections - sample.connections
        scarce = left <= _FEW_LEFT
        if scarce and not self._scarce:
            yield Change("connections", f"{max(0, left)} left of {sample.max_connections}", Kind.FAULT)
        self._scarce = scarce

    def _died(self, sample: Sample) -> Iterator[Change]:
        if not sample.shows("rates"):
            return
        more, self._deadlocks = sample.deadlocks - self._deadlocks, sample.deadlocks
        if more > 0:
            yield Change("deadlock", f"{_count(more, 'deadlock')} more, {sample.deadlocks} so far", Kind.FAULT)


def _queued(queue: LockQueue, sample: Sample) -> str:
    """`2 wait for Terrace 19:00: held by psql (pid 7, idle in transaction 4.0 s); first app (pid 9) for 3.1 s`."""
    doing = {one.pid: one for one in sample.backends}

    def holding(member: QueueMember) -> str:
        one = doing.get(member.pid)
        if one is None or one.state == "hidden":
            return f"{member.who} (pid {member.pid})"
        since = "" if one.transaction_age_ns is None else f" {_seconds(one.transaction_age_ns)}"
        return f"{member.who} (pid {member.pid}, {one.state}{since})"

    waiters = [member for member in queue.members if not member.granted]
    holders = [member for member in queue.members if member.granted]
    held = _some(holders, holding)
    waits = "waits" if len(waiters) == 1 else "wait"
    first = f"{waiters[0].who} (pid {waiters[0].pid})"
    waited = "" if waiters[0].waited_ns is None else f" for {_seconds(waiters[0].waited_ns)}"
    return f"{len(waiters)} {waits} for {_named(queue)}: held by {held or 'nobody'}; first {first}{waited}"


def _named(queue: LockQueue) -> str:
    return f"{queue.name} of {queue.restaurant}" if queue.restaurant else queue.name


def _some(members: list[QueueMember], words: Callable[[QueueMember], str]) -> str:
    more = f" and {len(members) - _NAMED} more" if len(members) > _NAMED else ""
    return ", ".join(words(one) for one in members[:_NAMED]) + more


def _holds(holds: list[StaleHold], beyond: int = 0) -> str:
    """`2 holds on T1+T2, T4`; `beyond` are those that are not listed."""
    count = len(holds) + beyond
    more = f" and {count - _NAMED} more" if count > _NAMED else ""
    tables = ", ".join("+".join(one.tables) or "no table" for one in holds[:_NAMED])
    return f"{_count(count, 'hold')} on {tables}{more}"


def _count(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _seconds(length_ns: int) -> str:
    return f"{max(0, length_ns) / 1e9:.1f} s"
