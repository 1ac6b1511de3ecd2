"""Between two passes: what the last one left is read back, swept if wished, and what is still pending is planned."""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Collection, Container, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from engine.config import Settings
from engine.database import STEP_ERRORS, Connection, failure
from engine.fill.crew import Crew
from engine.fill.desk import Desk
from engine.metrics.ledger import CONFIRMED, Beyond, Words, ledger
from engine.metrics.pass_check import checked_pass, claims_of
from engine.model.event import Acted, AttemptEnded, Event, LegEnded, RunPlanned
from engine.model.ids import Ids
from engine.model.ledger import Ledger, Reading
from engine.model.outcome import OUTCOMES, Certainty, Kind, Outcome
from engine.model.round import Round
from engine.model.turn import PendingBooking
from engine.observe.load import Load, LoadMeter
from engine.patience import PATIENCE_NS, Answer, patiently
from engine.plan import Plan
from engine.records.journal import Place, read
from engine.records.ledger_parts import MAY_BE_THERE, Dealt, LedgerParts, Row, Word
from engine.records.result import Persisted, persisted_of
from engine.records.spool import Spool
from engine.repair.holds import sweep_holds
from engine.repair.zone_locks import clear_zone_locks
from engine.session import RESTAURANT, Session
from engine.target import Capability, Moment, ReadInParts, Target
from engine.verify.ledger import IN_PROGRESS, end_at_work, fates

_FILLED = Outcome.FILLED.word
_MAY_PASS = frozenset(word for word, one in OUTCOMES.items() if one.kind in (Kind.CONTENTION, Kind.FAULT, Kind.UNKNOWN))
"""Outcomes that another pass may not meet again."""
LOOK_AGAIN_NS = 100_000_000
"""Between two looks after a COMMIT that is still at work."""
WHOLE = 50_000
"""Of so many attempts at most all words and rows are held in memory at once when they are compared."""
SOME = 20_000
"""Bookings that are asked for at once, of many."""
Connect = Callable[[str], Awaitable[Connection]]
"""Opens a connection of the run, by its application name. Raises DatabaseUnreachable."""


class LegCounts(NamedTuple):
    """What the journal says of one leg."""

    attempts: int
    filled: int
    claimed: Spool[UUID]
    """Bookings of which the platform said success, once for each time it was said."""
    acknowledged: int
    may_pass: int
    """Attempts that another pass may not refuse: contention, faults, and what nobody knows."""
    doubtful: frozenset[int]
    """Transactions whose COMMIT nobody answered."""
    spoilt: int = 0
    """Attempts that a stall of the client fell into."""


class Kept(NamedTuple):
    """What was read of one database when its legs were over."""

    repeat: int
    """The last repeat that worked in it."""
    ledger: Ledger
    persisted: Persisted


class Passes:
    """Ends each leg and begins the next. The settings are asked for each time: an operator may change them."""

    def __init__(
        self, target: Target, connect: Connect, desk: Desk, folder: Path, settings: Callable[[], Settings]
    ) -> None:
        self._target = target
        self._connect = connect
        self._clock = desk.clock
        self._log = desk.log
        self._folder = folder
        self._settings = settings
        self.on = date.min
        """The day whose pending bookings are assigned."""
        self.apart = False
        """Row security shows one restaurant at a time, to whoever says which."""
        self.repeat = 1
        self.place: Callable[[], Place | None] = lambda: None
        """The end of the journal now: where a leg's events begin. None reads it from its beginning."""
        self.attempts: Callable[[], int] = lambda: 0
        """Attempts of the run that have ended: of many, what is read back is read in parts."""
        self.meter: LoadMeter | None = None
        """Measures how the client itself fares in each leg."""
        self.busiest = 0.0
        """What the engine took of one core, in the leg in which it took most."""
        self.kept: list[Kept] = []
        """What each database held when the repeats that worked in it were over."""
        self.held: Reading | None = None
        """Every booking of this run in the database in hand, when it was over; None when that could not be read."""
        self.read_ns = 0
        """When that reading began."""
        self.patience_ns = PATIENCE_NS
        """How long a database that went away is waited for; 0 once it was waited for in vain."""
        self.told: Callable[[str], None] = lambda _: None
        """Hears why reading back waits, and "" when that is over."""
        self.alerts: tuple[str, ...] = ()
        """Passes that did not leave pending what they should have."""
        self.fates: dict[int, str] = {}
        """What became of transactions whose end nobody heard."""
        self._round: Round | None = None
        self._leg_place: Place | None = None
        self._base: tuple[int, Place | None] | None = None
        """The first leg in the database in hand, and where its events begin; None before there is one."""
        self._unfinished = True

    def begin(self, plan: Plan, crew: Crew, terms: Round | None = None) -> None:
        """Say what the leg in hand will do; in a sweep by which terms, which the passes after it keep."""
        self._round = terms or self._round
        self._unfinished = True
        self._leg_place = self.place()
        if self._base is None:
            self._base = crew.leg, self._leg_place
        if self.meter is not None:
            self.meter.begin()
        self._log(
            RunPlanned(
                at_ns=self._clock.now_ns(),
                ids=Ids(run=crew.run_id, leg=crew.leg),
                turns=plan.turns,
                most_attempts=plan.most_attempts,
                concurrency=crew.concurrency,
                repeat=self.repeat,
                number=plan.leg + 1,
                round=self._round,
            )
        )

    async def between(self, plan: Plan, crew: Crew) -> None:
        """End the pass in hand and begin the next with what is pending. Raises DatabaseFailed, DatabaseUnreachable."""
        changed = await self.end(plan, crew, tidies=True)
        # Its end was said, with what was swept; should no pass follow, it is not to be said once more.
        self._unfinished = False
        pending = await self._patiently(self._pending)
        await self._patiently(lambda: self._check(plan, crew, frozenset(one.booking_id for one in pending)))
        if plan.next_pass(pending, changed=changed):
            self.begin(plan, crew)

    async def _patiently(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of a reading, begun anew while the database has gone away for a moment."""
        return await patiently(ask, self._clock, self.patience_ns, self.told)

    async def _pending(self) -> tuple[PendingBooking, ...]:
        """What still waits for tables. Raises DatabaseFailed, DatabaseUnreachable."""
        return await self._target.pending(self._target.floors, self.on)

    async def _check(self, plan: Plan, crew: Crew, pending: Collection[UUID]) -> None:
        """Before the next pass begins: what is pending is what was less what persisted, and every difference is named.

        Raises DatabaseFailed, DatabaseUnreachable, RecordsDamaged.
        """
        tried = frozenset(turn.booking_id for turn in plan.turns if turn.booking_id is not None)
        if not tried:
            return
        legs = range(crew.first_leg, crew.leg + 1)
        claims = await asyncio.to_thread(lambda: claims_of(read(self._folder, self._begun), legs))
        told = [claim.xid for claim in claims.values() if claim.xid is not None]
        reading = await self._target.held(tried | claims.keys(), told)
        found = checked_pass(plan.leg + 1, tried, claims, reading, pending)
        if found.differences:
            self.alerts += (found.alert,)
            ids = Ids(run=crew.run_id, leg=crew.leg)
            self._log(Acted(self._clock.now_ns(), ids, "check pass", "engine", f"{found.text}: {found.items}"))

    async def finish(self, plan: Plan, crew: Crew) -> None:
        """End the last leg of a repeat. Raises DatabaseFailed, DatabaseUnreachable, RecordsDamaged."""
        if self._unfinished:
            await self.end(plan, crew)
            self._unfinished = False

    async def settle(self, crew: Crew) -> None:
        """Before the database in hand is left: all that is claimed of it is read back once more, earlier passes too.

        Raises DatabaseFailed, DatabaseUnreachable, RecordsDamaged.
        """
        if self._base is None:
            return
        legs = range(self._base[0], crew.leg + 1)
        self.kept.append(Kept(self.repeat, *await self._patiently(lambda: self._kept(legs))))
        self._base = None

    def none_left(self, repeats: int, why: str) -> None:
        """The next repeat has nothing to do: the one before it was the last."""
        self.repeat -= 1
        self.alerts += (f"{self.repeat} of {repeats} repeats were made, in the same database: {why}",)

    def unsettled(self) -> Iterator[Event]:
        """What was said of the legs whose database was not read back, or not to the end."""
        return iter(()) if self._base is None else self._events(range(self._base[0], sys.maxsize))

    async def _kept(self, legs: Container[int]) -> tuple[Ledger, Persisted]:
        """What stands of these legs. Raises DatabaseFailed, DatabaseUnreachable, RecordsDamaged."""
        if self.attempts() > WHOLE and isinstance(self._target, ReadInParts):
            return await self._in_parts(self._target, legs)
        claimed = await asyncio.to_thread(claimed_in, self._folder, legs, self._begun)
        kept = await self._ledger(legs)
        there = await self._target.persisted(claimed)
        return kept, await asyncio.to_thread(lambda: persisted_of(there, self._events(legs)))

    @property
    def _begun(self) -> Place | None:
        """Where the events of the database in hand begin."""
        return None if self._base is None else self._base[1]

    def _events(self, legs: Container[int]) -> Iterator[Event]:
        """What was said of these legs, which work in the database in hand."""
        return (event for event in read(self._folder, self._begun) if event.ids.leg in legs)

    async def _ledger(self, legs: Container[int]) -> Ledger:
        """The ledger of these legs, once nothing is in flight any more.

        Raises DatabaseFailed, DatabaseUnreachable, RecordsDamaged.

        A database that holds another repeat's bookings of the same ids says nothing of these: each is held against its
        own.
        """
        through_api = Capability.STEPS not in self._target.capabilities
        self.held = None
        words = await asyncio.to_thread(lambda: Words(self._events(legs), through_api=through_api))
        if words.last_unheard_ns is not None:
            # A server that was asked may still be at it: before its longest time is over, absence proves nothing.
            await self._clock.sleep_until(words.last_unheard_ns + self.longest_ns)
        # First what became of COMMITs in doubt, and then what is there: the other way round, one that succeeds in
        # between is committed and missing, and looks lost.
        self.fates |= await self._fates(words.doubtful)
        self.read_ns = self._clock.now_ns()
        self.held = await self._target.held(words.bookings, words.acknowledged)
        return ledger(words, self.held, self.fates, read_ns=self.read_ns, longest_ns=self.longest_ns)

    async def _in_parts(self, target: ReadInParts, legs: Container[int]) -> tuple[Ledger, Persisted]:
        """The ledger as `_ledger` gives it, and what stayed, of more attempts than there is memory for.

        Raises DatabaseFailed, RecordsDamaged, RecordsFailed; DatabaseUnreachable too where nothing can be read.
        """
        through_api = Capability.STEPS not in self._target.capabilities
        parts = LedgerParts(self._folder, self.attempts())
        try:
            await asyncio.to_thread(lambda: parts.hear(self._events(legs), through_api=through_api))
            if parts.last_unheard_ns is not None:
                await self._clock.sleep_until(parts.last_unheard_ns + self.longest_ns)
            self.fates |= await self._fates(parts.doubtful)
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

    async def _fates(self, transactions: Collection[int]) -> dict[int, str]:
        """What became of transactions in doubt, once the server is done with them. Raises DatabaseFailed.

        One that is at work for longer than any step may take is ended, as nobody is left to hear its answer; a server
        that does not even end it, because it stands still, is waited for as long as for a request of an API.
        """
        if not transactions:
            return {}
        connection = await self._connect("slotfill ledger")
        try:
            began_ns = self._clock.now_ns()
            while True:
                found = await fates(connection, transactions)
                at_work = [xid for xid, status in found.items() if status == IN_PROGRESS]
                waited_ns = self._clock.now_ns() - began_ns
                if not at_work or waited_ns > self.longest_ns:
                    return found
                if waited_ns > self._settings().run.step_timeout_s * 1e9:
                    await end_at_work(connection, at_work)
                await self._clock.sleep_until(self._clock.now_ns() + LOOK_AGAIN_NS)
        finally:
            await connection.close()

    @property
    def longest_ns(self) -> int:
        """How long the server of an API may work on a request whose answer never came."""
        return round(self._settings().api.longest_request_s * 1e9)

    async def end(self, plan: Plan, crew: Crew, *, tidies: bool = False) -> bool:
        """Read back what the leg left and say it; whether another pass may go otherwise."""
        leg = crew.leg
        load = self.meter.end() if self.meter is not None else None
        self.busiest = max(self.busiest, load.cpu_share if load is not None else 0.0)
        counts = await asyncio.to_thread(leg_counts, self._folder, leg, self._leg_place, load)
        # A COMMIT that is still at work would confirm a booking that the next pass believes to be pending.
        self.fates |= await self._patiently(lambda: self._fates(counts.doubtful))
        persisted = await self._persisted(counts.claimed)
        waits = bool(plan.turns) and plan.turns[0].booking_id is not None
        pending = len(await self._patiently(self._pending)) if waits else None
        swept, cleared = await self._patiently(self._tidied) if tidies else (None, None)
        self._log(
            LegEnded(
                at_ns=self._clock.now_ns(),
                ids=Ids(run=crew.run_id, leg=leg),
                attempts=counts.attempts,
                filled=counts.filled,
                acknowledged=counts.acknowledged,
                persisted=persisted,
                pending=pending,
                swept_holds=swept,
                cleared_zone_locks=cleared,
                load=None if load is None else load.told(counts.spoilt),
            )
        )
        return bool(swept or cleared or counts.may_pass)

    async def _persisted(self, claimed: Spool[UUID]) -> int:
        """How many of these bookings are confirmed and have tables. Raises DatabaseFailed, RecordsFailed."""
        if len(claimed) <= WHOLE or not isinstance(self._target, ReadInParts):
            told = frozenset(claimed.all())
            there = await self._patiently(lambda: self._target.persisted(told))
            return len(told & there.keys())
        target, found, count = self._target, 0, -(-len(claimed) // SOME)
        with contextlib.closing(Dealt(UUID, self._folder, count)) as parts:
            # Dealt out, so that one that was claimed twice is asked for once.
            await asyncio.to_thread(_deal, claimed, parts)
            for number in range(count):
                some = frozenset(await asyncio.to_thread(parts.taken, number))
                found += await self._patiently(partial(_stays, target, some))
        return found

    async def _tidied(self) -> tuple[int | None, int | None]:
        """Sweep and clear as the settings want; how many of each, None for what was not wanted."""
        wanted = self._settings().assign
        if not (wanted.sweep_holds or wanted.clear_zone_locks):
            return None, None
        swept = cleared = 0
        connection = await self._connect("slotfill between passes")
        try:
            ids = [floor.restaurant_id for floor in self._target.floors.values()]
            ttl = timedelta(seconds=self._settings().run.hold_ttl_s)
            for group in [[one] for one in ids] if self.apart else [ids]:
                if self.apart:
                    await self._see(connection, group[0])
                if wanted.sweep_holds:
                    swept += len((await sweep_holds(connection, group, ttl)).holds)
                if wanted.clear_zone_locks:
                    cleared += len((await clear_zone_locks(connection, group, self.on)).bookings)
        finally:
            await connection.close()
        return swept if wanted.sweep_holds else None, cleared if wanted.clear_zone_locks else None

    async def _see(self, connection: Connection, restaurant: UUID) -> None:
        """Have what row security shows of that restaurant from now on. Raises DatabaseFailed."""
        try:
            await Session.of(connection).bring({RESTAURANT: str(restaurant)})
        except STEP_ERRORS as error:
            raise failure(f"restaurant {restaurant} could not be looked at between passes", error) from error


async def _stays(target: ReadInParts, bookings: frozenset[UUID]) -> int:
    async with target.moment() as moment:
        return sum(row.status == CONFIRMED and bool(row.tables) for row in await moment.rows(bookings))


def _deal(claimed: Spool[UUID], parts: Dealt[UUID]) -> None:
    while claimed:
        one = claimed.popleft()
        parts.add(one.int, one)
    claimed.close()


def claimed_in(folder: Path, legs: Container[int], since: Place | None = None) -> frozenset[UUID]:
    """Bookings that these legs may have confirmed, from the journal: success was said, or nobody heard the end.

    Raises RecordsDamaged.
    """
    return frozenset(
        event.booking_id
        for event in read(folder, since)
        if isinstance(event, AttemptEnded) and event.certainty in MAY_BE_THERE and event.ids.leg in legs
    )


def leg_counts(folder: Path, leg: int, since: Place | None = None, load: Load | None = None) -> LegCounts:
    """Attempts of one leg, from the journal: memory is not trusted. Raises RecordsDamaged, RecordsFailed."""
    attempts = filled = acknowledged = may_pass = spoilt = 0
    claimed = Spool(UUID, folder, kept=WHOLE)
    doubtful: set[int] = set()
    for event in read(folder, since):
        if isinstance(event, AttemptEnded) and event.ids.leg == leg:
            attempts += 1
            spoilt += load is not None and load.spoilt(event.started_ns, event.ended_ns)
            filled += event.outcome == _FILLED
            may_pass += event.outcome in _MAY_PASS
            if event.acknowledged:
                acknowledged += 1
                claimed.append(event.booking_id)
            if event.certainty is Certainty.INFO and event.xid is not None:
                doubtful.add(event.xid)
    return LegCounts(attempts, filled, claimed, acknowledged, may_pass, frozenset(doubtful), spoilt)
