"""Exact latencies from raw samples: what `result.json` prints."""

from collections.abc import Sequence

from engine.metrics.rank import LEAST_FOR_P99, interval_of, rank_of
from engine.model.event import AttemptEnded, StepTook
from engine.model.figures import Latency
from engine.model.outcome import Outcome
from engine.model.step import Step

_FILLED = Outcome.FILLED.word


def timed(event: AttemptEnded) -> tuple[StepTook, ...]:
    """Every step of an attempt as latencies count it.

    `total` is always there, from due to ended: the response time a guest would have felt. Where there is no pace it
    was due when it began. It counts as refused unless the attempt was filled.
    """
    return (*[took for took in event.steps if took.step is not Step.TOTAL], total_of(event))


def total_of(event: AttemptEnded) -> StepTook:
    """The attempt as a whole, as latencies count it."""
    return StepTook(Step.TOTAL, 0, event.due_ns, event.ended_ns - event.due_ns, event.outcome != _FILLED)


def percentile(ordered: Sequence[int], percent: float) -> int | None:
    """The nearest-rank percentile of values in ascending order; None when there are none."""
    return ordered[rank_of(percent, len(ordered)) - 1] if ordered else None


def interval(ordered: Sequence[int], percent: float) -> tuple[int | None, int | None]:
    """Values between which the percentile lies with 95 % certainty; None is unbounded."""
    low, high = interval_of(percent, len(ordered))
    return (
        None if low is None else ordered[low - 1],
        None if high is None else ordered[high - 1],
    )


def latency_of(values: Sequence[int]) -> Latency:
    """One step's latencies in milliseconds, from nanoseconds in any order."""
    ordered = sorted(values)
    enough = len(ordered) >= LEAST_FOR_P99
    return Latency(
        count=len(ordered),
        min=_ms(ordered[0] if ordered else None),
        p50=_ms(percentile(ordered, 50)),
        p90=_ms(percentile(ordered, 90)),
        p95=_ms(percentile(ordered, 95)),
        p99=_ms(percentile(ordered, 99)) if enough else None,
        max=_ms(ordered[-1] if ordered else None),
    )


def _ms(ns: int | None) -> float | None:
    return None if ns is None else ns / 1e6
