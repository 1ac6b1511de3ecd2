"""Negative controls: where nothing was planted, nothing is found."""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from engine.metrics.ledger import ledger
from engine.metrics.words import Words
from engine.model.floor import Busy
from engine.model.ledger import Entry, Ledger
from engine.verify.reconcile import verify
from tests.allocator.floors import by_rule, floor, table, white_horse
from tests.controls.evening import MONDAY, evening, plan_for, target_in
from tests.fill.crews import Rehearsal, rehearse
from tests.scratch import ScratchDatabase

REHEARSALS = 1_000
QUIET = frozenset({Entry.PERSISTED, Entry.VOID, Entry.SKIPPED})
Note = Callable[[str, object], None]

ROOMY = white_horse()
_FEW = [table("A1", 2), table("A2", 4), table("A3", 4), table("A4", 6)]
NARROW = floor(_FEW, by_rule(_FEW))
"""Four tables, for which everybody fights."""


def alarms(kept: Ledger) -> int:
    """Everything in a ledger that a clean run may not have."""
    entries: int = sum(getattr(kept, entry.value) for entry in Entry if entry not in QUIET)
    return entries + kept.duplicate + kept.phantom + (not kept.balanced)


def overlaps(busy: Iterable[Busy]) -> int:
    """Sittings that begin at a table before the one there has ended."""
    seated = sorted((one.table_id, one.start, one.end) for one in busy if one.hold_id is None)
    return sum(one[0] == other[0] and other[1] < one[2] for one, other in pairwise(seated))


async def rehearsed(seed: int) -> Rehearsal:
    found = rehearse(
        concurrency=1 + seed % 8,
        slots=1 + seed % 4,
        stress_max=1 + seed % 3,
        share_slots=seed % 2 == 0,
        seed=seed,
        floor=NARROW if seed % 3 == 0 else ROOMY,
    )
    await found.play()
    return found


async def kept_of(run: Rehearsal) -> Ledger:
    words = Words(run.events)
    return ledger(words, await run.target.held(words.bookings, words.acknowledged), {})


def test_a_thousand_clean_rehearsals_raise_no_alarm(record_property: Note) -> None:
    async def all_of_them() -> tuple[int, int, int]:
        raised = filled = refused = 0
        for seed in range(REHEARSALS):
            run = await rehearsed(seed)
            kept = await kept_of(run)
            raised += bool(alarms(kept) or overlaps(run.target.busy))
            filled += kept.persisted
            refused += kept.void
        return raised, filled, refused

    raised, filled, refused = asyncio.run(all_of_them())
    record_property("rehearsals", REHEARSALS)
    record_property("alarms", raised)
    assert raised == 0
    assert filled > REHEARSALS, "a run that books nothing proves nothing"
    assert refused > 0, "nor do runs that are never refused"


SPOILED: dict[str, Callable[[Rehearsal], object]] = {
    "one is gone": lambda run: run.target.rows.popitem(),
    "one has another party": lambda run: _changed(run, party=9),
    "one is later": lambda run: _changed(run, start=None, starts=dt.datetime(2027, 3, 1, 23, tzinfo=dt.UTC)),
    "one has other tables": lambda run: _changed(run, tables=["ZZ"]),
    "one has another's key": lambda run: _changed(run, key="sf-test-1"),
    "one was made by another's attempt": lambda run: _changed(run, attempt=1),
}


def _changed(run: Rehearsal, **to: object) -> None:
    booking, row = list(run.target.rows.items())[-1]
    run.target.rows[booking] = msgspec.structs.replace(row, **to)


@pytest.mark.parametrize("how", SPOILED)
async def test_a_rehearsal_in_which_one_row_is_spoiled_raises_an_alarm(how: str) -> None:
    run = await rehearsed(1)
    assert alarms(await kept_of(run)) == 0
    SPOILED[how](run)
    assert alarms(await kept_of(run)) > 0


async def test_a_table_that_is_given_twice_in_a_rehearsal_is_seen() -> None:
    run = await rehearsed(2)
    assert overlaps(run.target.busy) == 0
    run.target.busy.append(next(iter(run.target.busy)))
    assert overlaps(run.target.busy) == 1


async def clean_evenings(database: ScratchDatabase, folder: Path, seeds: range, note: Note) -> None:
    """Evenings in one house, a week apart; each is verified, and at the end the house keeps its promises."""
    raised = acknowledged = 0
    for seed in seeds:
        target = await target_in(database.dsn, f"clean{seed}")
        plan = plan_for(target, seed=seed, bookings=8 + 4 * (seed % 3), on=MONDAY + dt.timedelta(weeks=seed))
        over = await evening(folder / f"{seed}", target, plan, concurrency=1 + (seed * 3) % 8)
        async with over.looking() as connection:
            found = await verify(over.folder, connection)
        noisy = found.suspects or found.problems or found.differences or found.broken or found.unchecked
        raised += bool(noisy or found.exit_code or alarms(found.ledger) or alarms(await over.kept()))
        acknowledged += found.ledger.acknowledged
    raised += bool(await over.broken())
    note("postgres_runs", len(seeds))
    note("alarms", raised)
    assert raised == 0
    assert acknowledged >= 8 * len(seeds)


async def test_three_clean_evenings_on_postgres_raise_no_alarm(
    database: ScratchDatabase, tmp_path: Path, record_property: Note
) -> None:
    await clean_evenings(database, tmp_path, range(3), record_property)


@pytest.mark.campaign
async def test_twenty_clean_evenings_on_postgres_raise_no_alarm(
    database: ScratchDatabase, tmp_path: Path, record_property: Note
) -> None:
    await clean_evenings(database, tmp_path, range(3, 23), record_property)
