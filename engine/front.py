"""The engine's public face: what console, verbs and tests speak to, in process or over the socket."""

from typing import Protocol

from engine.model.command import Answer, Command, Hello
from engine.model.detail import Detail
from engine.model.event import Event
from engine.model.snapshot import RunSnapshot


class LinkLost(Exception):
    """The engine does not answer any more. The message is one sentence."""


class AnswerLost(LinkLost):
    """The engine was asked and its answer did not come: what was asked of it may be done all the same."""


class FrontDoor(Protocol):
    """A run, as its clients see it."""

    async def hello(self) -> Hello:
        """Who is there. Raises LinkLost."""
        ...

    async def snapshot(self) -> RunSnapshot:
        """The run now. Raises LinkLost."""
        ...

    async def events(self, since: int) -> tuple[int, tuple[Event, ...]]:
        """Events from number `since` on, and the number to ask with next; the oldest may be gone. Raises LinkLost."""
        ...

    async def act(self, command: Command, who: str) -> Answer:
        """Do it, or say why not. Raises LinkLost."""
        ...

    async def detail(self, kind: str, wanted: str) -> Detail:
        """One thing closely: a kind of `DetailKind`, and which one. What fails is told in it. Raises LinkLost."""
        ...

    async def close(self) -> None:
        """Leave; the run goes on."""
        ...
