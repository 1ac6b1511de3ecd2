"""The sampler: looks at the server, one look after the other, and never gets in the run's way."""

import asyncio
from collections.abc import Awaitable, Callable

from engine.clock import Clock
from engine.database import STEP_ERRORS, Connection, DatabaseUnreachable
from engine.model.sample import LockCount, Sample, StaleHold, ZoneLocked
from engine.observe.assemble import Naming, Seen, assemble, shown
from engine.observe.left_behind import stale_hold, zone_locked
from engine.observe.looking import LookFailed, Looking, Refusals, own_statements, told
from engine.observe.pace import Pace
from engine.observe.queues import unknown_keys
from engine.observe.rates import Counters, Rates
from engine.observe.rows import (
    ActivityRow,
    AdvisoryLock,
    ConnectionCount,
    DatabaseCounters,
    Limits,
    LiveHolds,
    LockWait,
    ServerFacts,
    StaleHoldRow,
    StatementText,
    StatementTotal,
    ZoneKey,
    ZoneLockedRow,
)
from engine.observe.statements import Statements

_SECOND_NS = 1_000_000_000
_HOLDS_EVERY_NS = _SECOND_NS
_COUNTS_NS = _SECOND_NS
"""The server counts once in a second, and counting all its locks is worth no more: every other look is quick."""
_STATEMENTS_EVERY_NS = 5 * _SECOND_NS
_ZONES_EVERY_NS = 5 * _SECOND_NS
"""At most this often are zones read again because a key has no name."""
_FIRST_RETRY_NS = _SECOND_NS // 2
_LAST_RETRY_NS = 10 * _SECOND_NS
_CONNECT_S = 3.0
"""Longest wait for a connection: a server may take its time over that, and is asked nothing meanwhile."""
_WAYS = 15
"""A look is so many times the way of its opening, which gives the server nothing to do; behind a pooler, every lane
due. What the way costs, our own loop's lateness too, is no slowness of the server's: a look is given that besides."""


class Sampler:
    """Looks at the server over one connection of its own, a look at a time, each in one bounded transaction.

    `whose` names one of this run's backends at this moment (`w03 19:15`), and is None for any other. `mask` is given
    every text that came from the server.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        clock: Clock,
        whose: Callable[[int], str | None],
        interval_s: float,
        timeout_s: float,
        mask: Callable[[str], str] = str,
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._whose = whose
        interval_ns = int(interval_s * _SECOND_NS)
        self._pace = Pace(interval_ns)
        self._may_skip_counts = interval_ns < _COUNTS_NS
        self._looks = 0
        self._timeout_s = timeout_s
        self._mask = mask
        self._one = asyncio.Lock()
        self._connection: Connection | None = None
        self._facts: ServerFacts | None = None
        self._zones: dict[int, ZoneKey] = {}
        self.refusals = Refusals(clock)
        """What the server refused, whoever asked; to be shared before the first look."""
        self.stranger: Callable[[str], str] | None = None
        """Names a backend by its application where no run's workers are told from others."""
        self._counters = Counters()
        self._rates = Rates()
        self._lock_counts: list[LockCount] = []
        self._statements = Statements(own_statements(), lambda text: shown(text, mask))
        self._due_ns: dict[str, int] = {}
        self._stale_holds: tuple[StaleHold, ...] = ()
        self._live_holds = 0
        self._zone_locked: tuple[ZoneLocked, ...] = ()
        self._left_behind = (0, 0)

    async def run(self, sink: Callable[[Sample], None], trouble: Callable[[str], None]) -> None:
        """Look until cancelled: a Sample to `sink`, or one sentence to `trouble` for each look that failed."""
        failures = 0
        try:
            while True:
                started_ns = self._clock.now_ns()
                try:
                    sample = await self.look()
                except LookFailed as failed:
                    wait_ns = min(_FIRST_RETRY_NS << min(failures, 16), _LAST_RETRY_NS)
                    failures += 1
                    trouble(f"{failed}; next try in {wait_ns / 1e9:g} s.")
                    await self._clock.sleep_until(self._clock.now_ns() + wait_ns)
                    continue
                failures = 0
                sink(sample)
                await self._clock.sleep_until(started_ns + self._pace.pause_ns)
        finally:
            await self.close()

    async def look(self) -> Sample:
        """Look once. Raises LookFailed with one sentence; its connection is dropped then, the next look opens one."""
        async with self._one:
            allowed_s = _CONNECT_S
            try:
                async with asyncio.timeout(allowed_s):
                    connection = await self._connected()
                allowed_s = self._timeout_s
                async with asyncio.timeout(allowed_s) as bound:
                    started_ns = self._clock.now_ns()
                    looking = Looking(connection, self.refusals, self._timeout_s)
                    limits = await looking.open()
                    looking.opened_in(self._clock.now_ns() - started_ns)
                    way_s = _WAYS * (self._clock.now_ns() - started_ns) / _SECOND_NS
                    allowed_s += way_s
                    bound.reschedule((bound.when() or 0.0) + way_s)
                    seen = await self._see(connection, looking, limits)
            except (DatabaseUnreachable, *STEP_ERRORS) as error:
                self._drop()
                raise LookFailed(self._mask(told(error, allowed_s))) from error
            except BaseException:
                # Cancelled, or a bug: an open transaction must not stay behind.
                self._drop()
                raise
            at_ns = self._clock.now_ns()
            took_ns = at_ns - started_ns
            self._pace.take(took_ns, looking.way_ns)
            missing = self._missing(seen.facts)
            naming = Naming(seen, self._whose, self.stranger)
            return assemble(seen, naming, self._mask, at_ns, took_ns, missing)

    async def close(self) -> None:
        """Leave the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = await self._connect()
            self._facts = None
        elif not self._connection.is_open:
            self._connection = None
            raise LookFailed("The sampler's connection was lost between two looks")
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _see(self, connection: Connection, looking: Looking, limits: Limits) -> Seen:
        if self._facts is None:
            self._facts = await connection.row("observe/server_facts", ServerFacts)
        if self._facts is None:
            raise LookFailed("The server gave no row of facts about itself")
        # Locks first and close together: they belong to one another, and they change fastest.
        advisory = await looking.rows("advisory_locks", "zone queues", AdvisoryLock) or []
        waits = await looking.rows("lock_waits", "lock waits", LockWait) or []
        activity = await looking.rows("activity", "backends", ActivityRow) or []
        connections = await looking.rows("connection_counts", "connections", ConnectionCount) or []
        await self._read_counts(looking)
        await self._name_zones(looking, advisory)
        await self._read_holds(looking)
        await self._read_statements(looking, self._facts)
        await looking.close()
        return Seen(
            facts=self._facts,
            limits=limits,
            zones=self._zones,
            activity=activity,
            connections=connections,
            advisory=advisory,
            lock_counts=self._lock_counts,
            waits=waits,
            rates=self._rates,
            statements=self._statements.top(),
            stale_holds=self._stale_holds,
            live_holds=self._live_holds,
            zone_locked=self._zone_locked,
            left_behind=self._left_behind,
        )

    async def _name_zones(self, looking: Looking, advisory: list[AdvisoryLock]) -> None:
        if (self._zones and not unknown_keys(advisory, self._zones)) or not self._is_due("zones", _ZONES_EVERY_NS):
            return
        keys = await looking.rows("zone_keys", "zone names", ZoneKey)
        if keys is not None:
            self._zones = {key.key: key for key in keys}

    async def _read_counts(self, looking: Looking) -> None:
        self._looks += 1
        # The second look is the first that has something to compare with.
        if self._may_skip_counts and self._looks > 2 and self._looks % 2:
            return
        self._lock_counts = await looking.rows("lock_counts", "lock counts", LockCount) or []
        counters = await looking.rows("database_counters", "rates", DatabaseCounters)
        # What was counted since the beginning stays so when a look at the counters is refused; a rate does not.
        kept = Rates(deadlocks=self._rates.deadlocks, temp_bytes=self._rates.temp_bytes)
        self._rates = self._counters.add(counters[0]) if counters else kept

    async def _read_holds(self, looking: Looking) -> None:
        if not self._is_due("holds", _HOLDS_EVERY_NS):
            return
        stale = await looking.rows("stale_holds", "stale holds", StaleHoldRow) or []
        live = await looking.rows("live_holds", "live holds", LiveHolds) or []
        locked = await looking.rows("zone_locked", "zone-locked bookings", ZoneLockedRow) or []
        self._stale_holds = tuple(stale_hold(row, self._mask) for row in stale)
        self._live_holds = live[0].live_holds if live else 0
        self._zone_locked = tuple(zone_locked(row, self._mask) for row in locked)
        self._left_behind = (stale[0].total if stale else 0, locked[0].total if locked else 0)

    async def _read_statements(self, looking: Looking, facts: ServerFacts) -> None:
        if not facts.has_statements or not self._is_due("statements", _STATEMENTS_EVERY_NS):
            return
        totals = await looking.rows("statements", "top statements", StatementTotal)
        if totals is None:
            return
        unseen = self._statements.add(totals)
        if unseen:
            texts = await looking.rows("statement_texts", "texts of statements", StatementText, unseen) or []
            self._statements.learn(unseen, {text.queryid: text.query for text in texts})

    def _is_due(self, lane: str, every_ns: int) -> bool:
        now_ns = self._clock.now_ns()
        if now_ns < self._due_ns.get(lane, now_ns):
            return False
        self._due_ns[lane] = now_ns + every_ns
        return True

    def _missing(self, facts: ServerFacts) -> tuple[str, ...]:
        lines = []
        if not (facts.is_monitor or facts.reads_all_stats):
            lines.append("states, waits and queries of other roles: needs pg_monitor")
        if not facts.has_statements:
            lines.append("top statements: needs pg_stat_statements")
        lines.extend(self._mask(line) for line in self.refusals.lines())
        if said := self._pace.says():
            lines.append(said)
        return tuple(lines)
