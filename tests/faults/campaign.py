"""What a campaign did and reached: noted test by test, printed when it is over."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import pytest

from engine.model.ledger import Ledger

SEEDS = (1, *(pytest.param(number, marks=pytest.mark.campaign) for number in range(2, 22)))
"""The first in every run of the tests, twenty more in a campaign."""
PROPERTY = "campaign"
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
        """Note a ledger, or one as result.json has it."""
        found = msgspec.convert(kept, Ledger, strict=False) if isinstance(kept, Mapping) else kept
        words = set(reached)
        words |= {"a resolved-committed"} if found.recovered else set()
        seed = self._node.callspec.params["seed"]
        noted = Noted(
            test, seed, faults, found.attempts, found.lost, found.torn, found.unresolved, hung, tuple(sorted(words))
        )
        self._node.user_properties.append((PROPERTY, msgspec.to_builtins(noted)))


def table(noted: Sequence[Noted]) -> list[str]:
    """One line a test, added up over its seeds."""
    head = ("test", "seeds", "faults", "attempts", "lost", "torn", "unresolved", "hung")
    lines = ["".join(f"{word:>11}" for word in head)]
    for test in sorted({one.test for one in noted}, key=lambda word: (len(word), word)):
        mine = [one for one in noted if one.test == test]
        sums = [
            sum(getattr(one, word) for one in mine)
            for word in ("faults", "attempts", "lost", "torn", "unresolved", "hung")
        ]
        lines.append("".join(f"{word:>11}" for word in (test, len({one.seed for one in mine}), *sums)))
    return lines


def sometimes(noted: Sequence[Noted]) -> list[str]:
    """How many seeds reached each thing that a campaign must reach."""
    counts = {word: sum(word in one.reached for one in noted) for word in SOMETIMES}
    return [f"{word}: {f'in {count}' if count else 'NEVER REACHED'}" for word, count in counts.items()]
