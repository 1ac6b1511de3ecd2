"""The sampler of waits: looks at our own backends many times a second, and joins each sight to worker and step.

The console's sampler asks about everything once or twice a second, which is too coarse for fills of 20 ms. This one
asks one thing, over a connection of its own, and lives on a budget: of a hundred parts of time it takes one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from engine.clock import Clock
from engine.database import STEP_ERRORS, Connection, DatabaseUnreachable
from engine.model.ids import RunId
from engine.model.room import Whereabouts
from engine.model.waits import Counters, Waits
from engine.observe.leg_counters import LegCount
from engine.observe.looking import LookFailed, Looking, Refusals, told
from engine.observe.rows import ServerFacts, WaitRow
from engine.observe.server_log import end_of, said_of
from engine.observe.server_moment import ServerMoment
from engine.observe.wait_fold import Fold, Seats, stranger

Row = TypeVar("Row")

NS = 1_000_000_000
REST = 100
"""A look is followed by at least this many times what it cost: it takes less than one part in a hundred."""
OWN_NS = 250_000
OWN_ROW_NS = 8_000
"""What a look costs our own processor, and each backend in it: 0.2 ms were measured with one, 0.4 ms with 64, and
0.75 ms when all of those queue for one lock."""
WALL_REST = 3
"""And by at least this many times what it took with all the waiting in it, which is the network's and the loop's."""
TELL_NS = 10 * NS
"""What was seen goes to the journal this often, so that an engine that is killed takes little with it."""
_CONNECT_S = 3.0
"""Longest wait for a connection."""
_COUNT_S = 2.0
"""Longest wait for the server's counters, which are read between two legs only, when nobody is at work."""
_FIRST_RETRY_NS = NS // 2
_LAST_RETRY_NS = 10 * NS
_HIDDEN = {
    "hidden": "waits of our backends are hidden from this role: needs pg_read_all_stats",
    "disabled": "the server keeps no states of backends: needs track_activities = on",
}

_UNKNOWN = (
    "none of the server's backends is known to be of this run: its connections go through a pooler, or are an API's"
)


class Watched(NamedTuple):
    """The crew, as far as its backends go."""

    seats: Callable[[int], Seats]
    """Who sits at which backend, and in which step each was at that moment."""
    whose: Callable[[int], str | None]
    """Names a backend that was a worker's and outlived its connection: `w03 left`."""
    at_work: Callable[[], bool]
    """Whether attempts are, or may be, in flight: only then is there anything to see."""


class Terms(NamedTuple):
    """How it looks, and where."""

    run: RunId
    hz: float
    """Looks a second; 0 for none at all."""
    timeout_s: float


class WaitSampler:
    """Samples leg by leg: `begin`, looks of `run` in between, `end`. No method but these ever asks the server.

    `sink` is given what was seen, every ten seconds and when a leg is over. Whatever goes wrong with the server is told
    in `Waits.missing`; nothing of it ever ends a run.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        clock: Clock,
        crew: Watched,
        terms: Terms,
        sink: Callable[[Waits], None],
        mask: Callable[[str], str] = str,
    ) -> None:
        self.terms = terms
        self.log: Path | None = None
        """The server's own log, where it is a file of ours."""
        self._connect = connect
        self._clock = clock
        self._crew = crew
        self._sink = sink
        self._mask = mask
        self._one = asyncio.Lock()
        self._begun = asyncio.Event()
        self._connection: Connection | None = None
        self._facts: ServerFacts | None = None
        self._database = ""
        self.refusals = Refusals(clock)
        """What the server refused, whoever asked; to be shared before the first look."""
        self._moment = ServerMoment()
        self._blind = ""
        """Why our backends' states cannot be seen; then no look is made any more."""
        self._trouble = ""
        self._fold: Fold | None = None
        self._count: LegCount | None = None
        self._log_from = 0
        self._told_ns = 0
        self._worked_ns = 0
        self._cost_ns = 0
        self._mark_ns: int | None = None
        """Since when the time at work is not counted yet; None while the crew is not at work."""
        self._last: Waits | None = None
        self._shown: tuple[object, ...] = ()
        """What the last picture was made of; it is made anew when there is more."""

    # A leg

    async def begin(self, leg: int) -> None:
        """A leg begins: read what its counters rise from, and look from now on."""
        if self.terms.hz <= 0:
            return
        fold = Fold(leg, self._name)
        self._worked_ns = self._cost_ns = 0
        self._mark_ns = None
        self._told_ns = self._clock.now_ns()
        self._log_from = await asyncio.to_thread(end_of, self.log)
        self._count = None
        async with self._one:
            await self._trying(self._begin_counting)
        self._fold = fold
        self._begun.set()

    async def end(self) -> None:
        """The leg is over: nothing is looked at until the next begins, and what was seen is told as a whole."""
        fold, self._fold = self._fold, None
        if fold is None:
            return
        self._begun.clear()
        self._pass_time()
        self._mark_ns = None
        async with self._one:
            counters = await self._trying(self._end_counting)
        lines = await asyncio.to_thread(said_of, self._database, self.log, self._log_from, self._mask)
        self._last = self._told(fold, counters, lines)
        self._sink(self._last)

    def now(self) -> Waits | None:
        """What the leg in hand came to so far, or the last one; None before there was any."""
        fold = self._fold
        if fold is not None and (shown := (fold.leg, fold.samples, *self._unseen())) != self._shown:
            self._shown, self._last = shown, self._told(fold)
        return self._last

    # Looks

    async def run(self) -> None:
        """Look until cancelled, while a leg goes on and its crew is at work."""
        failures = 0
        try:
            while self.terms.hz > 0:
                await self._begun.wait()
                began_ns = self._clock.now_ns()
                if self._blind or self.refusals.stands("waits"):
                    # Never asked again for good, or resting: the time goes on all the same.
                    await self._clock.sleep_until(began_ns + NS)
                    continue
                rest_ns = 0
                try:
                    rest_ns = await self._look_once()
                    failures = 0
                except LookFailed as failed:
                    rest_ns = min(_FIRST_RETRY_NS << min(failures, 16), _LAST_RETRY_NS)
                    failures += 1
                    self._trouble = f"{failed}; tried again after {rest_ns / 1e9:g} s"
                if self._fold is not None and self._clock.now_ns() - self._told_ns >= TELL_NS:
                    self._told_ns = self._clock.now_ns()
                    self._sink(self._told(self._fold))
                await self._clock.sleep_until(max(began_ns + round(NS / self.terms.hz), self._clock.now_ns() + rest_ns))
        finally:
            # Cancelled in the middle of a leg: what was seen of it is told.
            fold, self._fold = self._fold, None
            self._drop()
            if fold is not None and fold.samples:
                self._pass_time()
                self._last = self._told(fold)
                self._sink(self._last)

    async def close(self) -> None:
        """Leave the server."""
        async with self._one:
            connection, self._connection = self._connection, None
            if connection is not None:
                await connection.close()

    async def _look_once(self) -> int:
        """One look, if there is anything to see; how long to rest after it. Raises LookFailed."""
        self._pass_time()
        if not self._crew.at_work():
            return 0
        async with self._one:
            fold = self._fold
            if fold is None:
                return 0
            sent_ns = self._clock.now_ns()

            async def ask(connection: Connection) -> list[WaitRow] | None:
                nonlocal sent_ns
                sent_ns = self._clock.now_ns()
                run, pids = self.terms.run, list(self._crew.seats(sent_ns))
                # The reference API works for us under names of its own.
                prefixes = [f"slotfill {run} w", f"slotfill {run} api"]
                return await self._ask(connection, "waits", "waits", WaitRow, pids, prefixes)

            rows = await self._bounded(ask, self.terms.timeout_s)
            heard_ns = self._clock.now_ns()
            if rows is None:
                return 0
            ours = [row.state for row in rows if row.is_ours]
            self._trouble = "" if ours or fold.samples else _UNKNOWN
            if not self._take(fold, rows, sent_ns, heard_ns):
                self._blind = next((why for state, why in _HIDDEN.items() if set(ours) == {state}), "")
            cost_ns = max((row.server_ns for row in rows), default=0) + OWN_NS + OWN_ROW_NS * len(rows)
            self._cost_ns += cost_ns
            return max(REST * cost_ns, WALL_REST * (heard_ns - sent_ns))

    def _take(self, fold: Fold, rows: list[WaitRow], sent_ns: int, heard_ns: int) -> bool:
        """Join what was seen with where the crew was when the server saw it."""
        if not rows:
            return False
        early_ns, late_ns = self._moment.between(rows[0].seen_ns, sent_ns, heard_ns)
        seats = self._crew.seats
        return fold.take(rows, seats((early_ns + late_ns) // 2), seats(early_ns), seats(late_ns))

    async def _ask(
        self, connection: Connection, name: str, title: str, into: type[Row], *args: object
    ) -> list[Row] | None:
        """Rows of a look's statement, read only and bounded; None when it is refused, now or before."""
        if connection.pooled:
            looking = Looking(connection, self.refusals, self.terms.timeout_s)
            await looking.open()
            rows = await looking.rows(name, title, into, *args)
            await looking.close()
            return rows
        if self.refusals.stands(name):
            return None
        try:
            return await connection.rows(f"observe/{name}", into, *args)
        except STEP_ERRORS as error:
            if not self.refusals.note(name, title, error):
                raise
            return None

    async def _begin_counting(self, connection: Connection) -> None:
        facts = self._facts
        self._count = LegCount(self._mask, has_statements=facts is not None and facts.has_statements)
        await self._count.begin(lambda *asked: self._ask(connection, *asked))

    async def _end_counting(self, connection: Connection) -> Counters | None:
        return None if self._count is None else await self._count.end(lambda *asked: self._ask(connection, *asked))

    # The connection

    async def _trying(self, work: Callable[[Connection], Awaitable[Row]]) -> Row | None:
        """The work's answer; None when it failed, which is then told as missing."""
        try:
            return await self._bounded(work, max(_COUNT_S, self.terms.timeout_s))
        except LookFailed as failed:
            self._trouble = f"{failed}; the server's counters are not known for this leg"
            return None

    async def _bounded(self, work: Callable[[Connection], Awaitable[Row]], within_s: float) -> Row:
        """The work's answer within that time. Raises LookFailed; the connection is dropped then."""
        try:
            async with asyncio.timeout(_CONNECT_S):
                connection = await self._connected()
            async with asyncio.timeout(within_s):
                return await work(connection)
        except (DatabaseUnreachable, *STEP_ERRORS) as error:
            self._drop()
            raise LookFailed(self._mask(told(error, within_s))) from error
        except BaseException:
            # Cancelled, or a bug: an open look must not stay behind.
            self._drop()
            raise

    async def _connected(self) -> Connection:
        if self._connection is not None and self._connection.is_open:
            return self._connection
        self._connection = connection = await self._connect()
        if not connection.pooled:
            # The session is nobody else's, so its bounds are set once: a look is then one round trip and not four,
            # and each is a transaction of its own that can write nothing.
            longest_s = max(_COUNT_S, self.terms.timeout_s)
            statement_ms, lock_ms = (max(1, int(longest_s * part)) for part in (500, 100))
            names = ["default_transaction_read_only", "statement_timeout", "lock_timeout"]
            await connection.execute("fill/set_session", names, ["on", str(statement_ms), str(lock_ms)], False)
        self._facts = await connection.row("observe/server_facts", ServerFacts)
        where = await connection.row("observe/whereabouts", Whereabouts)
        self._database = "" if where is None else where.database
        return connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    # What is told

    def _pass_time(self) -> None:
        """Count the time up to now, if the crew was at work in it."""
        now_ns = self._clock.now_ns()
        if self._mark_ns is not None:
            self._worked_ns += now_ns - self._mark_ns
        self._mark_ns = now_ns if self._crew.at_work() else None

    def _told(self, fold: Fold, counters: Counters | None = None, lines: tuple[str, ...] = ()) -> Waits:
        return msgspec.structs.replace(
            fold.told(self._worked_ns / 1e9),
            share=self._cost_ns / self._worked_ns if self._worked_ns else 0.0,
            missing=self._unseen(),
            counters=counters,
            server_log=lines,
        )

    def _unseen(self) -> tuple[str, ...]:
        """What cannot be seen now, a line each."""
        lines = [self._blind, *self.refusals.lines(), self._trouble]
        if self._facts is not None and not self._facts.has_statements:
            lines.append("our statements by the server's count: needs pg_stat_statements")
        return tuple(self._mask(line) for line in lines if line)

    def _name(self, row: WaitRow | None, pid: int) -> str:
        """Who a backend is at which no worker sits now; our own helpers by what they do: `reconciler`."""
        own = f"slotfill {self.terms.run} "
        if row is not None and row.application_name.startswith(own):
            return self._crew.whose(pid) or row.application_name.removeprefix(own)
        return self._crew.whose(pid) or stranger(row, pid)
