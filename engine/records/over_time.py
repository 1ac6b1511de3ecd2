"""What a run did in each stretch of its time, from its journal. Pure."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from engine.model.event import AttemptEnded, Event
from engine.model.outcome import Certainty

_S = 1_000_000_000
MOST = 60
"""Stretches at most."""
_WIDTHS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


class OverTime(NamedTuple):
    """Attempts by the stretch that they ended in."""

    width_s: float
    """Of each stretch; the first begins with the run."""
    stretches: tuple[Counter[str], ...]
    """Attempts by outcome."""

    def per_second(self, *words: str) -> list[float]:
        """How many a second ended so, or in any way, stretch by stretch."""
        counts = (sum(one[word] for word in words) if words else one.total() for one in self.stretches)
        return [count / self.width_s for count in counts]

    def outcomes(self) -> list[str]:
        """Words of all outcomes there are, the most frequent first."""
        whole: Counter[str] = Counter()
        for one in self.stretches:
            whole.update(one)
        return [word for word, _ in sorted(whole.items(), key=lambda item: (-item[1], item[0]))]


def over_time(events: Iterable[Event]) -> OverTime | None:
    """The journal's attempts over time; None where none ended."""
    ended = [
        (event.ended_ns / _S, event.outcome)
        for event in events
        if isinstance(event, AttemptEnded) and event.certainty is not Certainty.SKIPPED
    ]
    if not ended:
        return None
    last = max(at for at, _ in ended)
    width = next((one for one in _WIDTHS_S if last / one < MOST), last / (MOST - 1))
    stretches = tuple(Counter[str]() for _ in range(int(last / width) + 1))
    for at, outcome in ended:
        stretches[max(0, int(at / width))][outcome] += 1
    return OverTime(width, stretches)
