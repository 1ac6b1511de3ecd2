"""`slotfill ls|events`: the runs on this machine."""

import sys
from argparse import Namespace
from pathlib import Path

import msgspec

from engine.config import Settings
from engine.exit_code import ExitCode
from engine.model.run_state import RunState
from engine.records.archive import RunEntry, list_runs, runs_folder
from engine.records.journal import read
from engine.records.trouble import RecordsDamaged
from engine.redact import mask_event
from tui.format import plain, size_of
from tui.verbs.reach import RunNotFound, entry_of
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, wrong


def main(args: Namespace) -> int:
    """Do one of ls, events."""
    try:
        settings = settings_of(args)
        return _ls(args, settings) if args.verb == "ls" else _events(entry_of(args).path)
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
        row = f"{entry.run_id:<10} {state:<9} {started:<20} {plan:<6} {size_of(entry.bytes):>8}  {name}"
        say(plain(row).rstrip())
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
