"""`slotfill verify`: everything a run claims, held against its database once more."""

import asyncio
from argparse import Namespace
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial

import msgspec

from engine.config import Settings
from engine.database import DatabaseFailed, DatabaseUnreachable
from engine.exit_code import ExitCode
from engine.model.verification import Suspect, Verification
from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import ClusterInUse
from engine.records.archive import Manifest, RunEntry, list_runs, runs_folder
from engine.safety import GuardRefused
from engine.verify.claims import JournalDamaged
from engine.verify.reconcile import RecordsUnfit, verify
from tui.verbs.reach import RunNotFound, entry_of
from tui.verbs.run_databases import elsewhere, named, opened, run_databases, share
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, tell, wrong

_TIMEOUT_S = 60.0
"""Of one statement: a run may have a million attempts."""
_MOST_LINES = 100


def main(args: Namespace) -> int:
    """Verify a run: 0 all as claimed, 5 lost, torn, altered, duplicate, phantom or broken, 6 when it cannot be told."""
    try:
        settings = settings_of(args)
        found = asyncio.run(_main(settings, entry_of(args)))
    except (SettingsInvalid, RunNotFound) as error:
        return wrong(str(error), ExitCode.USAGE)
    except (GuardRefused, ClusterInUse) as error:
        return wrong(str(error), ExitCode.REFUSED)
    except (PlatformUnfit, DatabaseUnreachable, DatabaseFailed) as error:
        return wrong(str(error), ExitCode.UNREACHABLE)
    except (JournalDamaged, RecordsUnfit) as error:
        return wrong(str(error), ExitCode.RECORDS)
    if args.json:
        say_json(found)
    else:
        for line in lines(found):
            say(line)
    return found.exit_code


async def _main(settings: Settings, entry: RunEntry) -> Verification:
    manifest = entry.manifest
    if manifest is None:
        raise RunNotFound(f"{entry.folder} holds no readable run.json, so nothing of it can be verified")
    if entry.is_live:
        tell(f"run {entry.run_id} goes on: what is in flight is unresolved, and no alarm")
    async with AsyncExitStack() as held:
        ground = await held.enter_async_context(run_databases(settings, manifest, "verify"))
        connection = await held.enter_async_context(opened(ground.dsn, ground, "verify")) if ground.dsn else None
        gone = ground.gone
        if connection is not None and not ground.ours and (gone := await elsewhere(connection, manifest)):
            connection = None
        repeats = {number: partial(opened, dsn, ground, "verify") for number, dsn in ground.repeats.items()}
        found = await verify(entry.path, connection, goes_on=entry.is_live, repeats=repeats, gone=gone)
    return msgspec.structs.replace(found, notes=(*found.notes, *_others(settings, manifest)))


def _others(settings: Settings, manifest: Manifest) -> Iterator[str]:
    """Runs that worked in the same database afterwards: what has changed there may be theirs."""
    for other in list_runs(runs_folder(settings.records.runs)):
        one = other.manifest
        if one is None or one.run_id == manifest.run_id or one.started_at <= manifest.started_at:
            continue
        if share(one, manifest):
            yield f"run {one.run_id} worked in {one.database} afterwards: what has changed there may be its doing"


def lines(found: Verification) -> Iterator[str]:
    """What was found, for people."""
    ledger = found.ledger
    yield f"run {found.run_id}: {found.equation}"
    yield f"{ledger.acknowledged} acknowledged; beside them {ledger.duplicate} duplicate, {ledger.phantom} phantom"
    if found.suspects:
        yield ""
    for one in found.suspects[:_MOST_LINES]:
        yield _story(one)
    if (more := len(found.suspects) - _MOST_LINES) > 0:
        yield f"and {more} more; --json names a thousand"
    for text in (*found.notes, *found.problems[:_MOST_LINES], *found.differences):
        yield f"! {text}"
    for name, count in found.broken.items():
        yield f"! integrity: {name} finds {count} more than before it; slotfill check {found.run_id} names the rows"
    for name, why in found.unchecked.items():
        yield f"! integrity: {name} was not checked: {why}"
    yield ""
    result = "and result.json where there is one"
    if found.at:
        where = f"{named(found.databases)} as of {found.at:%Y-%m-%d %H:%M:%S} UTC"
        yield f"checked: every line of the journal, {where}, the integrity checks, {result}"
    else:
        yield f"checked: every line of the journal, {result}; no database, and so no integrity"
    yield _verdict(found)


def _story(one: Suspect) -> str:
    claimed = "+".join(one.claimed) or "no tables"
    when = "" if one.acknowledged_ns is None else f" at {one.acknowledged_ns / 1e9:.3f} s"
    there = f"{one.status}, {'+'.join(one.tables) or 'no tables'}" if one.status else "nothing"
    missed = "" if one.missed_ns is None else f"; missed during the run at {one.missed_ns / 1e9:.3f} s"
    attempt = "no attempt" if one.attempt is None else f"attempt {one.attempt}"
    return f"{one.word:<10} {one.booking_id}  {attempt}, claimed {claimed}{when}, there: {there}: {one.cause}{missed}"


def _verdict(found: Verification) -> str:
    if found.exit_code == ExitCode.LOST:
        return "not as claimed"
    if found.exit_code == ExitCode.INCONCLUSIVE:
        return "inconclusive: not everything could be told, or the records disagree"
    if found.in_flight:
        return f"as claimed so far, {found.in_flight} in flight"
    return "everything as claimed" if found.ledger.attempts else "nothing was attempted, so nothing is proven"
