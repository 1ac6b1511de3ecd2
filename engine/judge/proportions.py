"""Rates and their differences: intervals and exact tests, each as its source has it. Pure."""

from math import exp, inf, lgamma, log, sqrt

Z95 = 1.959963984540054
"""The normal quantile of 97.5 %."""
Z80 = 0.8416212335729143
"""The normal quantile of 80 %, for power."""
_SLACK = 1 + 1e-7
"""Two tables of equal probability may differ in the last digits."""


def wilson(successes: int, trials: int, z: float = Z95) -> tuple[float, float]:
    """The score interval of a rate (Wilson 1927); (0, 1) without trials."""
    if not trials:
        return 0.0, 1.0
    rate, square = successes / trials, z * z
    middle = (rate + square / (2 * trials)) / (1 + square / trials)
    half = z * sqrt(rate * (1 - rate) / trials + square / (4 * trials * trials)) / (1 + square / trials)
    # At the edges the exact bound is the edge; rounding must not put it beside.
    return (0.0 if successes == 0 else middle - half), (1.0 if successes == trials else middle + half)


def newcombe(first: tuple[int, int], second: tuple[int, int], z: float = Z95) -> tuple[float, float]:
    """The interval of second rate minus first, each given as (successes, trials) (Newcombe 1998, method 10)."""
    rates = [k / n if n else 0.5 for k, n in (first, second)]
    (low1, high1), (low2, high2) = wilson(*first, z), wilson(*second, z)
    difference = rates[1] - rates[0]
    below = sqrt((rates[1] - low2) ** 2 + (high1 - rates[0]) ** 2)
    above = sqrt((high2 - rates[1]) ** 2 + (rates[0] - low1) ** 2)
    return max(-1.0, difference - below), min(1.0, difference + above)


def fisher(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Fisher's exact test, two-sided: the p-value that two rates (successes, trials) are the same one.

    Adds up every table with the same margins that is no likelier than the one seen (Fisher 1935).
    """
    (a, n1), (b, n2) = first, second
    hits = a + b
    seen = _hypergeometric(a, n1, n2, hits)
    low, high = max(0, hits - n2), min(hits, n1)
    total = sum(p for k in range(low, high + 1) if (p := _hypergeometric(k, n1, n2, hits)) <= seen * _SLACK)
    return min(1.0, total)


def mcnemar(gained: int, lost: int) -> float:
    """McNemar's exact test on discordant pairs, two-sided: p that a pair turns as easily one way as the other."""
    pairs = gained + lost
    if not pairs:
        return 1.0
    # From the likeliest term of the tail down to where nothing is added any more: whole numbers of a hundred thousand
    # pairs have as many bits, and adding them up takes minutes.
    term = exp(_log_choose(pairs, min(gained, lost)) - pairs * log(2))
    tail = 0.0
    for k in range(min(gained, lost), -1, -1):
        if tail + term == tail:
            break
        tail += term
        term *= k / (pairs - k + 1)
    return min(1.0, 2 * tail)


def detectable(per_arm: int, base: float) -> float | None:
    """The smallest rise or fall of a base rate that so many trials an arm detect: 80 % power, 5 % two-sided.

    By the normal formula of two proportions with a variance each (Fleiss 1981); None when not even the largest
    difference is detected. Halving finds it.
    """
    widest = max(base, 1 - base)
    if per_arm < 1 or _needed(base, widest) > per_arm:
        return None
    low, high = 0.0, widest
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if _needed(base, middle) <= per_arm else (middle, high)
    return high


def needed(base: float, difference: float) -> int:
    """Trials an arm that detect such a difference from a base rate, with 80 % power at 5 % two-sided."""
    found = _needed(base, abs(difference))
    return int(found) + (found > int(found))


def _needed(base: float, difference: float) -> float:
    """For a rise or a fall, whichever takes more; infinite where neither stays a rate."""
    others = [other for other in (base + difference, base - difference) if 0 <= other <= 1]
    if difference <= 0 or not others:
        return inf
    return max(_for_pair(base, other) for other in others)


def _for_pair(base: float, other: float) -> float:
    variance = base * (1 - base) + other * (1 - other)
    return (Z95 + Z80) ** 2 * variance / (other - base) ** 2


def _hypergeometric(k: int, n1: int, n2: int, hits: int) -> float:
    return exp(_log_choose(n1, k) + _log_choose(n2, hits - k) - _log_choose(n1 + n2, hits))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
