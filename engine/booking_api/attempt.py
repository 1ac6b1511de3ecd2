"""One attempt of the platform to give a booking its tables: quote, then hold, confirm and commit set after set."""

import asyncio
from datetime import datetime
from uuid import UUID, uuid5

import msgspec

from engine.booking_api.bodies import AssignStrategy, LastResult
from engine.booking_api.seat import ApiSeat
from engine.clock import Clock
from engine.model.floor import Candidate, Quote
from engine.model.ids import AttemptId, TurnId
from engine.model.outcome import Certainty, Outcome, Refusal, certainty_of, classify
from engine.model.strategy import AdjacencyMode, Strategy
from engine.model.turn import Order, Turn
from engine.target import Confirmed

INLINE_TIMEOUT = "INLINE_TIMEOUT"
_NEXT_MAY_DO = frozenset(
    {Outcome.HOLD_CONFLICT, Outcome.OVERLAP, Outcome.ADJACENCY, Outcome.NOT_MOVABLE, Outcome.ZONE_LOCK}
)
"""Refusals that say something about the tables tried and nothing about the next ones."""


class Wanted(msgspec.Struct, frozen=True):
    """A booking that wants tables."""

    id: UUID
    slug: str
    restaurant: UUID
    turn: Turn
    starts: datetime

    def order(self, number: int, key: str, strategy: Strategy) -> Order:
        """What one attempt for it is asked; nobody is named, as nobody is made."""
        return Order(
            attempt=AttemptId(number),
            turn=msgspec.structs.replace(self.turn, id=TurnId(number), booking_id=self.id),
            ordinal=1,
            booking_id=self.id,
            key=key,
            name="",
            email="",
            phone="",
            ladder=(strategy,),
        )


class Attempted(msgspec.Struct, frozen=True):
    """How an attempt ended."""

    attempt_id: str
    at: datetime
    """When it began."""
    reason: str | None
    """Why it failed; None when the booking has its tables."""
    tables: tuple[str, ...] = ()
    zone: UUID | None = None
    alternates: int = 0
    hard: bool = False
    """The planner itself found nothing: trying again at once would find nothing either."""
    took_ns: int = 0
    """The wait for a seat included."""
    times: tuple[tuple[str, int], ...] = ()
    """Nanoseconds by step."""

    @property
    def success(self) -> bool:
        """Whether the booking has its tables."""
        return self.reason is None


class Trial:
    """An attempt in the making."""

    def __init__(self, order: Order, strategy: Strategy, clock: Clock, delay_ms: int) -> None:
        self._order = order
        self._strategy = strategy
        self._clock = clock
        self._delay_s = delay_ms / 1000
        self._began_ns = clock.now_ns()
        self._at = clock.wall()
        self._times: dict[str, int] = {}
        self._alternates = 0
        self.id = f"{order.key}-{order.attempt}"
        self.overdue: str | None = None
        """The result to be noted together with a confirmation that comes too late."""
        self.confirming = False
        """The database has been asked to confirm, and has the booking's row locked."""
        self.noted = False
        """`overdue` was written in the confirming transaction."""

    @property
    def took_ns(self) -> int:
        """How long it has taken up to now."""
        return self._clock.now_ns() - self._began_ns

    async def run(self, seat: ApiSeat) -> Attempted:
        """Make it. Every refusal is in the answer; raises only for bugs and cancellation."""
        self._spent("seat", self._began_ns)
        began_ns = self._clock.now_ns()
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        quote = await seat.quote(self._order, self._strategy)
        self._spent("planner", began_ns)
        if isinstance(quote, Refusal):
            return self._failed(quote.message)
        if not quote.candidates:
            return self._failed(quote.reason or "No suitable tables available", hard=True)
        return await self._walk(seat, quote)

    def end(self, reason: str) -> Attempted:
        """How it ends when nobody waits for it any more."""
        return self._failed(reason)

    async def _walk(self, seat: ApiSeat, quote: Quote) -> Attempted:
        self._alternates = quote.stats.alternates
        refused: Refusal | None = None
        for number, candidate in enumerate(quote.candidates, start=1):
            answer = await self._try(seat, candidate, uuid5(self._order.booking_id, f"hold {self.id} {number}"))
            if isinstance(answer, Confirmed):
                return self._ended(None, tables=answer.tables, zone=candidate.tables[0].zone_id)
            refused = answer
            if classify(refused) not in _NEXT_MAY_DO:
                return self._failed(refused.message)
        if refused is not None and classify(refused) is Outcome.HOLD_CONFLICT:
            return self._failed("Hold conflicts prevented all candidates")
        return self._failed(refused.message if refused else "No suitable tables available")

    async def _try(self, seat: ApiSeat, candidate: Candidate, hold_id: UUID) -> Confirmed | Refusal:
        began_ns = self._clock.now_ns()
        held = await seat.hold(self._order, candidate, hold_id)
        self._spent("hold", began_ns)
        if isinstance(held, Refusal):
            if certainty_of(held) is Certainty.INFO:
                await seat.release(hold_id)
            return held
        began_ns = self._clock.now_ns()
        self.confirming = True
        confirmed = await seat.confirm(self._order, candidate, hold_id)
        self._spent("confirm", began_ns)
        if isinstance(confirmed, Refusal):
            self.confirming = False
            await seat.release(hold_id)
            return confirmed
        if self.overdue is not None:
            # In this very transaction, so that nobody ever sees the late confirmation without the note.
            await seat.note(self._order.booking_id, self.overdue)
            self.noted = True
        began_ns = self._clock.now_ns()
        committed = await seat.commit(self._order, candidate)
        self._spent("commit", began_ns)
        self.confirming = False
        if not isinstance(committed, Refusal):
            return confirmed
        if certainty_of(committed) is Certainty.FAIL:
            await seat.release(hold_id)
        # In doubt, the hold is left to its expiry: releasing it could take the tables from under a late commit.
        return committed

    def _spent(self, step: str, began_ns: int) -> None:
        self._times[step] = self._times.get(step, 0) + self._clock.now_ns() - began_ns

    def _failed(self, reason: str, *, hard: bool = False) -> Attempted:
        return self._ended(reason, hard=hard)

    def _ended(
        self, reason: str | None, *, tables: tuple[str, ...] = (), zone: UUID | None = None, hard: bool = False
    ) -> Attempted:
        return Attempted(
            attempt_id=self.id,
            at=self._at,
            reason=reason,
            tables=tables,
            zone=zone,
            alternates=self._alternates,
            hard=hard,
            took_ns=self.took_ns,
            times=tuple(self._times.items()),
        )


def result(attempted: Attempted, source: str, trigger: str, strategy: Strategy, reason: str | None) -> LastResult:
    """The note of an attempt, in the platform's shape."""
    return LastResult(
        source=source,
        last_attempt_at=attempted.at,
        success=reason is None,
        reason=reason,
        strategy=AssignStrategy(strategy.weights.max_tables, strategy.adjacency is not AdjacencyMode.OFF),
        trigger=trigger,
        alternates=attempted.alternates,
        duration_ms=round(attempted.took_ns / 1e6),
        attempt_id=attempted.attempt_id,
    )
