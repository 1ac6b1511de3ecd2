"""How much the success of one plan varies by itself, from one repeat of it to the next. Pure."""

from engine.judge.fingerprints import IMPORT
from engine.judge.overview import spread
from engine.model.comparison import Share, Spread
from engine.model.outcome import Outcome
from engine.model.report import Result
from engine.model.run_state import RunState

SHARED = (
    "its repeats worked in the same database, one after the other in what the ones before had left: how they differ is "
    "not how much success varies by itself"
)
"""Among the alerts of repeats elsewhere than in the embedded platform, or with --no-reset."""
_FILLED = Outcome.FILLED.word
_LISTED = 10
"""Rates that are told one by one."""


def repeat_shares(result: Result) -> dict[int, Share]:
    """Filled of the attempts of each whole repeat, all its passes together.

    None of a sweep, whose levels differ, and of repeats that did not begin from one state.
    """
    if result.sweep is not None or result.plan == IMPORT or SHARED in result.alerts:
        return {}
    shares: dict[int, Share] = {}
    for one in result.passes:
        before = shares.get(one.repeat, Share(0, 0))
        shares[one.repeat] = Share(before.count + one.outcomes.get(_FILLED, 0), before.of + one.attempts)
    if result.state != RunState.FINISHED.value and shares:
        # It was cut short, and so is not the same plan as the others.
        del shares[max(shares)]
    return shares


def repeat_spread(result: Result) -> Spread | None:
    """How far the repeats lie apart, each counted once; None where fewer than two have attempts."""
    found = spread(result.run_id, "repeats", {str(number): one for number, one in repeat_shares(result).items()})
    return found if found is not None and found.count > 1 else None


def repeat_words(result: Result) -> str:
    """It in a sentence; empty where there is nothing to tell."""
    found = repeat_spread(result)
    if found is None or found.deviation is None:
        return ""
    rates = [one.rate for one in repeat_shares(result).values() if one.rate is not None]
    listed = ", ".join(f"{rate:.1%}" for rate in rates[:_LISTED]) + (" …" if len(rates) > _LISTED else "")
    return (
        f"{found.count} repeats filled {listed} of their attempts: mean {found.mean:.1%}, range "
        f"{100 * found.range:.1f} points, standard deviation {100 * found.deviation:.1f} points (n - 1)"
    )
