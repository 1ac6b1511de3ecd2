"""Finding a run and the engine behind it."""

from argparse import Namespace
from pathlib import Path

from engine.config import Settings
from engine.front import LinkLost
from engine.link_door import LinkDoor
from engine.records.archive import LOOKED_AT, Manifest, RunEntry, find, runs_folder
from engine.records.trouble import RunNotFound
from tui.verbs.speak import settings_of

_OF_RUNS = ("check", "clean", "continue", "db", "optimum", "repair", "report", "verify", "watch")
"""What goes by what a run did, or by the database it did it in."""


def entry_of(args: Namespace, wanted: str | None = None) -> RunEntry:
    """The run a command line names. Raises RunNotFound, SettingsInvalid."""
    root = runs_folder(settings_of(args).records.runs)
    entry = find(root, args.run if wanted is None else wanted)
    if entry.manifest is not None and entry.manifest.plan == LOOKED_AT and args.verb in _OF_RUNS:
        raise RunNotFound(
            f"{entry.run_id} is a watch and no run: {args.verb} has nothing to go by; "
            f"slotfill replay {entry.run_id} shows what was seen"
        )
    return entry


def manifest_of(entry: RunEntry) -> Manifest:
    """What a run is. Raises RunNotFound for a folder that does not say."""
    if entry.manifest is None:
        raise RunNotFound(f"{entry.folder} holds no readable run.json, so its database is not known")
    return entry.manifest


def in_embedded(entry: RunEntry, settings: Settings) -> str:
    """The database that a run worked in, if that is one of the embedded cluster's. Raises RunNotFound."""
    manifest = manifest_of(entry)
    if not manifest.database:
        raise RunNotFound(
            f"run {manifest.run_id} names no database: it went through an API without a dsn, or was imported"
        )
    if not manifest.data and manifest.target != settings.run.target:
        raise RunNotFound(
            f"run {manifest.run_id} worked in {manifest.database} of target {manifest.target}, which is not the "
            f"embedded Postgres: give --target {manifest.target}"
        )
    return manifest.database


def left_by(entry: RunEntry) -> str:
    """Where to read what became of a run that is over."""
    report = entry.path / "report.md"  # one that died has none
    told = f"its report is {report}, " if report.exists() else ""
    return f"{told}its journal: slotfill events {entry.run_id}"


async def door_of(entry: RunEntry) -> LinkDoor:
    """The front door of a live run. Raises LinkLost with the way on when it does not live."""
    if entry.manifest is None:
        raise LinkLost(f"{entry.folder} holds no readable run.json")
    if not entry.is_live:
        raise LinkLost(f"run {entry.run_id} is {entry.state}, so there is nothing to reach; {left_by(entry)}")
    return await LinkDoor.open(Path(entry.manifest.socket))


__all__ = ["LinkLost", "RunNotFound", "door_of", "entry_of", "in_embedded", "left_by", "manifest_of"]
