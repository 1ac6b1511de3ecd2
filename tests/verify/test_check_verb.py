"""`slotfill check` as a user meets it: what it prints, and the exit code scripts go by."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from engine.exit_code import ExitCode
from engine.model.integrity import Finding, Integrity
from engine.platform.cluster import Cluster
from engine.records.archive import Manifest, new_folder, write_manifest
from engine.records.writer import write_json
from engine.verify.integrity import CHECKS
from tests.scratch import ScratchDatabase
from tests.shell import Done, Shell
from tests.verify.planting import confirmed_alone, honest, plant, zone_lock
from tests.verify.repeated import repeated
from tui.verbs.check import Checked, lines, verdict

WALL = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
Check = Callable[..., Done]


@pytest.fixture
def check(shell: Shell, database: ScratchDatabase, tmp_path: Path) -> Check:
    """The command, in a home whose last run worked in the test's database."""
    root = tmp_path / "runs"
    folder = new_folder(root, "fill", "0a1b2c3d", WALL)
    manifest = Manifest("0a1b2c3d", "fill", "embedded", WALL.isoformat(), database=database.name)
    write_json(folder / "result.json", {"state": "finished", "exit_code": 0})
    write_manifest(folder, msgspec.structs.replace(manifest, pid_started="another start"))
    return lambda *words: shell.do("check", *words, "--runs", str(root))


def checked(**more: object) -> Checked:
    integrity = {"at": WALL, "took_ns": 5_000_000, "counts": {}, "findings": {}, "failed": {}} | more
    return Checked(target="embedded", database="sf_x", run="0a", restaurants=("a",), exit_code=0, **integrity)  # type: ignore[arg-type]


async def test_a_clean_database_is_called_so_and_exits_0(check: Check, database: ScratchDatabase) -> None:
    c = await database.connect()
    await honest(c)
    await c.close()
    done = check()
    assert (done.code, done.err) == (0, "")
    assert "clean: no check found anything" in done.out
    assert all(one.name in done.out for one in CHECKS)


async def test_broken_rows_are_named_and_exit_5_and_leftovers_alone_do_not(
    check: Check, database: ScratchDatabase
) -> None:
    c = await database.connect()
    await zone_lock(c)
    leftover = check()
    booking = await confirmed_alone(c)
    reference = await c.fetchval("SELECT reference FROM bookings WHERE id = $1", booking)
    await c.close()
    assert leftover.code == 0
    assert "locked to Patio" in leftover.out
    done = check("last", "--json")
    assert done.code == 5
    told = done.json()
    assert told["exit_code"] == 5
    assert told["counts"]["confirmed_without_tables"] == 1
    (row,) = told["findings"]["confirmed_without_tables"]
    assert row["booking_id"] == str(booking)
    assert reference in row["subject"]
    assert json.dumps(told).count("example.com") == 0


async def test_a_check_that_could_not_run_exits_6(check: Check, database: ScratchDatabase) -> None:
    c = await database.connect()
    await c.execute("DROP TABLE booking_slots CASCADE")
    await c.close()
    done = check()
    assert done.code == 6
    assert "overbooked_slots could not run and has passed nothing" in done.out


def test_other_targets_are_refused_in_one_sentence(check: Check) -> None:
    done = check("--target", "nowhere")
    assert done.code == 4
    assert done.err.count("\n") == 1


def test_what_is_broken_outweighs_what_could_not_be_asked() -> None:
    names = {one.name: 0 for one in CHECKS}
    clean = Integrity(WALL, 1, names, {}, {})
    assert verdict(clean) is ExitCode.PASSED
    assert verdict(Integrity(WALL, 1, names | {"expired_holds": 9}, {}, {})) is ExitCode.PASSED
    assert verdict(Integrity(WALL, 1, names, {}, {"mixed_zones": "42P01"})) is ExitCode.INCONCLUSIVE
    broken = Integrity(WALL, 1, names | {"too_few_seats": 1}, {}, {"mixed_zones": "42P01"})
    assert verdict(broken) is ExitCode.LOST


def test_rows_beyond_those_that_came_back_are_counted() -> None:
    finding = Finding("hold 1", None, "MD-01", "expired")
    text = list(lines(checked(counts={"expired_holds": 1500}, findings={"expired_holds": (finding,) * 1000})))
    assert text.count("  hold 1  [MD-01]  expired") == 1000
    assert "  and 1499 more" not in text
    assert "  and 500 more" in text
    assert text[-1] == "0 broken, 1500 leftover"


def test_every_repeats_own_database_is_checked_and_each_row_says_where_it_is(
    shell: Shell, cluster: Cluster, tmp_path: Path
) -> None:
    with repeated(cluster, tmp_path / "runs") as (folder, (first, second)):
        plant(second, confirmed_alone)
        done = shell.do("check", "--runs", str(folder.parent))
        assert done.code == 5, done.out
        assert done.out.startswith(f"{first.name}, {second.name} of run {folder.name[-8:]}: ")
        assert f"  {second.name}  booking" in done.out
        assert f"  {first.name}  booking" not in done.out
        plant(first, confirmed_alone)
        told = shell.do("check", "--runs", str(folder.parent), "--json").json()
        assert (told["database"], told["databases"]) == (first.name, [first.name, second.name])
        assert told["counts"]["confirmed_without_tables"] == 2
        assert told["counts"]["mixed_zones"] == 0
        rows = told["findings"]["confirmed_without_tables"]
        assert [row["database"] for row in rows] == [first.name, second.name]
        plant(second, lose_slots)
        done = shell.do("check", "--runs", str(folder.parent))
        assert f"overbooked_slots could not run and has passed nothing: {second.name}: 42P01" in done.out


async def lose_slots(c: "asyncpg.Connection[Any]") -> None:
    await c.execute("DROP TABLE booking_slots CASCADE")
