"""How long each step took, folded from attempts."""

from engine.metrics.histogram import Histogram
from engine.metrics.rank import LEAST_FOR_P99
from engine.metrics.samples import total_of
from engine.metrics.series import Peaks
from engine.model.event import AttemptEnded, StepTook
from engine.model.snapshot import StepFigures
from engine.model.step import Step

_ORDER = {step: number for number, step in enumerate(Step)}


class _Times:
    __slots__ = ("histogram", "peaks", "refused")

    def __init__(self) -> None:
        self.histogram = Histogram()
        self.peaks = Peaks()
        self.refused = 0


class Steps:
    """Lengths of the steps that succeeded; refused ones are only counted, as a fast refusal would flatter them."""

    def __init__(self) -> None:
        self._times: dict[Step, _Times] = {}

    def take(self, event: AttemptEnded) -> None:
        """Every step of an attempt."""
        ended_ns = event.ended_ns
        for took in event.steps:
            if took.step is not Step.TOTAL:
                self._take(took, ended_ns)
        self._take(total_of(event), ended_ns)

    def _take(self, took: StepTook, ended_ns: int) -> None:
        times = self._times.get(took.step)
        if times is None:
            times = self._times[took.step] = _Times()
        if took.refused:
            times.refused += 1
            return
        took_ns = took.took_ns
        times.histogram.record(took_ns)
        # No step ends after its attempt: a second to come would make its series longer than the others.
        at_ns = took.started_ns + took_ns
        times.peaks.record(at_ns if at_ns < ended_ns else ended_ns, took_ns)

    def histograms(self) -> dict[Step, Histogram]:
        """Lengths of each step's successes, as they are counted: to be read at once, not kept."""
        return {step: self._times[step].histogram for step in sorted(self._times, key=_ORDER.__getitem__)}

    def figures(self, now_ns: int) -> tuple[StepFigures, ...]:
        """Each step that was seen, in their order."""
        return tuple(
            _figures(step, times, now_ns) for step, times in sorted(self._times.items(), key=lambda it: _ORDER[it[0]])
        )


def _figures(step: Step, times: _Times, now_ns: int) -> StepFigures:
    p50, p95, p99 = times.histogram.percentiles(50, 95, 99)
    return StepFigures(
        step=step,
        count=times.histogram.count,
        refused=times.refused,
        p50_ns=p50,
        p95_ns=p95,
        p99_ns=p99 if times.histogram.count >= LEAST_FOR_P99 else None,
        max_ns=times.histogram.max,
        series=times.peaks.until(now_ns),
    )
