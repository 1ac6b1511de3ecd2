"""Consoles on one run: each has a number, its acts carry it, and one that watches does not act."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from engine.link_door import LinkDoor
from engine.link_server import LinkServer
from engine.model.attached import Attached
from engine.model.command import Command, Verb
from engine.sockets import socket_path
from tests.engine.test_link import StandingDoor


class Served:
    """A door behind a socket, and what was noted of its consoles."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.standing = StandingDoor()
        self.server = LinkServer(self.standing)
        self.noted: list[tuple[str, str]] = []
        self.server.noted = lambda words, who: self.noted.append((words, who))


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    path = socket_path(f"attached{os.getpid()}")
    made = Served(path)
    await made.server.open(path)
    yield made
    await made.server.close()
    path.unlink(missing_ok=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the server knows nothing of us
            await asyncio.sleep(0)


async def test_consoles_are_counted_named_and_let_go(served: Served) -> None:
    ana = await LinkDoor.open(served.path, who="ana@jump1 pts/1")
    bo = await LinkDoor.open(served.path, who="bo@jump1 pts/2", watches=True)
    script = await LinkDoor.open(served.path)
    assert [(await door.hello()).number for door in (ana, bo, script)] == [1, 2, 0]
    assert served.server.attached == (Attached(1, "ana@jump1 pts/1"), Attached(2, "bo@jump1 pts/2", True))
    assert served.server.clients == 3
    await ana.close()
    await until(lambda: len(served.server.attached) == 1)
    await bo.close()
    await until(lambda: len(served.noted) == 4)
    assert served.noted == [
        ("console 1 came", "ana@jump1 pts/1"),
        ("console 2 came to watch", "bo@jump1 pts/2"),
        ("console 1 left", "ana@jump1 pts/1"),
        ("console 2 left", "bo@jump1 pts/2"),
    ]
    await script.close()


async def test_an_act_says_by_whom_and_from_which_console(served: Served) -> None:
    ana = await LinkDoor.open(served.path, who="ana@jump1")
    script = await LinkDoor.open(served.path)
    await ana.act(Command(Verb.PAUSE), "ana@jump1")
    await script.act(Command(Verb.RESUME), "ana@jump1 script")
    assert served.standing.acts == [
        (Command(Verb.PAUSE), "ana@jump1, console 1"),
        (Command(Verb.RESUME), "ana@jump1 script"),
    ]
    await ana.close()
    await script.close()


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb not in (Verb.NOTE, Verb.TRY)])
async def test_the_engine_takes_no_act_from_a_console_that_watches(served: Served, verb: Verb) -> None:
    watcher = await LinkDoor.open(served.path, who="bo@jump1", watches=True)
    answer = await watcher.act(Command(verb, ("x",)), "bo@jump1")
    assert not answer.done
    assert "only watches" in answer.text
    assert not served.standing.acts
    await watcher.close()


async def test_a_console_that_lost_its_link_says_again_who_it_is(served: Served) -> None:
    ana = await LinkDoor.open(served.path, who="ana@jump1", watches=True)
    ana._drop()
    await ana.snapshot()
    await until(lambda: [one.number for one in served.server.attached] == [2])
    assert served.server.attached == (Attached(2, "ana@jump1", True),)
    await ana.close()


async def test_an_address_in_a_name_is_masked_and_a_long_one_is_cut(served: Served) -> None:
    door = await LinkDoor.open(served.path, who="ana@jump1.example.com" + "x" * 200)
    (one,) = served.server.attached
    assert "jump1.example.com" not in one.who
    assert len(one.who) <= 80
    await door.close()
