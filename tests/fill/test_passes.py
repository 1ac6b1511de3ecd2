"""A crew whose plan has passes, and one that gathers before it begins."""

import asyncio
import datetime as dt
from uuid import uuid5

from engine.fill.orders import _NAMESPACE
from engine.model.event import AttemptEnded, Event, Intended
from engine.model.step import Step
from engine.model.turn import PendingBooking
from engine.plans.assign import AssignPlan
from engine.plans.burst import BurstPlan
from engine.targets.rehearsal import RehearsalTarget
from tests.allocator.floors import white_horse
from tests.clocks import StillClock
from tests.fill.crews import MONDAY, MS, crew_for

SLUG = "white-horse-pub-waterbeach"


def waiting(count: int, *, party: int = 4) -> list[PendingBooking]:
    return [
        PendingBooking(uuid5(_NAMESPACE, f"booking {number}"), SLUG, MONDAY, dt.time(18, 0), party)
        for number in range(count)
    ]


def at_white_horse(pending: list[PendingBooking]) -> RehearsalTarget:
    target = RehearsalTarget({SLUG: white_horse()}, StillClock(), step_ns=MS)
    target.waiting = {one.booking_id: one for one in pending}
    return target


async def play(crew_run: "asyncio.Task[None]", clock: StillClock) -> None:
    await clock.play(crew_run)
    await crew_run


async def test_pending_bookings_are_given_tables_and_none_is_made() -> None:
    pending = waiting(5)
    target = at_white_horse(pending)
    events: list[Event] = []
    crew = crew_for(AssignPlan.of(pending, seed=1, max_iterations=3, passes=0), target, events, concurrency=2)
    await play(asyncio.create_task(crew.run()), target.clock)  # type: ignore[arg-type]
    assert {event.ids.step for event in events if isinstance(event, Intended)} == {Step.HOLD, Step.CONFIRM, Step.COMMIT}
    assert set(target.confirmed) == {one.booking_id for one in pending}


async def test_what_a_pass_left_pending_is_taken_in_the_next_one_and_its_leg_says_so() -> None:
    pending = waiting(60, party=8)
    target = at_white_horse(pending)
    events: list[Event] = []
    crew = crew_for(AssignPlan.of(pending, seed=1, max_iterations=3, passes=0), target, events, concurrency=4)
    await play(asyncio.create_task(crew.run()), target.clock)  # type: ignore[arg-type]
    ended = [event for event in events if isinstance(event, AttemptEnded)]
    assert {event.ids.leg for event in ended} == {0, 1, 2}
    assert sum(event.ids.leg == 0 for event in ended) == 60
    left = 60 - sum(event.ids.leg == 0 and event.outcome == "filled" for event in ended)
    assert sum(event.ids.leg == 1 for event in ended) == left
    assert len({event.ids.turn for event in ended}) == len(ended)


async def test_a_run_that_gathers_sends_nothing_before_everybody_has_a_seat() -> None:
    target = at_white_horse([])
    plan = BurstPlan.of(
        target.floors, seed=1, on=MONDAY, at=dt.time(18, 0), requests=10, duplicates=0, min_party=2, max_party=2
    )
    events: list[Event] = []
    crew = crew_for(plan, target, events, concurrency=10, gathers=True)
    await play(asyncio.create_task(crew.run()), target.clock)  # type: ignore[arg-type]
    first = [event for event in events if isinstance(event, Intended)][:10]
    assert {event.ids.step for event in first} == {Step.SUBMIT}
    assert len({event.ids.worker for event in first}) == 10
    assert len({event.at_ns for event in first}) == 1


async def test_on_a_schedule_nothing_falls_due_while_a_pass_is_read_back() -> None:
    pending = waiting(60, party=8)
    target = at_white_horse(pending)
    events: list[Event] = []
    plan = AssignPlan.of(pending, seed=1, max_iterations=2, passes=0)
    crew = crew_for(plan, target, events, concurrency=4, rate=100)
    ends = crew.between

    async def read_back() -> None:
        await target.clock.sleep_until(target.clock.now_ns() + 10_000 * MS)
        await ends()

    crew.between = read_back
    await play(asyncio.create_task(crew.run()), target.clock)  # type: ignore[arg-type]
    ended = [event for event in events if isinstance(event, AttemptEnded)]
    assert {event.ids.leg for event in ended} == {0, 1}
    assert max(event.started_ns - event.due_ns for event in ended) < 1000 * MS
