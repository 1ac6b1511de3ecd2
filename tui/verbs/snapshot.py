"""`slotfill snapshot`: export a run as it is now, or as it ended, picture of the screen and all, from any terminal."""

import asyncio
import contextlib
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from engine.clock import RunningClock
from engine.exit_code import ExitCode
from engine.front import FrontDoor
from engine.model.command import Command, Verb
from engine.records.archive import RunEntry
from engine.records.export import export
from engine.records.trouble import RecordsDamaged, RecordsFailed
from tui.past import ReplayDoor
from tui.verbs.reach import LinkLost, RunNotFound, door_of, entry_of
from tui.verbs.replay import recorded
from tui.verbs.speak import SettingsInvalid, say, say_json, who, wrong


def main(args: Namespace) -> int:
    """Export and print the folder."""
    columns, _, rows = args.size.partition("x")
    size = _cells(columns), _cells(rows)
    if size[0] < 20 or size[1] < 5:
        return wrong(f"--size {args.size}: give COLSxROWS, from 20x5 to 999x999, such as 160x50", ExitCode.USAGE)
    try:
        folder = asyncio.run(_export(args, size))
    except (SettingsInvalid, RunNotFound) as error:
        return wrong(str(error), ExitCode.USAGE)
    except LinkLost as error:
        return wrong(str(error), ExitCode.UNREACHABLE)
    except (RecordsFailed, RecordsDamaged) as error:
        return wrong(str(error), ExitCode.RECORDS)
    if args.json:
        say_json({"folder": str(folder)})
    else:
        say(str(folder))
    return 0


def _cells(typed: str) -> int:
    """The number that was typed; 0 for none, and for one that no screen has."""
    return int(typed) if typed.isdecimal() and len(typed) <= 3 else 0


async def _export(args: Namespace, size: tuple[int, int]) -> Path:
    # The screen's library is loaded only when a screen is wanted.
    from tui.app import SlotfillApp  # noqa: PLC0415
    from tui.picture import picture  # noqa: PLC0415

    entry = entry_of(args)
    door = await _door(entry)
    try:
        snapshot = await door.snapshot()
        app = SlotfillApp(door, who=who(), watch=True)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            svg = picture(app, f"slotfill {entry.run_id}")
        out = Path(args.out) if args.out else entry.path
        folder = await asyncio.to_thread(export, snapshot, out, svg, datetime.now(UTC))
        with contextlib.suppress(LinkLost):
            # Should the run have ended meanwhile: what was exported is there, and that is what was asked for.
            await door.act(Command(Verb.NOTE, ("snapshot", folder.name)), who())
        return folder
    finally:
        await door.close()


async def _door(entry: RunEntry) -> FrontDoor:
    """The run's engine; of a run that is over its recording, held at its end. Raises LinkLost, RecordsDamaged."""
    if entry.is_live or entry.manifest is None:
        return await door_of(entry)
    past = await asyncio.to_thread(recorded, entry)
    door = ReplayDoor(past, RunningClock())
    door.seek(past.ends_ns)
    door.hold(True)
    return door
