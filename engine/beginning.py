"""Where a plan begins: with how many workers, after which run, and what is worked out before anything is timed."""

import asyncio
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from engine.allocator.window import instant
from engine.at_target import AnyTarget, contract_of
from engine.clock import RunningClock
from engine.config import Settings
from engine.continuing import Place, Undecided, behind, settle
from engine.database import STEP_ERRORS, DatabaseFailed, describe
from engine.exit_code import ExitCode
from engine.ground import CannotBegin, Ground
from engine.metrics.unfinished import progress
from engine.model.continued import Continued
from engine.model.floor import Busy
from engine.plan import Plan
from engine.planning import Start, rules, seatable, strategies
from engine.records.archive import find, runs_folder
from engine.records.trouble import RecordsDamaged, RunNotFound
from engine.session import RESTAURANT
from engine.spec import Spec
from engine.target import Capability
from engine.targets.postgres import PostgresTarget


def within(settings: Settings, ground: Ground, *, sweeps: bool = False) -> Settings:
    """The settings with as many workers as the target's budget has connections for. Raises CannotBegin for none."""
    budget = ground.clearance.budget
    if budget is None or budget.workers(settings.run.concurrency) == settings.run.concurrency:
        return settings
    workers = budget.workers(settings.run.concurrency)
    if workers < 1 or sweeps:
        raise CannotBegin(budget.lowered(settings.run.concurrency), ExitCode.REFUSED)
    return msgspec.structs.replace(settings, run=msgspec.structs.replace(settings.run, concurrency=workers))


def prepare(target: AnyTarget, plan: Plan, spec: Spec) -> None:
    """Find the choices of every party size now, so that no timed quote has to; an API plans by itself."""
    if not isinstance(target, PostgresTarget):
        return
    fill = spec.settings.fill
    parties = {turn.party for turn in plan.turns}
    if spec.plan == "fill":
        parties.update(range(fill.min_party, fill.max_party + 1))
    for planner in target.planners.values():
        for strategy in strategies(spec.plan, spec.settings):
            planner.prepare(sorted(parties), strategy)


async def behind_it(spec: Spec, target: AnyTarget, ground: Ground) -> tuple[Start, Continued | None]:
    """Where the plan begins; and, of a run that goes on with another, what became of what was in flight.

    Raises CannotBegin, DatabaseFailed, DatabaseUnreachable.
    """
    if not spec.continues:
        return Start(), None
    settings = spec.settings
    root = runs_folder(settings.records.runs)
    try:
        found = await asyncio.to_thread(behind, root, find(root, spec.continues))
    except (RecordsDamaged, RunNotFound) as error:
        raise CannotBegin(f"the journal of run {spec.continues} cannot be read: {error}", ExitCode.USAGE) from error
    if Capability.VERIFY not in target.capabilities:
        if found.has_in_flight:
            raise CannotBegin(
                f"run {spec.continues} had requests in flight and target {target.name} has no dsn, so what became of "
                "them cannot be told; give it one, or start a new run",
                ExitCode.INCONCLUSIVE,
            )
        return Start(*progress([(leg, ()) for leg in found.legs], found.plan)), None
    contexts: tuple[dict[str, str], ...] = ({},)
    if contract_of(target).needs_context:
        contexts = tuple({RESTAURANT: str(floor.restaurant_id)} for floor in target.floors.values())
    connection = await target.connect("slotfill continue")
    # The reference API ended with its engine; somebody else's may still be at it.
    longest_s = 0.0 if ground.is_embedded else settings.api.longest_request_s
    try:
        come, continued = await settle(found, Place(connection, RunningClock(), contexts, longest_s))
    except Undecided as error:
        raise CannotBegin(str(error), ExitCode.INCONCLUSIVE) from error
    finally:
        await connection.close()
    return Start(come.slots, come.numbers), continued


async def alone_seats(plan: Plan, target: AnyTarget, settings: Settings) -> int | None:
    """How many of a burst's distinct requests one worker alone would seat; None where no database tells."""
    if Capability.VERIFY not in target.capabilities:
        return None
    connection = await target.connect("slotfill burst")
    try:
        busy: dict[str, list[Busy]] = {}
        for turn in plan.turns:
            if turn.restaurant not in busy:
                floor = target.floors[turn.restaurant]
                begins = instant(ZoneInfo(floor.timezone), turn.on, time(0))
                busy[turn.restaurant] = await connection.rows(
                    "fill/busy", Busy, floor.restaurant_id, begins, begins + timedelta(days=1)
                )
    except STEP_ERRORS as error:
        raise DatabaseFailed(f"what is busy could not be read: {describe(error)}") from error
    finally:
        await connection.close()
    return seatable(plan, target.floors, busy, strategies("burst", settings)[0], rules(settings))
