"""Another user of the machine finds no run readable and no socket open, and plants nothing that we take for ours."""

import asyncio
import json
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.link_server import LinkServer
from engine.records import journal
from engine.records.archive import Manifest, new_folder, write_manifest
from engine.sockets import SocketUnfit, socket_path
from tests.clocks import StillClock
from tests.engine.test_link import StandingDoor
from tests.hostile import typed
from tests.metrics.stories import RUN, planned

STRANGER = 54_321
"""A uid that nobody has."""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else for a moment")


def refused_to_a_stranger(act: Callable[[], object]) -> bool:
    """Whether another user, in a process of its own, is refused it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(STRANGER)
            os.setuid(STRANGER)
            act()
        except PermissionError:
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def connect(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(path))


def everybody_may_walk_to(folder: Path) -> None:
    for one in (folder, *folder.parents):
        if one.stat().st_uid == os.geteuid() and one != Path("/tmp"):
            one.chmod(one.stat().st_mode | 0o055)


def a_run(root: Path) -> Path:
    folder = new_folder(root, "fill", RUN, StillClock().wall())
    write_manifest(folder, Manifest(RUN, "fill", "embedded", "2026-03-04T12:00:00+00:00"))
    book = journal.Journal(folder, RUN, StillClock())
    book.write(planned())
    book.close()
    return folder


def test_whatever_the_umask_a_run_is_its_owner_s_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = a_run(tmp_path / "runs")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "runs").stat().st_mode) == 0o700
    for path in (folder, *folder.rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


@needs_root
def test_a_stranger_can_neither_list_nor_read_a_run(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    everybody_may_walk_to(runs)
    folder = a_run(runs)
    files = list(folder.iterdir())
    # The first two prove the check: what lies open is not refused.
    assert not refused_to_a_stranger(lambda: list(runs.iterdir()))
    assert refused_to_a_stranger(lambda: list(folder.iterdir()))
    folder.chmod(0o755)
    for path in files:
        assert refused_to_a_stranger(lambda path=path: path.read_bytes())  # type: ignore[misc]


def said_to_a_stranger(*words: str) -> typed.Said:
    """What a command says to another user, who finds everything loaded: our Python may be where he cannot walk."""
    typed.say(*words)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said: object = "nothing"
        try:
            os.setgroups([])
            os.setgid(STRANGER)
            os.setuid(STRANGER)
            said = typed.say(*words)
        except BaseException as error:  # a trace would be lost in this process
            said = typed.Said(70, repr(error))
        finally:
            os.write(writing, json.dumps(said).encode())
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        return typed.Said(*json.loads(answer.read()))


@needs_root
@pytest.mark.parametrize("mode", [0o755, 0o744, 0o700], ids=oct)
def test_a_stranger_is_told_in_a_sentence_that_he_may_not_look(tmp_path: Path, mode: int) -> None:
    with typed.at_home(tmp_path) as runs:
        everybody_may_walk_to(runs)
        folder = a_run(runs)
        runs.chmod(mode)
        listed = said_to_a_stranger("ls")
        assert listed.code == (7 if mode == 0o700 else 0), listed.text
        for words in (("replay", str(folder)), ("replay", folder.name), ("report", RUN), ("prune", RUN, "--yes")):
            told = said_to_a_stranger(*words)
            assert not typed.wrong(told), told.text
            assert told.code in (2, 7), told.text
            assert len(told.text.splitlines()) == 1, told.text
            assert "ermission denied" in told.text, told.text
        assert "ermission denied" in listed.text


@needs_root
async def test_a_stranger_cannot_open_the_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody_may_walk_to(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = os.umask(0)
    try:
        path = socket_path("abcd1234")
        server = LinkServer(StandingDoor())
        await server.open(path)
    finally:
        os.umask(before)
    try:
        assert await asyncio.to_thread(refused_to_a_stranger, lambda: connect(path))
        path.parent.chmod(0o755)
        assert await asyncio.to_thread(refused_to_a_stranger, lambda: connect(path))
        path.chmod(0o777)
        assert not await asyncio.to_thread(refused_to_a_stranger, lambda: connect(path)), "the check proves nothing"
    finally:
        await server.close()


@needs_root
def test_a_folder_for_sockets_that_somebody_else_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / f"slotfill-{os.getuid()}"
    folder.mkdir(mode=0o700)
    os.chown(folder, STRANGER, STRANGER)
    with pytest.raises(SocketUnfit, match="private folder"):
        socket_path("abcd1234")


@needs_root
def test_in_runs_that_somebody_else_made_ours_is_still_our_own(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    everybody_may_walk_to(runs)
    os.chown(runs, STRANGER, STRANGER)
    folder = a_run(runs)
    assert folder.stat().st_uid == os.geteuid()
    assert refused_to_a_stranger(lambda: list(folder.iterdir()))
