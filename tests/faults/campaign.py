"""What a campaign did and reached: noted test by test, printed when it is over."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import pytest

from engine.model.ledger import Ledger
from tests.benchmarks.figures import Figure

SEEDS = (1, *(pytest.param(number, marks=pytest.mark.campaign) for number in range(2, 22)))
"""The first in every run of the tests, twenty more in a campaign."""
NIGHTS = range(1, 21)
"""Seeds of a test that plays them one after the other on a cluster of its own."""
PROPERTY = "campaign"
TESTS = tuple(f"T{number}" for number in range(1, 23))
"""Every test a campaign has."""
FEWEST_SEEDS = 20
COUNTED = ("faults", "attempts", "lost", "torn", "unresolved", "hung")
"""What is added up over a test's seeds."""
SOMETIMES = (
    "info at submit",
    "info at hold",
    "info at commit",
    "a resolved-committed",
    "a resolved-aborted",
    "an exclusion at COMMIT",
    "a deadlock",
    "a hold expired between hold and confirm",
    "a pool wait",
)
"""What a campaign must have reached at least once: one that never did proves nothing."""


class Noted(msgspec.Struct, frozen=True):
    """What one test did with one seed."""

    test: str
    """`T7`"""
    seed: int
    faults: int
    """How often a fault was put in."""
    attempts: int
    lost: int = 0
    torn: int = 0
    unresolved: int = 0
    hung: int = 0
    """Tasks that outlived their deadline."""
    reached: tuple[str, ...] = ()


class Campaign:
    """Where a test notes what it did."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._node = request.node

    def note(
        self, test: str, faults: int, kept: Ledger | Mapping[str, object], reached: Iterable[str] = (), hung: int = 0
    ) -> None:
        """Note a ledger, or one as result.json has it, of the seed this test was given."""
        self.note_seed(self._node.callspec.params["seed"], test, faults, kept, reached, hung)

    def note_seed(
        self,
        seed: int,
        test: str,
        faults: int,
        kept: Ledger | Mapping[str, object],
        reached: Iterable[str] = (),
        hung: int = 0,
    ) -> None:
        """The same of a seed that a test has drawn itself: one that plays several on one cluster."""
        found = msgspec.convert(kept, Ledger, strict=False) if isinstance(kept, Mapping) else kept
        words = set(reached)
        words |= {"a resolved-committed"} if found.recovered else set()
        noted = Noted(
            test, seed, faults, found.attempts, found.lost, found.torn, found.unresolved, hung, tuple(sorted(words))
        )
        self._node.user_properties.append((PROPERTY, msgspec.to_builtins(noted)))


class Sums(NamedTuple):
    """One test, added up over its seeds."""

    test: str
    seeds: int
    counts: dict[str, int]


def sums(noted: Sequence[Noted]) -> list[Sums]:
    """Every test that noted something, in order."""
    found = []
    for test in sorted({one.test for one in noted}, key=lambda word: (not word.startswith("T"), len(word), word)):
        mine = [one for one in noted if one.test == test]
        counts = {word: sum(getattr(one, word) for one in mine) for word in COUNTED}
        found.append(Sums(test, len({one.seed for one in mine}), counts))
    return found


def table(noted: Sequence[Noted]) -> list[str]:
    """One line a test, added up over its seeds, and what is missing of a campaign."""
    lines = ["".join(f"{word:>11}" for word in ("test", "seeds", *COUNTED))]
    found = sums(noted)
    for one in found:
        lines.append("".join(f"{word:>11}" for word in (one.test, one.seeds, *one.counts.values())))
    whole = {word: sum(one.counts[word] for one in found) for word in COUNTED}
    lines.append("".join(f"{word:>11}" for word in ("all", sum(one.seeds for one in found), *whole.values())))
    absent = sorted(set(TESTS) - {one.test for one in found}, key=TESTS.index)
    few = [f"{one.test} {one.seeds}" for one in found if one.seeds < FEWEST_SEEDS]
    lines += [f"did not run, or did not come to an end: {', '.join(absent)}"] * bool(absent)
    lines += [f"fewer than {FEWEST_SEEDS} seeds: {', '.join(few)}"] * bool(few)
    return lines


def sometimes(noted: Sequence[Noted]) -> list[str]:
    """How many seeds reached each thing that a campaign must reach."""
    counts = {word: sum(word in one.reached for one in noted) for word in SOMETIMES}
    return [f"{word}: {f'in {count}' if count else 'NEVER REACHED'}" for word, count in counts.items()]


def figures(noted: Sequence[Noted]) -> list[Figure]:
    """The table as figures; each from so many seeds."""
    found = sums(noted)
    made = [Figure(f"faults_{one.test}_{word}", one.counts[word], "n", one.seeds) for one in found for word in COUNTED]
    seeds = sum(one.seeds for one in found)
    made += [Figure(f"faults_{word}", sum(one.counts[word] for one in found), "n", seeds) for word in COUNTED]
    reached = sum(any(word in one.reached for one in noted) for word in SOMETIMES)
    return [*made, Figure("faults_sometimes_reached", reached, "n", len(SOMETIMES))]
