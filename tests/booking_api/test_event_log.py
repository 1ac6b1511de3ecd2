"""The event log: results are written at once, events together, and at the end nothing is left."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import pytest

from engine.booking_api import event_log
from engine.booking_api.bodies import AssignStrategy, LastResult
from engine.booking_api.desk import Desk
from engine.booking_api.event_log import EventLog

NOW = datetime(2027, 3, 1, tzinfo=UTC)
RESULT = LastResult("inline", NOW, success=True, reason=None, strategy=AssignStrategy(1, False), trigger="creation",
                    alternates=0, duration_ms=1, attempt_id="a")  # fmt: skip


class Books:
    """A desk that only remembers what it was asked to write."""

    def __init__(self) -> None:
        self.written: list[tuple[str, int]] = []
        self.came = asyncio.Event()

    async def execute(self, slug: str | None, statement: str, *arguments: Any) -> None:
        await asyncio.sleep(0)
        self.written.append((statement.rpartition("/")[2], len(arguments[0])))
        self.came.set()


def log_over(books: Books) -> EventLog:
    return EventLog(cast(Desk, books), lambda: NOW)


async def test_events_wait_for_one_another_and_results_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "_LINGER_S", 3600.0)
    books, stopping = Books(), asyncio.Event()
    log = log_over(books)
    running = asyncio.create_task(log.run(stopping))
    for _ in range(5):
        log.event("booking", "booking.creation.success", None, None)
    log.result("x", UUID(int=1), RESULT)
    await asyncio.wait_for(books.came.wait(), 10)
    assert books.written == [("note_results", 1)]
    assert log.use.queued == 5
    stopping.set()
    await asyncio.wait_for(running, 10)
    assert books.written == [("note_results", 1), ("note_events", 5)]
    assert (log.use.queued, log.use.written, log.use.dropped) == (0, 6, 0)


async def test_a_batch_waits_for_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "_LINGER_S", 3600.0)
    books, stopping = Books(), asyncio.Event()
    log = log_over(books)
    running = asyncio.create_task(log.run(stopping))
    await asyncio.sleep(0)
    for _ in range(501):
        log.event("booking", "booking.creation.success", None, None)
    await asyncio.wait_for(books.came.wait(), 10)
    assert books.written == [("note_events", 500)]
    stopping.set()
    await asyncio.wait_for(running, 10)
    assert sum(rows for _, rows in books.written) == 501


async def test_the_first_event_is_written_though_no_other_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "_LINGER_S", 0.01)
    books, stopping = Books(), asyncio.Event()
    log = log_over(books)
    running = asyncio.create_task(log.run(stopping))
    for n in range(2):
        books.came.clear()
        log.event("booking", "booking.creation.success", None, None)
        await asyncio.wait_for(books.came.wait(), 10)
        assert books.written == [("note_events", 1)] * (n + 1)
    stopping.set()
    await asyncio.wait_for(running, 10)
