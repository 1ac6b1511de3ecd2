"""A run's events for the platform's own table: taken at once, written in batches beside the run, or dropped."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable

import msgspec

from engine.database import STEP_ERRORS, Connection, DatabaseUnreachable, describe
from engine.metrics.told import WANTED, Telling
from engine.model.alert import SendingFace
from engine.model.event import Event
from engine.model.probe_rows import TableRow
from engine.model.told import ToldEvent
from engine.redact import mask

EVERY_S = 1.0
BATCH = 500
"""Events of one statement at most."""
_MADE_AT_ONCE = 50
"""Attempts wait while so many are made into rows, for a millisecond or two."""
LAST_S = 2.0
"""When a repeat is over, so long at most for what is not written yet."""
_TABLE = "observability_events"
_COLUMNS = {"created_at", "source", "event_type", "severity", "context", "restaurant_id", "booking_id"}


class EventTable:
    """Writes to the database in hand. Whatever happens to it, the run neither waits nor fails."""

    def __init__(self, telling: Telling, connect: Callable[[], Awaitable[Connection]], most: int) -> None:
        self._telling = telling
        self._connect = connect
        self._most = most
        self._waiting: deque[Event] = deque()
        self._connection: Connection | None = None
        self._one = asyncio.Lock()
        self._closed = False
        self._has_table: bool | None = None
        """None as long as nobody has looked."""
        self._written = self._dropped = 0
        self._trouble = ""

    @property
    def face(self) -> SendingFace | None:
        """How it stands; None where there is no such table."""
        if self._has_table is False:
            return None
        return SendingFace(self._written, len(self._waiting), self._dropped, 0, self._trouble)

    def take(self, event: Event) -> None:
        """Note an event; a call on the hot path, which makes no row and waits for nobody."""
        if type(event) not in WANTED or self._has_table is False:
            return
        if len(self._waiting) >= self._most:
            self._dropped += 1
            self._trouble = f"more than {self._most} events wait"
            return
        self._waiting.append(event)

    async def run(self) -> None:
        """Write every second until cancelled."""
        self._closed = False
        try:
            while not self._closed:
                async with self._one:
                    await self._write_all()
                if self._has_table is False:
                    return
                await asyncio.sleep(EVERY_S)
        finally:
            if not self._closed:
                # A run that ends by a failure asks nobody to close: its connection does not outlive it.
                self._drop()

    async def close(self) -> None:
        """Write what waits, for a bounded time, and let go of the database: the next repeat has another one."""
        try:
            async with asyncio.timeout(LAST_S), self._one:
                self._closed = True
                await self._write_all()
        except TimeoutError:
            self._lose(len(self._waiting), f"they were not written within {LAST_S:g} s of the end")
            self._waiting.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*STEP_ERRORS):
                await connection.close()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _write_all(self) -> None:
        """Write what waits now; what comes meanwhile is for the next time."""
        left = len(self._waiting)
        while left > 0 and self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, left, len(self._waiting)))]
            left -= len(batch)
            await self._write(batch)

    async def _write(self, events: list[Event]) -> None:
        rows: list[ToldEvent] = []
        made = 0
        try:
            while made < len(events):
                for event in events[made : made + _MADE_AT_ONCE]:
                    rows += self._telling.rows(event)
                made += _MADE_AT_ONCE
                await asyncio.sleep(0)
            if not rows:
                return
            connection = await self._open()
            if connection is None:
                return
            await connection.execute("tell/events", msgspec.json.encode(rows).decode())
        except asyncio.CancelledError:
            # Whether they were written is not known; they are not written twice.
            self._lose(len(rows) + len(events[made:]), "the run went on before they were written")
            raise
        except (DatabaseUnreachable, *STEP_ERRORS) as error:
            self._lose(len(rows), mask(describe(error)))
            self._drop()
        else:
            self._written += len(rows)
            self._trouble = ""

    async def _open(self) -> Connection | None:
        """The connection; None where the database has no such table for us."""
        if self._connection is not None and self._connection.is_open:
            return self._connection
        connection = self._connection = await self._connect()
        (found,) = await connection.rows("probe/tables", TableRow, [_TABLE])
        self._has_table = found.is_there and set(found.columns) >= _COLUMNS and "INSERT" in found.rights
        if self._has_table:
            return connection
        self._waiting.clear()
        return None

    def _lose(self, count: int, why: str) -> None:
        if count:
            self._dropped += count
            self._trouble = why
