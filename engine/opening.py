"""From a spec to a run that stands: ground, floors, plan, folder. Whatever fails leaves nothing behind."""

import asyncio
import contextlib
import platform
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from engine import __version__
from engine.allocator.window import instant
from engine.backends import Backends
from engine.checks import Checks
from engine.clock import RunningClock
from engine.config import Settings, SettingsInvalid
from engine.continuing import behind, give_up
from engine.contract import Contract, Terms, page, unfit
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe
from engine.exit_code import ExitCode
from engine.fault_switch import FaultSwitch, Where
from engine.ground import CannotBegin, EmbeddedGround, ForeignGround, Ground
from engine.model.event import Acted
from engine.model.fault import parse
from engine.model.floor import Busy
from engine.model.ids import Ids, RunId
from engine.plan import Plan
from engine.planning import PLANS, NothingToDo, Start, data_of, plan_of, rules, seatable, strategies
from engine.platform.cluster import Cluster
from engine.platform.databases import is_ours, schema_checksum
from engine.platform.seed import DATA, DATA_SETS
from engine.portrait import RunFacts
from engine.probe import probe
from engine.records.archive import Manifest, find, new_folder, runs_folder, write_manifest
from engine.records.journal import Journal
from engine.records.recording import Recording
from engine.records.samples import Samples
from engine.records.trouble import RecordsDamaged, RecordsFailed
from engine.restaurants import read_floors
from engine.run import Run, RunParts
from engine.safety import GuardRefused, guard_restaurants, guard_target
from engine.settings_sources import check, flat
from engine.sockets import socket_path
from engine.spec import Spec
from engine.steering import SPARE_CONNECTIONS
from engine.targets.postgres import PostgresTarget

SUPERUSER_RESERVED = 3
"""Connections Postgres keeps back, by its default."""


class Opened(msgspec.Struct):
    """A run that stands, and what its engine needs around it."""

    run: Run
    manifest: Manifest
    folder: Path
    socket: Path
    connect: Callable[[str], Awaitable[Connection]]
    checks: Checks
    renew: Callable[[], Awaitable[None]]
    """Bring everything back to the first state and let the crew take over the plan once more: the next repeat."""
    seatable: int | None = None
    """Of a burst: distinct requests that one worker alone would seat."""


def check_spec(spec: Spec) -> None:
    """Everything that settings alone can tell, before anything is started. Raises CannotBegin."""
    settings = spec.settings
    if spec.plan not in PLANS:
        raise CannotBegin(f"there is no plan {spec.plan}; give {', '.join(PLANS)}", ExitCode.USAGE)
    try:
        check(settings)
        strategies(spec.plan, settings)
        faults = [parse(one) for one in settings.run.faults]
        target = guard_target(settings)
    except (SettingsInvalid, ValueError) as error:
        raise CannotBegin(str(error), ExitCode.USAGE) from error
    except GuardRefused as error:
        raise CannotBegin(str(error), ExitCode.REFUSED) from error
    if spec.continues and spec.plan == "burst":
        raise CannotBegin("a burst is one moment and cannot be gone on with; run it again", ExitCode.USAGE)
    if target.kind != "embedded":
        if faults:
            raise CannotBegin("faults are switched on in the embedded platform only", ExitCode.REFUSED)
        return
    room = settings.embedded.max_connections - SPARE_CONNECTIONS - SUPERUSER_RESERVED
    if settings.run.concurrency > room:
        raise CannotBegin(
            f"concurrency = {settings.run.concurrency} wants as many connections, and the embedded Postgres has "
            f"{room} to give; give {room} or less, or raise embedded.max_connections",
            ExitCode.USAGE,
        )
    data = data_of(spec.plan, settings)
    if data not in DATA:
        raise CannotBegin(f"there is no data set {data}; give {', '.join(DATA)}", ExitCode.USAGE)
    wanted = set(settings.run.restaurants) - {"all", *DATA_SETS[data].restaurants}
    if wanted and spec.fresh:
        raise CannotBegin(
            f"there is no restaurant {', '.join(sorted(wanted))}; the embedded platform seeded with {data} has "
            f"{', '.join(DATA_SETS[data].restaurants)}",
            ExitCode.USAGE,
        )


@contextlib.asynccontextmanager
async def opened(spec: Spec) -> AsyncIterator[Opened]:
    """A run made from the spec; left, its ground and target are let go. Raises CannotBegin."""
    check_spec(spec)
    run_id = RunId(secrets.token_hex(4))
    async with contextlib.AsyncExitStack() as stack:
        target = spec.settings.targets[spec.settings.run.target]
        if target.kind != "embedded":
            foreign = await stack.enter_async_context(ForeignGround.opened(spec, target))
            yield await _stand(stack, spec, run_id, foreign, {})
            return
        cluster = await Cluster.open(spec.settings.embedded, f"run {run_id}")
        stack.push_async_callback(cluster.close)
        ground = await stack.enter_async_context(EmbeddedGround.opened(cluster, spec, run_id))
        versions = {"postgres": cluster.server_version, "schema": schema_checksum(ground.data), "data": ground.data}
        yield await _stand(stack, spec, run_id, ground, versions)


async def _stand(
    stack: contextlib.AsyncExitStack, spec: Spec, run_id: RunId, ground: Ground, versions: dict[str, str]
) -> Opened:
    """Read what is there, plan, and make the run's folder with its first files. Raises CannotBegin."""
    settings = spec.settings
    try:
        target = await _target(spec, run_id, ground)
        ladder = strategies(spec.plan, settings)
        start, given_up = await _behind(spec, target)
        plan = await plan_of(spec.plan, target, settings, ground.day, start)
        burst = await _seatable(plan, target, settings) if spec.plan == "burst" else None
    except DatabaseFailed as error:
        raise CannotBegin(str(error), ExitCode.UNREACHABLE) from error
    except (NothingToDo, ValueError) as error:
        raise CannotBegin(str(error), ExitCode.USAGE) from error
    _prepare(target, plan, spec)
    clock = RunningClock()
    wall = clock.wall()
    manifest = Manifest(
        run_id=run_id,
        name=settings.run.name,
        plan=spec.plan,
        target=settings.run.target,
        database=ground.database,
        socket=str(socket_path(run_id)),
        started_at=wall.isoformat(timespec="milliseconds"),
        settings=flat(settings),
        fingerprint={
            "slotfill": __version__,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "postgres": target.contract.server,
            **versions,
        },
        data=ground.data,
        day=ground.day.isoformat(),
        continues=spec.continues,
        adaptations=tuple(f"{one.does}: {one.reason}" for one in target.contract.adaptations),
    )
    folder = new_folder(runs_folder(settings.records.runs), spec.plan, run_id, wall)
    checks = Checks(target.connect, target, settings.run.hold_ttl_s, folder)
    faults = None
    if ground.is_embedded:
        faults = FaultSwitch(target.connect, target, Where(rules(settings), settings.run.seed, ground.day))
    try:
        write_manifest(folder, manifest)
        await checks.before()
        if faults is not None:
            await faults.turn(settings.run.faults)
        journal = Journal(folder, run_id, clock, fsync=settings.records.journal_fsync)
        stack.callback(journal.close)
        recording = Recording(folder, run_id)
        stack.callback(recording.close)
        samples = Samples(folder)
        stack.callback(samples.flush)
    except (RecordsFailed, DatabaseFailed) as error:
        # A folder without a journal would be listed as a run that crashed.
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, DatabaseFailed):
            raise CannotBegin(str(error), ExitCode.UNREACHABLE) from error
        raise
    parts = RunParts(
        facts=RunFacts(
            run_id=run_id,
            name=settings.run.name,
            plan=spec.plan,
            target=settings.run.target,
            database=ground.database,
            seed=settings.run.seed,
            started_at=manifest.started_at,
        ),
        settings=settings,
        plan=plan,
        ladder=ladder,
        target=target,
        connect=target.connect,
        faults=faults,
        clock=clock,
        folder=folder,
        journal=journal,
        recording=recording,
        samples=samples,
        backends=Backends(target.connect),
    )
    run = Run(parts)
    run.passes.on = ground.day
    if given_up is not None:
        run.log(Acted(clock.now_ns(), Ids(run=run_id), f"continue {spec.continues}", spec.who, given_up))
    stands = Opened(run, manifest, folder, Path(manifest.socket), target.connect, checks, _no_renewal, burst)
    stands.renew = lambda: _renew(stands, spec, ground, target)
    return stands


async def _target(spec: Spec, run_id: RunId, ground: Ground) -> PostgresTarget:
    """The target on that ground, once it is known to be ours to write to and to speak the contract."""
    settings = spec.settings
    connection = await Connection.open(
        ground.dsn, application_name="slotfill opening", timeout_s=settings.run.step_timeout_s, pooled=True
    )
    try:
        if ground.is_embedded and not await is_ours(connection):
            raise CannotBegin(
                "the database does not carry slotfill's own marker: nothing was written", ExitCode.REFUSED
            )
        contract: Contract = await probe(connection)
        if unfit(contract):
            raise CannotBegin(page(contract), ExitCode.UNREACHABLE)
        floors = await read_floors(connection, settings.run.restaurants, contract)
    finally:
        await connection.close()
    missing = set(settings.run.restaurants) - {"all"} - set(floors)
    if missing:
        raise CannotBegin(f"there is no restaurant {', '.join(sorted(missing))} in it", ExitCode.USAGE)
    try:
        guard_restaurants(settings.run.target, settings.targets[settings.run.target], floors)
    except GuardRefused as error:
        raise CannotBegin(str(error), ExitCode.REFUSED) from error
    if not floors:
        raise CannotBegin("there is no active restaurant in it; seed it first: slotfill db seed", ExitCode.USAGE)
    terms = Terms(
        step_timeout_s=settings.run.step_timeout_s,
        hold_ttl_s=settings.run.hold_ttl_s,
        rules=rules(settings),
        spread=settings.allocator.spread,
    )
    return PostgresTarget(settings.run.target, ground.dsn, run_id, floors, contract, terms)


def _prepare(target: PostgresTarget, plan: Plan, spec: Spec) -> None:
    """Find the choices of every party size now, so that no timed quote has to."""
    fill = spec.settings.fill
    parties = {turn.party for turn in plan.turns}
    if spec.plan == "fill":
        parties.update(range(fill.min_party, fill.max_party + 1))
    for planner in target.planners.values():
        for strategy in strategies(spec.plan, spec.settings):
            planner.prepare(sorted(parties), strategy)


async def _behind(spec: Spec, target: PostgresTarget) -> tuple[Start, str | None]:
    """Where the plan begins; and, of a run that goes on with another, what became of what was in flight."""
    if not spec.continues:
        return Start(), None
    root = runs_folder(spec.settings.records.runs)
    try:
        found = await asyncio.to_thread(behind, root, find(root, spec.continues))
    except RecordsDamaged as error:
        raise CannotBegin(f"the journal of run {spec.continues} cannot be read: {error}", ExitCode.USAGE) from error
    in_flight = [one for attempts in found.in_flight.values() for one in attempts]
    there = await target.persisted([one.booking_id for one in in_flight])
    connection = await target.connect("slotfill continue")
    try:
        cancelled = await give_up(connection, in_flight, there)
    finally:
        await connection.close()
    booked = sum(one.booking_id in there for one in in_flight)
    text = f"{len(in_flight)} were in flight: {booked} are booked, {len(in_flight) - booked} given up"
    settled = found.settled(there)
    return Start(settled.slots, settled.numbers), f"{text}, {cancelled} bookings cancelled"


async def _seatable(plan: Plan, target: PostgresTarget, settings: Settings) -> int:
    """How many of a burst's distinct requests one worker alone would seat."""
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


async def _no_renewal() -> None:
    raise AssertionError("a repeat is asked for before the run stands")


async def _renew(stands: Opened, spec: Spec, ground: Ground, target: PostgresTarget) -> None:
    """The next repeat: database, faults and plan as at the beginning. Raises DatabaseFailed, NothingToDo."""
    run = stands.run
    run.passes.repeat += 1
    settings = run.steering.settings
    if await ground.renew(run.passes.repeat):
        target.dsn = ground.dsn
        await stands.checks.before()
        if run.faults is not None:
            wanted = run.faults.there
            run.faults.forget()
            await run.faults.turn(wanted)
    planned = max((turn.id for turn in run.plan.turns), default=0)
    plan = await plan_of(spec.plan, target, settings, ground.day, Start(first_turn=planned + 1))
    run.crew.take_over(plan, run.crew.leg + 1)
