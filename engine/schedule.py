"""The rounds of a sweep and their order: drawn from the seed, block by block. Pure."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from engine.model.round import Round, RoundKind

LEVELS_FOR_FIT = 6
REPEATS_FOR_FIT = 3


class Delays(NamedTuple):
    """Steps that are slowed down, one at a time, at the largest level."""

    steps: tuple[str, ...] = ()
    ms: int = 0


NO_DELAYS = Delays()


def schedule(levels: Sequence[int], repeats: int, seed: int, delays: Delays = NO_DELAYS) -> tuple[Round, ...]:
    """A warm-up at the largest level, and then each level as often as wanted.

    Block by block each level comes once, shuffled by the seed: whatever drifts while the sweep goes on falls on all of
    them alike. In each block each step is slowed down once, too, beside the undelayed round it is held against.
    """
    draws = random.Random(f"sweep/{seed}")  # noqa: S311 - repeatable, not secret
    largest = max(levels)
    rounds: list[tuple[RoundKind, int, int, str]] = [(RoundKind.WARM_UP, largest, 1, "")]
    for repeat in range(1, repeats + 1):
        block = [(RoundKind.COUNTED, level, repeat, "") for level in levels]
        block += [(RoundKind.DELAYED, largest, repeat, step) for step in delays.steps]
        draws.shuffle(block)
        rounds += block
    return tuple(
        Round(
            number=number,
            of=len(rounds),
            kind=kind,
            concurrency=level,
            repeat=repeat,
            step=step,
            delay_ms=delays.ms if step else 0,
        )
        for number, (kind, level, repeat, step) in enumerate(rounds, start=1)
    )


def refused_fit(levels: int, repeats: int) -> str:
    """Why so many levels and repeats give no estimate; empty when they do."""
    if levels >= LEVELS_FOR_FIT and repeats >= REPEATS_FOR_FIT:
        return ""
    return f"needs {LEVELS_FOR_FIT} levels x {REPEATS_FOR_FIT} repeats for an estimate; this has {levels} x {repeats}"
