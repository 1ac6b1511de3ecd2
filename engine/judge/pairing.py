"""Two runs over the same bookings: intervals and tests of pairs, each as its source has it. Pure."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import erfc, sqrt

from engine.judge.proportions import Z95

_HALVINGS = 60


def tango(gained: int, lost: int, pairs: int, z: float = Z95) -> tuple[float, float]:
    """The score interval of a difference of two paired rates, second less first (Tango 1998).

    `gained` pairs have it in the second only, `lost` in the first only. (-1, 1) without pairs. Unlike an interval from
    the discordant pairs alone it does not shrink to nothing when there are none.
    """
    if not pairs:
        return -1.0, 1.0
    seen = (gained - lost) / pairs

    def score(difference: float) -> float:
        spread = _variance(gained, lost, pairs, difference)
        gap = gained - lost - pairs * difference
        if spread <= 0:
            return 0.0 if abs(gap) < 1e-12 else (1e9 if gap > 0 else -1e9)
        return gap / sqrt(spread)

    return _edge(score, -1.0, seen, z), _edge(score, seen, 1.0, -z)


def _edge(score: Callable[[float], float], low: float, high: float, wanted: float) -> float:
    """Where a score that falls reaches a value; the bound itself where it never does."""
    if wanted > 0 and score(low) <= wanted:
        return low
    if wanted < 0 and score(high) >= wanted:
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if score(middle) > wanted else (low, middle)
    return (low + high) / 2


def _variance(gained: int, lost: int, pairs: int, difference: float) -> float:
    """Of gained less lost, were that the true difference: `lost` has its likeliest rate under it."""
    a = 2 * pairs
    b = (2 * pairs - gained + lost) * difference - gained - lost
    c = -lost * difference * (1 - difference)
    rate = (sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
    return pairs * (2 * rate + difference * (1 - difference))


def signed_ranks(differences: Sequence[float]) -> float:
    """Two-sided p that paired differences lie about nothing (Wilcoxon 1945).

    Those of nothing are left out; normal approximation with ties and continuity taken in, good from ten pairs. 1.0
    below six, where not even a one-sided outcome reaches 5 %.
    """
    some = [one for one in differences if one]
    n = len(some)
    if n < 6:
        return 1.0
    ordered = sorted(abs(one) for one in some)
    counts = Counter(ordered)
    rank_of: dict[float, float] = {}
    below = 0
    for value in dict.fromkeys(ordered):
        rank_of[value] = below + (counts[value] + 1) / 2
        below += counts[value]
    up = sum(rank_of[one] for one in some if one > 0)
    variance = n * (n + 1) * (2 * n + 1) / 24 - sum(count**3 - count for count in counts.values()) / 48
    z = max(0.0, abs(up - n * (n + 1) / 4) - 0.5) / sqrt(variance)
    return min(1.0, erfc(z / sqrt(2)))
