"""Which sample a percentile is, and how sure one can be of it."""

from math import ceil, exp, lgamma, log, log1p, sqrt

LEAST_FOR_P99 = 500
"""Samples below which p99 would say nothing."""


def rank_of(percent: float, count: int) -> int:
    """The nearest rank, from 1, of a percentile among `count` samples; `percent` is 0 to 100."""
    # The small step back keeps 99.9 % of 1000 at rank 999, where floats say 999.0000000000001.
    return min(max(ceil(percent * count / 100 - 1e-9), 1), count)


def interval_of(percent: float, count: int) -> tuple[int | None, int | None]:
    """Ranks between which the percentile lies with 95 % certainty at least, by order statistics; None is unbounded.

    No distribution is assumed: how many of `count` samples lie below the percentile is binomial.
    """
    share = percent / 100
    if count < 1 or not 0 < share < 1:
        return None, None
    spread = sqrt(count * share * (1 - share))
    if spread > 50:  # the normal curve is right to the rank or two here, and the sum below would take a second
        return round(count * share - 1.96 * spread), round(count * share + 1.96 * spread) + 1
    low: int | None = None
    below = 0.0
    for rank in range(count):
        # lgamma: binomial coefficients of a million samples have no float.
        below += exp(
            lgamma(count + 1)
            - lgamma(rank + 1)
            - lgamma(count - rank + 1)
            + rank * log(share)
            + (count - rank) * log1p(-share)
        )
        if low is None and below > 0.025:
            low = rank
        if below >= 0.975:
            return low or None, rank + 1
    return low or None, None
