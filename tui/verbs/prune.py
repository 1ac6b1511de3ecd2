"""`slotfill prune`: old runs go, with their databases. Apart from `ls`, which needs neither driver nor server."""

import asyncio
import re
import sys
from argparse import Namespace
from collections.abc import Collection, Iterable

from engine.config import Settings
from engine.database import DatabaseFailed, DatabaseUnreachable
from engine.exit_code import ExitCode
from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import Cluster
from engine.platform.databases import drop, names
from engine.records.archive import RunEntry, find, list_runs, runs_folder
from engine.records.removal import remove
from tui.format import counted, size_of
from tui.verbs.reach import RunNotFound
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, tell, who, wrong

_OF_A_RUN = re.compile(r"sf_[a-z0-9]{4}[a-z0-9_]*")


def main(args: Namespace) -> int:
    """Ask, unless --yes did, and remove."""
    try:
        return _prune(args, settings_of(args))
    except (SettingsInvalid, RunNotFound) as error:
        return wrong(str(error), ExitCode.USAGE)


def _prune(args: Namespace, settings: Settings) -> int:
    """Remove the runs that are named, or all but the newest. Raises RunNotFound."""
    keep = settings.records.keep if args.keep is None else args.keep
    if keep < 0:
        return wrong(f"--keep {keep} is no number of runs; give 0 or more", ExitCode.USAGE)
    if args.runs_given and args.keep is not None:
        return wrong("give runs by name, or --keep for all but the newest; not both", ExitCode.USAGE)
    root = runs_folder(settings.records.runs)
    there = [entry for entry in list_runs(root) if entry.manifest is not None]
    old = there[: max(0, len(there) - keep)]
    if args.runs_given:
        old = list({entry.folder: entry for entry in (find(root, wanted) for wanted in args.runs_given)}.values())
        live = next((entry for entry in old if entry.is_live), None)
        if live is not None:
            return wrong(f"run {live.run_id} goes on; stop it first: slotfill stop {live.run_id}", ExitCode.REFUSED)
    doomed = [entry for entry in old if not entry.is_live]
    if not doomed:
        if args.json:
            say_json([])
        else:
            say(f"nothing to remove: {counted(len(there), 'run')}, {keep} are kept")
        return 0
    if not args.yes:
        if not sys.stdin.isatty():
            return wrong(
                f"{counted(len(doomed), 'run')} with databases would go; --yes answers for you", ExitCode.REFUSED
            )
        tell(f"{counted(len(doomed), 'run')} in {root} would go, with databases. Go on? [y/N]")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return wrong("nothing was removed", ExitCode.REFUSED)
    # A run with --no-reset shares the database of one before it, which may stay.
    going = {entry.folder for entry in doomed}
    kept = {one.manifest.database for one in list_runs(root) if one.manifest and one.folder not in going}
    own = {entry.folder: name for entry in doomed if (name := _own_database(entry, kept))}
    code = ExitCode.PASSED
    try:
        # Before their folders: afterwards nobody knows of them any more.
        asyncio.run(_drop(set(own.values()), kept, settings))
    except (PlatformUnfit, DatabaseUnreachable, DatabaseFailed) as error:
        for entry in doomed:
            if entry.folder in own:
                why = f"its database {own[entry.folder]} could not be dropped"
                tell(f"slotfill: run {entry.run_id} is still there: {why}: {error}")
        doomed = [entry for entry in doomed if entry.folder not in own]
        code = ExitCode.UNREACHABLE
    removed = remove(doomed)
    for one in removed:
        if one.trouble:
            tell(f"slotfill: run {one.run_id} is still there: {one.trouble}")
            code = ExitCode.RECORDS
    gone = [one for one in removed if not one.trouble]
    if args.json:
        say_json([one.run_id for one in gone])
    else:
        say(f"removed {counted(len(gone), 'run')}, {size_of(sum(one.bytes for one in gone))}")
    return int(code)


def _is_of(database: str, runs: Iterable[str]) -> bool:
    """Whether it is the database of one of the runs, or of a repeat of theirs.

    A run's folder may have been altered: a name that is no whole one of ours, such as `sf`, begins everybody's.
    """
    return any(
        _OF_A_RUN.fullmatch(run) is not None and (database == run or database.startswith(f"{run}_")) for run in runs
    )


def _own_database(entry: RunEntry, kept: Collection[str]) -> str:
    """The embedded database that goes with a run; empty where it has none, or shares that of a run which stays."""
    name = entry.manifest.database if entry.manifest else ""
    return name if _OF_A_RUN.fullmatch(name) is not None and not _is_of(name, kept) else ""


async def _drop(databases: Collection[str], kept: Collection[str], settings: Settings) -> None:
    """Drop these and those of their repeats, but for the ones that a run which stays works in."""
    if not databases:
        return
    cluster = await Cluster.open(settings.embedded, f"prune by {who()}")
    try:
        for there in await names(cluster):
            if _is_of(there, databases) and not _is_of(there, kept):
                await drop(cluster, there)
    finally:
        await cluster.close()
