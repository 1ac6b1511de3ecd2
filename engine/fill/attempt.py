"""One attempt: submit, quote by one strategy after the other, try candidate after candidate until one is committed."""

import asyncio
import random
from uuid import UUID

import msgspec

from engine.fill.board import WorkerRow
from engine.fill.desk import Desk
from engine.fill.orders import named
from engine.fill.telling import Telling, Word
from engine.model.event import AttemptEnded
from engine.model.floor import Candidate, Quote
from engine.model.outcome import Certainty, Outcome, Phase, Refusal, certainty_of, classify
from engine.model.step import Step
from engine.model.turn import Order
from engine.target import Confirmed, Seat, Submitted

OVERCOME = frozenset(
    {Outcome.HOLD_CONFLICT, Outcome.OVERLAP, Outcome.ADJACENCY, Outcome.NOT_MOVABLE, Outcome.ZONE_LOCK}
)
"""Refusals that say something about the tables tried and nothing about the next ones."""
CURABLE = frozenset({Outcome.SERIALIZATION, Outcome.DEADLOCK, Outcome.LOCK_TIMEOUT})
"""Refusals that the very same request may not meet again."""
BACKOFF_NS = 10_000_000
"""Mean wait before the first retry; it doubles with each."""
LONGEST_BACKOFF_NS = 1_000_000_000
"""And grows no further: the twentieth would be waited for an hour and a half, and whoever drains waits with it."""


class Attempt(Telling):
    """One attempt in the making. `run` returns its last word; it raises only for bugs, failed records and a cancel."""

    def __init__(self, order: Order, seat: Seat, row: WorkerRow, desk: Desk) -> None:
        super().__init__(order, row, desk)
        self._seat = seat
        self._retried = 0
        self._hold: UUID | None = None
        """The hold that is there, or may be."""
        self._taken: tuple[str, ...] = ()
        """Tables of the hold that is there."""
        self._committing = False

    async def run(self, due_ns: int) -> AttemptEnded:
        """Make the attempt. Cancelled, it still logs what it knows and passes the cancel on."""
        started_ns = self._clock.now_ns()
        try:
            decided, given = await self._decide()
        except asyncio.CancelledError:
            refusal = self._cancelled()
            if not self._committing:
                await self._release()
            self._end(due_ns, started_ns, Word(refusal))
            raise
        return self._end(due_ns, started_ns, self._word(decided, given))

    def _word(self, decided: Refusal | None, given: tuple[Candidate, Confirmed] | None) -> Word:
        if given is None:
            return Word(decided)
        candidate, confirmed = given
        if not confirmed.tables:
            return Word(self._replayed(candidate), acknowledged=True)
        zone = self._desk.zones.get(candidate.tables[0].zone_id)
        return Word(None, confirmed.tables, candidate.capacity, zone, acknowledged=True)

    async def _decide(self) -> tuple[Refusal | None, tuple[Candidate, Confirmed] | None]:
        if self._order.submits:
            submitted = await self._submit()
            if isinstance(submitted, Refusal):
                return submitted, None
            if submitted.booking_id != self._order.booking_id:
                self._order = self._order.of(submitted.booking_id)
        self._unanswered = Phase.UNCOMMITTED
        unseated: Refusal | None = None
        refused: Refusal | None = None
        tried: set[tuple[str, ...]] = set()
        for strategy in self._order.ladder:
            self._strategy = strategy.name if len(self._order.ladder) > 1 else ""
            quote = await self._timed(Step.QUOTE, self._seat.quote(self._order, strategy))
            if isinstance(quote, Refusal):
                return quote, None
            self._window = quote.window
            if not quote.candidates:
                unseated = self._unseated(quote)
            for candidate in quote.candidates:
                # A set that a rung below was refused is refused again: relaxed rungs only add to the adjacent ones.
                if candidate.numbers in tried:
                    continue
                tried.add(candidate.numbers)
                answer = await self._try(candidate)
                if isinstance(answer, Confirmed):
                    return None, (candidate, answer)
                refused = answer
                if classify(refused) not in OVERCOME:
                    return refused, None
        if refused is not None and classify(refused) is Outcome.HOLD_CONFLICT:
            message = f"Hold conflicts prevented all candidates ({self._tries} tried); the last: {refused.message}"
            refused = msgspec.structs.replace(refused, message=message)
        return refused or unseated, None

    async def _submit(self) -> Submitted | Refusal:
        while True:
            self._intend(Step.SUBMIT, Phase.IN_DOUBT)
            submitted = await self._timed(Step.SUBMIT, self._seat.submit(self._order))
            if not (isinstance(submitted, Refusal) and await self._may_retry(submitted)):
                return submitted

    async def _try(self, candidate: Candidate) -> Confirmed | Refusal:
        """Try one candidate; once more while a retry may help."""
        while True:
            self._tries += 1
            answer = await self._try_once(candidate)
            if not (isinstance(answer, Refusal) and await self._may_retry(answer)):
                return answer

    async def _may_retry(self, refusal: Refusal) -> bool:
        """Whether there is a retry left for this refusal; waits its backoff, drawn from the attempt's key."""
        if self._retried >= self._desk.retries() or classify(refusal) not in CURABLE:
            return False
        if certainty_of(refusal) is not Certainty.FAIL:
            return False
        # It was answered: whoever cancels while it waits leaves nothing in doubt.
        self._unanswered = Phase.UNCOMMITTED
        mean_ns = min(BACKOFF_NS << self._retried, LONGEST_BACKOFF_NS)
        self._retried += 1
        # Spread out, or those that met once meet again; by the key, so that equal runs wait alike.
        share = random.Random(f"{self._order.key}/{self._retried}").uniform(0.5, 1.5)  # noqa: S311 - no secret
        await self._clock.sleep_until(self._clock.now_ns() + round(mean_ns * share))
        return True

    async def _try_once(self, candidate: Candidate) -> Confirmed | Refusal:
        # By the key: a later attempt for the same booking must not use an id that is in the platform's books.
        hold_id = named(self._order.booking_id, f"hold {self._order.key} {self._tries}")
        numbers = candidate.numbers
        self._row.tries(self._tries, numbers, self._desk.zones.get(candidate.tables[0].zone_id, ""))
        self._intend(Step.HOLD, Phase.IN_DOUBT, numbers, hold_id)
        self._hold = hold_id
        # A COMMIT of an earlier try was refused, or there would be no other try.
        self._committing = False
        held = await self._timed(Step.HOLD, self._seat.hold(self._order, candidate, hold_id))
        if isinstance(held, Refusal):
            if certainty_of(held) is Certainty.INFO:
                await self._release()
            self._hold = None
            return held
        if self._window is not None:
            self._holders.take(self._order, numbers, self._window, self._row.name)
        self._taken = numbers
        self._intend(Step.CONFIRM, Phase.UNCOMMITTED, numbers, hold_id)
        confirmed = await self._timed(Step.CONFIRM, self._seat.confirm(self._order, candidate, hold_id))
        if isinstance(confirmed, Refusal):
            await self._release()
            return confirmed
        self._xid = confirmed.xid
        self._intend(Step.COMMIT, Phase.IN_DOUBT, numbers, hold_id)
        self._committing = True
        committed = await self._timed(Step.COMMIT, self._seat.commit(self._order, candidate))
        if isinstance(committed, Refusal):
            if certainty_of(committed) is Certainty.FAIL:
                await self._release()
            # In doubt, the hold is left to its expiry: releasing it could take the tables from under a late commit.
            return committed
        self._hold = None
        return confirmed

    async def _release(self) -> None:
        """Give the hold back, also when we are cancelled meanwhile: the seat bounds how long that takes."""
        if self._hold is None:
            return
        self._holders.give_back(self._order, self._taken, self._window)
        self._unanswered = Phase.UNCOMMITTED
        releasing = asyncio.ensure_future(self._seat.release(self._hold))
        try:
            refusal = await asyncio.shield(releasing)
        except asyncio.CancelledError:
            await releasing
            raise
        if refusal is not None:
            self._refuse(refusal)
        self._hold = None

    def _unseated(self, quote: Quote) -> Refusal:
        refusal = Refusal(step=Step.QUOTE, phase=Phase.PLANNED, message=quote.reason or "No suitable tables available")
        self._refuse(refusal)
        return refusal

    def _replayed(self, candidate: Candidate) -> Refusal:
        """The platform's success that left no rows: acknowledged, and told apart from a fill."""
        refusal = Refusal(
            step=Step.CONFIRM,
            phase=Phase.ANSWERED,
            message="the platform answered success with no assignments: a ledger replay, and it was committed",
            tables=candidate.numbers,
        )
        self._refuse(refusal)
        return refusal
