"""What goes over the link: questions and answers, each a length-prefixed frame of msgpack."""

import asyncio
from typing import TypeAlias

import msgspec

from engine.front import LinkLost
from engine.model.command import Command
from engine.model.event import Event

PROTOCOL = 1
MOST_BYTES = 32 * 1024 * 1024
"""No frame is longer; a longer one is not ours."""
HALF_S = 10.0
"""Longest time between the first byte of a request and its last."""


class AskHello(msgspec.Struct, frozen=True, tag="hello"):
    """Who is there?"""

    protocol: int = PROTOCOL
    who: str = ""
    """Who asks, if a console does; empty for a client that is none."""
    watches: bool = False
    """It will only watch."""


class AskSnapshot(msgspec.Struct, frozen=True, tag="snapshot"):
    """The run now."""


class AskEvents(msgspec.Struct, frozen=True, tag="events"):
    """Events from that number on."""

    since: int


class AskAct(msgspec.Struct, frozen=True, tag="act"):
    """Do this."""

    command: Command
    who: str


class AskDetail(msgspec.Struct, frozen=True, tag="detail"):
    """One thing closely."""

    kind: str
    wanted: str


Ask: TypeAlias = AskHello | AskSnapshot | AskEvents | AskAct | AskDetail


class Events(msgspec.Struct, frozen=True):
    """Events and the number to ask with next."""

    next: int
    events: tuple[Event, ...]


class Wrong(msgspec.Struct, frozen=True, tag="wrong"):
    """A request could not be answered; one sentence."""

    text: str


async def read_frame(reader: asyncio.StreamReader, most: int = MOST_BYTES) -> bytes | None:
    """The next frame; None at the end of the stream. Raises LinkLost for what is no frame, or only half of one."""
    try:
        head = await reader.readexactly(1)
        async with asyncio.timeout(HALF_S):
            size = int.from_bytes(head + await reader.readexactly(3), "big")
            if size > most:
                raise LinkLost(f"a frame of {size} bytes came, more than the {most} any of ours has")
            return await reader.readexactly(size)
    except TimeoutError as error:
        raise LinkLost(f"a frame was begun and not ended within {HALF_S:g} s") from error
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def frame(body: bytes) -> bytes:
    """A request or an answer as it is sent."""
    return len(body).to_bytes(4, "big") + body
