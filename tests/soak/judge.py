"""Whether a soak leaked or lost anything: figures and sentences from its readings. Pure."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import msgspec

from tests.benchmarks.figures import Figure

MB_PER_HOUR = 10.0
"""So much more memory an hour is still no leak."""
MB_AT_ONCE = 12.0
"""Nor is so much in all: pages that an allocator keeps come and go. A soak of minutes can tell no less."""
DESCRIPTORS = 3
"""A look or a reconnection may be at work at any moment."""
FEWEST = 4
"""Readings of one process before anything is said of its growth."""


class Reading(msgspec.Struct, frozen=True):
    """What was seen at one moment."""

    run: str
    at_s: float
    attempts: int
    filled: int
    engine_mb: float
    console_mb: float
    descriptors: int
    workers: int
    consoles: int
    connections: int
    temp_files: int
    holds: int
    folder_bytes: int

    @property
    def spare_descriptors(self) -> int:
        """The engine's, less one for each worker's connection and each console's link."""
        return self.descriptors - self.workers - self.consoles


class Left(msgspec.Struct, frozen=True):
    """What was left of a run when it had ended."""

    connections: int = 0
    temp_files: int = 0
    holds: int = 0
    """But for those of bookings whose commit nobody answered."""
    processes: int = 0


class Ended(msgspec.Struct, frozen=True):
    """How one run ended."""

    run: str
    exit_code: int
    reason: str
    ledger: dict[str, int]
    left: Left
    tracebacks: int = 0
    """In all files of its folder."""
    processes: tuple[str, ...] = ()
    """The command lines of those that were left."""


class Growth(NamedTuple):
    """How much more there was towards the end than at first."""

    more: float
    hours: float

    @property
    def per_hour(self) -> float:
        return self.more / self.hours if self.hours else 0.0


def growth(times_s: Sequence[float], values: Sequence[float]) -> Growth:
    """The last quarter's median against the second quarter's: the first one warms up."""
    count = len(values)
    if count < FEWEST:
        return Growth(0.0, 0.0)
    early, late = slice(count // 4, max(count // 4 + 1, count // 2)), slice(count - max(1, count // 4), count)
    between_s = median(times_s[late]) - median(times_s[early])
    return Growth(median(values[late]) - median(values[early]), between_s / 3600)


def grown(readings: Sequence[Reading], what: str) -> Growth:
    """Of all runs the one that grew the most; each is measured against itself."""
    runs: dict[str, list[Reading]] = {}
    for one in readings:
        runs.setdefault(one.run, []).append(one)
    found = [growth([one.at_s for one in mine], [getattr(one, what) for one in mine]) for mine in runs.values()]
    return max(found, key=lambda one: one.more, default=Growth(0.0, 0.0))


def figures(readings: Sequence[Reading], ended: Sequence[Ended]) -> list[Figure]:
    """Every figure of a soak."""
    count, runs = len(readings), len(ended)
    made = [
        Figure("soak_attempts", sum(one.ledger.get("attempts", 0) for one in ended), "n", runs),
        Figure("soak_rss_growth_mb_per_hour", grown(readings, "engine_mb").per_hour, "MB/h", count),
        Figure("soak_rss_growth_mb", grown(readings, "engine_mb").more, "MB", count),
        Figure("soak_console_rss_growth_mb_per_hour", grown(readings, "console_mb").per_hour, "MB/h", count),
        Figure("soak_console_rss_growth_mb", grown(readings, "console_mb").more, "MB", count),
        Figure("soak_descriptors_growth", grown(readings, "spare_descriptors").more, "n", count),
    ]
    made += [
        Figure(f"soak_{word}_left", sum(getattr(one.left, word) for one in ended), "n", runs)
        for word in Left.__struct_fields__
    ]
    for word in ("lost", "torn", "altered", "duplicate", "phantom", "unresolved", "unverified"):
        made.append(Figure(f"soak_{word}", sum(one.ledger.get(word, 0) for one in ended), "n", runs))
    made.append(Figure("soak_unbalanced", sum(not one.ledger.get("balanced") for one in ended), "n", runs))
    made.append(Figure("soak_tracebacks", sum(one.tracebacks for one in ended), "n", runs))
    return made


def wrong(readings: Sequence[Reading], ended: Sequence[Ended]) -> list[str]:
    """What leaked, was lost or failed, a sentence each; none is a pass."""
    found = []
    for who in ("engine", "console"):
        more = grown(readings, f"{who}_mb")
        if more.more > MB_AT_ONCE + MB_PER_HOUR * more.hours:
            found.append(f"the {who} grew by {more.more:.1f} MB in {more.hours * 60:.0f} min")
    more = grown(readings, "spare_descriptors")
    if more.more > DESCRIPTORS:
        found.append(f"the engine holds {more.more:g} more descriptors than at first")
    for one in ended:
        found += [f"run {one.run} left {n} {word.replace('_', ' ')}" for word, n in _counts(one.left)]
        found += [f"run {one.run} left: {words}" for words in one.processes]
        found += [
            f"run {one.run}: {one.ledger[word]} {word}"
            for word in ("lost", "torn", "altered", "duplicate", "phantom", "unresolved", "unverified")
            if one.ledger.get(word)
        ]
        if not one.ledger.get("balanced"):
            found.append(f"run {one.run}: its ledger does not balance: {one.ledger}")
        if one.exit_code not in (0, 130):
            found.append(f"run {one.run} ended with {one.exit_code}: {one.reason}")
        if one.tracebacks:
            found.append(f"run {one.run}: {one.tracebacks} tracebacks in its folder")
    if not sum(one.ledger.get("attempts", 0) for one in ended):
        found.append("nothing was attempted: this proves nothing")
    return found


def _counts(left: Left) -> list[tuple[str, int]]:
    return [(word, getattr(left, word)) for word in Left.__struct_fields__ if getattr(left, word)]
