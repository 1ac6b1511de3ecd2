"""Which databases `slotfill repair` works in, and whether it may."""

import os
from argparse import Namespace
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path

import msgspec

from engine.config import Settings, TargetSettings
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe
from engine.environment import read
from engine.front import LinkLost
from engine.model.integrity import Place
from engine.model.rows import Occupied
from engine.model.run_state import RunState
from engine.platform.cluster import Cluster
from engine.platform.databases import is_ours, names
from engine.records.archive import RunEntry, list_runs, runs_folder
from engine.repair.kinds import Kind
from engine.safety import GuardRefused, cleared, dsn_of, first_look, guard_restaurants, guard_target
from engine.verify.integrity import restaurants_of
from tui.verbs.agree import agrees, said_or_asked
from tui.verbs.reach import RunNotFound, door_of, entry_of, manifest_of
from tui.verbs.run_databases import connected, databases_of
from tui.verbs.speak import SettingsInvalid, who

_TIMEOUT_S = 15.0
"""Of the connection; a repair is stopped by the server before that."""


class RepairGround(msgspec.Struct, frozen=True):
    """A database whose rows may want repair."""

    connect: Callable[[], AbstractAsyncContextManager[Connection]]
    """Opens it; where there may be as many as a plan has repeats, anew each time and only for as long as it is used."""
    settings: Settings
    target: str
    database: str
    places: tuple[Place, ...]
    """The restaurants that may be touched."""
    entry: RunEntry | None
    """The run that worked in it; None where none was named."""
    is_embedded: bool


Grounds = tuple[RepairGround, ...]


@asynccontextmanager
async def opened(args: Namespace, settings: Settings, target: TargetSettings) -> AsyncIterator[Grounds]:
    """The grounds that the command line names, several of a run whose repeats had a database each; only read so far.

    Raises GuardRefused, RunNotFound, SettingsInvalid, DatabaseUnreachable, DatabaseFailed.
    """
    embedded = target.kind == "embedded" or (target.kind == "api" and not (target.base_url or target.base_url_env))
    if not embedded and not (target.dsn or target.dsn_env):
        raise GuardRefused(
            f"target {settings.run.target} names no database, so there is nothing to repair in; give it a dsn"
        )
    how = _embedded(args, settings) if embedded else _foreign(args, settings, target)
    async with how as grounds:
        yield grounds


async def agreed(args: Namespace, grounds: Sequence[RepairGround], what: str) -> str:
    """The user's yes to `what`, and the guards' to writing there. Raises GuardRefused.

    An embedded one is plainly ours, or it is refused; any other is cleared as a run there is. The first one's name
    answers for all.
    """
    for one in grounds:
        async with one.connect() as connection:
            if one.is_embedded and not await is_ours(connection):
                raise GuardRefused(f"{one.database} carries no marker of slotfill's: nothing was written")
    ground = grounds[0]
    said = said_or_asked(args, what, ground.database)
    if ground.is_embedded:
        if said is None or not agrees(said, ground.database):
            raise GuardRefused(f"{ground.database} was left as it is; --yes answers for you")
        return said
    if said is None:
        raise GuardRefused(f"{ground.database} was left as it is; --yes={ground.database} answers for you")
    async with ground.connect() as connection:
        await cleared(connection, ground.settings, said=said, variables=variables(), environ=variables())
    slugs = [place.slug for place in ground.places]
    guard_restaurants(ground.target, ground.settings.targets[ground.target], slugs)
    return said


async def guard_rest(ground: RepairGround, kind: Kind) -> None:
    """Where a repair wants that nobody works there, every run there rests. Raises GuardRefused."""
    if not kind.wants_rest:
        return
    live = living(ground)
    for entry in live:
        try:
            door = await door_of(entry)
            try:
                run = (await door.snapshot()).run
            finally:
                await door.close()
        except LinkLost as error:
            raise GuardRefused(
                f"run {entry.run_id} works in {ground.database} and does not say whether it rests: {error}"
            ) from error
        if run.state is not RunState.PAUSED and not run.state.is_over:
            raise GuardRefused(
                f"run {entry.run_id} is {run.state.value} in {ground.database} and an attempt in flight may look torn: "
                f"pause it first: slotfill pause {entry.run_id}"
            )
    if ground.is_embedded or live:
        return
    try:
        async with ground.connect() as connection:
            free = await connection.row("act/occupy", Occupied)
    except STEP_ERRORS as error:
        raise DatabaseFailed(f"whether a run works in {ground.database} is not known: {describe(error)}") from error
    if free is None or not free.free:
        raise GuardRefused(f"a run that is not kept here works in {ground.database}; wait for its end, or stop it")


def living(ground: RepairGround) -> list[RunEntry]:
    """Runs of this machine that work in it now, or in another repeat of the plan that it is one of."""
    return [
        entry
        for entry in list_runs(runs_folder(ground.settings.records.runs))
        if entry.is_live
        and entry.manifest is not None
        and (
            ground.database in databases_of(entry.manifest, (ground.database,)).values()
            if ground.is_embedded
            else (entry.manifest.database, entry.manifest.target) == (ground.database, ground.target)
        )
    ]


@asynccontextmanager
async def _embedded(args: Namespace, settings: Settings) -> AsyncIterator[Grounds]:
    entry = entry_of(args)
    manifest = manifest_of(entry)
    cluster = await Cluster.open(settings.embedded, f"repair by {who()}")
    try:
        there = await names(cluster)
        if manifest.database not in there:
            worked = manifest.target
            cure = f"; it worked in target {worked}: give --target {worked}" if worked != settings.run.target else ""
            raise RunNotFound(
                f"the database {manifest.database} of run {entry.run_id} is not in the embedded Postgres{cure}"
            )
        grounds = []
        for database in databases_of(manifest, there).values():
            connect = partial(_connected, cluster.dsn(database))
            async with connect() as connection:
                places = await _places(connection, _slugs_of(entry), database)
            grounds.append(
                RepairGround(connect, settings, settings.run.target, database, places, entry, is_embedded=True)
            )
        yield tuple(grounds)
    finally:
        await cluster.close()


_connected = partial(connected, verb="repair", timeout_s=_TIMEOUT_S)


@asynccontextmanager
async def _foreign(args: Namespace, settings: Settings, target: TargetSettings) -> AsyncIterator[Grounds]:
    name = settings.run.target
    entry = None if args.run == "last" else entry_of(args)
    if entry is not None and (entry.manifest is None or entry.manifest.target != name):
        raise RunNotFound(f"run {entry.run_id} did not work in target {name}")
    slugs = _slugs_of(entry) if entry is not None else ()
    guard_restaurants(name, target, slugs)
    slugs = slugs or target.restaurants
    # What is guarded is what is touched: the allow-list, and not the restaurants that a run would open.
    settings = msgspec.structs.replace(
        settings, run=msgspec.structs.replace(settings.run, restaurants=slugs or ("all",))
    )
    environ = variables()
    if not args.dry_run:
        # What its address alone proves remote is not dialled before its settings and the given yes allow it.
        look = first_look(settings, environ, environ)
        if look.reasons and args.yes is not None:
            guard_target(settings, environ, said=args.yes)
    dsn = dsn_of(name, target, environ)
    # One and the same: that nobody else works there is known for as long as it is open.
    async with _connected(dsn, pooled=True) as connection:
        try:
            database = str(await connection.value("platform/admin/database_name"))
        except STEP_ERRORS as error:
            raise DatabaseFailed(f"target {name} could not be opened: {describe(error)}") from error
        places = await _places(connection, slugs, database)
        yield (
            RepairGround(lambda: nullcontext(connection), settings, name, database, places, entry, is_embedded=False),
        )


async def _places(connection: Connection, slugs: tuple[str, ...], database: str) -> tuple[Place, ...]:
    places = await restaurants_of(connection, slugs)
    missing = set(slugs) - {"all"} - {place.slug for place in places}
    if missing:
        raise SettingsInvalid(f"there is no restaurant {', '.join(sorted(missing))} in {database}")
    return places


def _slugs_of(entry: RunEntry) -> tuple[str, ...]:
    """The restaurants that a run opened, as its manifest has them; none for all of its database."""
    told = entry.manifest.settings.get("run.restaurants", "") if entry.manifest else ""
    return tuple(one for one in told.split(",") if one and one != "all")


def variables() -> dict[str, str]:
    """The platform's environment as it is seen here, .env files and all."""
    return read(Path.cwd(), os.environ).values
