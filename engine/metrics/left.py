"""How long a run goes on, as far as what it did so far tells. Pure."""

from collections.abc import Sequence

from engine.model.snapshot import LegFace

LEAST_SHARE = 0.02
"""Before so much of its plan is done nothing is said: it would jump."""


def left_ns(now_ns: int, done: int, planned: int, legs: Sequence[LegFace]) -> int | None:
    """About how long is left at `now_ns`, when `done` of the `planned` turns of the leg in hand have ended.

    What went on since the leg in hand began goes on at that speed; of a sweep, the rounds that are left take as long as
    those that are over took on the mean, however many workers each had. None before there is something to go by.
    """
    if not legs:
        return None
    newest = legs[-1]
    terms = newest.round
    mine = _of_leg(now_ns - newest.began_ns, done, planned)
    if terms is None:
        return mine
    over = [one for one in legs if one.round is not None and one.round.number < terms.number]
    if not over:
        return None if mine is None else mine + (terms.of - terms.number) * (now_ns - newest.began_ns + mine)
    mean_ns = (newest.began_ns - over[0].began_ns) // len({one.repeat for one in over})
    rest_ns = max(0, mean_ns - (now_ns - newest.began_ns)) if mine is None else mine
    return rest_ns + (terms.of - terms.number) * mean_ns


def _of_leg(lasted_ns: int, done: int, planned: int) -> int | None:
    share = min(1.0, done / planned) if planned else 0.0
    return round(lasted_ns * (1 - share) / share) if share >= LEAST_SHARE else None
