"""The campaign's notes, and its table at the end."""

import msgspec
import pytest

from tests.faults.campaign import PROPERTY, Campaign, Noted, sometimes, table


@pytest.fixture
def campaign(request: pytest.FixtureRequest) -> Campaign:
    """Where this test notes what it did."""
    return Campaign(request)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [one for word in ("passed", "failed") for one in terminalreporter.stats.get(word, ())]
    noted = [
        msgspec.convert(value, Noted) for one in reports for name, value in one.user_properties if name == PROPERTY
    ]
    if not noted:
        return
    terminalreporter.section("what was done to it")
    for line in (*table(noted), "", *sometimes(noted)):
        terminalreporter.write_line(line)
