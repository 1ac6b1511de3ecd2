"""From rows of one look to the Sample the console draws: pure."""

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from engine.model.private import without_literals
from engine.model.sample import Backend, LockCount, Sample, StaleHold, Statement, Waiting, ZoneLocked
from engine.observe.queues import advisory_queues, blockings, other_queues
from engine.observe.rates import Rates
from engine.observe.rows import ActivityRow, AdvisoryLock, ConnectionCount, Limits, LockWait, ServerFacts, ZoneKey

MOST_BACKENDS = 64
QUERY_LENGTH = 200
SAMPLER = "slotfill sampler"
OTHER_RUN = "other run"
NOT_OURS = "NOT OURS"


class Seen(msgspec.Struct, frozen=True):
    """What one look read, and what it kept from the one before."""

    facts: ServerFacts
    limits: Limits
    zones: dict[int, ZoneKey]
    activity: list[ActivityRow]
    connections: list[ConnectionCount]
    advisory: list[AdvisoryLock]
    lock_counts: list[LockCount]
    waits: list[LockWait]
    rates: Rates
    statements: tuple[Statement, ...]
    stale_holds: tuple[StaleHold, ...]
    live_holds: int
    zone_locked: tuple[ZoneLocked, ...]
    left_behind: tuple[int, int] = (0, 0)
    """How many stale holds and zone-locked bookings there are; not all of them are listed."""


class Naming:
    """Says who a backend is, by its pid."""

    def __init__(
        self, seen: Seen, whose: Callable[[int], str | None], stranger: Callable[[str], str] | None = None
    ) -> None:
        """`stranger` names a backend by its application where there is no run whose workers others are told from."""
        self._stranger = stranger
        self._own_pid = seen.limits.pid
        self._whose = whose
        self._applications = {row.pid: row.application_name for row in seen.activity}

    def is_ours(self, pid: int) -> bool:
        """Whether it is of this run."""
        return pid == self._own_pid or self._whose(pid) is not None

    def who(self, pid: int) -> str:
        """`w03 19:15`, `slotfill sampler`, `other run` or `NOT OURS`."""
        if pid == self._own_pid:
            return SAMPLER
        if pid == 0:
            return "prepared transaction"
        name = self._whose(pid)
        if name is not None:
            return name
        if self._stranger is not None:
            return self._stranger(self._applications.get(pid, ""))
        # The client chooses its application_name, so it names another run but never one of our workers.
        return OTHER_RUN if self._applications.get(pid, "").startswith("slotfill") else NOT_OURS


def shown(text: str, mask: Callable[[str], str]) -> str:
    """A query fit for a line: without literals, masked, on one line, its first 200 characters."""
    return " ".join(mask(without_literals(text)).split())[:QUERY_LENGTH]


def assemble(
    seen: Seen,
    naming: Naming,
    mask: Callable[[str], str],
    at_ns: int,
    took_ns: int,
    missing: tuple[str, ...],
) -> Sample:
    """The Sample of a look."""
    queries = {row.pid: shown(row.query, mask) for row in seen.activity if row.state != "idle"}
    zone_queues = advisory_queues(seen.advisory, seen.zones, naming.who)
    queues = (*zone_queues, *other_queues(seen.waits, naming.who))
    here = [count for count in seen.connections if count.is_here]
    states: Counter[str] = Counter()
    for count in here:
        states[count.state] += len(count.pids)
    everyone = [pid for count in seen.connections for pid in count.pids]
    return Sample(
        at_ns=at_ns,
        server_at=seen.limits.server_at,
        took_ns=took_ns,
        server_version=seen.facts.server_version,
        max_connections=seen.facts.max_connections,
        reserved_connections=seen.facts.reserved,
        connections=len(everyone),
        ours=sum(1 for pid in everyone if naming.is_ours(pid)),
        states=dict(states),
        waits=tuple(_waiting(count, naming) for count in here),
        backends=_backends(seen, naming, queries, mask),
        lock_counts=tuple(seen.lock_counts),
        # Longest first among all of them, zone queues before others of their length.
        queues=tuple(sorted(queues, key=lambda queue: (-len(queue.members), not queue.is_zone))),
        blockings=blockings(seen.waits, naming.who, lambda pid: queries.get(pid, "")),
        commits_per_s=seen.rates.commits_per_s,
        rollbacks_per_s=seen.rates.rollbacks_per_s,
        inserts_per_s=seen.rates.inserts_per_s,
        updates_per_s=seen.rates.updates_per_s,
        deadlocks=seen.rates.deadlocks,
        temp_bytes=seen.rates.temp_bytes,
        statements=seen.statements,
        stale_holds=seen.stale_holds,
        live_holds=seen.live_holds,
        zone_locked=seen.zone_locked,
        missing=missing,
        stale_total=seen.left_behind[0],
        zone_locked_total=seen.left_behind[1],
    )


def _waiting(count: ConnectionCount, naming: Naming) -> Waiting:
    ours = sum(1 for pid in count.pids if naming.is_ours(pid))
    return Waiting(state=count.state, wait=count.wait, ours=ours, others=len(count.pids) - ours)


def _backends(seen: Seen, naming: Naming, queries: dict[int, str], mask: Callable[[str], str]) -> tuple[Backend, ...]:
    in_locks = {lock.pid for lock in seen.advisory} | {wait.pid for wait in seen.waits}
    rows = [row for row in seen.activity if row.state != "idle" or row.pid in in_locks]
    return tuple(
        Backend(
            pid=row.pid,
            application_name=mask(row.application_name),
            state=row.state,
            wait=row.wait,
            age_ns=row.age_ns,
            transaction_age_ns=row.transaction_age_ns,
            query=queries.get(row.pid, ""),
            who=naming.who(row.pid),
        )
        for row in _worth_showing(rows, in_locks)
    )


def _worth_showing(rows: Iterable[ActivityRow], in_locks: set[int]) -> list[ActivityRow]:
    """At most 64, oldest query first; when there are more, those in a lock's queue stay."""
    kept = sorted(rows, key=lambda row: (row.pid not in in_locks, -(row.age_ns or 0), row.pid))[:MOST_BACKENDS]
    return sorted(kept, key=lambda row: (row.age_ns is None, -(row.age_ns or 0), row.pid))
