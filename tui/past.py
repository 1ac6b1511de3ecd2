"""A front door over a recording: the same pictures an engine gave, at any speed, and nothing acts on them."""

import asyncio
from collections import deque
from collections.abc import Iterator

import msgspec

from engine import __version__
from engine.clock import Clock
from engine.details import REPLAYED, of_recording
from engine.front import LinkLost
from engine.link_protocol import PROTOCOL
from engine.model.command import Answer, Command, Hello
from engine.model.detail import Detail
from engine.model.event import Event
from engine.model.ids import SCHEMA_VERSION
from engine.model.snapshot import RunSnapshot
from engine.records.journal import read
from engine.records.past import Past
from engine.records.trouble import RecordsDamaged

REFUSED = "a replay: nothing acts on it"
_READ_ON_NS = 500_000_000
_EVENTS_KEPT = 5_000


class ReplayDoor:
    """Plays a past from its begin. The playhead stands still while it is held, and at the end."""

    def __init__(self, past: Past, clock: Clock, *, speed: float = 1.0, grows: bool = False) -> None:
        """`grows`: its engine still writes to it."""
        self.past = past
        self.grows = grows
        self.held = False
        self.speed = speed
        self._clock = clock
        self._from_ns = past.begins_ns
        """Where the playhead stood at `_since_ns`."""
        self._since_ns = clock.now_ns()
        self._read_at_ns = clock.now_ns()
        self._journal: Iterator[Event] | None = None
        self._waiting: Event | None = None
        self._events: deque[Event] = deque(maxlen=_EVENTS_KEPT)
        self._event_count = 0
        self._events_until_ns = -1

    @property
    def at_ns(self) -> int:
        """The playhead."""
        if self.held:
            return self._from_ns
        passed = (self._clock.now_ns() - self._since_ns) * self.speed
        return min(self.past.ends_ns, self._from_ns + round(passed))

    def seek(self, at_ns: int) -> None:
        """Put the playhead there, and go on as before."""
        self._from_ns = max(self.past.begins_ns, min(self.past.ends_ns, at_ns))
        self._since_ns = self._clock.now_ns()

    def hold(self, held: bool) -> None:
        """Stop the playhead, or let it go on."""
        self.seek(self.at_ns)
        self.held = held

    def set_speed(self, speed: float) -> None:
        """So many seconds of the run in one of ours, from here on."""
        self.seek(self.at_ns)
        self.speed = speed

    # -- the front door --------------------------------------------------------------------------------------

    async def hello(self) -> Hello:
        """Who was there. Raises LinkLost."""
        run = (await self.snapshot()).run.run_id
        return Hello(PROTOCOL, __version__, SCHEMA_VERSION, run, str(self.past.folder))

    async def snapshot(self) -> RunSnapshot:
        """The picture under the playhead. Raises LinkLost."""
        try:
            if self.grows and self._clock.now_ns() - self._read_at_ns >= _READ_ON_NS:
                self._read_at_ns = self._clock.now_ns()
                await asyncio.to_thread(self.past.read_on)
            return self.past.at(self.at_ns)
        except RecordsDamaged as error:
            raise LinkLost(str(error)) from error

    async def events(self, since: int) -> tuple[int, tuple[Event, ...]]:
        """Events up to the playhead, from number `since` on. Raises LinkLost."""
        try:
            await asyncio.to_thread(self._read_events, self.at_ns)
        except RecordsDamaged as error:
            raise LinkLost(str(error)) from error
        oldest = self._event_count - len(self._events)
        return self._event_count, tuple(self._events)[max(0, since - oldest) :]

    def _read_events(self, until_ns: int) -> None:
        if self._journal is None or until_ns < self._events_until_ns:
            self._journal, self._waiting = iter(read(self.past.folder)), None
            self._events.clear()
            self._event_count = 0
        self._events_until_ns = until_ns
        while True:
            event = self._waiting or next(self._journal, None)
            if event is None or event.at_ns > until_ns:
                self._waiting = event
                return
            self._waiting = None
            self._events.append(event)
            self._event_count += 1

    async def act(self, command: Command, who: str) -> Answer:
        """Never done."""
        return Answer(False, REFUSED)

    async def detail(self, kind: str, wanted: str) -> Detail:
        """One thing closely, from the journal alone. Raises LinkLost."""
        run = (await self.snapshot()).run.run_id
        told = await of_recording(self.past.folder, run).detail(kind, wanted)
        # The journal is read to its end, wherever the playhead stands.
        return msgspec.structs.replace(told, at_ns=self.past.ends_ns, database_trouble=REPLAYED)

    async def close(self) -> None:
        """Nothing is open."""
