"""A target in memory with the platform's rules: to test whatever is not Postgres, and to rehearse a plan."""

import contextlib
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, MutableMapping
from datetime import date, datetime, timedelta
from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from engine.allocator.planner import Planner
from engine.allocator.window import instant
from engine.clock import Clock
from engine.model.floor import Busy, Candidate, Floor, Quote, Window
from engine.model.ledger import HeldRow, Reading
from engine.model.outcome import Phase, Refusal
from engine.model.step import Step
from engine.model.strategy import Rules, Strategy
from engine.model.turn import Order, PendingBooking
from engine.target import Capability, Committed, Confirmed, Held, Seat, Standing, Submitted

_PAGE = 500


class Taken:
    """Tables that are held or given, by the day (UTC) they are taken from: a quote looks at its own evening only."""

    def __init__(self) -> None:
        self._days: dict[date, list[Busy]] = {}

    def __iter__(self) -> Iterator[Busy]:
        for day in self._days.values():
            yield from day

    def __len__(self) -> int:
        return sum(map(len, self._days.values()))

    def append(self, one: Busy) -> None:
        """One more."""
        self._days.setdefault(one.start.date(), []).append(one)

    def extend(self, more: Iterable[Busy]) -> None:
        """Several more."""
        for one in more:
            self.append(one)

    def near(self, start: datetime, end: datetime) -> list[Busy]:
        """Those that may overlap that time: what is taken from a day on ends before the next one is over."""
        before = (start - timedelta(days=1)).date()
        days = (before + timedelta(days=day) for day in range((end.date() - before).days + 1))
        return [one for day in days for one in self._days.get(day, ())]

    def remove(self, gone: Collection[Busy]) -> None:
        """Those are taken no more."""
        # By what they are and not by what they say: comparing two is slow, and these are the ones that were added.
        ids = {id(one) for one in gone}
        for on in {one.start.date() for one in gone}:
            left = [one for one in self._days.get(on, ()) if id(one) not in ids]
            self._days[on] = left
            if not left:
                del self._days[on]

    def forget(self, before: date) -> None:
        """What is taken before that day is over, and nobody asks for it any more."""
        for on in [day for day in self._days if day < before]:
            del self._days[on]


class RehearsalTarget:
    """Tables, holds and bookings in memory; a taken table refuses as the platform's constraints do.

    Every step takes `step_ns` on the clock, so that a still clock can stop the world between any two of them.
    """

    name = "rehearsal"
    capabilities = frozenset({Capability.STEPS, Capability.VERIFY, Capability.RESET})
    steps = (Step.SUBMIT, Step.QUOTE, Step.HOLD, Step.CONFIRM, Step.COMMIT, Step.TOTAL)

    def __init__(self, floors: Mapping[str, Floor], clock: Clock, *, step_ns: int = 1_000_000) -> None:
        self.floors = dict(floors)
        self.clock = clock
        self.step_ns = step_ns
        self.planners = {slug: Planner(floor) for slug, floor in self.floors.items()}
        self.waiting: dict[UUID, PendingBooking] = {}
        """Bookings that wait for tables; a submit adds one."""
        self.confirmed: MutableMapping[UUID, tuple[str, ...]] = {}
        self.rows: MutableMapping[UUID, HeldRow] = {}
        """Bookings that were made or confirmed here, as a database would have them."""
        self.busy = Taken()
        self._holds: dict[UUID, tuple[Busy, ...]] = {}
        """What each hold takes."""
        self.seats = 0

    async def seat(self, application_name: str) -> Seat:
        """A new seat."""
        self.seats += 1
        return _RehearsalSeat(self)

    def adopt(self, session: Mapping[str, str], rules: Rules) -> None:
        """Planners with these rules; there is no session."""
        self.planners = {slug: Planner(floor, rules) for slug, floor in self.floors.items()}

    async def reload(self) -> None:
        """The floors are as they were given."""

    async def pending(self, restaurants: Collection[str], on: date) -> tuple[PendingBooking, ...]:
        """Bookings of that day that wait for tables, by start and id."""
        found = [one for one in self.waiting.values() if one.restaurant in restaurants and one.on == on]
        return tuple(sorted(found, key=lambda one: (one.at, one.booking_id)))

    async def persisted(self, bookings: Collection[UUID]) -> dict[UUID, int]:
        """Confirmed bookings with how many tables each."""
        return {booking: len(tables) for booking, tables in self.confirmed.items()}

    async def held(self, bookings: Collection[UUID], acknowledged: Collection[int] = ()) -> Reading:
        """Every booking that waits or was made here."""
        waiting = {one.booking_id: self.row(one) for one in self.waiting.values()}
        return Reading(waiting | dict(self.rows))

    @contextlib.asynccontextmanager
    async def moment(self) -> AsyncIterator["_RehearsalMoment"]:
        """The same piece by piece."""
        yield _RehearsalMoment(self)

    def standing(self) -> Standing:
        """To read bookings again and again."""
        return _RehearsalStanding(self)

    def row(self, waiting: PendingBooking) -> HeldRow:
        """A booking that waits, as a database would have it; no attempt made it."""
        starts = instant(ZoneInfo(self.floors[waiting.restaurant].timezone), waiting.on, waiting.at)
        return HeldRow(waiting.booking_id, "pending", "", [], party=waiting.party, starts=starts)

    async def close(self) -> None:
        """Nothing is held."""

    async def pass_time(self) -> None:
        """Let one step's time pass."""
        await self.clock.sleep_until(self.clock.now_ns() + self.step_ns)

    def taken(self, table_id: UUID, start: datetime, end: datetime, *, holds: bool) -> bool:
        """Whether a hold (or an assignment) takes the table in that window."""
        return any(
            one.table_id == table_id and one.start < end and one.end > start and (one.hold_id is not None) == holds
            for one in self.busy.near(start, end)
        )

    def hold(self, hold_id: UUID, tables: Iterable[UUID], window: Window) -> None:
        """The hold takes these tables."""
        self._holds[hold_id] = held = tuple(Busy(table, window.start, window.end, hold_id) for table in tables)
        self.busy.extend(held)

    def let_go(self, hold_id: UUID) -> None:
        """The hold takes nothing any more."""
        self.busy.remove(self._holds.pop(hold_id, ()))


class _RehearsalMoment:
    def __init__(self, target: RehearsalTarget) -> None:
        self._target = target

    async def tagged(self) -> AsyncIterator[list[HeldRow]]:
        """What was made here, page by page."""
        rows = iter(self._target.rows.values())
        while page := list(islice(rows, _PAGE)):
            yield page

    async def rows(self, bookings: Collection[UUID]) -> list[HeldRow]:
        """Those of them that were made here, or wait."""
        return list((await _RehearsalStanding(self._target).read(bookings, ())).rows.values())

    async def unseen(self, acknowledged: Collection[int]) -> frozenset[int]:
        """Everything is seen at once."""
        return frozenset()


class _RehearsalStanding:
    def __init__(self, target: RehearsalTarget) -> None:
        self._target = target

    async def open(self) -> None:
        """It is in memory."""

    async def read(self, bookings: Collection[UUID], acknowledged: Collection[int]) -> Reading:
        """Those of them that were made here."""
        target, found = self._target, {}
        for one in bookings:
            row = target.rows.get(one)
            if row is None and one in target.waiting:
                row = target.row(target.waiting[one])
            if row is not None:
                found[one] = row
        return Reading(found)

    async def close(self) -> None:
        """Nothing is held."""


class _RehearsalSeat:
    pid: int | None = None

    def __init__(self, target: RehearsalTarget) -> None:
        self._target = target
        self._quote: Quote | None = None
        self._hold: UUID | None = None

    async def submit(self, order: Order) -> Submitted | Refusal:
        await self._target.pass_time()
        turn = order.turn
        waiting = PendingBooking(order.booking_id, turn.restaurant, turn.on, turn.at, turn.party)
        self._target.waiting[order.booking_id] = waiting
        self._target.rows[order.booking_id] = msgspec.structs.replace(
            self._target.row(waiting), key=order.key, attempt=order.attempt
        )
        return Submitted(order.booking_id)

    async def quote(self, order: Order, strategy: Strategy) -> Quote | Refusal:
        await self._target.pass_time()
        planner = self._target.planners[order.turn.restaurant]
        turn = order.turn
        at = instant(ZoneInfo(planner.floor.timezone), turn.on, turn.at)
        busy = self._target.busy.near(at, at + timedelta(days=1))
        self._quote = planner.quote(turn.on, turn.at, turn.party, busy, strategy=strategy)
        return self._quote

    async def hold(self, order: Order, candidate: Candidate, hold_id: UUID) -> Held | Refusal:
        await self._target.pass_time()
        window = self._window()
        refusal = self._conflict(Step.HOLD, candidate, window, "thw_no_overlap")
        if refusal is not None:
            return refusal
        self._target.hold(hold_id, [table.id for table in candidate.tables], window)
        return Held(hold_id=hold_id)

    async def confirm(self, order: Order, candidate: Candidate, hold_id: UUID) -> Confirmed | Refusal:
        await self._target.pass_time()
        window = self._window()
        refusal = self._conflict(Step.CONFIRM, candidate, window, "bta_no_overlap")
        if refusal is not None:
            return refusal
        self._hold = hold_id
        return Confirmed(tables=candidate.numbers)

    async def commit(self, order: Order, candidate: Candidate) -> Committed | Refusal:
        await self._target.pass_time()
        window = self._window()
        if self._hold is not None:
            self._target.let_go(self._hold)
        self._target.busy.extend(Busy(table.id, window.start, window.end) for table in candidate.tables)
        waited = self._target.waiting.pop(order.booking_id, None)
        made = self._target.rows.get(order.booking_id) or (None if waited is None else self._target.row(waited))
        if made is not None:
            self._target.rows[order.booking_id] = msgspec.structs.replace(
                made, status="confirmed", tables=list(candidate.numbers), start=window.start, end=window.end
            )
        self._target.confirmed[order.booking_id] = candidate.numbers
        return Committed()

    async def release(self, hold_id: UUID) -> Refusal | None:
        await self._target.pass_time()
        self._target.let_go(hold_id)
        return None

    async def close(self) -> None:
        self._target.seats -= 1

    def _window(self) -> Window:
        if self._quote is None or self._quote.window is None:
            raise AssertionError("holding, confirming and committing come after a quote that gave a window")
        return self._quote.window

    def _conflict(self, step: Step, candidate: Candidate, window: Window, constraint: str) -> Refusal | None:
        """The platform's refusal when one of the tables is taken; holds meet holds, confirmations meet assignments."""
        for table in candidate.tables:
            if self._target.taken(table.id, window.start, window.end, holds=step is Step.HOLD):
                return Refusal(
                    step=step,
                    phase=Phase.ANSWERED,
                    sqlstate="23P01",
                    constraint=constraint,
                    message=f'conflicting key value violates exclusion constraint "{constraint}"',
                    tables=(table.number,),
                )
        return None
