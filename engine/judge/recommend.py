"""How many workers: the fewest that come near the highest throughput, at a success rate that is not worse. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from engine.judge.proportions import fisher
from engine.judge.shifts import holm
from engine.judge.sweep import basis, generator_limited, means, usable
from engine.judge.welch import welch
from engine.model.comparison import Share
from engine.model.levels import Level, Recommended

NEAR = 0.95
"""Of the highest mean throughput: what more workers add beyond is not worth their conflicts."""
ALPHA = 0.05
SUPPORTED, SUGGESTIVE = "supported", "suggestive"


class Tried(msgspec.Struct, frozen=True):
    """One concurrency."""

    rates: tuple[float, ...]
    """Persisted, or filled, a second, of each repeat or run."""
    success: Share | None
    """None where rounds were cut, as they met other tables."""
    limited: bool = False
    """The engine itself was the limit."""


def from_levels(levels: Sequence[Level]) -> Recommended:
    """Of a sweep."""
    used = usable(levels)
    rates = means(used, "persisted", basis(used))
    limited = {int(text.split()[0]) for text in generator_limited(used)}
    found: dict[int, Tried] = {}
    for workers, values in rates.items():
        mine = [one for one in used if one.concurrency == workers]
        whole = Share(sum(one.filled for one in mine), sum(one.attempts for one in mine))
        success = None if any(one.cut for one in used) else whole
        found[workers] = Tried(tuple(values), success, workers in limited)
    return recommended(found)


def recommended(tried: Mapping[int, Tried]) -> Recommended:
    """The recommendation and its reason; none where there is nothing to choose from."""
    left_out = sorted(workers for workers, one in tried.items() if one.limited)
    open_to = {workers: one for workers, one in sorted(tried.items()) if one.rates and not one.limited}
    aside = f"; left out: {_list(left_out)}, where the generator was the limit" if left_out else ""
    if len(open_to) < 2:
        return Recommended(None, "", f"none: fewer than two concurrencies can be judged{aside}")
    kept, said = _not_worse(open_to)
    best = max(kept, key=lambda workers: _mean(kept[workers]))
    near = [workers for workers in kept if _mean(kept[workers]) >= NEAR * _mean(kept[best])]
    chosen = min(near)
    reason = (
        f"{chosen} {'worker' if chosen == 1 else 'workers'}: the fewest with at least {100 * NEAR:.0f} % of the "
        f"highest throughput, {_mean(kept[chosen]):.1f} of {_mean(kept[best]):.1f} a second at {best}{said}"
    )
    grade, why = _sure(open_to, chosen)
    return Recommended(chosen, grade, f"{reason}{aside}; {why}")


def _not_worse(open_to: Mapping[int, Tried]) -> tuple[dict[int, Tried], str]:
    """Without those whose success rate is surely lower than the best one's; and what is to be said of it."""
    shares = {workers: one.success for workers, one in open_to.items() if one.success is not None and one.success.of}
    if len(shares) < len(open_to):
        return dict(open_to), "; success rates do not compare, as not every plan was done"
    best = max(shares, key=lambda workers: shares[workers].rate or 0.0)
    others = [workers for workers in shares if workers != best]
    found = holm([fisher(_pair(shares[workers]), _pair(shares[best])) for workers in others])
    worse = [workers for workers, p in zip(others, found, strict=True) if p < ALPHA]
    top = shares[best]
    said = f"; success is highest at {best} with {top.count} of {top.of} ({100 * (top.rate or 0.0):.1f} %), and "
    said += f"surely lower at {_list(worse)}, which are left out" if worse else "nowhere surely lower"
    return {workers: one for workers, one in open_to.items() if workers not in worse}, said


def _sure(open_to: Mapping[int, Tried], chosen: int) -> tuple[str, str]:
    """How sure: whether repeats tell the chosen one from the next with fewer workers."""
    fewer = [workers for workers in open_to if workers < chosen]
    if not fewer:
        if all(len(one.rates) < 2 for one in open_to.values()):
            return SUGGESTIVE, "no fewer were tried, and one run a concurrency does not tell how near it comes"
        return SUPPORTED, "no fewer were tried"
    below = max(fewer)
    one, two = open_to[below].rates, open_to[chosen].rates
    if min(len(one), len(two)) < 2:
        return SUGGESTIVE, f"one run a concurrency does not tell {chosen} from {below}"
    p = welch(one, two)
    if p < ALPHA:
        return SUPPORTED, f"repeats tell {chosen} from {below} (Welch, p = {p:.2g})"
    return SUGGESTIVE, f"repeats do not tell {chosen} from {below} (Welch, p = {p:.2g})"


def _pair(share: Share) -> tuple[int, int]:
    return share.count, share.of


def _mean(one: Tried) -> float:
    return sum(one.rates) / len(one.rates)


def _list(workers: Sequence[int]) -> str:
    return ", ".join(map(str, workers))
