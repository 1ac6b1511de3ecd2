"""Thresholds: bounds that the user set on figures of a run, and how the run stood to them."""

from enum import StrEnum

import msgspec


class Bound(StrEnum):
    """On which side of its value a figure has to be."""

    AT_MOST = "<="
    AT_LEAST = ">="
    BELOW = "<"
    ABOVE = ">"
    EXACTLY = "=="


class Threshold(msgspec.Struct, frozen=True):
    """What the user asked for."""

    name: str
    """Of the figure, as `slotfill run --help` lists them."""
    bound: Bound
    value: float
    """In the figure's own unit: milliseconds of lengths, ratios of rates, else plain numbers."""
    text: str
    """As people read it, with its unit."""


class Stood(StrEnum):
    """How the run stood to it."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "cannot be said"
    """The run has no such figure, or too few samples to carry it."""


class Held(msgspec.Struct, frozen=True):
    """One threshold at the end of a run, judged on the exact figure."""

    name: str
    text: str
    """`p95.confirm <= 200 ms`."""
    stood: Stood
    value: float | None
    """In the figure's own unit; null where there is none."""
    shown: str
    """The figure as people read it, with its unit."""
    pointer: str
    """Where the figure stands in result.json."""
    interval: tuple[float | None, float | None] | None = None
    """Where it lies with 95 % certainty; null for counts, which are exact, and where the samples carry none."""
    between: str = ""
    """The same as people read it."""
    count: int | None = None
    """Samples or attempts behind it; null for counts."""
    is_sure: bool = True
    """The interval does not reach over the bound."""
    why: str = ""
    """Why it cannot be said."""
