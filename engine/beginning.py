"""Where a plan begins: with how many workers, after which run, and what is worked out before anything is timed."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from engine.allocator.planner import Planner
from engine.allocator.window import instant
from engine.at_target import AnyTarget, contract_of
from engine.cannot_begin import CannotBegin
from engine.clock import RunningClock
from engine.config import Settings
from engine.continuing import Place, Undecided, behind, removed_since, settle
from engine.database import STEP_ERRORS, DatabaseFailed, describe
from engine.exit_code import ExitCode
from engine.ground import Ground
from engine.metrics.unfinished import progress
from engine.model.continued import Continued
from engine.model.floor import Busy
from engine.model.run_state import RunState
from engine.model.strategy import Strategy
from engine.plan import Plan
from engine.planning import NothingToDo, Start, seatable
from engine.records.archive import find, runs_folder
from engine.records.trouble import RecordsDamaged, RunNotFound
from engine.session import RESTAURANT, Session
from engine.spec import Spec
from engine.target import Capability
from engine.targets.postgres import PostgresTarget
from engine.wanted import rules, strategies

_PREPARE_NS = 300_000_000
"""So long a run's beginning waits for what can be planned before."""


def within(settings: Settings, ground: Ground, *, sweeps: bool = False) -> Settings:
    """The settings with as many workers as the target's budget has connections for. Raises CannotBegin for none."""
    budget = ground.clearance.budget
    if budget is None or budget.workers(settings.run.concurrency) == settings.run.concurrency:
        return settings
    workers = budget.workers(settings.run.concurrency)
    if workers < 1 or sweeps:
        raise CannotBegin(budget.lowered(settings.run.concurrency), ExitCode.REFUSED)
    return msgspec.structs.replace(settings, run=msgspec.structs.replace(settings.run, concurrency=workers))


class Preparing:
    """The choices of every party size that a plan may ask for, found before a timed quote has to; those first that
    come first.

    Of a usual house that is milliseconds, of a thousand tables seconds: nobody waits for those. What is left goes on
    beside the run, and a quote that comes before its own finds them itself.
    """

    def __init__(self, left: Iterable[tuple[Planner, int, Strategy]]) -> None:
        self._left = deque(left)
        self._stopped = False

    @property
    def left(self) -> int:
        """Party sizes of a planner and a strategy that are still to be prepared."""
        return len(self._left)

    def some(self, now_ns: Callable[[], int]) -> None:
        """As many as `_PREPARE_NS` allow, the one in hand to its end."""
        until = now_ns() + _PREPARE_NS
        while self._left and now_ns() < until:
            self._one()

    def rest(self) -> None:
        """All that is left, in a thread; ended between two by `stop`."""
        while self._left and not self._stopped:
            self._one()

    def stop(self) -> None:
        """The run is over."""
        self._stopped = True

    def _one(self) -> None:
        planner, party, strategy = self._left.popleft()
        planner.prepare((party,), strategy)


def to_prepare(target: AnyTarget, plan: Plan, spec: Spec) -> Preparing:
    """What the plan may ask the target's planners for; nothing of an API, which plans by itself."""
    if not isinstance(target, PostgresTarget):
        return Preparing(())
    fill = spec.settings.fill
    parties = dict.fromkeys(turn.party for turn in plan.turns)
    if spec.plan == "fill":
        parties |= dict.fromkeys(range(fill.min_party, fill.max_party + 1))
    ways = strategies(spec.plan, spec.settings)
    return Preparing(
        (planner, party, strategy) for strategy in ways for party in parties for planner in target.planners.values()
    )


@contextlib.asynccontextmanager
async def prepared(target: AnyTarget, plan: Plan, spec: Spec) -> AsyncIterator[None]:
    """What the plan asks first is prepared; the rest, if a floor is large, is meanwhile."""
    preparing = to_prepare(target, plan, spec)
    preparing.some(RunningClock().now_ns)
    beside = asyncio.create_task(asyncio.to_thread(preparing.rest)) if preparing.left else None
    try:
        yield
    finally:
        preparing.stop()
        if beside is not None:
            await beside


async def behind_it(spec: Spec, target: AnyTarget, ground: Ground) -> tuple[Start, Continued | None]:
    """Where the plan begins; and, of a run that goes on with another, what became of what was in flight.

    Raises CannotBegin, DatabaseFailed, DatabaseUnreachable.
    """
    if not spec.continues:
        return Start(), None
    settings = spec.settings
    root = runs_folder(settings.records.runs)
    try:
        entry = find(root, spec.continues)
        found = await asyncio.to_thread(behind, root, entry)
        gone = await asyncio.to_thread(removed_since, root, entry)
    except (RecordsDamaged, RunNotFound) as error:
        raise CannotBegin(f"the journal of run {spec.continues} cannot be read: {error}", ExitCode.USAGE) from error
    if gone:
        raise CannotBegin(f"{gone}: there is nothing left to go on with; run it again", ExitCode.USAGE)
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


def refuse_finished(spec: Spec, plan: Plan, continued: Continued | None) -> None:
    """A run of no attempts would only hide the one that it goes on with. Raises NothingToDo where that has finished.

    Of one that died something is left even then: what was in flight is settled, and it gets a result.
    """
    if not spec.continues or plan.turns or (continued is not None and continued.in_flight):
        return
    if find(runs_folder(spec.settings.records.runs), spec.continues).state is RunState.FINISHED:
        raise NothingToDo(
            f"run {spec.continues} has finished and nothing of its plan is left to do; see it with slotfill report "
            f"{spec.continues}, or give it more to do, such as --days 2 or a later --end"
        )


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
                if contract_of(target).needs_context:
                    await Session.of(connection).bring({RESTAURANT: str(floor.restaurant_id)})
                busy[turn.restaurant] = await connection.rows(
                    "fill/busy", Busy, floor.restaurant_id, begins, begins + timedelta(days=1)
                )
    except STEP_ERRORS as error:
        raise DatabaseFailed(f"what is busy could not be read: {describe(error)}") from error
    finally:
        await connection.close()
    return seatable(plan, target.floors, busy, strategies("burst", settings)[0], rules(settings))
