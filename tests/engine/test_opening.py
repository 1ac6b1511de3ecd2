"""A run that does not come to stand leaves nothing: no folder that looks like a crash, no database nobody knows of."""

import errno
import itertools
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any, cast

import pytest

from engine.__main__ import _listen
from engine.cannot_begin import CannotBegin
from engine.config import EmbeddedSettings, RecordSettings, Settings
from engine.database import DatabaseLost, DatabaseUnreachable
from engine.exit_code import ExitCode
from engine.front import FrontDoor
from engine.ground import EmbeddedGround, Ground
from engine.link_server import LinkServer
from engine.model.ids import RunId
from engine.opening import opened
from engine.platform.cluster import Cluster
from engine.platform.databases import drop_all, names
from engine.platform.seed import SEEDED_DAY
from engine.renewal import Renewal
from engine.spec import Spec
from engine.targets.postgres import PostgresTarget

_numbers = itertools.count(1)


def spec_of(cluster: Cluster, runs: Path) -> Spec:
    """A fill of the tests' own cluster."""
    settings = Settings(
        embedded=EmbeddedSettings(data=cluster.data, max_connections=150), records=RecordSettings(runs=str(runs))
    )
    return Spec(settings=settings, plan="fill", who="test")


async def refused(spec: Spec) -> CannotBegin:
    """What opening it says; it must not come to stand."""
    with pytest.raises(CannotBegin) as said:
        async with opened(spec):
            pass
    return said.value


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> str:
    """The database that the next run would leave: its id is known beforehand."""
    run_id, hex_of = f"{os.getpid():05x}{next(_numbers):03x}"[-8:], secrets.token_hex
    monkeypatch.setattr(secrets, "token_hex", lambda size=None: run_id if size == 4 else hex_of(size))
    return f"sf_{run_id}"


def no_room_for(start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the disk has no room for files whose name begins so."""
    plain = os.open

    def full(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if isinstance(path, str | Path) and Path(path).name.startswith(start) and flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return plain(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", full)


async def test_runs_that_cannot_be_kept_leave_no_database(cluster: Cluster, own: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = await refused(spec_of(cluster, tmp_path / "file" / "runs"))
    assert said.exit_code is ExitCode.RECORDS
    assert "could not make the folder" in str(said)
    assert own not in await names(cluster)


async def test_a_journal_that_cannot_begin_leaves_neither_folder_nor_database(
    cluster: Cluster, own: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_room_for("journal.", monkeypatch)
    said = await refused(spec_of(cluster, tmp_path))
    assert said.exit_code is ExitCode.RECORDS
    assert "free some space" in str(said)
    assert list(tmp_path.iterdir()) == []
    assert own not in await names(cluster)


async def test_a_socket_that_has_no_place_leaves_no_database(
    cluster: Cluster, own: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    # Where the server's own socket is was settled when it was started.
    said = await refused(spec_of(cluster, tmp_path / "runs"))
    assert said.exit_code is ExitCode.USAGE
    assert "set TMPDIR to a shorter folder" in str(said)
    assert own not in await names(cluster)


class Busy:
    """A ground whose server takes no connection at first, and once breaks one off when the clone is made."""

    is_embedded = True

    def __init__(self, inner: Ground) -> None:
        self.inner = inner
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def renew(self, repeat: int) -> bool:
        self.asked += 1
        if self.asked == 1:
            raise DatabaseUnreachable("Postgres did not take a connection: 53300 sorry, too many clients already")
        renewed = await self.inner.renew(repeat)
        if self.asked == 2:
            raise DatabaseLost("the embedded cluster refused: connection was closed in the middle of operation")
        return renewed


async def test_the_next_repeat_waits_for_a_server_that_is_busy_for_a_moment(
    cluster: Cluster, own: str, tmp_path: Path
) -> None:
    spec = spec_of(cluster, tmp_path)
    try:
        async with opened(spec) as stands:
            run = stands.run
            ground = Busy(EmbeddedGround(cluster, RunId(stands.manifest.run_id), "white-horse", SEEDED_DAY, own))
            told: list[str] = []
            run.passes.told = told.append
            before = run.crew.leg
            await Renewal(spec, ground, cast("PostgresTarget", run.target), stands.checks, run, None).begin()
            assert (ground.asked, run.passes.repeat, run.crew.leg) == (3, 2, before + 1)
            assert ["too many clients" in one for one in told] == [True, False, False]
            assert told[-1] == ""
            assert f"{own}_r2" in await names(cluster)
            assert f"{own}_r2" in ground.dsn
    finally:
        await drop_all(cluster, own)


async def test_a_folder_that_takes_no_socket_begins_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotBegin, match=r"takes no socket .*set TMPDIR to a folder that does") as said:
        await _listen(LinkServer(cast("FrontDoor", None)), tmp_path / "file" / "0be9ed00")
    assert said.value.exit_code is ExitCode.USAGE
