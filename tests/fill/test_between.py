"""What an operator does while a pass is read back: nothing begins for it, and nothing is late because of it."""

import asyncio
from typing import cast

from engine.backends import Backends
from engine.clock import Clock
from engine.config import Settings
from engine.fill.crew import Crew
from engine.mending import Bench, Mending
from engine.model.command import Answer, Command, Verb
from engine.model.event import AttemptEnded, Event
from engine.model.run_state import RunState
from engine.plans.assign import AssignPlan
from engine.steering import Steering, Wheel
from engine.targets.rehearsal import RehearsalTarget
from tests.clocks import StillClock
from tests.fill.crews import MS, crew_for
from tests.fill.test_passes import at_white_horse, waiting


class Evening:
    """A crew with two passes, of which the first is read back for ten seconds."""

    def __init__(self, rate: float | None = None) -> None:
        pending = waiting(60, party=8)
        self.target: RehearsalTarget = at_white_horse(pending)
        self.clock = cast("StillClock", self.target.clock)
        self.events: list[Event] = []
        plan = AssignPlan.of(pending, seed=1, max_iterations=2, passes=0)
        self.crew: Crew = crew_for(plan, self.target, self.events, concurrency=4, rate=rate)
        self._ends, self.crew.between = self.crew.between, self._read_back
        self.reads = False

    async def _read_back(self) -> None:
        self.reads = True
        await self.clock.sleep_until(self.clock.now_ns() + 10_000 * MS)
        self.reads = False
        await self._ends()

    async def until_it_is_read_back(self) -> None:
        while not self.reads:
            await self.clock.advance(MS)

    @property
    def ended(self) -> list[AttemptEnded]:
        return [event for event in self.events if isinstance(event, AttemptEnded)]


class Mends(Mending):
    """A repair that takes as long as it is let."""

    def __init__(self) -> None:
        super().__init__(cast("Bench", None))
        self.begun = 0
        self.done = asyncio.Event()

    async def do(self, arguments: object, who: str) -> Answer:
        self.begun += 1
        await self.done.wait()
        return Answer(done=True, text="3 put right")


def wheel(evening: Evening, mends: Mends) -> Steering:
    at = Wheel(cast("Clock", evening.clock), evening.events.append, lambda: None, "assign", None, mends)
    return Steering(Settings(), evening.crew, at, Backends(None))


REPAIR = Command(Verb.REPAIR, ("holds",))


async def test_who_pauses_and_resumes_while_a_pass_is_read_back_makes_nothing_late() -> None:
    evening = Evening(rate=100)
    task = asyncio.create_task(evening.crew.run())
    await evening.until_it_is_read_back()
    assert evening.crew.pause()
    assert evening.crew.resume()
    assert evening.crew.behind_ns == 0
    await evening.clock.advance(5_000 * MS)
    assert evening.crew.behind_ns == 0
    await evening.clock.play(task)
    assert {event.ids.leg for event in evening.ended} == {0, 1}
    assert max(event.started_ns - event.due_ns for event in evening.ended) < 1000 * MS


async def test_who_pauses_while_a_pass_is_read_back_and_resumes_later_makes_nothing_late() -> None:
    evening = Evening(rate=100)
    task = asyncio.create_task(evening.crew.run())
    await evening.until_it_is_read_back()
    evening.crew.pause()
    await evening.clock.advance(60_000 * MS)
    evening.crew.resume()
    await evening.clock.play(task)
    assert {event.ids.leg for event in evening.ended} == {0, 1}
    assert max(event.started_ns - event.due_ns for event in evening.ended) < 1000 * MS


async def test_nothing_is_repaired_while_a_pass_is_read_back_and_no_pass_begins_under_a_repair() -> None:
    evening, mends = Evening(), Mends()
    steers = wheel(evening, mends)
    task = asyncio.create_task(evening.crew.run())
    await evening.until_it_is_read_back()
    unpaused = await steers.do(REPAIR, "ana")
    assert (unpaused.done, mends.begun) == (False, 0)
    assert unpaused.text == "0 attempts are in flight and it is running: pause first (P)"
    evening.crew.pause()
    paused = await steers.do(REPAIR, "ana")
    assert (paused.done, mends.begun) == (False, 0)
    assert paused.text == "what was booked is being read back: repair once it has been, while it is paused"
    await evening.clock.advance(20_000 * MS)
    assert evening.crew.plan.leg == 1
    repairing = asyncio.create_task(steers.do(REPAIR, "ana"))
    await evening.clock.settle()
    assert mends.begun == 1
    before = len(evening.ended)
    assert not (await steers.do(Command(Verb.RESUME), "ana")).done
    await evening.clock.advance(1_000 * MS)
    assert len(evening.ended) == before, "nobody works under a repair"
    mends.done.set()
    assert (await repairing).done
    assert (await steers.do(Command(Verb.RESUME), "ana")).done
    await evening.clock.play(task)
    assert evening.crew.state is RunState.RUNNING
    assert {event.ids.leg for event in evening.ended} == {0, 1}


async def mean_at_work(*, looks: bool) -> float:
    """Attempts at work of an evening that somebody looks at, or nobody: long before it, between its passes, after."""
    evening = Evening()

    def look() -> None:
        if looks:
            assert evening.crew.effective_concurrency >= 0

    await evening.clock.advance(10_000 * MS)
    look()
    task = asyncio.create_task(evening.crew.run())
    await evening.until_it_is_read_back()
    await evening.clock.advance(5_000 * MS)
    look()
    await evening.clock.play(task)
    await evening.clock.advance(10_000 * MS)
    look()
    return evening.crew.effective_concurrency


async def test_the_mean_at_work_does_not_depend_on_who_looks_at_it_and_when() -> None:
    unseen, seen = await mean_at_work(looks=False), await mean_at_work(looks=True)
    assert unseen == seen
    assert seen > 2, "what was read back is no time of the four workers"
