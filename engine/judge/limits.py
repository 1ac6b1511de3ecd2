"""Which step and which resource hold a run up: from waits, the critical path, the fit and an experiment. Pure."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from engine.judge.evidence import RULES, Book, Ref, derived, result, rule
from engine.judge.signs import Case, Seen
from engine.model.waits import CLIENT, FEWEST, IN_TRANSACTION

DOMINANT = 1 / 3
"""A kind of wait that takes less of the workers' time at the server than this is no limit."""
CLEARLY = 1.25
"""And it must be so many times the next one."""
SERIAL = 0.3
"""Contention above this is a queue, below it is none."""
ELASTIC = 0.5


class Wait(NamedTuple):
    """A kind of wait: the events that belong to it and what is waited for."""

    name: str
    events: tuple[str, ...]
    resource: str
    says: str
    queues: bool
    """One at a time: then throughput does not grow with workers."""


WAITS = (
    Wait("sleep", ("Timeout:PgSleep",), "a sleep in the statement", "slept in its statement", queues=False),
    Wait("advisory lock", ("Lock:advisory",), "an advisory lock", "queued for an advisory lock", queues=True),
    Wait(
        "row lock", ("Lock:transactionid", "Lock:tuple"), "rows that another transaction has locked",
        "waited for a row that another transaction had locked", queues=True,
    ),
    Wait("other lock", ("Lock:*",), "a lock of the server", "waited for a lock of the server", queues=True),
    Wait(
        "log", ("IO:Wal*", "IO:WAL*", "LWLock:WAL*"), "the write-ahead log", "waited for the write-ahead log",
        queues=True,
    ),
    Wait("latch", ("LWLock:*", "BufferPin:*"), "memory the server shares", "waited for shared memory", queues=True),
    Wait("disk", ("IO:*",), "the disk", "waited for the disk", queues=False),
    Wait("processor", ("CPU*",), "the processor, or what has no wait event", "ran, or waited unnamed", queues=False),
    Wait("client", (CLIENT, IN_TRANSACTION, "Client:*"), "our own client", "waited for our client", queues=False),
)  # fmt: skip
"""In this order: the first that fits."""
OURS = "client"
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


def kind_of(event: str) -> Wait | None:
    """The kind that a wait belongs to."""
    return next((one for one in WAITS if any(fnmatchcase(event, pattern) for pattern in one.events)), None)


def look(case: Case, *, timing: bool = True) -> Looked:
    """The limit, if one stands out; `timing` is false where our own times are not to be believed."""
    refusals = []
    seen = _sightings(case)
    whole = sum(sum(steps.values()) for name, steps in seen.items() if name != OURS)
    if whole < FEWEST:
        refusals.append(_too_little(case))
    ranked = sorted(((sum(steps.values()), name) for name, steps in seen.items() if name != OURS), reverse=True)
    if whole < FEWEST or not ranked:
        return Looked(None, tuple(refusals))
    most, name = ranked[0]
    next_most = ranked[1][0] if len(ranked) > 1 else 0
    step = max(seen[name], key=lambda one: (seen[name][one], one))
    refusals += _unmeasured(case)
    if most < DOMINANT * whole or most < CLEARLY * next_most or refusals:
        return Looked(None, tuple(refusals))
    if seen[name][step] < FEWEST:
        count = _sum(case, step, name)
        refusals.append(
            f"{case.book(count)} sightings of one wait in {step} are insufficient: {_few(case)} are the least"
        )
        return Looked(None, tuple(refusals))
    wait = next(one for one in WAITS if one.name == name)
    if not timing and wait.name in ("processor", "disk", "log"):
        return Looked(None, tuple(refusals))
    return Looked(_limit(case, step, wait, timing=timing), tuple(refusals))


def _limit(case: Case, step: str, wait: Wait, *, timing: bool) -> Limit:
    every = _at_server(case)
    share = derived("ratio", _sum(case, "?*", wait.name), every)
    in_step = derived("ratio", _sum(case, step, wait.name), _sum(case, "?*", wait.name))

    def waits(cite: Book) -> str:
        return (
            f"of {cite(every)} sightings of workers in a step at the server {cite(share, '%')} {wait.says}, "
            f"{cite(in_step, '%')} of them in {step}"
        )

    seen = [Seen("waits", waits)]
    seen += [one for one in (_path(case, step), *((_fit(case, wait),) if timing else ()), _tried(case, step)) if one]
    return Limit(step, wait, tuple(seen), share)


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
        f"{case.book(_at_server(case))} sightings of our backends in a step at the server are too few to name a resource: {_few(case)} are "
        f"the least{why}; let it run longer, or repeat it"
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
    residual = derived("residual", *_whole(case))
    left = case.book.left.value(residual)
    if left is not None and left > RULES["most time in no step"]:
        yield (
            f"{case.book(residual, '%')} of the response time is in no step, and above "
            f"{case.book(rule('most time in no step'), '%')} no cause is named from times"
        )


def _whole(case: Case) -> tuple[Ref, ...]:
    return tuple(case.journal(f"path {part}") for part in ("total", "lag", "steps"))


def _path(case: Case, step: str) -> Seen | None:
    """The critical path agrees when that step is its longest."""
    if case.book.left.facts.longest(case.legs) != step:
        return None
    share = derived("ratio", case.journal(f"path {step}"), case.journal("path total"))
    residual = derived("residual", *_whole(case))
    return Seen(
        "path",
        lambda book: (
            f"{step} is the longest step, {book(share, '%')} of the response time of what was filled"
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


def _tried(case: Case, step: str) -> Seen | None:
    """The experiment agrees when a delay in that step costs the most of all that were tried, and about its share."""
    tried = case.result.experiments
    if not tried:
        return None
    most = max(tried, key=lambda one: one.elasticity)
    if most.step != step or most.low < ELASTIC:
        return None
    at = f"/experiments/{tried.index(most)}"
    return Seen(
        "experiment",
        lambda book: (
            f"a delay of {book(result(f'{at}/delay_ms'), 'ms')} put into {step} costs throughput with an "
            f"elasticity of {book(result(f'{at}/elasticity'), 'x')} ({book(result(f'{at}/low'), 'x')} to "
            f"{book(result(f'{at}/high'), 'x')}), the most of all steps tried"
        ),
    )
