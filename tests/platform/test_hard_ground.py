"""A cluster on ground that is not as it was left: other people's folders, numbers of dead processes, full disks."""

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.config import EmbeddedSettings
from engine.database import Connection
from engine.observe.rows import ServerFacts
from engine.platform import binaries, cluster, owner, server
from engine.platform.binaries import PlatformUnfit
from engine.platform.cluster import Cluster
from engine.platform.owner import Owner
from engine.platform.places import Places
from engine.platform.server import ServerPlan
from tests.shell import wait_until

STAND_IN = Owner(uid=65533, gid=65533, name="stand-in", stand_in=True)
NAPS = "import signal, sys; signal.signal(signal.SIGINT, lambda *_: sys.exit()); print(1, flush=True); signal.pause()"


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short path: a socket's path has a limit."""
    with tempfile.TemporaryDirectory(prefix="sfg-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def napping(*words: str) -> "subprocess.Popen[bytes]":
    """A process with these words on its command line, which an interrupt ends."""
    process = subprocess.Popen([sys.executable, "-c", NAPS, *words], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def running(where: Places, socket: str, *words: str) -> "subprocess.Popen[bytes]":
    """A process that postmaster.pid names as the server of that data, with a socket there."""
    Path(where.data).mkdir(exist_ok=True)
    process = napping(*words)
    rest = [where.data, "1", "5432", socket, "", "  17  42", "ready   "]
    (Path(where.data) / "postmaster.pid").write_text("\n".join([str(process.pid), *rest]) + "\n")
    return process


def ended(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()


def test_stopping_a_server_that_somebody_started_by_hand_leaves_its_socket_folder_alone(short: Path) -> None:
    """As `pg_ctl -D … start` does: its socket lies in /tmp, where everybody's files are."""
    theirs = short / "theirs"
    theirs.mkdir()
    (theirs / "a letter").write_text("to keep")
    where = Places(data=str(short / "pg"), socket=str(short / "slotfill-1" / "pg-1"))
    process = running(where, str(theirs), "-D", where.data)
    server.stop(where)
    process.communicate()
    assert (theirs / "a letter").read_text() == "to keep"


def test_stopping_our_own_server_takes_its_socket_folder_away_wherever_it_was_put(short: Path) -> None:
    where = Places(data=str(short / "pg"), socket=str(short / "slotfill-1" / "pg-1"))
    before = short / "other-tmp" / "slotfill-1" / "pg-1"
    before.mkdir(parents=True)
    (before / ".s.PGSQL.5432.lock").write_text("left by a server that was killed")
    process = running(where, str(before), "-D", where.data)
    server.stop(where)
    process.communicate()
    assert not before.exists()


def test_a_process_that_only_names_the_data_is_not_their_server(short: Path) -> None:
    """Of a server that died with its machine the number may be the keeper's own now, who is given the data's folder."""
    where = Places(data=str(short / "pg"), socket=str(short / "s"))
    keeper = running(where, where.socket, "engine.platform.keeper", where.data)
    try:
        assert server.postmaster(where) is None
    finally:
        ended(keeper)
    served = running(where, where.socket, "-D", where.data)
    try:
        found = server.postmaster(where)
        assert found is not None
        assert found.pid == served.pid
    finally:
        ended(served)


@pytest.mark.parametrize("what", ["a folder with somebody's files", "a file"])
async def test_what_is_no_cluster_is_told_before_one_is_made_and_stays_as_it_was(short: Path, what: str) -> None:
    data = short / "pg"
    if what == "a file":
        data.write_text("to keep")
    else:
        data.mkdir()
        (data / "a letter").write_text("to keep")
    with pytest.raises(PlatformUnfit, match=r"holds no cluster.*set \[embedded\] data to") as told:
        await Cluster.open(EmbeddedSettings(data=str(data)), "the test")
    assert str(data) in str(told.value)
    assert (data if what == "a file" else data / "a letter").read_text() == "to keep"
    assert not [path.name for path in short.iterdir() if path.name.startswith(".pg-")]


def plan(short: Path, initdb: str) -> ServerPlan:
    """A plan with programs of its own."""
    (short / "bin").mkdir()
    (short / "bin" / "initdb").write_text(f"#!/bin/sh\n{initdb}\n")
    (short / "bin" / "initdb").chmod(0o755)
    return ServerPlan(
        places=Places(data=str(short / "pg"), socket=str(short / "slotfill-1" / "pg-1")),
        binaries=binaries.Binaries(folder=str(short / "bin"), version=(18, 1), bundled=False),
        owner=Owner(uid=os.geteuid(), gid=os.getegid(), name="user", stand_in=False),
        max_connections=10,
        idle_s=1.0,
    )


def test_what_killed_beginners_left_half_made_goes_when_a_cluster_is_made(short: Path) -> None:
    left = short / ".pg-1234567"
    left.mkdir()
    (left / "PG_VERSION").write_text("18")
    beside = short / ".pg-notes"
    beside.mkdir()
    server.initialise(plan(short, 'echo 18 > "$2/PG_VERSION"'))
    assert (short / "pg" / "PG_VERSION").read_text() == "18\n"
    assert not left.exists()
    assert beside.exists(), "only what such a beginner would have made"


def test_an_initdb_that_never_ends_is_told_in_a_sentence_and_leaves_nothing(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_INIT_S", 0.2)
    with pytest.raises(PlatformUnfit, match="initdb did not end within") as told:
        server.initialise(plan(short, "exec sleep 60"))
    assert "\n" not in str(told.value)
    assert [path.name for path in short.iterdir()] == ["bin"]


def test_a_keeper_that_never_answers_is_told_in_a_sentence(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_args: object, **_more: object) -> None:
        raise subprocess.TimeoutExpired("keeper", 180)

    made = plan(short, "")
    made.places.room.mkdir()
    monkeypatch.setattr(subprocess, "run", late)
    with pytest.raises(PlatformUnfit, match="did not answer within"):
        cluster._employ_keeper(made)


@pytest.mark.skipif(os.geteuid() != 0, reason="only for root does a stand-in run the server")
def test_programs_that_cannot_be_copied_are_told_in_a_sentence(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose /var is read only."""
    (short / "closed" / "pginstall" / "bin").mkdir(parents=True)
    (short / "closed").chmod(0o700)
    found = binaries.Binaries(folder=str(short / "closed" / "pginstall" / "bin"), version=(18, 1), bundled=True)
    (short / "var").write_text("no folder")
    monkeypatch.setattr(owner, "ROOT_HOME", short / "var" / "slotfill")
    with pytest.raises(PlatformUnfit, match=r"Not a directory.*run slotfill as a user"):
        owner.reachable(found, STAND_IN)


def is_ready(where: Places) -> bool:
    """Whether its server takes connections."""
    found = server.postmaster(where)
    return found is not None and found.ready


async def test_a_server_that_was_started_by_hand_is_taken_as_it_is_and_stopped_without_a_trace_in_tmp(
    short: Path,
) -> None:
    """The same as above with a real one: whatever lies beside its socket is nobody's business.

    And it has settings of its own: connections that it keeps for a role are not free for us.
    """
    settings = EmbeddedSettings(data=str(short / "pg"), idle_s=1.0, max_connections=10)
    first = await Cluster.open(settings, "the first")
    made = cluster._plan(settings)
    await first.close()
    await cluster.stop(settings)
    theirs = short / "theirs"
    theirs.mkdir()
    made.owner.give(theirs)
    (theirs / "a letter").write_text("to keep")
    words = ("-c", "listen_addresses=", "-c", "reserved_connections=5", "-k", str(theirs))
    popen = made.owner.popen
    # As `pg_ctl start` does where PGDATA is set: its command line names no folder.
    by_hand = subprocess.Popen(
        [made.binaries.program("postgres"), *words],
        stderr=subprocess.DEVNULL,
        **{**popen, "env": {**popen["env"], "PGDATA": made.places.data}},
    )
    try:
        wait_until(lambda: is_ready(made.places), "the server to be ready")
        again = await Cluster.open(settings, "the second")
        assert again.pid == by_hand.pid
        connection = await Connection.open(again.admin_dsn, application_name="test", timeout_s=5)
        facts = await connection.row("observe/server_facts", ServerFacts)
        await connection.close()
        assert facts is not None
        assert facts.reserved == 3 + 5
        await again.close()
        await cluster.stop(settings)
        assert (theirs / "a letter").read_text() == "to keep"
    finally:
        by_hand.send_signal(signal.SIGQUIT)
        by_hand.wait()


@pytest.mark.parametrize("ask", [cluster.status, cluster.stop])
async def test_a_folder_that_cannot_be_looked_into_is_told_in_a_sentence(
    short: Path, ask: Callable[[EmbeddedSettings], Awaitable[object]]
) -> None:
    """As somebody else's is, and for the same call one whose name is too long: that one is so for root as well."""
    settings = EmbeddedSettings(data=str(short / ("x" * 300)))
    with pytest.raises(PlatformUnfit, match=r"File name too long.*set \[embedded\] data to a folder you own"):
        await ask(settings)


async def test_a_full_disk_is_told_to_be_full_and_not_to_be_somebody_elses(short: Path) -> None:
    where = cluster._plan(EmbeddedSettings(data=str(short / "pg"))).places
    with pytest.raises(PlatformUnfit, match=r"No space left on device.*make room"), cluster._said(where):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(short))


FULL = 'could not resize shared memory segment "/PostgreSQL.26" to 11176 bytes: No space left on device'


def test_why_initdb_failed_is_told_and_not_what_it_said_last(short: Path) -> None:
    said = f'2026-11-21 UTC [7] FATAL:  {FULL}\nchild process exited with exit code 1\ninitdb: removing contents of "x"'
    with pytest.raises(PlatformUnfit, match=f"initdb could not make {short}/pg: {re.escape(FULL)}$"):
        server.initialise(plan(short, f"echo '{said}' >&2; exit 1"))


def test_why_a_server_did_not_start_is_told_and_not_what_it_said_last(short: Path) -> None:
    made = plan(short, "")
    made.places.room.mkdir()
    Path(made.places.data).mkdir()
    program = short / "bin" / "postgres"
    program.write_text(f"#!/bin/sh\necho '[7] FATAL:  {FULL}\n[7] LOG:  database system is shut down'\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(PlatformUnfit, match=f"did not start on {short}/pg: {re.escape(FULL)} "):
        server.start(made)


@pytest.mark.parametrize(("major", "spares"), [(15, False), (16, True)])
def test_initdb_needs_no_shared_memory_folder_where_it_can_be_told_so(short: Path, major: int, spares: bool) -> None:
    """Else a full /dev/shm, as in a container that gives it little, makes no cluster; `--set` came with 16."""
    made = plan(short, 'echo "$@" > "$2/PG_VERSION"')
    made = replace(made, binaries=replace(made.binaries, version=(major, 0)))
    server.initialise(made)
    words = (short / "pg" / "PG_VERSION").read_text()
    assert ("--set dynamic_shared_memory_type=mmap" in words) is spares


async def test_a_server_whose_socket_was_swept_away_is_told_with_the_cure(short: Path) -> None:
    """As by whoever tidies /tmp."""
    settings = EmbeddedSettings(data=str(short / "pg"), idle_s=1.0, max_connections=10)
    first = await Cluster.open(settings, "the first")
    try:
        shutil.rmtree((await cluster.status(settings)).socket)
        with pytest.raises(PlatformUnfit, match="slotfill db stop ends it"):
            await Cluster.open(settings, "the second")
    finally:
        await first.close()
        await cluster.stop(settings)
