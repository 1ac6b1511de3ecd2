"""`slotfill clean` as its user types it."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from engine.platform.cluster import Cluster
from engine.platform.databases import clone
from engine.records.archive import find
from tests.cli.test_targets import ask, name, write
from tests.repair.prints import differences, printed
from tests.shell import PACED, Shell, alive, wait_until
from tests.verify.repeated import living, repeated
from tui.verbs.reach import manifest_of
from tui.verbs.run_databases import share

__all__ = ["name"]

FILL = (
    "run", "fill", "--headless", "--json", "--concurrency", "4", "--share-slots", "--start", "18:00", "--end", "19:00",
    "--stress-max", "4",
)  # fmt: skip


@pytest.mark.campaign
def test_a_run_in_an_earlier_one_s_database_is_listed_asked_for_removed_and_said_to_be(
    shell: Shell, cluster: Cluster
) -> None:
    first = shell.do(*FILL).json()
    dsn = cluster.dsn(first["database"])
    before = printed(dsn)
    run = shell.do(*FILL, "--no-reset", "--seed", "3").json()["run_id"]
    made = printed(dsn)
    assert differences(before, made)
    listed = shell.do("clean", run, "--dry-run", "--json")
    assert listed.code == 0, listed.err
    (one,) = listed.json()["databases"]
    assert (one["database"], one["done"]) == (first["database"], False)
    counts = {table["table"]: table["rows"] for table in one["tables"]}
    assert counts["bookings"] == made["bookings"][0] - before["bookings"][0]
    assert all(len(table["ids"]) == min(table["rows"], 1000) for table in one["tables"])
    unasked = shell.do("clean", run)
    assert unasked.code == 4
    assert f"{first['database']} was left as it is, nobody said yes" in unasked.err
    assert shell.do("clean", run, "--yes=other").code == 4
    assert printed(dsn) == made
    done = shell.do("clean", run, "--yes")
    assert done.code == 0, done.err
    assert f"{counts['bookings']:>8}  bookings" in done.out
    assert differences(before, printed(dsn)) == {}
    (kept,) = json.loads((shell.runs()[-1] / "cleaned.json").read_text())
    assert kept["removed"] == counts
    assert kept["database"] == first["database"]
    again = shell.do("clean", run, "--yes")
    assert (again.code, again.out) == (0, f"nothing of run {run} is there in {first['database']}\n")
    assert len(json.loads((shell.runs()[-1] / "cleaned.json").read_text())) == 1


@pytest.mark.campaign
def test_an_assign_is_taken_back_in_every_repeat_s_database(shell: Shell, cluster: Cluster) -> None:
    run = shell.do(
        "run", "assign", "--headless", "--json", "--concurrency", "5", "--passes", "2", "--repeat", "2"
    ).json()["run_id"]
    done = shell.do("clean", run, "--json", "--yes")
    assert done.code == 0, done.err
    found = done.json()["databases"]
    assert [one["database"] for one in found] == [f"sf_{run}", f"sf_{run}_r2"]
    assert all(one["restored_count"] > 90 and one["done"] for one in found)
    prints = [printed(cluster.dsn(one["database"])) for one in found]
    assert differences(*prints) == {}
    assert prints[0]["bookings"][0] == 105
    assert prints[0]["booking_table_assignments"][0] == 0


@pytest.mark.campaign
def test_a_live_run_is_refused_and_one_that_was_killed_leaves_nothing(shell: Shell, cluster: Cluster) -> None:
    first = shell.do(*FILL).json()
    dsn = cluster.dsn(first["database"])
    before = printed(dsn)
    process = shell.begin_run(*PACED, "--no-reset", "--seed", "5")
    wait_until(lambda: shell.see().run.attempts > 10, "some attempts")
    run = shell.manifest()["run_id"]
    for which in (run, first["run_id"]):
        refused = shell.do("clean", which, "--yes")
        assert refused.code == 4
        assert f"stop it first: slotfill stop {run}" in refused.err
    pid = shell.manifest()["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid), "the engine to be gone")
    process.communicate(timeout=30)
    done = shell.do("clean", run, "--yes", "--json")
    assert done.code == 0, done.err
    assert done.json()["databases"][0]["left"] == []
    assert differences(before, printed(dsn)) == {}


@pytest.mark.campaign
def test_somebody_s_database_is_written_to_only_where_it_may_be(shell: Shell, cluster: Cluster, name: str) -> None:
    asyncio.run(clone(cluster, name))
    dsn = cluster.dsn(name)
    ask(dsn, "DROP TABLE slotfill_marker", "SELECT 1")
    config = ("--config", str(write(shell, dsn)))
    assert shell.do("db", "init", *config, "--target", "theirs", f"--yes={name}").code == 0
    before = printed(dsn)
    run = shell.do(*FILL, *config, "--target", "theirs", "--yes").json()["run_id"]
    made = printed(dsn)
    slug = ask(dsn, "SELECT slug FROM restaurants")
    config_file = write(shell, dsn)
    plain = config_file.read_text()

    def refused(why: str) -> None:
        told = shell.do("clean", run, *config, "--yes")
        assert told.code == 4, told.err
        assert why in told.err
        assert differences(made, printed(dsn)).keys() <= {"slotfill_marker"}

    config_file.write_text(f'{plain}restaurants = ["elsewhere"]\n')
    refused("allows writing to elsewhere only")
    config_file.write_text(f'{plain}restaurants = ["{slug}"]\n')
    ask(dsn, "UPDATE slotfill_marker SET database = 'another'", "SELECT 1")
    refused("carries no marker")
    ask(dsn, f"UPDATE slotfill_marker SET database = '{name}'", "SELECT 1")
    shell.environ["THEIRS"] = cluster.dsn("postgres")
    refused("leads to postgres now")
    shell.environ["THEIRS"] = dsn
    done = shell.do("clean", run, *config, "--yes")
    assert done.code == 0, done.err
    assert differences(before, printed(dsn)) == {}


def test_a_run_that_goes_on_in_a_repeats_database_keeps_it_to_itself(
    shell: Shell, cluster: Cluster, tmp_path: Path
) -> None:
    with repeated(cluster, tmp_path / "runs") as (folder, (_, second)):
        run, other = folder.name[-8:], living(folder.parent, second.name)
        root = ("--runs", str(folder.parent))
        for words in (("clean", run, "--yes"), ("continue", run, "--headless")):
            refused = shell.do(*words, *root)
            assert refused.code == 4, refused.err
            assert f"run {other}" in refused.err
            assert "stop it first" in refused.err
        goes_on, theirs = [manifest_of(find(folder.parent, one)) for one in (other, run)]
        assert share(goes_on, theirs)
        assert share(theirs, goes_on)
        assert not share(theirs, manifest_of(find(folder.parent, living(folder.parent, "sf_0000000a_r2"))))
