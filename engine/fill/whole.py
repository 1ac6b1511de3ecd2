"""One attempt at a target that assigns tables itself: the booking is made, and asked after until its end is known."""

import asyncio
from uuid import UUID

import msgspec

from engine.fill.board import WorkerRow
from engine.fill.desk import Desk
from engine.fill.telling import Telling, Word
from engine.model.event import AttemptEnded, StepTook
from engine.model.outcome import Certainty, Phase, Refusal, certainty_of
from engine.model.path import Path
from engine.model.step import Step
from engine.model.turn import Order
from engine.target import Heard, WholeSeat

CONFIRMED = "confirmed"
INLINE_TIMEOUT = "INLINE_TIMEOUT"


class WholeAttempt(Telling):
    """One attempt in the making. `run` returns its last word; it raises only for bugs, failed records and a cancel."""

    def __init__(self, order: Order, seat: WholeSeat, row: WorkerRow, desk: Desk) -> None:
        super().__init__(order, row, desk)
        self._seat = seat
        self._windows = desk.windows
        self._planner_ns: int | None = None
        self._timed_out = False
        """The platform noted an inline timeout."""

    async def run(self, due_ns: int) -> AttemptEnded:
        """Make the attempt. Cancelled, it still logs what it knows and passes the cancel on."""
        started_ns = self._clock.now_ns()
        try:
            word = await self._decide(started_ns)
        except asyncio.CancelledError:
            self._end(due_ns, started_ns, Word(self._cancelled(), path=Path.FAILED_UNKNOWN))
            raise
        return self._end(due_ns, started_ns, word)

    async def _decide(self, started_ns: int) -> Word:
        self._intend(Step.SUBMIT, Phase.IN_DOUBT)
        submitted = await self._timed(Step.SUBMIT, self._seat.submit(self._order))
        for told in self._seat.overcome:
            self._refuse(told)
        if self._seat.rested_ns:
            took = self._steps[-1]
            self._steps[-1] = msgspec.structs.replace(took, took_ns=max(0, took.took_ns - self._seat.rested_ns))
            # Nor do the windows of a booking begin before it could be sent.
            started_ns += self._seat.rested_ns
        if isinstance(submitted, Refusal):
            found = await self._reconciled(submitted)
            if isinstance(found, Refusal):
                unknown = certainty_of(found) is Certainty.INFO
                return Word(found, path=Path.FAILED_UNKNOWN if unknown else Path.FAILED_INLINE_TERMINAL)
            self._order = self._order.of(found)
        else:
            self._order = self._order.of(submitted.booking_id)
            heard = submitted.heard
            if heard is not None:
                self._note(heard)
                if heard.status == CONFIRMED:
                    return self._filled(await self._with_tables(heard), Path.CONFIRMED_INLINE_API)
                if heard.is_final:
                    return self._refused(heard, Step.SUBMIT, Path.FAILED_INLINE_TERMINAL)
                if heard.reason is not None:
                    # The request's own try is over: what comes now is the background's.
                    return await self._background(started_ns)
        return await self._inline(started_ns)

    async def _inline(self, started_ns: int) -> Word:
        heard = await self._wait(Step.INLINE_WAIT, started_ns + self._windows.inline_ns)
        if heard is None:
            if self._windows.background_ns <= self._windows.inline_ns:
                return self._unseen(Step.INLINE_WAIT, Path.FAILED_INLINE_TIMEOUT)
            return await self._background(started_ns)
        if heard.status == CONFIRMED:
            by_job = heard.source == "job"
            return self._filled(heard, Path.CONFIRMED_BACKGROUND if by_job else Path.CONFIRMED_INLINE_POLL)
        return self._refused(heard, Step.INLINE_WAIT, Path.FAILED_INLINE_TERMINAL)

    async def _background(self, started_ns: int) -> Word:
        heard = await self._wait(Step.BACKGROUND_WAIT, started_ns + self._windows.background_ns)
        if heard is None:
            return self._unseen(Step.BACKGROUND_WAIT, Path.FAILED_BACKGROUND_TIMEOUT)
        if heard.status == CONFIRMED:
            return self._filled(heard, Path.CONFIRMED_BACKGROUND)
        return self._refused(heard, Step.BACKGROUND_WAIT, Path.FAILED_BACKGROUND_TERMINAL)

    async def _wait(self, step: Step, until_ns: int) -> Heard | None:
        """Ask after the booking until its end is known; None when the window closes first."""
        began_ns = self._clock.now_ns()
        self._row.steps(step, began_ns)
        # Nothing that is heard too late undoes the booking: it is there, and may be confirmed at any time.
        self._unanswered = Phase.IN_DOUBT
        heard: Heard | None = None
        while True:
            told = await self._seat.look(self._order, self._order.booking_id)
            if isinstance(told, Refusal):
                self._refuse(msgspec.structs.replace(told, step=step))
            else:
                self._note(told)
                if told.status == CONFIRMED or told.is_final:
                    heard = told
                    break
            now_ns = self._clock.now_ns()
            if now_ns >= until_ns:
                break
            # The last time when the window closes: what was confirmed since the last look was confirmed in it.
            await self._clock.sleep_until(min(now_ns + self._windows.poll_ns, until_ns))
        took_ns = self._clock.now_ns() - began_ns
        refused = heard is None or heard.status != CONFIRMED
        self._steps.append(StepTook(step, self._tries, began_ns, took_ns, refused))
        return heard

    async def _reconciled(self, refusal: Refusal) -> UUID | Refusal:
        """The booking of an answer that never came, found by its key; or the refusal, unknown only if it stays so."""
        if certainty_of(refusal) is not Certainty.INFO:
            return refusal
        found = await self._seat.find(self._order)
        if isinstance(found, Refusal):
            self._refuse(found)
            return refusal
        if found is None:
            message = f"{refusal.message}; looked up by its key after that, it is not there"
            return msgspec.structs.replace(refusal, phase=Phase.UNCOMMITTED, message=message)
        return found

    async def _with_tables(self, heard: Heard) -> Heard:
        """What the answer told, with the tables it does not name; reading them is no time of the platform's."""
        if heard.tables:
            return heard
        told = await self._seat.look(self._order, self._order.booking_id)
        if isinstance(told, Refusal):
            self._refuse(told)
            return heard
        self._note(told)
        return msgspec.structs.replace(heard, tables=told.tables, seats=told.seats, zone=told.zone)

    def _note(self, heard: Heard) -> None:
        if heard.planner_ns is not None:
            self._planner_ns = heard.planner_ns
        self._timed_out = self._timed_out or heard.reason == INLINE_TIMEOUT

    def _filled(self, heard: Heard, path: Path) -> Word:
        return Word(
            None,
            heard.tables,
            heard.seats,
            heard.zone,
            acknowledged=True,
            path=path,
            planner_ns=self._planner_ns,
            late=self._timed_out,
        )

    def _refused(self, heard: Heard, step: Step, path: Path) -> Word:
        """The platform itself gave up, and says why."""
        reason = heard.reason or f"the booking is {heard.status}, and nobody will assign it any more"
        refusal = Refusal(step=step, phase=Phase.PLANNED, message=reason)
        self._refuse(refusal)
        return Word(refusal, path=path, planner_ns=self._planner_ns)

    def _unseen(self, step: Step, path: Path) -> Word:
        """The window closed before anything was decided: the booking is there, and may be confirmed yet."""
        noted = f"; the platform noted {INLINE_TIMEOUT}" if self._timed_out else ""
        refusal = Refusal(
            step=step,
            phase=Phase.IN_DOUBT,
            message=f"not confirmed when the {step.value.removesuffix('_wait')} window closed{noted}",
            exception=None if self._timed_out else "TimeoutError",
            timer=f"api.{step.value.removesuffix('_wait')}_window_s",
        )
        self._refuse(refusal)
        return Word(refusal, path=path, planner_ns=self._planner_ns)
