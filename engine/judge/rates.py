"""A rate in two runs, paired by booking or not: difference, interval, test. Pure."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from engine.judge.pairing import tango
from engine.judge.proportions import fisher, mcnemar, newcombe, wilson
from engine.judge.shifts import bootstrap, mann_whitney
from engine.judge.spread import RESAMPLES, thinned
from engine.model.comparison import Ends, RateRow, Reading, Share

Key = tuple[object, ...]
"""A booking, the same in both runs where they are paired."""


class Had(msgspec.Struct, frozen=True):
    """A booking in one run: in how many of its repeats it had what is asked."""

    count: int
    of: int

    @property
    def rate(self) -> float:
        """The ratio."""
        return self.count / self.of


class About(msgspec.Struct, frozen=True):
    """What a row is about, and how it is to be made."""

    what: str
    restaurant: str = ""
    reading: Reading | None = None
    seed: int = 0
    resamples: int = RESAMPLES
    """Of the bootstrap, where repeats want one."""


def paired(about: About, first: Mapping[Key, Had], other: Mapping[Key, Had]) -> RateRow:
    """Over the bookings that both runs have: McNemar's exact test, Tango's interval.

    With repeats a booking counts as gained when it had it in a greater share of the other run's, and the interval
    comes from drawing bookings again, as repeats of one booking hang together.
    """
    both = [(first[key], other[key]) for key in first if key in other]
    gained = sum(two.rate > one.rate for one, two in both)
    lost = sum(two.rate < one.rate for one, two in both)
    repeats = any(one.of > 1 or two.of > 1 for one, two in both)
    mine, theirs = _share([one for one, _ in both]), _share([two for _, two in both])
    ends = tango(gained, lost, len(both))
    if repeats and (gained or lost):
        ends = _between([[one.count, one.of, two.count, two.of] for one, two in thinned(both)], _gap, about) or ends
    return RateRow(
        about.what,
        about.restaurant,
        mine,
        theirs,
        (theirs.rate or 0.0) - (mine.rate or 0.0),
        Ends(*ends),
        mcnemar(gained, lost),
        "sign test on bookings" if repeats else "McNemar, exact",
        pairs=len(both),
        gained=gained,
        lost=lost,
        reading=about.reading,
    )


def unpaired(about: About, first: Sequence[Had], other: Sequence[Had]) -> RateRow:
    """Over all bookings of each: Fisher's exact test, Newcombe's interval.

    With repeats each booking is one value, its share of them, as repeats of one booking hang together: then Mann and
    Whitney's test, and an interval from drawing bookings of both again.
    """
    one, two = _share(first), _share(other)
    difference = (two.rate or 0.0) - (one.rate or 0.0) if one.of and two.of else 0.0
    row = RateRow(
        about.what,
        about.restaurant,
        one,
        two,
        difference,
        Ends(*newcombe((one.count, one.of), (two.count, two.of))),
        fisher((one.count, one.of), (two.count, two.of)) if one.of and two.of else 1.0,
        "Fisher, exact",
        reading=about.reading,
    )
    if all(had.of == 1 for had in (*first, *other)) or not (first and other):
        return row
    mine, theirs = [had.rate for had in first], [had.rate for had in other]
    return msgspec.structs.replace(
        row,
        interval=_apart(first, other, about),
        p=mann_whitney(mine, theirs),
        test="Mann-Whitney on bookings",
    )


def _apart(first: Sequence[Had], other: Sequence[Had], about: About) -> Ends:
    """Of the difference of two rates: each one's own bootstrap, put together as Newcombe puts Wilson's."""
    one, two = (_share(side).rate or 0.0 for side in (first, other))
    (low1, high1), (low2, high2) = (
        _between([[had.count, had.of] for had in thinned(side)], _rate, about, place)
        or wilson(round(rate * len(side)), len(side))
        for place, (side, rate) in enumerate(((first, one), (other, two)))
    )
    below = ((two - low2) ** 2 + (high1 - one) ** 2) ** 0.5
    above = ((high2 - two) ** 2 + (one - low1) ** 2) ** 0.5
    return Ends(max(-1.0, two - one - below), min(1.0, two - one + above))


def _between(
    whole: Sequence[Sequence[float]], figure: Callable[[Sequence[float]], float], about: About, place: int = 0
) -> tuple[float, float] | None:
    """Its interval by bookings drawn again; None where all are alike, as that would be no width and false certainty."""
    found = bootstrap(whole, figure, about.seed + place, about.resamples) if len(whole) > 1 else None
    return None if found is None or found[0] == found[1] else found


def _rate(drawn: Sequence[float]) -> float:
    """Of bookings drawn again, each with how often it had it and how often it was asked for."""
    return sum(drawn[::2]) / sum(drawn[1::2])


def _gap(drawn: Sequence[float]) -> float:
    """Of pairs drawn again: the other's two numbers behind the first one's."""
    return sum(drawn[2::4]) / sum(drawn[3::4]) - sum(drawn[::4]) / sum(drawn[1::4])


def _share(all_of: Sequence[Had]) -> Share:
    return Share(sum(had.count for had in all_of), sum(had.of for had in all_of))
