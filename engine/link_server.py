"""The front door served over a Unix socket: one answer for one request, in order, to any number of clients."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any, assert_never

import msgspec

from engine.front import FrontDoor, LinkLost
from engine.link_protocol import (
    Ask,
    AskAct,
    AskDetail,
    AskEvents,
    AskHello,
    AskSnapshot,
    Events,
    Wrong,
    frame,
    read_frame,
)
from engine.model.attached import Attached
from engine.model.command import Answer, Command, Verb
from engine.records.reading import UNREADABLE
from engine.redact import mask

MOST_ASKED_BYTES = 256 * 1024
"""No request is longer: what was begun of one is kept in memory until its end has come."""
MOST_CLIENTS = 128
"""So many are served at once; for one more, the one that asked longest ago is let go."""
LAST_ANSWER_S = 1.0
"""Longest time that a client which is let go has to read what it was sent last."""
_LONGEST_WHO = 80
_SHARED_S = 0.2
"""A picture that one console was given is given to the others for so long: each asks four times a second."""


async def _let_go(writer: asyncio.StreamWriter) -> None:
    """Close it once its client has read the last answer; one that does not read must keep no loop from its end."""
    writer.close()
    try:
        async with asyncio.timeout(LAST_ANSWER_S):
            await writer.wait_closed()
    except OSError:  # a TimeoutError is one
        pass
    finally:
        writer.transport.abort()


class LinkServer:
    """Serves one front door to any number of clients."""

    def __init__(self, door: FrontDoor) -> None:
        self._door = door
        self._decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(Ask)
        self._encoder = msgspec.msgpack.Encoder()
        self._encoded: tuple[int, bytes] = (-1, b"")
        self._encoded_s = -inf
        """When the door was last asked for it."""
        self._clients: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}
        self._serving: set[asyncio.Task[Any]] = set()
        """All who are served, and those who have left and are still sent their last answer."""
        self._server: asyncio.Server | None = None
        self._told_end: set[asyncio.Task[Any]] = set()
        """Clients that were given a snapshot of the run's end."""
        self._aside: set[asyncio.Task[Any] | None] = set()
        """Connections on which only details are asked, beside a client's own: no clients of their own."""
        self._moved = asyncio.Event()
        """Set when a client was told the end or went away."""
        self._consoles: dict[asyncio.Task[Any], Attached] = {}
        self._numbers = 0
        self.noted: Callable[[str, str], None] = lambda words, who: None
        """Told that a console came or left, and whose it is."""

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(set(self._clients) - self._aside)

    @property
    def attached(self) -> tuple[Attached, ...]:
        """The consoles there are."""
        return tuple(sorted(self._consoles.values(), key=lambda one: one.number))

    async def open(self, path: Path) -> None:
        """Listen there, owner only. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - one unlink at the start does not hold the loop up
        old = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, path=str(path))
        finally:
            os.umask(old)

    async def linger(self, most_s: float) -> None:
        """Wait until every client has seen the run's end, but no longer than that."""
        try:
            async with asyncio.timeout(most_s):
                while set(self._clients) - self._told_end - self._aside:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            return

    async def close(self) -> None:
        """Stop listening and let every client go."""
        if self._server is not None:
            self._server.close()
        # Who was accepted just now is served, or its transport would be nobody's.
        await asyncio.sleep(0)
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise AssertionError("asyncio serves a client in a task")
        self._make_room()
        self._clients[task] = writer
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            while (body := await read_frame(reader, MOST_ASKED_BYTES)) is not None:
                # Those who asked lately stand at the end.
                self._clients[task] = self._clients.pop(task)
                writer.write(frame(await self._answer(body)))
                await writer.drain()
                self._moved.set()
                # Whoever sent many requests at once has them answered one by one, with the run's own work between.
                await asyncio.sleep(0)
        except (LinkLost, ConnectionError, asyncio.CancelledError):
            # A client that speaks nonsense or went away is let go; the run does not mind. asyncio's own server
            # reports a cancelled handler as an error, so the cancel ends here: nothing follows it.
            return
        finally:
            self._clients.pop(task, None)
            self._told_end.discard(task)
            self._aside.discard(task)
            self._moved.set()
            if (console := self._consoles.pop(task, None)) is not None:
                self.noted(f"console {console.number} left", console.who)
            await _let_go(writer)

    def _make_room(self) -> None:
        """Let the client go that asked longest ago, if there are as many as there may be: descriptors are few."""
        if len(self._clients) >= MOST_CLIENTS:
            task, writer = next(iter(self._clients.items()))
            del self._clients[task]
            # What it was not sent yet nobody waits for: it is the one that stopped asking.
            writer.transport.abort()
            task.cancel()

    async def _answer(self, body: bytes) -> bytes:
        try:
            ask: Ask = self._decoder.decode(body)
        except UNREADABLE as error:
            return self._encoder.encode(Wrong(f"the request could not be read: {error}"))
        match ask:
            case AskHello():
                number = self._introduced(ask)
                hello = await self._door.hello()
                return self._encoder.encode(msgspec.structs.replace(hello, number=number))
            case AskSnapshot():
                return await self._snapshot()
            case AskEvents(since):
                following, events = await self._door.events(since)
                return self._encoder.encode(Events(following, events))
            case AskAct(command, who):
                answer = await self._acted(command, who)
                # What was done is to be seen at once.
                self._encoded_s = -inf
                return self._encoder.encode(answer)
            case AskDetail(kind, wanted):
                self._aside.add(asyncio.current_task())
                return self._encoder.encode(await self._door.detail(kind, wanted))
        assert_never(ask)

    async def _snapshot(self) -> bytes:
        """The run now; where several consoles watch, they share one picture and what it costs to make and encode."""
        task, now_s = asyncio.current_task(), asyncio.get_running_loop().time()
        if len(self._consoles) > 1 and task in self._consoles and now_s - self._encoded_s < _SHARED_S:
            return self._encoded[1]
        snapshot = await self._door.snapshot()
        if snapshot.run.exit_code is not None and task is not None:
            self._told_end.add(task)
        if snapshot.tick != self._encoded[0]:
            self._encoded = (snapshot.tick, self._encoder.encode(snapshot))
        # Of a run that is over each is told by itself, so that it is known who has seen the end.
        self._encoded_s = now_s if snapshot.run.exit_code is None else -inf
        return self._encoded[1]

    def _introduced(self, hello: AskHello) -> int:
        """The client's number as a console; one that says who it is for the first time gets the next one."""
        task = asyncio.current_task()
        if task is None:
            raise AssertionError("asyncio serves a client in a task")
        if hello.who and task not in self._consoles:
            self._numbers += 1
            console = self._consoles[task] = Attached(self._numbers, mask(hello.who)[:_LONGEST_WHO], hello.watches)
            self.noted(f"console {console.number} came{' to watch' * console.watches}", console.who)
        known = self._consoles.get(task)
        return known.number if known is not None else 0

    async def _acted(self, command: Command, who: str) -> Answer:
        """What came of the act. A console's acts carry its number; one that watches has none."""
        who = mask(who)[:_LONGEST_WHO]
        task = asyncio.current_task()
        console = self._consoles.get(task) if task is not None else None
        if console is None:
            return await self._door.act(command, who)
        if console.watches and command.verb not in (Verb.NOTE, Verb.TRY):
            return Answer(False, f"console {console.number} only watches (--watch): nothing was done")
        return await self._door.act(command, f"{who}, console {console.number}")
