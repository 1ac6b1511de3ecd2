"""What `report.md` says of a run of our own: integrity, burst, passes, retries. Pure."""

from collections.abc import Iterator

from engine.judge.fingerprints import IMPORT
from engine.model.outcome import OUTCOMES, Outcome
from engine.model.report import Result
from engine.model.step import Step
from engine.records.repeats import repeat_words
from engine.records.tables import Cell, markdown

_PASS = ("repeat", "pass", "restaurant", "attempts", "confirmed", "persisted", "success rate", "pending")


def run_parts(result: Result) -> Iterator[str]:
    """Parts of the report, those that there is something to say of; none of an import."""
    if result.plan == IMPORT:
        return
    yield from _integrity(result)
    yield from _burst(result)
    yield from _passes(result)
    yield from _retries(result)


def _integrity(result: Result) -> Iterator[str]:
    yield "## Integrity\n"
    counts = result.integrity
    if counts is None:
        yield "No check was made: nothing is known of overlaps, orphans and leaked holds.\n"
        return
    names = dict.fromkeys((*counts.before, *counts.after))
    found = [name for name in names if counts.before.get(name) or counts.after.get(name)]
    when = f"{len(names)} checks, before the first attempt and after the last"
    if not found:
        yield f"{when}: none found a row.\n"
        return
    yield f"{when}; rows that they found are named in the run's integrity-*.json.\n"
    yield markdown(
        ("check", "before", "after"), ((name, counts.before.get(name), counts.after.get(name)) for name in found)
    )


def _burst(result: Result) -> Iterator[str]:
    if result.burst is not None:
        yield "## Burst\n"
        yield f"{burst_words(result)}.\n"


def burst_words(result: Result) -> str:
    """What was filled against the capacity there was, in a sentence; empty where there was no burst."""
    one = result.burst
    if one is None:
        return ""
    away = result.refusals.get(Step.SUBMIT.value, {}).get(Outcome.CAPACITY.word, 0)
    covers = f"; {away} were turned away at the submit by the platform's check of covers" if away else ""
    return (
        f"{one.requests} requests at once, {one.distinct} of them distinct: {one.filled} filled, where one worker "
        f"alone finds tables for {one.capacity}{covers}; {one.duplicates} were told that they repeat another one"
    )


def _passes(result: Result) -> Iterator[str]:
    if len(result.passes) < 2 or result.sweep is not None:
        return
    yield "## Passes\n"
    yield "Success is filled by attempts; pending what still waited for tables when the pass was over.\n"
    yield markdown(_PASS, _pass_rows(result))
    for one in result.passes:
        put = [
            f"{count} {what}"
            for count, what in ((one.swept_holds, "holds swept"), (one.cleared_zone_locks, "zone locks cleared"))
            if count is not None
        ]
        if put:
            yield f"After pass {one.number} of repeat {one.repeat}: {', '.join(put)}.\n"
    said = repeat_words(result)
    if said:
        yield f"By itself, the plan being the same: {said}.\n"


def _pass_rows(result: Result) -> Iterator[tuple[Cell, ...]]:
    for one in result.passes:
        at = one.repeat, one.number
        for slug, mine in one.by_restaurant.items() if len(one.by_restaurant) > 1 else ():
            yield *at, slug or "unknown", mine.attempts, mine.confirmed, mine.persisted, _rate(mine.success_rate), None
        filled = one.outcomes.get("filled", 0)
        rate = filled / one.attempts if one.attempts else None
        yield *at, "all", one.attempts, one.confirmed, one.persisted, _rate(rate), one.pending


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"


def _retries(result: Result) -> Iterator[str]:
    if not result.retries:
        return
    yield "## Retries\n"
    yield markdown(
        ("after", "tried", "exhausted"),
        (
            (OUTCOMES[word].label if word in OUTCOMES else word, one.tried, one.exhausted)
            for word, one in result.retries.items()
        ),
    )
