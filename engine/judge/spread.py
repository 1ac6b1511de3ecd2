"""How far the difference of two runs' percentiles may be off: a bootstrap of both at once. Pure; a seed decides."""

import random
from collections.abc import Sequence
from math import ceil, floor
from typing import TypeVar

from engine.metrics.rank import interval_of, rank_of

RESAMPLES = 1_000
_Value = TypeVar("_Value")
MOST = 1_000
"""Values of a group beyond which they are thinned: an interval from fewer is wider, never narrower."""


def carries(percent: float, count: int) -> bool:
    """Whether so many values bound a percentile on both sides with 95 % certainty."""
    return None not in interval_of(percent, count)


def thinned(values: Sequence[_Value], most: int = MOST) -> list[_Value]:
    """At most so many of them, evenly, in their order."""
    if len(values) <= most:
        return list(values)
    return [values[at * len(values) // most] for at in range(most)]


def differences(
    first: Sequence[Sequence[float]],
    other: Sequence[Sequence[float]],
    percents: Sequence[float],
    seed: int,
    resamples: int = RESAMPLES,
) -> dict[float, tuple[float, float]]:
    """95 % intervals of the other's percentiles less the first's; groups are the repeats of each, in order of time.

    Whole repeats are drawn again; where one run has one, its values are, in moving blocks of about the cube root of
    their number (Künsch 1989), as neighbours in time hang together. A percentile that either cannot carry is left out.
    """
    mine, theirs = ([thinned(group) for group in groups if group] for groups in (first, other))
    counts = [sum(map(len, groups)) for groups in (mine, theirs)]
    wanted = [percent for percent in percents if all(carries(percent, count) for count in counts)]
    if not wanted or resamples < 1:
        return {}
    draws = random.Random(f"differences/{seed}")  # noqa: S311 - no secret
    found: dict[float, list[float]] = {percent: [] for percent in wanted}
    for _ in range(resamples):
        one, two = sorted(_drawn(mine, draws)), sorted(_drawn(theirs, draws))
        for percent, values in found.items():
            values.append(two[rank_of(percent, len(two)) - 1] - one[rank_of(percent, len(one)) - 1])
    low, high = floor(0.025 * (resamples - 1)), ceil(0.975 * (resamples - 1))
    return {percent: (ordered[low], ordered[high]) for percent, values in found.items() if (ordered := sorted(values))}


def _drawn(groups: Sequence[list[float]], draws: random.Random) -> list[float]:
    if len(groups) > 1:
        return [value for group in draws.choices(groups, k=len(groups)) for value in group]
    values = groups[0]
    length = max(1, round(len(values) ** (1 / 3)))
    found: list[float] = []
    while len(found) < len(values):
        start = draws.randrange(len(values) - length + 1)
        found.extend(values[start : start + length])
    return found[: len(values)]
