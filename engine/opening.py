"""From a spec to a run that stands: ground, floors, plan, folder. Whatever fails leaves nothing behind."""

import contextlib
import platform
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec

from engine import __version__
from engine.at_target import AnyTarget, contract_of, target_on
from engine.backends import Backends
from engine.beginning import alone_seats, behind_it, prepared, refuse_finished, within
from engine.cannot_begin import CannotBegin, or_called_off
from engine.checks import Checks
from engine.clock import RunningClock
from engine.config import Settings
from engine.database import Connection, DatabaseFailed, DatabaseUnreachable
from engine.exit_code import ExitCode
from engine.fault_switch import FaultSwitch, Where
from engine.fill.limits import Limits
from engine.ground import EmbeddedGround, Ground
from engine.judge.sweep import plan_detects
from engine.metrics_port import MetricsPort, PortTaken
from engine.model.continued import Continued
from engine.model.event import Acted
from engine.model.ids import Ids, RunId
from engine.plan import Plan
from engine.planning import NothingToDo, plan_of
from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import Cluster
from engine.platform.databases import schema_checksum
from engine.portrait import RunFacts, flags_of
from engine.prints import prints
from engine.records.archive import Manifest, new_folder, runs_folder, write_manifest
from engine.records.journal import Journal
from engine.records.recording import Recording
from engine.records.removal import take_back
from engine.records.repeats import SHARED
from engine.records.samples import Samples
from engine.records.trouble import RecordsFailed
from engine.renewal import Renewal
from engine.run import Run
from engine.run_parts import RunParts
from engine.settings_shown import flat
from engine.sockets import SocketUnfit, socket_path
from engine.spec import Spec
from engine.spec_check import check_spec, swept
from engine.sweeping import Sweeping, rounds_of
from engine.target import Capability
from engine.through_http import floor_of, foreign, reference_api, webhook
from engine.wanted import rules, strategies


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
    continued: Continued | None = None
    """What lay behind a run that goes on with another; None for a run of its own."""
    sweep: Sweeping | None = None
    """The rounds of a sweep; None for a run that is none."""

    @property
    def repeats(self) -> int:
        """How often the plan is run altogether."""
        return self.run.steering.settings.run.repeat if self.sweep is None else len(self.sweep.rounds)

    async def begin(self) -> None:
        """Say what the leg in hand will do, once all is ready for it."""
        run, terms = self.run, None
        if self.sweep is not None:
            terms = await self.sweep.terms(run.passes.repeat)
            run.samples.begin_round(terms.number)
        run.passes.begin(run.plan, run.crew, terms)


@contextlib.asynccontextmanager
async def opened(spec: Spec) -> AsyncIterator[Opened]:
    """A run made from the spec; left, its ground and target are let go. Raises CannotBegin."""
    check_spec(spec)
    spec = swept(spec)
    run_id = RunId(secrets.token_hex(4))
    async with contextlib.AsyncExitStack() as stack:
        # Said inside the stack: a ground that hears CannotBegin knows that nothing was begun, and takes itself away.
        with _said(), or_called_off():
            port = await stack.enter_async_context(MetricsPort().listening(spec.settings.observability.metrics_port))
            stands = await _stand(stack, spec, run_id, *await _ground(stack, spec, run_id))
        port.tells = stands.run.counters
        yield stands


@contextlib.contextmanager
def _said() -> Iterator[None]:
    """Whatever keeps a run from standing is one sentence and its exit code. Raises CannotBegin."""
    try:
        yield
    except (DatabaseFailed, DatabaseUnreachable, PlatformUnfit) as error:
        raise CannotBegin(str(error), ExitCode.UNREACHABLE) from error
    except RecordsFailed as error:
        raise CannotBegin(str(error), ExitCode.RECORDS) from error
    except (NothingToDo, PortTaken, SocketUnfit) as error:
        raise CannotBegin(str(error), ExitCode.USAGE) from error


async def _ground(stack: contextlib.AsyncExitStack, spec: Spec, run_id: RunId) -> tuple[Ground, dict[str, str]]:
    """Where the run works, let go when it is over, and the versions of it that are known without asking."""
    target = spec.settings.targets[spec.settings.run.target]
    if not target.is_embedded:
        return await stack.enter_async_context(foreign(spec, target)), {}
    cluster = await Cluster.open(spec.settings.embedded, f"run {run_id}")
    stack.push_async_callback(cluster.close)
    ground = await stack.enter_async_context(EmbeddedGround.opened(cluster, spec, run_id))
    versions = {"postgres": cluster.server_version, "schema": schema_checksum(ground.data), "data": ground.data}
    if target.kind == "api":
        return await stack.enter_async_context(reference_api(ground, run_id, spec.settings)), versions
    return ground, versions


async def _target(stack: contextlib.AsyncExitStack, ground: Ground, spec: Spec, run_id: RunId) -> AnyTarget:
    """The target, closed when the run is over. Raises CannotBegin."""
    target = await target_on(ground, spec, run_id)
    stack.push_async_callback(target.close)
    return target


async def _stand(
    stack: contextlib.AsyncExitStack, spec: Spec, run_id: RunId, ground: Ground, versions: dict[str, str]
) -> Opened:
    """Read what is there, plan, and make the run's folder with its first files. Raises CannotBegin."""
    settings = spec.settings
    try:
        spec = msgspec.structs.replace(spec, settings=(settings := within(settings, ground, sweeps=spec.sweep)))
        target = await _target(stack, ground, spec, run_id)
        ladder = strategies(spec.plan, settings)
        start, continued = await behind_it(spec, target, ground)
        plan = await plan_of(spec.plan, target, settings, ground.day, start)
        refuse_finished(spec, plan, continued)
        burst = await alone_seats(plan, target, settings) if spec.plan == "burst" else None
    except ValueError as error:
        raise CannotBegin(str(error), ExitCode.USAGE) from error
    floor = await floor_of(ground, settings)
    sweep = _sweeping(spec, target)
    await stack.enter_async_context(prepared(target, plan, spec))
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
            "postgres": contract_of(target).server,
            **(versions or await _prints(target, ground)),
        },
        data=ground.data,
        day=ground.day.isoformat(),
        continues=spec.continues,
        adaptations=tuple(f"{one.does}: {one.reason}" for one in contract_of(target).adaptations),
        base_url=ground.base_url,
        fallback=ground.fallback,
        client_floor=floor,
        rounds=0 if sweep is None else len(sweep.rounds),
    )
    folder = new_folder(runs_folder(settings.records.runs), spec.plan, run_id, wall)
    checks = Checks(target.connect, target, settings.run.hold_ttl_s, folder)
    faults = None
    if ground.is_embedded:
        faults = FaultSwitch(target.connect, target, Where(rules(settings), settings.run.seed, ground.day))
    stack.push(partial(take_back, folder))
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
    parts = RunParts(
        facts=RunFacts(
            run_id=run_id,
            name=settings.run.name,
            plan=spec.plan,
            target=settings.run.target,
            database=ground.database,
            seed=settings.run.seed,
            started_at=manifest.started_at,
            flags=flags_of(settings.flags),
            fallback=ground.fallback,
            says=_says(plan, settings) if spec.sweep else "",
        ),
        settings=settings,
        plan=plan,
        ladder=ladder,
        target=target,
        connect=target.connect,
        faults=faults,
        limits=None if ground.clearance.budget is None else Limits(ground.clearance.budget, clock.now_ns()),
        clock=clock,
        folder=folder,
        journal=journal,
        recording=recording,
        samples=samples,
        backends=Backends(target.connect),
        sweeps=spec.sweep,
        webhook=webhook(settings, clock, run_id),
        grew=lambda: checks.grew,
    )
    run = Run(parts)
    run.passes.on, run.passes.apart = ground.day, contract_of(target).needs_context
    if continued is not None:
        run.log(Acted(clock.now_ns(), Ids(run=run_id), f"continue {spec.continues}", spec.who, continued.text))
    renewal = Renewal(spec, ground, target, checks, run, sweep)
    stands = Opened(run, manifest, folder, Path(manifest.socket), target.connect, checks, renewal.begin, burst)
    stands.continued = continued
    stands.sweep = sweep
    if stands.repeats > 1:
        checks.repeat = lambda: run.passes.repeat
        if sweep is None and not (ground.is_embedded and spec.fresh):
            run.passes.alerts += (SHARED,)
    return stands


async def _prints(target: AnyTarget, ground: Ground) -> dict[str, str]:
    """Schema and data of a database that is not ours, as far as it can be read."""
    if Capability.VERIFY not in target.capabilities:
        return {}
    return await prints(target.connect, target.floors, ground.day, contract_of(target))


def _says(plan: Plan, settings: Settings) -> str:
    """What a sweep's plan can show, and that it is run more than once a round where it is."""
    said, laps = plan_detects(plan.most_attempts, settings.run.repeat), settings.sweep.laps
    return said if laps <= 1 else f"{said}; each round runs the fill {laps} times, on the days that follow"


def _sweeping(spec: Spec, target: AnyTarget) -> Sweeping | None:
    """The rounds of a sweep; None for a run that is none."""
    if not spec.sweep:
        return None
    asks = target.connect if Capability.VERIFY in target.capabilities else None
    rounds = rounds_of(spec.settings, spec.plan)
    return Sweeping(rounds, target, asks, needs_context=contract_of(target).needs_context)
