"""What the levels of a sweep come to together: fits, the experiment, and why neither may be had. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from engine.judge.proportions import detectable, wilson
from engine.judge.scaling import FURTHEST, RESAMPLES, Fitted, Point, fitted
from engine.judge.shifts import bootstrap
from engine.metrics.rounds import Ran
from engine.model.levels import Fit, Level
from engine.model.round import RoundKind
from engine.model.verdict import Experiment
from engine.schedule import refused_fit

TAINTED = 0.01
"""More of the attempts than this tainted by a late loop, and the generator is the limit."""
CPU_FULL = 0.9
"""Of the one core that a loop can use; above, the generator is the limit."""
LITTLE = (0.95, 1.05)
"""Time in flight by workers: outside of this the client's own time is not measured."""
USUAL_RATE = 0.6
"""The success rate from which a difference is counted that a plan could show."""


def usable(levels: Iterable[Level]) -> list[Level]:
    """Those whose figures may go into fits."""
    return [one for one in levels if not one.marks]


def basis(levels: Sequence[Level]) -> str:
    """`steady` where every level has a steady part, else `whole`: the two are never mixed."""
    return "steady" if levels and all(one.steady is not None for one in levels) else "whole"


def throughput(level: Level, of: str, how: str) -> float | None:
    """Attempts or persisted bookings a second, of the steady part or of the whole round."""
    if how == "whole":
        return level.attempts_per_s if of == "attempts" else level.persisted_per_s
    if level.steady is None:
        return None
    if of == "attempts":
        return level.steady.attempts_per_s
    kept = level.persisted / level.filled if level.persisted is not None and level.filled else 0.0
    return level.steady.fills_per_s * min(1.0, kept)


def fits(levels: Sequence[Level], seed: int, resamples: int = RESAMPLES) -> tuple[list[Fit], list[str]]:
    """The law fitted to attempts and to what persisted; and why there is none."""
    used = usable(levels)
    why = refused_fit(len({one.concurrency for one in used}), min(_repeats(used).values(), default=0))
    if why:
        return [], [why]
    how = basis(used)
    found = []
    for of in ("attempts", "persisted"):
        runs: dict[int, list[Point]] = {}
        for one in used:
            x = throughput(one, of, how)
            if x:
                runs.setdefault(one.repeat, []).append((one.concurrency, x))
        fitted_ = fitted(list(runs.values()), seed, resamples)
        if fitted_ is not None:
            found.append(_fit(of, fitted_, max(one.concurrency for one in used)))
    return found, [] if found else ["no throughput to fit: nothing ended at three levels or more"]


def _fit(of: str, one: Fitted, most: int) -> Fit:
    peak = one.peak
    return Fit(
        of=of,
        rate=one.scaling.rate,
        sigma=one.scaling.contention,
        sigma_interval=one.contention,
        kappa=one.scaling.coherence,
        kappa_interval=one.coherence,
        residual=one.residual,
        peak=peak if peak is not None and peak <= FURTHEST * most else None,
        levels=one.levels,
        repeats=one.runs,
    )


def _repeats(levels: Iterable[Level]) -> dict[int, int]:
    found: dict[int, int] = {}
    for one in levels:
        found[one.concurrency] = found.get(one.concurrency, 0) + 1
    return found


def experiments(rounds: Sequence[Ran], seed: int, resamples: int = RESAMPLES) -> list[Experiment]:
    """For each step that was slowed down how much of the delay each pass through it cost all workers together.

    1/X is how far apart two passes through the step are at the largest level. Slowing the step down by d moves them
    apart by d where one worker at a time can be in it: elasticity 1; by d / N where N are in it side by side, as a
    mere wait; by nothing where others work meanwhile. Repeats are drawn again in pairs: a delayed round and the
    undelayed one of its block.
    """
    if not rounds:
        return []
    largest = max(ran.terms.concurrency for ran in rounds)
    plain = {
        ran.terms.repeat: ran for ran in rounds if _is(ran, RoundKind.COUNTED) and ran.terms.concurrency == largest
    }
    slowed: dict[str, dict[int, Ran]] = {}
    for ran in rounds:
        if _is(ran, RoundKind.DELAYED):
            slowed.setdefault(ran.terms.step, {})[ran.terms.repeat] = ran
    found = []
    for step, runs in slowed.items():
        pairs = [
            (apart - before) / (ran.terms.delay_ms / 1e3)
            for repeat, ran in runs.items()
            if repeat in plain and (apart := _apart_s(ran, step)) and (before := _apart_s(plain[repeat], step))
        ]
        between = bootstrap([[one] for one in pairs], _mean, seed, resamples)
        if between is not None:
            delay_ms = next(iter(runs.values())).terms.delay_ms
            found.append(Experiment(step, delay_ms, _mean(pairs), *between, runs=len(pairs)))
    return found


def _is(ran: Ran, kind: RoundKind) -> bool:
    return ran.terms.kind is kind and not ran.terms.differs


def _apart_s(ran: Ran, step: str) -> float:
    """Mean time between two passes through a step, all workers together; 0 where there were none."""
    return ran.lasted_s / ran.steps[step] if ran.steps.get(step) else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def generator_limited(levels: Iterable[Level]) -> list[str]:
    """Levels of which the engine itself was the limit, and by what that shows."""
    by_workers: dict[int, list[Level]] = {}
    for one in levels:
        by_workers.setdefault(one.concurrency, []).append(one)
    found = []
    for workers, mine in sorted(by_workers.items()):
        signs = _signs(mine)
        if signs:
            found.append(f"{workers} {'workers' if workers != 1 else 'worker'}: {', '.join(signs)}")
    return found


def _signs(levels: Sequence[Level]) -> list[str]:
    """What shows, over all repeats of one concurrency, that the engine was the limit."""
    signs = []
    tainted, attempts = sum(one.tainted for one in levels), sum(one.attempts for one in levels)
    # Surely more than that: of few attempts one tainted by chance is more than one in a hundred.
    if wilson(tainted, attempts)[0] > TAINTED and attempts:
        signs.append(f"{tainted} of {attempts} attempts tainted by a late loop")
    used = [one.cpu_share for one in levels if one.cpu_share is not None]
    if used and _mean(used) > CPU_FULL:
        signs.append(f"{_mean(used):.0%} of its core used")
    little = [one.steady.little for one in levels if one.steady is not None]
    if little and not LITTLE[0] <= _mean(little) <= LITTLE[1]:
        signs.append(f"attempts fill {_mean(little):.1%} of the workers' time")
    return signs


def plan_detects(attempts: int, repeats: int) -> str:
    """What difference in success rate between two levels so many attempts of each can show, in a sentence."""
    trials = attempts * repeats
    points = detectable(trials, USUAL_RATE)
    if points is None:
        return f"this plan can show no difference between two levels: {trials} attempts of each are too few"
    return (
        f"this plan can detect >= {100 * points:.0f} points of success rate between two levels: at most {trials} "
        f"attempts of each, from {USUAL_RATE:.0%}, with 80 % power"
    )


def means(levels: Iterable[Level], of: str, how: str) -> Mapping[int, list[float]]:
    """Throughput of each repeat, by concurrency, least first."""
    found: dict[int, list[float]] = {}
    for one in sorted(usable(levels), key=lambda level: level.concurrency):
        x = throughput(one, of, how)
        if x is not None:
            found.setdefault(one.concurrency, []).append(x)
    return found
