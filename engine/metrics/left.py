"""How long a run goes on, as far as what it did so far tells, and what that is based on. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.model.run_state import RunState
from engine.model.snapshot import LegFace, SlotFace

LEAST_SHARE = 0.02
"""Before so much of its plan is done nothing is said: it would jump."""
LEAST_NS = 1_000_000_000
"""And before so long."""
TOO_NEW = "rate too new to tell"


class Pace(NamedTuple):
    """What the run did in the leg in hand."""

    now_ns: int
    ran_ns: int
    """How long the leg has been going on, pauses left out."""
    done: int
    """Turns of it that have ended."""
    planned: int
    open_turns: Sequence[SlotFace] = ()
    """Those that have not, as far as a picture holds them."""
    noun: str = "slots"


class Bounds(NamedTuple):
    """How much of the plan there is beyond the leg in hand."""

    repeats: int = 1
    """Repeats of the plan; a sweep says its own number of rounds in its legs."""
    passes: int = 1
    """Passes of a repeat at most."""
    exact: bool = True
    """Whether there will be as many passes; else a loop ends as soon as it may."""


class Left(NamedTuple):
    """About how long a run goes on."""

    ns: int | None = None
    """None where that cannot be told."""
    says: str = ""
    """What it is based on, or why it is not known; empty where nothing is left to tell."""


def left(state: RunState, pace: Pace, legs: Sequence[LegFace], bounds: Bounds) -> Left:
    """About how long is left, when what the leg in hand did so far goes on at that speed.

    Repeats that are left take as long as those that are over took on the mean, and so do the rounds of a sweep,
    however many workers each had. Of passes that may follow nobody knows how many will: only this one is told.
    """
    if state.is_over or not legs or not pace.planned:
        return Left()
    if state in (RunState.DRAINING, RunState.CANCELLING):
        return Left(says="ends with the attempts in flight")
    if state in (RunState.PAUSING, RunState.PAUSED):
        return Left(says="paused: not while it rests")
    newest = legs[-1]
    share = min(1.0, (pace.done + sum(_share(turn) for turn in pace.open_turns)) / pace.planned)
    known = share >= LEAST_SHARE and pace.ran_ns >= LEAST_NS
    mine_ns = round(pace.ran_ns * (1 - share) / share) if known else None
    number, of = (newest.repeat, bounds.repeats) if newest.round is None else (newest.round.number, newest.round.of)
    if of > number:
        return _with_repeats(pace.now_ns, mine_ns, legs, number, of)
    if mine_ns is None:
        return Left(says=TOO_NEW)
    says = f"{share:.0%} of {pace.planned} {pace.noun} in {_clock(pace.ran_ns)}"
    more = bounds.passes - newest.number
    if more > 0 and not bounds.exact:
        return Left(mine_ns, f"this pass: {says}; up to {more} more may follow")
    if more > 0:
        return Left(mine_ns * (more + 1) + more * pace.ran_ns, f"{says}, and {more} more passes like it")
    return Left(mine_ns, says)


def _with_repeats(now_ns: int, mine_ns: int | None, legs: Sequence[LegFace], number: int, of: int) -> Left:
    """With rounds or repeats that follow the one in hand."""
    newest = legs[-1]
    what = "round" if newest.round is not None else "repeat"
    began_ns = next(one.began_ns for one in legs if one.repeat == newest.repeat)
    earlier = [one for one in legs if one.repeat < newest.repeat]
    if not earlier:
        if mine_ns is None:
            return Left(says=TOO_NEW)
        whole_ns = now_ns - began_ns + mine_ns
        return Left(mine_ns + (of - number) * whole_ns, f"{of - number} more {what}s like this one")
    # Of a long run the first legs are not in the picture any more; these are whole all the same.
    mean_ns = (began_ns - earlier[0].began_ns) // len({one.repeat for one in earlier})
    rest_ns = max(0, mean_ns - (now_ns - began_ns)) if mine_ns is None else mine_ns
    return Left(rest_ns + (of - number) * mean_ns, f"{what} {number} of {of}; one took {_clock(mean_ns)} on the mean")


def _share(turn: SlotFace) -> float:
    """How much of an open turn is done."""
    return min(1.0, turn.attempts / turn.cap) if turn.end is None and turn.cap > 0 else 0.0


def _clock(ns: int) -> str:
    seconds = ns // 1_000_000_000
    hours = f"{seconds // 3600}:" if seconds >= 3600 else ""
    return f"{hours}{seconds // 60 % 60:02d}:{seconds % 60:02d}"
