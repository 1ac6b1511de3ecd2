"""Taking folders of runs away, and only those."""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from engine.cannot_begin import CannotBegin
from engine.records.archive import MANIFEST, RunEntry, list_runs


class Pruned(msgspec.Struct, frozen=True):
    """One run that was taken away, or could not be."""

    run_id: str
    folder: str
    bytes: int
    target: str
    database: str
    """To be dropped now by whoever may; empty when the run had none of its own."""
    trouble: str = ""
    """Why the folder is still there; empty when it is gone."""


def prune(root: Path, keep: int) -> list[Pruned]:
    """Take away all but the newest `keep` runs; never a live one, a link, or a folder that is not a run's.

    Databases are left to the caller, who knows how to drop them.
    """
    runs = [entry for entry in list_runs(root) if entry.manifest is not None]
    return remove(runs[: max(0, len(runs) - max(0, keep))])


def remove(entries: Iterable[RunEntry]) -> list[Pruned]:
    """Take these away, but for live ones and what is no run's folder; their databases are left to the caller."""
    return [_take_away(entry) for entry in entries if entry.manifest is not None and not entry.is_live]


def _take_away(entry: RunEntry) -> Pruned:
    manifest = entry.manifest
    trouble = ""
    try:
        _remove(entry.path)
    except OSError as error:
        where = entry.path / os.fsdecode(error.filename) if error.filename else entry.path
        trouble = f"{where}: {error.strerror or error}"
    except RecursionError:
        trouble = f"{entry.folder}: folders in it are nested too deep to be removed here; use rm -r"
    return Pruned(
        run_id=entry.run_id,
        folder=entry.folder,
        bytes=entry.bytes,
        target="" if manifest is None else manifest.target,
        database="" if manifest is None else manifest.database,
        trouble=trouble,
    )


def _remove(folder: Path) -> None:
    """Remove it without following links, so that a swapped one leads nowhere; what is gone meanwhile is gone.

    The manifest goes last: of whatever stops this halfway a run is left, which can be found and removed again.
    """
    with suppress(FileNotFoundError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            with os.scandir(handle) as entries:
                found = sorted(entries, key=lambda one: one.name == MANIFEST)
            for one in found:
                with suppress(FileNotFoundError):
                    if one.is_dir(follow_symlinks=False):
                        shutil.rmtree(one.name, dir_fd=handle)
                    else:
                        os.unlink(one.name, dir_fd=handle)
        finally:
            os.close(handle)
        folder.rmdir()


def take_back(folder: Path, _: object, why: BaseException | None, __: object) -> None:
    """As an exit of a stack: the folder of what was not begun goes, as it would be listed as a run that crashed."""
    if isinstance(why, CannotBegin):
        shutil.rmtree(folder, ignore_errors=True)
