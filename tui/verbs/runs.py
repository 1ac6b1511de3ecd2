"""`slotfill ls|events|prune`: the runs on this machine."""

import asyncio
import sys
from argparse import Namespace
from pathlib import Path

import msgspec

from engine.config import Settings
from engine.database import DatabaseUnreachable
from engine.exit_code import ExitCode
from engine.model.run_state import RunState
from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import Cluster
from engine.platform.databases import drop, names
from engine.records.archive import RunEntry, find, list_runs, remove, runs_folder
from engine.records.journal import read
from engine.records.trouble import RecordsDamaged
from engine.redact import mask_event
from tui.format import size_of
from tui.verbs.reach import RunNotFound, entry_of
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, tell, who, wrong


def main(args: Namespace) -> int:
    """Do one of ls, events, prune."""
    try:
        settings = settings_of(args)
        match args.verb:
            case "ls":
                return _ls(args, settings)
            case "events":
                return _events(entry_of(args).path)
            case _:
                return _prune(args, settings)
    except (SettingsInvalid, RunNotFound) as error:
        return wrong(str(error), ExitCode.USAGE)
    except RecordsDamaged as error:
        return wrong(str(error), ExitCode.RECORDS)


def _ls(args: Namespace, settings: Settings) -> int:
    root = runs_folder(settings.records.runs)
    entries = list_runs(root)
    if args.json:
        say_json([_listed(entry) for entry in entries])
        return 0
    if not entries:
        say(f"no runs in {root}; slotfill run starts one")
        return 0
    say(f"{'RUN':<10} {'STATE':<9} {'STARTED':<20} {'PLAN':<6} {'DISK':>8}  NAME")
    newest = next((entry.run_id for entry in reversed(entries) if entry.manifest), "")
    for entry in entries:
        manifest = entry.manifest
        started = manifest.started_at[:19].replace("T", " ") if manifest else "-"
        plan, name = (manifest.plan, manifest.name) if manifest else ("-", "")
        state = _state(entry)
        say(f"{entry.run_id:<10} {state:<9} {started:<20} {plan:<6} {size_of(entry.bytes):>8}  {name}".rstrip())
        if entry.state is RunState.CRASHED:
            say(
                f"{'':<10} its engine died; why: {entry.folder}/engine.log; "
                f"every intent is kept: slotfill events {entry.run_id}"
                + ("; go on in its database: slotfill run --no-reset" if entry.run_id == newest else "")
            )
    disk = size_of(sum(entry.bytes for entry in entries))
    say(f"{len(entries)} runs, {disk} in {root}; slotfill prune removes old ones")
    return 0


class _Listed(msgspec.Struct):
    """A run as `ls --json` tells it."""

    run_id: str
    state: str
    exit_code: int | None
    started_at: str
    plan: str
    name: str
    database: str
    bytes: int
    folder: str
    trouble: str


def _listed(entry: RunEntry) -> _Listed:
    manifest = entry.manifest
    return _Listed(
        run_id=entry.run_id,
        state=_state(entry).lower(),
        exit_code=entry.exit_code,
        started_at=manifest.started_at if manifest else "",
        plan=manifest.plan if manifest else "",
        name=manifest.name if manifest else "",
        database=manifest.database if manifest else "",
        bytes=entry.bytes,
        folder=entry.folder,
        trouble=entry.trouble,
    )


def _state(entry: RunEntry) -> str:
    """Its state as a word; loud when something is wrong with it."""
    if entry.state is None:
        return "UNREADABLE"
    return "CRASHED" if entry.state is RunState.CRASHED else entry.state.value


def _events(folder: Path) -> int:
    for event in read(folder):
        sys.stdout.write(msgspec.json.encode(mask_event(event)).decode() + "\n")
    return 0


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
    doomed = sum(not entry.is_live for entry in old)
    if doomed == 0:
        say(f"nothing to remove: {len(there)} runs, {keep} are kept")
        return 0
    if not args.yes:
        if not sys.stdin.isatty():
            return wrong(f"{doomed} runs with their databases would go; --yes answers for you", ExitCode.REFUSED)
        tell(f"{doomed} runs in {root} go, with their databases. Go on? [y/N]")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return wrong("nothing was removed", ExitCode.REFUSED)
    removed = remove(old)
    # A run with --no-reset shares the database of one before it, which may stay.
    kept = {entry.manifest.database for entry in list_runs(root) if entry.manifest}
    try:
        asyncio.run(_drop([one.database for one in removed if one.database], kept, settings))
    except (PlatformUnfit, DatabaseUnreachable) as error:
        tell(f"their databases could not be dropped: {error}")
    for one in removed:
        if one.trouble:
            tell(f"run {one.run_id} is still there: {one.trouble}")
    freed = size_of(sum(one.bytes for one in removed))
    if args.json:
        say_json([one.run_id for one in removed])
    else:
        say(f"removed {len(removed)} runs, {freed}")
    return 0


async def _drop(databases: list[str], kept: set[str], settings: Settings) -> None:
    """Drop these and those of their repeats, but for the ones that a run which stays works in."""
    if not databases:
        return
    cluster = await Cluster.open(settings.embedded, f"prune by {who()}")
    try:
        for there in await names(cluster):
            ours = any(there == database or there.startswith(f"{database}_") for database in databases)
            if ours and there not in kept:
                await drop(cluster, there)
    finally:
        await cluster.close()
