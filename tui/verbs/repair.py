"""`slotfill repair`: lists what earlier runs left, asks, puts it right in one transaction, and says what is left."""

import asyncio
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

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
from tui.verbs.run_databases import named
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, tell, who, wrong

_HEADS = ("WHAT", "ROW", "RESTAURANT", "TABLES", "AGE", "DOES", "WHY")


class Row(Repairable, frozen=True):
    """A row, and where it is."""

    database: str = ""


class Mended(msgspec.Struct, frozen=True):
    """The one JSON document of `slotfill repair --json`, of all databases together."""

    kind: str
    target: str
    database: str
    """The first of them."""
    run: str
    """Whose database it is; empty where no run was named."""
    restaurants: tuple[str, ...]
    """Slugs."""
    dry_run: bool
    exit_code: int
    found: int
    """How many rows there were to put right, or to leave alone with a reason."""
    rows: tuple[Row, ...]
    """The first 1,000 of each database, as they were before."""
    done: tuple[Row, ...]
    left: int
    back: tuple[Row, ...]
    """Those of `done` that were wrong again right after COMMIT."""
    trouble: str
    databases: tuple[str, ...]
    """One; several for a run with repeats, each of which had a database of its own."""


class Work(NamedTuple):
    """What was found in one database, and what became of it."""

    ground: RepairGround
    found: Found
    done: Repaired
    code: ExitCode = ExitCode.PASSED


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
    async with opened(args, settings, target) as grounds:
        works = []
        for ground in grounds:
            async with ground.connect() as connection:
                found = await kind.lists(connection, _scope(ground))
            works.append(Work(ground, found, Repaired((), found.total)))
            if not args.json:
                for line in lines(found, kind, ground.database):
                    say(line)
        wanted = [work.ground for work in works if work.found.curable]
        if not args.dry_run and wanted:
            for ground in wanted:
                await guard_rest(ground, kind)
            count = sum(len(work.found.curable) for work in works)
            where = named([ground.database for ground in wanted])
            await agreed(args, grounds, f"This puts {count} row{'s' * (count != 1)} right in {where}.")
            for ground in wanted:
                await guard_rest(ground, kind)
            works = [await _put_right(args, work, kind, len(grounds)) for work in works]
        if args.json:
            say_json(_document(args, works))
    return int(_worst(works))


def _scope(ground: RepairGround) -> Scope:
    return Scope(tuple(place.id for place in ground.places), timedelta(seconds=ground.settings.run.hold_ttl_s))


async def _put_right(args: Namespace, work: Work, kind: Kind, databases: int) -> Work:
    """In one transaction, and told at once: should another database refuse, this one was put right all the same."""
    ground = work.ground
    if not work.found.curable:
        return work
    async with ground.connect() as connection:
        done = await put_right(connection, kind, _scope(ground))
    place = f" in {ground.database}" if databases > 1 else ""
    code = await _noted(ground, f"repair {kind.name}", f"{told(done)}{place}", done)
    if not args.json:
        say(f"{told(done)}{place}")
    return Work(ground, work.found, done, code)


def _worst(works: Sequence[Work]) -> ExitCode:
    codes = {work.code for work in works}
    return next((code for code in (ExitCode.RECORDS, ExitCode.LOST) if code in codes), ExitCode.PASSED)


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


def _document(args: Namespace, works: Sequence[Work]) -> Mended:
    first = works[0].ground
    return Mended(
        kind=args.what,
        target=first.target,
        database=first.database,
        run=first.entry.run_id if first.entry else "",
        restaurants=tuple(dict.fromkeys(place.slug for work in works for place in work.ground.places)),
        dry_run=args.dry_run,
        exit_code=int(_worst(works)),
        found=sum(work.found.total for work in works),
        rows=_rows(works, lambda work: work.found.rows),
        done=_rows(works, lambda work: work.done.rows),
        left=sum(work.done.left for work in works),
        back=_rows(works, lambda work: work.done.back),
        trouble="; ".join(work.done.trouble for work in works if work.done.trouble),
        databases=tuple(work.ground.database for work in works),
    )


def _rows(works: Sequence[Work], which: Callable[[Work], Sequence[Repairable]]) -> tuple[Row, ...]:
    return tuple(
        Row(**msgspec.structs.asdict(row), database=work.ground.database) for work in works for row in which(work)
    )


async def _noted(ground: RepairGround, command: str, text: str, done: Repaired) -> ExitCode:
    """Write it into the run's folder, and tell the runs that work there now; the exit code."""
    code = ExitCode.LOST if done.back else ExitCode.PASSED
    for entry in living(ground):
        try:
            door = await door_of(entry)
            try:
                await door.act(Command(Verb.NOTE, (f"{command}: {text}",)), who())
            finally:
                await door.close()
        except LinkLost as error:
            tell(f"run {entry.run_id} was not told of it: {error}")
    if ground.entry is None:
        return code
    note = RepairNote(
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        who=who(),
        command=command,
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
