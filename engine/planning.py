"""From settings to a plan: which plan a word stands for, and what each needs to know before it can be made."""

from collections.abc import Collection, Mapping
from datetime import date, time, timedelta
from typing import NamedTuple

from engine.allocator.planner import Planner
from engine.config import Settings
from engine.model.floor import Busy, Floor
from engine.model.strategy import Rules, Strategy
from engine.plan import Done, Plan
from engine.plans.assign import AssignPlan
from engine.plans.burst import BurstPlan
from engine.plans.create import CreatePlan
from engine.plans.fill import FillPlan
from engine.target import Target
from engine.wanted import PLANS


class NothingToDo(Exception):
    """There is nothing to plan. The message says why and what would help."""


class Start(NamedTuple):
    """Where a plan begins that goes on with an earlier run."""

    done: Mapping[tuple[str, date, time], Done] = {}
    """Of a fill: how far each slot had come."""
    numbers: Collection[int] = ()
    """Of a create: bookings that had been tried, by their number."""
    first_turn: int = 1
    """The first turn's id: a repeat goes on counting."""


BEGINNING = Start()


async def plan_of(name: str, target: Target, settings: Settings, on: date, start: Start = BEGINNING) -> Plan:
    """The plan of that name for what the target holds. Raises NothingToDo, ValueError, DatabaseFailed."""
    match name:
        case "fill":
            return _fill(target, settings, on, start)
        case "assign":
            pending = await target.pending(target.floors, on)
            if not pending:
                raise NothingToDo(f"no booking waits for tables on {on:%A %Y-%m-%d}; give a day that has pending ones")
            assign = settings.assign
            return AssignPlan.of(
                pending,
                seed=settings.run.seed,
                max_iterations=assign.max_iterations,
                passes=assign.passes,
                first_turn=start.first_turn,
            )
        case "create":
            return await _create(target, settings, on, start)
        case "burst":
            return BurstPlan.of(
                target.floors,
                seed=settings.run.seed,
                on=on,
                at=settings.fill.start,
                requests=settings.burst.requests,
                duplicates=settings.burst.duplicates,
                min_party=settings.fill.min_party,
                max_party=settings.fill.max_party,
                first_turn=start.first_turn,
            )
        case _:
            raise ValueError(f"there is no plan {name}; give {', '.join(PLANS)}")


def _fill(target: Target, settings: Settings, on: date, start: Start) -> Plan:
    fill = settings.fill
    plan = FillPlan.of(
        target.floors,
        seed=settings.run.seed,
        first=on,
        days=fill.days * max(1, settings.sweep.laps),
        start=fill.start,
        end=fill.end,
        interval_min=fill.interval_min,
        stress_max=fill.stress_max,
        min_party=fill.min_party,
        max_party=fill.max_party,
        share_slots=settings.run.share_slots,
        by_day=settings.sweep.laps > 1,
        done=start.done,
        first_turn=start.first_turn,
    )
    if not plan.turns and not start.done:
        until = on + timedelta(days=fill.days - 1)
        span = f"{on:%A %Y-%m-%d}" + (f" to {until:%A %Y-%m-%d}" if until != on else "")
        raise NothingToDo(
            f"{span}: every restaurant asked for is closed, so there is no slot to fill; give a day they are open"
        )
    return plan


async def _create(target: Target, settings: Settings, on: date, start: Start) -> Plan:
    create, fill = settings.create, settings.fill
    if create.clone_from is not None:
        source = await target.pending(target.floors, create.clone_from)
        if not source:
            raise NothingToDo(
                f"there is no pending booking to clone on {create.clone_from:%A %Y-%m-%d}; give another --clone-from"
            )
        return CreatePlan.cloned(source, on=on, count=create.count, done=start.numbers, first_turn=start.first_turn)
    return CreatePlan.of(
        target.floors,
        seed=settings.run.seed,
        on=on,
        count=create.count,
        start=fill.start,
        end=fill.end,
        interval_min=fill.interval_min,
        min_party=fill.min_party,
        max_party=fill.max_party,
        done=start.numbers,
        first_turn=start.first_turn,
    )


def seatable(
    plan: Plan, floors: Mapping[str, Floor], busy: dict[str, list[Busy]], strategy: Strategy, how: Rules
) -> int:
    """How many of the plan's distinct requests one worker alone would seat, in their order, beside what is busy."""
    seated = 0
    seen: set[int] = set()
    planners = {slug: Planner(floor, how) for slug, floor in floors.items()}
    for turn in plan.turns:
        if turn.twin in seen:
            continue
        if turn.twin:
            seen.add(turn.twin)
        taken = busy.setdefault(turn.restaurant, [])
        quote = planners[turn.restaurant].quote(turn.on, turn.at, turn.party, taken, strategy=strategy)
        if quote.candidates and quote.window is not None:
            seated += 1
            taken += [Busy(table.id, quote.window.start, quote.window.end) for table in quote.candidates[0].tables]
    return seated
