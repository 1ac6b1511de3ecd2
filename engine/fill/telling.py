"""What an attempt says while it is made: intents, refusals, the time of each step, and its last word."""

from collections.abc import Awaitable
from typing import NamedTuple, TypeVar
from uuid import UUID

import msgspec

from engine.fill.board import WorkerRow
from engine.fill.desk import Desk
from engine.model.event import AttemptEnded, Intended, Refused, StepTook
from engine.model.floor import Window
from engine.model.ids import Ids
from engine.model.outcome import Certainty, Outcome, Phase, Refusal, certainty_of, classify
from engine.model.path import Path
from engine.model.step import Step
from engine.model.turn import Order

Answer = TypeVar("Answer")
_CONFIRMED = "confirmed"
_FILLED = Outcome.FILLED.word


class Word(NamedTuple):
    """An attempt's last word, as far as it is not in what was said on the way."""

    refusal: Refusal | None = None
    """What decided; None when filled."""
    tables: tuple[str, ...] = ()
    seats: int = 0
    zone: str | None = None
    acknowledged: bool = False
    """The platform said success, be it with no rows."""
    path: Path | None = None
    planner_ns: int | None = None
    late: bool = False


class Telling:
    """The part of an attempt that tells; how it is made is its heirs'."""

    def __init__(self, order: Order, row: WorkerRow, desk: Desk) -> None:
        self._order = order
        self._row = row
        self._desk = desk
        self._clock = desk.clock
        self._log = desk.log
        self._holders = desk.holders
        self._strategy = ""
        self._tries = 0
        self._xid: int | None = None
        self._window: Window | None = None
        self._steps: list[StepTook] = []
        ids = row.ids
        # Made field by field, here and in `_at`: `replace` takes three times as long, and each event has one.
        self._ids = Ids(ids.run, ids.leg, ids.worker, order.turn.id, order.attempt)
        self._unanswered = Phase.BEFORE_SEND
        """The phase if nothing more were heard from here on; decides what a cancel leaves behind."""

    async def _timed(self, step: Step, call: Awaitable[Answer | Refusal]) -> Answer | Refusal:
        """The step's answer; its time and its refusal are noted."""
        started_ns = self._clock.now_ns()
        self._row.steps(step, started_ns)
        answer = await call
        took_ns = self._clock.now_ns() - started_ns
        if not isinstance(answer, Refusal):
            self._steps.append(StepTook(step, self._tries, started_ns, took_ns))
        else:
            self._steps.append(StepTook(step, self._tries, started_ns, took_ns, True))
            wanted = answer.tables
            if wanted and answer.held_by is None:
                answer = msgspec.structs.replace(answer, held_by=self._holders.other(self._order, wanted, self._window))
            self._refuse(answer)
        return answer

    def _intend(self, step: Step, unanswered: Phase, tables: tuple[str, ...] = (), hold_id: UUID | None = None) -> None:
        """Write the intent; only then may the request leave."""
        self._log(
            Intended(
                at_ns=self._clock.now_ns(),
                ids=self._at(step),
                key=self._order.key,
                booking_id=self._order.booking_id,
                tables=tables,
                hold_id=hold_id,
                strategy=self._strategy,
                xid=self._xid if step is Step.COMMIT else None,
            )
        )
        self._unanswered = unanswered

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
        ids = self._ids
        return Ids(ids.run, ids.leg, ids.worker, ids.turn, ids.attempt, self._tries or None, step)

    def _end(self, due_ns: int, started_ns: int, word: Word) -> AttemptEnded:
        ended_ns = self._clock.now_ns()
        decided = word.refusal
        total = StepTook(Step.TOTAL, 0, started_ns, ended_ns - started_ns, decided is not None)
        ended = AttemptEnded(
            at_ns=ended_ns,
            ids=self._ids,
            due_ns=due_ns,
            started_ns=started_ns,
            ended_ns=ended_ns,
            outcome=classify(decided).word if decided else _FILLED,
            certainty=certainty_of(decided) if decided and not word.acknowledged else Certainty.OK,
            booking_id=self._order.booking_id,
            ordinal=self._order.ordinal,
            tries=self._tries,
            steps=(*self._steps, total),
            tables=word.tables,
            seats=word.seats,
            party=self._order.turn.party,
            zone=word.zone,
            xid=self._xid,
            refusal=decided,
            strategy=self._strategy,
            path=word.path,
            planner_ns=word.planner_ns,
            late=word.late,
            window=self._window if word.tables else None,
            # Nothing decided against it: the platform answered, or was seen, with the booking confirmed.
            status=_CONFIRMED if decided is None else "",
        )
        self._log(ended)
        return ended
