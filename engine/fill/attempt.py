"""One attempt: submit, quote by one strategy after the other, try candidate after candidate until one is committed."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, TypeVar
from uuid import UUID, uuid5

import msgspec

from engine.clock import Clock
from engine.fill.board import WorkerRow
from engine.model.event import AttemptEnded, Event, Intended, Refused, StepTook
from engine.model.floor import Candidate, Quote, Window
from engine.model.ids import Ids, worker_name
from engine.model.outcome import Certainty, Outcome, Phase, Refusal, certainty_of, classify
from engine.model.step import Step
from engine.model.turn import Order
from engine.target import Confirmed, Seat, Submitted

Answer = TypeVar("Answer")

Log = Callable[[Event], None]
"""Takes an event into journal and tally. Returns only when it is written; raises RecordsFailed."""

OVERCOME = frozenset(
    {Outcome.HOLD_CONFLICT, Outcome.OVERLAP, Outcome.ADJACENCY, Outcome.NOT_MOVABLE, Outcome.ZONE_LOCK}
)
"""Refusals that say something about the tables tried and nothing about the next ones."""
CURABLE = frozenset({Outcome.SERIALIZATION, Outcome.DEADLOCK, Outcome.LOCK_TIMEOUT})
"""Refusals that the very same request may not meet again."""
BACKOFF_NS = 10_000_000
"""Mean wait before the first retry; it doubles with each."""


class Holders:
    """Who of this run took which table for when, so that a conflict can say with whom."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, str], list[tuple[Window, str, int]]] = {}
        """By restaurant and table number, in the order they were taken."""

    def take(self, order: Order, tables: tuple[str, ...], window: Window, worker: str) -> None:
        """The worker has these tables from now on."""
        for table in tables:
            self._taken.setdefault((order.turn.restaurant, table), []).append((window, worker, order.attempt))

    def give_back(self, order: Order, tables: tuple[str, ...]) -> None:
        """The attempt has these tables no more."""
        for table in tables:
            key = (order.turn.restaurant, table)
            self._taken[key] = [one for one in self._taken.get(key, ()) if one[2] != order.attempt]

    def other(self, order: Order, tables: tuple[str, ...], window: Window | None) -> str | None:
        """The last one but this attempt to take one of the tables for then: `w03 #17`; None when nobody of ours did."""
        if window is None:
            return None
        for table in tables:
            for taken, worker, attempt in reversed(self._taken.get((order.turn.restaurant, table), [])):
                if attempt != order.attempt and taken.start < window.end and taken.end > window.start:
                    return f"{worker} #{attempt}"
        return None


class Desk(NamedTuple):
    """What every attempt of a run works with."""

    clock: Clock
    log: Log
    holders: Holders
    zones: Mapping[UUID, str]
    """Names of the zones, for screens."""
    retries: Callable[[], int] = lambda: 0
    """How many retries an attempt has, as the settings in force say."""


class Attempt:
    """One attempt in the making. `run` returns its last word; it raises only for bugs, failed records and a cancel."""

    def __init__(self, order: Order, seat: Seat, row: WorkerRow, desk: Desk) -> None:
        self._order = order
        self._seat = seat
        self._row = row
        self._clock = desk.clock
        self._log = desk.log
        self._holders = desk.holders
        self._zones = desk.zones
        self._retries = desk.retries()
        self._retried = 0
        self._strategy = ""
        self._ids = msgspec.structs.replace(row.ids, turn=order.turn.id, attempt=order.attempt)
        self._steps: list[StepTook] = []
        self._tries = 0
        self._xid: int | None = None
        self._hold: UUID | None = None
        """The hold that is there, or may be."""
        self._window: Window | None = None
        self._taken: tuple[str, ...] = ()
        """Tables of the hold that is there."""
        self._committing = False
        self._unanswered = Phase.BEFORE_SEND
        """The phase if nothing more were heard from here on; decides what a cancel leaves behind."""

    async def run(self, due_ns: int) -> AttemptEnded:
        """Make the attempt. Cancelled, it still logs what it knows and passes the cancel on."""
        started_ns = self._clock.now_ns()
        try:
            decided, given = await self._decide()
            if given is not None and not given[1].tables:
                decided = self._replayed(given[0])
        except asyncio.CancelledError:
            refusal = self._cancelled()
            if not self._committing:
                await self._release()
            self._end(due_ns, started_ns, refusal, None)
            raise
        return self._end(due_ns, started_ns, decided, given)

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
        if self._retried >= self._retries or classify(refusal) not in CURABLE:
            return False
        if certainty_of(refusal) is not Certainty.FAIL:
            return False
        mean_ns = BACKOFF_NS << self._retried
        self._retried += 1
        # Spread out, or those that met once meet again; by the key, so that equal runs wait alike.
        share = random.Random(f"{self._order.key}/{self._retried}").uniform(0.5, 1.5)  # noqa: S311 - no secret
        await self._clock.sleep_until(self._clock.now_ns() + round(mean_ns * share))
        return True

    async def _try_once(self, candidate: Candidate) -> Confirmed | Refusal:
        # By the key: a later attempt for the same booking must not use an id that is in the platform's books.
        hold_id = uuid5(self._order.booking_id, f"hold {self._order.key} {self._tries}")
        self._row.tries(self._tries, candidate, self._zones.get(candidate.tables[0].zone_id, ""))
        self._intend(Step.HOLD, Phase.IN_DOUBT, candidate, hold_id)
        self._hold = hold_id
        held = await self._timed(Step.HOLD, self._seat.hold(self._order, candidate, hold_id))
        if isinstance(held, Refusal):
            if certainty_of(held) is Certainty.INFO:
                await self._release()
            self._hold = None
            return held
        if self._window is not None:
            self._holders.take(self._order, candidate.numbers, self._window, worker_name(self._row.worker))
        self._taken = candidate.numbers
        self._intend(Step.CONFIRM, Phase.UNCOMMITTED, candidate, hold_id)
        confirmed = await self._timed(Step.CONFIRM, self._seat.confirm(self._order, candidate, hold_id))
        if isinstance(confirmed, Refusal):
            await self._release()
            return confirmed
        self._xid = confirmed.xid
        self._unanswered = Phase.IN_DOUBT
        self._committing = True
        committed = await self._timed(Step.COMMIT, self._seat.commit(self._order, candidate))
        if isinstance(committed, Refusal):
            if certainty_of(committed) is Certainty.FAIL:
                await self._release()
            # In doubt, the hold is left to its expiry: releasing it could take the tables from under a late commit.
            return committed
        self._hold = None
        return confirmed

    async def _timed(self, step: Step, call: Awaitable[Answer | Refusal]) -> Answer | Refusal:
        """The step's answer; its time and its refusal are noted."""
        started_ns = self._clock.now_ns()
        self._row.steps(step, started_ns)
        answer = await call
        refused = isinstance(answer, Refusal)
        took_ns = self._clock.now_ns() - started_ns
        self._steps.append(StepTook(step, self._tries, started_ns, took_ns, refused))
        if isinstance(answer, Refusal):
            wanted = answer.tables
            if wanted and answer.held_by is None:
                answer = msgspec.structs.replace(answer, held_by=self._holders.other(self._order, wanted, self._window))
            self._refuse(answer)
        return answer

    def _intend(
        self, step: Step, unanswered: Phase, candidate: Candidate | None = None, hold_id: UUID | None = None
    ) -> None:
        """Write the intent; only then may the request leave."""
        self._log(
            Intended(
                at_ns=self._clock.now_ns(),
                ids=self._at(step),
                key=self._order.key,
                booking_id=self._order.booking_id,
                tables=candidate.numbers if candidate else (),
                hold_id=hold_id,
                strategy=self._strategy,
            )
        )
        self._unanswered = unanswered

    async def _release(self) -> None:
        """Give the hold back, also when we are cancelled meanwhile: the seat bounds how long that takes."""
        if self._hold is None:
            return
        self._holders.give_back(self._order, self._taken)
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

    def _cancelled(self) -> Refusal:
        refusal = Refusal(
            step=self._row.step or Step.SUBMIT,
            phase=self._unanswered,
            message="cancelled by the operator",
            exception="CancelledError",
            timer="operator",
        )
        self._refuse(refusal)
        return refusal

    def _refuse(self, refusal: Refusal) -> None:
        self._log(
            Refused(
                at_ns=self._clock.now_ns(),
                ids=self._at(refusal.step),
                refusal=refusal,
                outcome=classify(refusal).word,
                strategy=self._strategy,
            )
        )

    def _at(self, step: Step) -> Ids:
        return msgspec.structs.replace(self._ids, attempt_try=self._tries or None, step=step)

    def _end(
        self, due_ns: int, started_ns: int, decided: Refusal | None, given: tuple[Candidate, Confirmed] | None
    ) -> AttemptEnded:
        ended_ns = self._clock.now_ns()
        total = StepTook(Step.TOTAL, 0, started_ns, ended_ns - started_ns, decided is not None)
        candidate = given[0] if given else None
        ended = AttemptEnded(
            at_ns=ended_ns,
            ids=self._ids,
            due_ns=due_ns,
            started_ns=started_ns,
            ended_ns=ended_ns,
            outcome=(classify(decided) if decided else Outcome.FILLED).word,
            # What was given was committed, be it no rows at all.
            certainty=certainty_of(decided) if decided and given is None else Certainty.OK,
            booking_id=self._order.booking_id,
            ordinal=self._order.ordinal,
            tries=self._tries,
            steps=(*self._steps, total),
            tables=given[1].tables if given else (),
            seats=candidate.capacity if candidate and not decided else 0,
            party=self._order.turn.party,
            zone=self._zones.get(candidate.tables[0].zone_id) if candidate and not decided else None,
            xid=self._xid,
            refusal=decided,
            strategy=self._strategy,
        )
        self._log(ended)
        return ended
