"""Between two passes: what the last one left is read back, swept if wished, and what is still pending is planned."""

import asyncio
from collections.abc import Awaitable, Callable, Container
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from engine.config import Settings
from engine.database import Connection, DatabaseUnreachable
from engine.fill.crew import Crew
from engine.fill.desk import Desk
from engine.metrics.ledger import Words
from engine.model.event import AttemptEnded, LegEnded, RunPlanned
from engine.model.ids import Ids
from engine.model.ledger import Reading
from engine.model.outcome import OUTCOMES, Kind, Outcome
from engine.plan import Plan
from engine.records.journal import read
from engine.repair.holds import sweep_holds
from engine.repair.zone_locks import clear_zone_locks
from engine.target import Capability, Target
from engine.verify.ledger import fates

_FILLED = Outcome.FILLED.word
_MAY_PASS = frozenset(word for word, one in OUTCOMES.items() if one.kind in (Kind.CONTENTION, Kind.FAULT, Kind.UNKNOWN))
"""Outcomes that another pass may not meet again."""
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
        self.there: dict[UUID, int] = {}
        """Bookings of this run that are confirmed with tables, read when each repeat was over; how many tables each."""
        self.held: Reading | None = Reading({})
        """Every booking of this run, as it was when its repeat was over; None when that could not be read."""
        self.read_ns = 0
        """When the last such reading began."""
        self.fates: dict[int, str] = {}
        """What became of transactions whose end nobody heard."""

    def begin(self, plan: Plan, crew: Crew) -> None:
        """Say what the leg in hand will do."""
        self._log(
            RunPlanned(
                at_ns=self._clock.now_ns(),
                ids=Ids(run=crew.run_id, leg=crew.leg),
                turns=plan.turns,
                most_attempts=plan.most_attempts,
                concurrency=crew.concurrency,
                repeat=self.repeat,
                number=plan.leg + 1,
            )
        )

    async def between(self, plan: Plan, crew: Crew) -> None:
        """End the pass in hand and begin the next with what is pending. Raises DatabaseFailed, DatabaseUnreachable."""
        changed = await self.end(plan, crew, tidies=True)
        pending = await self._target.pending(self._target.floors, self.on)
        if plan.next_pass(pending, changed=changed):
            self.begin(plan, crew)

    async def finish(self, plan: Plan, crew: Crew) -> None:
        """End the last leg of a repeat: everything the repeat claims is read back once more, earlier passes too.

        Raises DatabaseFailed, DatabaseUnreachable, RecordsDamaged.
        """
        await self.end(plan, crew)
        claimed = await asyncio.to_thread(claimed_in, self._folder, range(crew.first_leg, crew.leg + 1))
        self.there.update(await self._target.persisted(claimed))
        await self._keep_ledger(range(crew.first_leg, crew.leg + 1))

    async def _keep_ledger(self, legs: Container[int]) -> None:
        """Read what the ledger needs of these legs, once nothing is in flight any more. Raises DatabaseFailed."""
        through_api = Capability.STEPS not in self._target.capabilities
        words = await asyncio.to_thread(
            lambda: Words((e for e in read(self._folder) if e.ids.leg in legs), through_api=through_api)
        )
        if words.last_unheard_ns is not None:
            # A server that was asked may still be at it: before its longest time is over, absence proves nothing.
            await self._clock.sleep_until(words.last_unheard_ns + self.longest_ns)
        try:
            self.read_ns = self._clock.now_ns()
            found = await self._target.held(words.bookings, words.acknowledged)
            if words.doubtful:
                connection = await self._connect("slotfill ledger")
                try:
                    self.fates |= await fates(connection, words.doubtful)
                finally:
                    await connection.close()
        except DatabaseUnreachable:
            self.held = None
            return
        if self.held is not None:
            self.held = Reading(self.held.rows | found.rows, self.held.unseen | found.unseen)

    @property
    def longest_ns(self) -> int:
        """How long the server of an API may work on a request whose answer never came."""
        return round(self._settings().api.longest_request_s * 1e9)

    async def end(self, plan: Plan, crew: Crew, *, tidies: bool = False) -> bool:
        """Read back what the leg left and say it; whether another pass may go otherwise."""
        leg = crew.leg
        counts = await asyncio.to_thread(leg_counts, self._folder, leg)
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


def claimed_in(folder: Path, legs: Container[int]) -> frozenset[UUID]:
    """Bookings of which the platform said success in these legs, from the journal. Raises RecordsDamaged."""
    return frozenset(
        event.booking_id
        for event in read(folder)
        if isinstance(event, AttemptEnded) and event.acknowledged and event.ids.leg in legs
    )


def leg_counts(folder: Path, leg: int) -> LegCounts:
    """Attempts of one leg, from the journal: memory is not trusted. Raises RecordsDamaged."""
    attempts = filled = acknowledged = may_pass = 0
    claimed: set[UUID] = set()
    for event in read(folder):
        if isinstance(event, AttemptEnded) and event.ids.leg == leg:
            attempts += 1
            filled += event.outcome == _FILLED
            may_pass += event.outcome in _MAY_PASS
            if event.acknowledged:
                acknowledged += 1
                claimed.add(event.booking_id)
    return LegCounts(attempts, filled, frozenset(claimed), acknowledged, may_pass)
