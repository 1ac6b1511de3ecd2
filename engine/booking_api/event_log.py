"""What the platform says about itself and notes of its attempts, written in batches off the requests' path."""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from engine.booking_api import bodies
from engine.booking_api.bodies import LastResult
from engine.booking_api.desk import Desk
from engine.database import DatabaseFailed, DatabaseUnreachable
from engine.redact import mask

_MOST_QUEUED = 20_000
_BATCH = 500
_LINGER_S = 0.05
"""So long an event may wait for others to be written with; results are looked at, and wait for nothing."""


class Entry(msgspec.Struct, frozen=True):
    """One event."""

    at: datetime
    source: str
    type: str
    severity: str
    context: str
    """JSON."""
    restaurant: UUID | None
    booking: UUID | None


class EventLog:
    """Takes events and results at once, and writes them when it comes to it. Beyond its bound they are dropped."""

    def __init__(self, desk: Desk, wall: Callable[[], datetime]) -> None:
        self._desk = desk
        self._wall = wall
        self._entries: list[Entry] = []
        self._results: dict[UUID, tuple[str, str]] = {}
        self._wake = asyncio.Event()
        self._linger_until = 0.0
        """In the loop's time: when the events that are there are to be written."""
        self._written = 0
        self._dropped = 0

    @property
    def use(self) -> bodies.EventLog:
        """How it stands."""
        return bodies.EventLog(len(self._entries) + len(self._results), self._written, self._dropped)

    def event(
        self,
        source: str,
        type_: str,
        restaurant: UUID | None,
        booking: UUID | None,
        *,
        severity: str = "info",
        **context: object,
    ) -> None:
        """Note an event."""
        if len(self._entries) >= _MOST_QUEUED:
            self._dropped += 1
            return
        told = msgspec.json.encode(context).decode()
        self._entries.append(Entry(self._wall(), source, type_, severity, told, restaurant, booking))
        if len(self._entries) == 1:
            self._linger_until = asyncio.get_running_loop().time() + _LINGER_S
            self._wake.set()
        elif len(self._entries) >= _BATCH:
            self._wake.set()

    def result(self, slug: str, booking: UUID, result: LastResult) -> None:
        """Note a booking's last result; a later one takes the place of one that is not written yet."""
        self._results[booking] = (slug, msgspec.json.encode(result).decode())
        self._wake.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Write until it is told to stop, and then whatever is left."""
        stop = asyncio.ensure_future(stopping.wait())
        try:
            while self._entries or self._results or not stopping.is_set():
                self._wake.clear()
                if self._results:
                    await self._write_results()
                elif stopping.is_set() or self._is_due():
                    await self._write_entries()
                else:
                    await self._woken(stop)
        finally:
            stop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await stop

    def _is_due(self) -> bool:
        """Whether there are events that wait for no others any more."""
        if not self._entries:
            return False
        return len(self._entries) >= _BATCH or asyncio.get_running_loop().time() >= self._linger_until

    async def _woken(self, stop: asyncio.Task[Literal[True]]) -> None:
        """Wait until there is a result, the first event, so many that they are a batch, or enough time has passed."""
        left_s = max(0.0, self._linger_until - asyncio.get_running_loop().time()) if self._entries else None
        wake = asyncio.ensure_future(self._wake.wait())
        await asyncio.wait((wake, stop), timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        wake.cancel()

    async def _write_results(self) -> None:
        results, self._results = self._results, {}
        by_slug: dict[str, tuple[list[UUID], list[str]]] = {}
        for booking, (slug, result) in results.items():
            ids, texts = by_slug.setdefault(slug, ([], []))
            ids.append(booking)
            texts.append(result)
        for slug, (ids, texts) in by_slug.items():
            await self._do(slug, len(ids), "booking_api/note_results", ids, texts)

    async def _write_entries(self) -> None:
        entries, self._entries = self._entries[:_BATCH], self._entries[_BATCH:]
        columns = [list(column) for column in zip(*map(msgspec.structs.astuple, entries), strict=True)]
        await self._do(None, len(entries), "booking_api/note_events", *columns)

    async def _do(self, slug: str | None, rows: int, statement: str, *arguments: object) -> None:
        try:
            await self._desk.execute(slug, statement, *arguments)
        except (DatabaseFailed, DatabaseUnreachable) as error:
            self._dropped += rows
            sys.stderr.write(f"booking API: {rows} notes were lost: {mask(str(error))}\n")
        else:
            self._written += rows
