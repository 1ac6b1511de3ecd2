"""Between two passes: what the last one left is read back, swept if wished, and what is still pending is planned."""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Collection, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from engine.config import Settings
from engine.database import STEP_ERRORS, Connection, failure
from engine.fill.crew import Crew
from engine.fill.desk import Desk
from engine.leg_counts import leg_counts
from engine.metrics.ledger import CONFIRMED
from engine.metrics.pass_check import checked_pass, claims_of
from engine.model.event import Acted, Event, LegEnded, RunPlanned
from engine.model.ids import Ids
from engine.model.ledger import Ledger
from engine.model.round import Round
from engine.model.turn import PendingBooking
from engine.observe.load import LoadMeter
from engine.patience import PATIENCE_NS, Answer, patiently
from engine.plan import Plan
from engine.records.journal import Place, read
from engine.records.ledger_parts import Dealt
from engine.records.result import Persisted
from engine.records.spool import Spool
from engine.repair.holds import sweep_holds
from engine.repair.zone_locks import clear_zone_locks
from engine.session import RESTAURANT, Session
from engine.settlement import WHOLE, Connect, Settlement
from engine.target import ReadInParts, Target

SOME = 20_000
"""Bookings that are asked for at once, of many."""


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
        self.settlement = Settlement(target, connect, desk.clock, folder, settings)
        self.on = date.min
        """The day whose pending bookings are assigned."""
        self.apart = False
        """Row security shows one restaurant at a time, to whoever says which."""
        self.repeat = 1
        self.place: Callable[[], Place | None] = lambda: None
        """The end of the journal now: where a leg's events begin. None reads it from its beginning."""
        self.meter: LoadMeter | None = None
        """Measures how the client itself fares in each leg."""
        self.busiest = 0.0
        """What the engine took of one core, in the leg in which it took most."""
        self.kept: list[Kept] = []
        """What each database held when the repeats that worked in it were over."""
        self.patience_ns = PATIENCE_NS
        """How long a database that went away is waited for; 0 once it was waited for in vain."""
        self.told: Callable[[str], None] = lambda _: None
        """Hears why reading back waits, and "" when that is over."""
        self.alerts: tuple[str, ...] = ()
        """Passes that did not leave pending what they should have."""
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
        # Whoever was told to stop meanwhile makes no attempt of it: a pass that was planned would be one of none.
        if not (crew.is_stopping or crew.goes_home) and plan.next_pass(pending, changed=changed):
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
            self.alerts += (f"{self._which}{found.alert}",)
            ids = Ids(run=crew.run_id, leg=crew.leg)
            said = f"{self._which}{found.text}: {found.items}"
            self._log(Acted(self._clock.now_ns(), ids, "check pass", "engine", said))

    @property
    def _which(self) -> str:
        """The repeat in hand, before what is said of one of its passes; empty where there is one only."""
        if self._round is not None:
            return f"round {self._round.number}, "
        return f"repeat {self.repeat}, " if self._settings().run.repeat > 1 else ""

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
        self.kept.append(Kept(self.repeat, *await self._patiently(lambda: self.settlement.of(legs, self._begun))))
        self._base = None

    def none_left(self, repeats: int, why: str) -> None:
        """The next repeat has nothing to do: the one before it was the last."""
        self.repeat -= 1
        self.alerts += (f"{self.repeat} of {repeats} repeats were made, in the same database: {why}",)

    def unsettled(self) -> Iterator[Event]:
        """What was said of the legs whose database was not read back, or not to the end."""
        return (
            iter(()) if self._base is None else self.settlement.events(range(self._base[0], sys.maxsize), self._begun)
        )

    @property
    def _begun(self) -> Place | None:
        """Where the events of the database in hand begin."""
        return None if self._base is None else self._base[1]

    async def end(self, plan: Plan, crew: Crew, *, tidies: bool = False) -> bool:
        """Read back what the leg left and say it; whether another pass may go otherwise."""
        leg = crew.leg
        load = self.meter.end() if self.meter is not None else None
        self.busiest = max(self.busiest, load.cpu_share if load is not None else 0.0)
        counts = await asyncio.to_thread(leg_counts, self._folder, leg, self._leg_place, load)
        # A COMMIT that is still at work would confirm a booking that the next pass believes to be pending.
        await self._patiently(lambda: self.settlement.learn(counts.doubtful))
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
