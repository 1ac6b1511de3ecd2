"""One worker's place at the booking API: a booking is made, and asked after until its end is known."""

from array import array
from collections.abc import Iterator
from uuid import UUID

import msgspec

from engine.api_answers import body_of, submitted
from engine.api_problems import refused, told_to_wait_s
from engine.booking_looks import CORRELATION, Looks
from engine.clock import Clock
from engine.contract import REFERENCE, Contract
from engine.http import HTTP_ERRORS, HttpClient, refusal_of
from engine.model.http import Answer
from engine.model.ids import RunId
from engine.model.outcome import Certainty, Phase, Refusal, certainty_of
from engine.model.step import Step
from engine.model.turn import Order
from engine.target import Heard, Submitted

_NS = 1_000_000_000
_LOW = 2**64 - 1
_TRIES = 3
"""Readings that may fail once a booking's absence could be proven, before it stays unknown."""


class ApiTerms(msgspec.Struct, frozen=True):
    """On what terms a run works at an API."""

    timeout_s: float = 30.0
    """Longest wait for any answer."""
    concurrency: int = 4
    """Connections at most."""
    dsn: str | None = None
    """Where status and tables are read; None to ask the API."""
    contract: Contract = REFERENCE
    """What the database of the DSN offers."""
    settle_s: float = 30.0
    """The server's own longest timeout: only so long after a send can it be proven that it made no booking."""
    patience_s: float = 130.0
    """How long one booking waits out rate limits at most: two windows of a minute, and something."""
    poll_s: float = 0.25
    """Between two readings of `find`."""


class Made:
    """Bookings that were made, each with the attempt it was sent by: 24 bytes for one, as a run may make millions."""

    def __init__(self) -> None:
        self._words = array("Q")

    def add(self, booking: UUID, attempt: int) -> None:
        """One more."""
        self._words.extend((booking.int >> 64, booking.int & _LOW, attempt))

    def __iter__(self) -> Iterator[tuple[UUID, int]]:
        """All of them, in the order they were made."""
        words = iter(self._words)
        for high, low, attempt in zip(words, words, words, strict=True):
            yield UUID(int=high << 64 | low), attempt


class Work:
    """What all seats of a target have in common."""

    def __init__(self, client: HttpClient, looks: Looks, clock: Clock, run: RunId, terms: ApiTerms) -> None:
        self.client = client
        self.looks = looks
        self.clock = clock
        self.run = run
        self.terms = terms
        self.quiet_until_ns: dict[str, int] = {}
        """Of each restaurant whose rate limit was reached: when the next booking may be sent. It counts for all."""
        self.seats = 0
        self.made = Made()
        """Only where the API has to be asked after them; a database is asked for all of the run."""
        self.unheard: dict[int, Order] = {}
        """There too, by attempt: orders that were sent, and nobody knows yet what became of them."""

    def correlation(self, attempt: int) -> str:
        """Run and attempt, as they go along with every request of an order."""
        return f"{self.run}-{attempt}"

    def keep(self, booking: UUID, order: Order) -> None:
        """Remember what was made, where it must be."""
        if self.terms.dsn is None:
            self.made.add(booking, order.attempt)
            self.unheard.pop(order.attempt, None)


class ApiSeat:
    """A seat. It holds nothing of its own: the client's connections are shared."""

    pid: int | None = None

    def __init__(self, work: Work) -> None:
        self._work = work
        work.seats += 1
        # More workers than at the beginning, by an operator's hand, must not wait for one another.
        work.client.allow(work.seats)
        self._sent_ns: tuple[str, int] | None = None
        """Key of the last order that was sent, and when."""
        self.overcome: tuple[Refusal, ...] = ()
        """The 429s that the last `submit` waited out before what it returned."""
        self.rested_ns = 0
        """How long the last `submit` waited for rate limits; that is no time of the server's."""

    async def submit(self, order: Order) -> Submitted | Refusal:
        """Make the booking. A 429 is waited out as told, and the order sent again with the same key.

        Nothing else is ever sent twice: what is in doubt may have been made.
        """
        self.overcome, self.rested_ns = (), 0
        began_ns = self._work.clock.now_ns()
        give_up_ns = began_ns + round(self._work.terms.patience_s * _NS)
        body = body_of(order)
        while True:
            refusal = await self._rested(order, give_up_ns)
            if refusal is not None:
                return refusal
            try:
                answer = await self._send(order, body)
            except HTTP_ERRORS as error:
                return self._heard(order, refusal_of(error, Step.SUBMIT))
            if answer.status != 429:
                break
            self._work.unheard.pop(order.attempt, None)
            self._be_quiet(order, answer)
            self.overcome += (refused(answer, Step.SUBMIT, order),)
        said = submitted(answer, order)
        if isinstance(said, Refusal):
            return self._heard(order, said)
        self._work.keep(said.booking_id, order)
        return said

    async def look(self, order: Order, booking_id: UUID) -> Heard | Refusal:
        """What has become of it."""
        return await self._work.looks.look(order, booking_id, self._work.correlation(order.attempt))

    async def find(self, order: Order) -> UUID | Refusal | None:
        """The booking that was made with the order's key: found, or proven absent, or a refusal while neither is.

        It asks until it is found. Absence is proven only by a reading that began when the server's own longest
        timeout had passed since the send.
        """
        clock, terms = self._work.clock, self._work.terms
        key, sent_ns = self._sent_ns or ("", 0)
        proven_ns = (sent_ns if key == order.key else clock.now_ns()) + round(terms.settle_s * _NS)
        failed = 0
        while True:
            asked_ns = clock.now_ns()
            told = await self._work.looks.find(order, self._work.correlation(order.attempt))
            if isinstance(told, UUID):
                self._work.keep(told, order)
                return told
            if asked_ns >= proven_ns:
                if told is None:
                    self._work.unheard.pop(order.attempt, None)
                    return None
                failed += 1
                if failed >= _TRIES:
                    return told
            next_ns = clock.now_ns() + round(terms.poll_s * _NS)
            await clock.sleep_until(next_ns if asked_ns >= proven_ns else min(next_ns, max(proven_ns, asked_ns + 1)))

    async def close(self) -> None:
        """Leave; the connections are shared, and stay."""
        self._work.seats -= 1

    async def _send(self, order: Order, body: bytes) -> Answer:
        self._sent_ns = order.key, self._work.clock.now_ns()
        if self._work.terms.dsn is None:
            self._work.unheard[order.attempt] = order
        headers = {"Idempotency-Key": order.key, CORRELATION: self._work.correlation(order.attempt)}
        return await self._work.client.post("/api/bookings", body, headers)

    def _heard(self, order: Order, refusal: Refusal) -> Refusal:
        """The refusal; where it proves that nothing was made, that is known from now on."""
        if certainty_of(refusal) is Certainty.FAIL:
            self._work.unheard.pop(order.attempt, None)
        return refusal

    async def _rested(self, order: Order, give_up_ns: int) -> Refusal | None:
        """Wait until the restaurant's rate limit lets the next one in; a refusal when that is too long."""
        clock = self._work.clock
        while True:
            now_ns = clock.now_ns()
            until_ns = self._work.quiet_until_ns.get(order.turn.restaurant, 0)
            if until_ns <= now_ns:
                return None
            if until_ns > give_up_ns:
                return self._impatient(until_ns - now_ns)
            await clock.sleep_until(until_ns)
            self.rested_ns += clock.now_ns() - now_ns

    def _impatient(self, left_ns: int) -> Refusal:
        """The 429 that was not waited out; or that of others, when this order was not even sent."""
        if self.overcome:
            *before, last = self.overcome
            self.overcome = tuple(before)
            return last
        message = f"not sent: the restaurant's rate limit holds for {left_ns / _NS:.0f} s more (HTTP 429)"
        return Refusal(step=Step.SUBMIT, phase=Phase.BEFORE_SEND, message=message, timer="patience")

    def _be_quiet(self, order: Order, answer: Answer) -> None:
        """No seat sends to this restaurant before it is time; untold it is 1 s, and then twice as long each time.

        Less than a second tells nothing: it may be a date that is over by their clock or ours, and whoever believed it
        would ask as fast as it is answered, with patience never coming to its end.
        """
        clock = self._work.clock
        told_s = told_to_wait_s(answer, clock.wall())
        wait_s = 2.0 ** len(self.overcome) if told_s is None or told_s < 1 else told_s
        until_ns = clock.now_ns() + round(wait_s * _NS)
        known_ns = self._work.quiet_until_ns.get(order.turn.restaurant, 0)
        self._work.quiet_until_ns[order.turn.restaurant] = max(known_ns, until_ns)
