"""Between two passes: what the last one left is read back, swept if wished, and what is still pending is planned."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Container, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from engine.config import Settings
from engine.database import Connection, DatabaseUnreachable
from engine.fill.crew import Crew
from engine.fill.desk import Desk
from engine.metrics.ledger import Words, ledger
from engine.metrics.pass_check import checked_pass, claims_of
from engine.model.event import Acted, AttemptEnded, Event, LegEnded, RunPlanned
from engine.model.ids import Ids
from engine.model.ledger import Ledger, Reading
from engine.model.outcome import OUTCOMES, Certainty, Kind, Outcome
from engine.model.round import Round
from engine.observe.load import LoadMeter
from engine.plan import Plan
from engine.records.journal import Place, read
from engine.records.result import Persisted, persisted_of
from engine.repair.holds import sweep_holds
from engine.repair.zone_locks import clear_zone_locks
from engine.target import Capability, Target
from engine.verify.ledger import IN_PROGRESS, end_at_work, fates

_FILLED = Outcome.FILLED.word
_MAY_PASS = frozenset(word for word, one in OUTCOMES.items() if one.kind in (Kind.CONTENTION, Kind.FAULT, Kind.UNKNOWN))
"""Outcomes that another pass may not meet again."""
LOOK_AGAIN_NS = 100_000_000
"""Between two looks after a COMMIT that is still at work."""
Connect = Callable[[str], Awaitable[Connection]]
"""Opens a connection of the run, by its application name. Raises DatabaseUnreachable."""


class LegCounts(NamedTuple):
    """What the journal says of one leg."""

    attempts: int
    filled: int
    claimed: frozenset[UUID]
    """Bookings of which the platform said success."""
    acknowledged: int
    may_pass: int
    """Attempts that another pass may not refuse: contention, faults, and what nobody knows."""
    doubtful: frozenset[int]
    """Transactions whose COMMIT nobody answered."""
    spans: tuple[tuple[int, int], ...] = ()
    """When each attempt began and ended."""


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
        self.repeat = 1
        self.place: Callable[[], Place | None] = lambda: None
        """The end of the journal now: where a leg's events begin. None reads it from its beginning."""
        self.meter: LoadMeter | None = None
        """Measures how the client itself fares in each leg."""
        self.kept: list[Kept] = []
        """What each database held when the repeats that worked in it were over."""
        self.held: Reading | None = None
        """Every booking of this run in the database in hand, when it was over; None when that could not be read."""
        self.read_ns = 0
        """When that reading began."""
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
        pending = await self._target.pending(self._target.floors, self.on)
        await self._check(plan, crew, frozenset(one.booking_id for one in pending))
        if plan.next_pass(pending, changed=changed):
            self.begin(plan, crew)

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
        claimed = await asyncio.to_thread(claimed_in, self._folder, legs, self._begun)
        kept = await self._ledger(legs)
        there = await self._target.persisted(claimed)
        persisted = await asyncio.to_thread(lambda: persisted_of(there, self._events(legs)))
        self.kept.append(Kept(self.repeat, kept, persisted))
        self._base = None

    @property
    def _begun(self) -> Place | None:
        """Where the events of the database in hand begin."""
        return None if self._base is None else self._base[1]

    def _events(self, legs: Container[int]) -> Iterator[Event]:
        """What was said of these legs, which work in the database in hand."""
        return (event for event in read(self._folder, self._begun) if event.ids.leg in legs)

    async def _ledger(self, legs: Container[int]) -> Ledger:
        """The ledger of these legs, once nothing is in flight any more. Raises DatabaseFailed, RecordsDamaged.

        A database that holds another repeat's bookings of the same ids says nothing of these: each is held against its
        own.
        """
        through_api = Capability.STEPS not in self._target.capabilities
        words = await asyncio.to_thread(lambda: Words(self._events(legs), through_api=through_api))
        if words.last_unheard_ns is not None:
            # A server that was asked may still be at it: before its longest time is over, absence proves nothing.
            await self._clock.sleep_until(words.last_unheard_ns + self.longest_ns)
        try:
            # First what became of COMMITs in doubt, and then what is there: the other way round, one that succeeds
            # in between is committed and missing, and looks lost.
            self.fates |= await self._fates(words.doubtful)
            self.read_ns = self._clock.now_ns()
            self.held = await self._target.held(words.bookings, words.acknowledged)
        except DatabaseUnreachable:
            self.held = None
        return ledger(words, self.held, self.fates, read_ns=self.read_ns, longest_ns=self.longest_ns)

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
        counts = await asyncio.to_thread(leg_counts, self._folder, leg, self._leg_place)
        # A COMMIT that is still at work would confirm a booking that the next pass believes to be pending.
        self.fates |= await self._fates(counts.doubtful)
        there = await self._target.persisted(counts.claimed)
        waits = bool(plan.turns) and plan.turns[0].booking_id is not None
        pending = len(await self._target.pending(self._target.floors, self.on)) if waits else None
        swept, cleared = await self._tidied() if tidies else (None, None)
        self._log(
            LegEnded(
                at_ns=self._clock.now_ns(),
                ids=Ids(run=crew.run_id, leg=leg),
                attempts=counts.attempts,
                filled=counts.filled,
                acknowledged=counts.acknowledged,
                persisted=len(counts.claimed & there.keys()),
                pending=pending,
                swept_holds=swept,
                cleared_zone_locks=cleared,
                load=None if load is None else load.of(counts.spans),
            )
        )
        return bool(swept or cleared or counts.may_pass)

    async def _tidied(self) -> tuple[int | None, int | None]:
        """Sweep and clear as the settings want; how many of each, None for what was not wanted."""
        wanted = self._settings().assign
        if not (wanted.sweep_holds or wanted.clear_zone_locks):
            return None, None
        swept = cleared = None
        connection = await self._connect("slotfill between passes")
        try:
            ids = [floor.restaurant_id for floor in self._target.floors.values()]
            ttl = timedelta(seconds=self._settings().run.hold_ttl_s)
            if wanted.sweep_holds:
                swept = len((await sweep_holds(connection, ids, ttl)).holds)
            if wanted.clear_zone_locks:
                cleared = len((await clear_zone_locks(connection, ids, self.on)).bookings)
        finally:
            await connection.close()
        return swept, cleared


def claimed_in(folder: Path, legs: Container[int], since: Place | None = None) -> frozenset[UUID]:
    """Bookings of which the platform said success in these legs, from the journal. Raises RecordsDamaged."""
    return frozenset(
        event.booking_id
        for event in read(folder, since)
        if isinstance(event, AttemptEnded) and event.acknowledged and event.ids.leg in legs
    )


def leg_counts(folder: Path, leg: int, since: Place | None = None) -> LegCounts:
    """Attempts of one leg, from the journal: memory is not trusted. Raises RecordsDamaged."""
    attempts = filled = acknowledged = may_pass = 0
    claimed: set[UUID] = set()
    doubtful: set[int] = set()
    spans: list[tuple[int, int]] = []
    for event in read(folder, since):
        if isinstance(event, AttemptEnded) and event.ids.leg == leg:
            attempts += 1
            spans.append((event.started_ns, event.ended_ns))
            filled += event.outcome == _FILLED
            may_pass += event.outcome in _MAY_PASS
            if event.acknowledged:
                acknowledged += 1
                claimed.add(event.booking_id)
            if event.certainty is Certainty.INFO and event.xid is not None:
                doubtful.add(event.xid)
    return LegCounts(attempts, filled, frozenset(claimed), acknowledged, may_pass, frozenset(doubtful), tuple(spans))
