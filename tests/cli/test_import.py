"""`slotfill import` as its user types it."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.records.reports import metrics, put, run_2, run_3
from tests.shell import Shell


@pytest.fixture
def user(tmp_path: Path) -> Shell:
    """A terminal; an import needs no database."""
    home = tmp_path / "home"
    home.mkdir()
    return Shell(home)


def files(user: Shell, documents: list[dict[str, object]]) -> list[str]:
    return [str(path) for path in put(user.home / "reports", documents)]


def test_two_passes_show_that_only_14_had_persisted(user: Shell) -> None:
    done = user.do("import", *files(user, run_3()), "--name", "the third")
    assert (done.code, done.err) == (0, "")
    assert "pass 2 processed 91 of 105, so only 14 had persisted, whatever the log of pass 1 claimed" in done.out
    (row,) = [line.split() for line in done.out.splitlines() if line.startswith("   1  all")]
    assert row[:9] == ["1", "all", "105", "58", "14", "14", "7741", "41995", "41995"]
    assert "ledger replay 44" in done.out
    assert "98 acknowledged" in done.out
    listed = user.do("ls").out
    assert "import" in listed
    assert "the third" in listed
    assert "finished" in listed
    (folder,) = user.runs()
    assert str(folder / "report.md") in done.out
    events = [json.loads(line) for line in user.do("events").out.splitlines()]
    assert sum(event["type"] == "AttemptEnded" for event in events) == 196


def test_json_prints_the_result_document_and_nothing_else(user: Shell) -> None:
    done = user.do("import", *files(user, [*run_2(), metrics()]), "--json")
    assert (done.code, done.err) == (0, "")
    (folder,) = user.runs()
    assert done.out == (folder / "result.json").read_text()
    result = done.json()
    assert set(result["evidence"].values()) == {"report"}
    assert (result["acknowledged"], result["with_tables"], result["exit_code"]) == (67, 36, 6)
    assert [level["concurrency"] for level in result["levels"]] == [1, 4]


def test_what_is_no_report_is_one_sentence_and_no_run(user: Shell) -> None:
    good = files(user, run_2())
    other = user.home / "other\x1b[2J.json"
    other.write_text('{"rows": []}')
    done = user.do("import", *good, str(other))
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert done.err.startswith("slotfill: ")
    assert "neither an ultra-fast report" in done.err
    assert "\x1b" not in done.err
    assert user.runs() == []


def test_a_full_disk_leaves_no_half_run(user: Shell) -> None:
    """A file may have 8 KB here, which a journal does not fit in."""
    words = user.command("import", *files(user, run_2()), "--runs", str(user.home / "runs"))
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 16; exec "$@"', "sh", *words],
        env=user.environ,
        cwd=user.home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 7
    assert done.stderr.count("\n") == 1
    assert "journal" in done.stderr
    assert not [*(user.home / "runs").iterdir()]


def test_commands_that_need_a_database_say_that_an_import_has_none(user: Shell) -> None:
    assert user.do("import", *files(user, run_2())).code == 0
    for words in (("pause",), ("continue", "--headless"), ("attach",)):
        done = user.do(*words)
        assert done.code in (2, 3), words
        assert done.err.startswith("slotfill: ")
        assert "Traceback" not in done.err
