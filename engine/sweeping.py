"""The rounds of a sweep as they come: what each begins from, what it slows down, and the client's floor before it."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec

from engine.config import Settings
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, DatabaseUnreachable, describe
from engine.draws import start_times
from engine.model.client_floor import ClientFloor
from engine.model.fault import parse
from engine.model.probe_rows import NothingRow
from engine.model.round import Round
from engine.model.rows import StateRow
from engine.schedule import Delays, refused_fit, schedule
from engine.session import RESTAURANT
from engine.target import Target

SLOW_STEP = "slow-step"
FLOOR_ASKED = 200
"""Empty statements, by all connections together."""
EACH = 8
"""Attempts that each worker of the largest level should have in a round."""
MOST_LAPS = 28
STEPS = ("submit", "hold", "confirm", "commit")
"""Steps that a delay can be put into."""


def rounds_of(settings: Settings, plan: str) -> tuple[Round, ...]:
    """The rounds that the settings ask for, in their order."""
    wanted = settings.sweep
    delays = Delays()
    if wanted.experiment == "on":
        delays = Delays(delayed_steps(settings.run.faults, plan), wanted.delay_ms)
    return schedule(wanted.levels, settings.run.repeat, settings.run.seed, delays)


def laps_of(settings: Settings, plan: str) -> int:
    """How often a round runs its fill, so that the workers of the largest level have enough to do to be judged by.

    Once where no estimate is to be had anyway, and where the plan is long enough by itself. One slot is over in
    milliseconds: at fifteen workers not every one of them gets a booking out of it, and its queue is hardly ever seen.
    """
    sweep, fill = settings.sweep, settings.fill
    if plan != "fill" or refused_fit(len(sweep.levels), settings.run.repeat) or fill.interval_min < 1:
        return 1
    slots = sum(1 for _ in start_times(fill.start, fill.end, fill.interval_min)) * max(1, len(settings.run.restaurants))
    at_once = max(1, fill.days * slots * fill.stress_max)
    return min(MOST_LAPS, max(1, -(-EACH * max(sweep.levels) // at_once)))


def delayed_steps(faults: tuple[str, ...], plan: str) -> tuple[str, ...]:
    """Steps that can be slowed down: all that the plan takes; only the one that is slow already, where one is."""
    slow = _slow(faults)
    if slow is not None:
        return (slow[0],)
    return tuple(step for step in STEPS if not (step == "submit" and plan == "assign"))


def faults_of(faults: tuple[str, ...], terms: Round) -> tuple[str, ...]:
    """What is on in that round: the run's faults, and its delay on top of one that the step has already."""
    if not terms.step:
        return faults
    slow = _slow(faults)
    ms = terms.delay_ms + (slow[1] if slow is not None and slow[0] == terms.step else 0)
    others = tuple(one for one in faults if one.partition("=")[0] != SLOW_STEP)
    return (*others, f"{SLOW_STEP}={terms.step}:{ms}")


def _slow(faults: tuple[str, ...]) -> tuple[str, int] | None:
    """The step that is slow anyway, and by how many milliseconds."""
    for one in faults:
        fault, value = parse(one)
        if fault.name == SLOW_STEP:
            step, _, ms = value.partition(":")
            return step, int(ms)
    return None


class Sweeping:
    """The rounds of one sweep."""

    def __init__(
        self,
        rounds: tuple[Round, ...],
        target: Target,
        connect: Callable[[str], Awaitable[Connection]] | None,
        *,
        needs_context: bool = False,
    ) -> None:
        """`connect` None where no database can be asked."""
        self.rounds = rounds
        self._target = target
        self._connect = connect
        self._needs_context = needs_context
        self._first: dict[str, int] | None = None

    async def terms(self, number: int) -> Round:
        """The terms of the round of that number, now that everything is ready for it; its state and the floor too."""
        terms = self.rounds[number - 1]
        if self._connect is None:
            return msgspec.structs.replace(terms, differs="no database tells what it began from")
        try:
            state = await self._state()
            floor = await self._floor(terms.concurrency)
        except (*STEP_ERRORS, DatabaseFailed, DatabaseUnreachable) as error:
            return msgspec.structs.replace(terms, differs=f"its state could not be read: {_told(error)}")
        if self._first is None:
            self._first = state
        return msgspec.structs.replace(terms, state=state, differs=difference(self._first, state), floor=floor)

    async def _state(self) -> dict[str, int]:
        """Rows by kind, of all restaurants of the run; one after the other where row security wants it."""
        ids = [floor.restaurant_id for floor in self._target.floors.values()]
        groups = [[one] for one in ids] if self._needs_context else [ids]
        found: dict[str, int] = {}
        connection = await self._open("state")
        try:
            for group in groups:
                await connection.begin_looking()
                if self._needs_context:
                    await connection.execute("fill/set_session", [RESTAURANT], [str(group[0])], True)
                row = await connection.row("truth/state", StateRow, group)
                await connection.rollback()
                for name, count in msgspec.structs.asdict(row).items() if row is not None else ():
                    found[name] = found.get(name, 0) + count
        finally:
            await connection.close()
        return found

    async def _floor(self, concurrency: int) -> ClientFloor:
        """Ask for nothing over as many connections at once as there will be workers."""
        connections: list[Connection] = []
        took_ns: list[int] = []
        each = max(5, FLOOR_ASKED // concurrency)

        async def ask(connection: Connection) -> None:
            for _ in range(each):
                began_ns = time.perf_counter_ns()
                await connection.row("probe/nothing", NothingRow)
                took_ns.append(time.perf_counter_ns() - began_ns)

        try:
            for number in range(concurrency):
                connections.append(await self._open(f"floor {number}"))
                await connections[-1].row("probe/nothing", NothingRow)
            cpu_ns = time.process_time_ns()
            await asyncio.gather(*map(ask, connections))
            cpu_ns = time.process_time_ns() - cpu_ns
        finally:
            for connection in connections:
                await connection.close()
        took_ns.sort()
        count = len(took_ns)
        return ClientFloor(count, concurrency, took_ns[count // 2], took_ns[int(count * 0.99)], cpu_ns // count)

    async def _open(self, what: str) -> Connection:
        if self._connect is None:
            raise AssertionError("nobody asks where no database can be")
        return await self._connect(f"slotfill sweep {what}")


def difference(first: dict[str, int], now: dict[str, int]) -> str:
    """In what a state is another one than the first round's; empty when in nothing."""
    other = [f"{now[name]} {name} instead of {count}" for name, count in first.items() if now[name] != count]
    return f"fingerprints differ: {', '.join(other)}" if other else ""


def _told(error: BaseException) -> str:
    return describe(error) if isinstance(error, STEP_ERRORS) else str(error)
