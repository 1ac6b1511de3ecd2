"""`slotfill optimum`: how many bookings a run's houses could have seated at most, and who was missed."""

import asyncio
import time
from argparse import Namespace
from collections.abc import Iterable, Iterator

import msgspec

from engine.config import Settings
from engine.database import STEP_ERRORS, DatabaseFailed, DatabaseUnreachable, describe
from engine.exit_code import ExitCode
from engine.judge.demand import Demand, demands
from engine.judge.inventory import bounds, run_optimum
from engine.judge.optimum import SolverMissing
from engine.judge.seatings import HouseRules, Taken
from engine.model.floor import Floor
from engine.model.house_optimum import HouseOptimum
from engine.model.ledger import Entry
from engine.model.optimum import RunOptimum
from engine.model.rows import TableTaken
from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import ClusterInUse
from engine.records.archive import Manifest, RunEntry
from engine.records.journal import read
from engine.records.result import read_result
from engine.records.trouble import RecordsDamaged
from engine.records.waterfall import fell, ground_of, regret, waterfall_lines
from engine.restaurants import read_floors
from engine.safety import GuardRefused
from tui.verbs.reach import RunNotFound, entry_of, manifest_of
from tui.verbs.run_databases import opened, run_databases
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, wrong

_BAD = frozenset({Entry.LOST, Entry.TORN, Entry.ALTERED})


def main(args: Namespace) -> int:
    """Prove the bound and print what was made of it: 0, or 6 where the bound is withheld."""
    try:
        settings = settings_of(args)
        entry = entry_of(args)
        found = asyncio.run(_main(settings, entry, manifest_of(entry)))
    except (SettingsInvalid, RunNotFound, SolverMissing) as error:
        return wrong(str(error), ExitCode.USAGE)
    except (GuardRefused, ClusterInUse) as error:
        return wrong(str(error), ExitCode.REFUSED)
    except (PlatformUnfit, DatabaseUnreachable, DatabaseFailed) as error:
        return wrong(str(error), ExitCode.UNREACHABLE)
    except RecordsDamaged as error:
        return wrong(str(error), ExitCode.RECORDS)
    if args.json:
        say_json(found)
    else:
        for line in lines(found):
            say(line)
    return ExitCode.PASSED if found.bound is not None else ExitCode.INCONCLUSIVE


async def _main(settings: Settings, entry: RunEntry, manifest: Manifest) -> RunOptimum:
    ground = await asyncio.to_thread(ground_of, entry.path)
    if ground is None:
        floors, rows = await _read(settings, manifest)
    else:
        # The run kept what it began with: its database may have moved on since, or be gone.
        floors, rows = ground.floors, ()
    result = read_result(entry.path)
    lost = [] if result is None else [story.booking_id for story in result.ledger.stories if story.entry in _BAD]
    fails_hard = manifest.settings.get("flags.allocator_service_fail_hard") == "true"
    asked = await asyncio.to_thread(lambda: demands(read(entry.path), floors, lost, fails_hard=fails_hard))
    began = time.perf_counter()
    rules, taken = _terms_of(manifest, asked, rows) if ground is None else (ground.rules, ground.taken)
    known = await asyncio.to_thread(bounds, floors, asked, rules, taken)
    found = run_optimum(manifest.run_id, floors, asked, rules, taken, known)
    found = msgspec.structs.replace(found, took_ms=(time.perf_counter() - began) * 1e3)
    if result is None or ground is None or result.sweep is not None:
        return found
    # Of the same bounds: solved again in less time it might be another number on the same page.
    return msgspec.structs.replace(found, waterfall=await asyncio.to_thread(fell, entry.path, ground, result, known))


async def _read(settings: Settings, manifest: Manifest) -> tuple[dict[str, Floor], tuple[TableTaken, ...]]:
    """Houses, and what was taken before the run, from its database."""
    async with run_databases(settings, manifest, "optimum") as ground:
        dsn = ground.repeats[max(ground.repeats)] if ground.repeats else ground.dsn
        if not dsn:
            raise DatabaseFailed(f"the houses of run {manifest.run_id} cannot be read: {ground.gone}")
        async with opened(dsn, ground, "optimum") as connection:
            named = manifest.settings.get("run.restaurants", "")
            floors = await read_floors(connection, tuple(filter(None, named.split(","))) or ("all",))
            try:
                rows = await connection.rows("truth/taken_before", TableTaken, manifest.run_id)
            except STEP_ERRORS as error:
                raise DatabaseFailed(f"what was taken before the run is not told: {describe(error)}") from error
    return floors, tuple(rows)


def _terms_of(
    manifest: Manifest, shares: Iterable[Demand], rows: Iterable[TableTaken]
) -> tuple[HouseRules, dict[str, tuple[Taken, ...]]]:
    """The model's rules, and what others had, of a run that kept neither."""
    ours = {name for one in shares for name in one.wanted}
    taken: dict[str, tuple[Taken, ...]] = {}
    for row in rows:
        if str(row.booking_id) not in ours:
            one = Taken(row.table, row.start, row.end)
            taken[row.restaurant] = (*taken.get(row.restaurant, ()), one)
    most = int(manifest.settings.get("allocator.max_tables", "3"))
    # A quote relaxes adjacency when nothing else is free, and then the platform is not asked to enforce it.
    return HouseRules(adjacency=False, max_tables=most), taken


def lines(found: RunOptimum) -> Iterator[str]:
    """What was found, for people."""
    bound = "withheld" if found.bound is None else str(found.bound)
    share = "" if found.efficiency is None else f", {found.efficiency:.1%} of what was possible"
    yield f"run {found.run_id}: {found.achieved} of {found.bookings} bookings seated, proven bound {bound}{share}"
    yield f"rules: {found.rules}; data {found.data}; solved in {found.took_ms / 1e3:.2f} s"
    if found.waterfall is not None:
        yield from waterfall_lines(found.waterfall)
    for house in found.houses:
        yield ""
        yield from _house(house)


def _house(one: HouseOptimum) -> Iterator[str]:
    outside = f", {one.outside} of them outside its hours" if one.outside else ""
    yield f"{one.restaurant}: {one.bookings} bookings{outside}"
    if one.bound is None:
        yield f"  the bound is withheld: {one.withheld}"
        return
    proof = "proven" if one.is_proven else "an upper bound; no assignment that reaches it was found in time"
    rate = "" if one.efficiency is None else f" ({one.efficiency:.1%})"
    yield f"  achieved {one.achieved}{rate}, at most {one.bound} ({proof}), first come at the best fit {one.online}"
    least = "not proven" if one.optimal_waste is None else str(one.optimal_waste)
    guests = "not known" if one.optimal_covers is None else str(one.optimal_covers)
    yield f"  guests {one.covers}, at the bound {guests}; empty seats {one.waste}, at the bound {least}"
    for price in one.prices:
        told = f"{'' if price.is_proven else 'at least '}{price.bookings} bookings more"
        if not price.is_proven and not price.bookings:
            told = "nothing was proven in the time"
        yield f"  without the rule '{price.rule}': {told}"
    yield from (f"  {regret(missed)}" for missed in one.regrets)
