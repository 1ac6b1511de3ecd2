"""Where numbers come from: what a run left, read by file and pointer, and the formulas over it. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from engine.judge.facts import Facts
from engine.judge.pointer import Json, numbers
from engine.judge.proportions import wilson
from engine.metrics.samples import percentile
from engine.model.verdict import Number

RESULT, MANIFEST, JOURNAL = "result.json", "run.json", "journal.*.jsonl"
LIST = "list"
"""The unit of what goes into a formula: all values that the pointer names, in their order."""
RULE = "rule"
RULES = {
    "fewest sightings": 30.0,
    "least time measured": 0.95,
    "most time in no step": 0.10,
    "least levels": 6.0,
    "least repeats": 3.0,
    "least attempts": 20.0,
    "least seconds": 2.0,
}
"""Bounds that are a rule and no measurement. Below 30 sightings a cell is insufficient; Little's law must hold within
5 %; above a tenth of the response time in no step no cause is named; fewer levels or repeats tell serialised from
parallel and give no parameter; a shorter run is all warm-up."""
_Values = list[float]


class Ref(NamedTuple):
    """A number that can be had again: read at a place, or made by a formula of others."""

    file: str = ""
    pointer: str = ""
    how: str = ""
    inputs: "tuple[Ref, ...]" = ()


def result(pointer: str) -> Ref:
    """A number of `result.json`."""
    return Ref(RESULT, pointer)


def journal(rule: str, legs: Sequence[int] = ()) -> Ref:
    """A number of the journal, by a rule of `Facts.number`; of all legs where none is named."""
    return Ref(JOURNAL, f"{rule} in legs {','.join(map(str, legs))}" if legs else rule)


def samples(name: str, figure: str) -> Ref:
    """A figure of raw lengths: `p50`, `max`, `count`, `mean`."""
    return Ref(f"samples.{name}.u64", figure)


def derived(how: str, *inputs: Ref) -> Ref:
    """A formula of `FORMULAS` over these."""
    return Ref(how=how, inputs=inputs)


def rule(name: str) -> Ref:
    """A bound of `RULES`, that a figure is held to."""
    return Ref(pointer=name, how=RULE)


def _ratio(part: _Values, whole: _Values) -> float | None:
    return sum(part) / sum(whole) if sum(whole) else None


def _wilson(part: _Values, whole: _Values) -> tuple[float | None, float | None]:
    hits, trials = int(sum(part)), int(sum(whole))
    return wilson(hits, trials) if 0 <= hits <= trials else (None, None)


def _residual(total: _Values, *parts: _Values) -> float | None:
    return 1 - sum(map(sum, parts)) / sum(total) if sum(total) else None


FORMULAS: dict[str, Callable[..., float | None]] = {
    "ratio": _ratio,
    "more": lambda after, before: sum(after) - sum(before),
    "product": lambda one, other: sum(one) * sum(other),
    "residual": _residual,
    "wilson low": lambda part, whole: _wilson(part, whole)[0],
    "wilson high": lambda part, whole: _wilson(part, whole)[1],
    "sum": lambda *parts: float(sum(map(sum, parts))),
    "distinct": lambda values: float(len(set(values))),
    "largest": lambda values: max(values, default=None),
}
"""By name; each takes the lists of its inputs' values. `ratio` first by second, `more` first less second, `residual`
what part of the first the others leave."""


class Left(NamedTuple):
    """What a run left, as far as evidence is read from it."""

    documents: Mapping[str, Json]
    """JSON files by their names."""
    facts: Facts
    samples: Mapping[str, Sequence[int]]
    """Raw lengths in ns, by step."""

    def values(self, ref: Ref) -> _Values:
        """All values that are there; of a formula its one."""
        if ref.how == RULE:
            return [RULES[ref.pointer]]
        if ref.how:
            value = FORMULAS[ref.how](*map(self.values, ref.inputs))
            return [] if value is None else [value]
        if ref.file == JOURNAL:
            found = self.facts.number(ref.pointer)
            return [] if found is None else [found]
        if ref.file.startswith("samples."):
            one = _figure(self.samples.get(ref.file.removeprefix("samples.").removesuffix(".u64"), ()), ref.pointer)
            return [] if one is None else [one]
        return numbers(self.documents.get(ref.file), ref.pointer)

    def value(self, ref: Ref) -> float | None:
        """The number: of several values their sum, None of none."""
        found = self.values(ref)
        return sum(found) if found else None

    def total(self, ref: Ref) -> float:
        """The number, 0 where there is none."""
        return self.value(ref) or 0.0


def _figure(lengths: Sequence[int], figure: str) -> float | None:
    """A figure of lengths, ns."""
    ordered = sorted(lengths)
    if not ordered:
        return None
    if figure == "count":
        return float(len(ordered))
    if figure == "max":
        return float(ordered[-1])
    if figure == "mean":
        return sum(ordered) / len(ordered)
    found = percentile(ordered, float(figure.removeprefix("p")))
    return None if found is None else float(found)


def shown(value: float | None, unit: str) -> str:
    """A number as people read it, with its unit."""
    if value is None:
        return "unknown"
    match unit:
        case "%":
            return f"{100 * value:.1f} %"
        case "ns":
            return f"{value / 1e6:.1f} ms"
        case "ms":
            return f"{value:.1f} ms"
        case "x":
            return f"{value:.3f}"
        case "s":
            return f"{value:.1f} s"
        case "/s":
            return f"{value:.1f} a second"
        case _:
            return f"{value:.0f}"


class Book:
    """Writes numbers down as sentences name them: each place once, under an id of its own."""

    def __init__(self, left: Left) -> None:
        self.left = left
        self.numbers: list[Number] = []
        self._known: dict[tuple[Ref, str], str] = {}

    def __call__(self, ref: Ref, unit: str = "") -> str:
        """The number with the id of its evidence: `8 [E1]`."""
        return f"{shown(self.left.value(ref), unit)} [{self._id(ref, unit)}]"

    def _id(self, ref: Ref, unit: str) -> str:
        known = self._known.get((ref, unit))
        if known is not None:
            return known
        inputs = tuple(self._id(one, LIST) for one in ref.inputs)
        values = self.left.values(ref)
        several = unit == LIST and len(values) != 1
        text = ", ".join(f"{value:g}" for value in values) if unit == LIST else shown(self.left.value(ref), unit)
        value = None if several else self.left.value(ref)
        name = f"E{len(self.numbers) + 1}"
        self.numbers.append(Number(name, text, value, unit, ref.file, ref.pointer, ref.how, inputs))
        self._known[ref, unit] = name
        return name
