"""Where runs live: their folders, and what each says about itself."""

import os
import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from engine.model.client_floor import ClientFloor
from engine.model.ids import SCHEMA_VERSION
from engine.model.run_state import RunState
from engine.records.process import is_alive, own_start
from engine.records.reading import UNREADABLE, content
from engine.records.trouble import RecordsFailed, RunNotFound, one_line
from engine.records.writer import FOLDER_MODE, failed, make_folder, write_json

MANIFEST = "run.json"
RESULT = "result.json"
LOOKED_AT = "watch"
"""What stands where a run has its plan, of a folder that `slotfill watch` made."""


class Manifest(msgspec.Struct, frozen=True):
    """`run.json`: what a run is, written when it begins."""

    run_id: str
    plan: str
    target: str
    started_at: str
    """Wall time, UTC, ISO 8601."""
    name: str = ""
    database: str = ""
    socket: str = ""
    """Path of the engine's socket; empty before it listens."""
    pid: int = msgspec.field(default_factory=os.getpid)
    pid_started: str = msgspec.field(default_factory=own_start)
    """Tells the engine from a later process with its number."""
    settings: dict[str, str] = {}
    """Masked when written."""
    fingerprint: dict[str, str] = {}
    """Versions of slotfill, Python, server and schema, and the checksum of the seed."""
    data: str = ""
    """What the embedded database was seeded with; empty elsewhere."""
    day: str = ""
    """The day, or the first of several."""
    base_url: str = ""
    """Where the booking API was reached; empty where the run worked in the database itself."""
    fallback: str = ""
    """The sentence that a local address was used instead of the one asked for; empty when it was not."""
    client_floor: ClientFloor | None = None
    """What this client costs by itself, measured before the run; None where nothing goes over HTTP."""
    continues: str = ""
    """The run that this one goes on with; empty for a run of its own."""
    rounds: int = 0
    """Rounds of a sweep; 0 for a run that is none."""
    adaptations: tuple[str, ...] = ()
    """What slotfill does otherwise on this database, and why."""
    schema: int = SCHEMA_VERSION
    schemas: dict[str, int] = msgspec.field(
        default_factory=lambda: dict.fromkeys(("journal", "recording", "samples", "result"), SCHEMA_VERSION)
    )


class RunEntry(msgspec.Struct, frozen=True):
    """One folder among the runs."""

    folder: str
    bytes: int
    manifest: Manifest | None = None
    """None when the folder cannot be read as a run's."""
    state: RunState | None = None
    """RUNNING while its engine lives, whatever that does; then what its result says; CRASHED without one."""
    exit_code: int | None = None
    trouble: str = ""
    """Why it, or its result, cannot be read; empty when it can."""

    @property
    def path(self) -> Path:
        """The folder."""
        return Path(self.folder)

    @property
    def run_id(self) -> str:
        """The run's id; the folder's name where there is none."""
        return self.path.name if self.manifest is None else self.manifest.run_id

    @property
    def is_live(self) -> bool:
        """Whether its engine lives."""
        return self.state is RunState.RUNNING


class _Ending(msgspec.Struct, frozen=True):
    state: str
    exit_code: int


def runs_folder(setting: str = "") -> Path:
    """The folder of the runs: the setting, else SLOTFILL_RUNS, else $XDG_STATE_HOME/slotfill/runs."""
    given = setting or os.environ.get("SLOTFILL_RUNS", "")
    if given:
        try:
            return Path(given).expanduser().absolute()
        except RuntimeError:  # the home of nobody: a folder of that name is meant
            return Path(given).absolute()
    state = os.environ.get("XDG_STATE_HOME", "")
    # The standard says that a relative path there is to be ignored.
    home = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    return home / "slotfill" / "runs"


def new_folder(root: Path, plan: str, run_id: str, wall: datetime) -> Path:
    """Make `<YYYYMMDDTHHMMSSZ>-<plan>-<id>` in it, open to nobody else. Raises RecordsFailed."""
    make_folder(root)
    folder = root / f"{wall.astimezone(UTC):%Y%m%dT%H%M%SZ}-{re.sub(r'[^A-Za-z0-9_]+', '_', plan)}-{run_id}"
    try:
        folder.mkdir(mode=FOLDER_MODE)
    except OSError as error:
        raise failed("could not make the run's folder", folder, error) from error
    return folder


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put it into the run's folder, whole or not at all. Raises RecordsFailed."""
    write_json(folder / MANIFEST, manifest)


def read_manifest(folder: Path) -> Manifest:
    """What the run says about itself. Raises RunNotFound with one sentence."""
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(content(path), type=Manifest)
    except OSError as error:
        raise RunNotFound(f"{path}: could not be read: {error.strerror or error}") from error
    except UNREADABLE as error:
        raise RunNotFound(f"{path}: not a run's manifest: {one_line(error)}") from error
    if manifest.schema > SCHEMA_VERSION:
        raise RunNotFound(f"{path}: schema {manifest.schema} is newer than this slotfill, which reads {SCHEMA_VERSION}")
    return manifest


def list_runs(root: Path) -> list[RunEntry]:
    """Every folder among the runs, oldest first; what cannot be read as a run says so. Raises RecordsFailed."""
    try:
        children = sorted(root.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordsFailed(f"{root}: the runs could not be listed: {error.strerror or error}") from error
    entries = [entry_of(child) for child in children if _may_be_a_run(child)]
    # The folder's name has seconds only: of two runs begun in one, the manifests know which was first.
    return sorted(
        entries, key=lambda entry: (entry.path.name[:16], entry.manifest.started_at if entry.manifest else "")
    )


def entry_of(folder: Path) -> RunEntry:
    """One folder as an entry; never raises for what is in it."""
    try:
        if folder.is_symlink():
            return RunEntry(str(folder), 0, trouble="a link, not a run's folder")
    except OSError as error:
        return RunEntry(str(folder), 0, trouble=f"{folder}: could not be looked at: {error.strerror or error}")
    size = sum(_sizes(folder))
    try:
        manifest = read_manifest(folder)
    except RunNotFound as error:
        return RunEntry(str(folder), size, trouble=str(error))
    if is_alive(manifest.pid, manifest.pid_started):
        return RunEntry(str(folder), size, manifest, RunState.RUNNING)
    result = folder / RESULT
    try:
        ending = msgspec.json.decode(content(result), type=_Ending)
        state = RunState(ending.state)
    except FileNotFoundError:
        return RunEntry(str(folder), size, manifest, RunState.CRASHED)
    except (OSError, ValueError, RecursionError) as error:  # msgspec's DecodeError is a ValueError
        return RunEntry(str(folder), size, manifest, RunState.CRASHED, trouble=f"{result}: {one_line(error)}")
    return RunEntry(str(folder), size, manifest, state, ending.exit_code)


def find(root: Path, wanted: str = "last") -> RunEntry:
    """The run with this id, or whose id or folder begins so, or the last one. Raises RunNotFound."""
    there = list_runs(root)
    runs = [entry for entry in there if entry.manifest is not None]
    if not there:
        raise RunNotFound(f"there is no run yet; start one with: slotfill run (runs are kept in {root})")
    if wanted == "last":
        if not runs:
            told = f"none of the {len(there)} folders in {root} can be read as a run"
            raise RunNotFound(f"{told}; the last: {there[-1].trouble}")
        # A database that was only looked at is no run to go on with, to judge or to take away.
        return next((one for one in reversed(runs) if one.manifest and one.manifest.plan != LOOKED_AT), runs[-1])
    exact = [entry for entry in runs if wanted in (entry.run_id, entry.path.name)]
    meant = exact or [entry for entry in runs if entry.run_id.startswith(wanted) or entry.path.name.startswith(wanted)]
    if not wanted or not meant:
        unread = [entry.trouble for entry in there if entry.manifest is None and wanted and _is_called(entry, wanted)]
        why = unread[0] if unread else "slotfill ls shows them"
        raise RunNotFound(f"no run begins with {wanted!r}; {why} (runs are kept in {root})")
    if len({entry.run_id for entry in meant}) < len(meant):
        # Copies of one run: no id tells them apart.
        some = ", ".join(entry.path.name for entry in meant[:5])
        raise RunNotFound(
            f"{wanted!r} may be any of {len(meant)} runs ({some}); give one of these folders (runs are kept in {root})"
        )
    if len(meant) > 1:
        some = ", ".join(entry.run_id for entry in meant[:5])
        raise RunNotFound(
            f"{wanted!r} may be any of {len(meant)} runs ({some}); give more of its id (runs are kept in {root})"
        )
    return meant[0]


def _may_be_a_run(path: Path) -> bool:
    """Whether it is a folder, or a link; what may be listed and not looked at is told as what cannot be read."""
    try:
        return path.is_dir() or path.is_symlink()
    except OSError:
        return True


def _is_called(entry: RunEntry, wanted: str) -> bool:
    """Whether a folder that cannot be read is named so, or was made for a run whose id begins so."""
    name = entry.path.name
    return name.startswith(wanted) or name.rpartition("-")[2].startswith(wanted)


def disk_of(folder: Path) -> int:
    """Bytes on disk of everything in a folder, as far as it can be read."""
    return sum(_sizes(folder))


def _sizes(folder: Path) -> Iterator[int]:
    """Bytes on disk of every file in it; links are not followed, and what vanishes meanwhile counts nothing."""
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                found = list(entries)
        except OSError:
            continue
        yield from _files(found, waiting)


def _files(found: list["os.DirEntry[str]"], folders: list[str]) -> Iterator[int]:
    """Bytes of each file; folders are put on the list, which is not walked by recursion: it may be very deep."""
    for entry in found:
        try:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif stat.S_ISREG((known := entry.stat(follow_symlinks=False)).st_mode):
                yield known.st_blocks * 512
        except OSError:
            continue
