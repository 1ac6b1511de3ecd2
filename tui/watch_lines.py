"""A watch without a screen: one sentence for each change, until ctrl-C. A client like the console."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.exit_code import ExitCode
from engine.front import LinkLost
from engine.link_door import LinkDoor
from engine.metrics.event_lines import line_of
from engine.model.command import Command, Verb
from engine.model.event import Acted, Noticed
from engine.model.sample import Sample
from engine.records.process import started
from engine.spec import Ready
from tui.format import moment, plain
from tui.verbs.speak import say, say_json, tell, who, wrong

EVERY_S = 0.2


class Watched(msgspec.Struct, frozen=True):
    """The one JSON document of `slotfill watch --json`."""

    run_id: str
    folder: str
    target: str
    database: str
    watched: str
    changes: tuple[str, ...]
    sample: Sample | None
    """The last look."""


async def follow(ready: Ready, *, as_json: bool) -> int:
    """Print what changes until somebody says enough: 0 then, whoever said it; 70 when the engine died."""
    enough = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, enough.set)
    said: list[str] = []

    def out(text: str) -> None:
        said.append(text)
        tell(plain(text)) if as_json else say(plain(text))

    try:
        door = await LinkDoor.open(Path(ready.socket))
    except LinkLost as lost:
        return wrong(f"watch {ready.run_id} was over before anybody looked: {lost}", ExitCode.CRASHED)
    try:
        tell(f"watch {ready.run_id}  {ready.folder}  ctrl-C ends it")
        code = await _print(door, ready, enough, out)
        if as_json:
            seen = await door.snapshot()
            run = seen.run
            said_all = tuple(said)
            say_json(Watched(run.run_id, ready.folder, run.target, run.database, run.watches, said_all, seen.sample))
        with contextlib.suppress(LinkLost):
            await door.act(Command(Verb.STOP), who())
    except LinkLost as lost:
        return wrong(f"the engine of watch {ready.run_id} died: {lost}", ExitCode.CRASHED)
    finally:
        await door.close()
    tell(f"the watch has ended; its recording: slotfill replay {ready.run_id}")
    return code


async def _print(door: LinkDoor, ready: Ready, enough: asyncio.Event, out: Callable[[str], None]) -> int:
    """Print sentences until it is enough; an engine that lives and does not answer is asked again. Raises LinkLost."""
    since = 0
    while True:
        try:
            since, events = await door.events(since)
            over = (await door.snapshot()).run.exit_code
        except LinkLost as lost:
            if started(ready.pid) is None:
                raise
            tell(f"{lost}; its process {ready.pid} lives: asking again")
            events, over = (), None
        for event in events:
            made = line_of(event, lambda turn: "") if isinstance(event, Noticed | Acted) else None
            if made is not None and not (isinstance(event, Acted) and event.command.startswith(Verb.NOTE)):
                by = f"{made.who} " if made.who else ""
                out(f"{moment(made.at_ns):>8}  {made.word}: {by}{plain(made.text)}")
        if over is not None:
            return over
        if enough.is_set():
            return int(ExitCode.PASSED)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EVERY_S):
                await enough.wait()
