"""One run against another: the rows of their comparison, and what they come to once Holm's correction is made. Pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, assert_never

import msgspec

from engine.judge import telling
from engine.judge.bookings import FAILED, Asked
from engine.judge.fingerprints import differences, same_bookings, unrecorded
from engine.judge.latencies import ALPHA, Asking, compared, judged
from engine.judge.proportions import detectable
from engine.judge.rates import About, paired, unpaired
from engine.judge.subject import By, Subject, recognised, succeeded
from engine.model.comparison import LatencyRow, Pair, RateRow, Reading, Word
from engine.model.outcome import Outcome
from engine.model.step import Step

REPEATS = 5
"""So many repeats a side are advised."""
COARSE = 0.25
"""Points: a pair that can only tell differences this large or larger is too small to tell that there is none."""
SEED = 7
"""Of every draw: the same runs give the same intervals."""
FAILURES = "that failed"
"""A population that is shown and never judged: other bookings fail in every run."""
_FILLED = Outcome.FILLED.word


class _Bookings(NamedTuple):
    """Which bookings two runs have in common."""

    both: int
    only_first: dict[str, int]
    """By restaurant."""
    only_other: dict[str, int]

    @classmethod
    def of(cls, first: Subject, other: Subject, by: By) -> "_Bookings":
        mine, theirs = (one.had(by, lambda _: True) for one in (first, other))
        only: list[dict[str, int]] = []
        for these, those in ((mine, theirs), (theirs, mine)):
            absent: dict[str, int] = {}
            for key in these:
                if key not in those:
                    absent[str(key[0])] = absent.get(str(key[0]), 0) + 1
            only.append(absent)
        return cls(sum(key in theirs for key in mine), *only)


class Draft:
    """A pair while its family of tests is not complete."""

    def __init__(self, first: Subject, other: Subject, reading: Reading, resamples: int) -> None:
        self.first, self.other, self.reading, self.resamples = first, other, reading, resamples
        self.unlike = differences(first.traits, other.traits, (first.facts.client_floor, other.facts.client_floor))
        self.unrecorded = unrecorded(first.traits, other.traits)
        self.by = recognised(first, other)
        self.common = _Bookings.of(first, other, self.by)
        self.paired = same_bookings(self.unlike, self.unrecorded) and self.common.both > 0
        self.primary = self.rate(About("success", reading=reading), paired_=self.paired)
        self.restaurants: list[RateRow] = []
        self.outcomes: list[RateRow] = []
        self.latencies: list[LatencyRow] = []

    @classmethod
    def of(cls, first: Subject, other: Subject, reading: Reading, resamples: int) -> "Draft":
        """A draft with all its rows."""
        draft = cls(first, other, reading, resamples)
        slugs = [slug for slug in first.restaurants if slug in other.restaurants]
        # Where both have the one house only, its rows would be those of all.
        several = slugs if len({*first.restaurants, *other.restaurants}) > 1 else []
        draft.restaurants += [draft.rate(About("success", slug, reading), paired_=draft.paired) for slug in several]
        words = {word for one in (first, other) for asked in one.taken.asked for word in asked.outcomes}
        draft.outcomes += [
            draft.rate(About(outcome.word), paired_=draft.paired)
            for outcome in Outcome
            if outcome.word in words and outcome.word != _FILLED
        ]
        for step in (*(one.value for one in Step), FAILED):
            draft.latencies += [row for slug in ("", *several) if (row := draft.latency(step, slug)) is not None]
        return draft

    def rate(self, about: About, *, paired_: bool) -> RateRow:
        """One row of rates, over the bookings of both or over all of each."""
        reading = about.reading
        about = msgspec.structs.replace(about, seed=SEED, resamples=self.resamples)

        def has(one: Asked) -> bool:
            return about.what in one.outcomes if reading is None else succeeded(one, reading)

        mine, theirs = (one.had(self.by, has, about.restaurant) for one in (self.first, self.other))
        if paired_:
            return paired(about, mine, theirs)
        return unpaired(about, list(mine.values()), list(theirs.values()))

    def latency(self, step: str, restaurant: str, *, resamples: int | None = None) -> LatencyRow | None:
        """One step; None where either run has none of it. A restaurant's percentiles wait until there is a reason."""
        mine, theirs = (one.measured(self.by, step, self.reading, restaurant) for one in (self.first, self.other))
        if resamples is None:
            resamples = 0 if restaurant else self.resamples
        if not mine or not theirs:
            return None
        failed = step == FAILED
        together = self.paired and not failed and bool({one.key for one in mine} & {one.key for one in theirs})
        population = FAILURES if failed else "that succeeded in both" if together else "that succeeded"
        name = Step.TOTAL.value if failed else step
        asking = Asking(name, restaurant, population, together, SEED, resamples)
        return compared(asking, mine, theirs)

    def pair(self) -> Pair:
        """The pair, once Holm's correction has been made."""
        refusals = tuple(self._refusals())
        self.latencies = [self._settled(row, refused=bool(refusals)) for row in self.latencies]
        beside = tuple(self._beside())
        regressions = () if refusals else tuple(self._regressions())
        word = self._word(refusals, regressions)
        base, per_arm = self.primary.first.rate, min(one.bookings for one in (self.first, self.other))
        found = detectable(per_arm, base) if base is not None else None
        return Pair(
            first=self.first.facts.run_id,
            other=self.other.facts.run_id,
            word=word,
            paired=self.paired,
            in_both=self.common.both,
            only_first=sum(self.common.only_first.values()),
            only_other=sum(self.common.only_other.values()),
            differences=self.unlike,
            unrecorded=self.unrecorded,
            refusals=refusals,
            reading=self.reading,
            detectable=found,
            primary=self.primary,
            beside=beside,
            restaurants=tuple(self.restaurants),
            outcomes=tuple(self.outcomes),
            latencies=tuple(self.latencies),
            regressions=regressions,
            says=tuple(self._says(word, found, beside)),
        )

    def _refusals(self) -> Iterator[str]:
        yield from self.first.refusals
        yield from self.other.refusals
        if len(self.unlike) > 1:
            yield f"they differ in {len(self.unlike)} things at once: {telling.differ(self.unlike)}"
        if self.unrecorded:
            yield f"not recorded of both: {', '.join(self.unrecorded)}"
        one, two = self.first.facts, self.other.facts
        # The fingerprint of somebody's database is of what it holds: equal ones say that it was put back in between.
        held = one.fingerprint.get("data")
        is_back = bool(one.place) and held is not None and held == two.fingerprint.get("data")
        is_same = one.target == two.target and one.database == two.database and one.place == two.place
        if is_same and one.database and not is_back:
            yield f"both worked in {one.database}, and the second began with what the first had left"

    def _settled(self, row: LatencyRow, *, refused: bool) -> LatencyRow:
        if row.restaurant and row.p_holm is not None and row.p_holm < ALPHA:
            again = self.latency(row.step, row.restaurant, resamples=self.resamples)
            row = row if again is None else msgspec.structs.replace(again, p_holm=row.p_holm)
        return msgspec.structs.replace(row, word=Word.REFUSED if refused else judged(row))

    def _beside(self) -> Iterator[RateRow]:
        """The other test of the primary metric where there is one, and the other readings of success by its own."""
        if self.paired or (self.common.both and self.by is not By.SLOT):
            yield self.rate(About("success", reading=self.reading), paired_=not self.paired)
        for reading in Reading:
            if reading is Reading.PERSISTED and not (self.first.knows_persisted and self.other.knows_persisted):
                continue
            row = self.rate(About("success", reading=reading), paired_=self.paired)
            if reading is not self.reading and (row.first, row.other) != (self.primary.first, self.primary.other):
                yield row

    @property
    def _tells_lengths(self) -> bool:
        """Whether a step that took longer may be called a regression: there is more than one repeat a side, and the
        client was not the limit."""
        return not self._limited and min(self.first.repeats, self.other.repeats) > 1

    @property
    def _limited(self) -> bool:
        return self.first.is_late or self.other.is_late

    def _regressions(self) -> Iterator[str]:
        if _told(self.primary) is Word.WORSE:
            yield f"success rate {telling.rate(self.primary)}"
        if not self._tells_lengths:
            return
        by_step: dict[str, list[LatencyRow]] = {}
        for row in self.latencies:
            if row.word is Word.WORSE:
                by_step.setdefault(row.step, []).append(row)
        for whole, *parts in by_step.values():
            # The row of all restaurants comes first where it is among them.
            yield telling.latency(whole, tuple(row.restaurant for row in parts))

    def _word(self, refusals: Sequence[str], regressions: Sequence[str]) -> Word:
        if refusals:
            return Word.REFUSED
        if regressions:
            return Word.WORSE
        words = {row.word for row in self.latencies}
        if _told(self.primary) is Word.BETTER:
            return Word.BETTER
        if not words & {Word.WORSE, Word.BETTER}:
            return Word.EVEN
        return Word.BETTER if self._tells_lengths else Word.UNSURE

    def _says(self, word: Word, found: float | None, beside: Sequence[RateRow]) -> Iterator[str]:
        yield self._conclusion(word, found)
        how = "paired by booking" if self.paired else "not paired"
        yield f"primary metric, success rate, {self.reading.value}, {how}: {telling.rate(self.primary)}"
        if found is None:
            yield "this pair can detect no difference of success rates, however large"
        else:
            yield f"this pair can detect a difference of {100 * found:.0f} points or more (80 % power at 5 %)"
        yield from self._disagreements(beside)
        if self.by is not By.SLOT:
            if self.common.only_other:
                yield telling.missing(self.first, self.other, self.common.only_other)
            if self.common.only_first:
                yield telling.missing(self.other, self.first, self.common.only_first)
        elif self.paired and (alone := sum((*self.common.only_first.values(), *self.common.only_other.values()))):
            yield f"{alone} bookings were asked for in one of them only, and are in no pair"
        if self._limited:
            yield "the client was the limit of one of them: no step is said to be slower"
        elif not self._tells_lengths:
            yield from self._shifted()

    def _conclusion(self, word: Word, found: float | None) -> str:
        factor = telling.differ(self.unlike) or "nothing that is recorded"
        alone = f"they differ in {factor} alone" if self.unlike else f"{factor} differs"
        match word:
            case Word.REFUSED:
                return "not comparable: no cause is named and no regression said; the figures stand for themselves"
            case Word.UNSURE:
                if self._limited:
                    return f"cannot be told, as the client was the limit: {alone}; use fewer workers or a lower rate"
                return f"cannot be told from one repeat a side: {alone}; give each --repeat {REPEATS}"
            case Word.EVEN if is_coarse(found):
                return f"too small to tell: {alone}, and no difference was found; use more bookings, or runs in arms"
            case Word.EVEN:
                return f"no difference found: {alone}, and if there is one, it is too small to tell"
            case Word.WORSE | Word.BETTER:
                return f"{word.value}: {alone}"
            case _:
                assert_never(word)

    def _shifted(self) -> Iterator[str]:
        """Steps that are not what they were, where nobody knows how far two such runs lie apart by themselves."""
        for row in self.latencies:
            if not row.restaurant and row.word in (Word.WORSE, Word.BETTER):
                yield f"not the same in these two runs, and one repeat a side tells no more: {telling.latency(row)}"

    def _disagreements(self, beside: Sequence[RateRow]) -> Iterator[str]:
        for row in beside:
            if row.reading in (None, self.reading):
                continue
            if _told(self.primary) is _told(row):
                continue
            yield (
                f"the readings disagree: {_differs(self.primary)}, {_differs(row)}"
                f"{'; what is claimed proves nothing' if row.reading is Reading.CLAIMED else ''}"
            )


def is_coarse(found: float | None) -> bool:
    """Whether the smallest difference that a pair detects is so large that finding none tells nothing."""
    return found is None or found > COARSE


def _told(row: RateRow) -> Word:
    """What a rate tells by itself, with what Holm took in where it did."""
    p = row.p if row.p_holm is None else row.p_holm
    if p >= ALPHA:
        return Word.EVEN
    if row.interval.high < 0:
        return Word.WORSE
    return Word.BETTER if row.interval.low > 0 else Word.EVEN


def _differs(row: RateRow) -> str:
    how = telling.READINGS[row.reading] if row.reading else ""
    said = "they cannot be told apart" if _told(row) is Word.EVEN else "they differ"
    counts = f"{row.first.count} of {row.first.of} and {row.other.count} of {row.other.of}"
    return f"{how} {said} ({counts}, {telling.chance(row.p)})"
