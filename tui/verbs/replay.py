"""`slotfill replay`: a run's recording on the same screens, at any speed, without an engine or a database."""

import asyncio
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from engine.clock import RunningClock
from engine.config import ConsoleSettings
from engine.exit_code import ExitCode
from engine.model.ids import SCHEMA_VERSION
from engine.model.snapshot import RunSnapshot
from engine.records.archive import MANIFEST, RunEntry, entry_of, find, runs_folder
from engine.records.export import export
from engine.records.last_moments import last_moments
from engine.records.past import Past
from engine.records.reading import UNREADABLE, content
from engine.records.recording import ENDING, NAME
from engine.records.segments import segments
from engine.records.trouble import RecordsDamaged, RecordsFailed, RunNotFound
from tui.format import elapsed
from tui.past import ReplayDoor
from tui.speed import LEAST, MOST, read_speed
from tui.terminal_face import settle
from tui.verbs.speak import SettingsInvalid, has_screen, say, settings_of, tell, terminal_trouble, who, wrong

_SNAPSHOT = "snapshot.json"
_SHOWN = 200
"""Signs of a path that is none; it may be of any length."""


def main(args: Namespace) -> int:
    """Play it until it is left."""
    speed = read_speed(args.speed)
    if speed is None:
        return wrong(f"--speed {args.speed}: give a number from {LEAST:g} to {MOST:g}", ExitCode.USAGE)
    try:
        settings = settings_of(args)
        past, grows = _past(args.run, runs_folder(settings.records.runs))
    except (SettingsInvalid, RunNotFound, RecordsDamaged, RecordsFailed) as error:
        return wrong(str(error), ExitCode.USAGE)
    if not has_screen():
        why = terminal_trouble() or "replay needs a terminal"
        return wrong(f"{why}; elsewhere use slotfill report or slotfill events", ExitCode.USAGE)
    if past.trouble:
        tell(past.trouble)
    left = asyncio.run(_replay(past, speed, args.behind or "", grows=grows, console=settings.console))
    if left:
        say(left)
    return 0


def _past(wanted: str, root: Path) -> tuple[Past, bool]:
    """The past that is meant, a run's or a snapshot's, and whether its engine still writes to it.

    Raises RunNotFound, RecordsDamaged, RecordsFailed.
    """
    try:
        folder = Path(wanted).expanduser()
        is_path = wanted != "last" and ("/" in wanted or folder.is_dir())
    except (OSError, RuntimeError):  # longer than any path, or the home of nobody
        folder, is_path = Path(wanted), False
    if is_path:
        try:
            return _at(folder, wanted)
        except OSError as error:  # longer than any path, or of a folder that nobody lets us look into
            raise RunNotFound(f"{wanted[:_SHOWN]}: could not be looked at: {error.strerror or error}") from error
    entry = find(root, wanted)
    return recorded(entry), entry.is_live


def _at(folder: Path, wanted: str) -> tuple[Past, bool]:
    if (folder / _SNAPSHOT).is_file():
        made = _snapshot(folder / _SNAPSHOT)
        past = Past.of(folder.absolute(), made)
        past.trouble = (
            f"a snapshot: one picture of run {made.run.run_id} at {elapsed(made.run.elapsed_ns)}, "
            "with nothing before or after it"
        )
        return past, False
    if not folder.is_dir():
        raise RunNotFound(f"{wanted}: there is no such folder; give a run, its folder, or a snapshot's folder")
    if not (folder / MANIFEST).is_file():
        raise RunNotFound(f"{wanted}: neither a run's folder nor a snapshot's: it has no {MANIFEST}")
    entry = entry_of(folder.absolute())
    return recorded(entry), entry.is_live


def recorded(entry: RunEntry) -> Past:
    """What a run recorded, with its end. Raises RecordsDamaged, RecordsFailed."""
    past = Past(entry.path)
    past.read_on()
    if past.is_empty:
        raise RecordsDamaged(f"{entry.path}: nothing is recorded yet, so there is nothing to play")
    try:
        segments(entry.path, NAME, ENDING)
    except RecordsDamaged as error:
        past.trouble = past.trouble or f"{error}; what was recorded from there on is not shown"
    end = past.at(past.ends_ns)
    if not entry.is_live and not end.run.state.is_over:
        # Its engine died, or what it recorded last was lost. What that was worth is in the journal.
        try:
            past.close_with(last_moments(entry.path, end))
        except RecordsDamaged as error:
            past.trouble = past.trouble or f"the run's end is that of its recording alone: {error}"
    if past.torn_bytes and not entry.is_live:
        lost = "the figures of its end are the journal's"
        past.trouble = past.trouble or f"the recording's last block is torn ({past.torn_bytes} bytes); {lost}"
    return past


def _snapshot(path: Path) -> RunSnapshot:
    """Raises RecordsDamaged."""
    try:
        made = msgspec.json.decode(content(path), type=RunSnapshot)
    except (OSError, *UNREADABLE) as error:
        raise RecordsDamaged(f"{path}: not a snapshot: {error}") from error
    if made.schema > SCHEMA_VERSION:
        raise RecordsDamaged(f"{path}: schema {made.schema} is newer than this slotfill, which reads {SCHEMA_VERSION}")
    return made


async def _replay(past: Past, speed: float, behind: str, *, grows: bool, console: ConsoleSettings) -> str | None:
    face = settle(console)
    from tui.app import SlotfillApp  # noqa: PLC0415 - the screen's library is loaded only when a screen is wanted

    async def keep(snapshot: RunSnapshot, svg: str) -> str:
        return str(await asyncio.to_thread(export, snapshot, past.folder, svg, datetime.now(UTC)))

    door = ReplayDoor(past, RunningClock(), speed=speed, grows=grows)
    app = SlotfillApp(door, who=who(), ascii=face.ascii, watch=True, export=keep)
    app.wear(face)
    app.behind_wanted = behind
    app.opening_words = past.trouble
    return await app.run_async(mouse=face.mouse)
