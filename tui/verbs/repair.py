"""`slotfill repair`: lists what earlier runs left, asks, puts it right in one transaction, and says what is left."""

import asyncio
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from engine.config import Settings, TargetSettings
from engine.database import DatabaseFailed, DatabaseUnreachable
from engine.exit_code import ExitCode
from engine.front import LinkLost
from engine.mending import DOES, NOTES, told
from engine.model.command import Command, Verb
from engine.model.repair import Found, Remedy, Repairable, Repaired, RepairNote, Scope
from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import ClusterInUse
from engine.records.trouble import RecordsFailed
from engine.records.writer import append_json
from engine.repair.kinds import BY_NAME, Kind, put_right
from engine.safety import GuardRefused, target_of
from tui.format import plain, took
from tui.verbs.reach import RunNotFound, door_of
from tui.verbs.repair_ground import RepairGround, agreed, guard_rest, living, opened, variables
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, tell, who, wrong

_HEADS = ("WHAT", "ROW", "RESTAURANT", "TABLES", "AGE", "DOES", "WHY")


class Mended(msgspec.Struct, frozen=True):
    """The one JSON document of `slotfill repair --json`."""

    kind: str
    target: str
    database: str
    run: str
    """Whose database it is; empty where no run was named."""
    restaurants: tuple[str, ...]
    """Slugs."""
    dry_run: bool
    exit_code: int
    found: int
    """How many rows there were to put right, or to leave alone with a reason."""
    rows: tuple[Repairable, ...]
    """The first 1,000 of them, as they were before."""
    done: tuple[Repairable, ...]
    left: int
    back: tuple[Repairable, ...]
    """Those of `done` that were wrong again right after COMMIT."""
    trouble: str


def main(args: Namespace) -> int:
    """Repair one kind: 0 done or nothing to do, 4 refused, 5 when something in the database undid it."""
    kind = BY_NAME[args.what]
    try:
        settings = settings_of(args)
        return asyncio.run(_main(args, settings, target_of(settings, variables()), kind))
    except (SettingsInvalid, RunNotFound) as error:
        return wrong(str(error), ExitCode.USAGE)
    except (GuardRefused, ClusterInUse) as error:
        return wrong(str(error), ExitCode.REFUSED)
    except (PlatformUnfit, DatabaseUnreachable, DatabaseFailed) as error:
        return wrong(str(error), ExitCode.UNREACHABLE)


async def _main(args: Namespace, settings: Settings, target: TargetSettings, kind: Kind) -> int:
    async with opened(args, settings, target) as ground:
        places = tuple(place.id for place in ground.places)
        scope = Scope(places, timedelta(seconds=settings.run.hold_ttl_s))
        found = await kind.lists(ground.connection, scope)
        if not args.json:
            for line in lines(found, kind, ground.database):
                say(line)
        if args.dry_run or not found.curable:
            if args.json:
                say_json(_document(args, ground, found, Repaired((), found.total), ExitCode.PASSED))
            return int(ExitCode.PASSED)
        await guard_rest(ground, kind)
        count = len(found.curable)
        await agreed(args, ground, f"This puts {count} row{'s' * (count != 1)} right in {ground.database}.")
        await guard_rest(ground, kind)
        done = await put_right(ground.connection, kind, scope)
        code = await _noted(ground, kind, done, ExitCode.LOST if done.back else ExitCode.PASSED)
        if args.json:
            say_json(_document(args, ground, found, done, code))
        else:
            say(told(done))
        return int(code)


def lines(found: Found, kind: Kind, database: str) -> Iterator[str]:
    """What would be done, for people: one row each."""
    if not found.total:
        yield f"{database}: nothing to repair; {kind.name} would {kind.title}"
        return
    yield f"{database}: {found.total} found; repair {kind.name} would {kind.title}"
    yield ""
    rows = [_HEADS, *(_cells(row) for row in found.rows)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADS))]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
    if found.total > len(found.rows):
        yield f"and {found.total - len(found.rows)} more, for another repair"
    yield ""


def _cells(row: Repairable) -> tuple[str, ...]:
    cells = (
        row.what,
        row.subject,
        row.restaurant,
        ", ".join(row.tables) or "-",
        took(row.age_ns),
        DOES[Remedy(row.remedy)],
        row.why,
    )
    return tuple(plain(cell) for cell in cells)


def _document(args: Namespace, ground: RepairGround, found: Found, done: Repaired, code: ExitCode) -> Mended:
    return Mended(
        kind=args.what,
        target=ground.target,
        database=ground.database,
        run=ground.entry.run_id if ground.entry else "",
        restaurants=tuple(place.slug for place in ground.places),
        dry_run=args.dry_run,
        exit_code=int(code),
        found=found.total,
        rows=found.rows,
        done=done.rows,
        left=done.left,
        back=done.back,
        trouble=done.trouble,
    )


async def _noted(ground: RepairGround, kind: Kind, done: Repaired, code: ExitCode) -> ExitCode:
    """Write it into the run's folder, and tell the runs that work there now; the exit code."""
    for entry in living(ground):
        try:
            door = await door_of(entry)
            try:
                await door.act(Command(Verb.NOTE, (f"repair {kind.name}: {told(done)}",)), who())
            finally:
                await door.close()
        except LinkLost as error:
            tell(f"run {entry.run_id} was not told of it: {error}")
    if ground.entry is None:
        return code
    note = RepairNote(
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        who=who(),
        command=f"repair {kind.name}",
        target=ground.target,
        database=ground.database,
        restaurants=tuple(place.slug for place in ground.places),
        done=done.rows,
        left=done.left,
        back=tuple(row.id for row in done.back),
        trouble=done.trouble,
    )
    try:
        append_json(ground.entry.path / NOTES, note)
    except RecordsFailed as error:
        tell(f"slotfill: it was done, and is not in the run's folder: {error}")
        return ExitCode.RECORDS
    return code
