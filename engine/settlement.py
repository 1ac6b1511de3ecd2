"""The settlement of legs that are over: each attempt is entered in the ledger, held against what the database has."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection, Container, Iterator
from pathlib import Path
from uuid import UUID

from engine.clock import Clock
from engine.config import Settings
from engine.database import Connection
from engine.metrics.ledger import Beyond, ledger
from engine.metrics.words import Words
from engine.model.event import AttemptEnded, Event
from engine.model.ledger import Ledger, Reading
from engine.records.journal import Place, read
from engine.records.ledger_parts import MAY_BE_THERE, LedgerParts, Row, Word
from engine.records.result import Persisted, persisted_of
from engine.target import Capability, Moment, ReadInParts, Target
from engine.verify.ledger import IN_PROGRESS, end_at_work, fates

LOOK_AGAIN_NS = 100_000_000
"""Between two looks after a COMMIT that is still at work."""
WHOLE = 50_000
"""Of so many attempts at most all words and rows are held in memory at once when they are compared."""
Connect = Callable[[str], Awaitable[Connection]]
"""Opens a connection of the run, by its application name. Raises DatabaseUnreachable."""


class Settlement:
    """Reads back what a database holds of this run. The settings are asked for each time: an operator may change them.

    Each of its readings may be begun anew: none enters anything twice.
    """

    def __init__(
        self, target: Target, connect: Connect, clock: Clock, folder: Path, settings: Callable[[], Settings]
    ) -> None:
        self._target = target
        self._connect = connect
        self._clock = clock
        self._folder = folder
        self._settings = settings
        self.attempts: Callable[[], int] = lambda: 0
        """Attempts of the run that have ended: of many, what is read back is read in parts."""
        self.held: Reading | None = None
        """Every booking of this run in the database in hand, when it was over; None when that could not be read."""
        self.read_ns = 0
        """When that reading began."""
        self.fates: dict[int, str] = {}
        """What became of transactions whose end nobody heard."""

    async def of(self, legs: Container[int], since: Place | None) -> tuple[Ledger, Persisted]:
        """The ledger of these legs, and what stayed of them; their events begin at that place of the journal.

        Raises DatabaseFailed, DatabaseUnreachable, RecordsDamaged.
        """
        if self.attempts() > WHOLE and isinstance(self._target, ReadInParts):
            return await self._in_parts(self._target, legs, since)
        claimed = await asyncio.to_thread(claimed_in, self._folder, legs, since)
        kept = await self._ledger(legs, since)
        there = await self._target.persisted(claimed)
        return kept, await asyncio.to_thread(lambda: persisted_of(there, self.events(legs, since)))

    async def _ledger(self, legs: Container[int], since: Place | None) -> Ledger:
        """The ledger of these legs, once nothing is in flight any more.

        Raises DatabaseFailed, DatabaseUnreachable, RecordsDamaged.

        A database that holds another repeat's bookings of the same ids says nothing of these: each is held against its
        own.
        """
        through_api = Capability.STEPS not in self._target.capabilities
        self.held = None
        words = await asyncio.to_thread(lambda: Words(self.events(legs, since), through_api=through_api))
        if words.last_unheard_ns is not None:
            # A server that was asked may still be at it: before its longest time is over, absence proves nothing.
            await self._clock.sleep_until(words.last_unheard_ns + self.longest_ns)
        # First what became of COMMITs in doubt, and then what is there: the other way round, one that succeeds in
        # between is committed and missing, and looks lost.
        await self.learn(words.doubtful)
        self.read_ns = self._clock.now_ns()
        self.held = await self._target.held(words.bookings, words.acknowledged)
        return ledger(words, self.held, self.fates, read_ns=self.read_ns, longest_ns=self.longest_ns)

    async def _in_parts(
        self, target: ReadInParts, legs: Container[int], since: Place | None
    ) -> tuple[Ledger, Persisted]:
        """The ledger as `_ledger` gives it, and what stayed, of more attempts than there is memory for.

        Raises DatabaseFailed, RecordsDamaged, RecordsFailed; DatabaseUnreachable too where nothing can be read.
        """
        through_api = Capability.STEPS not in self._target.capabilities
        parts = LedgerParts(self._folder, self.attempts())
        try:
            await asyncio.to_thread(lambda: parts.hear(self.events(legs, since), through_api=through_api))
            if parts.last_unheard_ns is not None:
                await self._clock.sleep_until(parts.last_unheard_ns + self.longest_ns)
            await self.learn(parts.doubtful)
            self.read_ns = self._clock.now_ns()
            self.held = None
            async with target.moment() as moment:
                async for page in moment.tagged():
                    await asyncio.to_thread(parts.see, page)
                # An API tells of no more than the bookings whose ids are known: absence proves nothing then.
                tells_all = Capability.VERIFY in self._target.capabilities
                beyond = Beyond(self.fates, self.read_ns, self.longest_ns if tells_all else sys.maxsize)
                for number in range(parts.count) if parts.is_unheard else ():
                    # A row under the key of an attempt that nobody heard of may be any part's: all are seen before.
                    words, rows = await self._part(moment, parts, number)
                    await asyncio.to_thread(parts.put_back, number, words, rows)
                for number in range(parts.count):
                    words, rows = await self._part(moment, parts, number, sees=not parts.is_unheard)
                    told = [word.said.xid for word in words if word.said.acknowledged and word.said.xid is not None]
                    unseen = await moment.unseen(told)
                    await asyncio.to_thread(parts.enter, number, words, rows, unseen, beyond)
            return await asyncio.to_thread(parts.end)
        finally:
            parts.close()

    async def _part(
        self, moment: Moment, parts: LedgerParts, number: int, *, sees: bool = True
    ) -> tuple[list[Word], dict[UUID, Row]]:
        """One part's words, and the rows of all their bookings, with or without the run's tag."""
        words, rows = await asyncio.to_thread(parts.part, number)
        others = {word.said.booking_id for word in words} - rows.keys()
        if others and sees:
            found = await moment.rows(others)
            await asyncio.to_thread(parts.see, found, tagged=False)
            rows |= parts.rows(number)
        return words, rows

    async def learn(self, transactions: Collection[int]) -> None:
        """Enter into `fates` what became of transactions in doubt, once the server is done. Raises DatabaseFailed.

        One that is at work for longer than any step may take is ended, as nobody is left to hear its answer; a server
        that does not even end it, because it stands still, is waited for as long as for a request of an API.
        """
        if not transactions:
            return
        connection = await self._connect("slotfill ledger")
        try:
            began_ns = self._clock.now_ns()
            while True:
                found = await fates(connection, transactions)
                at_work = [xid for xid, status in found.items() if status == IN_PROGRESS]
                waited_ns = self._clock.now_ns() - began_ns
                if not at_work or waited_ns > self.longest_ns:
                    self.fates |= found
                    return
                if waited_ns > self._settings().run.step_timeout_s * 1e9:
                    await end_at_work(connection, at_work)
                await self._clock.sleep_until(self._clock.now_ns() + LOOK_AGAIN_NS)
        finally:
            await connection.close()

    @property
    def longest_ns(self) -> int:
        """How long the server of an API may work on a request whose answer never came."""
        return round(self._settings().api.longest_request_s * 1e9)

    def events(self, legs: Container[int], since: Place | None) -> Iterator[Event]:
        """What was said of these legs; their events begin at that place of the journal."""
        return (event for event in read(self._folder, since) if event.ids.leg in legs)


def claimed_in(folder: Path, legs: Container[int], since: Place | None = None) -> frozenset[UUID]:
    """Bookings that these legs may have confirmed, from the journal: success was said, or nobody heard the end.

    Raises RecordsDamaged.
    """
    return frozenset(
        event.booking_id
        for event in read(folder, since)
        if isinstance(event, AttemptEnded) and event.certainty in MAY_BE_THERE and event.ids.leg in legs
    )
