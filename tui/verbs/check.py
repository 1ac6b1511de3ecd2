"""`slotfill check`: whether what a database holds is sound, every offending row named."""

import asyncio
import os
from argparse import Namespace
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from engine.config import Settings, TargetSettings
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, DatabaseUnreachable, describe
from engine.environment import read
from engine.exit_code import ExitCode
from engine.model.integrity import Check, Finding, Grade, Integrity, Place
from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import Cluster, ClusterInUse
from engine.platform.databases import names
from engine.safety import GuardRefused, dsn_of, target_of
from engine.verify.integrity import CHECKS, check, restaurants_of
from tui.verbs.reach import RunNotFound, entry_of, in_embedded, manifest_of
from tui.verbs.run_databases import databases_of, named
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, tell, who, wrong

_TIMEOUT_S = 15.0
"""Of the connection; a check is stopped by the server before that."""


class Ground(msgspec.Struct, frozen=True):
    """What is checked."""

    target: str
    database: str
    run: str
    """Whose database it is; empty where it is no run's."""
    dsn: str
    slugs: tuple[str, ...] = ()
    """Restaurants; none for all of the database."""


class Offending(Finding, frozen=True):
    """An offending row, and where it is."""

    database: str = ""


class Checked(msgspec.Struct, frozen=True):
    """The one JSON document of `slotfill check --json`, counts and findings of all databases together."""

    target: str
    database: str
    """The first of them."""
    run: str
    restaurants: tuple[str, ...]
    """Slugs."""
    exit_code: int
    at: datetime
    took_ns: int
    counts: dict[str, int]
    findings: dict[str, tuple[Offending, ...]]
    failed: dict[str, str]
    checks: tuple[Check, ...] = CHECKS
    databases: tuple[str, ...] = ()
    """One; several for a run with repeats, each of which had a database of its own."""


def main(args: Namespace) -> int:
    """Check the database of a run, or that of another target: 0 clean, 5 broken, 6 when a check could not run."""
    try:
        settings = settings_of(args)
        target = target_of(settings, _variables())
        found = asyncio.run(_main(args, settings, target))
    except (SettingsInvalid, RunNotFound) as error:
        return wrong(str(error), ExitCode.USAGE)
    except (GuardRefused, ClusterInUse) as error:
        return wrong(str(error), ExitCode.REFUSED)
    except (PlatformUnfit, DatabaseUnreachable, DatabaseFailed) as error:
        return wrong(str(error), ExitCode.UNREACHABLE)
    if args.json:
        say_json(found)
    else:
        for line in lines(found):
            say(line)
    return found.exit_code


def verdict(integrity: Integrity | Checked) -> ExitCode:
    """The exit code: what is broken outweighs what could not be asked; leftovers are shown and harm no promise."""
    if any(integrity.counts.get(one.name) for one in CHECKS if one.grade is Grade.BROKEN):
        return ExitCode.LOST
    return ExitCode.INCONCLUSIVE if integrity.failed else ExitCode.PASSED


def lines(found: Checked) -> Iterator[str]:
    """What was found, for people: every check with its count, then the rows."""
    several = len(found.databases) > 1
    where = named(found.databases) if several else f"database {found.database}"
    where += f" of run {found.run}" if found.run else f" of target {found.target}"
    houses = len(found.restaurants)
    yield (
        f"{where}: {len(found.checks)} checks on {houses} restaurant{'' if houses == 1 else 's'} "
        f"in {found.took_ns / 1e6:.0f} ms"
    )
    yield ""
    for one in found.checks:
        count = "failed" if one.name in found.failed else str(found.counts.get(one.name, 0))
        yield f"{count:>7}  {one.grade:<8}  {one.name:<30}  {one.title}"
    for one in found.checks:
        if one.name in found.failed:
            yield from ("", f"{one.name} could not run and has passed nothing: {found.failed[one.name]}")
        if one.name in found.findings:
            yield from ("", f"{one.name}: {one.why}")
            rows = found.findings[one.name]
            for row in rows:
                place = f"{row.database}  " if several else ""
                yield f"  {place}{row.subject}{f'  [{row.tables}]' if row.tables else ''}  {row.detail}"
            if (more := found.counts[one.name] - len(rows)) > 0:
                yield f"  and {more} more"
    yield from ("", _summary(found))


def _summary(found: Checked) -> str:
    broken = sum(found.counts.get(one.name, 0) for one in found.checks if one.grade is Grade.BROKEN)
    leftover = sum(found.counts.values()) - broken
    unknown = f", {len(found.failed)} checks could not run" if found.failed else ""
    if not broken and not leftover and not unknown:
        return "clean: no check found anything"
    return f"{broken} broken, {leftover} leftover{unknown}"


async def _main(args: Namespace, settings: Settings, target: TargetSettings) -> Checked:
    done: list[Checked] = []
    async with _grounds(args, settings, target) as grounds:
        for ground in grounds:
            connection = await Connection.open(
                ground.dsn, application_name="slotfill check", timeout_s=_TIMEOUT_S, pooled=not target.is_embedded
            )
            try:
                done.append(await _checked(connection, ground, timedelta(seconds=settings.run.hold_ttl_s)))
            finally:
                await connection.close()
    return together(done)


async def _checked(connection: Connection, ground: Ground, ttl: timedelta) -> Checked:
    database = ground.database or await _name(connection)
    places = await restaurants_of(connection, ground.slugs)
    _guard_unseen(ground, database, places)
    integrity = await check(connection, [place.id for place in places], ttl)
    return Checked(
        target=ground.target,
        database=database,
        run=ground.run,
        restaurants=tuple(place.slug for place in places),
        exit_code=int(verdict(integrity)),
        at=integrity.at,
        took_ns=integrity.took_ns,
        counts=integrity.counts,
        findings={
            name: tuple(Offending(row.subject, row.booking_id, row.tables, row.detail, database) for row in rows)
            for name, rows in integrity.findings.items()
        },
        failed=integrity.failed,
        databases=(database,),
    )


def together(done: Sequence[Checked]) -> Checked:
    """What was found in all databases of a run, as one."""
    first, *others = done
    if not others:
        return first
    findings: dict[str, tuple[Offending, ...]] = {}
    failed: dict[str, str] = {}
    for one in done:
        for name, rows in one.findings.items():
            findings[name] = (*findings.get(name, ()), *rows)
        for name, why in one.failed.items():
            failed[name] = f"{failed[name]}; {one.database}: {why}" if name in failed else f"{one.database}: {why}"
    all_of_it = msgspec.structs.replace(
        first,
        restaurants=tuple(dict.fromkeys(slug for one in done for slug in one.restaurants)),
        took_ns=sum(one.took_ns for one in done),
        counts={name: sum(each.counts.get(name, 0) for each in done) for one in done for name in one.counts},
        findings=findings,
        failed=failed,
        databases=tuple(one.database for one in done),
    )
    return msgspec.structs.replace(all_of_it, exit_code=int(verdict(all_of_it)))


async def _name(connection: Connection) -> str:
    try:
        return str(await connection.value("platform/admin/database_name"))
    except STEP_ERRORS as error:
        raise DatabaseFailed(f"the database does not say its name: {describe(error)}") from error


def _guard_unseen(ground: Ground, database: str, places: Collection[Place]) -> None:
    """What cannot be seen was not checked, and must not be called clean. Raises DatabaseFailed."""
    missing = sorted(set(ground.slugs) - {"all"} - {place.slug for place in places})
    if missing or not places:
        raise DatabaseFailed(
            f"{', '.join(missing) or 'no restaurant'} can be seen in {database}: not there, or row security hides it "
            "from this role; nothing was checked"
        )


def _variables() -> dict[str, str]:
    """The platform's environment as it is seen here, where a dsn may be kept too."""
    return read(Path.cwd(), os.environ).values


@asynccontextmanager
async def _grounds(args: Namespace, settings: Settings, target: TargetSettings) -> AsyncIterator[list[Ground]]:
    """What the command line names; the embedded server stays up meanwhile."""
    name = settings.run.target
    if target.is_embedded:
        async with _embedded(args, settings) as grounds:
            yield grounds
        return
    if not (target.dsn or target.dsn_env):
        raise GuardRefused(
            f"target {name} is a booking API without a dsn: its database cannot be reached, so nothing was checked; "
            "give it one"
        )
    yield [Ground(target=name, database="", run="", dsn=dsn_of(name, target, _variables()), slugs=target.restaurants)]


@asynccontextmanager
async def _embedded(args: Namespace, settings: Settings) -> AsyncIterator[list[Ground]]:
    entry = entry_of(args)
    database = in_embedded(entry, settings)
    if entry.is_live:
        tell(f"run {entry.run_id} goes on: a hold or a confirmation in flight may show as half done")
    cluster = await Cluster.open(settings.embedded, f"check by {who()}")
    try:
        there = await names(cluster)
        if database not in there:
            raise RunNotFound(
                f"the database {database} of run {entry.run_id} is gone; prune removes them with their runs"
            )
        yield [
            Ground(target=settings.run.target, database=one, run=entry.run_id, dsn=cluster.dsn(one))
            for one in databases_of(manifest_of(entry), there).values()
        ]
    finally:
        await cluster.close()
