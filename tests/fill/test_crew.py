"""The crew: pause, resize and stop act between attempts, and the in-between states are there to be seen."""

import asyncio

import pytest

from engine.model.event import Event, RunMoved
from engine.model.outcome import Certainty
from engine.model.run_state import RunState, WorkerState
from engine.model.turn import TurnEnd
from engine.records.trouble import RecordsFailed
from tests.fill.crews import MS, Rehearsal, rehearse


async def test_every_slot_is_filled_to_its_cap_and_the_run_ends() -> None:
    rehearsal = rehearse(concurrency=2, slots=4, stress_max=3)
    await rehearsal.play()
    assert len(rehearsal.ended) == 12
    assert {end.end for end in rehearsal.turn_ends} == {TurnEnd.CAPPED}
    assert len(rehearsal.target.confirmed) == 12
    assert rehearsal.target.seats == 0


async def test_the_first_unfilled_attempt_exhausts_its_slot() -> None:
    rehearsal = rehearse(concurrency=1, slots=1, stress_max=500)
    await rehearsal.play()
    assert rehearsal.turn_ends[0].end is TurnEnd.EXHAUSTED
    assert [ended.outcome for ended in rehearsal.ended][-1] != "filled"
    assert all(ended.outcome == "filled" for ended in rehearsal.ended[:-1])
    assert rehearsal.turn_ends[0].attempts == len(rehearsal.ended)


async def test_every_write_has_its_intent_before_its_outcome() -> None:
    rehearsal = rehearse(concurrency=3, slots=3)
    await rehearsal.play()
    for ended in rehearsal.ended:
        steps = [intent.ids.step for intent in rehearsal.intents if intent.ids.attempt == ended.ids.attempt]
        assert steps[0] == "submit"
        assert len([step for step in steps if step == "hold"]) == ended.tries


async def test_pause_lets_attempts_in_flight_end_and_begins_none() -> None:
    rehearsal = rehearse(concurrency=2)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(2 * MS)
    assert rehearsal.crew.in_flight == 2
    assert rehearsal.crew.pause()
    assert rehearsal.states[-1] == RunState.PAUSING
    await rehearsal.clock.advance(100 * MS)
    assert rehearsal.states[-1] == RunState.PAUSED
    begun = len(rehearsal.intents)
    assert {row.state for row in rehearsal.crew.rows.values()} == {WorkerState.RESTING}
    await rehearsal.clock.advance(1000 * MS)
    assert len(rehearsal.intents) == begun
    assert rehearsal.crew.resume()
    await rehearsal.clock.play(task)
    assert rehearsal.states == ["running", "pausing", "paused", "running"]
    assert len(rehearsal.ended) == 12


async def test_resize_never_cuts_a_fill() -> None:
    rehearsal = rehearse(concurrency=4)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(2 * MS)
    rehearsal.crew.resize(1)
    leaving = [row.worker for row in rehearsal.crew.rows.values() if row.state is WorkerState.LEAVING]
    assert leaving == [1, 2, 3]
    await rehearsal.clock.advance(20 * MS)
    assert list(rehearsal.crew.rows) == [0]
    await rehearsal.clock.play(task)
    assert all(ended.certainty is Certainty.OK for ended in rehearsal.ended)
    assert len(rehearsal.ended) == 12


async def test_resize_up_brings_workers_in() -> None:
    rehearsal = rehearse(concurrency=1)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(2 * MS)
    rehearsal.crew.resize(3)
    await rehearsal.clock.advance(2 * MS)
    assert rehearsal.crew.in_flight == 3
    await rehearsal.clock.play(task)


async def test_with_fewer_slots_than_workers_some_stand_idle_unless_slots_are_shared() -> None:
    alone = rehearse(concurrency=4, slots=2)
    task = asyncio.create_task(alone.crew.run())
    await alone.clock.advance(2 * MS)
    assert [row.state for row in alone.crew.rows.values()].count(WorkerState.IDLE) == 2
    await alone.clock.play(task)
    assert alone.crew.effective_concurrency <= 2
    shared = rehearse(concurrency=4, slots=2, share_slots=True)
    task = asyncio.create_task(shared.crew.run())
    await shared.clock.advance(2 * MS)
    assert shared.crew.in_flight == 4
    await shared.clock.play(task)


async def test_stop_drains_and_says_so() -> None:
    rehearsal = rehearse(concurrency=2)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(2 * MS)
    assert rehearsal.crew.stop()
    assert not rehearsal.crew.stop()
    assert rehearsal.crew.state is RunState.DRAINING
    await rehearsal.clock.play(task)
    assert len(rehearsal.ended) == 2
    assert all(ended.outcome == "filled" for ended in rehearsal.ended)
    assert rehearsal.target.seats == 0


@pytest.mark.parametrize("moment", range(1, 6))
async def test_a_cancel_leaves_every_intent_with_an_end_and_no_hold_behind(moment: int) -> None:
    rehearsal = rehearse(concurrency=1)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(moment * MS - MS // 2)
    rehearsal.crew.stop()
    rehearsal.crew.cancel()
    await rehearsal.clock.play(task)
    begun = {intent.ids.attempt for intent in rehearsal.intents}
    assert {ended.ids.attempt for ended in rehearsal.ended} == begun
    assert all(ended.refusal is not None for ended in rehearsal.ended)
    in_doubt = [ended for ended in rehearsal.ended if ended.certainty is Certainty.INFO]
    # submit, hold and commit are writes that nobody may call undone; quote and confirm roll back.
    assert len(in_doubt) == (1 if moment in (1, 3, 5) else 0)
    if moment != 5:
        assert not [one for one in rehearsal.target.busy if one.hold_id]
    assert rehearsal.target.seats == 0


async def test_an_open_model_begins_attempts_on_schedule_and_measures_from_when_they_were_due() -> None:
    rehearsal = rehearse(concurrency=4, rate=100)
    await rehearsal.play()
    due = [ended.due_ns for ended in sorted(rehearsal.ended, key=lambda ended: ended.ids.attempt or 0)]
    assert due == [place * 10 * MS for place in range(12)]
    assert all(ended.started_ns >= ended.due_ns for ended in rehearsal.ended)


async def test_an_open_model_that_falls_behind_says_by_how_much() -> None:
    rehearsal = rehearse(concurrency=1, rate=1000)
    await rehearsal.play()
    last = max(rehearsal.ended, key=lambda ended: ended.started_ns)
    assert last.started_ns - last.due_ns > 10 * MS


async def test_a_pause_moves_the_schedule_on() -> None:
    rehearsal = rehearse(concurrency=4, rate=100)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(25 * MS)
    rehearsal.crew.pause()
    await rehearsal.clock.advance(1000 * MS)
    rehearsal.crew.resume()
    await rehearsal.clock.play(task)
    due = sorted(ended.due_ns for ended in rehearsal.ended)
    assert due[3] == 1030 * MS


async def test_a_worker_s_bug_ends_the_run_loudly() -> None:
    rehearsal = rehearse(concurrency=2)

    def broken(turn: int, filled: bool) -> None:
        raise ZeroDivisionError("planted")

    rehearsal.plan.ended = broken  # type: ignore[method-assign, assignment]
    with pytest.raises(ExceptionGroup):
        await rehearsal.play()


async def test_any_concurrency_gives_a_slot_the_same_party() -> None:
    def parties(rehearsal: Rehearsal) -> dict[int, int]:
        return {turn.id: turn.party for turn in rehearsal.plan.turns}

    one, many = rehearse(concurrency=1), rehearse(concurrency=6, share_slots=True)
    await one.play()
    await many.play()
    assert parties(one) == parties(many)
    assert {ended.party for ended in many.ended if ended.ids.turn == 1} == {parties(one)[1]}


async def test_two_runs_with_one_seed_at_concurrency_one_are_identical() -> None:
    def story(rehearsal: Rehearsal) -> list[tuple[int | None, int, int, str, tuple[str, ...]]]:
        return [(e.ids.turn, e.ordinal, e.party, e.outcome, e.tables) for e in rehearsal.ended]

    first, second = rehearse(concurrency=1), rehearse(concurrency=1)
    await first.play()
    await second.play()
    assert story(first) == story(second)


async def test_a_paused_run_can_be_stopped() -> None:
    rehearsal = rehearse(concurrency=3)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(2 * MS)
    rehearsal.crew.pause()
    await rehearsal.clock.advance(100 * MS)
    ended = len(rehearsal.ended)
    assert rehearsal.crew.stop()
    await rehearsal.clock.play(task)
    assert len(rehearsal.ended) == ended
    assert rehearsal.target.seats == 0
    assert rehearsal.states == ["running", "pausing", "paused", "draining"]


async def test_resume_while_pausing_goes_on_without_having_paused() -> None:
    rehearsal = rehearse(concurrency=2)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(2 * MS)
    assert rehearsal.crew.pause()
    assert not rehearsal.crew.pause()
    assert rehearsal.crew.resume()
    assert not rehearsal.crew.resume()
    await rehearsal.clock.play(task)
    assert rehearsal.states == ["running", "pausing", "running"]
    assert len(rehearsal.ended) == 12


async def test_a_worker_that_was_told_to_leave_may_be_told_to_stay() -> None:
    rehearsal = rehearse(concurrency=4)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(2 * MS)
    rehearsal.crew.resize(1)
    rehearsal.crew.resize(4)
    await rehearsal.clock.advance(10 * MS)
    assert len([row for row in rehearsal.crew.rows.values() if row.state is not WorkerState.GONE]) == 4
    await rehearsal.clock.play(task)
    assert len(rehearsal.ended) == 12


async def test_effective_concurrency_leaves_pauses_out() -> None:
    rehearsal = rehearse(concurrency=2)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(3 * MS)
    rehearsal.crew.pause()
    await rehearsal.clock.advance(100 * MS)
    before = rehearsal.crew.effective_concurrency
    await rehearsal.clock.advance(100_000 * MS)
    assert rehearsal.crew.effective_concurrency == before
    assert 1.5 < before <= 2
    rehearsal.crew.resume()
    await rehearsal.clock.play(task)


@pytest.mark.parametrize("act", ["stop", "cancel"])
async def test_a_journal_that_takes_no_more_does_not_keep_a_stopped_crew_waiting(act: str) -> None:
    rehearsal = rehearse(concurrency=2)
    full = False

    def log(event: Event) -> None:
        if full and isinstance(event, RunMoved):
            raise RecordsFailed("planted: no space left")
        rehearsal.events.append(event)

    rehearsal.crew.desk = rehearsal.crew.desk._replace(log=log)
    task = asyncio.create_task(rehearsal.crew.run())
    await rehearsal.clock.advance(2 * MS)
    rehearsal.crew.pause()
    await rehearsal.clock.advance(100 * MS)
    full = True
    with pytest.raises(RecordsFailed):
        getattr(rehearsal.crew, act)()
    await rehearsal.clock.play(task)
    assert task.done()
    assert rehearsal.target.seats == 0
