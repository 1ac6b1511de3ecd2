"""What is typed, and runs' folders that were altered by hand: every verb ends with its exit code and a sentence."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from engine.platform import databases
from engine.platform.cluster import Cluster
from engine.records.historic.folder import import_reports
from tests.hostile import typed
from tests.hostile.damage import bent, damaged
from tests.hostile.signs import WORDS as SIGNS
from tests.records.reports import put, run_2
from tests.shell import Shell
from tui.verbs.prune import _is_of

VERBS = (("ls",), ("ls", "--json"), ("events", "last"), ("report", "last"), ("report", "last", "--audit"),
         ("report", "last", "--json"), ("optimum", "last"), ("verify", "last"), ("snapshot", "last"),
         ("attach", "last"), ("continue", "last"), ("db", "reset", "last", "--yes"))  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    with typed.at_home(tmp_path) as runs:
        yield runs


def test_odd_words_get_a_sentence_and_an_exit_code(home: Path) -> None:
    """Every verb with one of them; `make faults` takes every verb with all of them."""
    for number, given in enumerate((*typed.WORDS, *typed.OPTIONS)):
        some = typed.ODD if os.environ.get("SLOTFILL_SEARCH") else typed.ODD[number % len(typed.ODD) :][:1]
        for odd in some:
            words = (*given[:-1], f"{given[-1]}={odd}") if given in typed.OPTIONS else (*given, odd)
            said = typed.say(*words)
            assert not typed.wrong(said), f"{[word[:50] for word in words]}: {typed.wrong(said)}"
            assert not list(home.iterdir())


@pytest.mark.campaign
def test_a_run_altered_by_hand_is_looked_at_without_a_trace(home: Path, tmp_path: Path) -> None:
    folder = import_reports(put(tmp_path / "reports", run_2()), home).folder
    draws = Random(8)
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for _ in range(2 if not os.environ.get("SLOTFILL_SEARCH") else 200):
        path = draws.choice(files)
        whole = path.read_bytes()
        path.write_bytes((bent if path.suffix in (".json", ".jsonl") else damaged)(whole, draws))
        for words in VERBS:
            said = typed.say(*words)
            assert not typed.wrong(said), f"{words}, {path.name} altered: {typed.wrong(said)}"
        path.write_bytes(whole)


def test_what_runs_are_called_is_one_line_of_the_list(home: Path, tmp_path: Path) -> None:
    folder = import_reports(put(tmp_path / "reports", run_2()), home).folder
    shutil.rmtree(tmp_path / "reports")
    manifest = json.loads((folder / "run.json").read_text())
    texts = {key: "".join(SIGNS) for key in ("name", "plan", "started_at", "run_id", "database", "target")}
    (folder / "run.json").write_text(json.dumps(manifest | texts))
    folder.rename(home / "\x1b[2J\x1b]0;x\x07 run")
    said = typed.say("ls")
    assert said.code == 0
    assert not typed.wrong(said), typed.wrong(said)
    assert len(said.text.splitlines()) == 3, said.text
    said = typed.say("ls", "--json")
    assert not typed.wrong(said)
    json.loads(said.text)


def test_in_a_folder_that_is_gone_one_is_told_so(home: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    said = typed.say("ls")
    assert said.code == 2
    assert "the folder you are in is gone" in said.text


def test_no_name_in_an_altered_folder_begins_everybody_s_databases() -> None:
    """`prune` drops a run's database with those of its repeats; `sf` begins all there are."""
    assert _is_of("sf_1a2b3c4d", ["sf_1a2b3c4d"])
    assert _is_of("sf_1a2b3c4d_r2", ["sf_1a2b3c4d"])
    for altered in ("sf", "sf_", "", "s", "sf_1", "postgres", "sf_1a2b3c4", "SF_1a2b3c4d", "sf_%"):
        assert not _is_of("sf_1a2b3c4d", [altered]), altered
        assert not _is_of("sf_1a2b3c4d_r2", [altered]), altered


@pytest.mark.campaign
async def test_pruning_a_run_whose_database_was_renamed_to_all_of_them_drops_none(
    shell: Shell, cluster: Cluster, tmp_path: Path
) -> None:
    name = f"sf_kept{os.getpid()}"
    await databases.clone(cluster, name)
    try:
        folder = import_reports(put(tmp_path / "reports", run_2()), shell.home / ".local/state/slotfill/runs").folder
        manifest = json.loads((folder / "run.json").read_text())
        (folder / "run.json").write_text(json.dumps(manifest | {"database": "sf", "target": "embedded"}))
        done = shell.do("prune", "--keep", "0", "--yes")
        assert done.code == 0, done.err
        assert not folder.exists()
        assert name in await databases.names(cluster)
    finally:
        await databases.drop(cluster, name)
