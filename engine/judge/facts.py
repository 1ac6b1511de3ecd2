"""What a journal says that a verdict rests on, folded once. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator

from engine.model.event import AttemptEnded, Event, LegEnded, Refused
from engine.model.outcome import Outcome
from engine.model.step import Step

MESSAGES = {
    "hold expired": re.compile(r"hold .* expired", re.IGNORECASE),
    "format": re.compile(r"unrecognized format\(\) type specifier", re.IGNORECASE),
    "no tables": re.compile(r"no tables (available|meet)|no suitable tables", re.IGNORECASE),
}
"""Messages that tell causes apart where SQLSTATE and constraint do not."""
_FILLED = Outcome.FILLED.word
_Told = tuple[str, str, str, str, str]
_KEYS = ("step", "outcome", "sqlstate", "constraint", "message")


class _Leg:
    """What one leg came to."""

    def __init__(self) -> None:
        self.refused: Counter[_Told] = Counter()
        self.hit: Counter[frozenset[_Told]] = Counter()
        """Attempts by all that they were told: several tries of one may be refused in the same words."""
        self._open: dict[int, set[_Told]] = {}
        self.outcomes: Counter[str] = Counter()
        self.given: set[str] = set()
        self.steps_ns: Counter[str] = Counter()
        self.total_ns = self.waited_ns = self.busy_ns = self.longest_ns = 0
        self.spans: dict[int | None, tuple[int, int]] = {}
        self.lag_ns = self.tainted = 0
        self.cpu = 0.0

    def told(self, event: Refused) -> None:
        told = event.refusal
        message = next((name for name, one in MESSAGES.items() if one.search(told.message)), "")
        words = told.step.value, event.outcome, told.sqlstate or "", told.constraint or "", message
        self.refused[words] += 1
        if event.ids.attempt is not None:
            self._open.setdefault(event.ids.attempt, set()).add(words)

    def hits(self) -> Iterator[tuple[frozenset[_Told], int]]:
        """By what they were told, how many attempts; those without an end too."""
        yield from self.hit.items()
        yield from ((frozenset(words), 1) for words in self._open.values())

    def ended(self, event: AttemptEnded) -> None:
        if event.ids.attempt is not None and (words := self._open.pop(event.ids.attempt, None)):
            self.hit[frozenset(words)] += 1
        self.outcomes[event.outcome] += 1
        worker, took_ns = event.ids.worker, event.ended_ns - event.started_ns
        began_ns, _ = self.spans.get(worker, (event.started_ns, 0))
        self.spans[worker] = began_ns, event.ended_ns
        self.busy_ns += took_ns
        if event.outcome != _FILLED:
            self.longest_ns = max(self.longest_ns, took_ns)
            return
        self.given.update(event.tables)
        self.total_ns += event.ended_ns - event.due_ns
        self.waited_ns += event.started_ns - event.due_ns
        for took in event.steps:
            if took.step is not Step.TOTAL:
                self.steps_ns[took.step.value] += took.took_ns


class Facts:
    """Counts and sums of a journal, each under a rule that evidence can name."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._legs: dict[int, _Leg] = {}
        for event in events:
            self.take(event)

    def take(self, event: Event) -> None:
        """One more event, in the order of the journal."""
        if not isinstance(event, Refused | AttemptEnded | LegEnded):
            return
        leg = self._legs.get(event.ids.leg)
        if leg is None:
            leg = self._legs[event.ids.leg] = _Leg()
        match event:
            case Refused():
                leg.told(event)
            case AttemptEnded():
                leg.ended(event)
            case LegEnded():
                if (load := event.load) is not None:
                    leg.lag_ns, leg.tainted, leg.cpu = load.lag_p99_ns, load.tainted, load.cpu_share

    def longest(self, legs: Collection[int] = ()) -> str:
        """The step that takes most of the time of attempts that were filled; empty where none was."""
        steps: Counter[str] = Counter()
        for leg in self._of(legs):
            steps.update(leg.steps_ns)
        return steps.most_common(1)[0][0] if steps else ""

    def number(self, rule: str) -> float | None:
        """The number that a rule names; None for a rule that is none, and of loads that nobody measured.

        `attempts` · `outcome W` · `refused key=value …` · `hit key=value …` (attempts refused so, each once) ·
        `given T1,T2` (of these tables, those given to anybody) · `path S`, `path lag`, `path steps`, `path total` (ns
        in that step, of attempts that were filled) · `busy` and `span` (ns in attempts, and from first to last, of all
        workers) · `longest refused` (ns) · `load lag` (ns), `load cpu`, `load tainted`. With ` in legs 1,2` behind it,
        of these legs only.
        """
        rule, _, wanted = rule.partition(" in legs ")
        legs = self._of({int(one) for one in wanted.split(",")} if wanted else ())
        word, _, rest = rule.partition(" ")
        match word:
            case "attempts":
                return float(sum(leg.outcomes.total() for leg in legs))
            case "outcome":
                return float(sum(leg.outcomes[rest] for leg in legs))
            case "refused":
                return float(sum(_refused(leg, rest) for leg in legs))
            case "hit":
                fits = _fitting(rest)
                return float(sum(n for leg in legs for words, n in leg.hits() if any(map(fits, words))))
            case "given":
                return float(sum(any(table in leg.given for leg in legs) for table in rest.split(",")))
            case "path":
                return float(sum(_path(leg, rest) for leg in legs))
            case "busy":
                return float(sum(leg.busy_ns for leg in legs))
            case "span":
                return float(sum(end - began for leg in legs for began, end in leg.spans.values()))
            case "longest":
                return float(max((leg.longest_ns for leg in legs), default=0))
            case "load":
                return _load(legs, rest)
            case _:
                return None

    def _of(self, legs: Collection[int]) -> list[_Leg]:
        return [leg for number, leg in self._legs.items() if not legs or number in legs]


def _refused(leg: _Leg, wanted: str) -> int:
    fits = _fitting(wanted)
    return sum(count for told, count in leg.refused.items() if fits(told))


def _fitting(wanted: str) -> Callable[[_Told], bool]:
    pairs = dict(re.findall(r"(\w+)=(.*?)(?= \w+=|$)", wanted))
    return lambda told: all(pairs.get(key, value) == value for key, value in zip(_KEYS, told, strict=True))


def _path(leg: _Leg, part: str) -> int:
    match part:
        case "total":
            return leg.total_ns
        case "lag":
            return leg.waited_ns
        case "steps":
            return leg.steps_ns.total()
        case step:
            return leg.steps_ns[step]


def _load(legs: list[_Leg], figure: str) -> float | None:
    measured = [leg for leg in legs if leg.cpu]
    if not measured:
        return None
    match figure:
        case "lag":
            return float(max(leg.lag_ns for leg in measured))
        case "tainted":
            return float(sum(leg.tainted for leg in measured))
        case "cpu":
            return max(leg.cpu for leg in measured)
        case _:
            return None
