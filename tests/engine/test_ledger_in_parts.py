"""A run of which not all fits into memory is read back in parts, from one moment of a real database."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from engine import held, passes, settlement
from engine.clock import RunningClock
from engine.config import Settings
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.metrics.words import Words
from engine.model.event import Event, LegEnded
from engine.model.ledger import Ledger
from engine.passes import Passes
from engine.records import ledger_parts
from engine.records.journal import read
from engine.records.result import persisted_of
from engine.target import ReadInParts
from engine.targets.postgres import PostgresTarget
from tests.controls.evening import Looking, evening, plan_for, target_in
from tests.scratch import ScratchDatabase

PLANTED = """
DELETE FROM booking_table_assignments
 WHERE booking_id = (SELECT id FROM bookings WHERE details -> 'slotfill' ->> 'run' = 'parts' ORDER BY id LIMIT 1);
UPDATE bookings SET status = 'pending', idempotency_key = NULL, details = '{}'
 WHERE id = (SELECT id FROM bookings WHERE details -> 'slotfill' ->> 'run' = 'parts' ORDER BY id DESC LIMIT 1);
"""


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds so small that twelve bookings are many."""
    for room, name, value in (
        (passes, "WHOLE", 0), (settlement, "WHOLE", 0), (passes, "SOME", 3), (ledger_parts, "A_PART", 4),
        (ledger_parts, "_AT_ONCE", 2), (held, "PAGE", 5),
    ):  # fmt: skip
        monkeypatch.setattr(room, name, value)


def ends(target: PostgresTarget, folder: Path, said: list[Event]) -> Passes:
    desk = Desk(RunningClock(), said.append, Holders(), {})
    found = Passes(target, target.connect, desk, folder, Settings)
    found.settlement.attempts = lambda: 12
    found._base = 0, None
    return found


def plain(kept: Ledger) -> Ledger:
    """Without the moment it was read at, and its stories by attempt."""
    stories = [msgspec.structs.replace(story, absent_ns=None) for story in kept.stories]
    return msgspec.structs.replace(kept, stories=tuple(sorted(stories, key=lambda story: story.attempt)))


async def test_in_parts_a_run_comes_to_what_it_comes_to_at_once_also_when_something_is_lost(
    database: ScratchDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = await target_in(database.dsn, "parts")
    made = await evening(tmp_path / "run", target, concurrency=3)
    assert isinstance(target, ReadInParts)
    small(monkeypatch)
    crew = cast("Crew", SimpleNamespace(leg=0, first_leg=0, run_id="parts", concurrency=3))
    for planted in (False, True):
        if planted:
            async with Looking(target.dsn) as connection:
                await connection.script(PLANTED)
        said: list[Event] = []
        one = ends(target, made.folder, said)
        await one.settle(crew)
        whole = await made.kept()
        words = Words(read(made.folder))
        there = await target.persisted([w.booking_id for w in words.ended.values() if w.acknowledged])
        (kept,) = one.kept
        assert kept.persisted == persisted_of(there, read(made.folder))
        assert plain(kept.ledger) == plain(whole)
        assert whole.torn == (2 if planted else 0)
        assert whole.balanced
        await one.end(plan_for(target), crew)
        (ended,) = [event for event in said if isinstance(event, LegEnded)]
        assert ended.persisted == len(there) == whole.persisted
    assert not list(made.folder.glob(".waiting*"))
