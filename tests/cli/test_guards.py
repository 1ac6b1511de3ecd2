"""What is refused is refused with exit 4, in one sentence with the cure; nothing was dialled and nothing written."""

import asyncio
import io
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.local_only import VARIABLE
from engine.platform.cluster import Cluster
from engine.platform.databases import clone, drop
from engine.platform.seed import DATA_SETS
from tests.cli.test_targets import ask
from tests.loopback import LeftTheMachine
from tests.shell import Shell
from tui.cli import main

_numbers = itertools.count(1)
WRITING = (("run", "fill", "--headless"), ("db", "init"), ("db", "seed"), ("db", "psql", "-c", "SELECT 1"))
FAR = "postgresql://me:sesame@192.0.2.1:6543/shop"
STRESS = DATA_SETS["stress"].restaurants
AGREED = ('restaurants = ["white-horse-pub-waterbeach"]', 'meant_for = ["192.0.2.1/shop"]')


class Doorman:
    """A server on loopback that counts who comes, and says nothing."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.came = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                one, _ = self._listening.accept()
            except OSError:
                return
            self.came += 1
            one.close()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@pytest.fixture
def doorman() -> Iterator[Doorman]:
    found = Doorman()
    yield found
    found.close()


@pytest.fixture
def theirs(cluster: Cluster) -> Iterator[str]:
    """The name of a database with the platform and no marker, on this machine."""
    name = f"sf_guarded_{os.getpid()}_{next(_numbers)}"
    asyncio.run(clone(cluster, name))
    ask(cluster.dsn(name), "DROP TABLE slotfill_marker", "SELECT 1")
    yield name
    asyncio.run(drop(cluster, name))


def written(home: Path, *lines: str, kind: str = "postgres") -> tuple[str, ...]:
    """A config.toml with the target `theirs`, and the options that use it."""
    path = home / "theirs.toml"
    path.write_text("\n".join(("[targets.embedded]", "[targets.theirs]", f'kind = "{kind}"', *lines, "")))
    return ("--config", str(path), "--target", "theirs")


def rows(dsn: str) -> list[int]:
    """How many there are of everything a run or a seed would write."""
    tables = ("restaurants", "table_inventory", "bookings", "customers", "table_holds", "allocations")
    return [ask(dsn, f"SELECT count(*) FROM {one}") for one in tables]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands run in this process, whose sockets are watched: whatever dials another machine is a LeftTheMachine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return tmp_path


def one_sentence(told: str) -> str:
    assert len(told.strip().splitlines()) == 1, told
    assert "sesame" not in told
    return told


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
@pytest.mark.parametrize(
    ("lines", "given"),
    [
        ((), ("--yes=shop", "`restaurants`")),
        (AGREED[:1], ("--yes=shop", "allow_remote")),
        (AGREED, ("--yes", "--yes=shop")),
        (AGREED, ("--yes=other", "--yes=shop")),
        (AGREED, ("", "--yes=shop")),
        ((AGREED[0], 'meant_for = ["192.0.2.7/shop"]', "allow_remote = true"), ("--yes=shop", "meant_for")),
    ],
    ids=["no allow-list", "no place", "a bare yes", "another name", "nothing said", "another place"],
)
def test_a_remote_database_is_not_dialled_before_everything_is_agreed(
    home: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    lines: tuple[str, ...],
    given: tuple[str, str],
) -> None:
    yes, cure = given
    config = written(home, f'dsn = "{FAR}"', *lines)
    assert main([*words, *config, *filter(None, [yes])]) == 4
    said = capsys.readouterr()
    assert cure in one_sentence(said.err)
    assert said.out == ""


class Typist(io.StringIO):
    """A terminal with somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("typed", ["", "yes", "SHOP", "theirs"])
def test_only_the_name_typed_in_full_agrees(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    config = written(home, f'dsn = "{FAR}"', *AGREED)
    monkeypatch.setattr(sys, "stdin", Typist(f"{typed}\n"))
    assert main(["db", "seed", *config]) == 4
    assert "Type its name, shop, to go on:" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", Typist("shop\n"))
    with pytest.raises(LeftTheMachine):
        main(["db", "seed", *config])


def test_production_by_its_environment_needs_allow_remote_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = written(home, f'dsn = "{FAR}"', *AGREED)
    (home / ".env.local").write_text("PRODUCTION_SUPABASE_DB_URL=postgresql://boss:sesame@192.0.2.1:6543/shop\n")
    assert main(["db", "seed", *config, "--yes=shop"]) == 4
    assert "allow_remote" in one_sentence(capsys.readouterr().err)


def test_once_all_is_agreed_it_is_dialled_and_the_suite_s_own_guard_stops_that(home: Path) -> None:
    config = written(home, f'dsn = "{FAR}"', *AGREED)
    with pytest.raises(LeftTheMachine, match=r"192\.0\.2\.1"):
        main(["db", "seed", *config, "--yes=shop"])


@pytest.mark.parametrize("yes", ["", "--yes", "--yes=theirs"])
def test_a_booking_api_whose_database_nobody_knows_gets_no_request(shell: Shell, doorman: Doorman, yes: str) -> None:
    lines = (f'base_url = "http://127.0.0.1:{doorman.port}"', *AGREED[:1], 'meant_for = ["127.0.0.1"]')
    done = shell.do("run", "fill", "--headless", *written(shell.home, *lines, kind="api"), *filter(None, [yes]))
    assert done.code == 4, done.err
    assert "--yes=127.0.0.1" in one_sentence(done.err)
    assert doorman.came == 0
    assert not shell.runs()


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_loopback_without_a_marker_may_be_a_tunnel_and_gets_no_row(
    shell: Shell, cluster: Cluster, theirs: str, words: tuple[str, ...]
) -> None:
    dsn = cluster.dsn(theirs)
    before = rows(dsn)
    config = written(shell.home, f'dsn = "{dsn}"', *AGREED[:1])
    done = shell.do(*words, *config, "--yes")
    assert done.code == 4, done.err
    assert "no marker" in one_sentence(done.err)
    assert rows(dsn) == before
    assert ask(dsn, "SELECT to_regclass('slotfill_marker') IS NULL")
    assert not shell.runs()


def test_a_remote_database_is_seeded_only_with_restaurants_of_its_list(
    shell: Shell, cluster: Cluster, theirs: str
) -> None:
    dsn = cluster.dsn(theirs)
    before = rows(dsn)
    lines = (f'dsn = "{dsn}"', f'meant_for = ["localhost/{theirs}"]')
    config = written(shell.home, *lines, *AGREED[:1])
    refused = shell.do("db", "seed", *config, "--data", "stress", f"--yes={theirs}")
    assert refused.code == 4
    assert "white-horse-pub-waterbeach only" in one_sentence(refused.err)
    assert rows(dsn) == before
    config = written(shell.home, *lines, f"restaurants = {json.dumps(STRESS)}")
    assert shell.do("db", "seed", *config, "--data", "stress", "--yes").code == 4
    assert rows(dsn) == before
    assert shell.do("db", "seed", *config, "--data", "stress", f"--yes={theirs}").code == 0
    assert rows(dsn) > before


def test_going_on_with_a_run_is_guarded_as_a_run_is(shell: Shell) -> None:
    begun = shell.do("run", "fill", "--headless", "--concurrency", "1", "--stress-max", "1", "--end", "12:15")
    assert begun.code == 0, begun.err
    done = shell.do("continue", "last", "--headless", *written(shell.home, f'dsn = "{FAR}"'), "--yes=shop")
    assert done.code == 4
    assert "192.0.2.1" in one_sentence(done.err)
    assert len(shell.runs()) == 1


# The suite itself


def test_this_process_cannot_reach_another_machine() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        for dial in (
            lambda: socket.create_connection(("192.0.2.1", 5432), timeout=0.1),
            lambda: socket.getaddrinfo("db.example.com", 5432),
            lambda: socket.gethostbyname("db.example.com"),
            lambda: datagram.sendto(b"", ("192.0.2.1", 53)),
        ):
            with pytest.raises(LeftTheMachine):
                dial()


@pytest.mark.parametrize("what", ["status", "url", "init"])
def test_a_command_of_a_test_does_not_even_look_at_another_machine(shell: Shell, what: str) -> None:
    assert shell.environ[VARIABLE] == "1"
    config = written(shell.home, f'dsn = "{FAR}"', *AGREED, "allow_remote = true")
    done = shell.do("db", what, *config, "--yes=shop")
    assert done.code == 4
    assert VARIABLE in one_sentence(done.err)
    assert done.out == ""


@pytest.mark.parametrize("module", ["engine.database", "engine.http", "engine.__main__", "tui.verbs.run"])
def test_no_process_of_ours_that_a_test_starts_can_reach_another_machine(shell: Shell, module: str) -> None:
    """Whatever it loads: the interpreter itself refuses, before a driver or a guard is asked."""
    # What the interpreter says before it dials: so that nothing is dialled should nobody listen.
    dial = f"import {module}, sys; sys.audit('socket.connect', None, ('192.0.2.1', 5432))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", dial], env=shell.environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "LeftTheMachine" in done.stderr
