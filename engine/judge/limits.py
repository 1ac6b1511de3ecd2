"""Which step and which resource hold a run up: from waits, the critical path, the fit and an experiment. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from engine.judge.evidence import RULES, Book, Ref, derived, journal, result, rule
from engine.judge.signs import Case, Seen
from engine.judge.wait_kinds import LOCK, LOG, OURS, PROCESSOR, WAITS, Wait, kind_of
from engine.model.waits import FEWEST

DOMINANT = 0.25
"""A kind of wait that takes less of the workers' time at the server than this is no limit."""
TOLD = 0.20
"""Of one that the server says what for."""
CLEARLY = 1.25
"""And what the server has no reason to name must be so many times the next one."""
AMONG = 0.25
"""A step with less of a kind's sightings than this is not where it is waited for."""
BESIDE = 0.15
"""With this much of the queueing for advisory locks a second step has a queue of its own, as each step has its lock."""
SERIAL = 0.3
"""Contention above this is a queue, below it is none."""
ELASTIC = 0.5
"""A delay of which more than this is felt by all workers lies in a queue."""


_FIT = "/sweep/fits/{of=attempts}"
_CONTENTION, _LOW, _HIGH, _LEVELS, _REPEATS = (
    result(f"{_FIT}/{key}") for key in ("sigma", "sigma_interval/0", "sigma_interval/1", "levels", "repeats")
)


class Limit(NamedTuple):
    """What takes most of the workers' time, and what agrees that it does."""

    step: str
    wait: Wait
    seen: tuple[Seen, ...]
    """By kind: `waits` first."""
    effect: Ref
    rivals: tuple[str, ...] = ()


class Looked(NamedTuple):
    """What came of looking for a limit."""

    limit: Limit | None
    refusals: tuple[str, ...]
    beside: tuple[Limit, ...] = ()
    """The same kind of wait in other steps that have much of it: a lock of another name each."""


def look(case: Case, *, timing: bool = True) -> Looked:
    """The limit, if one stands out; `timing` is false where our own times are not to be believed."""
    seen = _sightings(case)
    whole = sum(sum(steps.values()) for name, steps in seen.items() if name != OURS)
    if whole < FEWEST:
        return Looked(None, (_too_little(case), *_unmeasured(case)))
    refusals = tuple(_unmeasured(case))
    wait = _outstanding({name: sum(steps.values()) for name, steps in seen.items() if name != OURS}, whole)
    if wait is None or refusals or not (timing or wait.tells):
        return Looked(None, refusals)
    steps = seen[wait.name]
    step = max(steps, key=lambda one: (steps[one], one))
    if steps[step] < FEWEST:
        count = case.book(_sum(case, step, wait.name))
        why = f"{count} sightings of one wait in {step} are insufficient: {_few(case)} are the least"
        return Looked(None, (why,))
    among = frozenset(one for one, count in steps.items() if count >= AMONG * sum(steps.values()))
    enough = max(FEWEST, BESIDE * sum(steps.values()))
    others = sorted(one for one in steps if one != step and wait.name == LOCK and steps[one] >= enough)
    beside = tuple(_limit(case, one, wait, frozenset({one}), timing=timing) for one in others)
    # Two locks are two queues: then each has its own step's time, and not the other one's.
    own = frozenset({step}) if beside else among
    return Looked(_limit(case, step, wait, own, timing=timing), (), beside)


def _outstanding(counts: Mapping[str, int], whole: int) -> Wait | None:
    """The kind that stands out: much of the time at the server, and clearly more than any other.

    Neither sleep nor a queue is held up by a busy processor, nor a queue by the log: who has the lock commits with it.
    """
    ranked = sorted((wait for wait in WAITS if wait.name in counts), key=lambda one: (not one.tells, -counts[one.name]))
    for wait in ranked:
        count, clearly = counts[wait.name], 1 if wait.tells else CLEARLY
        aside = {PROCESSOR, LOG} if wait.tells and wait.queues else {PROCESSOR} if wait.tells else set()
        others = [more for other, more in counts.items() if other != wait.name and other not in aside]
        if count >= (TOLD if wait.tells else DOMINANT) * whole and count >= clearly * max(others, default=0):
            return wait
    return None


def _limit(case: Case, step: str, wait: Wait, among: frozenset[str], *, timing: bool) -> Limit:
    every = _at_server(case)
    share = derived("ratio", _sum(case, "?*", wait.name), every)
    in_step = derived("ratio", _sum(case, step, wait.name), _sum(case, "?*", wait.name))

    def waits(cite: Book) -> str:
        return (
            f"of {cite(every)} sightings of workers in a step at the server {cite(share, '%')} {wait.says}, "
            f"{cite(in_step, '%')} of them in {step}"
        )

    seen = [Seen("waits", waits)]
    seen += [
        one
        for one in (
            _blocked(case, step, wait),
            _path(case, among, wait),
            *((_fit(case, wait),) if timing else ()),
            _tried(case, step, wait),
        )
        if one
    ]
    return Limit(step, wait, tuple(seen), derived("ratio", _sum(case, step, wait.name), every))


def _sightings(case: Case) -> dict[str, dict[str, int]]:
    """Sightings in steps, by kind of wait and step."""
    found: dict[str, dict[str, int]] = {}
    for leg in case.result.waits:
        for cell in leg.cells if not case.legs or leg.leg in case.legs else ():
            kind = kind_of(cell.wait)
            if cell.step and kind is not None:
                steps = found.setdefault(kind.name, {})
                steps[cell.step] = steps.get(cell.step, 0) + cell.samples
    return found


def _sum(case: Case, step: str, name: str) -> Ref:
    """Sightings of a kind in a step; `?*` is any step."""
    seen = {cell.wait for leg in case.result.waits for cell in leg.cells}
    # By the events that were seen: a kind's patterns may fit events of a kind before it.
    events = sorted(event for event in seen if (kind := kind_of(event)) is not None and kind.name == name)
    return case.waits(f"/cells/{{step={step}&wait={'|'.join(events) or 'none'}}}/samples")


def _at_server(case: Case) -> Ref:
    """Sightings in steps in which the server did not wait for us."""
    return derived("more", all_in_steps(case), at_client(case))


def all_in_steps(case: Case) -> Ref:
    """Sightings of workers in a step."""
    return case.waits("/cells/{step=?*}/samples")


def at_client(case: Case) -> Ref:
    """Those of them in which the server waited for us."""
    return _sum(case, "?*", OURS)


def _few(case: Case) -> str:
    return case.book(rule("fewest sightings"))


def _too_little(case: Case) -> str:
    missing = tuple(dict.fromkeys(line for leg in case.result.waits for line in leg.missing))
    if not case.result.waits:
        return "what the server waited for was not sampled, so no resource is named"
    why = f" (`{missing[0]}`)" if missing else ""
    return (
        f"{case.book(_at_server(case))} sightings of our backends in a step at the server are too few to name a "
        f"resource: {_few(case)} are the least{why}; let it run longer, or repeat it"
    )


def _unmeasured(case: Case) -> Iterable[str]:
    """Why our own times are not whole: then no cause is named from them."""
    little = derived("ratio", case.journal("busy"), case.journal("span"))
    measured = case.book.left.value(little)
    if (
        measured is not None
        and measured < RULES["least time measured"]
        and case.result.settings.get("run.rate", "") in ("", "None")
    ):
        yield (
            f"Little's law leaves time unmeasured: attempts fill {case.book(little, '%')} of their workers' time, and "
            f"{case.book(rule('least time measured'), '%')} is the least"
        )
    residual = derived("residual", *_whole(case.legs))
    left = case.book.left.value(residual)
    if left is not None and left > RULES["most time in no step"]:
        yield (
            f"{case.book(residual, '%')} of the response time is in no step, and above "
            f"{case.book(rule('most time in no step'), '%')} no cause is named from times"
        )


def _whole(legs: Sequence[int]) -> tuple[Ref, ...]:
    return tuple(journal(f"path {part}", legs) for part in ("total", "lag", "steps"))


def _blocked(case: Case, step: str, wait: Wait) -> Seen | None:
    """The server's lock manager agrees when it names our own workers, in a step, as those in the way.

    Not the wait's own event once more: who has the lock is read from the locks, and a stranger may have it.
    """
    if not (wait.queues and wait.tells):
        return None
    seen = {one.wait for leg in case.result.waits for one in leg.blockers}
    events = "|".join(
        sorted(event for event in seen if (kind := kind_of(event)) is not None and kind.name == wait.name)
    )
    at = f"/blockers/{{step={step}&wait={events or 'none'}"
    every, ours = case.waits(f"{at}}}/samples"), case.waits(f"{at}&by_step=?*}}/samples")
    if case.total(every) < FEWEST or 2 * case.total(ours) <= case.total(every):
        return None
    part = derived("ratio", ours, every)
    return Seen(
        "blockers",
        lambda book: (
            f"of {book(every)} times that somebody was in the way of {step}, in {book(part, '%')} it was a worker of "
            "this run in a step of its own"
        ),
    )


def _path(case: Case, steps: frozenset[str], wait: Wait) -> Seen | None:
    """The critical path agrees when its longest step is one of those in which that is waited for.

    What is no queue a step takes by itself: of a sweep that shows at its smallest level, before queues grow over it.
    """
    legs = case.legs if wait.queues else case.alone
    step = case.book.left.facts.longest(legs)
    if step not in steps:
        return None
    share = derived("ratio", journal(f"path {step}", legs), journal("path total", legs))
    residual = derived("residual", *_whole(legs))
    where = " at the smallest level" if legs and not wait.queues else ""
    return Seen(
        "path",
        lambda book: (
            f"{step} is the longest step{where}, {book(share, '%')} of the response time of what was filled"
            f" ({book(residual, '%')} of it is in no step)"
        ),
    )


def _fit(case: Case, wait: Wait) -> Seen | None:
    """The scalability law agrees when throughput stays flat for a queue, and grows where there is none."""
    bottom, top = case.book.left.value(_LOW), case.book.left.value(_HIGH)
    if bottom is None or top is None or not enough_levels(case):
        return None
    if (wait.queues and bottom < SERIAL) or (not wait.queues and top > SERIAL):
        return None
    what = "as for one at a time" if wait.queues else "as for workers that do not queue"
    return Seen(
        "fit",
        lambda book: (
            f"throughput grows {what}: contention {book(_CONTENTION, 'x')} ({book(_LOW, 'x')} to "
            f"{book(_HIGH, 'x')}) over {book(_LEVELS)} levels and {book(_REPEATS)} repeats"
        ),
    )


def enough_levels(case: Case) -> bool:
    """Whether a fit over the levels is evidence."""
    return case.total(_LEVELS) >= RULES["least levels"] and case.total(_REPEATS) >= RULES["least repeats"]


def levels_refusals(case: Case) -> Iterable[str]:
    """Why nothing, or less, is said of how throughput grows with workers."""
    sweep = case.result.sweep
    if sweep is None:
        yield "one concurrency was tried: how throughput grows with workers is not known (slotfill sweep tells)"
        return
    yield from (f"`{one}`" for one in sweep.refusals)
    if sweep.fits and not enough_levels(case):
        yield (
            f"{case.book(_LEVELS)} levels and {case.book(_REPEATS)} repeats are too few for a fit to count: "
            f"{case.book(rule('least levels'))} and {case.book(rule('least repeats'))} are the least"
        )


def _tried(case: Case, step: str, wait: Wait) -> Seen | None:
    """The experiment agrees when a delay in that step costs what it must.

    In a queue it costs every worker, and most of all steps; where workers wait side by side it is felt by each alone.
    """
    one = case.result.experiment.get(step)
    # Of fewer repeats the interval is as narrow as they happen to agree, and of one it has no width.
    if one is None or one.runs < RULES["least repeats"]:
        return None
    most = max(case.result.experiment.values(), key=lambda other: other.elasticity)
    if (wait.queues and (most is not one or one.low < ELASTIC)) or (
        not wait.queues and not 0 < one.low <= one.high < ELASTIC
    ):
        return None
    at = f"/experiment/{step}"
    felt = "by all workers together, the most of all steps" if wait.queues else "by each worker alone, and by no queue"
    return Seen(
        "experiment",
        lambda book: (
            f"a delay of {book(result(f'{at}/delay_ms'), 'ms')} put into {step} is felt {felt}: elasticity "
            f"{book(result(f'{at}/elasticity'), 'x')} ({book(result(f'{at}/low'), 'x')} to "
            f"{book(result(f'{at}/high'), 'x')})"
        ),
    )
