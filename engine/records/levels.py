"""The levels of a sweep for `result.json` and `report.md`."""

from collections.abc import Mapping, Sequence

from engine.judge.proportions import wilson
from engine.judge.recommend import from_levels
from engine.judge.sweep import basis, experiments, fits, generator_limited, means, plan_detects, usable
from engine.metrics.rounds import Ran
from engine.metrics.samples import interval, latency_of
from engine.model.figures import Latency, SeatWaste
from engine.model.ledger import Ledger
from engine.model.levels import Level, Sweep
from engine.model.report import Result
from engine.model.round import RoundKind
from engine.model.step import Step
from engine.model.verdict import Experiment
from engine.records.tables import markdown

_STEPS = {step.value: number for number, step in enumerate(Step)}
_REFUSED = ".refused"
EXPERIMENT = (
    "One step was slowed down at a time, at the largest level. Elasticity: how much of the delay each pass through the "
    "step cost all workers together; 1 where only one can be in it at a time, 1 by workers where all are in it side by "
    "side, 0 where others work meanwhile.\n"
)
CONFLICTS = ("hold_conflict", "overlap")
"""Outcomes of a step that say that somebody else was there."""
RULE = (
    "The first round is a warm-up at the largest level: it is kept and in no level. Rounds with a delay are in none "
    "either. In every round attempts begin once each worker has its connection. A level's counts, rates and latencies "
    "are of its whole round; its steady part begins when every worker has ended its first attempt, after a quarter of "
    "the round at the latest, and ends with the first worker's last one."
)
RoundSamples = Mapping[int, Mapping[str, Sequence[int]]]
"""Raw lengths of each round, by step."""


def levels_of(rounds: Sequence[Ran], samples: RoundSamples, ledgers: Mapping[int, Ledger]) -> list[Level]:
    """The counted rounds that came to an end, by concurrency and repeat. `ledgers` by round, of those that have one."""
    counted = [ran for ran in rounds if ran.terms.kind is RoundKind.COUNTED and ran.loads]
    counted.sort(key=lambda ran: (ran.terms.concurrency, ran.terms.repeat))
    return [_level(ran, samples.get(ran.terms.number, {}), ledgers.get(ran.terms.number)) for ran in counted]


def _level(ran: Ran, samples: Mapping[str, Sequence[int]], kept: Ledger | None) -> Level:
    terms, attempts, filled = ran.terms, ran.attempts, ran.filled
    persisted = ran.persisted if kept is None else kept.persisted + kept.recovered
    return Level(
        concurrency=terms.concurrency,
        repeat=terms.repeat,
        attempts=attempts,
        latency_ms=_latencies(samples, refused=False),
        label=terms.label,
        round=terms.number,
        legs=list(ran.legs),
        outcomes=dict(ran.outcomes),
        refusals={step: dict(words) for step, words in ran.refusals.items()},
        success_rate=filled / attempts if attempts else None,
        success_interval=wilson(filled, attempts) if attempts else None,
        filled=filled,
        persisted=persisted,
        fills_per_s=ran.per_s(filled),
        attempts_per_s=ran.per_s(attempts),
        persisted_per_s=ran.per_s(persisted),
        effective_concurrency=ran.effective_concurrency,
        steady=ran.steady(),
        latency_failed_ms=_latencies(samples, refused=True),
        seat_waste=SeatWaste(ran.seat_waste / filled if filled else None, ran.seat_waste),
        tables_per_booking=ran.tables / filled if filled else None,
        ledger=kept,
        state=dict(terms.state),
        cut=ran.cut,
        marks=[terms.differs] if terms.differs else [],
        floor_ms=None if terms.floor is None else terms.floor.p50_ns / 1e6,
        lag_p99_ms=max((one.lag_p99_ns for one in ran.loads), default=0) / 1e6,
        tainted=sum(one.tainted for one in ran.loads),
        cpu_share=max((one.cpu_share for one in ran.loads), default=None),
        kind=terms.kind.value,
    )


def _latencies(samples: Mapping[str, Sequence[int]], *, refused: bool) -> dict[str, Latency]:
    names = sorted((name for name in _STEPS), key=lambda name: _STEPS[name])
    files = {name: f"{name}{_REFUSED}" if refused else name for name in names}
    return {name: latency_of(samples[file]) for name, file in files.items() if samples.get(file)}


def sweep_of(rounds: Sequence[Ran], levels: Sequence[Level], seed: int, repeats: int) -> Sweep | None:
    """What the levels come to together; None where there was no round."""
    if not rounds:
        return None
    found, refusals = fits(levels, seed)
    refusals += [f"round {one.round} ({one.label}): {mark}" for one in levels for mark in one.marks]
    most = max((one.attempts for one in levels), default=0)
    largest = max((one.concurrency for one in levels), default=0)
    return Sweep(
        order=[ran.terms.label for ran in rounds],
        rule=RULE,
        basis=basis(usable(levels)),
        detectable=plan_detects(most, repeats),
        fits=found,
        refusals=refusals,
        generator_limited=generator_limited(levels),
        recommended=from_levels(levels),
        limited_at_most=bool(generator_limited(one for one in levels if one.concurrency == largest)),
    )


def experiment_of(rounds: Sequence[Ran], seed: int) -> dict[str, Experiment]:
    """What throughput made of the delay in each step."""
    return {one.step: one for one in experiments(rounds, seed)}


def level_parts(result: Result, samples: RoundSamples) -> list[str]:
    """Parts of the report; none of a run that is no sweep."""
    sweep = result.sweep
    if sweep is None:
        return []
    parts = [
        "## Levels\n",
        f"{sweep.rule}\n",
        *_laps(result),
        f"{sweep.detectable}\n",
        markdown(
            (
                *("workers", "repeats", "attempts", "filled", "success lies between", "attempts/s", "range"),
                *("persisted/s", "range", "p50", "p50 lies between", "p95", "p95 lies between", "conflicts"),
            ),
            (_row(workers, result.levels, samples, sweep.basis) for workers in _workers(result.levels)),
        ),
        "Milliseconds are of filled attempts, service time of a closed model, all repeats of a level together; those "
        "of attempts that were not filled are in result.json, apart. Throughput is of "
        + ("each round's steady part" if sweep.basis == "steady" else "whole rounds, first send to last answer")
        + ", the mean over repeats.\n",
        *_cut(result.levels),
        "## How it scales\n",
        *[
            f"{one.of} a second: {one.rate:.2f} with one worker, contention (sigma) {one.sigma:.3f} "
            f"({one.sigma_interval[0]:.3f} to {one.sigma_interval[1]:.3f}), coherence (kappa) {one.kappa:.4f} "
            f"({one.kappa_interval[0]:.4f} to {one.kappa_interval[1]:.4f}), 95 % over repeats; "
            f"{one.residual:.1%} off on the mean"
            + ("" if one.peak is None else f"; highest at about {one.peak:.0f} workers")
            + ".\n"
            for one in sweep.fits
        ],
        *[f"No estimate: {why}\n" for why in sweep.refusals],
        *[f"The generator was the limit at {one}.\n" for one in sweep.generator_limited],
    ]
    if sweep.recommended is not None:
        grade = f" ({sweep.recommended.grade})" if sweep.recommended.grade else ""
        parts.append(f"Recommended concurrency: {sweep.recommended.reason}{grade}.\n")
    if result.experiment:
        parts += [
            "## The experiment\n",
            EXPERIMENT,
            markdown(
                ("step", "delay ms", "elasticity", "lies between", "repeats"),
                (
                    (one.step, one.delay_ms, f"{one.elasticity:.2f}", _ends(one), one.runs)
                    for one in result.experiment.values()
                ),
            ),
        ]
    return parts


def _ends(one: Experiment) -> str:
    return f"{one.low:.2f} and {one.high:.2f}" if one.runs > 1 else "n too small"


def _laps(result: Result) -> list[str]:
    """How often each round ran its plan, where that was more than once."""
    laps = result.settings.get("sweep.laps", "")
    if laps in ("", "0", "1"):
        return []
    said = (
        f"Each round ran the fill {laps} times, on the days that follow, one day after the other (`sweep.laps`): once "
        "is over before the largest level's workers have shown how they get on.\n"
    )
    return [said]


def _cut(levels: Sequence[Level]) -> list[str]:
    """The rounds that had to end before their plan was done."""
    cut = [one.label for one in levels if one.cut]
    if not cut:
        return []
    said = "; ".join(cut) if len(cut) < len(levels) else "all of them"
    told = (
        f"Rounds that were ended by sweep.seconds before their plan was done: {said}. They met fewer full tables than "
        "others, so success compares only where the plan was done; throughput compares.\n"
    )
    return [told]


def _workers(levels: Sequence[Level]) -> list[int]:
    return sorted({one.concurrency for one in levels})


def _row(workers: int, levels: Sequence[Level], samples: RoundSamples, how: str) -> tuple[str | int, ...]:
    mine = [one for one in levels if one.concurrency == workers]
    attempts, filled = sum(one.attempts for one in mine), sum(one.filled for one in mine)
    low, high = wilson(filled, attempts)
    total = sorted(took for one in mine for took in samples.get(one.round, {}).get(Step.TOTAL.value, ()))
    taken = latency_of(total)
    conflicts = sum(words.get(word, 0) for one in mine for words in one.refusals.values() for word in CONFLICTS)
    return (
        *(workers, len(mine), attempts, filled, f"{low:.1%} and {high:.1%}"),
        *_spread(means(mine, "attempts", how).get(workers, [])),
        *_spread(means(mine, "persisted", how).get(workers, [])),
        *(_ms(taken.p50), _between(total, 50), _ms(taken.p95), _between(total, 95)),
        conflicts,
    )


def _spread(values: Sequence[float]) -> tuple[str, str]:
    if not values:
        return "none", "not comparable"
    return f"{sum(values) / len(values):.1f}", f"{min(values):.1f} to {max(values):.1f}"


def _between(ordered: Sequence[int], percent: float) -> str:
    low, high = interval(ordered, percent)
    if low is None and high is None:
        return "n too small"
    return f"{'anything' if low is None else _ms(low / 1e6)} and {'anything' if high is None else _ms(high / 1e6)}"


def _ms(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1f}"
