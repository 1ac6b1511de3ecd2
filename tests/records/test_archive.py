"""Runs are found, told apart, and only what may go goes."""

import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from engine.model.run_state import RunState
from engine.records.archive import Manifest, find, list_runs, new_folder, runs_folder, write_manifest
from engine.records.process import is_alive, own_start, started
from engine.records.removal import prune
from engine.records.trouble import RecordsFailed, RunNotFound
from engine.records.writer import write_json

WALL = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def make(root: Path, run_id: str, number: int, *, live: bool = False, state: str = "finished") -> Path:
    wall = WALL + timedelta(minutes=number)
    folder = new_folder(root, "fill", run_id, wall)
    manifest = Manifest(run_id, "fill", "embedded", wall.isoformat(), database=f"slotfill_{run_id}")
    if not live:
        manifest = msgspec.structs.replace(manifest, pid_started="another start")
        if state:
            write_json(folder / "result.json", {"state": state, "exit_code": 0})
    write_manifest(folder, manifest)
    return folder


def test_a_runs_folder_is_named_by_time_plan_and_id_and_closed_to_others(tmp_path: Path) -> None:
    folder = make(tmp_path / "runs", "0a1b2c3d", 0)
    assert folder.name == "20260304T120000Z-fill-0a1b2c3d"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "run.json").stat().st_mode) == 0o600


def test_setting_comes_before_environment_before_standard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("SLOTFILL_RUNS", raising=False)
    assert runs_folder() == tmp_path / "state" / "slotfill" / "runs"
    monkeypatch.setenv("SLOTFILL_RUNS", str(tmp_path / "env"))
    assert runs_folder() == tmp_path / "env"
    assert runs_folder(str(tmp_path / "set")) == tmp_path / "set"
    monkeypatch.delenv("SLOTFILL_RUNS")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert runs_folder() == Path.home() / ".local" / "state" / "slotfill" / "runs"


def test_a_manifest_holds_no_secret(tmp_path: Path) -> None:
    folder = new_folder(tmp_path, "fill", "0a1b2c3d", WALL)
    settings = {"dsn": "postgresql://ann:hunter2@db.host/x", "api_token": "hunter2"}
    write_manifest(folder, Manifest("0a1b2c3d", "fill", "t", "now", settings=settings))
    assert "hunter2" not in (folder / "run.json").read_text(encoding="utf-8")


def test_states_are_running_what_the_result_says_or_crashed(tmp_path: Path) -> None:
    make(tmp_path, "aa", 1)
    make(tmp_path, "bb", 2, state="stopped")
    make(tmp_path, "cc", 3, state="")
    make(tmp_path, "dd", 4, live=True)
    states = [entry.state for entry in list_runs(tmp_path)]
    assert states == [RunState.FINISHED, RunState.STOPPED, RunState.CRASHED, RunState.RUNNING]
    assert list_runs(tmp_path)[0].bytes > 0


def test_what_is_no_run_is_listed_as_unreadable(tmp_path: Path) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "run.json").write_bytes(b'{"run_id": \xff')
    (tmp_path / "newer").mkdir()
    newer = b'{"run_id":"x","plan":"fill","target":"t","started_at":"","schema":99}'
    (tmp_path / "newer" / "run.json").write_bytes(newer)
    (tmp_path / "link").symlink_to(tmp_path / "foreign")
    (tmp_path / "file").write_text("x")
    damaged = make(tmp_path, "aa", 1)
    (damaged / "result.json").write_text("{}")
    troubles = {entry.path.name: entry.trouble for entry in list_runs(tmp_path)}
    assert set(troubles) == {"foreign", "damaged", "newer", "link", damaged.name}
    assert all(troubles.values())
    with pytest.raises(RunNotFound, match="no run begins with"):
        find(tmp_path, "foreign")


def test_a_run_is_found_by_id_beginning_or_as_last(tmp_path: Path) -> None:
    make(tmp_path, "ab12", 1)
    make(tmp_path, "ab34", 2)
    assert find(tmp_path, "ab12").run_id == "ab12"
    assert find(tmp_path, "ab3").run_id == "ab34"
    assert find(tmp_path).run_id == "ab34"
    with pytest.raises(RunNotFound, match=r"'ab' may be any of 2 runs \(ab12, ab34\)"):
        find(tmp_path, "ab")
    with pytest.raises(RunNotFound, match="no run begins with 'zz'"):
        find(tmp_path, "zz")
    with pytest.raises(RunNotFound, match="there is no run yet"):
        find(tmp_path / "none")


def test_prune_keeps_the_newest_and_every_live_one(tmp_path: Path) -> None:
    live = make(tmp_path, "aa", 1, live=True)
    old = make(tmp_path, "bb", 2)
    kept = make(tmp_path, "cc", 3)
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    (old / "link").symlink_to(outside)
    (tmp_path / "20200101T000000Z-fill-zz").symlink_to(outside)
    (tmp_path / "foreign").mkdir()
    (pruned,) = prune(tmp_path, 1)
    assert (pruned.run_id, pruned.database, pruned.trouble) == ("bb", "slotfill_bb", "")
    assert not old.exists()
    assert live.exists()
    assert kept.exists()
    assert (outside / "precious").exists()
    assert (tmp_path / "foreign").exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RecordsFailed, match="could not make the folder"):
        new_folder(tmp_path / "file" / "runs", "fill", "aa", WALL)


def test_a_process_is_alive_only_with_its_own_start() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    began = started(child.pid)
    assert began is not None
    assert is_alive(child.pid, began)
    assert not is_alive(child.pid, own_start())
    assert not is_alive(child.pid, "")
    child.communicate(b"\n")
    assert not is_alive(child.pid, began)


def test_of_two_runs_begun_in_one_second_the_later_is_the_last(tmp_path: Path) -> None:
    for run_id, milliseconds in (("ff", 100), ("aa", 900)):
        wall = WALL + timedelta(milliseconds=milliseconds)
        folder = new_folder(tmp_path, "fill", run_id, wall)
        write_manifest(folder, Manifest(run_id, "fill", "embedded", wall.isoformat(timespec="milliseconds")))
    assert [entry.run_id for entry in list_runs(tmp_path)] == ["ff", "aa"]
    assert find(tmp_path, "last").run_id == "aa"
