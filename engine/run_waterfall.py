"""The success waterfall of a run at its end: what it is computed from is read, kept in the folder, and handed over."""

import asyncio

from engine.config import Settings
from engine.database import STEP_ERRORS, DatabaseFailed, DatabaseUnreachable
from engine.judge.seatings import HouseRules, Taken
from engine.judge.waterfall import Ground
from engine.model.report import Result
from engine.model.rows import TableTaken
from engine.model.waterfall import Waterfall
from engine.opening import Opened
from engine.records.waterfall import PLANS, attempted, fell, keep_ground
from engine.session import RESTAURANT, Session
from engine.settlement import WHOLE
from engine.target import Capability
from engine.wanted import strategies

_GROUND_S = 10.0
"""Longest time to read what others had taken."""
MOST_FALLEN = WHOLE
"""Attempts of which a waterfall is computed when a run ends: the planner is asked once more for every one of them."""


async def fallen(stands: Opened, result: Result) -> Waterfall | None:
    """The success waterfall; None where a bound makes no sense, or what was taken before cannot be read."""
    run, settings = stands.run, stands.run.steering.settings
    target = run.target
    if result.plan not in PLANS or stands.sweep is not None or Capability.VERIFY not in target.capabilities:
        return None
    if result.attempts > MOST_FALLEN:
        return None
    taken: dict[str, tuple[Taken, ...]] = {}
    ours = await asyncio.to_thread(attempted, stands.folder)
    try:
        async with asyncio.timeout(_GROUND_S):
            rows = await taken_before(stands)
    except (*STEP_ERRORS, DatabaseFailed, DatabaseUnreachable, TimeoutError):
        return None
    for row in rows:
        if row.booking_id not in ours:
            taken[row.restaurant] = (*taken.get(row.restaurant, ()), Taken(row.table, row.start, row.end))
    planners = getattr(target, "planners", {})
    ground = Ground(
        floors=dict(target.floors),
        taken=taken,
        # A quote relaxes adjacency when nothing else is free, and then the platform is not asked to enforce it.
        rules=HouseRules(adjacency=False, max_tables=_most_tables(result.plan, settings)),
        planning={slug: planner.rules for slug, planner in planners.items()},
        ladder=strategies(result.plan, settings) if planners else (),
        waiting=result.plan == "assign",
    )
    await asyncio.to_thread(keep_ground, stands.folder, ground)
    if not settings.records.waterfall:
        return None
    return await asyncio.to_thread(fell, stands.folder, ground, result)


async def taken_before(stands: Opened) -> list[TableTaken]:
    """What others had; restaurant by restaurant where row security wants it. Raises what connecting and asking do."""
    run, found = stands.run, dict[tuple[object, ...], TableTaken]()
    contexts: list[dict[str, str]] = [{}]
    if run.passes.apart:
        contexts = [{RESTAURANT: str(floor.restaurant_id)} for floor in run.target.floors.values()]
    connection = await stands.connect(f"slotfill {run.facts.run_id} waterfall")
    try:
        for context in contexts:
            await Session.of(connection).bring(context)
            for row in await connection.rows("truth/taken_before", TableTaken, run.facts.run_id):
                found[row.booking_id, row.table, row.start] = row
    finally:
        await connection.close()
    return list(found.values())


def _most_tables(plan: str, settings: Settings) -> int:
    return settings.create.max_tables if plan == "create" else settings.allocator.max_tables


def too_many(attempts: int) -> tuple[str, ...]:
    """What is not in the result, as it would take too long when a run ends."""
    if attempts <= MOST_FALLEN:
        return ()
    most = f"{attempts} attempts are too many for a success waterfall at the end of a run, which takes {MOST_FALLEN}"
    return (f"{most} at most: slotfill optimum takes the time",)
