"""Where the columns of the report's tables stand in `result.json`: row n of a column is the n-th number there."""

from collections.abc import Iterator
from typing import NamedTuple

from engine.judge.evidence import JOURNAL
from engine.model.report import Result

_SAMPLES = "samples.*.u64"


class Column(NamedTuple):
    """A column of numbers."""

    table: str
    """The heading that it stands under."""
    column: str
    pointer: str
    source: str
    """What the figures were computed from."""


def columns_of(result: Result) -> Iterator[Column]:
    """The columns that the report of this result has."""
    if result.outcomes:
        yield Column("Outcomes", "attempts", "/outcomes/*", JOURNAL)
    for name in ("attempts", "confirmed", "persisted") if result.by_restaurant else ():
        source = "the database, at the end" if name == "persisted" else JOURNAL
        yield Column("Restaurants", name, f"/by_restaurant/*/{name}", source)
    for name in ("count", "min", "p50", "p90", "p95", "p99", "max") if result.latency_ms else ():
        yield Column("Latency", name, f"/latency_ms/*/{name}", _SAMPLES)
    if result.refusals:
        yield Column("Refusals on the way", "count", "/refusals/*/*", JOURNAL)
    for name in ("party", "attempts", "filled") if result.slots else ():
        yield Column("Slots", name, f"/slots/*/{name}", JOURNAL)
