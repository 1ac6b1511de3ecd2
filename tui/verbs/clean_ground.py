"""Where `slotfill clean` works: the databases of a run, each looked at and guarded before anything is written there."""

import os
from argparse import Namespace
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path

from engine.config import Settings
from engine.contract import page
from engine.database import Connection
from engine.environment import read as read_environment
from engine.ground import own_database
from engine.model.clean import Footprint
from engine.model.event import Event
from engine.platform.cluster import Cluster
from engine.platform.databases import is_ours, names
from engine.probe import probe
from engine.records.archive import Manifest, RunEntry
from engine.records.journal import ENDING, NAME, read
from engine.records.segments import segments
from engine.repair.clean import Ground
from engine.repair.footprint import footprint, of_repeat
from engine.safety import GuardRefused, cleared, dsn_of, first_look, guard_restaurants, guard_target, target_of
from engine.verify.integrity import restaurants_of
from engine.whereabouts import standing
from tui.verbs.agree import said_or_asked
from tui.verbs.reach import RunNotFound
from tui.verbs.run_databases import connected, databases_of
from tui.verbs.speak import who


class Unfit(Exception):
    """The database does not speak the contract. The message is the page of what is missing."""


class Site:
    """One database of the run's."""

    def __init__(
        self,
        connect: Callable[[], AbstractAsyncContextManager[Connection]],
        mine: Footprint,
        ground: Ground,
        word: str,
    ) -> None:
        self.connect = connect
        """Opens it; where there may be as many as a plan has repeats, anew each time."""
        self.mine = mine
        self.ground = ground
        self.word = word
        """What a user types to agree."""
        self.said: str | None = None
        """What was said already, before a remote target was dialled."""
        self.settings: Settings | None = None
        """Of a target that is somebody's; None for the embedded one, which is ours."""

    async def clear(self, said: str | None) -> None:
        """Whether it may be written to, by what its server says. Raises GuardRefused."""
        if self.settings is not None:
            async with self.connect() as connection:
                await cleared(connection, self.settings, said=said, variables=_variables(), environ=_variables())


@asynccontextmanager
async def sites(args: Namespace, settings: Settings, entry: RunEntry) -> AsyncIterator[list[Site]]:
    """The databases the run worked in, one but for repeats, looked at. Raises GuardRefused, RunNotFound, Unfit."""
    manifest = entry.manifest
    if manifest is None:
        raise RunNotFound(f"{entry.folder} holds no readable run.json, so its database is not known")
    target = target_of(settings, _variables())
    async with AsyncExitStack() as stack:
        if standing(manifest.target, target, _variables()).places:
            yield [await _foreign(stack, args, settings, entry, manifest)]
        else:
            yield await _embedded(stack, settings, entry, manifest)


async def _embedded(stack: AsyncExitStack, settings: Settings, entry: RunEntry, manifest: Manifest) -> list[Site]:
    cluster = await Cluster.open(settings.embedded, f"clean by {who()}")
    stack.push_async_callback(cluster.close)
    there = databases_of(manifest, await names(cluster))
    if not there:
        raise RunNotFound(
            f"the database {manifest.database} of run {entry.run_id} is gone, and its rows with it; nothing is to clean"
        )
    found = []
    for number, name in there.items():
        connect = partial(connected, cluster.dsn(name), "clean")
        async with connect() as connection:
            if not await is_ours(connection):
                raise GuardRefused(f"{name} carries no marker of slotfill's: nothing was changed")
            places = await restaurants_of(connection, ())
        events = _events(entry)
        if manifest.database == own_database(manifest.run_id):
            # Each repeat has a database of its own.
            events = of_repeat(events, number)
        mine = footprint(manifest.run_id, events, through_api=bool(manifest.base_url))
        found.append(Site(connect, mine, Ground(name, tuple(places)), name))
    return found


async def _foreign(
    stack: AsyncExitStack, args: Namespace, settings: Settings, entry: RunEntry, manifest: Manifest
) -> Site:
    name = manifest.target
    target = settings.targets[name]
    if not (target.dsn or target.dsn_env):
        raise GuardRefused(
            f"the database behind the booking API of target {name} is not named, so nothing can be removed there; "
            "give the target its dsn"
        )
    mine = footprint(manifest.run_id, _events(entry), through_api=bool(manifest.base_url))
    guard_restaurants(name, target, mine.restaurants)
    look = None if args.dry_run else first_look(settings, _variables())
    said = None
    if look is not None and look.reasons:
        what = f"Target {name} is remote ({'; '.join(look.reasons)}), and this removes rows there."
        said = said_or_asked(args, what, look.name)
        guard_target(settings, _variables(), said=said)
    dsn = dsn_of(name, target, _variables())
    connection = await stack.enter_async_context(connected(dsn, "clean", pooled=True))
    database = str(await connection.value("platform/admin/database_name"))
    if database != manifest.database:
        raise GuardRefused(
            f"target {name} leads to {database} now, and run {entry.run_id} worked in {manifest.database}: "
            "nothing was changed"
        )
    contract = await probe(connection)
    if contract.unfit:
        raise Unfit(page(contract))
    places = await restaurants_of(connection, target.restaurants)
    ground = Ground(database, tuple(places), contract.needs_context)
    word = look.name if look and look.name else database
    site = Site(lambda: nullcontext(connection), mine, ground, word)
    site.said, site.settings = said, settings
    return site


def _events(entry: RunEntry) -> Iterable[Event]:
    """The journal. An engine that was killed before it had one had sent nothing: what is sent is written down first."""
    return read(entry.path) if segments(entry.path, NAME, ENDING) else ()


def _variables() -> dict[str, str]:
    """The platform's environment as it is seen here, where a dsn may be kept too."""
    return read_environment(Path.cwd(), os.environ).values
