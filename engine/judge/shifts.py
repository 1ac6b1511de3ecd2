"""Whether times have shifted, and by how much: ranks, shifts and bootstraps. Pure; a seed decides every draw."""

import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from math import ceil, erfc, floor, sqrt
from statistics import median

Z95 = 1.959963984540054
RESAMPLES = 2_000


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> float:
    """Two-sided p that neither sample tends to be larger (Mann and Whitney 1947).

    Normal approximation with ties and continuity taken in, good from eight values a side; 1.0 where a side is empty
    or all values are equal.
    """
    n1, n2 = len(first), len(second)
    if not n1 or not n2:
        return 1.0
    u = _wins(first, second)
    total = n1 + n2
    ties = sum(count**3 - count for count in Counter([*first, *second]).values())
    variance = n1 * n2 / 12 * (total + 1 - ties / (total * (total - 1))) if total > 1 else 0.0
    if variance <= 0:
        return 1.0
    z = max(0.0, abs(u - n1 * n2 / 2) - 0.5) / sqrt(variance)
    return min(1.0, erfc(z / sqrt(2)))


def cliffs_delta(first: Sequence[float], second: Sequence[float]) -> float:
    """How often a value of the second is larger than one of the first, less how often smaller: -1 to 1 (Cliff 1993)."""
    if not first or not second:
        return 0.0
    return 1 - 2 * _wins(first, second) / (len(first) * len(second))


def hodges_lehmann(differences: Sequence[float]) -> tuple[float, float, float] | None:
    """The shift of paired values and its 95 % interval: the median of all Walsh averages (Hodges and Lehmann 1963).

    The interval leaves out as many averages at either end as Wilcoxon's signed ranks allow, by their normal
    approximation; None below six pairs, where no such interval reaches 95 %.
    """
    n = len(differences)
    if n < 6:
        return None
    ordered = sorted(differences)
    averages = sorted((ordered[i] + ordered[j]) / 2 for i in range(n) for j in range(i, n))
    mean, spread = n * (n + 1) / 4, sqrt(n * (n + 1) * (2 * n + 1) / 24)
    out = max(0, floor(mean - Z95 * spread - 0.5))
    return median(averages), averages[out], averages[len(averages) - 1 - out]


def bootstrap(
    groups: Sequence[Sequence[float]], figure: Callable[[Sequence[float]], float], seed: int, resamples: int = RESAMPLES
) -> tuple[float, float] | None:
    """The 95 % percentile interval of a figure when whole groups are drawn again (Efron 1979; cluster bootstrap).

    Values within a run hang together, so runs are drawn and not values; with one run its values are, in blocks of
    about the cube root of their number. None without values.
    """
    filled = [list(group) for group in groups if group]
    if not filled:
        return None
    draws = random.Random(f"bootstrap/{seed}")  # noqa: S311 - no secret
    if len(filled) > 1:
        found = sorted(
            figure([value for group in draws.choices(filled, k=len(filled)) for value in group])
            for _ in range(resamples)
        )
    else:
        found = sorted(figure(_blocks(filled[0], draws)) for _ in range(resamples))
    return found[floor(0.025 * (resamples - 1))], found[ceil(0.975 * (resamples - 1))]


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values with as many tests taken in as were made, in their order (Holm 1979)."""
    adjusted = [0.0] * len(p_values)
    worst = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda one: p_values[one])):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = worst
    return adjusted


def _wins(first: Sequence[float], second: Sequence[float]) -> float:
    """How often a value of the first is larger than one of the second; equal ones count half."""
    ordered = sorted(second)
    return sum((bisect_left(ordered, value) + bisect_right(ordered, value)) / 2 for value in first)


def _blocks(values: Sequence[float], draws: random.Random) -> list[float]:
    """Values drawn again in moving blocks, as many as there are (Künsch 1989)."""
    length = max(1, round(len(values) ** (1 / 3)))
    found: list[float] = []
    while len(found) < len(values):
        start = draws.randrange(len(values) - length + 1)
        found.extend(values[start : start + length])
    return found[: len(values)]
