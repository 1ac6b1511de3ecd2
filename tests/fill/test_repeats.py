"""The same crew once more: a repeat begins as the first one did, and what an operator did in between still holds."""

import asyncio

from engine.fill.pace import NS, Pace
from engine.model.event import Event
from engine.model.run_state import RunState
from engine.plan import Plan
from tests.fill.crews import MS, crew_for, rehearse


def next_plan(**more: int) -> Plan:
    return rehearse(**more).plan  # type: ignore[arg-type]


async def test_a_repeat_on_a_schedule_begins_at_once_and_not_where_the_last_one_ended() -> None:
    rehearsal = rehearse(concurrency=4, rate=100)
    await rehearsal.play()
    before, began_ns = len(rehearsal.ended), rehearsal.clock.now_ns()
    rehearsal.crew.take_over(next_plan(), 1)
    await rehearsal.play()
    due = sorted(ended.due_ns - began_ns for ended in rehearsal.ended[before:])
    assert due == [place * 10 * MS for place in range(12)]


async def test_a_run_that_is_paused_between_two_repeats_stays_paused_in_the_next_one() -> None:
    rehearsal = rehearse(concurrency=1, slots=1, stress_max=1)
    await rehearsal.play()
    assert rehearsal.crew.pause()
    rehearsal.crew.take_over(next_plan(slots=1, stress_max=1), 1)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(1000 * MS)
    assert rehearsal.crew.state is RunState.PAUSED
    assert len(rehearsal.ended) == 1
    assert rehearsal.crew.resume()
    await rehearsal.clock.play(task)
    assert len(rehearsal.ended) == 2
    assert rehearsal.states == ["running", "pausing", "paused", "running"]


def test_a_schedule_that_begins_while_it_is_paused_stands_still_until_it_is_resumed() -> None:
    pace = Pace(10)
    pace.begin(0)
    pace.claim(0)
    pace.pause(NS)
    pace.begin(5 * NS)
    pace.resume(7 * NS)
    assert [pace.claim(7 * NS)[0] for _ in range(2)] == [7 * NS, 7 * NS + NS // 10]


async def test_a_crew_that_gathers_does_not_wait_for_workers_that_were_never_hired() -> None:
    rehearsal = rehearse(concurrency=1)
    events: list[Event] = []
    crew = crew_for(rehearsal.plan, rehearsal.target, events, concurrency=4, gathers=True)
    crew.resize(2)
    await rehearsal.clock.play(asyncio.create_task(crew.run()))
    assert rehearsal.plan.is_done


async def test_who_had_a_table_in_the_last_repeat_is_not_named_in_this_one() -> None:
    rehearsal = rehearse(concurrency=2)
    await rehearsal.play()
    holders = rehearsal.crew.desk.holders
    last = max(rehearsal.ended, key=lambda ended: ended.ids.attempt or 0)
    order = rehearsal.crew.orders.next(rehearsal.plan.turns[-1], 1)
    assert holders.other(order, last.tables, last.window) is not None
    rehearsal.crew.take_over(next_plan(), 1)
    assert holders.other(order, last.tables, last.window) is None


async def test_a_worker_that_may_stay_after_all_is_not_shown_as_leaving() -> None:
    rehearsal = rehearse(concurrency=4)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(2 * MS)
    rehearsal.crew.resize(1)
    rehearsal.crew.resize(4)
    shown = {row.state.value for row in rehearsal.crew.rows.values()}
    await rehearsal.clock.play(task)
    assert shown == {"working"}


async def test_a_round_that_ends_after_so_long_does_not_end_while_it_is_paused() -> None:
    rehearsal = rehearse(concurrency=1, slots=4, stress_max=3, rate=10)
    crew, clock = rehearsal.crew, rehearsal.clock
    task, ends = asyncio.create_task(crew.run()), asyncio.create_task(crew.go_home_after(500 * MS))
    await clock.advance(250 * MS)
    assert crew.pause()
    await clock.advance(10_000 * MS)
    begun = len(rehearsal.ended)
    assert crew.resume()
    await clock.play(task)
    assert await ends
    assert len(rehearsal.ended) == begun + 2, "a quarter of a second was left, at ten a second"
