"""A crew on the rehearsal target with a still clock: what every crew test begins with."""

import asyncio
import datetime as dt
from dataclasses import dataclass, field

from engine.allocator.strategies import OPTIMAL
from engine.fill.crew import Crew
from engine.fill.desk import Desk, Holders
from engine.fill.pace import Pace
from engine.fill.task import Task
from engine.model.event import AttemptEnded, Event, Intended, RunMoved, TurnEnded
from engine.model.floor import Floor
from engine.model.ids import RunId
from engine.model.strategy import Strategy
from engine.plan import Plan
from engine.plans.fill import FillPlan
from engine.targets.rehearsal import RehearsalTarget
from tests.allocator.floors import white_horse
from tests.clocks import StillClock

MS = 1_000_000
MONDAY = dt.date(2027, 3, 1)


@dataclass
class Rehearsal:
    """A crew and everything it said."""

    crew: Crew
    clock: StillClock
    target: RehearsalTarget
    plan: FillPlan
    events: list[Event] = field(default_factory=list)

    @property
    def ended(self) -> list[AttemptEnded]:
        return [event for event in self.events if isinstance(event, AttemptEnded)]

    @property
    def intents(self) -> list[Intended]:
        return [event for event in self.events if isinstance(event, Intended)]

    @property
    def states(self) -> list[str]:
        return [event.state.value for event in self.events if isinstance(event, RunMoved)]

    @property
    def turn_ends(self) -> list[TurnEnded]:
        return [event for event in self.events if isinstance(event, TurnEnded)]

    async def play(self) -> None:
        task = asyncio.create_task(self.crew.run())
        try:
            await self.clock.play(task)
            await task
        finally:
            task.cancel()


def crew_for(
    plan: Plan,
    target: RehearsalTarget,
    events: list[Event],
    *,
    concurrency: int,
    ladder: tuple[Strategy, ...] = (OPTIMAL,),
    gathers: bool = False,
    retries: int = 0,
    rate: float | None = None,
) -> Crew:
    """A crew that has not begun, for any plan; between passes it plans what still waits."""
    zones = {zone.id: zone.name for one in target.floors.values() for zone in one.zones}
    desk = Desk(target.clock, events.append, Holders(), zones, lambda: retries)

    async def between() -> None:
        plan.next_pass(await target.pending(target.floors, MONDAY), changed=True)

    task = Task(plan, ladder, concurrency, gathers=gathers, between=between)
    return Crew(RunId("test"), task, target, Pace(rate), desk)


def rehearse(
    *,
    concurrency: int = 2,
    slots: int = 4,
    stress_max: int = 3,
    share_slots: bool = False,
    rate: float | None = None,
    seed: int = 7,
    floor: Floor | None = None,
) -> Rehearsal:
    """A crew that has not begun."""
    clock = StillClock()
    floors = {"white-horse-pub-waterbeach": floor or white_horse()}
    start = dt.datetime.combine(MONDAY, dt.time(17, 0))
    plan = FillPlan.of(
        floors,
        seed=seed,
        first=MONDAY,
        days=1,
        start=start.time(),
        end=(start + dt.timedelta(minutes=15 * (slots - 1))).time(),
        interval_min=15,
        stress_max=stress_max,
        min_party=1,
        max_party=8,
        share_slots=share_slots,
    )
    target = RehearsalTarget(floors, clock, step_ns=MS)
    events: list[Event] = []
    crew = crew_for(plan, target, events, concurrency=concurrency, rate=rate)
    return Rehearsal(crew, clock, target, plan, events)
