"""The integrity checks of a run with repeats: what is broken is counted once, and the files that have it are named."""

import json
from pathlib import Path
from typing import cast

from engine.checks import Checks
from engine.database import Connection, DatabaseUnreachable
from engine.exit_code import ExitCode
from engine.exit_reasons import checked
from engine.target import Target
from tests.controls.evening import Looking, evening, plan_for, target_in
from tests.scratch import ScratchDatabase

TORN = "confirmed_without_tables"
UNSEAT = """
DELETE FROM booking_table_assignments
 WHERE booking_id = (SELECT b.id FROM bookings b JOIN booking_table_assignments a ON a.booking_id = b.id
                      WHERE b.status = 'confirmed' LIMIT 1)
"""


async def unseat(target: Target) -> None:
    async with Looking(target.dsn) as connection:  # type: ignore[attr-defined]
        await connection.script(UNSEAT)


async def test_repeats_in_one_database_count_a_broken_row_once(database: ScratchDatabase, tmp_path: Path) -> None:
    target = await target_in(database.dsn, "checks")
    await evening(tmp_path / "run", target, plan_for(target))
    checks = Checks(target.connect, cast("Target", target), 180, tmp_path / "run")
    await checks.before()
    await unseat(cast("Target", target))
    await checks.after()
    await checks.after()
    assert checks.grew == {TORN: 1}
    await unseat(cast("Target", target))
    await checks.after()
    assert checks.grew == {TORN: 2}
    assert checks.counts is not None
    assert checks.counts.after[TORN] - checks.counts.before[TORN] == 2
    code, reason = checked(checks.grew, checks.files, ExitCode.PASSED, "")
    assert code is ExitCode.LOST
    assert reason.endswith(f"{TORN} 2; integrity-after.json names the rows")


async def test_what_an_earlier_repeat_broke_in_its_own_database_stays_counted_and_named(
    database: ScratchDatabase, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    target = await target_in(database.dsn, "checks")
    await evening(folder, target, plan_for(target))
    checks = Checks(target.connect, cast("Target", target), 180, folder)
    await checks.before()
    await unseat(cast("Target", target))
    await checks.after()
    # The next repeat has another database, which is whole and stays so.
    async with Looking(target.dsn) as connection:
        await connection.script("UPDATE bookings SET status = 'cancelled' WHERE status = 'confirmed'")
        await connection.script("DELETE FROM booking_table_assignments")
    await checks.before()
    await checks.after()
    assert checks.grew == {TORN: 1}
    assert checks.counts is not None
    assert checks.counts.after[TORN] == 1, "the result shows what the exit code rests on"
    assert checks.files == ("integrity-after-1.json",)
    _, reason = checked(checks.grew, checks.files, ExitCode.PASSED, "")
    assert reason.endswith("integrity-after-1.json names the rows")
    assert json.loads((folder / "integrity-after-1.json").read_text())["counts"][TORN] == 1
    assert json.loads((folder / "integrity-after.json").read_text())["counts"][TORN] == 0


async def test_what_could_not_be_checked_says_in_which_repeat(database: ScratchDatabase, tmp_path: Path) -> None:
    target = await target_in(database.dsn, "checks")

    async def away(_: str) -> Connection:
        raise DatabaseUnreachable("nobody there")

    checks = Checks(away, cast("Target", target), 180, tmp_path)
    await checks.before()
    checks.repeat = lambda: 2
    await checks.before()
    await checks.after()
    assert checks.alerts == (
        "the integrity checks before the run could not be made: nobody there",
        "the integrity checks before repeat 2 of the run could not be made: nobody there",
        "the integrity checks after repeat 2 of the run could not be made: nobody there",
    )


async def test_a_check_that_could_not_run_in_an_earlier_repeat_is_told_though_the_last_one_was_whole(
    database: ScratchDatabase, tmp_path: Path
) -> None:
    target = await target_in(database.dsn, "checks")
    checks = Checks(target.connect, cast("Target", target), 180, tmp_path)
    await checks.before()
    async with Looking(target.dsn) as connection:
        await connection.script("ALTER TABLE booking_slots RENAME TO gone")
        await checks.after()
        await connection.script("ALTER TABLE gone RENAME TO booking_slots")
    checks.repeat = lambda: 2
    await checks.before()
    await checks.after()
    (said,) = checks.alerts
    assert said.startswith("integrity checks that could not run after the run: overbooked_slots (42P01")
