"""A parser of OpenMetrics text 1.0.0, as strict as the format is, for what a run says of itself."""

import re
from dataclasses import dataclass, field

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (\S+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')
_SUFFIXES = {
    "counter": ("_total", "_created"),
    "gauge": ("",),
    "info": ("_info",),
    "stateset": ("",),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
}


@dataclass
class Family:
    kind: str = ""
    unit: str = ""
    says: str = ""
    samples: list[tuple[str, dict[str, str], float]] = field(default_factory=list)


class NotOpenMetrics(Exception):
    """The text breaks a rule of the format."""


def parse(text: str) -> dict[str, Family]:
    """The families. Raises NotOpenMetrics."""
    if not text.endswith("# EOF\n"):
        raise NotOpenMetrics("it does not end with # EOF and a line feed")
    families: dict[str, Family] = {}
    current = ""
    for line in text.split("\n")[:-2]:
        if line.startswith("#"):
            mark, word, name, rest = (*line.split(" ", 3), "")[:4]
            if mark != "#" or word not in ("TYPE", "UNIT", "HELP"):
                raise NotOpenMetrics(f"no such line: {line}")
            if name != current:
                if name in families:
                    raise NotOpenMetrics(f"{name} is said in two places")
                families[name], current = Family(), name
            family = families[name]
            if family.samples or getattr(family, {"TYPE": "kind", "UNIT": "unit", "HELP": "says"}[word]):
                raise NotOpenMetrics(f"{line}: comes too late, or again")
            setattr(family, {"TYPE": "kind", "UNIT": "unit", "HELP": "says"}[word], rest)
            continue
        _sample(line, current, families)
    for name, family in families.items():
        _check(name, family)
    return families


def _sample(line: str, current: str, families: dict[str, Family]) -> None:
    read = _SAMPLE.fullmatch(line)
    if read is None:
        raise NotOpenMetrics(f"no sample: {line}")
    labels: dict[str, str] = {}
    place = 0
    for found in _LABEL.finditer(read[2] or ""):
        if found.start() != place or found[1] in labels:
            raise NotOpenMetrics(f"labels: {line}")
        labels[found[1]], place = found[2], found.end()
    if place != len(read[2] or "") or (read[2] or "").endswith(","):
        raise NotOpenMetrics(f"labels: {line}")
    family = families.get(current)
    if family is None or read[1] not in [current + suffix for suffix in _SUFFIXES.get(family.kind, ())]:
        raise NotOpenMetrics(f"{read[1]} does not belong to {current}")
    key = read[1], labels
    if key in [(name, given) for name, given, _ in family.samples]:
        raise NotOpenMetrics(f"said twice: {line}")
    family.samples.append((read[1], labels, float(read[3])))


def _check(name: str, family: Family) -> None:
    if family.unit and not name.endswith(f"_{family.unit}"):
        raise NotOpenMetrics(f"{name} does not end with its unit {family.unit}")
    if family.kind in ("counter", "info") and name.endswith(("_total", "_info")):
        raise NotOpenMetrics(f"{name}: the suffix is the sample's")
    if family.kind == "counter" and any(value < 0 for _, _, value in family.samples):
        raise NotOpenMetrics(f"{name} counts below 0")
    if family.kind == "stateset" and any(
        value not in (0, 1) or name not in given for _, given, value in family.samples
    ):
        raise NotOpenMetrics(f"{name} is no set of states")
    if family.kind == "histogram":
        _histogram(name, family)


def _histogram(name: str, family: Family) -> None:
    groups: dict[tuple[tuple[str, str], ...], dict[str, list[tuple[float, float]]]] = {}
    for sample, labels, value in family.samples:
        rest = tuple(sorted((key, text) for key, text in labels.items() if key != "le"))
        bound = float(labels["le"]) if sample.endswith("_bucket") else 0.0
        groups.setdefault(rest, {}).setdefault(sample.removeprefix(name), []).append((bound, value))
    for rest, parts in groups.items():
        buckets = parts["_bucket"]
        if [bound for bound, _ in buckets] != sorted({bound for bound, _ in buckets}) or buckets[-1][0] != float("inf"):
            raise NotOpenMetrics(f"{name} {rest}: buckets do not ascend to +Inf")
        counts = [count for _, count in buckets]
        if counts != sorted(counts) or parts["_count"] != [(0.0, counts[-1])] or parts["_sum"][0][1] < 0:
            raise NotOpenMetrics(f"{name} {rest}: counts do not add up")
