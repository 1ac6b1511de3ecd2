"""Last words of attempts, counted."""

from engine.metrics.series import Counts
from engine.model.event import AttemptEnded
from engine.model.outcome import OUTCOMES, Certainty, Kind, Outcome
from engine.model.snapshot import OutcomeFigures

_FILLED = Outcome.FILLED.word
_ORDER = {word: number for number, word in enumerate(OUTCOMES)}


class _Ended:
    __slots__ = ("count", "in_doubt", "series")

    def __init__(self) -> None:
        self.count = 0
        self.in_doubt = 0
        self.series = Counts()


class Outcomes:
    """Counts of last words, of certainties, and of last words by leg and restaurant."""

    def __init__(self) -> None:
        self._ended: dict[str, _Ended] = {}
        self._shares: dict[tuple[int, str], dict[str, int]] = {}
        self._acknowledged: dict[tuple[int, str], int] = {}
        self._certainties = {certainty.value: 0 for certainty in Certainty}
        self.attempts = 0

    def take(self, event: AttemptEnded, restaurant: str) -> None:
        """One attempt; the restaurant is empty for a turn that was not planned."""
        word = event.outcome
        self.attempts += 1
        ended = self._ended.get(word)
        if ended is None:
            ended = self._ended[word] = _Ended()
        ended.count += 1
        ended.in_doubt += event.certainty is Certainty.INFO
        ended.series.record(event.ended_ns)
        self._certainties[event.certainty.value] += 1
        where = event.ids.leg, restaurant
        share = self._shares.setdefault(where, {})
        share[word] = share.get(word, 0) + 1
        self._acknowledged[where] = self._acknowledged.get(where, 0) + event.acknowledged

    @property
    def filled(self) -> int:
        """Attempts that were filled."""
        ended = self._ended.get(_FILLED)
        return 0 if ended is None else ended.count

    @property
    def certainties(self) -> dict[str, int]:
        """Attempts by certainty, all four always there."""
        return dict(self._certainties)

    def figures(self, now_ns: int) -> tuple[OutcomeFigures, ...]:
        """Each outcome that was seen, in the order of `Outcome`; words that it does not know last."""
        seen = sorted(self._ended.items(), key=lambda item: (_ORDER.get(item[0], len(_ORDER)), item[0]))
        return tuple(
            OutcomeFigures(
                outcome=word,
                kind=OUTCOMES[word].kind if word in OUTCOMES else Kind.UNKNOWN,
                count=ended.count,
                series=ended.series.until(now_ns),
                in_doubt=ended.in_doubt,
            )
            for word, ended in seen
        )

    def fills(self, now_ns: int) -> tuple[int, ...]:
        """Filled in each second."""
        ended = self._ended.get(_FILLED)
        return (Counts() if ended is None else ended.series).until(now_ns)

    def shares(self) -> dict[tuple[int, str], dict[str, int]]:
        """Outcomes by leg and restaurant."""
        return {share: dict(outcomes) for share, outcomes in sorted(self._shares.items())}

    def acknowledged(self) -> dict[tuple[int, str], int]:
        """Attempts of which the platform said success, by leg and restaurant."""
        return dict(self._acknowledged)
