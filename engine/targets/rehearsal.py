"""A target in memory with the platform's rules: to test whatever is not Postgres, and to rehearse a plan."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
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
        self.confirmed: dict[UUID, tuple[str, ...]] = {}
        self.rows: dict[UUID, HeldRow] = {}
        """Bookings that were made or confirmed here, as a database would have them."""
        self.busy: list[Busy] = []
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
        return Reading(waiting | self.rows)

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
            for one in self.busy
        )


class _RehearsalStanding:
    def __init__(self, target: RehearsalTarget) -> None:
        self._target = target

    async def open(self) -> None:
        """It is in memory."""

    async def read(self, bookings: Collection[UUID], acknowledged: Collection[int]) -> Reading:
        """Those of them that were made here."""
        rows = (await self._target.held(bookings, acknowledged)).rows
        return Reading({one: rows[one] for one in bookings if one in rows})

    async def close(self) -> None:
        """Nothing is held."""


class _RehearsalSeat:
    pid: int | None = None

    def __init__(self, target: RehearsalTarget) -> None:
        self._target = target
        self._quote: Quote | None = None

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
        self._quote = planner.quote(turn.on, turn.at, turn.party, list(self._target.busy), strategy=strategy)
        return self._quote

    async def hold(self, order: Order, candidate: Candidate, hold_id: UUID) -> Held | Refusal:
        await self._target.pass_time()
        window = self._window()
        refusal = self._conflict(Step.HOLD, candidate, window, "thw_no_overlap")
        if refusal is not None:
            return refusal
        self._target.busy.extend(Busy(table.id, window.start, window.end, hold_id) for table in candidate.tables)
        return Held(hold_id=hold_id)

    async def confirm(self, order: Order, candidate: Candidate, hold_id: UUID) -> Confirmed | Refusal:
        await self._target.pass_time()
        window = self._window()
        refusal = self._conflict(Step.CONFIRM, candidate, window, "bta_no_overlap")
        if refusal is not None:
            return refusal
        return Confirmed(tables=candidate.numbers)

    async def commit(self, order: Order, candidate: Candidate) -> Committed | Refusal:
        await self._target.pass_time()
        window = self._window()
        ids = {table.id for table in candidate.tables}
        self._target.busy = [
            one
            for one in self._target.busy
            if not (one.hold_id and one.table_id in ids and one.start == window.start and one.end == window.end)
        ]
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
        self._target.busy = [one for one in self._target.busy if one.hold_id != hold_id]
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
