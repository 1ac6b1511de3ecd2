"""The one door to Postgres: statements by name from `queries/`, rows as Structs, errors as refusals."""

import asyncio
import re
import weakref
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from engine.deadline import Deadline
from engine.model.outcome import Phase, Refusal
from engine.model.step import Step

Row = TypeVar("Row")

_TABLE_KEY = re.compile(r"Key \(table_id, [^)]*\)=\(([0-9a-f-]{36}),")


LOOKS = "BEGIN READ ONLY"
"""How a look begins: it can change nothing."""
_TIMED = frozenset({"57014", "55P03"})
_TIMERS = (
    ("statement timeout", "statement_timeout"),
    ("lock timeout", "lock_timeout"),
    ("user request", "cancel request"),
)
"""Words of the server, in English as it is asked by default; in any other language no timer is named."""


class DatabaseUnreachable(Exception):
    """No connection could be had. The message is one sentence with the cure."""


class DatabaseFailed(Exception):
    """A statement outside an attempt failed; inside an attempt a failure is a `Refusal`."""


class DatabaseLost(DatabaseFailed):
    """It failed because its connection broke: asked over another one, it may be answered."""


@cache
def sql(name: str) -> str:
    """The text of `queries/<name>.sql`. Raises FileNotFoundError for a name there is no file of."""
    return files("queries").joinpath(f"{name}.sql").read_text(encoding="utf-8").rstrip().rstrip(";")


class _Kept(NamedTuple):
    """A statement that the server has read for this connection."""

    statement: "PreparedStatement[asyncpg.Record]"
    columns: tuple[str, ...]
    in_order: set[type]
    """Structs whose fields stand in the order of the columns: their rows are made by position, five times as fast."""


_Way = Callable[..., Awaitable[Any]]
"""A method of a prepared statement."""


class Connection:
    """One connection, held. Every call is bounded by `timeout_s`; after a timeout or a cancel it is terminated.

    Calls raise asyncpg's errors, TimeoutError or OSError as they come: `refusal_of` judges them where a step was
    asked, and `failed` tells them as one sentence elsewhere.
    """

    def __init__(
        self, connection: "asyncpg.Connection[asyncpg.Record]", timeout_s: float, *, pooled: bool = False
    ) -> None:
        self._connection = connection
        self._timeout_s = timeout_s
        self._deadline = Deadline(timeout_s)
        self._kept: dict[str, _Kept] = {}
        """By name. asyncpg would find each by its text, and drop it after five minutes."""
        self.pid = int(connection.get_server_pid())
        """The server's process id of this connection, known also after it was lost."""
        self.pooled = pooled
        """A transaction pooler stands between: every statement is given a transaction of its own."""
        self.local: dict[str, str] = {}
        """Settings that every transaction is given behind a pooler, where a session keeps none."""
        self.in_transaction = False
        """Whether a transaction was begun here and neither committed nor rolled back."""

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        application_name: str,
        timeout_s: float,
        settings: dict[str, str] | None = None,
        pooled: bool = False,
    ) -> "Connection":
        """Connect with TimeZone UTC. Raises DatabaseUnreachable with one sentence."""
        # A prepared statement stays with the server's session, and behind a pooler the next one has another.
        cache = {"statement_cache_size": 0} if pooled else {}
        try:
            async with asyncio.timeout(timeout_s):
                connection = await asyncpg.connect(
                    dsn,
                    server_settings={"application_name": application_name, "TimeZone": "UTC", **(settings or {})},
                    timeout=None,  # ours is the one that is told; asyncpg's own ends after a minute
                    **cache,
                )
        except TimeoutError as error:
            raise DatabaseUnreachable(
                f"Postgres did not take a connection: no answer within {timeout_s:g} s"
            ) from error
        except (*STEP_ERRORS, ValueError) as error:
            # With asyncpg's own: a server that is not of the kind the DSN wants, or logs in by means it does not know.
            raise DatabaseUnreachable(f"Postgres did not take a connection: {describe(error)}") from error
        opened = cls(connection, timeout_s, pooled=pooled)
        _OPENED.add(opened)
        return opened

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""
        return not self._connection.is_closed()

    @property
    def in_block(self) -> bool:
        """Whether a transaction is open in it, whoever began it and how."""
        return bool(self._connection.is_in_transaction())

    @property
    def server_version(self) -> tuple[int, int]:
        """Major and minor version of the server."""
        version = self._connection.get_server_version()
        return version.major, version.minor

    async def rows(self, name: str, into: type[Row], *args: object) -> list[Row]:
        """All rows of a named statement, each as `into`, whose fields are its columns."""
        records = await self._run(name, PreparedStatement.fetch, args)
        return _made(records, into, self._kept.get(name))

    async def row(self, name: str, into: type[Row], *args: object) -> Row | None:
        """The first row of a named statement, or None."""
        record = await self._run(name, PreparedStatement.fetchrow, args)
        if record is None:
            return None
        kept = self._kept.get(name)
        if kept is not None and into in kept.in_order:
            return into(*record)
        return _made((record,), into, kept)[0]

    async def value(self, name: str, *args: object) -> Any:
        """The first column of the first row of a named statement, or None."""
        return await self._run(name, PreparedStatement.fetchval, args)

    async def execute(self, name: str, *args: object) -> str:
        """Run a named statement; its command tag."""
        if not args:
            return cast("str", await self._in_transaction(lambda: self._connection.execute(sql(name))))
        return cast("str", await self._run(name, _executed, args))

    async def script(self, text: str) -> str:
        """Run statements given as text, unprepared: for DDL made of files and for names that cannot be parameters.

        Returns the last one's command tag.
        """
        return cast("str", await self._bounded(self._connection.execute(text)))

    async def begin(self) -> None:
        """Open a transaction."""
        await self.script("BEGIN")
        self.in_transaction = True
        if self.pooled:
            settings = {"TimeZone": "UTC", **self.local}
            await self.execute("fill/set_session", list(settings), list(settings.values()), True)

    async def begin_looking(self) -> None:
        """Open a transaction that can write nothing."""
        await self.script(LOOKS)
        self.in_transaction = True

    async def commit(self) -> str:
        """Send COMMIT and wait for its answer: `COMMIT`, or `ROLLBACK` when the transaction had failed."""
        self.in_transaction = False
        return await self.script("COMMIT")

    async def rollback(self) -> None:
        """Send ROLLBACK and wait for its answer."""
        self.in_transaction = False
        await self.script("ROLLBACK")

    async def prepare(self, name: str) -> None:
        """Have a named statement read and planned by the server, and not run."""
        await self._in_transaction(lambda: self._connection.prepare(sql(name)))

    def terminate(self) -> None:
        """Drop the connection at once, asking nobody: a graceful close may hang after a timeout."""
        self._deadline.close()
        self._connection.terminate()

    async def close(self) -> None:
        """Close gracefully, or at once when that takes longer than the timeout."""
        if self._connection.is_closed():
            return
        self._deadline.close()
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._connection.close()
        except STEP_ERRORS:
            self._connection.terminate()

    async def _run(self, name: str, way: _Way, args: tuple[object, ...]) -> Any:
        """The answer of a named statement, which the server reads the first time and knows from then on."""
        if self.pooled:
            return await self._in_transaction(lambda: self._run_unkept(name, way, args))
        kept = self._kept.get(name)
        if kept is None:
            return await self._bounded(self._run_first(name, way, args))
        try:
            return await self._bounded(way(kept.statement, *args))
        except asyncpg.OutdatedSchemaCacheError:
            self._kept.clear()
            raise
        except asyncpg.InvalidCachedStatementError:
            # Somebody gave a table or a function another shape. The server refused before it did anything, so it may
            # be asked once more; in a transaction it has given up that as well.
            self._kept.clear()
            if self.in_block:
                raise
            return await self._bounded(self._run_first(name, way, args))

    async def _run_first(self, name: str, way: _Way, args: tuple[object, ...]) -> Any:
        statement = await self._connection.prepare(sql(name))
        self._kept[name] = _Kept(statement, tuple(column.name for column in statement.get_attributes()), set())
        return await way(statement, *args)

    async def _run_unkept(self, name: str, way: _Way, args: tuple[object, ...]) -> Any:
        """Unnamed, so that the server's session keeps nothing of it; the session may be another's the next time."""
        return await getattr(self._connection, _UNKEPT[way])(sql(name), *args)

    async def _in_transaction(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """The answer of a call; behind a pooler in a transaction of its own, where there is none yet."""
        if not self.pooled or self.in_transaction:
            return await self._bounded(call())
        try:
            await self.begin()
            answer = await self._bounded(call())
        except STEP_ERRORS:
            if self.is_open:
                await self.rollback()
            raise
        await self.commit()
        return answer

    async def _bounded(self, call: Awaitable[Any]) -> Any:
        begun = self._deadline.begins()
        try:
            return await call
        except asyncio.CancelledError as cancelled:
            self.terminate()
            if self._deadline.was_late(begun):
                raise TimeoutError from cancelled
            raise
        except (TimeoutError, asyncpg.InternalClientError):
            self.terminate()
            raise
        finally:
            self._deadline.ended(begun)


async def _executed(statement: "PreparedStatement[asyncpg.Record]", *args: object) -> str:
    await statement.fetch(*args)
    return str(statement.get_statusmsg())


_UNKEPT: dict[_Way, str] = {
    PreparedStatement.fetch: "fetch",
    PreparedStatement.fetchrow: "fetchrow",
    PreparedStatement.fetchval: "fetchval",
    _executed: "execute",
}
"""What a connection calls it."""


_OPENED: "weakref.WeakSet[Connection]" = weakref.WeakSet()


def drop_left() -> int:
    """Drop every connection that nobody closed: uvloop's loop can wait for one when it ends. How many there were."""
    left = [connection for connection in _OPENED if connection.is_open]
    for connection in left:
        connection.terminate()
    return len(left)


def _made(records: "Sequence[asyncpg.Record]", into: type[Row], kept: _Kept | None) -> list[Row]:
    """Each record as `into`; by position where the columns stand in the order of the fields."""
    if not records:
        return []
    fields: tuple[str, ...] = getattr(into, "__struct_fields__", ())
    columns = tuple(records[0].keys()) if kept is None else kept.columns
    if columns == fields[: len(columns)]:
        if kept is not None:
            kept.in_order.add(into)
        return [into(*record) for record in records]
    return [into(**dict(record.items())) for record in records]


STEP_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""What a call may raise when a step is refused or its connection fails. Anything else is a bug.

InternalClientError is among them: a backend terminated while a request is on its way out makes asyncpg lose count of
what it waits for, and say so in this way now and then.
"""


_BROKEN = frozenset({"57P01", "57P02", "57P03"})
"""SQLSTATE of a server that ends, has crashed, or begins; those of class 08 are the connection's own."""


def failure(text: str, error: BaseException) -> DatabaseFailed:
    """What a statement outside an attempt came to: DatabaseLost where its connection broke."""
    code = getattr(error, "sqlstate", None) or ""
    broke = isinstance(error, OSError | asyncpg.InterfaceError | asyncpg.InternalClientError)
    lost = code in _BROKEN or code.startswith("08") or (broke and not isinstance(error, TimeoutError))
    return (DatabaseLost if lost else DatabaseFailed)(f"{text}: {describe(error)}")


def refusal_of(error: BaseException, step: Step, *, unanswered: Phase, tables: Sequence[str] = ()) -> Refusal:
    """The refusal an error proves. `unanswered` is the phase when no answer came from the server."""
    answered = isinstance(error, asyncpg.PostgresError) and not isinstance(
        error, asyncpg.ConnectionDoesNotExistError | asyncpg.ConnectionFailureError
    )
    # The server's last words before it drops a backend are an answer to nothing that was asked.
    dropped = getattr(error, "sqlstate", None) in {"57P01", "57P02"}
    return Refusal(
        step=step,
        phase=Phase.ANSWERED if answered and not dropped else unanswered,
        # asyncpg's text has DETAIL and HINT in it; the detail is kept apart.
        message=str(getattr(error, "message", None) or error) or type(error).__name__,
        sqlstate=getattr(error, "sqlstate", None),
        constraint=getattr(error, "constraint_name", None),
        detail=getattr(error, "detail", None),
        exception=type(error).__name__,
        tables=tuple(tables),
        timer="client step" if isinstance(error, TimeoutError) else _timer_of(error),
    )


def _timer_of(error: BaseException) -> str | None:
    """Who set the timer that made the server give up, as far as its text tells: 57014 alone has several fathers."""
    if getattr(error, "sqlstate", None) not in _TIMED:
        return None
    return next((timer for words, timer in _TIMERS if words in str(error)), None)


def conflicting_table(refusal: Refusal) -> UUID | None:
    """The table a 23P01 names in its detail; None where it names none."""
    found = _TABLE_KEY.search(refusal.detail or "")
    return UUID(found.group(1)) if found else None


def describe(error: BaseException) -> str:
    """An error as one line: SQLSTATE where there is one, and its text."""
    code = getattr(error, "sqlstate", None)
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{code} {text}" if code else text
