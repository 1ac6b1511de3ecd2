"""The server behind the run's database, when somebody asks: rights, connections, settings; what is dear, seldom."""

from collections.abc import Callable

import msgspec

from engine.clock import Clock
from engine.database import Connection
from engine.model.detail import (
    ConnectionGroup,
    DatabaseSize,
    PreparedTransaction,
    Rights,
    ServerSetting,
    ServerTold,
    StatementTold,
    TableSize,
)
from engine.observe.assemble import shown
from engine.observe.closeup import CloseUp
from engine.observe.looking import Refusals
from engine.observe.rows import StatementText, StatementTotal

SIZES_EVERY_NS = 30_000_000_000
"""Sizes walk the files of a database: they are read again no sooner, however many ask."""
MOST_STATEMENTS = 20
SETTINGS = (
    "max_connections",
    "superuser_reserved_connections",
    "reserved_connections",
    "shared_buffers",
    "work_mem",
    "deadlock_timeout",
    "lock_timeout",
    "statement_timeout",
    "idle_in_transaction_session_timeout",
    "transaction_timeout",
    "default_transaction_isolation",
    "synchronous_commit",
    "fsync",
    "full_page_writes",
    "log_lock_waits",
    "log_min_duration_statement",
    "max_prepared_transactions",
    "track_io_timing",
    "jit",
    "TimeZone",
)
"""Those that decide how a run fares, in the order they are shown; an older server has not all of them."""


class _Sizes(msgspec.Struct, frozen=True):
    at_ns: int
    databases: tuple[DatabaseSize, ...]
    tables: tuple[TableSize, ...]


class ServerLooks:
    """Looks at one server; sizes and refusals are kept from one look to the next."""

    def __init__(self, clock: Clock, mask: Callable[[str], str], known: Refusals | None = None) -> None:
        """`known` is what other looks at this server were refused."""
        self._clock = clock
        self._mask = mask
        self._refusals = Refusals(clock, known)
        self._sizes: _Sizes | None = None

    async def look(self, connection: Connection) -> ServerTold:
        """Look once. Raises what a statement raises."""
        look = CloseUp(connection, self._refusals)
        await look.begin()
        settings = await look.rows("settings", "settings", ServerSetting, list(SETTINGS)) or []
        await look.bound({})
        found = await look.rows("rights", "rights", Rights) or []
        rights = found[0] if found else None
        groups = await look.rows("connection_groups", "connections", ConnectionGroup)
        prepared = await look.rows("prepared", "prepared transactions", PreparedTransaction) or []
        statements = await self._statements(look, rights)
        sizes = await self._sized(look)
        await look.end()
        mask = self._mask
        return ServerTold(
            rights=rights,
            pool="transaction pooler" if connection.pooled else "none seen: a session is a backend",
            used=None if groups is None else sum(one.count for one in groups),
            connections=tuple(
                msgspec.structs.replace(one, application=mask(one.application), role=mask(one.role))
                for one in groups or ()
            ),
            databases=sizes.databases,
            tables=sizes.tables,
            statements=statements,
            settings=tuple(settings),
            prepared=tuple(msgspec.structs.replace(one, name=mask(one.name)) for one in prepared),
            sizes_age_ns=self._clock.now_ns() - sizes.at_ns,
            missing=(*_missing(rights), *map(mask, self._refusals.lines())),
        )

    async def _sized(self, look: CloseUp) -> _Sizes:
        kept, now_ns = self._sizes, self._clock.now_ns()
        if kept is not None and now_ns - kept.at_ns < SIZES_EVERY_NS:
            return kept
        databases = await look.rows("database_sizes", "sizes of databases", DatabaseSize) or []
        tables = await look.rows("table_sizes", "sizes of tables", TableSize) or []
        self._sizes = _Sizes(now_ns, tuple(databases), tuple(tables))
        return self._sizes

    async def _statements(self, look: CloseUp, rights: Rights | None) -> tuple[StatementTold, ...]:
        if rights is None or not rights.has_statements:
            return ()
        totals = (await look.rows("statements", "top statements", StatementTotal) or [])[:MOST_STATEMENTS]
        if not totals:
            return ()
        wanted = [one.queryid for one in totals]
        texts = await look.rows("statement_texts", "texts of statements", StatementText, wanted) or []
        by_id = {one.queryid: shown(one.query, self._mask) for one in texts}
        return tuple(
            StatementTold(by_id.get(one.queryid, ""), one.calls, one.total_ns // max(1, one.calls), one.total_ns)
            for one in totals
        )


def _missing(rights: Rights | None) -> tuple[str, ...]:
    """What a right that is not there costs, and its name."""
    if rights is None:
        return ()
    lines = []
    if not (rights.is_monitor or rights.reads_all_stats):
        lines.append("states, waits and queries of other roles, sizes of databases it may not enter: needs pg_monitor")
    if not (rights.is_monitor or rights.reads_all_settings):
        lines.append("file and line of settings: needs pg_monitor, or pg_read_all_settings")
    if not rights.may_signal:
        lines.append("cancelling other roles' backends: needs pg_signal_backend")
    if not rights.has_statements:
        lines.append("top statements: needs the extension pg_stat_statements")
    return tuple(lines)
