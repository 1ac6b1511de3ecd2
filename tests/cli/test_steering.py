"""Steering a live run from another terminal."""

import json

from tests.shell import PACED, Shell, wait_until


def test_pause_resume_set_stop_act_on_a_live_run_and_are_in_its_journal(shell: Shell) -> None:
    process = shell.begin_run(*PACED)
    assert shell.do("pause").code == 0
    wait_until(lambda: shell.see().run.state == "paused", "the pause")
    attempts = shell.see().run.attempts
    assert "not done" not in shell.do("set", "concurrency=7", "rate=20").out
    assert shell.see().run.attempts == attempts
    assert shell.do("resume").code == 0
    wait_until(lambda: shell.see().run.workers == 7, "seven workers")
    assert shell.do("set", "last", "concurrency=-5").code == 0
    wait_until(lambda: shell.see().run.workers == 2, "two workers")
    assert shell.see().run.settings["rate"] == "20"
    refused = shell.do("set", "colour=blue")
    assert refused.code == 2
    assert "colour" in refused.err
    assert shell.do("set", "concurrency=0").code == 2
    assert shell.do("stop").code == 0
    process.communicate(timeout=60)
    assert process.returncode == 130
    said = [json.loads(line) for line in shell.do("events").out.splitlines()]
    acts = [one["command"] for one in said if one["type"] == "Acted"]
    assert acts[:3] == ["pause", "set concurrency=7 rate=20", "resume"]
    assert all(one["who"] for one in said if one["type"] == "Acted")
    changed = [(one["key"], one["old"], one["new"]) for one in said if one["type"] == "SettingsChanged"]
    assert changed == [("concurrency", "4", "7"), ("rate", "40", "20"), ("concurrency", "7", "2")]


def test_a_snapshot_from_another_terminal_has_all_its_files(shell: Shell) -> None:
    process = shell.begin_run(*PACED)
    wait_until(lambda: shell.see().run.filled > 3, "some fills")
    done = shell.do("snapshot", "--size", "120x40")
    assert done.code == 0, done.err
    files = {path.name for path in (shell.runs()[-1] / "snapshots").glob("*/*")}
    assert files == {
        "snapshot.json", "summary.md", "workers.csv", "outcomes.csv", "latency.csv", "locks.csv", "screen.svg"
    }  # fmt: skip
    folder = next((shell.runs()[-1] / "snapshots").iterdir())
    assert json.loads((folder / "snapshot.json").read_text())["run"]["filled"] > 3
    assert "<svg" in (folder / "screen.svg").read_text()
    shell.do("stop")
    process.communicate(timeout=60)


def test_ls_tells_states_and_disk_and_prune_removes_runs_with_their_databases(shell: Shell) -> None:
    for _ in range(2):
        assert shell.do("run", "--headless", "--start", "17:00", "--end", "17:00", "--stress-max", "1").code == 0
    listed = shell.do("ls")
    assert listed.out.count("finished") == 2
    assert "2 runs" in listed.out
    first, second = (shell.manifest(folder)["run_id"] for folder in shell.runs())
    assert shell.do("db", "psql", first, "-c", "SELECT 1").out.strip() == "1"
    assert shell.do("prune", "--keep", "1").code == 4, "nobody was asked"
    assert shell.do("prune", "--keep", "1", "--yes").code == 0
    assert [shell.manifest(folder)["run_id"] for folder in shell.runs()] == [second]
    assert shell.do("db", "url", first).code == 2
    assert shell.do("ls", "--json").json()[0]["run_id"] == second


def test_db_reset_brings_a_run_s_database_back_to_the_seed(shell: Shell) -> None:
    shell.do("run", "--headless", "--start", "17:00", "--end", "17:00", "--stress-max", "1")
    assert shell.do("db", "psql", "-c", "SELECT count(*) FROM bookings").out.strip() == "1"
    assert shell.do("db", "reset").code == 4, "nobody was asked"
    assert shell.do("db", "reset", "--yes").code == 0
    assert shell.do("db", "psql", "-c", "SELECT count(*) FROM bookings").out.strip() == "0"


def test_db_status_says_who_uses_it_and_stop_refuses_meanwhile(shell: Shell) -> None:
    status = shell.do("db", "status")
    assert "running" in status.out
    assert "tests" in status.out
    refused = shell.do("db", "stop")
    assert refused.code == 4
    assert "tests" in refused.err


def test_config_show_says_where_each_value_came_from(shell: Shell) -> None:
    (shell.home / "config.toml").write_text("[run]\nseed = 5\n")
    shown = shell.do("config", "show", "--set", "run.rate=3", "--json").json()
    assert shown["run.seed"] == {"value": "5", "from": "config.toml"}
    assert shown["run.rate"]["value"] == "3.0"
    assert shown["embedded.idle_s"]["from"] == "environment"
    assert shown["run.concurrency"]["from"] == "default"


def test_prune_leaves_a_database_that_a_kept_run_works_in(shell: Shell) -> None:
    words = ("run", "--headless", "--start", "17:00", "--end", "17:00", "--stress-max", "1")
    shell.do(*words)
    shell.do(*words, "--no-reset")
    assert shell.do("prune", "--keep", "1", "--yes").code == 0
    assert shell.do("db", "psql", "-c", "SELECT count(*) FROM bookings").out.strip() == "2"


def test_db_reset_leaves_a_database_alone_in_which_any_run_works(shell: Shell) -> None:
    first = shell.do("run", "--headless", "--json", "--start", "17:00", "--end", "17:00", "--stress-max", "1").json()
    process = shell.begin_run(*PACED, "--no-reset")
    refused = shell.do("db", "reset", first["run_id"], "--yes")
    assert refused.code == 4
    assert "works in" in refused.err
    shell.do("stop")
    process.communicate(timeout=60)
