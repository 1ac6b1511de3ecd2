"""What a user meets at the shell: closed and broken streams, ctrl-C at any moment, words in any order, one document."""

import asyncio
import contextlib
import errno
import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.records.archive import Manifest, new_folder, write_manifest
from engine.records.writer import write_json
from engine.spec import Ready
from tests.scratch import ScratchDatabase
from tests.shell import PACED, Shell, wait_until
from tui.cli import main
from tui.command_line import parser
from tui.headless import watch

WALL = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SHORT = ("run", "--headless", "--end", "12:00", "--stress-max", "1", "--concurrency", "1")


def folder_of(root: Path, run: str = "0a1b2c3d", **more: object) -> Path:
    """The folder of a run that has ended."""
    folder = new_folder(root, "fill", run, WALL)
    known = {"plan": "fill", "target": "embedded", "started_at": WALL.isoformat(), "pid_started": "another start"}
    write_manifest(folder, Manifest(run, **(known | more)))  # type: ignore[arg-type]
    write_json(folder / "result.json", {"state": "finished", "exit_code": 0})
    return folder


# Words


@pytest.mark.parametrize(
    ("words", "dest", "value"),
    [
        ("run --yes assign", "plan", "assign"),
        ("continue --yes 0a1b", "run", "0a1b"),
        ("clean --yes 0a1b", "run", "0a1b"),
        ("repair holds --yes 0a1b", "run", "0a1b"),
        ("repair holds --dry-run 0a1b", "run", "0a1b"),
        ("db psql -c 'SELECT' 0a1b", "run", "0a1b"),
        ("alerts test --json 0a1b", "run", "0a1b"),
        ("set 0a1b --json concurrency=2", "words", ["0a1b", "concurrency=2"]),
        ("compare 0a1b --md 0a1c", "runs_given", ["0a1b", "0a1c"]),
        ("prune 0a1b --yes 0a1c", "runs_given", ["0a1b", "0a1c"]),
    ],
)
def test_a_word_is_what_it_looks_like_wherever_options_stand(words: str, dest: str, value: object) -> None:
    found = parser().parse_args(words.split())
    assert getattr(found, dest) == value
    assert getattr(found, "yes", "") in ("", True, None)


def test_a_name_is_still_agreed_to_and_a_word_too_many_is_still_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert parser().parse_args(["run", "--yes=shop"]).yes == "shop"
    for words in (
        ["db", "url", "a", "--json", "b"],
        ["repair", "holds", "--dryrun", "a"],
        ["run", "fill", "--json", "x"],
    ):
        with pytest.raises(SystemExit):
            parser().parse_args(words)
        assert "unrecognized arguments" in capsys.readouterr().err


def test_what_no_setting_takes_is_named_with_its_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "--levels", "1,x,8"]) == 2
    assert capsys.readouterr().err == "slotfill: sweep.levels = 1,x,8 does not do: give a whole number\n"
    config = tmp_path / "config.toml"
    for text, said in (
        (
            '[targets.x]\nkind = "postgres"\n[targets.y]\ndsn = 5\n',
            "targets.y.dsn = 5 does not do: give a text in quotes",
        ),
        ("[targets]\ny = 5\n", "targets.y = 5 does not do: give a table"),
        ('[thresholds]\n"p95.confirm" = 3\n', "thresholds.p95.confirm = 3 does not do: give a text in quotes"),
        ('[run]\nrestaurants = "all"\n', 'run.restaurants = all does not do: give a list: ["a", "b"]'),
    ):
        config.write_text(text)
        assert main(["ls", "--config", str(config)]) == 2
        assert said in capsys.readouterr().err
    assert main(["ls", "--config", "/dev/null"]) == 2
    assert "--config /dev/null: it is no plain file" in capsys.readouterr().err


# Streams


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run fill --requests 50", "--requests is for burst, and fill does not read it"),
        ("run --passes 2", "--passes is for assign, and fill does not read it"),
        ("run burst --sweep-holds", "--sweep-holds is for assign, and burst does not read it"),
        ("sweep assign --count 3", "--count is for create, and assign does not read it"),
        ("run nosuch --count 3", "there is no plan nosuch"),
    ],
)
def test_an_option_of_another_plan_is_not_taken_in_silence(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 2
    assert said in capsys.readouterr().err


def test_letters_that_an_encoding_has_not_are_escaped(shell: Shell) -> None:
    folder_of(shell.home / "runs", name="Möwe 🐦")
    shell.environ["PYTHONIOENCODING"] = "ascii"
    listed = shell.do("ls", "--runs", "runs")
    assert (listed.code, listed.err) == (0, "")
    assert "M\\u00f6we" in listed.out
    assert shell.do("ls", "--json", "--runs", "runs").json()[0]["name"] == "Möwe 🐦"


def test_a_run_needs_no_stream_that_is_open(shell: Shell) -> None:
    command = ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *shell.command(*SHORT)]
    done = subprocess.run(command, env=shell.environ, cwd=shell.home, timeout=60, check=False)
    assert done.returncode == 0
    assert json.loads((shell.runs()[-1] / "result.json").read_text())["state"] == "finished"


@pytest.mark.parametrize("words", [("--help",), ("ls",), ("faults",)], ids=" ".join)
@pytest.mark.parametrize("broken", [True, False], ids=["a reader that has gone", "a disk that is full"])
def test_output_that_nobody_takes_is_no_bug(shell: Shell, words: tuple[str, ...], broken: bool) -> None:
    if broken:
        reading, out = os.pipe()
        os.close(reading)
    else:
        out = os.open("/dev/full", os.O_WRONLY)
    done = subprocess.run(
        shell.command(*words),
        env=shell.environ,
        cwd=shell.home,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(out)
    if broken:
        assert (done.returncode, done.stderr) == (0, "")
    else:
        assert done.returncode == 7
        assert (
            done.stderr
            == "slotfill: what it says could not be written: No space left on device; give it another place\n"
        )


def test_ctrl_c_at_a_question_is_no_bug(tmp_path: Path, shell: Shell) -> None:
    folder_of(tmp_path / "runs")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        shell.command("prune", "--keep", "0", "--runs", str(tmp_path / "runs")),
        env=shell.environ,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)
    assert process.stderr is not None
    assert process.stderr.readline().endswith("Go on? [y/N]\n")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    os.close(ours)
    assert (process.returncode, said) == (130, "\nslotfill: interrupted\n")
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_who_reads_progress_may_go_and_a_ctrl_c_from_before_the_run_stood_stops_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = shell.begin(*PACED, "--headless")
    assert process.stderr is not None
    assert process.stdout is not None
    assert process.stderr.readline().startswith("run ")
    process.stderr.close()
    process.stdout.close()
    assert process.wait(30) == 0
    assert shell.see().run.exit_code is None
    told = shell.manifest()
    ready = Ready(told["run_id"], str(shell.runs()[-1]), told["socket"], told["pid"])
    # As at `| tee`, which the same ctrl-C has ended.
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", buffering=1, closefd=False) as broken:
        monkeypatch.setattr(sys, "stderr", broken)
        with pytest.raises(BrokenPipeError):
            asyncio.run(watch(ready, as_json=False, interrupts=1))
        with contextlib.suppress(BrokenPipeError):
            broken.close()
    os.close(writing)
    result = shell.runs()[-1] / "result.json"
    wait_until(result.exists, "the run's end")
    assert json.loads(result.read_text())["state"] == "stopped"


# Ctrl-C


@pytest.fixture
def mute() -> Iterator[socket.socket]:
    """A server on loopback that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_ctrl_c_before_the_engine_stands_is_heard_and_a_second_one_leaves_none(
    shell: Shell, mute: socket.socket
) -> None:
    address = f"postgresql://me@127.0.0.1:{mute.getsockname()[1]}/shop?sslmode=disable"
    (shell.home / "config.toml").write_text(f'[targets.mute]\nkind = "postgres"\ndsn = "{address}"\n')
    process = shell.begin(*SHORT, "--target", "mute", "--yes")
    mute.settimeout(30)
    caller, _ = mute.accept()
    with caller:
        caller.settimeout(30)
        assert caller.recv(4096), "the engine says who it is, and waits"
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline() == "the run is stopped as soon as it stands; ctrl-C again to end it as it is\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert caller.recv(4096) == b"", "the engine has ended"
    assert process.returncode == 130
    assert said == "slotfill: interrupted before the run stood; nothing of it goes on\n"


# Whose database


def test_a_run_elsewhere_is_not_taken_for_one_of_the_embedded_postgres(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder_of(tmp_path, "0a1b2c3d", target="theirs", database="shop")
    folder_of(tmp_path, "1a1b2c3d", plan="import")
    for words in (("db", "url"), ("db", "psql"), ("db", "reset", "--yes"), ("check",)):
        assert main([*words, "0a1b", "--runs", str(tmp_path)]) == 2
        assert "give --target theirs" in capsys.readouterr().err
        assert main([*words, "1a1b", "--runs", str(tmp_path)]) == 2
        assert "names no database" in capsys.readouterr().err


async def test_psql_is_a_user_of_the_server_until_it_ends(
    shell: Shell, database: ScratchDatabase, tmp_path: Path
) -> None:
    folder_of(tmp_path / "runs", database=database.name, data="white-horse")
    process = subprocess.Popen(
        shell.command("db", "psql", "--runs", str(tmp_path / "runs")),
        env=shell.environ | {"PGHOSTADDR": "192.0.2.1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\\set QUIET on\n\\echo here\n")
    process.stdin.flush()
    assert process.stdout.readline() == "here\n"
    used = await asyncio.to_thread(shell.do, "db", "status")
    assert "db psql by" in used.out
    process.communicate(timeout=30)
    assert process.returncode == 0
    used = await asyncio.to_thread(shell.do, "db", "status")
    assert "db psql by" not in used.out


# A target of one's own


@pytest.fixture
def theirs(database: ScratchDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Options of a target whose address stands in a file of variables, as the platform's does."""
    (tmp_path / "config.toml").write_text('[targets.theirs]\nkind = "postgres"\ndsn_env = "THEIRS"\n')
    (tmp_path / ".env.local").write_text(f"THEIRS='{database.dsn}'\n")
    monkeypatch.chdir(tmp_path)
    return ("--target", "theirs", "--runs", str(tmp_path / "runs"))


async def test_an_address_in_a_file_of_variables_is_found_by_every_command(
    theirs: tuple[str, ...], database: ScratchDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ("db", "status"),
        ("db", "init", f"--yes={database.name}"),
        ("check",),
        ("repair", "holds", "--dry-run"),
    ):
        assert await asyncio.to_thread(main, [*words, *theirs]) == 0, capsys.readouterr().err
    assert await asyncio.to_thread(main, ["db", "url", *theirs, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"url": database.dsn}


async def test_what_cannot_be_seen_is_not_called_clean(
    theirs: tuple[str, ...], database: ScratchDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(config.read_text() + 'restaurants = ["the-mill"]\n')
    assert await asyncio.to_thread(main, ["check", *theirs]) == 3
    assert f"the-mill can be seen in {database.name}" not in capsys.readouterr().out
    config.write_text(config.read_text().replace("the-mill", "white-horse-pub-waterbeach"))
    assert await asyncio.to_thread(main, ["check", *theirs]) == 0
    assert f"database {database.name} of target theirs" in capsys.readouterr().out


async def test_psql_goes_nowhere_that_the_guards_did_not_look(
    theirs: tuple[str, ...], shell: Shell, database: ScratchDatabase, tmp_path: Path
) -> None:
    assert await asyncio.to_thread(main, ["db", "init", *theirs, f"--yes={database.name}"]) == 0
    path = tmp_path / "bin" / "psql"
    path.parent.mkdir()
    path.write_text('#!/bin/sh\necho "goes to ${PGHOSTADDR:-its address}"\n')
    path.chmod(0o755)
    shell.environ |= {"PATH": f"{path.parent}:{shell.environ['PATH']}", "PGHOSTADDR": "192.0.2.1"}
    done = await asyncio.to_thread(shell.do, "db", "psql", *theirs, "-c", "SELECT 1")
    assert (done.code, done.out) == (0, "goes to its address\n"), done.err


async def test_a_database_that_is_to_be_marked_is_not_called_remote(
    theirs: tuple[str, ...], database: ScratchDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = await database.connect()
    await connection.execute("DROP TABLE slotfill_marker")
    await connection.close()
    assert await asyncio.to_thread(main, ["db", "init", *theirs, "--yes"]) == 4
    said = capsys.readouterr().err
    assert "is remote" not in said
    assert f"--yes={database.name} says that you mean it" in said


def test_a_target_of_one_s_own_does_not_take_the_embedded_one_away(theirs: tuple[str, ...], shell: Shell) -> None:
    assert shell.do("db", "status").out.startswith("running  PostgreSQL")
    assert shell.do("check", "--target", "api", "--runs", "none").err.startswith("slotfill: there is no run yet")


async def test_no_run_is_gone_on_with_in_another_database(
    theirs: tuple[str, ...], shell: Shell, database: ScratchDatabase, tmp_path: Path
) -> None:
    assert await asyncio.to_thread(main, ["db", "init", *theirs, f"--yes={database.name}"]) == 0
    folder_of(tmp_path / "runs", target="theirs", database="shop")
    done = await asyncio.to_thread(shell.do, "continue", *theirs, "--headless")
    assert done.code == 4, done.err
    assert f"run 0a1b2c3d worked in shop, and target theirs is {database.name}" in done.err
    none = await asyncio.to_thread(shell.do, "run", "--no-reset", "--headless", *theirs[2:])
    assert none.code == 2
    assert "give --target theirs" in none.err


def test_a_server_that_is_away_is_named_by_its_target(shell: Shell) -> None:
    (shell.home / "config.toml").write_text('[targets.t]\nkind = "postgres"\ndsn = "postgresql://me@127.0.0.1:1/x"\n')
    done = shell.do(*SHORT, "--target", "t", "--yes")
    assert done.code == 3
    assert done.err.startswith("slotfill: target t: Postgres did not take a connection")
    assert "slotfill env check --target t" in done.err


# Runs that go


def test_prune_prints_one_document_even_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune", "--keep", "3", "--json", "--runs", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_run_that_could_not_be_removed_is_not_counted_as_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "runs"
    folder_of(root)
    (folder_of(root, "1a1b2c3d") / "snapshots").mkdir()

    def rmtree(path: object, **_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    assert main(["prune", "--keep", "0", "--yes", "--json", "--runs", str(root)]) == 7
    said = capsys.readouterr()
    assert json.loads(said.out) == ["0a1b2c3d"]
    assert "run 1a1b2c3d is still there" in said.err


def test_who_attaches_to_a_run_that_died_is_not_sent_to_a_report_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path)
    assert main(["attach", "--runs", str(tmp_path)]) == 2
    assert "report.md" not in capsys.readouterr().err
    (folder / "report.md").touch()
    assert main(["attach", "--runs", str(tmp_path)]) == 2
    assert f"its report is {folder / 'report.md'}, its journal: slotfill events" in capsys.readouterr().err
