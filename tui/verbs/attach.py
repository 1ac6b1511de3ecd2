"""`slotfill attach`: the console on a run that goes on."""

import asyncio
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from engine.config import ConsoleSettings
from engine.exit_code import ExitCode
from engine.front import LinkLost
from engine.link_door import LinkDoor
from engine.model.snapshot import RunSnapshot
from engine.records.archive import LOOKED_AT
from engine.records.archive import entry_of as archived
from engine.records.export import export
from engine.records.result import read_result
from tui.terminal_face import settle
from tui.verbs.reach import RunNotFound, entry_of, left_by
from tui.verbs.speak import SettingsInvalid, has_screen, say, settings_of, tell, terminal_trouble, who, wrong


def main(args: Namespace) -> int:
    """Open the console on a live run; of an ended one, say what it came to."""
    try:
        settings = settings_of(args)
        entry = entry_of(args)
    except SettingsInvalid as error:
        return wrong(str(error), ExitCode.USAGE)
    except RunNotFound as error:
        return wrong(str(error), ExitCode.USAGE)
    if entry.manifest is None or not entry.is_live:
        return wrong(f"run {entry.run_id} is {entry.state}; {left_by(entry)}", ExitCode.USAGE)
    if not has_screen():
        why = terminal_trouble() or "attach needs a terminal"
        return wrong(f"{why}; elsewhere use slotfill snapshot or slotfill events", ExitCode.USAGE)
    manifest = entry.manifest
    return console(
        manifest.socket,
        entry.folder,
        manifest.run_id,
        settings.console,
        watch=args.watch,
        behind=args.behind or "",
    )


def console(socket: str, folder: str, run_id: str, settings: ConsoleSettings, *, watch: bool, behind: str = "") -> int:
    """Show the run until it is left. Returns 0 when it goes on, its own exit code when it is over."""
    try:
        left = asyncio.run(show(socket, folder, settings, watch=watch, behind=behind))
    except LinkLost as error:
        result = read_result(Path(folder))
        if result is None and archived(Path(folder)).is_live:
            # Said of a process that lives: it stands still, or has more to do than it can.
            return wrong(f"{error}; its process lives: slotfill attach {run_id} tries again", ExitCode.UNREACHABLE)
        if result is None:
            return wrong(f"{error}; what it was doing is in {folder}/engine.log", ExitCode.CRASHED)
        left = f"run {run_id} was over before the console came: exit {result.exit_code}"
    if left:
        say(left)
    result = read_result(Path(folder))
    if result is None and archived(Path(folder)).is_live:
        return 0
    if result is not None and result.plan == LOOKED_AT:
        tell(f"watch {run_id} has ended; its recording: slotfill replay {run_id}")
        return result.exit_code
    if result is None:
        return wrong(
            f"the engine of run {run_id} died; why: {folder}/engine.log; "
            f"every intent is kept: slotfill events {run_id}",
            ExitCode.CRASHED,
        )
    tell(f"run {run_id}: {result.state}, exit {result.exit_code}; report: {folder}/report.md")
    return result.exit_code


async def show(
    socket: str, folder: str, settings: ConsoleSettings, *, watch: bool = False, behind: str = ""
) -> str | None:
    """The console until it is left; its last words. Raises LinkLost."""
    face = settle(settings)
    from tui.app import SlotfillApp  # noqa: PLC0415 - the screen's library is loaded only when a screen is wanted

    async def keep(snapshot: RunSnapshot, svg: str) -> str:
        return str(await asyncio.to_thread(export, snapshot, Path(folder), svg, datetime.now(UTC)))

    door = await LinkDoor.open(Path(socket), who=who(), watches=watch)
    try:
        app = SlotfillApp(door, who=who(), refresh_s=settings.refresh_s, ascii=face.ascii, watch=watch, export=keep)
        app.wear(face)
        app.behind_wanted = behind
        return await app.run_async(mouse=face.mouse)
    finally:
        await door.close()
