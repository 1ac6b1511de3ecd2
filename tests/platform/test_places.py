"""Where a cluster lives, for a user and for root, whose server runs as somebody else."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from engine.config import EmbeddedSettings
from engine.platform import binaries, owner, server
from engine.platform.binaries import PlatformUnfit
from engine.platform.locks import FileLock, forget_users, leave_note, take_note_back, users_of
from engine.platform.owner import ROOT_HOME, Owner
from engine.platform.places import Places, places, wanted_data

USER = Owner(uid=os.geteuid(), gid=os.getegid(), name="user", stand_in=False)
STAND_IN = Owner(uid=65533, gid=65533, name="stand-in", stand_in=True)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give folders and programs to others")


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short path: a socket's path has a limit."""
    with tempfile.TemporaryDirectory(prefix="sfp-", dir="/tmp") as folder:
        yield Path(folder)


def test_a_path_from_here_and_the_home_of_nobody_are_told_in_full(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert wanted_data(EmbeddedSettings(data="~nobody-of-that-name/pg"), 18) == tmp_path / "~nobody-of-that-name" / "pg"
    here = Path(binaries.find(EmbeddedSettings()).folder)
    (tmp_path / "bin").symlink_to(here)
    # The server is started from another folder than the one this was said in.
    assert binaries.find(EmbeddedSettings(bin="bin")).folder == str(tmp_path / "bin")


def test_data_go_where_the_setting_says_else_where_xdg_says_else_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/g")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert wanted_data(EmbeddedSettings(), 18) == Path("/home/g/.local/share/slotfill/pg18")
    monkeypatch.setenv("XDG_DATA_HOME", "not/absolute")
    assert wanted_data(EmbeddedSettings(), 17) == Path("/home/g/.local/share/slotfill/pg17")
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/data")
    assert wanted_data(EmbeddedSettings(), 18) == Path("/srv/data/slotfill/pg18")
    assert wanted_data(EmbeddedSettings(data="~/pg"), 18) == Path("/home/g/pg")


def test_a_user_keeps_the_data_where_they_are_wanted(short: Path) -> None:
    short.chmod(0o700)
    found = places(EmbeddedSettings(data=str(short / "pg")), 18, USER)
    assert found.data == str(short / "pg")
    assert f"/slotfill-{USER.uid}/pg-" in found.socket


def test_data_that_a_stand_in_cannot_reach_go_to_a_folder_of_roots(short: Path) -> None:
    short.chmod(0o700)
    wanted = short / "pg"
    found = places(EmbeddedSettings(data=str(wanted)), 18, STAND_IN)
    assert found.data == str(ROOT_HOME / sha256(str(wanted).encode()).hexdigest()[:8])
    assert f"/slotfill-{STAND_IN.uid}/" in found.socket
    assert short.stat().st_mode & 0o777 == 0o700, "nobody's folder is opened for it"
    short.chmod(0o711)
    assert places(EmbeddedSettings(data=str(wanted)), 18, STAND_IN).data == str(wanted)


@as_root
def test_folders_that_are_made_for_the_data_can_be_walked_into_whatever_roots_umask_is(short: Path) -> None:
    """Else the first start fails, and the next one finds them closed and keeps the data elsewhere."""
    short.chmod(0o711)
    closed = short / "closed"
    closed.mkdir(mode=0o700)
    wanted = short / "home" / "share" / "pg"
    before = os.umask(0o077)
    try:
        found = places(EmbeddedSettings(data=str(wanted)), 18, STAND_IN)
        found.prepare(STAND_IN)
        Places(data=str(closed / "pg"), socket="").prepare(STAND_IN)
    finally:
        os.umask(before)
    assert places(EmbeddedSettings(data=str(wanted)), 18, STAND_IN) == found
    assert found.data == str(wanted)
    assert found.room.stat().st_mode & 0o777 == 0o700
    assert closed.stat().st_mode & 0o777 == 0o700, "what was there keeps its mode"


def test_a_long_temporary_folder_does_not_make_the_socket_too_long(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = short / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    found = places(EmbeddedSettings(data=str(short / "pg")), 18, USER)
    assert found.socket.startswith("/tmp/slotfill-")
    assert len(f"{found.socket}/.s.PGSQL.5432") < 104


@pytest.mark.parametrize("spoilt", ["open to others", "a link"])
def test_a_socket_folder_that_is_not_private_is_refused(short: Path, spoilt: str) -> None:
    where = Places(data=str(short / "pg"), socket=str(short / "slotfill-1" / "pg-1"))
    if spoilt == "a link":
        (short / "real").mkdir(mode=0o700)
        (short / "slotfill-1").symlink_to(short / "real")
    else:
        (short / "slotfill-1").mkdir()
        (short / "slotfill-1").chmod(0o755)
    with pytest.raises(PlatformUnfit, match="is not a private folder"):
        where.prepare_socket(USER)


@as_root
def test_a_socket_folder_of_somebody_else_is_refused(short: Path) -> None:
    where = Places(data=str(short / "pg"), socket=str(short / "slotfill-1" / "pg-1"))
    where.prepare_socket(STAND_IN)
    assert Path(where.socket).stat().st_uid == STAND_IN.uid
    with pytest.raises(PlatformUnfit, match="is not a private folder of user user"):
        where.prepare_socket(USER)


@as_root
def test_programs_out_of_the_stand_ins_reach_are_copied_and_run(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the virtual environment lies in root's home."""
    found = binaries.find(EmbeddedSettings())
    package = Path(found.folder).parent.parent
    closed = short / "closed"
    closed.mkdir(mode=0o700)
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, closed / part.name, symlinks=True)
    hidden = msgspec.structs.replace(found, folder=str(closed / package.name / "pginstall" / "bin"))
    short.chmod(0o711)
    monkeypatch.setattr(owner, "ROOT_HOME", short / "home")
    copied = owner.reachable(hidden, STAND_IN)
    assert copied.folder.startswith(str(short / "home" / "bin-"))
    assert owner.reachable(hidden, STAND_IN) == copied, "copied once"
    assert closed.stat().st_mode & 0o777 == 0o700
    told = subprocess.run(
        [copied.program("initdb"), "--version"], capture_output=True, text=True, check=True, **STAND_IN.popen
    )
    assert told.stdout.startswith("initdb (PostgreSQL)")


@as_root
def test_a_users_own_programs_out_of_reach_are_refused_not_copied(short: Path) -> None:
    (short / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 17.1'\n")
    (short / "postgres").chmod(0o755)
    short.chmod(0o700)
    own = binaries.Binaries(folder=str(short), version=(17, 1), bundled=False)
    with pytest.raises(PlatformUnfit, match="cannot be run by user stand-in"):
        owner.reachable(own, STAND_IN)


@pytest.mark.parametrize(
    ("version", "words"),
    [("14.9", "is Postgres 14.9; slotfill needs 15 or newer"), ("devel", "tells no version")],
)
def test_programs_that_are_too_old_are_refused(short: Path, version: str, words: str) -> None:
    for name in ("postgres", "initdb"):
        (short / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (short / name).chmod(0o755)
    with pytest.raises(PlatformUnfit, match=words):
        binaries.find(EmbeddedSettings(bin=str(short)))


def test_a_dead_servers_pid_file_names_the_dead_and_keeps_the_rest(short: Path) -> None:
    """The number may be a stranger's by now; the line on shared memory is what Postgres must still read."""
    where = Places(data=str(short / "pg"), socket=str(short / "s"))
    Path(where.data).mkdir()
    rest = [where.data, "1", "5432", "/nowhere", "", "  17  42", "ready   "]
    file = Path(where.data) / "postmaster.pid"
    file.write_text("\n".join([str(os.getpid()), *rest]) + "\n")
    assert server.postmaster(where) is None, "a stranger with its number is not the server"
    server._bury(where)
    lines = file.read_text().splitlines()
    assert lines[1:] == rest
    with pytest.raises(ProcessLookupError):
        os.kill(int(lines[0]), 0)


def test_users_are_those_whose_notes_are_locked(short: Path) -> None:
    note = leave_note(short, "run 1")
    left_behind = short / "123-abc"
    left_behind.write_text("killed")
    assert users_of(short) == (f"run 1 (pid {os.getpid()})",)
    take_note_back(note)
    assert users_of(short) == ()
    forget_users(short)
    assert not left_behind.exists()


def test_shared_locks_keep_an_exclusive_one_out(short: Path) -> None:
    one, other, stopper, late = (FileLock(short / "lock") for _ in range(4))
    assert one.try_shared()
    assert other.try_shared()
    assert not stopper.wait_exclusive(0.1)
    one.release()
    other.release()
    assert stopper.try_exclusive()
    assert not late.try_shared()
    stopper.release()
    late.release()
