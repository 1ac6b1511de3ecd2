"""The campaign's notes; its table and its figures at the end."""

import time
from collections.abc import Iterable

import msgspec
import pytest

from tests.benchmarks.figures import Figure, as_json
from tests.controls import score
from tests.faults.campaign import NIGHTS, PROPERTY, Campaign, Noted, figures, sometimes, table

_BEGAN = time.monotonic()


@pytest.fixture
def campaign(request: pytest.FixtureRequest) -> Campaign:
    """Where this test notes what it did."""
    return Campaign(request)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found = [one for word in ("passed", "failed") for one in terminalreporter.stats.get(word, ())]
    reports = [one for one in found if isinstance(one, pytest.TestReport)]
    noted = [
        msgspec.convert(value, Noted) for one in reports for name, value in one.user_properties if name == PROPERTY
    ]
    if not noted:
        return
    terminalreporter.section("what was done to it")
    for line in (*table(noted), "", *sometimes(noted), ""):
        terminalreporter.write_line(line)
    if not any(one.seed in NIGHTS[1:] for one in noted):
        return  # the first seeds of every test's: no campaign
    whole = [*figures(noted), *score.figures(reports), *_of_the_session(reports)]
    for one in whole:
        terminalreporter.write_line(one.line())
    terminalreporter.write_line(as_json(whole))


def _of_the_session(reports: Iterable[pytest.TestReport]) -> list[Figure]:
    """How many tests there were, how many failed, and how long all of it took."""
    calls = {one.nodeid: one.outcome for one in reports if one.when == "call" or one.outcome == "failed"}
    failed = sum(outcome == "failed" for outcome in calls.values())
    took_s = time.monotonic() - _BEGAN
    return [
        Figure("faults_tests", len(calls), "n", len(calls)),
        Figure("faults_tests_failed", failed, "n", len(calls)),
        Figure("faults_campaign_took", took_s, "s", 1),
    ]
