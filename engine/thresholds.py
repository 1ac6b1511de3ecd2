"""Thresholds: which figures of a run can be bounded, how a bound is read, and how a run stood to it. Pure of a run.

A threshold is judged on the exact figure, as `result.json` has it. Its interval is told beside: order statistics for
percentiles, Wilson's for rates. A figure that the samples do not carry passes nothing and fails nothing.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple, assert_never

import msgspec

from engine.exit_code import ExitCode
from engine.judge.pointer import resolve
from engine.judge.proportions import wilson
from engine.metrics.rank import LEAST_FOR_P99
from engine.metrics.samples import interval
from engine.model.ledger import Entry
from engine.model.outcome import OUTCOMES
from engine.model.report import Result
from engine.model.step import Step
from engine.model.threshold import Bound, Held, Stood, Threshold

PERCENTS = {"p50": 50, "p90": 90, "p95": 95, "p99": 99}
_LENGTHS = (*PERCENTS, "min", "max")
_COUNTS = ("attempts", "acknowledged", "persisted", "late")
_BESIDE = ("duplicate", "phantom")
_TOLD = (Entry.UNVERIFIED.value, Entry.SKIPPED.value)
"""Entries that no reading can add to."""
_PLAIN = ("fills_per_s", "effective_concurrency", "tables_per_booking")
_UNITS_MS = {"us": (1, 1_000), "ms": (1, 1), "s": (1_000, 1), "m": (60_000, 1)}
"""Times and over: divided and not multiplied by a fraction, so that 85 % is the float that 17 of 20 are."""
_SAID = re.compile(r"\s*(?P<bound><=|>=|==|<|>)\s*(?P<value>-?\d+(?:\.\d+)?)\s*(?P<unit>[a-z%]*)\s*")


class ThresholdInvalid(ValueError):
    """A threshold cannot be used. The message is one sentence."""


class Figure(NamedTuple):
    """A figure that can be bounded."""

    pointer: str
    unit: str
    """`ms`, `ratio`, `/s`, or empty for a plain number."""
    is_count: bool = False
    """What is not there counts as none."""
    is_verified: bool = False
    """It is counted from what the database was read to hold: of attempts that are unverified nobody knows theirs."""


@lru_cache(maxsize=1)
def figures() -> Mapping[str, Figure]:
    """Every figure by its name."""
    found = {f"{figure}.{step}": Figure(f"/latency_ms/{step}/{figure}", "ms") for step in Step for figure in _LENGTHS}
    found["success_rate"] = Figure("/success_rate", "ratio")
    found |= {name: Figure(f"/{name}", "", is_count=name == "late") for name in _COUNTS}
    found |= {name: Figure(f"/{name}", "/s" if name.endswith("_per_s") else "") for name in _PLAIN}
    found |= {f"seat_waste.{name}": Figure(f"/seat_waste/{name}", "") for name in ("mean", "total")}
    ledger = (*(one.value for one in Entry if one is not Entry.PERSISTED), *_BESIDE)
    found |= {name: Figure(f"/ledger/{name}", "", is_count=True, is_verified=name not in _TOLD) for name in ledger}
    for word in OUTCOMES:
        found[f"outcomes.{word}"] = Figure(f"/outcomes/{word}", "", is_count=True)
        found[f"refusals.{word}"] = Figure(f"/refusals/*/{word}", "", is_count=True)
        found[f"retries.{word}"] = Figure(f"/retries/{word}/tried", "", is_count=True)
        found[f"exhausted.{word}"] = Figure(f"/retries/{word}/exhausted", "", is_count=True)
        for step in Step:
            found[f"refusals.{step}.{word}"] = Figure(f"/refusals/{step}/{word}", "", is_count=True)
    found |= {f"integrity.{name}": Figure(f"/integrity/after/{name}", "") for name in _checks()}
    return found


def _checks() -> list[str]:
    """Integrity checks: the files there that have a grade."""
    room = files("queries").joinpath("verify")
    return sorted(
        entry.name.removesuffix(".sql")
        for entry in room.iterdir()
        if entry.name.endswith(".sql") and "-- grade:" in entry.read_text(encoding="utf-8")
    )


def parsed(wanted: Mapping[str, str]) -> tuple[Threshold, ...]:
    """The thresholds of a [thresholds] table: bounds by name, several of one with commas. Raises ThresholdInvalid."""
    return tuple(_parsed(name, said) for name, bounds in wanted.items() for said in bounds.split(","))


def _parsed(name: str, said: str) -> Threshold:
    known = figures().get(name)
    if known is None:
        raise ThresholdInvalid(
            f"threshold {name}: there is no such figure{_nearest(name)}; slotfill run --help has all"
        )
    found = _SAID.fullmatch(said)
    if found is None:
        raise ThresholdInvalid(f"threshold {name}: '{said}' is no bound; give <=, >=, <, > or == and a number")
    times, over = _factor(name, known, found["unit"])
    value, bound = float(found["value"]) * times / over, Bound(found["bound"])
    return Threshold(name, bound, value, f"{name} {bound.value} {_bound(value, known)}")


def _factor(name: str, known: Figure, unit: str) -> tuple[int, int]:
    if known.unit == "ms" and unit in ("", *_UNITS_MS):
        return _UNITS_MS[unit or "ms"]
    if known.unit == "ratio" and unit in ("", "%"):
        return (1, 100) if unit else (1, 1)
    if not unit:
        return 1, 1
    takes = {"ms": "takes us, ms, s or m", "ratio": "takes % or a ratio"}.get(known.unit, "takes a plain number")
    raise ThresholdInvalid(f"threshold {name}: it {takes}, and not {unit}")


def _nearest(name: str) -> str:
    # Parts in another order are the usual slip: confirm.p95, p95_confirm.
    parts = sorted(re.split(r"[._]", name))
    turned = [one for one in figures() if sorted(re.split(r"[._]", one)) == parts]
    near = turned or difflib.get_close_matches(name, figures(), n=1, cutoff=0.4)
    return f"; the nearest is {near[0]}" if near else ""


def held(wanted: Mapping[str, str], result: Result, samples: Mapping[str, Sequence[int]]) -> tuple[Held, ...]:
    """How the run stood to each; `samples` are the raw lengths by step. Raises ThresholdInvalid."""
    asked = parsed(wanted)
    document = msgspec.to_builtins(result) if asked else {}
    return tuple(_held(one, document, result, samples) for one in asked)


def _held(one: Threshold, document: object, result: Result, samples: Mapping[str, Sequence[int]]) -> Held:
    known = figures()[one.name]
    there = [float(value) for value in resolve(document, known.pointer) if isinstance(value, int | float)]
    if not there and not known.is_count:
        why = _why(one.name, result)
        return Held(one.name, one.text, Stood.UNKNOWN, None, "-", known.pointer, why=why, is_sure=False)
    value = sum(there)
    if known.is_verified and result.ledger.unverified and _may_turn(value, one):
        # None that were found is no finding where nobody looked.
        why = f"{result.ledger.unverified} attempts are unverified: the database was not read for them"
        return Held(one.name, one.text, Stood.UNKNOWN, None, "-", known.pointer, why=why, is_sure=False)
    ends, count = _interval(one.name, result, samples)
    stood = Stood.PASSED if _keeps(value, one) else Stood.FAILED
    return Held(
        one.name,
        one.text,
        stood,
        value,
        _shown(value, known),
        known.pointer,
        interval=ends,
        between="" if ends is None else _between(ends, known),
        count=count,
        is_sure=ends is None or _on_one_side(ends, one, stood),
    )


def _why(name: str, result: Result) -> str:
    figure, _, rest = name.partition(".")
    if figure in _LENGTHS:
        took = result.latency_ms.get(rest)
        if took is None:
            return f"no {rest} succeeded"
        return f"{took.count} samples are too few for {figure}: {LEAST_FOR_P99} are the least"
    if figure == "integrity":
        return "the check could not be run"
    return "the run has no such figure"


def _interval(
    name: str, result: Result, samples: Mapping[str, Sequence[int]]
) -> tuple[tuple[float | None, float | None] | None, int | None]:
    figure, _, step = name.partition(".")
    if name == "success_rate":
        return wilson(result.outcomes.get("filled", 0), result.attempts), result.attempts
    if figure in PERCENTS:
        ordered = sorted(samples.get(step, ()))
        low, high = interval(ordered, PERCENTS[figure])
        if low is None and high is None:
            return None, len(ordered)
        return (None if low is None else low / 1e6, None if high is None else high / 1e6), len(ordered)
    return None, None


def _keeps(value: float, one: Threshold) -> bool:
    match one.bound:
        case Bound.AT_MOST:
            return value <= one.value
        case Bound.AT_LEAST:
            return value >= one.value
        case Bound.BELOW:
            return value < one.value
        case Bound.ABOVE:
            return value > one.value
        case Bound.EXACTLY:
            return value == one.value
        case _:
            assert_never(one.bound)


def _may_turn(value: float, one: Threshold) -> bool:
    """Whether a count that can only be more than this may stand otherwise to the bound."""
    match one.bound:
        case Bound.AT_MOST | Bound.BELOW:
            return _keeps(value, one)
        case Bound.AT_LEAST | Bound.ABOVE:
            return not _keeps(value, one)
        case Bound.EXACTLY:
            return value <= one.value
        case _:
            assert_never(one.bound)


def _on_one_side(ends: tuple[float | None, float | None], one: Threshold, stood: Stood) -> bool:
    """Whether both ends stand to the bound as the figure does; an open end does not."""
    return all(end is not None and _keeps(end, one) is (stood is Stood.PASSED) for end in ends)


def _bound(value: float, known: Figure) -> str:
    """As it was given, without more digits."""
    match known.unit:
        case "ms":
            return f"{value:g} ms"
        case "ratio":
            return f"{100 * value:g} %"
        case "/s":
            return f"{value:g}/s"
        case _:
            return f"{value:g}"


def _shown(value: float, known: Figure) -> str:
    match known.unit:
        case "ms":
            return f"{value:.1f} ms"
        case "ratio":
            return f"{100 * value:.1f} %"
        case "/s":
            return f"{value:.1f}/s"
        case _:
            return f"{value:.0f}" if value == int(value) else f"{value:.2f}"


def _between(ends: tuple[float | None, float | None], known: Figure) -> str:
    low, high = ("anything" if end is None else _shown(end, known) for end in ends)
    return f"{low} to {high}"


def told(one: Held) -> str:
    """One threshold in a sentence, without its end."""
    if one.stood is Stood.UNKNOWN:
        return f"{one.text} cannot be said: {one.why}"
    lies = f" ({one.between}, n {one.count})" if one.between else ""
    doubt = "" if one.is_sure else ", and with so few it might be either"
    return f"{one.text} {one.stood.value}: {one.shown}{lies}{doubt}"


def taken_in(found: Iterable[Held], code: ExitCode, reason: str) -> tuple[ExitCode, str]:
    """The exit code with the thresholds taken in; whatever was worse before stays."""
    if code is not ExitCode.PASSED:
        return code, reason
    judged = list(found)
    for stood, exit_code in ((Stood.FAILED, ExitCode.THRESHOLD), (Stood.UNKNOWN, ExitCode.INCONCLUSIVE)):
        bad = [one for one in judged if one.stood is stood]
        if bad:
            more = f"; {len(bad) - 1} more of {len(judged)}" if len(bad) > 1 else ""
            return exit_code, f"threshold {told(bad[0])}{more}"
    return code, reason
