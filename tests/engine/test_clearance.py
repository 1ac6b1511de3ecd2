"""What a target is cleared for once its server was asked: a tunnel looks like loopback, and is not taken for it."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.budget import SPARE
from engine.config import FlagSettings
from engine.database import Connection
from engine.model.room import Room, Whereabouts
from engine.safety import GuardRefused, cleared, mail_refusal
from engine.whereabouts import server_says
from tests.engine.test_safety import AGREED, of, settings
from tests.scratch import ScratchDatabase


class Telling(Connection):
    """A connection whose server says that it is somewhere, and has so much room."""

    def __init__(self, where: Whereabouts, room: Room) -> None:
        self.where, self.room = where, room

    async def row(self, name: str, into: type[Any], *args: object) -> Any:
        return {"observe/whereabouts": self.where, "observe/connection_room": self.room}[name]

    async def value(self, name: str, *args: object) -> Any:
        return True


def telling(address: str = "", pid: int = 0, free: int = 100) -> Telling:
    return Telling(Whereabouts(address, pid, "shop"), Room(free, 0, 0))


@pytest.fixture
async def here(database: ScratchDatabase) -> AsyncIterator[Connection]:
    """A connection to an unmarked database on this machine."""
    connection = await Connection.open(database.dsn, application_name="test", timeout_s=5)
    yield connection
    await connection.close()


async def test_a_server_on_this_machine_is_known_by_its_process(here: Connection, database: ScratchDatabase) -> None:
    assert await server_says(here) == ((), database.name)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for pid in (gone.pid, os.getpid()):
        reasons, _ = await server_says(telling(pid=pid))
        assert "tunnel" in reasons[0]
    reasons, _ = await server_says(telling("172.17.0.2", pid=1))
    assert "172.17.0.2" in reasons[0]


async def test_a_marked_database_behind_a_tunnel_is_remote_all_the_same() -> None:
    tunnel = settings(**AGREED | {"dsn": "postgresql://me@127.0.0.1:6543/shop", "meant_for": ("127.0.0.1/shop",)})
    far = telling("10.1.2.3")
    for said in (None, ""):
        with pytest.raises(GuardRefused, match=re.escape("10.1.2.3")):
            await cleared(far, tunnel, said=said, variables={})
    clearance = await cleared(far, tunnel, said="shop", variables={})
    assert not clearance.local
    assert clearance.budget is not None
    assert clearance.budget.connections == 25


async def test_a_server_without_room_for_one_worker_is_left_alone() -> None:
    tunnel = settings(**AGREED | {"dsn": "postgresql://me@127.0.0.1:6543/shop", "meant_for": ("127.0.0.1/shop",)})
    with pytest.raises(GuardRefused, match="connection_share"):
        await cleared(telling("10.1.2.3", free=4 * SPARE + 3), tunnel, said="shop", variables={})
    clearance = await cleared(telling("10.1.2.3", free=4 * SPARE + 4), tunnel, said="shop", variables={})
    assert clearance.budget is not None
    assert clearance.budget.workers(8) == 1


async def test_a_pooler_that_leads_to_another_database_is_refused() -> None:
    alias = settings(**AGREED | {"dsn": "postgresql://me@127.0.0.1:6543/alias", "meant_for": ("127.0.0.1/alias",)})
    with pytest.raises(GuardRefused, match="its server says shop"):
        await cleared(telling("10.1.2.3"), alias, said="alias", variables={})


async def test_loopback_without_a_marker_is_remote_and_with_one_it_is_local(
    here: Connection, database: ScratchDatabase
) -> None:
    plain = of(database.dsn)
    with pytest.raises(GuardRefused, match=r"no marker.*db init") as told:
        await cleared(here, plain, said=database.name, variables={})
    assert "`restaurants`" in str(told.value)
    listed = settings(
        kind="postgres", dsn=database.dsn, restaurants=("pub-1",), meant_for=(f"localhost/{database.name}",)
    )
    for said in (None, "", "another"):
        with pytest.raises(GuardRefused, match=f"--yes={database.name}"):
            await cleared(here, listed, said=said, variables={})
    remote = await cleared(here, listed, said=database.name, variables={})
    assert not remote.local
    assert remote.budget is not None
    await here.execute("platform/admin/mark_this")
    for said in (None, "", database.name):
        assert (await cleared(here, plain, said=said, variables={})).local
    with pytest.raises(GuardRefused, match="another is another name"):
        await cleared(here, plain, said="another", variables={})


async def test_to_be_marked_a_database_here_needs_its_name_and_nothing_else(
    here: Connection, database: ScratchDatabase
) -> None:
    plain = of(database.dsn)
    for said in (None, "", "another"):
        with pytest.raises(GuardRefused, match=f"--yes={database.name}"):
            await cleared(here, plain, said=said, variables={}, marking=True)
    clearance = await cleared(here, plain, said=database.name, variables={}, marking=True)
    assert clearance.budget is None
    with pytest.raises(GuardRefused, match="`restaurants`"):
        await cleared(telling("10.1.2.3"), of("postgresql://127.0.0.1/shop"), said="shop", variables={}, marking=True)


async def test_the_embedded_cluster_and_the_reference_api_are_cleared_unasked() -> None:
    for kind in ("embedded", "api"):
        clearance = await cleared(None, settings(kind=kind), said=None, variables={"APP_ENV": "production"})
        assert clearance.local
        assert clearance.budget is None


# Mails


def test_a_platform_that_may_send_mail_is_not_loaded_unless_the_user_insists() -> None:
    text = mail_refusal(FlagSettings(), {})
    assert text is not None
    assert "SUPPRESS_EMAILS=true" in text
    assert mail_refusal(FlagSettings(), {}, insists=True) is not None, "our flag is not effective there"
    assert mail_refusal(FlagSettings(suppress_emails=False), {}) is not None
    assert mail_refusal(FlagSettings(suppress_emails=False), {}, insists=True) is None
    for name in ("SUPPRESS_EMAILS", "LOAD_TEST_DISABLE_EMAILS"):
        assert mail_refusal(FlagSettings(), {name: "true"}) is None
        assert mail_refusal(FlagSettings(), {name: "false"}) is not None


async def test_an_api_that_is_not_ours_is_cleared_only_without_mails(
    here: Connection, database: ScratchDatabase
) -> None:
    await here.execute("platform/admin/mark_this")
    theirs = settings(kind="api", base_url="http://localhost:3000", dsn=database.dsn)
    with pytest.raises(GuardRefused, match="mail"):
        await cleared(here, theirs, said=None, variables={})
    assert (await cleared(here, theirs, said=None, variables={"SUPPRESS_EMAILS": "1"})).local
