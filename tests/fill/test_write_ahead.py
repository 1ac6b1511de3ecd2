"""No request leaves before its intent is in the journal's file, and what the journal cannot take is not sent."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.model.event import Event, Intended
from engine.model.floor import Candidate
from engine.model.ids import AttemptId, RunId
from engine.model.step import Step
from engine.model.turn import Order
from engine.records.journal import Journal, read
from engine.records.trouble import RecordsFailed, RecordsFull
from engine.target import Seat
from engine.targets.rehearsal import RehearsalTarget
from tests.clocks import StillClock
from tests.fill.crews import MS, rehearse

Looked = Callable[[Step, Order, Candidate | None, UUID | None], None]


class WatchedSeat:
    """A seat that tells of every write just before it would leave."""

    def __init__(self, seat: Seat, look: Looked) -> None:
        self._seat = seat
        self._look = look

    def __getattr__(self, name: str) -> Any:
        return getattr(self._seat, name)

    async def submit(self, order: Order) -> object:
        self._look(Step.SUBMIT, order, None, None)
        return await self._seat.submit(order)

    async def hold(self, order: Order, candidate: Candidate, hold_id: UUID) -> object:
        self._look(Step.HOLD, order, candidate, hold_id)
        return await self._seat.hold(order, candidate, hold_id)

    async def confirm(self, order: Order, candidate: Candidate, hold_id: UUID) -> object:
        self._look(Step.CONFIRM, order, candidate, hold_id)
        return await self._seat.confirm(order, candidate, hold_id)

    async def commit(self, order: Order, candidate: Candidate) -> object:
        self._look(Step.COMMIT, order, candidate, None)
        return await self._seat.commit(order, candidate)


class Watched(RehearsalTarget):
    """A rehearsal target with such seats."""

    look: Looked

    async def seat(self, application_name: str) -> Seat:
        return WatchedSeat(await super().seat(application_name), self.look)  # type: ignore[return-value]


def crew_of(
    folder: Path, look: Looked, journal: Journal | None = None, *, concurrency: int = 3
) -> tuple[Crew, StillClock]:
    rehearsal = rehearse(concurrency=concurrency, slots=4, stress_max=3, share_slots=True)
    target = Watched(rehearsal.target.floors, rehearsal.clock, step_ns=MS)
    target.look = look
    written = journal or Journal(folder, "test", rehearsal.clock)
    zones = {zone.id: zone.name for one in target.floors.values() for zone in one.zones}
    desk = Desk(target.clock, written.write, Holders(), zones)
    task = Task(rehearsal.plan, rehearsal.crew.orders.ladder, concurrency)
    return Crew(RunId("test"), task, target, Pace(None), desk), rehearsal.clock


async def played(crew: Crew, clock: StillClock) -> None:
    task = asyncio.create_task(crew.run())
    try:
        await clock.play(task)
        await task
    finally:
        task.cancel()


def same(event: Event, step: Step, order: Order, candidate: Candidate | None, hold_id: UUID | None) -> bool:
    """Whether it is the intent of that very write."""
    return (
        isinstance(event, Intended)
        and event.ids.step is step
        and event.ids.attempt == order.attempt
        and event.key == order.key
        and event.booking_id == order.booking_id
        and event.tables == (candidate.numbers if candidate else ())
        and (hold_id is None or event.hold_id == hold_id)
    )


async def test_at_every_write_its_intent_is_in_the_file_already(tmp_path: Path) -> None:
    seen: list[Step] = []

    def look(step: Step, order: Order, candidate: Candidate | None, hold_id: UUID | None) -> None:
        # Another process would read the same: nothing of it waits in a buffer of ours.
        on_disk = list(read(tmp_path))
        mine = [event for event in on_disk if event.ids.attempt == order.attempt]
        assert same(mine[-1], step, order, candidate, hold_id), f"{step} of #{order.attempt} leaves without its intent"
        seen.append(step)

    crew, clock = crew_of(tmp_path, look)
    await played(crew, clock)
    assert {Step.SUBMIT, Step.HOLD, Step.CONFIRM, Step.COMMIT} == set(seen)
    assert len(seen) >= 4 * 12


class Failing(Journal):
    """A journal that takes so many lines and then no more."""

    left = 0

    def write(self, event: Event) -> None:
        if self.left <= 0:
            raise RecordsFailed(f"{self._path}: the journal could not be written: read-only")
        self.left -= 1
        super().write(event)


@pytest.mark.parametrize("lines", [1, 3, 4, 5, 6, 7, 8, 9, 10, 30])
async def test_what_the_journal_does_not_take_is_never_sent(tmp_path: Path, lines: int) -> None:
    journal = Failing(tmp_path, "test", StillClock())
    journal.left = lines
    sent: list[tuple[Step, AttemptId]] = []

    def look(step: Step, order: Order, candidate: Candidate | None, hold_id: UUID | None) -> None:
        assert any(same(event, step, order, candidate, hold_id) for event in read(tmp_path))
        sent.append((step, order.attempt))

    crew, clock = crew_of(tmp_path, look, journal)
    with pytest.raises(ExceptionGroup) as ended:
        await played(crew, clock)
    assert ended.group_contains(RecordsFailed)
    intended = [(event.ids.step, event.ids.attempt) for event in read(tmp_path) if isinstance(event, Intended)]
    assert sorted(sent) == sorted(one for one in intended if None not in one)


async def test_a_write_that_the_system_cuts_short_is_taken_back_and_nothing_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[AttemptId] = []
    crew, clock = crew_of(tmp_path, lambda step, order, candidate, hold_id: sent.append(order.attempt), concurrency=1)
    written = os.write
    room = [4_000]

    def short(handle: int, line: bytes) -> int:
        taken = written(handle, line[: room[0]])
        room[0] -= taken
        return taken

    monkeypatch.setattr("engine.records.journal.os.write", short)
    with pytest.raises(ExceptionGroup) as ended:
        await played(crew, clock)
    assert ended.group_contains(RecordsFull)
    reading = read(tmp_path)
    intents = {event.ids.attempt for event in reading if isinstance(event, Intended)}
    assert not reading.torn, "half a line was taken back"
    assert set(sent) <= intents
    assert len(sent) == sum(isinstance(event, Intended) for event in read(tmp_path))
