"""Several consoles on one run cost it one picture, and none of them is kept from seeing what was done."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.link_door import LinkDoor
from engine.link_server import LinkServer
from engine.model.command import Command, Verb
from engine.model.snapshot import RunSnapshot
from engine.sockets import socket_path
from tests.engine.test_link import StandingDoor
from tests.tui.stills import full


class CountingDoor(StandingDoor):
    """Each picture is another one; the run may be over."""

    def __init__(self) -> None:
        super().__init__()
        self.made = 0
        self.exit_code: int | None = None

    async def snapshot(self) -> RunSnapshot:
        self.made += 1
        look = full()
        return replace(look, tick=self.made, run=replace(look.run, exit_code=self.exit_code))


class Consoles:
    """Doors to one server, as consoles have them."""

    def __init__(self, path: Path, door: CountingDoor, server: LinkServer) -> None:
        self.path, self.door, self.server = path, door, server
        self.doors: list[LinkDoor] = []

    async def more(self, who: str = "ana") -> LinkDoor:
        self.doors.append(await LinkDoor.open(self.path, who=who))
        return self.doors[-1]


@pytest.fixture
async def consoles() -> AsyncIterator[Consoles]:
    path = socket_path(f"shared{os.getpid()}")
    door = CountingDoor()
    server = LinkServer(door)
    await server.open(path)
    made = Consoles(path, door, server)
    yield made
    for one in made.doors:
        await one.close()
    await server.close()
    path.unlink(missing_ok=True)


async def test_one_console_has_a_picture_of_its_own_each_time(consoles: Consoles) -> None:
    one, nobody = await consoles.more(), await consoles.more("")
    assert [(await one.snapshot()).tick for _ in range(2)] == [1, 2]
    assert (await nobody.snapshot()).tick == 3


async def test_several_consoles_share_a_picture_for_a_moment(
    consoles: Consoles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.link_server._SHARED_S", 600.0)
    three = [await consoles.more() for _ in range(3)]
    assert {(await one.snapshot()).tick for one in three} == {1}
    # Who is no console, the command line above all, is told how it stands now.
    nobody = await consoles.more("")
    assert (await nobody.snapshot()).tick == 2
    assert {(await one.snapshot()).tick for one in three} == {2}


async def test_what_was_done_is_seen_at_once_by_all(consoles: Consoles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.link_server._SHARED_S", 600.0)
    one, other = await consoles.more(), await consoles.more("ben")
    await one.snapshot()
    await other.act(Command(Verb.PAUSE), "ben")
    assert (await one.snapshot()).tick == (await other.snapshot()).tick == 2


async def test_the_end_is_told_to_each_before_the_engine_leaves(
    consoles: Consoles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.link_server._SHARED_S", 600.0)
    consoles.door.exit_code = 0
    one, other = await consoles.more(), await consoles.more("ben")
    for door in (one, other):
        assert (await door.snapshot()).run.exit_code == 0
    await consoles.server.linger(60.0)
    assert consoles.door.made == 2
