"""The rounds of a sweep, folded from events: what each came to by itself. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from engine.model.event import Acted, AttemptEnded, Event, Intended, LegEnded, Refused, RunPlanned
from engine.model.ids import WorkerId
from engine.model.levels import Steady
from engine.model.outcome import Outcome
from engine.model.round import ClientLoad, Round

CUT = "end round"
"""The engine's own act when a round had its time before its plan was done."""
_FILLED = Outcome.FILLED.word
_LATEST_SHARE = 0.25
"""Of the round: by then it counts as warm."""
_LEAST_SHARE = 0.25
"""A steady part shorter than this share of its round says more of its edges than of itself."""


class Span(NamedTuple):
    """One attempt, as far as throughput asks."""

    worker: WorkerId | None
    started_ns: int
    ended_ns: int
    filled: bool


class Ran:
    """One round as it was run."""

    def __init__(self, terms: Round) -> None:
        self.terms = terms
        self.legs: list[int] = []
        self.outcomes: dict[str, int] = {}
        self.refusals: dict[str, dict[str, int]] = {}
        """By step and outcome, overcome or not."""
        self.steps: dict[str, int] = {}
        """How often each step was taken, refused or not."""
        self.spans: list[Span] = []
        self.persisted = 0
        """As the legs' ends had it."""
        self.loads: list[ClientLoad] = []
        self.cut = False
        """Its time was over before its plan was done."""
        self.seat_waste = 0
        self.tables = 0
        self.first_send_ns: int | None = None

    @property
    def attempts(self) -> int:
        """Those that ended."""
        return len(self.spans)

    @property
    def filled(self) -> int:
        """Of them, those that were filled."""
        return self.outcomes.get(_FILLED, 0)

    @property
    def lasted_s(self) -> float:
        """From the first send to the last answer; 0 without either."""
        if self.first_send_ns is None or not self.spans:
            return 0.0
        return max(0, max(span.ended_ns for span in self.spans) - self.first_send_ns) / 1e9

    @property
    def effective_concurrency(self) -> float | None:
        """Mean number of attempts in flight meanwhile."""
        # The first ones of a plan of waiting bookings are quoted before anything is sent, and may have ended by then.
        sent_ns = self.first_send_ns or 0
        busy_s = sum(max(0, span.ended_ns - max(span.started_ns, sent_ns)) for span in self.spans) / 1e9
        return busy_s / self.lasted_s if self.lasted_s else None

    def per_s(self, count: int) -> float | None:
        """So many, by the time from first send to last answer."""
        return count / self.lasted_s if self.lasted_s else None

    def steady(self) -> Steady | None:
        """The part in which every worker was warm and none had run out of turns.

        None where not every worker made two attempts, or where it would be short.
        """
        firsts: dict[WorkerId | None, int] = {}
        lasts: dict[WorkerId | None, int] = {}
        for span in sorted(self.spans, key=lambda one: one.ended_ns):
            firsts.setdefault(span.worker, span.ended_ns)
            lasts[span.worker] = span.ended_ns
        if len(firsts) < self.terms.concurrency:
            return None
        # One attempt that is starved from the beginning must not keep all others out.
        latest_ns = (self.first_send_ns or 0) + round(_LATEST_SHARE * self.lasted_s * 1e9)
        from_ns, until_ns = min(max(firsts.values()), latest_ns), min(lasts.values())
        seconds = (until_ns - from_ns) / 1e9
        inside = [span for span in self.spans if from_ns < span.ended_ns <= until_ns]
        if seconds < _LEAST_SHARE * self.lasted_s or len(inside) < self.terms.concurrency:
            return None
        busy_ns = sum(
            max(0, min(span.ended_ns, until_ns) - max(span.started_ns, from_ns))
            for span in self.spans
            if span.ended_ns > from_ns and span.started_ns < until_ns
        )
        filled = sum(span.filled for span in inside)
        return Steady(
            seconds=seconds,
            attempts=len(inside),
            filled=filled,
            attempts_per_s=len(inside) / seconds,
            fills_per_s=filled / seconds,
            # Time in flight by time and workers is what throughput times response time comes to (Little 1961), without
            # the error that attempts make which begin before the part or end after it.
            little=busy_ns / 1e9 / seconds / self.terms.concurrency,
        )


def rounds(events: Iterable[Event]) -> list[Ran]:
    """Every round that began, in their order; none of a run that is no sweep."""
    found: dict[int, Ran] = {}
    by_leg: dict[int, Ran] = {}
    for event in events:
        if isinstance(event, RunPlanned):
            if event.round is not None:
                ran = found.setdefault(event.round.number, Ran(event.round))
                ran.legs.append(event.ids.leg)
                by_leg[event.ids.leg] = ran
        elif (ran_in := by_leg.get(event.ids.leg)) is not None:
            _take(ran_in, event)
    return list(found.values())


def _take(ran: Ran, event: Event) -> None:
    if isinstance(event, Intended):
        if ran.first_send_ns is None:
            ran.first_send_ns = event.at_ns
    elif isinstance(event, AttemptEnded):
        filled = event.outcome == _FILLED
        ran.outcomes[event.outcome] = ran.outcomes.get(event.outcome, 0) + 1
        ran.spans.append(Span(event.ids.worker, event.started_ns, event.ended_ns, filled))
        for took in event.steps:
            ran.steps[took.step.value] = ran.steps.get(took.step.value, 0) + 1
        if filled:
            ran.seat_waste += event.seat_waste
            ran.tables += len(event.tables)
    elif isinstance(event, Refused):
        words = ran.refusals.setdefault(event.refusal.step.value, {})
        words[event.outcome] = words.get(event.outcome, 0) + 1
    elif isinstance(event, Acted):
        ran.cut = ran.cut or event.command == CUT
    elif isinstance(event, LegEnded):
        ran.persisted += event.persisted or 0
        if event.load is not None:
            ran.loads.append(event.load)
