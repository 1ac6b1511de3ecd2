"""ls, prune, replay, snapshot and report, on folders that something went wrong with: what they say is so."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.front import FrontDoor, LinkLost
from engine.model.command import Answer, Command
from engine.records.archive import Manifest, RunEntry, entry_of, find, list_runs, new_folder, write_manifest
from engine.records.removal import remove
from engine.records.trouble import RunNotFound
from engine.records.writer import write_json
from tests.hostile import typed
from tests.tui import stills
from tests.tui.fake_door import FakeDoor

WALL = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    with typed.at_home(tmp_path) as runs:
        yield runs


def make(
    root: Path, run_id: str, *, number: int = 0, plan: str = "fill", database: str = "", over: bool = True
) -> Path:
    wall = WALL + timedelta(minutes=number)
    folder = new_folder(root, plan, run_id, wall)
    manifest = Manifest(run_id, plan, "embedded", wall.isoformat(), database=database, pid=0, pid_started="gone")
    write_manifest(folder, manifest)
    if over:
        write_json(folder / "result.json", {"state": "finished", "exit_code": 0})
    return folder


# -- prune


def test_what_could_not_be_removed_is_not_counted_as_removed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(home, "0a1b2c3d", number=1)
    stuck = make(home, "4e5f6a7b", number=2)
    (stuck / "engine.log").write_text("x")
    unlink = os.unlink

    def refuses(path: str, *, dir_fd: int | None = None) -> None:
        if Path(os.fsdecode(path)).name == "engine.log":
            raise PermissionError(13, "Permission denied", path)
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", refuses)
    said = typed.say("prune", "--keep", "0", "--yes")
    assert said.code == 7
    assert "removed 1 run," in said.text
    assert f"run 4e5f6a7b is still there: {stuck / 'engine.log'}: Permission denied" in said.text
    said = typed.say("prune", "--keep", "0", "--yes", "--json")
    assert said.code == 7
    # What was begun and stopped halfway is still a run, which can be pruned again.
    assert entry_of(stuck).manifest is not None
    monkeypatch.undo()
    assert typed.say("prune", "--keep", "0", "--yes").code == 0
    assert not stuck.exists()


def test_a_run_s_manifest_is_the_last_that_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path, "0a1b2c3d")
    (folder / "snapshots" / "one").mkdir(parents=True)
    for name in ("a", "engine.log", "samples.json", "z", "snapshots/one/screen.svg"):
        (folder / name).write_text("x")
    gone: list[str] = []
    unlink = os.unlink

    def notes(path: str, *, dir_fd: int | None = None) -> None:
        gone.append(Path(os.fsdecode(path)).name)
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", notes)
    (pruned,) = remove(list_runs(tmp_path))
    assert pruned.trouble == ""
    assert gone[-1] == "run.json"
    assert not folder.exists()


def test_a_run_that_somebody_else_removes_meanwhile_is_gone_and_no_trouble(tmp_path: Path) -> None:
    folder = make(tmp_path, "0a1b2c3d")
    listed = list_runs(tmp_path)
    shutil.rmtree(folder)
    (pruned,) = remove(listed)
    assert pruned.trouble == ""


def test_a_run_whose_database_cannot_be_dropped_stays_to_be_pruned_again(home: Path) -> None:
    kept = make(home, "0a1b2c3d", number=1, database="sf_0a1b2c3d")
    without = make(home, "4e5f6a7b", number=2)
    elsewhere = make(home, "4e5f6a7c", number=3, database="bookings")
    said = typed.say("prune", "--keep", "0", "--yes")
    assert said.code == 3
    assert "removed 2 runs" in said.text
    assert "run 0a1b2c3d is still there: its database sf_0a1b2c3d could not be dropped: " in said.text
    assert (kept.exists(), without.exists(), elsewhere.exists()) == (True, False, False)


# -- ls and whatever finds a run


def test_the_list_says_why_a_run_cannot_be_read_and_goes_on_only_with_what_can(home: Path) -> None:
    damaged = make(home, "0a1b2c3d", number=1)
    (damaged / "result.json").write_text("{")
    (home / "foreign").mkdir()
    make(home, "4e5f6a7b", number=2, over=False)
    make(home, "4e5f6a7c", number=3, plan="watch", over=False)
    make(home, "4e5f6a7d", number=4, plan="burst", over=False)
    said = typed.say("ls")
    assert said.code == 0
    assert f"{home / 'foreign' / 'run.json'}: could not be read: No such file" in said.text
    assert f"{damaged / 'result.json'}: " in said.text
    assert said.text.count("its engine died") == 3
    assert "slotfill continue 4e5f6a7b" in said.text
    assert said.text.count("slotfill continue") == 1


def test_a_run_that_ended_by_itself_is_not_said_to_have_died(home: Path) -> None:
    folder = make(home, "0a1b2c3d", over=False)
    write_json(folder / "result.json", {"state": "crashed", "exit_code": 3})
    said = typed.say("ls")
    assert "engine died" not in said.text
    assert f"it could not go on, exit 3; why: {folder / 'report.md'}" in said.text
    assert "slotfill continue 0a1b2c3d" in said.text


def test_of_a_run_and_its_copy_the_folder_tells_which_is_meant(home: Path) -> None:
    folder = make(home, "0a1b2c3d")
    shutil.copytree(folder, home / f"{folder.name}-copy")
    with pytest.raises(RunNotFound, match=rf"\({folder.name}, {folder.name}-copy\); give one of these folders") as told:
        find(home, "0a1b")
    assert "give more of its id" not in str(told.value)
    assert find(home, folder.name).path == folder


def test_a_run_that_cannot_be_read_is_named_with_what_is_wrong(home: Path) -> None:
    folder = make(home, "0a1b2c3d")
    text = (folder / "run.json").read_text()
    (folder / "run.json").write_text(text.replace('"schema": 1', '"schema": 99'))
    with pytest.raises(RunNotFound, match=r"no run begins with '0a1b'.*schema 99 is newer"):
        find(home, "0a1b")
    with pytest.raises(RunNotFound, match=r"none of the 1 folders .* schema 99 is newer"):
        find(home)


def test_what_a_dead_run_never_wrote_is_not_offered(home: Path) -> None:
    make(home, "0a1b2c3d", over=False)
    said = typed.say("pause", "0a1b2c3d")
    assert "its journal: slotfill events 0a1b2c3d" in said.text
    assert "report.md" not in said.text


# -- replay and snapshot


@pytest.mark.parametrize("wanted", ["a/" + "b" * 5000, "./" + "x" * 300, "~nobody-of-that-name/x"])
def test_a_path_that_is_none_is_one_sentence(home: Path, wanted: str) -> None:
    said = typed.say("replay", wanted)
    assert said.code == 2
    assert len(said.text.splitlines()) == 1


async def test_an_export_stands_though_the_run_ended_meanwhile(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class EndedMeanwhile(FakeDoor):
        async def act(self, command: Command, who: str) -> Answer:
            raise LinkLost("the engine closed the link: the run has ended or its engine died")

    async def door(_: RunEntry) -> FrontDoor:
        return EndedMeanwhile(stills.full())

    folder = make(home, "0a1b2c3d")
    monkeypatch.setattr("tui.verbs.snapshot._door", door)
    said = await asyncio.to_thread(typed.say, "snapshot", "--size", "80x24")
    assert said.code == 0, said.text
    (made,) = (folder / "snapshots").iterdir()
    assert said.text == f"{made}\n"
    assert (made / "screen.svg").exists()


def test_a_watch_is_not_compared(home: Path) -> None:
    make(home, "0a1b2c3d", number=1)
    make(home, "4e5f6a7b", number=2, plan="watch")
    said = typed.say("compare", "4e5f6a7b", "0a1b2c3d")
    assert said.code == 2
    assert "4e5f6a7b is a watch and no run" in said.text
