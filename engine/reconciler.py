"""The reconciler: reads while a run goes on what became of the bookings that were acknowledged."""

import asyncio
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TypeVar, cast
from uuid import UUID

import msgspec

from engine.clock import Clock
from engine.database import DatabaseFailed, DatabaseUnreachable
from engine.metrics.ledger import CONFIRMED, cause, compared
from engine.metrics.seen import Seen
from engine.model.event import AttemptEnded, Event, Missed, Reconciled
from engine.model.floor import Window
from engine.model.ids import Ids, RunId
from engine.model.ledger import Entry, HeldRow, Reading
from engine.records.spool import Spool
from engine.target import Standing

NS = 1_000_000_000
EVERY_NS = NS
"""From one look to the next, at least."""
SHARE = 50
"""A look that took so long is followed by a rest of fifty times that: two hundredths of the time at most."""
LONGEST_REST_NS = 30 * NS
MOST = 2_000
"""Bookings a look; a look that would want a longer rest than there is takes fewer the next time."""
LEAST = 50
LATE_SHARE = 4
"""A quarter of each look is kept for bookings that were whole before: what is undone late must be found, too."""
LOOK_S = 3.0
LAST_S = 3.0
AT_ONCE = 200
"""Bookings compared before others of the loop have their turn."""
MOST_SHARED = 4_096
"""Tables and windows that are kept to be shared."""
SAY_EVERY_NS = 10 * NS
"""A look that found nothing new is said no more often than this."""
Same = TypeVar("Same", bound=Hashable)


class Claim(msgspec.Struct, gc=False, array_like=True):
    """A success as it was acknowledged, no more of it than is compared. A run may have a million."""

    number: int
    """Which success of the run it is, from 1."""
    ids: Ids
    booking_id: UUID
    tables: tuple[str, ...]
    party: int
    window: Window | None
    outcome: str
    xid: int | None
    acknowledged_ns: int
    through_api: bool
    seen_ns: int | None = None
    """Begin of the last reading that had it whole."""


class Reconciler:
    """Looks about every second at the newest acknowledged bookings and at some of the earlier ones, in turn.

    An absence counts only in a reading that began after the acknowledgement and sees its transaction. What it keeps
    does not grow with the run: claims that wait for their look wait in the run's folder, where one is given.
    """

    def __init__(
        self,
        run: RunId,
        standing: Standing,
        clock: Clock,
        log: Callable[[Event], None],
        folder: Path | None = None,
    ) -> None:
        self._ids = Ids(run=run)
        self._standing = standing
        self._clock = clock
        self._log = log
        self._one = asyncio.Lock()
        self._fresh = Spool(Claim, folder)
        """Acknowledged and not in a reading yet, oldest first."""
        self._whole = Spool(Claim, folder)
        """In a reading and as acknowledged then; who was looked at longest ago comes first."""
        self._seen = Seen()
        """Bookings that a claim named tables for."""
        self._again: dict[UUID, int] = {}
        """Of those that more than one may have claimed, the newest one: what is there is its doing, and no other's."""
        self._shared: dict[Hashable, Hashable] = {}
        """Tables and windows, each once: thousands of bookings have the same few."""
        self._acknowledged = self._checked = 0
        self._missed = dict.fromkeys((Entry.LOST, Entry.TORN, Entry.ALTERED), 0)
        self._most = MOST
        self._failures = 0
        self._said: tuple[object, ...] = ()
        self._said_ns = 0

    def take(self, event: AttemptEnded) -> None:
        """An attempt ended; only what was acknowledged matters here."""
        if not event.acknowledged:
            return
        self._acknowledged += 1
        claim = Claim(
            number=self._acknowledged,
            ids=event.ids,
            booking_id=event.booking_id,
            tables=self._once(event.tables),
            party=event.party,
            window=None if event.window is None else self._once(event.window),
            outcome=event.outcome,
            xid=event.xid,
            acknowledged_ns=event.ended_ns,
            through_api=event.path is not None,
        )
        self._fresh.append(claim)
        if claim.tables and self._seen.add(claim.booking_id):
            self._again[claim.booking_id] = claim.number

    def forget(self) -> None:
        """The database is another one from now on. What was counted stays counted."""
        self._fresh.clear()
        self._whole.clear()
        self._again.clear()
        self._seen = Seen()

    async def run(self) -> None:
        """Look again and again until cancelled. Raises RecordsFailed."""
        rest_ns = EVERY_NS
        try:
            while True:
                await self._clock.sleep_until(self._clock.now_ns() + rest_ns)
                rest_ns = await self.look()
        finally:
            await self._standing.close()

    async def last_look(self) -> None:
        """Look at what no reading had yet, now that nothing is in flight; bounded. Raises RecordsFailed."""
        left = -1
        try:
            async with asyncio.timeout(LAST_S):
                while self._fresh and len(self._fresh) != left and not self._failures:
                    left = len(self._fresh)
                    await self.look()
        except TimeoutError:
            return  # the reading at the end of the pass tells; it has more time

    async def look(self) -> int:
        """Look once; how long to rest after it, in ns. Raises RecordsFailed."""
        async with self._one:
            fresh = self._fresh.first(max(1, self._most - self._most // LATE_SHARE))
            whole = self._whole.first(self._most - len(fresh))
            if not fresh and not whole:
                return EVERY_NS
            at_ns = self._clock.now_ns()
            trouble = ""
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._standing.open()
                    # Connecting is done once, and no part of what a look costs.
                    at_ns = self._clock.now_ns()
                    reading = await self._standing.read(
                        [claim.booking_id for claim in (*fresh, *whole)],
                        [claim.xid for claim in fresh if claim.xid is not None],
                    )
                    await self._compare(fresh, whole, reading, at_ns)
            except TimeoutError:
                trouble = f"what became of the bookings was not read within {LOOK_S:g} s"
            except (DatabaseFailed, DatabaseUnreachable) as error:
                trouble = str(error)
            took_ns = self._clock.now_ns() - at_ns
            self._tell(at_ns, took_ns, trouble)
            return self._rest_ns(took_ns, failed=bool(trouble))

    def _rest_ns(self, took_ns: int, *, failed: bool) -> int:
        wanted_ns = took_ns * SHARE
        if wanted_ns > LONGEST_REST_NS:
            self._most = max(LEAST, self._most // 2)
        elif wanted_ns < LONGEST_REST_NS // 4:
            self._most = min(MOST, self._most * 2)
        self._failures = self._failures + 1 if failed else 0
        waited_ns = EVERY_NS << min(self._failures, 5)
        return min(max(EVERY_NS, wanted_ns, waited_ns if failed else 0), LONGEST_REST_NS)

    async def _compare(self, fresh: list[Claim], whole: list[Claim], reading: Reading, at_ns: int) -> None:
        for queue, claims in ((self._fresh, fresh), (self._whole, whole)):
            for begin in range(0, len(claims), AT_ONCE):
                # Taken out and put back without a pause between: a cancel leaves no claim out.
                for claim in claims[begin : begin + AT_ONCE]:
                    queue.popleft()
                    self._settle(claim, reading, at_ns)
                await asyncio.sleep(0)

    def _settle(self, claim: Claim, reading: Reading, at_ns: int) -> None:
        row = reading.rows.get(claim.booking_id)
        entry = self._entry(claim, row, reading)
        if entry is Entry.UNVERIFIED:
            self._fresh.append(claim)
            return
        self._checked += claim.seen_ns is None
        if entry is Entry.PERSISTED:
            claim.seen_ns = at_ns
            self._whole.append(claim)
            return
        self._missed[entry] += 1
        self._log(
            Missed(
                at_ns=at_ns,
                ids=claim.ids,
                booking_id=claim.booking_id,
                entry=entry,
                acknowledged_ns=claim.acknowledged_ns,
                claimed=claim.tables,
                status="" if row is None else row.status,
                tables=() if row is None else tuple(row.tables),
                cause=cause(claim.outcome, claim.tables, entry, row, xid=claim.xid, seen=claim.seen_ns is not None),
                seen_ns=claim.seen_ns,
            )
        )

    def _entry(self, claim: Claim, row: HeldRow | None, reading: Reading) -> Entry:
        """What the ledger at the end would enter, were this reading its own."""
        if claim.xid is not None and claim.xid in reading.unseen:
            return Entry.UNVERIFIED
        confirmed = row is not None and row.status == CONFIRMED
        owns = bool(claim.tables) and self._again.get(claim.booking_id, claim.number) == claim.number
        if not owns and not (claim.through_api and confirmed):
            # Told success without tables, or told it once more later, which what was there could not have allowed.
            return Entry.LOST
        return compared(claim.tables, claim.party, claim.window, row)

    def _tell(self, at_ns: int, took_ns: int, trouble: str) -> None:
        missed = self._missed
        said = (self._acknowledged, self._checked, *missed.values(), trouble)
        if said == self._said and at_ns - self._said_ns < SAY_EVERY_NS:
            return
        self._said, self._said_ns = said, at_ns
        self._log(
            Reconciled(
                at_ns=at_ns,
                ids=self._ids,
                took_ns=took_ns,
                acknowledged=self._acknowledged,
                checked=self._checked,
                persisted=self._checked - sum(missed.values()),
                lost=missed[Entry.LOST],
                torn=missed[Entry.TORN],
                altered=missed[Entry.ALTERED],
                trouble=trouble,
            )
        )

    def _once(self, value: Same) -> Same:
        """The first one that was equal to it, as long as there are not too many."""
        if len(self._shared) >= MOST_SHARED:
            self._shared.clear()
        return cast("Same", self._shared.setdefault(value, value))
