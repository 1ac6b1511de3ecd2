"""The oracle mutation score: how many of the planted faults were caught, from the reports of the tests they are in."""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from tests.benchmarks.figures import Figure

PLANTED = tuple(f"C{number}" for number in range(1, 13))
RUNS = ("rehearsals", "postgres_runs", "alarms")
"""What negative controls record of themselves."""
_CONTROL = re.compile(r"tests/controls/test_controls\.py::test_c(\d+)_")
_ROOM = "tests/controls/"


class Report(Protocol):
    """As much of pytest's report as is asked for; it comes from another process, or from this one."""

    nodeid: str
    user_properties: list[tuple[str, object]]

    @property
    def outcome(self) -> str: ...

    @property
    def when(self) -> str | None: ...


def score(reports: Iterable[Report]) -> list[str]:
    """The lines to print; none when no control was among the tests.

    What was skipped, or did not come to its end, was not caught.
    """
    found = [one for one in reports if _ROOM in one.nodeid]
    lines = []
    if (missed := _missed(found)) is not None:
        told = ", ".join(f"{name} {why}" for name, why in missed.items())
        caught = f"{len(PLANTED) - len(missed)} of {len(PLANTED)} planted were caught"
        lines.append(f"oracle mutation score: {caught}{f' ({told})' if told else ''}")
    counts = {name: _sum(found, name) for name in RUNS}
    if counts["rehearsals"] or counts["postgres_runs"]:
        lines.append(
            f"negative controls: {counts['rehearsals']:,} rehearsals and {counts['postgres_runs']:,} runs on Postgres: "
            f"{counts['alarms']:,} alarms"
        )
    return lines


def figures(reports: Iterable[Report]) -> list[Figure]:
    """The same as figures."""
    found = [one for one in reports if _ROOM in one.nodeid]
    made = []
    if (missed := _missed(found)) is not None:
        planted = len(PLANTED)
        made.append(Figure("oracle_mutation_score", (planted - len(missed)) / planted, "caught/planted", planted))
    counts = {name: _sum(found, name) for name in RUNS}
    runs = counts["rehearsals"] + counts["postgres_runs"]
    if runs:
        made += [Figure(f"negative_controls_{name}", count, "n", runs) for name, count in counts.items()]
    return made


def _missed(found: Sequence[Report]) -> dict[str, str] | None:
    """Which of the planted were not caught, and why; None when no control was among the tests."""
    said: dict[str, list[Report]] = {}
    for one in found:
        if named := _CONTROL.search(one.nodeid):
            said.setdefault(f"C{named.group(1)}", []).append(one)
    if not said:
        return None
    return {name: why for name in PLANTED if (why := _why_missed(said.get(name, ())))}


def _why_missed(reports: Sequence[Report]) -> str:
    """Why a control does not count as caught; empty when it does."""
    outcomes = {one.outcome for one in reports}
    if "failed" in outcomes:
        return "was missed"
    if "skipped" in outcomes:
        return "was skipped"
    return "" if any(one.when == "call" and one.outcome == "passed" for one in reports) else "did not run"


def _sum(reports: Sequence[Report], name: str) -> int:
    values = [value for one in reports if one.when == "call" for key, value in one.user_properties if key == name]
    return sum(value for value in values if isinstance(value, int))
