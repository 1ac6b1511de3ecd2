"""T20: two engines in one database. Every attempt is one engine's and its rows are nobody else's."""

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from engine.plans.fill import FillPlan
from tests.faults.campaign import SEEDS, Campaign
from tests.faults.criteria import criteria, of_ledger
from tests.faults.killing import EVENING
from tests.faults.night import MONDAY, Night, Plans, play_plan, target_of
from tests.scratch import ScratchDatabase
from tests.shell import Shell, wait_until


async def night(database: ScratchDatabase, folder: Path, seed: int) -> Night:
    plans = Plans(seed=seed, workers=3)
    target = await target_of(database, database.dsn, plans)
    folder.mkdir()
    plan = FillPlan.of(
        target.floors, seed=seed, first=MONDAY, days=1, start=dt.time(12), end=dt.time(12, 55), interval_min=5,
        stress_max=3, min_party=1, max_party=3, share_slots=True,
    )  # fmt: skip
    found, ended = await play_plan(target, folder, plans, plan)
    assert ended
    return found


@pytest.mark.parametrize("seed", SEEDS)
async def test_t20_two_engines_that_take_each_other_s_tables_never_claim_each_other_s_rows(
    database: ScratchDatabase, tmp_path: Path, campaign: Campaign, seed: int
) -> None:
    seeds = (100 + seed, 200 + seed)
    nights = await asyncio.gather(*(night(database, tmp_path / str(seed), seed) for seed in seeds))
    connection = await database.connect()
    rows = await connection.fetch(
        "SELECT id, idempotency_key AS key, details -> 'slotfill' ->> 'run' AS run, "
        "details -> 'slotfill' ->> 'attempt' AS attempt, status = 'confirmed' AS confirmed FROM bookings "
        "WHERE source = 'slotfill'"
    )
    left = await connection.fetchval("SELECT count(*) FROM table_holds")
    overlaps = await connection.fetchval(
        "SELECT count(*) FROM booking_table_assignments a JOIN booking_table_assignments b "
        "ON a.table_id = b.table_id AND a.booking_id < b.booking_id "
        "AND tstzrange(a.start_at, a.end_at) && tstzrange(b.start_at, b.end_at)"
    )
    await connection.close()
    assert (left, overlaps) == (0, 0)
    for found, drawn in zip(nights, seeds, strict=True):
        criteria(of_ledger(found.kept))
        campaign.note("T20", 1, found.kept)
        mine = {one.booking_id: one for one in found.ended}
        tagged = [row for row in rows if row["run"] == f"night-{drawn}"]
        assert {row["id"] for row in tagged} <= mine.keys()
        for row in tagged:
            assert row["attempt"] == str(mine[row["id"]].ids.attempt)
            assert row["key"] == f"sf-night-{drawn}-{row['attempt']}"
            assert row["confirmed"] == (mine[row["id"]].outcome == "filled")
    assert len(rows) == sum(row["run"] in {f"night-{drawn}" for drawn in seeds} for row in rows)
    assert sum(found.kept.persisted for found in nights) == sum(row["confirmed"] for row in rows)


def test_a_second_engine_is_refused_a_database_in_which_one_works(shell: Shell) -> None:
    process = shell.begin_run(*EVENING, "--rate", "5")
    wait_until(lambda: shell.see().run.attempts > 0, "an attempt")
    second = shell.do("run", "fill", "--no-reset", "--headless")
    assert second.code == 4
    assert "still works in" in second.err
    shell.do("stop")
    process.communicate(timeout=60)
