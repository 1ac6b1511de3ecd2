"""All runs side by side: by restaurant, pass, outcome and step, with best, worst and how far apart. Pure."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean, pstdev, stdev

from engine.judge.bookings import Asked
from engine.judge.latencies import PERCENTS
from engine.judge.spread import carries
from engine.judge.subject import By, Subject, succeeded
from engine.metrics.samples import percentile
from engine.model.comparison import Column, Lengths, Overview, PassShare, Reading, Share, Spread
from engine.model.outcome import Outcome
from engine.model.step import Step

_FILLED = Outcome.FILLED.word


def overview(subjects: Sequence[Subject], reading: Reading) -> Overview:
    """The tables; success is what the reading says it is."""
    columns = tuple(_column(one, reading) for one in subjects)
    slugs = dict.fromkeys(slug for one in columns for slug in one.restaurants)
    rows = ((slug, {one.run_id: one.restaurants.get(slug) for one in columns}) for slug in slugs)
    whole = {one.run_id: one.success for one in columns}
    return Overview(
        reading=reading,
        columns=columns,
        restaurants=tuple(found for slug, shares in rows if (found := spread(slug, "runs", shares)) is not None),
        runs=spread("all runs", "runs", whole) if len(columns) > 1 else None,
    )


def spread(of: str, over: str, shares: Mapping[str, Share | None]) -> Spread | None:
    """How far these rates lie apart; None where there is none."""
    rates = {name: share.rate for name, share in shares.items() if share is not None and share.rate is not None}
    if not rates:
        return None
    values = list(rates.values())
    worst, best = min(rates, key=rates.__getitem__), max(rates, key=rates.__getitem__)
    return Spread(
        of=of,
        over=over,
        count=len(values),
        least=rates[worst],
        most=rates[best],
        range=rates[best] - rates[worst],
        mean=fmean(values),
        deviation=stdev(values) if len(values) > 1 else None,
        deviation_of_these=pstdev(values),
        worst=worst,
        best=best,
    )


def _column(one: Subject, reading: Reading) -> Column:
    shares = {slug: _share(one, lambda asked: succeeded(asked, reading), slug) for slug in one.restaurants}
    passes = tuple(_passes(one))
    outcomes = Counter(word for asked in one.taken.asked for word in asked.outcomes)
    words = [outcome.word for outcome in Outcome if outcomes[outcome.word]]
    return Column(
        run_id=one.facts.run_id,
        name=one.facts.name,
        setting=_setting(one),
        success=_share(one, lambda asked: succeeded(asked, reading)),
        claimed=_share(one, lambda asked: asked.claimed),
        violations=one.facts.violations,
        restaurants=shares,
        outcomes={word: outcomes[word] for word in words},
        steps=dict(_steps(one, reading)),
        passes=passes,
        spread=spread(one.facts.run_id, "restaurants", shares),
        claims=tuple(_claims(one.facts.run_id, passes)),
    )


def _claims(run_id: str, passes: Sequence[PassShare]) -> Iterator[Spread]:
    """Of each pass, how far its restaurants lie apart by what was claimed."""
    groups: dict[tuple[int, int], dict[str, Share | None]] = {}
    for one in passes:
        if one.restaurant:
            groups.setdefault((one.repeat, one.number), {})[one.restaurant] = Share(one.claimed, one.attempted)
    several = len({repeat for repeat, _ in groups}) > 1
    for (repeat, number), shares in groups.items():
        which = f"pass {number} of repeat {repeat}" if several else f"pass {number}"
        found = spread(f"{run_id} {which}, as claimed", "restaurants", shares)
        if found is not None:
            yield found


def _setting(one: Subject) -> str:
    workers = one.traits.get("run.concurrency", "")
    passes = max((each.number for each in one.passes), default=0)
    parts = [f"{workers} {'worker' if workers == '1' else 'workers'}"] if workers else []
    parts += [f"{passes} {'passes' if passes > 1 else 'pass'}"] if passes else []
    parts += [f"{one.repeats} repeats"] if one.repeats > 1 else []
    return ", ".join(parts)


def _share(one: Subject, has: Callable[[Asked], bool], restaurant: str = "") -> Share:
    had = one.had(By.SLOT, has, restaurant).values()
    return Share(sum(each.count for each in had), sum(each.of for each in had))


def _steps(one: Subject, reading: Reading) -> Iterator[tuple[str, Lengths]]:
    for step in Step:
        ordered = sorted(each.took_ns for each in one.measured(By.SLOT, step.value, reading))
        if ordered:
            yield step.value, Lengths(len(ordered), *(_ms(ordered, percent) for percent in PERCENTS))


def _ms(ordered: Sequence[int], percent: float) -> float | None:
    found = percentile(ordered, percent) if carries(percent, len(ordered)) else None
    return None if found is None else found / 1e6


def _passes(one: Subject) -> Iterator[PassShare]:
    if max((each.number for each in one.passes), default=0) < 2:
        return
    for each in one.passes:
        # A run of ours has tables wherever it says filled; reports may claim without any.
        for slug, had in each.by_restaurant.items():
            yield PassShare(
                one.facts.run_id, each.repeat, each.number, slug, had.attempts, had.confirmed, had.with_tables,
                had.persisted,
            )  # fmt: skip
        yield PassShare(
            one.facts.run_id, each.repeat, each.number, "", each.attempts, each.confirmed, each.with_tables,
            each.persisted,
        )  # fmt: skip
