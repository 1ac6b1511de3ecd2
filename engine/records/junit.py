"""A run as JUnit XML: thresholds, ledger and integrity checks as test cases, for whoever shows those. Pure."""

from collections.abc import Collection, Iterable, Iterator
from html import escape
from typing import NamedTuple

from engine.exit_code import MEANING, ExitCode
from engine.model.report import IntegrityCounts, Result
from engine.model.run_state import RunState
from engine.model.threshold import Held, Stood

_BAD = ("lost", "torn", "altered", "duplicate", "phantom")
"""What the platform broke."""
_OPEN = ("unresolved", "unverified")
"""What nobody knows."""
_NAMED = 10
"""Bookings of each, by their ids."""


class _Case(NamedTuple):
    """A test case: passed where it says nothing."""

    name: str
    ended: str = ""
    """failure, error, skipped; empty when it passed."""
    told: str = ""
    out: str = ""


def junit(result: Result, broken: Collection[str]) -> str:
    """The document. `broken` names the integrity checks whose new rows fail a run; others are told."""
    suites = [
        ("run", [_finished(result), _conclusive(result)]),
        ("thresholds", [_threshold(one) for one in result.thresholds]),
        ("ledger", list(_ledger(result))),
        ("integrity", list(_integrity(result.integrity, broken))),
    ]
    cases = [case for _, mine in suites for case in mine]
    body = "".join(_suite(name, mine, result) for name, mine in suites)
    head = f'<testsuites name="slotfill run {escape(result.run_id)}" {_counts(cases)}>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n{body}</testsuites>\n'


def _finished(result: Result) -> _Case:
    name = "the run came to its end"
    if result.state == RunState.FINISHED.value:
        return _Case(name, out=f"exit code {result.exit_code}{f': {result.reason}' if result.reason else ''}")
    return _Case(name, "error", f"it is {result.state}, exit code {result.exit_code}: {result.reason}")


def _conclusive(result: Result) -> _Case:
    """What ends with 6 is no pass, whatever its figures are; the other codes have cases of their own."""
    name = "a conclusion may be drawn from it"
    if result.exit_code != ExitCode.INCONCLUSIVE:
        return _Case(name)
    return _Case(name, "error", f"exit code {result.exit_code}, {MEANING[result.exit_code]}: {result.reason}")


def _threshold(one: Held) -> _Case:
    lies = f", {one.between} (n {one.count})" if one.between else ""
    match one.stood:
        case Stood.PASSED:
            return _Case(one.text, out=f"{one.shown}{lies}")
        case Stood.FAILED:
            return _Case(one.text, "failure", f"{one.shown}{lies}; {one.pointer} in result.json")
        case Stood.UNKNOWN:
            return _Case(one.text, "error", f"it cannot be said: {one.why}")


def _ledger(result: Result) -> Iterator[_Case]:
    kept = result.ledger
    yield _Case("the ledger balances", *(() if kept.balanced else ("error", kept.equation)))
    for word in (*_BAD, *_OPEN):
        count: int = getattr(kept, word)
        mine = [str(story.booking_id) for story in kept.stories if story.entry.value == word]
        stories = ", ".join(mine[:_NAMED]) + (" …" if len(mine) > _NAMED else "")
        told = f"{count} of {kept.attempts} attempts{f': {stories}' if stories else ''}"
        yield _Case(f"nothing is {word}", *(("failure" if word in _BAD else "error", told) if count else ()))


def _integrity(found: IntegrityCounts | None, broken: Collection[str]) -> Iterator[_Case]:
    if found is None:
        yield _Case("the integrity checks", "skipped", "they could not be run")
        return
    for name, after in found.after.items():
        before = found.before.get(name, 0)
        told = f"{before} rows before the run, {after} after it"
        fails = after > before and name in broken
        yield _Case(name, *(("failure", told) if fails else ("", "", told)))


def _suite(name: str, cases: Iterable[_Case], result: Result) -> str:
    listed = list(cases)
    made = "".join(_case(name, one) for one in listed)
    when = escape(result.started_at)
    return f'<testsuite name="{name}" {_counts(listed)} timestamp="{when}">\n{made}</testsuite>\n'


def _case(suite: str, one: _Case) -> str:
    head = f'<testcase classname="slotfill.{suite}" name="{escape(one.name)}"'
    if one.ended:
        return f'{head}><{one.ended} message="{escape(one.told)}"/></testcase>\n'
    return f"{head}><system-out>{escape(one.out)}</system-out></testcase>\n" if one.out else f"{head}/>\n"


def _counts(cases: Iterable[_Case]) -> str:
    listed = list(cases)
    kinds = (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    told = " ".join(f'{name}="{sum(one.ended == kind for one in listed)}"' for name, kind in kinds)
    return f'tests="{len(listed)}" {told}'
