"""`slotfill db`: the embedded database from outside a run; `db_target` does the same for any other."""

import asyncio
import datetime as dt
import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import NoReturn

import msgspec

from engine.config import Settings
from engine.database import DatabaseFailed, DatabaseUnreachable
from engine.environment import read
from engine.exit_code import ExitCode
from engine.ground import own_database
from engine.platform.binaries import PlatformUnfit, find
from engine.platform.cluster import Cluster, ClusterInUse, status, stop
from engine.platform.databases import clone, drop, ensure_template, names
from engine.platform.seed import DATA, data_set
from engine.records.archive import RunEntry, disk_of, list_runs, runs_folder
from engine.safety import GuardRefused, target_of
from tui.format import counted, size_of
from tui.verbs import db_target
from tui.verbs.agree import agrees, said_or_asked
from tui.verbs.reach import RunNotFound, entry_of, in_embedded
from tui.verbs.speak import SettingsInvalid, hand_over, say, say_json, settings_of, tell, who, wrong

SERVED = "sf_serve"
"""Begins the names of databases that `slotfill serve` makes for itself, and drops."""


def main(args: Namespace) -> int:
    """Do one of init, reset, seed, status, stop, url, psql."""
    try:
        settings = settings_of(args)
        target = target_of(settings, read(Path.cwd(), os.environ).values)
        # An API without an address is the reference one, on the embedded database.
        if target.kind == "postgres" or target.base_url or target.base_url_env:
            return db_target.main(args, settings)
        if settings.run.data and settings.run.data not in DATA:
            return wrong(f"--data {settings.run.data}: give {', '.join(DATA)}", ExitCode.USAGE)
        if args.what == "psql":
            _psql(args, settings)
        return asyncio.run(_main(args, settings))
    except (SettingsInvalid, RunNotFound) as error:
        return wrong(str(error), ExitCode.USAGE)
    except GuardRefused as error:
        return wrong(str(error), ExitCode.REFUSED)
    except ClusterInUse as error:
        return wrong(str(error), ExitCode.REFUSED)
    except (PlatformUnfit, DatabaseFailed, DatabaseUnreachable) as error:
        return wrong(str(error), ExitCode.UNREACHABLE)


async def _main(args: Namespace, settings: Settings) -> int:
    match args.what:
        case "status":
            return await _status(args, settings)
        case "stop":
            await stop(settings.embedded)
            if args.json:
                say_json({"stopped": True})
            else:
                tell("the embedded Postgres is stopped")
            return 0
        case "init" | "seed":
            return await _init(args, settings)
        case "reset":
            return await _reset(args, settings)
        case _:
            return await _url(args, settings)


async def _status(args: Namespace, settings: Settings) -> int:
    found = await status(settings.embedded)
    there = await _there(settings) if found.running else None
    if there is not None:
        found = msgspec.structs.replace(found, databases=len(there))
    taken = await asyncio.to_thread(disk_of, Path(found.data)) if found.exists else 0
    found = msgspec.structs.replace(found, bytes=taken)
    if args.json:
        say_json(found)
        return 0
    if not found.exists:
        say(f"there is no cluster at {found.data} yet; slotfill db init makes one")
        return 0
    say(f"{'running' if found.running else 'stopped'}  PostgreSQL {found.version}  {found.data}  {size_of(taken)}")
    if found.running:
        say(f"pid {found.pid}, socket {found.socket}")
    for user in found.users:
        say(f"used by {user}")
    if there is not None:
        say(f"{counted(len(there), 'database')} of runs; slotfill prune drops those of old runs with them")
        _tell_of_strays(there, found.users, settings)
    return 0


async def _there(settings: Settings) -> list[str] | None:
    """The runs' databases; None when the server does not tell."""
    try:
        cluster = await Cluster.open(settings.embedded, f"db status by {who()}")
    except PlatformUnfit:
        return None
    try:
        return await names(cluster)
    except (DatabaseFailed, DatabaseUnreachable):
        return None
    finally:
        await cluster.close()


def _tell_of_strays(there: list[str], users: tuple[str, ...], settings: Settings) -> None:
    """Databases that no run kept here worked in: another folder's, or left by an engine killed while it began."""
    root = runs_folder(settings.records.runs)
    # Who uses the server just now may be a run that has no folder yet.
    known = {own_database(words[1]) for user in users if (words := user.split())[0] == "run"}
    known |= {SERVED for user in users if user.startswith("serve ")}
    known |= {entry.manifest.database for entry in list_runs(root) if entry.manifest}
    known.discard("")
    strays = [name for name in sorted(there) if not any(name == one or name.startswith(f"{one}_") for one in known)]
    if strays:
        some = ", ".join(strays[:5]) + (" …" if len(strays) > 5 else "")
        tell(
            f"no run in {root} worked in {len(strays)} of them: {some}; what nobody else needs can be dropped in "
            "slotfill db psql"
        )


async def _init(args: Namespace, settings: Settings) -> int:
    """Make the cluster, install the platform and seed it into the template every run is cloned from."""
    cluster = await Cluster.open(settings.embedded, f"db {args.what} by {who()}")
    try:
        template = await ensure_template(cluster, settings.run.data or DATA[0])
    finally:
        await cluster.close()
    if args.json:
        say_json({"template": template})
    else:
        say(f"the platform is installed and seeded in {template}; each run works in a clone of it")
    return 0


async def _reset(args: Namespace, settings: Settings) -> int:
    """Bring a run's database back to its seeded state."""
    entry = _with_database(entry_of(args), settings)
    database = entry.manifest.database if entry.manifest else ""
    for other in list_runs(runs_folder(settings.records.runs)):
        if other.is_live and other.manifest and other.manifest.database == database:
            return wrong(f"run {other.run_id} works in {database} now; stop it first", ExitCode.REFUSED)
    what = f"This drops everything in {database} (embedded Postgres on this machine)."
    if not agrees(said_or_asked(args, what, database), database):
        return wrong(f"{database} was left as it is; --yes answers for you", ExitCode.REFUSED)
    cluster = await Cluster.open(settings.embedded, f"db reset by {who()}")
    try:
        data = (entry.manifest and entry.manifest.data) or DATA[0]
        day = dt.date.fromisoformat(entry.manifest.day) if entry.manifest and data_set(data).moves else None
        await ensure_template(cluster, data)
        await drop(cluster, database)
        await clone(cluster, database, data, day)
    finally:
        await cluster.close()
    if args.json:
        say_json({"database": database, "data": data})
    else:
        tell(f"{database} is as the seed left it")
    return 0


async def _url(args: Namespace, settings: Settings) -> int:
    hand_over(await _dsn(args, settings), as_json=args.json)
    return 0


async def _dsn(args: Namespace, settings: Settings) -> str:
    """The DSN of a run's database; the server is started when it does not run."""
    entry = _with_database(entry_of(args), settings)
    database = entry.manifest.database if entry.manifest else ""
    cluster = await Cluster.open(settings.embedded, f"db {args.what} by {who()}")
    stays = False
    try:
        if database not in await names(cluster):
            raise RunNotFound(
                f"the database {database} of run {entry.run_id} is gone; prune removes them with their runs"
            )
        if stays := args.what == "psql":
            # Whoever sits at psql uses the server: it must not be stopped under them, idle or not.
            cluster.outlive_exec()
        return cluster.dsn(database)
    finally:
        if not stays:
            await cluster.close()


def _psql(args: Namespace, settings: Settings) -> NoReturn:
    """Become psql on the run's database."""
    dsn = asyncio.run(_dsn(args, settings))
    os.environ.pop("PGHOSTADDR", None)  # psql alone would go there instead of to the socket
    psql = find(settings.embedded).program("psql")
    if not Path(psql).is_file():
        raise PlatformUnfit(f"there is no psql in {Path(psql).parent}; set [embedded] bin to a folder that has it")
    extra = ["-X", "-A", "-t", "-c", args.command] if args.command else []
    sys.stdout.flush()
    os.execv(psql, [psql, dsn, *extra])  # noqa: S606 - our own psql, with arguments as a list


def _with_database(entry: RunEntry, settings: Settings) -> RunEntry:
    """The run, if it worked in a database of the embedded cluster. Raises RunNotFound."""
    in_embedded(entry, settings)
    return entry
