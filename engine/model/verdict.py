"""The verdict: what limits or breaks a run, how sure that is, and where in its folder each number stands."""

import re
from enum import StrEnum

import msgspec


class Sureness(StrEnum):
    """The grade of a claim: how many kinds of evidence agree, each got by another way."""

    PROVEN = "proven"
    """An experiment, the waits and the fit agree."""
    SUPPORTED = "supported"
    """Two kinds agree."""
    SUGGESTIVE = "suggestive"
    """One kind says so."""


class Number(msgspec.Struct, frozen=True):
    """A number of a sentence, and where it comes from."""

    id: str
    """`E3`, as sentences name it."""
    shown: str
    """As the sentence has it, with its unit."""
    value: float | None
    """Null where several values go into a formula."""
    unit: str
    """Empty for a count, else `%` (of a ratio), `ms`, `ns` (shown as ms), `/s`, `x`; `list` for what formulas take."""
    file: str
    """In the run's folder; `journal.*.jsonl` is all its segments. Empty for a derived number."""
    pointer: str
    """In a JSON file a JSON pointer, in which `*` stands for every entry and `{key=value}` for those that have it, and
    several are added up; of samples a figure such as `p95`; of the journal a rule such as `refused step=confirm`."""
    how: str = ""
    """The formula of a derived number; empty for one that is read."""
    inputs: tuple[str, ...] = ()
    """Ids of what goes into the formula, in its order."""


class Claim(msgspec.Struct, frozen=True):
    """One thing that the evidence says, in the grammar of a claim that can be refuted."""

    claim: str
    """A sentence; behind each number stands the id of its evidence."""
    grade: Sureness
    step: str
    """Empty where no single step is meant."""
    resource: str
    name: str = ""
    """The pathology, by the name `slotfill faults` has for it; empty for a limit that is none."""
    effect: str = ""
    """How large it is, with its evidence."""
    interval: tuple[float, float] | None = None
    """Where the effect lies with 95 % certainty."""
    runs: int = 1
    over: str = ""
    """The same in words, with its evidence."""
    evidence: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    """Of evidence that agree: `refusals`, `ledger`, `integrity`, `floor`, `waits`, `blockers`, `path`, `counters`,
    `log`, `fit`, `experiment`."""
    would_refute: str = ""
    rivals: tuple[str, ...] = ()
    """What else it might have been, and why it was not taken."""


class Verdict(msgspec.Struct, frozen=True):
    """What the evidence of a run comes to."""

    summary: str
    claims: tuple[Claim, ...] = ()
    """The surest first."""
    refusals: tuple[str, ...] = ()
    """Why there is no verdict, or no stronger one."""
    numbers: tuple[Number, ...] = ()
    """Every number of the sentences above and below."""
    waterfall: tuple[str, ...] = ()
    """What was possible and what became of it; none where no waterfall was made."""


class Experiment(msgspec.Struct, frozen=True):
    """A delay put into one step on purpose, and what throughput made of it."""

    step: str
    delay_ms: float
    elasticity: float
    """How much of the delay each pass through the step cost all workers together: near 1 where only one can be in it at
    a time, 1/N where N are in it side by side, 0 where others work meanwhile."""
    low: float
    high: float
    """95 %, over runs."""
    runs: int = 1


class House(msgspec.Struct, frozen=True):
    """A restaurant's floor as the planner had it at the end of the run."""

    tables: int
    pairs: int
    """Rows that say two tables touch."""
    second_only: tuple[str, ...] = ()
    """Tables that stand only second in such rows: who reads them one way never meets these as first."""


def without_ids(said: str) -> str:
    """A sentence without the ids of its evidence, for where those are not beside it."""
    return re.sub(r" \[E\d+\]", "", said)
