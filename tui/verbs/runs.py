"""`slotfill ls|events`: the runs on this machine."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine.config import Settings
from engine.exit_code import ExitCode
from engine.model.run_state import RunState
from engine.records.archive import RunEntry, list_runs, runs_folder
from engine.records.cleaned import CLEANED
from engine.records.journal import read
from engine.records.trouble import RecordsDamaged
from engine.redact import mask_event
from tui.format import counted, plain, size_of
from tui.verbs.reach import RunNotFound, entry_of
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, wrong

_CONTINUED = ("fill", "assign", "create")
"""Plans that can be gone on with: a burst is one moment, and neither a watch nor an import has work left."""


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
    for entry in entries:
        manifest = entry.manifest
        started = manifest.started_at[:19].replace("T", " ") if manifest else "-"
        plan, name = (manifest.plan, manifest.name) if manifest else ("-", "")
        state = _state(entry)
        row = f"{entry.run_id:<10} {state:<9} {started:<20} {plan:<6} {size_of(entry.bytes):>8}  {name}"
        say(plain(row).rstrip())
        for line in _beneath(entry):
            say(plain(f"{'':<10} {line}"))
    disk = size_of(sum(entry.bytes for entry in entries))
    # Ten to twenty times as much as a folder, and the server's to tell.
    beside = any(one.manifest is not None and one.manifest.database.startswith("sf_") for one in entries)
    told = ", their databases beside it (slotfill db status)" if beside else ""
    say(f"{counted(len(entries), 'run')}, {disk} in {root}{told}; slotfill prune removes old ones")
    return 0


def _beneath(entry: RunEntry) -> Iterator[str]:
    """What a row alone does not say: why it cannot be read, or why it died and how to go on."""
    if entry.trouble:
        yield entry.trouble
    elif entry.state is RunState.CRASHED and entry.manifest is not None:
        if entry.exit_code is None:
            told = f"its engine died; why: {entry.folder}/engine.log"
        else:
            told = f"it could not go on, exit {entry.exit_code}; why: {entry.folder}/report.md"
        told += f"; every intent is kept: slotfill events {entry.run_id}"
        goes_on = entry.manifest.plan in _CONTINUED and not entry.manifest.rounds
        if goes_on and (entry.path / CLEANED).exists():
            yield f"{told}; its rows were removed since"
        else:
            yield f"{told}; go on with it: slotfill continue {entry.run_id}" if goes_on else told


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
