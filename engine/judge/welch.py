"""Whether whole runs differ: each repeat gives one value, as values within it hang together. Pure."""

from collections.abc import Sequence
from math import exp, inf, lgamma, log, log1p, sqrt
from statistics import fmean, variance

_TINY = 1e-300
_CLOSE = 1e-15
_MOST_TERMS = 500


def welch(first: Sequence[float], other: Sequence[float]) -> float:
    """Two-sided p that two sets of values have one mean, each with a spread of its own (Welch 1947).

    1.0 with fewer than two values a side: one does not tell how far apart such values lie by themselves.
    """
    if len(first) < 2 or len(other) < 2:
        return 1.0
    gap = fmean(other) - fmean(first)
    parts = variance(first) / len(first), variance(other) / len(other)
    spread = sum(parts)
    if spread <= 0:
        return 1.0 if not gap else 0.0
    freedom = spread**2 / (parts[0] ** 2 / (len(first) - 1) + parts[1] ** 2 / (len(other) - 1))
    return student(gap / sqrt(spread), freedom)


def student(t: float, freedom: float) -> float:
    """The two-sided tail of Student's distribution: how likely a value at least as far out as `t` is."""
    if t == inf:
        return 0.0
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised one, by its continued fraction (Abramowitz and Stegun 26.5.8)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    # The fraction runs quickly on this side of the mean, and the other side is one less it.
    if x < (a + 1) / (a + b + 2):
        return min(1.0, front * _fraction(a, b, x) / a)
    return max(0.0, 1 - front * _fraction(b, a, 1 - x) / b)


def _fraction(a: float, b: float, x: float) -> float:
    """Lentz's way through the continued fraction."""
    above, below = 1.0, 1 / (_away(1 - (a + b) * x / (a + 1)))
    found = below
    for m in range(1, _MOST_TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            below = 1 / _away(1 + term * below)
            above = _away(1 + term / above)
            found *= below * above
        if abs(below * above - 1) < _CLOSE:
            break
    return found


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
