"""Giving bookings their tables: in the request under a timeout, and in the background with retries."""

import asyncio
import itertools
from datetime import timedelta

import msgspec

from engine.booking_api.attempt import INLINE_TIMEOUT, Attempted, Trial, Wanted, result
from engine.booking_api.bodies import Backlog, LastResult
from engine.booking_api.hall import Hall
from engine.database import DatabaseFailed, DatabaseUnreachable

CUTOFF = timedelta(minutes=10)
"""Nobody is given tables by a job so shortly before the booking begins."""
MOST_ATTEMPTS = 11
AFTER_HARD_FAILURE = 2
"""Attempts of a job after the planner itself found nothing in the request."""
MOST_JOBS = 20_000
EXHAUSTED = "exhausted"
"""A last result whose reason begins so is the last there will be."""
PENDING = frozenset({"pending", "pending_allocation"})


class Assigner:
    """Attempts in requests, and jobs. All its tasks are the group's."""

    def __init__(self, hall: Hall, group: asyncio.TaskGroup) -> None:
        self._hall = hall
        self._group = group
        self._numbers = itertools.count(1)
        self._inline = 0
        self._late = 0
        self._waiting = 0
        self._running = 0

    @property
    def backlog(self) -> Backlog:
        """What is yet to be done."""
        return Backlog(self._inline, self._late, self._waiting, self._running)

    async def inline(self, wanted: Wanted) -> tuple[Attempted, LastResult]:
        """Try to assign it while its request waits. After the timeout the attempt goes on, and may still confirm."""
        trial = self._trial(wanted, f"api-{wanted.id}")
        going = self._group.create_task(self._seated(trial), name=f"inline {wanted.id}")
        self._inline += 1
        try:
            async with asyncio.timeout(self._hall.flags.inline_auto_assign_timeout_ms / 1000):
                attempted = await asyncio.shield(going)
        except TimeoutError:
            return self._timed_out(wanted, trial, going)
        finally:
            self._inline -= 1
        said = self._result(attempted, "inline", "creation", attempted.reason)
        self._hall.log.result(wanted.slug, wanted.id, said)
        if attempted.success:
            self._tell(wanted, "inline_auto_assign.succeeded", attempted)
            self._mail(wanted, "confirmed")
        else:
            self._tell(wanted, "inline_auto_assign.failed", attempted, severity="warning")
            self._begin_job(wanted, attempted)
        return attempted, said

    def _timed_out(self, wanted: Wanted, trial: Trial, going: asyncio.Task[Attempted]) -> tuple[Attempted, LastResult]:
        attempted = trial.end(INLINE_TIMEOUT)
        said = self._result(attempted, "inline", "creation", INLINE_TIMEOUT)
        trial.overdue = msgspec.json.encode(said).decode()
        self._tell(wanted, "inline_auto_assign.timeout", attempted, severity="warning")
        self._group.create_task(self._after_timeout(wanted, trial, going, said), name=f"late {wanted.id}")
        return attempted, said

    async def _after_timeout(
        self, wanted: Wanted, trial: Trial, going: asyncio.Task[Attempted], said: LastResult
    ) -> None:
        """Note the timeout, let the attempt in hand come to its end, then go on as after any failure.

        No job may begin before: both would assign tables, and the booking would have them twice.
        """
        self._late += 1
        try:
            if not trial.confirming:
                await self._note(wanted, said)
            attempted = await going
            if not trial.noted:
                await self._note(wanted, said)
        finally:
            self._late -= 1
        if attempted.success:
            self._tell(wanted, "inline_auto_assign.confirmed_late", attempted, severity="warning")
            self._mail(wanted, "confirmed")
        self._begin_job(wanted, attempted)

    def _begin_job(self, wanted: Wanted, before: Attempted) -> None:
        if self._waiting + self._running >= MOST_JOBS:
            self._give_up(wanted, before, "too many jobs wait already", "error", 0, 0)
            return
        self._group.create_task(self._job(wanted, before), name=f"job {wanted.id}")

    async def _job(self, wanted: Wanted, before: Attempted) -> None:
        began_ns = self._hall.clock.now_ns()
        self._say(wanted, "auto_assign.started", after=before.reason)
        attempts = min(self._hall.flags.auto_assign_max_retries + 1, MOST_ATTEMPTS)
        if before.hard:
            attempts = min(attempts, AFTER_HARD_FAILURE)
        last, used, why, word = before, 0, before.reason or "", EXHAUSTED
        while used < attempts:
            if self._hall.stopping.is_set() or (used and not await self._waited(used)):
                why, word = f"the server stopped; before that: {why}", "error"
                break
            if self._hall.clock.wall() > wanted.starts - CUTOFF:
                self._say(wanted, "auto_assign.cutoff_skipped", severity="warning")
                why, word = f"the booking begins in less than {CUTOFF.seconds // 60} minutes", "cutoff"
                break
            used += 1
            self._running += 1
            try:
                attempted = await self._attempt(wanted, used)
            finally:
                self._running -= 1
            if attempted is None:
                self._say(wanted, "auto_assign.exited_already_confirmed", attempt=used)
                self._summary(wanted, "already_confirmed", used - 1, began_ns)
                return
            last, why = attempted, attempted.reason or ""
            if attempted.success:
                self._hall.log.result(wanted.slug, wanted.id, self._result(attempted, "job", "retry", None))
                self._tell(wanted, "auto_assign.succeeded", attempted)
                self._mail(wanted, "confirmed")
                self._summary(wanted, "succeeded", used, began_ns)
                return
        self._give_up(wanted, last, why, word, used, began_ns)

    async def _attempt(self, wanted: Wanted, number: int) -> Attempted | None:
        """One attempt of a job; None when the booking wants no tables any more."""
        self._say(wanted, "auto_assign.attempt", attempt=number)
        trial = self._trial(wanted, f"auto-{wanted.id}")
        try:
            async with self._hall.desks.one() as desk:
                status = await desk.status(wanted.slug, wanted.id)
        except (DatabaseFailed, DatabaseUnreachable) as error:
            attempted = trial.end(str(error))
        else:
            if status not in PENDING:
                return None
            attempted = await self._seated(trial)
        if not attempted.success:
            self._tell(wanted, "auto_assign.attempt_error", attempted, severity="warning")
        return attempted

    async def _waited(self, used: int) -> bool:
        """Wait before the next attempt; whether there is to be one."""
        delays = self._hall.flags.auto_assign_retry_delays_ms or (0,)
        delay_ms = delays[min(used, len(delays)) - 1]
        self._waiting += 1
        try:
            return not await self._hall.clock.wait_for(
                self._hall.stopping, self._hall.clock.now_ns() + delay_ms * 1_000_000
            )
        finally:
            self._waiting -= 1

    def _give_up(self, wanted: Wanted, last: Attempted, why: str, word: str, used: int, began_ns: int) -> None:
        self._hall.log.result(wanted.slug, wanted.id, self._result(last, "job", "retry", f"{EXHAUSTED}: {why}"))
        self._say(wanted, "auto_assign.failed", severity="error", reason=why, attemptsUsed=used)
        self._summary(wanted, word, used, began_ns)

    async def _seated(self, trial: Trial) -> Attempted:
        async with self._hall.seats.one() as seat:
            if self._hall.stopping.is_set():
                return trial.end("the server stopped")
            return await trial.run(seat)

    async def _note(self, wanted: Wanted, said: LastResult) -> None:
        """Note a result now; what cannot be noted now is left to the event log, which comes to it later."""
        try:
            async with self._hall.desks.one() as desk:
                text = msgspec.json.encode(said).decode()
                await desk.execute(wanted.slug, "booking_api/note_results", [wanted.id], [text])
        except (DatabaseFailed, DatabaseUnreachable):
            self._hall.log.result(wanted.slug, wanted.id, said)

    def _trial(self, wanted: Wanted, key: str) -> Trial:
        order = wanted.order(next(self._numbers), key, self._hall.strategy)
        return Trial(order, self._hall.strategy, self._hall.clock, self._hall.spec.planner_delay_ms)

    def _result(self, attempted: Attempted, source: str, trigger: str, reason: str | None) -> LastResult:
        return result(attempted, source, trigger, self._hall.strategy, reason)

    def _tell(self, wanted: Wanted, word: str, attempted: Attempted, *, severity: str = "info") -> None:
        """An event about an attempt; with the time of each step when capacity is profiled."""
        context: dict[str, object] = {
            "attemptId": attempted.attempt_id,
            "durationMs": round(attempted.took_ns / 1e6),
            "reason": attempted.reason,
            "tables": attempted.tables,
        }
        if self._hall.flags.debug_capacity_profiling:
            context["stepsMs"] = {step: round(took / 1e6, 3) for step, took in attempted.times}
        self._say(wanted, word, severity=severity, **context)

    def _summary(self, wanted: Wanted, word: str, used: int, began_ns: int) -> None:
        took_ms = round((self._hall.clock.now_ns() - began_ns) / 1e6)
        self._say(wanted, "auto_assign.summary", result=word, attemptsUsed=used, totalDurationMs=took_ms)

    def _mail(self, wanted: Wanted, variant: str) -> None:
        """No mail is ever sent here: what is told is whether the platform would have sent one."""
        word = "suppressed" if self._hall.flags.suppress_emails else "would_send"
        self._hall.log.event("booking", f"booking.email.{word}", wanted.restaurant, wanted.id, variant=variant)

    def _say(self, wanted: Wanted, word: str, *, severity: str = "info", **context: object) -> None:
        self._hall.log.event("auto_assign", word, wanted.restaurant, wanted.id, severity=severity, **context)
