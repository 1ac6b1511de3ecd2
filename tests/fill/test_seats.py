"""Workers for whom the server has no room: others go on without them, and the run ends without them too."""

import asyncio

import pytest

from engine.budget import Budget
from engine.database import DatabaseUnreachable
from engine.fill.limits import Limits
from engine.fill.worker import SEAT_PATIENCE_NS, TargetLost
from engine.model.run_state import RunState
from engine.target import Seat
from engine.targets.rehearsal import RehearsalTarget
from tests.fill.crews import MS, Rehearsal, rehearse


class Full(RehearsalTarget):
    """A server with room for so many, behind a pooler: no seat of its tells its backend."""

    room = 1

    async def seat(self, application_name: str) -> Seat:
        if self.seats >= self.room:
            raise DatabaseUnreachable("Postgres did not take a connection: 53300 sorry, too many clients already")
        return await super().seat(application_name)


class Once(Full):
    """One that takes nobody any more once it took that many."""

    given = 0

    async def seat(self, application_name: str) -> Seat:
        if self.given >= self.room:
            raise DatabaseUnreachable("Postgres did not take a connection: 57P03 the database system is shutting down")
        self.given += 1
        return await super().seat(application_name)


def crowded(kind: type[Full], room: int, concurrency: int = 2, **more: float) -> Rehearsal:
    rehearsal = rehearse(concurrency=concurrency, **more)  # type: ignore[arg-type]
    target = kind(rehearsal.target.floors, rehearsal.clock, step_ns=MS)
    target.room = room
    rehearsal.crew.target = rehearsal.target = target
    return rehearsal


async def test_behind_a_pooler_too_a_worker_without_a_seat_ends_no_run_in_which_others_work() -> None:
    rehearsal = crowded(Full, 1, rate=0.1, slots=1, stress_max=6)
    await rehearsal.play()
    assert len(rehearsal.ended) == 6
    assert rehearsal.clock.now_ns() > SEAT_PATIENCE_NS


async def test_a_run_in_which_nobody_has_a_seat_ends_with_the_reason() -> None:
    rehearsal = crowded(Full, 0)
    with pytest.raises(ExceptionGroup) as lost:
        await rehearsal.play()
    assert lost.group_contains(TargetLost, match="no worker found a connection for 30 s: .* too many clients")


async def test_a_worker_that_never_had_a_seat_does_not_keep_a_run_from_ending_that_is_done() -> None:
    rehearsal = crowded(Once, 1, slots=1, stress_max=2)
    await rehearsal.play()
    assert len(rehearsal.ended) == 2
    assert rehearsal.clock.now_ns() < 1000 * MS


async def test_the_trouble_of_a_worker_that_is_wanted_no_more_is_not_told_any_longer() -> None:
    rehearsal = crowded(Full, 1, rate=0.1, slots=1, stress_max=2)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(600 * MS)
    assert "too many clients" in rehearsal.crew.trouble
    rehearsal.crew.resize(1)
    await rehearsal.clock.advance(600 * MS)
    assert rehearsal.crew.trouble == ""
    await rehearsal.clock.play(task)


async def test_a_budget_counts_bookings_that_are_sent_and_ends_no_run_that_it_is_enough_for() -> None:
    rehearsal = rehearse(concurrency=2, slots=4, stress_max=3)
    rehearsal.crew.limits = Limits(Budget(None, 100_000.0, 12, 60.0), 0)
    await rehearsal.play()
    assert len(rehearsal.ended) == 12
    assert rehearsal.crew.state is RunState.RUNNING, rehearsal.crew.reason


async def test_a_budget_that_is_too_small_ends_the_run_when_it_is_spent_and_not_before() -> None:
    rehearsal = rehearse(concurrency=2, slots=4, stress_max=3)
    rehearsal.crew.limits = Limits(Budget(None, 100_000.0, 11, 60.0), 0)
    await rehearsal.play()
    assert len(rehearsal.ended) == 11
    assert "11 bookings is spent" in rehearsal.crew.reason


async def test_on_a_slowed_budget_workers_that_are_woken_often_still_come_to_their_moment() -> None:
    # Each refusal of a seat, twice a second, wakes those who wait: they claim their places anew.
    rehearsal = crowded(Full, 3, slots=3, stress_max=2, concurrency=4)
    rehearsal.crew.limits = Limits(Budget(None, 2.0, 100, 60.0), 0)
    rehearsal.crew.limits._allowance.slow_to(1 / 4)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(30_000 * MS)
    done = len(rehearsal.ended)
    rehearsal.crew.stop()
    await rehearsal.clock.play(task)
    assert done == 6, "six attempts at one in two seconds"


class Slow(Full):
    """One whose connections take their time to close."""

    room = 8

    async def seat(self, application_name: str) -> Seat:
        seat = await super().seat(application_name)
        ends = seat.close

        async def close() -> None:
            await self.clock.sleep_until(self.clock.now_ns() + 100 * MS)
            await ends()

        seat.close = close  # type: ignore[method-assign]
        return seat


async def test_a_worker_whose_forerunner_is_still_closing_its_connection_stays_on_the_board() -> None:
    rehearsal = crowded(Slow, 8, slots=4, stress_max=3)
    crew, clock = rehearsal.crew, rehearsal.clock
    rehearsal.target.step_ns = 30 * MS
    task = asyncio.create_task(crew.run())
    await clock.advance(MS)
    crew.resize(1)
    while crew.in_flight == 2:
        await clock.advance(MS)
    crew.resize(2)
    await clock.advance(20 * MS)
    crew.resize(1)
    await clock.advance(90 * MS)
    shown = {row.worker: row.state.value for row in crew.rows.values() if row.order is not None}
    in_flight = crew.in_flight
    await clock.play(task)
    assert in_flight == len(shown) == 2, shown
