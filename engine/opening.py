"""From a spec to a run that stands: cluster, database, floors, plan, folder. Whatever fails leaves nothing behind."""

import contextlib
import datetime as dt
import platform
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec

from engine import __version__
from engine.backends import Backends
from engine.clock import RunningClock
from engine.config import Settings, SettingsInvalid
from engine.database import Connection, DatabaseFailed
from engine.exit_code import ExitCode
from engine.model.floor import Floor
from engine.model.ids import RunId
from engine.plans.fill import FillPlan
from engine.platform.cluster import Cluster
from engine.platform.databases import clone, drop, ensure_template, is_ours, names, schema_checksum
from engine.platform.seed import SEEDED_DAY, SEEDED_RESTAURANTS
from engine.portrait import RunFacts
from engine.records.archive import Manifest, find, new_folder, runs_folder, write_manifest
from engine.records.journal import Journal
from engine.records.recording import Recording
from engine.records.samples import Samples
from engine.records.trouble import RecordsFailed, RunNotFound
from engine.restaurants import read_floors
from engine.run import Run, RunParts
from engine.safety import GuardRefused, guard_target
from engine.settings_sources import check, flat
from engine.sockets import socket_path
from engine.spec import Spec
from engine.steering import SPARE_CONNECTIONS
from engine.targets.postgres import PostgresTarget

SUPERUSER_RESERVED = 3
"""Connections Postgres keeps back, by its default."""
PLANS = ("fill",)
"""Plans this version has."""


class CannotBegin(Exception):
    """The run was not begun. The message is one sentence; `exit_code` goes with it."""

    def __init__(self, text: str, exit_code: ExitCode) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class Opened(msgspec.Struct):
    """A run that stands, and what its engine needs around it."""

    run: Run
    manifest: Manifest
    folder: Path
    socket: Path
    connect: Callable[[str], Awaitable[Connection]]


def check_spec(spec: Spec) -> None:
    """Everything that settings alone can tell, before anything is started. Raises CannotBegin."""
    if spec.plan not in PLANS:
        raise CannotBegin(f"there is no plan {spec.plan} in this version; give {' or '.join(PLANS)}", ExitCode.USAGE)
    try:
        check(spec.settings)
        guard_target(spec.settings)
    except SettingsInvalid as error:
        raise CannotBegin(str(error), ExitCode.USAGE) from error
    except GuardRefused as error:
        raise CannotBegin(str(error), ExitCode.REFUSED) from error
    room = spec.settings.embedded.max_connections - SPARE_CONNECTIONS - SUPERUSER_RESERVED
    if spec.settings.run.concurrency > room:
        raise CannotBegin(
            f"concurrency = {spec.settings.run.concurrency} wants as many connections, and the embedded Postgres has "
            f"{room} to give; give {room} or less, or raise embedded.max_connections",
            ExitCode.USAGE,
        )
    wanted = set(spec.settings.run.restaurants) - {"all", *SEEDED_RESTAURANTS}
    if wanted:
        raise CannotBegin(
            f"there is no restaurant {', '.join(sorted(wanted))}; the embedded platform has "
            f"{', '.join(SEEDED_RESTAURANTS)}",
            ExitCode.USAGE,
        )


@contextlib.asynccontextmanager
async def opened(spec: Spec) -> AsyncIterator[Opened]:
    """A run made from the spec; left, its cluster and target are let go. Raises CannotBegin."""
    check_spec(spec)
    settings = spec.settings
    run_id = RunId(secrets.token_hex(4))
    async with contextlib.AsyncExitStack() as stack:
        cluster = await Cluster.open(settings.embedded, f"run {run_id}")
        stack.push_async_callback(cluster.close)
        database = await _database(cluster, settings, run_id, fresh=spec.fresh)
        try:
            stands = await _stand(stack, cluster, spec, run_id, database)
        except BaseException:
            if spec.fresh:
                await drop(cluster, database)
            raise
        yield stands


async def _stand(
    stack: contextlib.AsyncExitStack, cluster: Cluster, spec: Spec, run_id: RunId, database: str
) -> Opened:
    """Read what is there, plan, and make the run's folder with its first files."""
    settings = spec.settings
    floors = await _floors(cluster.dsn(database), settings)
    plan = _plan(floors, settings)
    target = PostgresTarget(
        settings.run.target,
        cluster.dsn(database),
        run_id,
        floors,
        step_timeout_s=settings.run.step_timeout_s,
        hold_ttl_s=settings.run.hold_ttl_s,
    )
    for planner in target.planners.values():
        planner.prepare(range(settings.fill.min_party, settings.fill.max_party + 1))
    clock = RunningClock()
    wall = clock.wall()
    manifest = Manifest(
        run_id=run_id,
        name=settings.run.name,
        plan=spec.plan,
        target=settings.run.target,
        database=database,
        socket=str(socket_path(run_id)),
        started_at=wall.isoformat(timespec="milliseconds"),
        settings=flat(settings),
        fingerprint={
            "slotfill": __version__,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "postgres": cluster.server_version,
            "schema": schema_checksum(),
        },
    )
    folder = new_folder(runs_folder(settings.records.runs), spec.plan, run_id, wall)
    try:
        write_manifest(folder, manifest)
        journal = Journal(folder, run_id, clock, fsync=settings.records.journal_fsync)
        stack.callback(journal.close)
        recording = Recording(folder, run_id)
        stack.callback(recording.close)
        samples = Samples(folder)
        stack.callback(samples.flush)
    except RecordsFailed:
        # A folder without a journal would be listed as a run that crashed.
        shutil.rmtree(folder, ignore_errors=True)
        raise
    parts = RunParts(
        facts=RunFacts(
            run_id=run_id,
            name=settings.run.name,
            plan=spec.plan,
            target=settings.run.target,
            database=database,
            seed=settings.run.seed,
            started_at=manifest.started_at,
            turns=len(plan.turns),
        ),
        settings=settings,
        plan=plan,
        target=target,
        clock=clock,
        folder=folder,
        journal=journal,
        recording=recording,
        samples=samples,
        backends=Backends(target.connect),
    )
    return Opened(Run(parts), manifest, folder, Path(manifest.socket), target.connect)


async def _database(cluster: Cluster, settings: Settings, run_id: RunId, *, fresh: bool) -> str:
    """A database for the run: a clone of the seeded template, or that of the last run."""
    await ensure_template(cluster)
    if not fresh:
        return await _last_database(cluster, settings)
    database = f"sf_{run_id}"
    await clone(cluster, database)
    return database


async def _last_database(cluster: Cluster, settings: Settings) -> str:
    try:
        last = find(runs_folder(settings.records.runs), "last")
    except RunNotFound as error:
        raise CannotBegin(f"--no-reset needs a run before this one: {error}", ExitCode.USAGE) from error
    if last.is_live:
        raise CannotBegin(f"--no-reset: run {last.run_id} still works in its database; stop it first", ExitCode.REFUSED)
    database = last.manifest.database if last.manifest else ""
    if database not in await names(cluster):
        raise CannotBegin(f"--no-reset: the database {database} of run {last.run_id} is gone", ExitCode.USAGE)
    return database


async def _floors(dsn: str, settings: Settings) -> dict[str, Floor]:
    connection = await Connection.open(dsn, application_name="slotfill opening", timeout_s=settings.run.step_timeout_s)
    try:
        if not await is_ours(connection):
            raise CannotBegin(
                "the database does not carry slotfill's own marker: nothing was written", ExitCode.REFUSED
            )
        floors = await read_floors(connection, settings.run.restaurants)
    except DatabaseFailed as error:
        raise CannotBegin(str(error), ExitCode.UNREACHABLE) from error
    finally:
        await connection.close()
    missing = set(settings.run.restaurants) - {"all"} - set(floors)
    if missing:
        raise CannotBegin(f"there is no restaurant {', '.join(sorted(missing))} in it", ExitCode.USAGE)
    return floors


def _plan(floors: dict[str, Floor], settings: Settings) -> FillPlan:
    fill = settings.fill
    first = fill.date or SEEDED_DAY
    plan = FillPlan.of(
        floors,
        seed=settings.run.seed,
        first=first,
        days=fill.days,
        start=fill.start,
        end=fill.end,
        interval_min=fill.interval_min,
        stress_max=fill.stress_max,
        min_party=fill.min_party,
        max_party=fill.max_party,
        share_slots=settings.run.share_slots,
    )
    if not plan.turns:
        until = first + dt.timedelta(days=fill.days - 1)
        span = f"{first:%A %Y-%m-%d}" + (f" to {until:%A %Y-%m-%d}" if until != first else "")
        raise CannotBegin(
            f"{span}: every restaurant asked for is closed, so there is no slot to fill; "
            f"give a day they are open, such as {SEEDED_DAY}",
            ExitCode.USAGE,
        )
    return plan
