"""T22: a second pass over a half-confirmed set takes all less what persisted, and says first where that differs."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.model.event import Acted, AttemptEnded, Event, Missed, RunPlanned
from engine.platform.cluster import Cluster
from engine.records.journal import read
from tests.faults.campaign import SEEDS, Campaign
from tests.faults.criteria import criteria
from tests.faults.killing import rows
from tests.shell import Shell

ASSIGN = (
    "run",
    "assign",
    "--passes",
    "2",
    "--concurrency",
    "4",
    "--headless",
    "--json",
    "--set",
    "allocator.max_tables=1",
)
"""The stress set, where some parties are too large for any one table: they stay pending."""


def checks(events: Sequence[Event]) -> list[Acted]:
    return [event for event in events if isinstance(event, Acted) and event.command == "check pass"]


def passes(events: Sequence[Event]) -> list[set[str]]:
    """The bookings each pass took."""
    return [{str(turn.booking_id) for turn in event.turns} for event in events if isinstance(event, RunPlanned)]


def journal(folder: Path) -> list[Event]:
    return list(read(folder))


@pytest.mark.parametrize("seed", SEEDS)
def test_t22_of_a_correct_platform_the_next_pass_is_all_less_what_persisted(
    shell: Shell, cluster: Cluster, campaign: Campaign, seed: int
) -> None:
    done = shell.do(*ASSIGN, "--seed", str(seed))
    result = done.json()
    criteria(result, exit_code=0)
    events = journal(shell.runs()[-1])
    first, second = passes(events)
    claimed = {str(e.booking_id) for e in events if isinstance(e, AttemptEnded) and e.ids.leg == 0 and e.acknowledged}
    assert second == first - claimed
    assert checks(events) == []
    confirmed = {
        str(one) for (one,) in rows(cluster, result["database"], "SELECT id FROM bookings WHERE status = 'confirmed'")
    }
    assert claimed <= confirmed
    campaign.note("T22", 1, result["ledger"])


@pytest.mark.parametrize(
    ("fault", "word", "cause"),
    [
        ("ledger-replay=0.5", "lost", "ledger replay"),
        pytest.param("confirmed-without-tables=0.5", "torn", "without all its tables", marks=pytest.mark.campaign),
    ],
)
def test_what_was_claimed_and_did_not_persist_is_named_before_the_second_pass_begins(
    shell: Shell, fault: str, word: str, cause: str
) -> None:
    done = shell.do(*ASSIGN, "--fault", fault)
    result = done.json()
    assert done.code == 5
    events = journal(shell.runs()[-1])
    first, second = passes(events)
    (line,) = checks(events)[:1]
    begun = next(place for place, e in enumerate(events) if isinstance(e, RunPlanned) and e.number == 2)
    assert events.index(line) < begun, "it is said before anything of the second pass is sent"
    claimed = {e.booking_id for e in events if isinstance(e, AttemptEnded) and e.ids.leg == 0 and e.acknowledged}
    whole = result["passes"][0]
    assert whole["confirmed"] == len(claimed)
    bad = {e.booking_id: e for e in events[:begun] if isinstance(e, Missed)}
    assert bad, "the readings before it have said it booking by booking"
    for booking, missed in bad.items():
        assert missed.entry.value == word
        assert str(booking)[:8] in line.answer, "and the line names every one of them"
        assert cause in missed.cause
    assert f"{len(bad)} {word}" in line.answer
    assert f"began with {len(first)} pending: {len(claimed)} were acknowledged" in line.answer
    assert f"{len(second)} are" in line.answer
    if word == "lost":
        # What is pending again is taken again: all less what persisted, whatever the log of the first pass claimed.
        assert second == first - {str(one) for one in claimed - bad.keys()}
    (alert,) = [one for one in result["alerts"] if one.startswith("pass 1")]
    assert cause in alert
    assert alert.split(":")[0] in (shell.runs()[-1] / "report.md").read_text()
