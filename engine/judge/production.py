"""Whether a run shows a platform that is fit for production, and what blocks it. Pure.

A bound is kept or broken where the whole 95 % interval is on one side of it; else it cannot be said. What nobody
measured is not taken for kept.
"""

from collections import Counter
from statistics import fmean

from engine.judge import telling
from engine.judge.proportions import wilson
from engine.judge.shifts import bootstrap
from engine.judge.subject import Subject, succeeded
from engine.model.comparison import Reading, Share
from engine.model.outcome import Outcome
from engine.model.production import ProductionFit, ProductionTargets, Requirement
from engine.model.step import Step

RESAMPLES = 400
_PLANNED = (Step.QUOTE, Step.HOLD, Step.CONFIRM, Step.COMMIT)
_FILLED = Outcome.FILLED.word
_CAUSES = 3


def fit_for_production(one: Subject, targets: ProductionTargets, reading: Reading, seed: int = 7) -> ProductionFit:
    """Every requirement, and what they come to."""
    found = (
        _success(one, targets, reading),
        _allocation(one, targets, reading, seed),
        _utilisation(one, targets),
        _multi(one, targets),
        _violations(one, targets),
        _lost(one, targets),
    )
    blockers = tuple(
        f"{each.name} {each.shown}, wanted {each.wanted}{_tail(each.why)}" for each in found if each.met is False
    )
    unknown = [each.name for each in found if each.met is None]
    fit = False if blockers else None if unknown or one.refusals else True
    if fit is False:
        says = f"run {one.label} is not fit for production: {'; '.join(blockers)}"
    elif fit is None:
        whys = [f"{', '.join(unknown)} cannot be said"] if unknown else []
        whys += one.refusals
        says = f"run {one.label}: nothing blocks production, and it is not proven fit: {'; '.join(whys)}"
    else:
        says = f"run {one.label} is fit for production: it keeps all {len(found)} targets"
    return ProductionFit(one.facts.run_id, fit, found, blockers, says)


def _tail(why: str) -> str:
    return f" ({why})" if why else ""


def _success(one: Subject, targets: ProductionTargets, reading: Reading) -> Requirement:
    asked = one.taken.asked
    share = Share(sum(succeeded(each, reading) for each in asked), len(asked))
    ends = wilson(share.count, share.of)
    words: Counter[str] = Counter(
        word for each in asked if not succeeded(each, reading) for word in each.outcomes if word != _FILLED
    )
    named = ", ".join(f"{telling.label(word)} {count}" for word, count in words.most_common(_CAUSES))
    claimed = sum(each.claimed and not succeeded(each, reading) for each in asked)
    why = "; ".join(filter(None, (named, f"{claimed} claimed without it" if claimed else "")))
    return _rate("success rate", share, (targets.success_rate_min, 1.0), ends, why)


def _allocation(one: Subject, targets: ProductionTargets, reading: Reading, seed: int) -> Requirement:
    wanted = f"at most {targets.allocation_ms_max:g} ms"
    groups: dict[int, list[float]] = {}
    for each in sorted(one.taken.asked, key=lambda each: each.began_ns):
        parts = [each.took[step] for step in _PLANNED if step in each.took] or [each.took.get(Step.TOTAL, 0)]
        if succeeded(each, reading) and any(parts):
            groups.setdefault(each.repeat, []).append(sum(parts) / 1e6)
    values = [value for group in groups.values() for value in group]
    if not values:
        return _unknown("mean allocation", wanted, "no booking succeeded")
    ends = bootstrap(list(groups.values()), fmean, seed, RESAMPLES) or (fmean(values), fmean(values))
    mean = fmean(values)
    met = _side(ends, (0.0, targets.allocation_ms_max))
    return Requirement("mean allocation", wanted, mean, f"{mean:.1f} ms", f"{ends[0]:.1f} to {ends[1]:.1f} ms", met)


def _utilisation(one: Subject, targets: ProductionTargets) -> Requirement:
    wanted = f"at least {_percent(targets.table_utilisation_min)} of the tables"
    there = sum(one.tables.values())
    if not there:
        return _unknown("table utilisation", wanted, "how many tables there are is not recorded")
    given = {(each.repeat, each.slot.restaurant, table) for each in one.taken.asked for table in each.given}
    rate = len(given) / (there * one.repeats)
    met = rate >= targets.table_utilisation_min
    shown = f"{len(given)} of {there * one.repeats} ({100 * rate:.1f} %)"
    return Requirement("table utilisation", wanted, rate, shown, "", met)


def _multi(one: Subject, targets: ProductionTargets) -> Requirement:
    known = [each for each in one.taken.asked if each.given]
    bounds = targets.multi_table_min, targets.multi_table_max
    share = Share(sum(len(each.given) > 1 for each in known), len(known))
    if not known:
        wanted = f"{_percent(bounds[0])} to {_percent(bounds[1])}"
        return _unknown("bookings with several tables", wanted, "no booking has tables that are recorded")
    return _rate("bookings with several tables", share, bounds, wilson(share.count, share.of))


def _violations(one: Subject, targets: ProductionTargets) -> Requirement:
    wanted = f"at most {targets.violations_max}"
    count = one.facts.violations
    if count is None:
        return _unknown("broken promises", wanted, "nobody ran the integrity checks")
    return Requirement("broken promises", wanted, count, str(count), "", count <= targets.violations_max)


def _lost(one: Subject, targets: ProductionTargets) -> Requirement:
    kept = one.ledger
    wanted = f"at most {targets.lost_max}"
    count = kept.lost + kept.torn + kept.altered
    claimed = sum(each.claimed and not each.tables for each in one.taken.asked) if one.is_import else 0
    shown = str(count)
    if count > targets.lost_max:
        why = f"of {kept.acknowledged} acknowledged" if kept.acknowledged else ""
        return Requirement("lost bookings", wanted, count, shown, "", met=False, why=why)
    if claimed > targets.lost_max:
        why = "success was claimed, and no tables"
        return Requirement("lost bookings", wanted, claimed, str(claimed), "", met=False, why=why)
    if kept.unverified or kept.unresolved:
        return _unknown("lost bookings", wanted, f"{kept.unverified + kept.unresolved} attempts are not verified")
    return Requirement("lost bookings", wanted, count, shown, "", met=True)


def _rate(
    name: str, share: Share, bounds: tuple[float, float], ends: tuple[float, float], why: str = ""
) -> Requirement:
    low, high = bounds
    wanted = f"at least {_percent(low)}" if high >= 1 else f"{_percent(low)} to {_percent(high)}"
    between = f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f} %"
    met = _side(ends, bounds)
    return Requirement(name, wanted, share.rate, telling.of(share), between, met, "" if met else why)


def _side(ends: tuple[float, float], bounds: tuple[float, float]) -> bool | None:
    """Whether all of the interval is within the bounds, or all of it beyond one; None where it reaches over."""
    if bounds[0] <= ends[0] and ends[1] <= bounds[1]:
        return True
    return False if ends[1] < bounds[0] or ends[0] > bounds[1] else None


def _percent(rate: float) -> str:
    return f"{100 * rate:g} %"


def _unknown(name: str, wanted: str, why: str) -> Requirement:
    return Requirement(name, wanted, None, "-", "", None, why)
