"""Details: one thing that a console asks for, from the journal and from the database, each half bounded in time."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar
from uuid import UUID

import msgspec

from engine.clock import Clock, RunningClock
from engine.database import STEP_ERRORS, Connection, DatabaseUnreachable, describe
from engine.metrics.attempts import MOST_ATTEMPTS, Stories, compare
from engine.model.detail import Detail, DetailKind, Holdings, ServerTold
from engine.model.event import Event, RunPlanned
from engine.model.floor import Floor
from engine.model.ids import TurnId, worker_name
from engine.model.turn import Turn
from engine.observe.holdings import read_holdings
from engine.observe.looking import Refusals
from engine.observe.server import ServerLooks
from engine.records.search import blocks, events_with
from engine.records.trouble import RecordsDamaged
from engine.redact import mask
from engine.session import RESTAURANT

Found = TypeVar("Found")

JOURNAL_NS = 2_000_000_000
DATABASE_S = 2.0
"""Together less than a client waits for an answer."""
SERVER_NS = 1_000_000_000
"""The server is looked at once a second at most, however many consoles ask."""
_PLANNED = b'"type":"RunPlanned"'
_ID = re.compile(r"[0-9a-f]{4,8}|[0-9a-f]{8}-[0-9a-f-]{0,27}")
_LAST_EVENTS = 1_000
_LONGEST_NAME = 80
"""Of what is asked about: an id has 36 characters, and a number as long as a book cannot be read."""
REPLAYED = "a recording is shown: what its database holds now is not asked"


class Source(NamedTuple):
    """What a run gives to be asked about."""

    run: str
    folder: Path
    clock: Clock
    connect: Callable[[str], Awaitable[Connection]] | None
    """None where no database belongs to it any more: a recording."""
    floors: Callable[[], Mapping[str, Floor]]
    recent: Callable[[], Iterable[Event]]
    """Its last events, kept in memory."""
    turns: Callable[[], Iterable[Turn]] = tuple
    """Those of the leg in hand."""
    refusals: Refusals | None = None
    """What other looks at its server were refused."""


class Details:
    """Answers questions about one run. Whatever fails is told in the answer."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._clock = source.clock
        self._server = ServerLooks(source.clock, mask, source.refusals)
        self._refusals = Refusals(source.clock, source.refusals)
        self._last_server: Detail | None = None
        self._server_one = asyncio.Lock()
        self._one = asyncio.Lock()
        """One connection at a time, however many consoles ask."""

    async def detail(self, kind: str, wanted: str) -> Detail:
        """What there is to say about it, masked. Bounded in time; raises only for bugs and cancellation."""
        began_ns = self._clock.now_ns()
        if len(wanted) > _LONGEST_NAME or len(kind) > _LONGEST_NAME:
            said = f"{len(wanted)} characters name nothing; give {_LONGEST_NAME} at most"
            return Detail(kind[:_LONGEST_NAME], wanted[:_LONGEST_NAME], began_ns, journal_trouble=said)
        match kind:
            case DetailKind.BOOKING:
                told = await self._booking(wanted.strip().lower())
            case DetailKind.TURN:
                told = await self._turn(wanted)
            case DetailKind.WORKER:
                told = await self._worker(wanted)
            case DetailKind.POSTGRES:
                told = await self._postgres()
            case _:
                known = ", ".join(DetailKind)
                told = Detail(kind, wanted, 0, journal_trouble=f"{kind} is nothing to ask about; there are {known}")
        now_ns = self._clock.now_ns()
        return msgspec.structs.replace(told, kind=kind, id=wanted, at_ns=now_ns, took_ns=now_ns - began_ns)

    # A booking

    async def _booking(self, wanted: str) -> Detail:
        found = _Search(self._source.folder, self._clock)
        prefix = wanted
        if wanted.startswith("#") and wanted[1:].isdecimal():
            await found.attempts([int(wanted[1:])])
            named_by, found.stories = found.stories, Stories(found.turns)
            prefix = next((str(one.booking_id) for one in named_by.newest() if one.booking_id), "")
            if not prefix:
                return Detail("", "", 0, journal_trouble=found.trouble or f"no attempt {wanted} named a booking")
        elif not _ID.fullmatch(prefix):
            said = f"{wanted or 'nothing'} is no booking's id: give four of its first characters or more, or #ATTEMPT"
            return Detail("", "", 0, journal_trouble=said)
        await found.booking(prefix)
        attempts = found.stories.newest()
        named = list(dict.fromkeys(one.booking_id for one in attempts if one.booking_id is not None))
        chosen = named[0] if named else None
        attempts = tuple(one for one in attempts if one.booking_id == chosen)
        told = Detail(
            kind="",
            id="",
            at_ns=0,
            attempts=attempts[:MOST_ATTEMPTS],
            more_attempts=max(0, len(attempts) - MOST_ATTEMPTS),
            missed=tuple(one for booking, one in found.stories.missed if booking == chosen),
            others=tuple(named[1:]),
            journal_trouble=found.trouble,
        )
        slug = next((one.restaurant for one in attempts if one.restaurant), "")
        ids = (chosen, chosen) if chosen is not None else _range(prefix)

        async def look(connection: Connection) -> tuple[Holdings, tuple[UUID, ...]]:
            return await read_holdings(connection, self._refusals, ids, self._contexts(slug), mask)

        read, trouble = await self._ask(look)
        if read is None:
            return msgspec.structs.replace(told, database_trouble=trouble)
        holdings, others = read
        return msgspec.structs.replace(
            told, holdings=holdings, comparison=compare(attempts, holdings), others=(*told.others, *others)
        )

    def _contexts(self, slug: str) -> list[Mapping[str, str]]:
        """Session settings under which row security shows the booking's restaurant; without it they do nothing."""
        floors = self._source.floors()
        chosen = [floors[slug]] if slug in floors else list(floors.values())[:20]
        return [{RESTAURANT: str(floor.restaurant_id)} for floor in chosen] or [{}]

    # Turns and workers

    async def _turn(self, wanted: str) -> Detail:
        if not wanted.isdecimal():
            return Detail("", "", 0, journal_trouble=f"{wanted or 'nothing'} is no turn's number")
        found = _Search(self._source.folder, self._clock)
        await found.turn(int(wanted))
        attempts = tuple(one for one in found.stories.newest() if one.turn == int(wanted))
        return Detail(
            kind="",
            id="",
            at_ns=0,
            attempts=attempts[:MOST_ATTEMPTS],
            more_attempts=max(0, len(attempts) - MOST_ATTEMPTS),
            journal_trouble=found.trouble,
        )

    async def _worker(self, wanted: str) -> Detail:
        """From the events in memory: they reach back far enough for its last attempts."""
        recent = list(self._source.recent())
        if not recent:
            found = _Search(self._source.folder, self._clock)
            await found.worker(wanted)
            stories, trouble = found.stories, found.trouble
        else:
            turns = {turn.id: turn for turn in self._source.turns()}
            stories, trouble = Stories(turns | _turns(recent)), ""
            stories.take(e for e in recent if e.ids.worker is not None and worker_name(e.ids.worker) == wanted)
        attempts = stories.newest()
        return Detail("", "", 0, attempts=attempts[:MOST_ATTEMPTS], journal_trouble=trouble)

    # The server

    async def _postgres(self) -> Detail:
        async with self._server_one:
            # Whoever waited here is given what the one before was told, good or bad.
            last = self._last_server
            if last is None or self._clock.now_ns() - last.at_ns >= SERVER_NS:
                server: ServerTold | None
                server, trouble = await self._ask(self._server.look)
                last = Detail("", "", self._clock.now_ns(), server=server, database_trouble=trouble)
                self._last_server = last
            return last

    async def _ask(self, look: Callable[[Connection], Awaitable[Found]]) -> tuple[Found | None, str]:
        """What a look found, over a connection that lives no longer; or why it found nothing."""
        if self._source.connect is None:
            return None, REPLAYED
        connection: Connection | None = None
        try:
            async with asyncio.timeout(DATABASE_S), self._one:
                connection = await self._source.connect(f"slotfill {self._source.run} detail")
                found = await look(connection)
                await connection.close()
        except TimeoutError:
            return None, f"the database had no answer within {DATABASE_S:g} s"
        except DatabaseUnreachable as error:
            return None, mask(str(error))
        except STEP_ERRORS as error:
            return None, mask(f"the database could not be read: {describe(error)}")
        finally:
            # A graceful close may hang where the look did.
            if connection is not None and connection.is_open:
                connection.terminate()
        return found, ""


def of_recording(folder: Path, run: str) -> Details:
    """Answers about a run that is over, from its journal alone."""
    return Details(Source(run, folder, RunningClock(), None, dict, tuple))


class _Search:
    """Passes over a journal, a block at a time in a thread, until it ends or the time is up."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._until_ns = clock.now_ns() + JOURNAL_NS
        self.turns: dict[TurnId, Turn] = {}
        self.stories = Stories(self.turns)
        self.trouble = ""

    async def booking(self, prefix: str) -> None:
        """Everything about the bookings whose id begins so: first their attempts, then all events of these."""
        events = await self._events([f'"booking_id":"{prefix}'.encode()])
        self._learn(events)
        numbers = {event.ids.attempt for event in events if event.ids.attempt is not None}
        await self.attempts(sorted(numbers)[-MOST_ATTEMPTS:])

    async def attempts(self, numbers: Sequence[int]) -> None:
        """All events of these attempts."""
        wanted = set(numbers)
        needles = [f'"attempt":{number}{end}'.encode() for number in numbers for end in ",}"]
        if needles:
            events = await self._events(needles)
            self._take([event for event in events if event.ids.attempt in wanted])

    async def turn(self, number: int) -> None:
        """All events of that turn."""
        events = await self._events([f'"turn":{number}{end}'.encode() for end in ",}"])
        self._take([event for event in events if event.ids.turn == number])

    async def worker(self, name: str) -> None:
        """All events of that worker."""
        number = name.removeprefix("w")
        if number.isdecimal():
            events = await self._events([f'"worker":{int(number)}{end}'.encode() for end in ",}"])
            # It may have done a whole evening's work; its last attempts are asked for.
            events = events[-_LAST_EVENTS:]
            self._take([event for event in events if event.ids.worker == int(number)])

    def _take(self, events: list[Event]) -> None:
        self.stories.take(events)

    def _learn(self, events: Iterable[Event]) -> None:
        self.turns.update(_turns(events))

    async def _events(self, needles: list[bytes]) -> list[Event]:
        """Events with any of these in their lines; plans are learnt on the way."""
        found: list[Event] = []
        if not self.turns:
            needles = [*needles, _PLANNED]
        reading = blocks(self._folder)
        try:
            while (events := await asyncio.to_thread(_next, reading, needles)) is not None:
                self._learn(events)
                found.extend(event for event in events if not isinstance(event, RunPlanned))
                if self._clock.now_ns() > self._until_ns:
                    self.trouble = f"the journal is long: {JOURNAL_NS / 1e9:g} s did not do for all of it"
                    break
        except RecordsDamaged as error:
            self.trouble = mask(str(error))
        return found


def _next(reading: "Iterable[bytes]", needles: list[bytes]) -> list[Event] | None:
    block = next(iter(reading), None)
    return None if block is None else events_with(block, needles)


def _turns(events: Iterable[Event]) -> dict[TurnId, Turn]:
    return {turn.id: turn for event in events if isinstance(event, RunPlanned) for turn in event.turns}


def _range(prefix: str) -> tuple[UUID, UUID]:
    """The first and the last id that begins so."""
    digits = prefix.replace("-", "")[:32]
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
