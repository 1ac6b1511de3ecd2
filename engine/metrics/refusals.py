"""What steps were told on the way, counted by proof."""

from engine.model.event import Refused
from engine.model.outcome import Outcome
from engine.model.snapshot import RefusalFigures
from engine.model.step import Step
from engine.redact import mask

_FILLED = Outcome.FILLED.word
_CURABLE = frozenset(outcome.word for outcome in (Outcome.SERIALIZATION, Outcome.DEADLOCK, Outcome.LOCK_TIMEOUT))
"""Outcomes that a retry of the same thing may cure."""


class RefusalCount:
    """Refusals of one step with one proof."""

    __slots__ = ("constraint", "count", "message", "outcome", "overcome", "sqlstate", "step")

    def __init__(self, step: Step, outcome: str, sqlstate: str, constraint: str) -> None:
        self.step = step
        self.outcome = outcome
        self.sqlstate = sqlstate
        self.constraint = constraint
        self.message = ""
        self.count = 0
        self.overcome = 0


class Refusals:
    """All refusals of a run."""

    def __init__(self) -> None:
        self._counts: dict[tuple[Step, str, str | None, str | None], RefusalCount] = {}
        self._retried: dict[str, int] = {}
        self._exhausted: dict[str, int] = {}

    def take(self, event: Refused) -> RefusalCount:
        """One more; the count it belongs to."""
        told = event.refusal
        key = (told.step, event.outcome, told.sqlstate, told.constraint)
        count = self._counts.get(key)
        if count is None:
            count = RefusalCount(told.step, event.outcome, told.sqlstate or "", told.constraint or "")
            self._counts[key] = count
        count.count += 1
        count.message = told.message
        return count

    def settle(self, refusals: list[RefusalCount], outcome: str) -> None:
        """The attempt that was told these has this last word."""
        if not refusals:
            return
        if outcome == _FILLED:
            for told in refusals:
                told.overcome += 1
        curable = [told.outcome for told in refusals if told.outcome in _CURABLE]
        for word in curable:
            self._retried[word] = self._retried.get(word, 0) + 1
        if outcome in curable:  # the last of them decided and was not tried again
            self._retried[outcome] -= 1
            if curable.count(outcome) > 1:
                self._exhausted[outcome] = self._exhausted.get(outcome, 0) + 1

    def figures(self) -> tuple[RefusalFigures, ...]:
        """Each step and proof, most first."""
        ordered = sorted(
            self._counts.values(),
            key=lambda count: (-count.count, count.step, count.outcome, count.sqlstate, count.constraint),
        )
        return tuple(
            RefusalFigures(
                step=count.step,
                outcome=count.outcome,
                sqlstate=count.sqlstate,
                constraint=count.constraint,
                message=mask(count.message),
                count=count.count,
                overcome=count.overcome,
            )
            for count in ordered
        )

    def retries(self) -> dict[str, tuple[int, int]]:
        """Tried again, and exhausted, by outcome."""
        return {
            word: (tried, self._exhausted.get(word, 0)) for word, tried in sorted(self._retried.items()) if tried > 0
        }
