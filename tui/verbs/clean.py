"""`slotfill clean RUN`: the rows a run made go, those it changed are put back, and only those."""

import asyncio
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from engine.clock import RunningClock
from engine.database import DatabaseFailed, DatabaseUnreachable
from engine.exit_code import ExitCode
from engine.model.clean import Cleaned, Cleaning
from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import ClusterInUse
from engine.records.archive import RunEntry, list_runs, runs_folder
from engine.records.cleaned import add_cleaned
from engine.records.trouble import RecordsDamaged, RecordsFailed
from engine.repair.clean import Busy, NotOnlyThose, clean, survey
from engine.repair.left import StillWorking, quieten
from engine.safety import GuardRefused
from tui.verbs.agree import agrees, said_or_asked
from tui.verbs.clean_ground import Site, Unfit, sites
from tui.verbs.reach import RunNotFound, entry_of
from tui.verbs.run_databases import named, share
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, sourced, who, wrong


class Report(msgspec.Struct, frozen=True):
    """The one JSON document of `slotfill clean --json`."""

    run: str
    target: str
    dry_run: bool
    at: datetime
    databases: tuple[Cleaned, ...]
    """One; several for a run with repeats, each of which had a database of its own."""


def main(args: Namespace) -> int:
    """Clean up after a run: 0 done or nothing to do, 4 refused, by a guard or as more than the run's rows would go."""
    try:
        entry = entry_of(args)
        _guard_live(args, entry)
        return asyncio.run(_main(args, entry))
    except (SettingsInvalid, RunNotFound) as error:
        return wrong(str(error), ExitCode.USAGE)
    except (GuardRefused, ClusterInUse, Busy, NotOnlyThose) as error:
        return wrong(str(error), ExitCode.REFUSED)
    except StillWorking as error:
        return wrong(f"nothing was changed: {error}; end it, and try again", ExitCode.REFUSED)
    except (PlatformUnfit, DatabaseUnreachable, DatabaseFailed, Unfit) as error:
        return wrong(str(error), ExitCode.UNREACHABLE)
    except (RecordsDamaged, RecordsFailed) as error:
        return wrong(str(error), ExitCode.RECORDS)


async def _main(args: Namespace, entry: RunEntry) -> int:
    manifest = entry.manifest
    if manifest is None:
        raise RunNotFound(f"{entry.folder} holds no readable run.json, so its database is not known")
    settings = sourced(args, [f"run.target={manifest.target}"]).settings
    async with sites(args, settings, entry) as found:
        listed = tuple([await _surveyed(site) for site in found])
        if args.dry_run or all(one.is_nothing for one in listed):
            _show(args, entry, listed)
            return 0
        names = named([site.ground.database for site in found])
        if not args.json and args.yes is None:
            _say(entry, listed)
        said = found[0].said
        if said is None:
            said = said_or_asked(args, f"{_what(listed)} in {names}.", found[0].word)
        if not agrees(said, found[0].word):
            heard = "nobody said yes" if said is None else f"{said} is another name"
            left = "was left as it is" if len(found) == 1 else "were left as they are"
            return wrong(f"{names} {left}, {heard}; --yes={found[0].word} answers for you", ExitCode.REFUSED)
        await found[0].clear(said)
        done = tuple([await _clean(entry, site) for site in found])
    _show(args, entry, done)
    return 0


async def _surveyed(site: Site) -> Cleaned:
    async with site.connect() as connection:
        return await survey(connection, site.mine, site.ground)


async def _clean(entry: RunEntry, site: Site) -> Cleaned:
    # What a killed engine had sent may still be done by its backends: after them, nothing more comes.
    async with site.connect() as connection:
        await quieten(connection, [entry.run_id], RunningClock())
        done = await clean(connection, site.mine, site.ground)
    if not done.is_nothing:
        # At once: should the next database refuse, this one was cleaned all the same.
        _keep(entry, done)
    return done


def _guard_live(args: Namespace, entry: RunEntry) -> None:
    """Nothing is taken from under a run that goes on, this one or another in its database. Raises GuardRefused."""
    for other in list_runs(runs_folder(settings_of(args).records.runs)):
        if not other.is_live or other.manifest is None:
            continue
        if other.run_id == entry.run_id or (entry.manifest and share(entry.manifest, other.manifest)):
            where = "" if other.run_id == entry.run_id else f" in {other.manifest.database}"
            raise GuardRefused(
                f"run {other.run_id} goes on{where}: nothing was changed; stop it first: slotfill stop {other.run_id}"
            )


def _keep(entry: RunEntry, done: Cleaned) -> None:
    """Say in the run's folder that it was cleaned, so that nobody takes its rows for lost."""
    made = Cleaning(
        at=datetime.now(UTC),
        who=who(),
        database=done.database,
        removed={table.table: table.rows for table in done.tables},
        restored=done.restored_count,
        left=done.left_count,
    )
    try:
        add_cleaned(entry.path, made)
    except (RecordsFailed, RecordsDamaged) as error:
        raise RecordsFailed(
            f"run {entry.run_id} was cleaned in {done.database}, and that could not be written down: {error}"
        ) from error


def _show(args: Namespace, entry: RunEntry, found: tuple[Cleaned, ...]) -> None:
    if args.json:
        target = entry.manifest.target if entry.manifest else ""
        say_json(Report(entry.run_id, target, bool(args.dry_run), datetime.now(UTC), found))
    else:
        _say(entry, found)


def _say(entry: RunEntry, found: tuple[Cleaned, ...]) -> None:
    for one in found:
        for line in lines(entry.run_id, one):
            say(line)


def lines(run: str, found: Cleaned) -> Iterator[str]:
    """What goes or went, for people."""
    if found.is_nothing:
        yield f"nothing of run {run} is there in {found.database}"
    else:
        yield f"run {run} in {found.database}: {'this went' if found.done else 'this would go'}"
        yield f"{'ROWS':>8}  {'TABLE':<34}{'BEFORE':>9}{'AFTER':>9}" if found.done else f"{'ROWS':>8}  TABLE"
        for table in found.tables:
            counts = f"{table.before:>9}{table.after:>9}" if found.done else ""
            yield f"{table.rows:>8}  {table.table:<34}{counts}".rstrip()
        if found.restored_count:
            word = "are put back" if not found.done else "were put back"
            yield f"{found.restored_count:>8}  bookings {word} to how they stood before"
            for one in found.restored[:_SHOWN]:
                yield f"{'':>10}{one.booking_id}  {_moves(one.status, one.becomes, one.zone_id == one.zone_becomes)}"
            if found.restored_count > _SHOWN:
                yield f"{'':>10}and {found.restored_count - _SHOWN} more; --json lists them"
    if found.left_count:
        yield f"{found.left_count:>8}  left alone"
        for left in found.left[:_SHOWN]:
            yield f"{'':>10}{left.table} {left.id}: {left.reason}"
        if found.left_count > _SHOWN:
            yield f"{'':>10}and {found.left_count - _SHOWN} more; --json lists them"
    if found.absent and not found.is_nothing:
        yield f"passed over, as they are not there or not as we know them: {', '.join(found.absent)}"


_SHOWN = 10


def _moves(status: str, becomes: str, same_zone: bool) -> str:
    moved = status if status == becomes else f"{status} -> {becomes}"
    return moved if same_zone else f"{moved}, its zone lock as before"


def _what(listed: tuple[Cleaned, ...]) -> str:
    rows, back = sum(one.rows for one in listed), sum(one.restored_count for one in listed)
    return f"This removes {rows} rows and puts {back} bookings back"
